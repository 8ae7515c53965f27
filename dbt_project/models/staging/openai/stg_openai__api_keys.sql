with

api_keys as (

    select * from {{ source('openai', 'api_keys') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,
        role as delivery_role,

        project_id,
        api_key_id,
        owner_email as owner_principal_id,
        owner_user_id,
        owner_service_account_id,

        name as api_key_name,
        owner_type,
        owner_project_access,

        snapshot_date,
        cast('1970-01-01' as timestamp) + created_at * interval 1 second as created_at,
        cast('1970-01-01' as timestamp) + last_used_at * interval 1 second
            as last_used_at,
        cast('1970-01-01' as timestamp) + expires_at * interval 1 second as expires_at

    from api_keys

)

select * from renamed

with

api_keys as (

    select * from {{ source('anthropic', 'api_keys') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,
        api_key_id,
        -- newer answers say it in the key's scope; a key of the organisation has none
        coalesce(scope_workspace_id, workspace_id) as workspace_id,
        created_by_id,
        coalesce(principal_user_id, principal_service_account_id) as principal_id,

        api_key_name,
        status,

        snapshot_date,
        created_at,
        expires_at

    from api_keys

)

select * from renamed

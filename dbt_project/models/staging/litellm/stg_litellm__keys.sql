with

virtual_keys as (

    select * from {{ source('litellm', 'keys') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,
        token as gateway_credential_id,
        team_id,
        project_id,
        organization_id,
        user_id as principal_id,

        key_alias as gateway_credential_name,
        budget_duration,
        max_budget as budget_amount,
        'USD' as budget_currency,

        deleted_at is not null as is_deleted,

        snapshot_date,
        created_at,
        updated_at,
        deleted_at

    from virtual_keys

)

select * from renamed

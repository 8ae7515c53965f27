with

organizations as (

    select * from {{ source('litellm', 'organizations') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,
        organization_id,

        organization_alias as organization_name,

        snapshot_date,
        created_at,
        updated_at

    from organizations

)

select * from renamed

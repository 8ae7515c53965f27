with

workspaces as (

    select * from {{ source('anthropic', 'workspaces') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,
        workspace_id,

        workspace_name,
        tags,

        snapshot_date,
        created_at,
        archived_at

    from workspaces

)

select * from renamed

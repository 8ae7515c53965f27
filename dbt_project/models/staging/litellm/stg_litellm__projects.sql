with

projects as (

    select * from {{ source('litellm', 'projects') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,
        project_id,
        team_id,

        project_alias as project_name,

        snapshot_date,
        created_at,
        updated_at

    from projects

)

select * from renamed

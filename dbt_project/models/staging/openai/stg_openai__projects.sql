with

projects as (

    select * from {{ source('openai', 'projects') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,
        role as delivery_role,

        project_id,

        name as project_name,
        status as project_status,
        residency,

        snapshot_date,
        cast('1970-01-01' as timestamp) + created_at * interval 1 second as created_at,
        cast('1970-01-01' as timestamp) + archived_at * interval 1 second as archived_at

    from projects

)

select * from renamed

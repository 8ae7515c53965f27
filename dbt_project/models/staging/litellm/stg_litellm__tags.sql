with

tags as (

    select * from {{ source('litellm', 'tags') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,
        budget_id,

        tag_name,
        description,

        snapshot_date,
        created_at,
        updated_at

    from tags

)

select * from renamed

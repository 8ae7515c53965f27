with

members as (

    select * from {{ source('cursor', 'members') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        email as principal_id,
        member_id,
        member_role,

        is_removed,

        snapshot_date

    from members

)

select * from renamed

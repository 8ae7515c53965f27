with

principals as (

    select * from {{ source('drivers', 'principals') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        principal_id,
        external_id,
        unit_id,

        kind as principal_kind,
        source as known_to,
        email as email_hash,

        valid_from,
        valid_to

    from principals

)

select * from renamed

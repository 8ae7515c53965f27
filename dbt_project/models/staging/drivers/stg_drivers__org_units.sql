with

org_units as (

    select * from {{ source('drivers', 'org_units') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        unit_id,
        parent_id as parent_unit_id,

        name as unit_name,
        kind as unit_kind,
        cost_centre,
        gl_account,
        owner as unit_owner,

        valid_from,
        valid_to

    from org_units

)

select * from renamed

with

fx_rates as (

    select * from {{ source('drivers', 'fx_rates') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        'EUR' as base_currency,
        currency as quote_currency,

        rate as units_per_euro,

        rate_date

    from fx_rates

)

select * from renamed

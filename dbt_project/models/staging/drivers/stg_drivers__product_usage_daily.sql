with

product_usage_daily as (

    select * from {{ source('drivers', 'product_usage_daily') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        customer_id,
        feature_id,

        environment,
        metric,

        value as quantity,

        date as usage_date

    from product_usage_daily

)

select * from renamed

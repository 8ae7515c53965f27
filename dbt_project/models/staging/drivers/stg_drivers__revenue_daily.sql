with

revenue_daily as (

    select * from {{ source('drivers', 'revenue_daily') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        customer_id,
        product_id,
        feature_id,
        source_id,

        plan as customer_plan,
        revenue_type,
        currency,

        amount as revenue_amount,

        recognised as is_recognised,

        date as revenue_date

    from revenue_daily

)

select * from renamed

with

ai_credit_usage as (

    select * from {{ source('github', 'ai_credit_usage') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'github' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        organization,
        product,
        sku,
        model as provider_model_id,
        unit_type,
        {{ month_of('usage_date') }} as billing_period,
        'GitHub' as service_provider_name,
        currency as billing_currency,
        _unknown_columns as unknown_columns,

        price_per_unit as credit_price,
        gross_quantity,
        discount_quantity,
        net_quantity,
        discount_amount,
        net_amount as billed_cost,
        net_amount as effective_cost,
        gross_amount as list_cost,
        net_amount as contracted_cost,

        usage_date as charge_date

    from ai_credit_usage

)

select * from renamed

-- Tokens priced by the million: the quantity times its block is what was consumed.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
with

priced_tokens as (

    select
        x_ChargeId,
        ConsumedQuantity,
        PricingQuantity,
        PricingUnit,
        coalesce(try_cast(split_part(PricingUnit, ' ', 1) as integer), 1) as block
    from {{ ref('cost_and_usage') }}
    where ConsumedUnit = 'Tokens' and PricingUnit like '%Tokens'

),

differences as (

    select *
    from priced_tokens
    where PricingQuantity * block is distinct from ConsumedQuantity

)

select * from differences

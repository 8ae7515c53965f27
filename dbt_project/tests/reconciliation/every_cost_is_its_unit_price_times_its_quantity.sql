-- FOCUS wants the product; vendors round. The vendor's cost stays, and the row is
-- counted when it differs by more than a billionth of the cost or of one currency unit.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
with

products as (

    select
        x_ChargeId,
        'ListCost' as cost_column,
        ListCost as vendor_cost,
        ListUnitPrice as unit_price,
        PricingQuantity as quantity
    from {{ ref('cost_and_usage') }}
    where ListUnitPrice is not null

    union all

    select
        x_ChargeId,
        'ContractedCost' as cost_column,
        ContractedCost as vendor_cost,
        ContractedUnitPrice as unit_price,
        PricingQuantity as quantity
    from {{ ref('cost_and_usage') }}
    where ContractedUnitPrice is not null

),

differences as (

    select *
    from products
    where
        quantity = 0 and vendor_cost <> 0
        or (
            quantity <> 0
            and abs(vendor_cost / quantity - unit_price) * abs(quantity)
            > greatest(abs(vendor_cost), 1) * 0.000000001
        )

)

select * from differences

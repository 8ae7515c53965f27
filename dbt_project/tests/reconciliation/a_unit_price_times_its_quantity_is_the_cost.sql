-- FOCUS: a cost is its unit price times the pricing quantity, to the last digit. What
-- exports in FOCUS say is their issuer's, so they are left out. What is finer than the
-- casts below is not compared, unless the quantity is one.
{{ config(meta={"dagster": {"ref": {"name": "focus_charges"}}}) }}
with

prices as (

    select
        charge_id,
        pricing_quantity,
        list_unit_price as unit_price,
        list_cost as amount
    from {{ ref('focus_charges') }}
    where vendor <> 'focus'

    union all

    select
        charge_id,
        pricing_quantity,
        contracted_unit_price as unit_price,
        contracted_cost as amount
    from {{ ref('focus_charges') }}
    where vendor <> 'focus'

),

products as (

    select
        *,
        case
            when pricing_quantity = 1 then unit_price
            when
                try_cast(pricing_quantity as decimal(20, 6)) = pricing_quantity
                and try_cast(unit_price as decimal(18, 12)) = unit_price
                then
                    try_cast(pricing_quantity as decimal(20, 6))
                    * try_cast(unit_price as decimal(18, 12))
        end as product
    from prices

),

differences as (

    select *
    from products
    where product <> amount or (unit_price is not null and amount is null)

)

select * from differences

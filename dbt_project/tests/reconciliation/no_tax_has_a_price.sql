-- Tax is of a sum, not of a quantity: it has no SKU, no price and no quantity.
{{ config(meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
select
    x_ChargeId,
    SkuId,
    SkuPriceId,
    PricingQuantity,
    ListUnitPrice,
    ContractedUnitPrice
from {{ ref('cost_and_usage') }}
where
    ChargeCategory = 'Tax'
    and (
        SkuId is not null
        or SkuPriceId is not null
        or PricingQuantity is not null
        or PricingCategory is not null
        or ListUnitPrice is not null
        or ContractedUnitPrice is not null
        or ConsumedQuantity is not null
    )

-- A credit has no price: what is billed back is what it costs, unless a source says it
-- otherwise.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
select
    x_ChargeId,
    BilledCost,
    EffectiveCost,
    ListCost,
    ContractedCost
from {{ ref('cost_and_usage') }}
where
    ChargeCategory = 'Credit'
    and (
        EffectiveCost is distinct from BilledCost
        or ListCost is distinct from BilledCost
        or ContractedCost is distinct from BilledCost
    )

-- FOCUS derives the costs of tax from what is taxed: effective is billed, unless a
-- source says it otherwise.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
select
    x_ChargeId,
    BilledCost,
    EffectiveCost
from {{ ref('cost_and_usage') }}
where ChargeCategory = 'Tax' and EffectiveCost is distinct from BilledCost

-- FOCUS derives the costs of tax from what is taxed: effective is billed. A source may say
-- otherwise.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
select
    x_ChargeId,
    BilledCost,
    EffectiveCost
from {{ ref('cost_and_usage') }}
where ChargeCategory = 'Tax' and EffectiveCost is distinct from BilledCost

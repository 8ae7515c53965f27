-- Nothing is added to a period that was invoiced: a correction is billed later.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
select
    x_ChargeId,
    ChargePeriodStart,
    BillingPeriodStart
from {{ ref('cost_and_usage') }}
where ChargeClass = 'Correction' and BillingPeriodStart < ChargePeriodEnd

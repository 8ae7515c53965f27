-- Over a whole term, used and unused usage bears what the purchase was billed. Only
-- commitments whose term lies in the data can be asked.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
with

bounds as (

    select max(ChargePeriodEnd) as newest_charge_end
    from {{ ref('cost_and_usage') }}

),

commitments as (

    select
        ServiceProviderName,
        CommitmentDiscountId,
        BillingCurrency,

        {{ total("case when ChargeCategory = 'Purchase' then BilledCost end") }}
            as purchased_cost,
        {{ total("case when ChargeCategory = 'Usage' then EffectiveCost end") }}
            as used_cost,

        max(case when ChargeCategory = 'Purchase' then ChargePeriodEnd end) as term_end

    from {{ ref('cost_and_usage') }}
    where CommitmentDiscountId is not null
    group by ServiceProviderName, CommitmentDiscountId, BillingCurrency

),

differences as (

    select commitments.*
    from commitments
    cross join bounds
    where
        commitments.term_end <= bounds.newest_charge_end
        and commitments.purchased_cost is distinct from commitments.used_cost

)

select * from differences

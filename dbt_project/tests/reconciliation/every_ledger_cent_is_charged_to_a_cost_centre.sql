-- Every cut of the ledger shows the same company total: by cost centre and
-- period, here.
{{ config(meta={'dagster': {'ref': {'name': 'chargeback_by_cost_centre'}}}) }}
with

ledger as (

    select
        billing_currency,

        {{ total('effective_cost') }} as effective_cost,
        {{ total('billed_cost') }} as billed_cost

    from {{ ref('ledger_entries') }}
    group by billing_currency

),

cost_centres as (

    select
        billing_currency,

        {{ total('effective_cost') }} as effective_cost,
        {{ total('billed_cost') }} as billed_cost

    from {{ ref('chargeback_by_cost_centre') }}
    group by billing_currency

),

differences as (

    select
        ledger.billing_currency,

        ledger.effective_cost as ledger_effective_cost,
        cost_centres.effective_cost as cost_centre_effective_cost,
        ledger.billed_cost as ledger_billed_cost,
        cost_centres.billed_cost as cost_centre_billed_cost

    from ledger

    full outer join cost_centres
        on ledger.billing_currency = cost_centres.billing_currency

    where
        ledger.effective_cost is distinct from cost_centres.effective_cost
        or ledger.billed_cost is distinct from cost_centres.billed_cost

)

select * from differences

-- Every cut of the ledger shows the same company total: by team and day, here.
{{ config(meta={'dagster': {'ref': {'name': 'daily_spend_by_team'}}}) }}
with

ledger as (

    select
        billing_currency,

        {{ total('effective_cost') }} as effective_cost,
        {{ total('billed_cost') }} as billed_cost

    from {{ ref('ledger_entries') }}
    group by billing_currency

),

teams as (

    select
        billing_currency,

        {{ total('effective_cost') }} as effective_cost,
        {{ total('billed_cost') }} as billed_cost

    from {{ ref('daily_spend_by_team') }}
    group by billing_currency

),

differences as (

    select
        ledger.billing_currency,

        ledger.effective_cost as ledger_effective_cost,
        teams.effective_cost as team_effective_cost,
        ledger.billed_cost as ledger_billed_cost,
        teams.billed_cost as team_billed_cost

    from ledger

    full outer join teams
        on ledger.billing_currency = teams.billing_currency

    where
        ledger.effective_cost is distinct from teams.effective_cost
        or ledger.billed_cost is distinct from teams.billed_cost

)

select * from differences

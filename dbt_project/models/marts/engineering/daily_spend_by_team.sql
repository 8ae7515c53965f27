with

ledger_entries as (

    select * from {{ ref('ledger_entries') }}

),

daily_spend as (

    select
        team,
        charge_date,
        billing_currency,

        {{ total('effective_cost') }} as effective_cost,
        {{ total('billed_cost') }} as billed_cost,
        {{ total('list_cost') }} as list_cost,
        {{ total('case when is_ai then effective_cost end') }} as ai_effective_cost,
        {{ total("case when posting = 'memo' then effective_cost end") }}
            as memo_effective_cost,
        cast(sum(charge_count) as bigint) as charge_count,
        cast(sum(null_effective_cost_count) as bigint) as null_effective_cost_count

    from ledger_entries
    group by all

)

select * from daily_spend

with

ledger_entries as (

    select * from {{ ref('ledger_entries') }}

),

charged as (

    select
        cost_centre,
        owning_entity,
        paying_entity,
        booked_period,
        cost_class,
        posting,
        billing_currency,

        {{ total('effective_cost') }} as effective_cost,
        {{ total('billed_cost') }} as billed_cost,
        {{ total("case when confidence = 'measured' then effective_cost end") }}
            as measured_effective_cost,
        cast(sum(charge_count) as bigint) as charge_count,
        cast(sum(null_effective_cost_count) as bigint) as null_effective_cost_count

    from ledger_entries
    group by all

),

in_reporting_currency as (

    select
        cost_centre,
        owning_entity,
        paying_entity,
        booked_period,
        cost_class,
        posting,
        billing_currency,

        reporting_currency,
        case
            when count(*) = count(fx_rate_id)
                then {{ total('reporting_effective_cost') }}
        end as reporting_effective_cost

    from ledger_entries
    group by all

),

chargeback as (

    select
        charged.*,

        in_reporting_currency.reporting_currency,
        in_reporting_currency.reporting_effective_cost

    from charged

    left join in_reporting_currency
        on
            charged.cost_centre = in_reporting_currency.cost_centre
            and charged.owning_entity = in_reporting_currency.owning_entity
            and charged.paying_entity = in_reporting_currency.paying_entity
            and charged.booked_period = in_reporting_currency.booked_period
            and charged.cost_class = in_reporting_currency.cost_class
            and charged.posting = in_reporting_currency.posting
            and charged.billing_currency = in_reporting_currency.billing_currency

)

select * from chargeback

with

-- One arm a vendor: what its staging model holds, before anything is said
-- in FOCUS terms.
focus_totals as (

    select
        vendor,
        source_name,
        coalesce(service_provider_name, provider_name) as service_provider_name,
        {{ month_of('billing_period_start') }} as billing_period,
        billing_currency,

        {{ cost_totals() }}

    from {{ ref('stg_focus__charges') }}
    group by all

),

manual_totals as (

    select
        vendor,
        source_name,
        provider_name as service_provider_name,
        billing_period,
        billing_currency,

        {{ cost_totals() }}

    from {{ ref('stg_manual__lines') }}
    group by all

),

totals as (

    select * from focus_totals
    union all
    select * from manual_totals

)

select * from totals

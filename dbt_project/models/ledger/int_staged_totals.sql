with

-- One arm a staging model of charges: what it holds, before anything is said in
-- FOCUS terms.
staged as (

    select
        vendor,
        source_name,
        coalesce(service_provider_name, provider_name) as service_provider_name,
        {{ month_of('billing_period_start') }} as billing_period,
        billing_currency,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from {{ ref('stg_focus__charges') }}

    union all

    select
        vendor,
        source_name,
        provider_name as service_provider_name,
        billing_period,
        billing_currency,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from {{ ref('stg_manual__lines') }}

    union all

    select
        vendor,
        source_name,
        'OpenAI' as service_provider_name,
        billing_period,
        billing_currency,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from {{ ref('stg_openai__costs') }}

    union all

    select
        vendor,
        source_name,
        'Anthropic' as service_provider_name,
        billing_period,
        billing_currency,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from {{ ref('stg_anthropic__cost') }}

    union all

    select
        vendor,
        source_name,
        'Anthropic' as service_provider_name,
        billing_period,
        billing_currency,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from {{ ref('stg_anthropic__legacy_cost') }}

    union all

    select
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from {{ ref('stg_github__ai_credit_usage') }}

    union all

    select
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from {{ ref('stg_cursor__usage_events') }}

    union all

    select
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from {{ ref('stg_seats__seat_months') }}

    union all

    select
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost
    from {{ ref('stg_azure__actual_costs') }}

),

totals as (

    select
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,

        {{ cost_totals() }}

    from staged
    group by all

)

select * from totals

with

landed_totals as (

    select
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        cost_column,

        {{ total('total') }} as total,
        cast(sum(row_count) as bigint) as row_count

    from {{ source('landing', 'control_totals') }}
    group by all

),

wide_totals as (

    select
        'staged' as layer,
        int_staged_totals.*
    from {{ ref('int_staged_totals') }}

    union all

    select
        'focus' as layer,
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        {{ cost_totals() }}
    from {{ ref('focus_charges') }}
    group by all

    union all

    select
        'allocated' as layer,
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        {{ cost_totals() }}
    from {{ ref('allocated_charges') }}
    group by all

    union all

    select
        'ledger' as layer,
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        {{ cost_totals('charge_count') }}
    from {{ ref('ledger_entries') }}
    group by all

    union all

    select
        'published' as layer,
        x_Vendor as vendor,
        x_SourceName as source_name,
        ServiceProviderName as service_provider_name,
        {{ month_of('BillingPeriodStart') }} as billing_period,
        BillingCurrency as billing_currency,
        {{ cost_totals_as_specified() }}
    from {{ ref('cost_and_usage') }}
    group by all

),

long_totals as (

    select
        layer,
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        cost_column,

        total,
        row_count

    from wide_totals
    unpivot (
        total for cost_column in (
            billed_cost, effective_cost, list_cost, contracted_cost
        )
    )

),

totals as (

    select
        'landed' as layer,
        landed_totals.*
    from landed_totals

    union all

    select * from long_totals

)

select * from totals

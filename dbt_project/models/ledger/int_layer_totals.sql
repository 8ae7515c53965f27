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
        cast(sum(null_count) as bigint) as null_count,
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
        coalesce({{ total('billed_cost') }}, {{ money(0) }}) as billed_cost,
        coalesce({{ total('effective_cost') }}, {{ money(0) }}) as effective_cost,
        coalesce({{ total('list_cost') }}, {{ money(0) }}) as list_cost,
        coalesce({{ total('contracted_cost') }}, {{ money(0) }}) as contracted_cost,
        cast(0 as bigint) as billed_cost_null_count,
        cast(sum(null_effective_cost_count) as bigint) as effective_cost_null_count,
        cast(sum(null_list_cost_count) as bigint) as list_cost_null_count,
        cast(sum(null_contracted_cost_count) as bigint) as contracted_cost_null_count,
        cast(sum(charge_count) as bigint) as row_count
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
        'billed_cost' as cost_column,
        billed_cost as total,
        billed_cost_null_count as null_count,
        row_count
    from wide_totals

    union all

    select
        layer,
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        'effective_cost' as cost_column,
        effective_cost as total,
        effective_cost_null_count as null_count,
        row_count
    from wide_totals

    union all

    select
        layer,
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        'list_cost' as cost_column,
        list_cost as total,
        list_cost_null_count as null_count,
        row_count
    from wide_totals

    union all

    select
        layer,
        vendor,
        source_name,
        service_provider_name,
        billing_period,
        billing_currency,
        'contracted_cost' as cost_column,
        contracted_cost as total,
        contracted_cost_null_count as null_count,
        row_count
    from wide_totals

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

with

allocated_charges as (

    select * from {{ ref('allocated_charges') }}

),

cost_classes as (

    select * from {{ ref('int_cost_classes') }}

),

classified as (

    select
        allocated_charges.*,

        coalesce(cost_classes.cost_class, '__unallocated__') as cost_class

    from allocated_charges

    left join cost_classes
        on
            allocated_charges.environment = cost_classes.environment
            and allocated_charges.use_class = cost_classes.use_class
            and allocated_charges.workload_phase
            is not distinct from cost_classes.workload_phase
            and allocated_charges.customer_tier = cost_classes.customer_tier
            and allocated_charges.treatment = cost_classes.treatment
            and allocated_charges.charge_date = cost_classes.charge_date

),

open_entries as (

    select
        charge_date,
        vendor,
        source_name,
        delivery_id,
        billing_period,
        service_provider_name,
        invoice_issuer_name,
        billing_account_id,
        sub_account_id,
        invoice_id,
        service_name,
        service_category,
        charge_category,
        model_id,
        meter,
        workload_phase,
        consumed_unit,
        truth_class,
        posting,
        treatment,
        is_ai,
        billing_currency,

        paying_entity,
        owning_entity,
        cost_centre,
        business_unit,
        department,
        team,
        project,
        product,
        feature,
        use_case,
        initiative,
        environment,
        use_class,
        customer,
        customer_tier,
        region,

        cost_class,
        rule_id,
        rule_version,
        pool_path,
        basis,
        driver_rung,
        confidence,

        {{ total('billed_cost') }} as billed_cost,
        {{ total('effective_cost') }} as effective_cost,
        {{ total('list_cost') }} as list_cost,
        {{ total('contracted_cost') }} as contracted_cost,
        {{ total('quantity') }} as quantity,
        cast(count(*) as bigint) as charge_count,
        cast(count(*) - count(effective_cost) as bigint) as null_effective_cost_count,
        cast(count(*) - count(list_cost) as bigint) as null_list_cost_count,
        cast(count(*) - count(contracted_cost) as bigint) as null_contracted_cost_count

    from classified
    group by all

),

entries as (

    select
        -- While our accounting period is open, it is the issuer's billing period.
        billing_period as booked_period,
        {{ month_of('charge_date') }} as incurred_period,
        'original' as entry_class,
        cast(null as varchar) as posting_id,
        cast(null as timestamp) as posted_at,

        *,

        -- A missing rate is null and never one; rates of other currencies come with
        -- their own source.
        cast('{{ var("reporting_currency") }}' as varchar) as reporting_currency,
        case
            when billing_currency = '{{ var("reporting_currency") }}'
                then 'same-currency'
        end as fx_rate_id,
        case
            when billing_currency = '{{ var("reporting_currency") }}'
                then billed_cost
        end as reporting_billed_cost,
        case
            when billing_currency = '{{ var("reporting_currency") }}'
                then effective_cost
        end as reporting_effective_cost

    from open_entries

)

select * from entries

with

lines as (

    select * from {{ ref('stg_manual__lines') }}

),

-- A line is one thing at one price. FOCUS prices what is used or bought: no tax, no
-- credit.
priced_lines as (

    select
        *,
        charge_category in ('Usage', 'Purchase') as is_priced,
        lower(replace(
            concat_ws('/', 'manual', provider_name, service_name, line_id), ' ', '-'
        )) as line_sku,
        case when billed_cost < 0 then {{ money(-1) }} else {{ money(1) }} end
            as line_count,
        abs(list_cost) as line_price
    from lines

),

in_focus_terms as (

    select
        charge_id,
        vendor,
        source_name,
        scope,
        delivery_id,
        delivery_role,
        part_number,
        row_number_in_part,

        legal_entity as billing_account_id,
        legal_entity as provider_account_id,
        invoice_id,
        line_id as resource_id,
        case when is_priced then line_sku end as sku_id,
        case when is_priced then line_sku end as sku_price_id,

        case when invoice_id is null then 'contract' else 'billed' end as truth_class,
        posting,
        treatment,
        billing_period,
        provider_name as service_provider_name,
        provider_name as invoice_issuer_name,
        legal_entity as billing_account_name,
        'Legal entity' as billing_account_type,
        billing_currency,
        billing_currency as pricing_currency,
        charge_category,
        charge_description,
        service_name,
        service_category,
        'Manual line' as resource_type,
        case when is_priced then 'Standard' end as pricing_category,
        case when is_priced then 'Units' end as pricing_unit,
        case when is_priced then 'Units' end as sku_meter,
        case when charge_category = 'Usage' then 'Units' end as consumed_unit,
        case when treatment = 'expense' then 'One-Time' else 'Recurring' end
            as charge_frequency,
        {{ json_of_one('team', 'owning_team') }} as tags,
        unknown_columns,
        workload_phase,

        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost,
        case when charge_category = 'Usage' then line_count end as consumed_quantity,
        case when is_priced then line_count end as pricing_quantity,
        case when is_priced then line_price end as list_unit_price,
        case when is_priced then line_price end as contracted_unit_price,

        is_ai,

        cast({{ month_start('billing_period') }} as date) as charge_date,
        {{ month_start('billing_period') }} as billing_period_start,
        {{ month_end('billing_period') }} as billing_period_end,
        {{ month_start('billing_period') }} as charge_period_start,
        {{ month_end('billing_period') }} as charge_period_end

    from priced_lines

)

select * from in_focus_terms

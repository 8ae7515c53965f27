with

lines as (

    select * from {{ ref('stg_manual__lines') }}

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

        case when invoice_id is null then 'contract' else 'billed' end as truth_class,
        posting,
        treatment,
        billing_period,
        provider_name as service_provider_name,
        provider_name as invoice_issuer_name,
        legal_entity as billing_account_name,
        billing_currency,
        charge_category,
        charge_description,
        service_name,
        service_category,
        case when treatment = 'expense' then 'One-Time' else 'Recurring' end
            as charge_frequency,
        {{ json_of_one('team', 'owning_team') }} as tags,
        unknown_columns,
        workload_phase,

        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost,

        is_ai,

        cast({{ month_start('billing_period') }} as date) as charge_date,
        {{ month_start('billing_period') }} as billing_period_start,
        {{ month_end('billing_period') }} as billing_period_end,
        {{ month_start('billing_period') }} as charge_period_start,
        {{ month_end('billing_period') }} as charge_period_end

    from lines

)

select * from in_focus_terms

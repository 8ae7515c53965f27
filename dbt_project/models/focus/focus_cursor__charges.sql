with

events as (

    select * from {{ ref('stg_cursor__usage_events') }}

),

events_with_sku as (

    select
        *,
        'cursor/' || provider_model_id as sku_id,
        input_uncached_token_count + cache_read_token_count + cache_write_token_count
        + output_token_count as token_count
    from events

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

        scope as billing_account_id,
        principal_id as resource_id,
        sku_id,
        sku_id || case when is_max_mode then '/max' else '/standard' end
            as sku_price_id,
        scope as provider_account_id,
        provider_model_id,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        billing_period,
        service_provider_name,
        service_provider_name as host_provider_name,
        service_provider_name as publisher_name,
        service_provider_name as invoice_issuer_name,
        billing_currency,
        'Usage' as charge_category,
        concat_ws(', ', provider_model_id, event_kind) as charge_description,
        'Usage-Based' as charge_frequency,
        'Standard' as pricing_category,
        'User' as resource_type,
        'AI and Machine Learning' as service_category,
        'Generative AI' as service_subcategory,
        'Cursor' as service_name,
        'Tokens' as sku_meter,
        case when token_count is not null then 'Tokens' end as consumed_unit,
        case when token_count is not null then 'Tokens' end as pricing_unit,
        unknown_columns,

        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost,
        {{ money('token_count') }} as consumed_quantity,
        {{ money('token_count') }} as pricing_quantity,

        charge_date,
        {{ month_start('billing_period') }} as billing_period_start,
        {{ month_end('billing_period') }} as billing_period_end,
        cast(charge_date as timestamp) as charge_period_start,
        cast(charge_date as timestamp) + interval 1 day as charge_period_end

    from events_with_sku

)

select * from in_focus_terms

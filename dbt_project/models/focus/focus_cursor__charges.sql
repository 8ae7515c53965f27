with

events as (

    select * from {{ ref('stg_cursor__usage_events') }}

),

events_with_tokens as (

    select
        *,
        input_uncached_token_count + cache_read_token_count + cache_write_token_count
        + output_token_count as token_count
    from events

),

-- One event is one request with a price of its own: four classes of tokens and a fee
-- are in it.
priced_events as (

    select
        *,
        concat_ws(
            '/',
            'cursor',
            provider_model_id,
            case when token_count is null then 'requests' end
        ) as sku_id,
        case when token_count is not null then 'Tokens' else 'Requests' end
            as consumed_unit,
        {{ money('coalesce(token_count, 1)') }} as consumed_quantity,
        {{ money(1) }} as pricing_quantity,
        case when list_cost >= 0 then list_cost end as list_unit_price,
        case when contracted_cost >= 0 then contracted_cost end as contracted_unit_price
    from events_with_tokens

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
        principal_id,
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
        'Team' as billing_account_type,
        billing_currency,
        billing_currency as pricing_currency,
        'Usage' as charge_category,
        concat_ws(', ', provider_model_id, event_kind) as charge_description,
        'Usage-Based' as charge_frequency,
        'Standard' as pricing_category,
        case when principal_id is not null then 'User' end as resource_type,
        'AI and Machine Learning' as service_category,
        'Generative AI' as service_subcategory,
        'Cursor' as service_name,
        consumed_unit as sku_meter,
        consumed_unit,
        'Requests' as pricing_unit,
        unknown_columns,

        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost,
        list_unit_price,
        contracted_unit_price,
        consumed_quantity,
        pricing_quantity,

        charge_date,
        {{ month_start('billing_period') }} as billing_period_start,
        {{ month_end('billing_period') }} as billing_period_end,
        cast(charge_date as timestamp) as charge_period_start,
        cast(charge_date as timestamp) + interval 1 day as charge_period_end

    from priced_events

)

select * from in_focus_terms

{#- Credits that lower a price. What is not here pays a bill and lowers no cost:
    docs/decisions/0016-google-credits.md. -#}
{%- set discounts = [
    'COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE', 'DISCOUNT',
    'FEE_UTILIZATION_OFFSET', 'FREE_TIER', 'RESELLER_MARGIN', 'SUBSCRIPTION_BENEFIT',
    'SUSTAINED_USAGE_DISCOUNT'
] -%}
{%- set commitments = discounts[:2] -%}
with

detailed_usage as (

    select * from {{ source('gcp', 'detailed_usage') }}

),

unpacked as (

    select
        *,
        {{ json_text('project', 'labels') }} as project_labels,
        {{ json_text('price', 'list_price') }} as list_price_text,
        {{ json_text('price', 'effective_price') }} as effective_price_text,
        {{ json_text('price', 'pricing_unit_quantity') }} as pricing_unit_quantity_text,
        {{ json_text('usage', 'amount') }} as usage_amount_text,
        {{ json_text('usage', 'amount_in_pricing_units') }} as pricing_amount_text
    from detailed_usage

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'gcp' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        billing_account_id,
        nullif({{ json_text('project', 'id') }}, '') as project_id,
        nullif({{ json_text('service', 'id') }}, '') as service_id,
        nullif({{ json_text('sku', 'id') }}, '') as sku_id,
        nullif({{ json_text('consumption_model', 'id') }}, '') as consumption_model_id,
        nullif({{ json_text('subscription', 'instance_id') }}, '')
            as subscription_instance_id,
        nullif({{ json_text('resource', 'global_name') }}, '') as resource_global_name,
        nullif({{ json_text('adjustment_info', 'id') }}, '') as adjustment_id,

        partition_key as billing_period,
        case
            when transaction_type <> 'GOOGLE' and seller_name not ilike 'google%'
                then seller_name
            else 'Google Cloud'
        end as service_provider_name,
        currency as billing_currency,
        cost_type,
        transaction_type,
        {{ json_text('project', 'name') }} as project_name,
        {{ json_text('service', 'description') }} as service_name,
        {{ json_text('sku', 'description') }} as sku_description,
        {{ json_text('consumption_model', 'description') }}
            as consumption_model_description,
        {{ json_text('location', 'region') }} as region,
        {{ json_text('location', 'zone') }} as availability_zone,
        nullif({{ json_text('resource', 'name') }}, '') as resource_name,
        {{ json_text('usage', 'unit') }} as usage_unit,
        {{ json_text('usage', 'pricing_unit') }} as pricing_unit,
        {{ json_of_labels({
            '': 'labels',
            'project:': 'project_labels',
            'tag:': 'tags',
            'system:': 'system_labels',
        }) }} as all_tags,
        credits,
        adjustment_info,
        project as project_facts,
        _unknown_columns as unknown_columns,

        {{ money('cost + ' ~ json_amounts('credits')) }} as billed_cost,
        {{ money('cost + ' ~ json_amounts('credits', discounts)) }} as effective_cost,
        cost as cost_before_credits,
        cost_at_list as list_cost,
        {{ money('coalesce(cost_at_effective_price_default, cost)') }}
            as contracted_cost,
        -- What the money type cannot hold (bytes times seconds) is null and counted.
        try_cast(list_price_text as decimal(35, 18)) as list_price,
        try_cast(effective_price_text as decimal(35, 18)) as effective_price,
        try_cast(pricing_unit_quantity_text as decimal(35, 18))
            as pricing_unit_quantity,
        try_cast(usage_amount_text as decimal(35, 18)) as usage_quantity,
        try_cast(pricing_amount_text as decimal(35, 18)) as pricing_quantity,
        currency_conversion_rate,

        {{ json_amounts('credits', commitments) }} <> 0 as has_commitment_credit,

        cast(usage_start_time as date) as charge_date,
        usage_start_time as usage_started_at,
        usage_end_time as usage_ended_at,
        export_time as exported_at

    from unpacked

)

select * from renamed

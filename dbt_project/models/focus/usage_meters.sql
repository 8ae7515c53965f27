with

usage as (

    select * from {{ ref('int_usage_rollup') }}

),

prices as (

    select * from {{ ref('int_model_prices') }}

),

model_aliases as (

    select * from {{ ref('model_aliases') }}

),

-- Only here are meters priced: after the rollup, on the day of the use. A price that
-- is not known is null, never zero.
priced as (

    select
        usage.*,

        coalesce(model_aliases.model_id, usage.provider_model_id) as model_id,
        model_aliases.model_developer,
        model_aliases.model_family,
        model_aliases.model_version,

        prices.price_id,
        prices.price_basis,
        prices.price_flags,
        prices.currency as list_cost_currency,
        {{ money('prices.unit_price') }} as list_unit_price,
        {{ priced('usage.quantity', 'prices.unit_price') }} as list_cost

    from usage

    left join prices
        on
            usage.service_provider_name = prices.service_provider_name
            and usage.provider_model_id = prices.provider_model_id
            and usage.meter = prices.meter
            and usage.service_tier is not distinct from prices.service_tier
            and usage.context_band is not distinct from prices.context_band
            and usage.region is not distinct from prices.region
            and usage.usage_date >= prices.valid_from
            and usage.usage_date < prices.valid_to

    left join model_aliases
        on usage.provider_model_id = model_aliases.provider_model_id

),

meters as (

    select
        usage_date,
        vendor,
        source_name,
        scope,
        delivery_id,
        observer,
        service_provider_name,
        billing_account_id,
        provider_project_id,
        provider_credential_id,
        gateway_credential_id,
        deployment_id,
        principal_id,
        provider_model_id,
        model_id,
        model_developer,
        model_family,
        model_version,
        service_tier,
        context_band,
        region,
        requester_team,
        requester_project,
        requester_feature,
        requester_use_case,
        requester_environment,
        requester_customer,
        meter,
        unit,

        quantity,
        reasoning_quantity,
        request_count,
        error_count,
        retry_count,
        cache_hit_count,
        repeat_count,
        latency_under_125_ms_count,
        latency_under_250_ms_count,
        latency_under_500_ms_count,
        latency_under_1000_ms_count,
        latency_under_2000_ms_count,
        latency_under_4000_ms_count,
        latency_under_8000_ms_count,
        latency_under_16000_ms_count,
        latency_under_32000_ms_count,
        latency_under_64000_ms_count,
        latency_over_64000_ms_count,
        estimated_cost,
        estimated_cost_currency,

        price_id,
        price_basis,
        price_flags,
        list_cost_currency,
        list_unit_price,
        list_cost
    from priced

)

select * from meters

with

usage as (

    select * from {{ ref('int_usage_rollup') }}

),

openai_costs as (

    select * from {{ ref('stg_openai__costs') }}

),

sku_meters as (

    select * from {{ ref('sku_meters') }}

),

keys_of_usage as (

    select
        service_provider_name,
        provider_model_id,
        meter,
        service_tier,
        context_band,
        region
    from usage
    where service_provider_name is not null and provider_model_id is not null
    group by all

),

-- This bill names tier and band where they are not the usual ones, so both are known.
keys_of_openai_costs as (

    select
        'OpenAI' as service_provider_name,
        openai_costs.provider_model_id,
        sku_meters.meter,
        coalesce(openai_costs.service_tier, 'standard') as service_tier,
        coalesce(openai_costs.context_band, '0-272k') as context_band,
        cast(null as varchar) as region

    from openai_costs

    -- Inner join: what is metered by no name that we know has no price.
    inner join sku_meters
        on openai_costs.sku_meter = sku_meters.sku_meter

    where openai_costs.provider_model_id is not null
    group by all

),

keys as (

    select * from keys_of_usage
    union
    select * from keys_of_openai_costs

)

select * from keys

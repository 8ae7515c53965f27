with

arms as (

    -- by name: an arm names only what its vendor says, the columns below say the rest
    select * from {{ ref('usage_openai__meters') }}
    union all by name
    select * from {{ ref('usage_anthropic__meters') }}
    union all by name
    select * from {{ ref('usage_litellm__meters') }}
    union all by name
    select * from {{ ref('usage_cursor__meters') }}

),

rolled_up as (

    select
        cast(arms.vendor as varchar) as vendor,
        cast(arms.source_name as varchar) as source_name,
        cast(arms.scope as varchar) as scope,
        cast(arms.delivery_id as varchar) as delivery_id,
        cast(arms.observer as varchar) as observer,
        cast(arms.service_provider_name as varchar) as service_provider_name,
        cast(arms.billing_account_id as varchar) as billing_account_id,
        cast(arms.provider_project_id as varchar) as provider_project_id,
        cast(arms.provider_credential_id as varchar) as provider_credential_id,
        cast(arms.gateway_credential_id as varchar) as gateway_credential_id,
        cast(arms.deployment_id as varchar) as deployment_id,
        cast(arms.principal_id as varchar) as principal_id,
        cast(arms.provider_model_id as varchar) as provider_model_id,
        cast(arms.service_tier as varchar) as service_tier,
        cast(arms.context_band as varchar) as context_band,
        cast(arms.region as varchar) as region,
        cast(arms.requester_team as varchar) as requester_team,
        cast(arms.requester_project as varchar) as requester_project,
        cast(arms.requester_feature as varchar) as requester_feature,
        cast(arms.requester_use_case as varchar) as requester_use_case,
        cast(arms.requester_environment as varchar) as requester_environment,
        cast(arms.requester_customer as varchar) as requester_customer,
        cast(arms.meter as varchar) as meter,
        cast(arms.unit as varchar) as unit,

        cast(arms.quantity as bigint) as quantity,
        cast(arms.reasoning_quantity as bigint) as reasoning_quantity,
        cast(arms.request_count as bigint) as request_count,
        cast(arms.error_count as bigint) as error_count,
        cast(arms.retry_count as bigint) as retry_count,
        cast(arms.cache_hit_count as bigint) as cache_hit_count,
        cast(arms.repeat_count as bigint) as repeat_count,
        cast(arms.latency_under_125_ms_count as bigint) as latency_under_125_ms_count,
        cast(arms.latency_under_250_ms_count as bigint) as latency_under_250_ms_count,
        cast(arms.latency_under_500_ms_count as bigint) as latency_under_500_ms_count,
        cast(arms.latency_under_1000_ms_count as bigint) as latency_under_1000_ms_count,
        cast(arms.latency_under_2000_ms_count as bigint) as latency_under_2000_ms_count,
        cast(arms.latency_under_4000_ms_count as bigint) as latency_under_4000_ms_count,
        cast(arms.latency_under_8000_ms_count as bigint) as latency_under_8000_ms_count,
        cast(arms.latency_under_16000_ms_count as bigint)
            as latency_under_16000_ms_count,
        cast(arms.latency_under_32000_ms_count as bigint)
            as latency_under_32000_ms_count,
        cast(arms.latency_under_64000_ms_count as bigint)
            as latency_under_64000_ms_count,
        cast(arms.latency_over_64000_ms_count as bigint) as latency_over_64000_ms_count,
        cast(arms.estimated_cost as decimal(35, 18)) as estimated_cost,
        cast(arms.estimated_cost_currency as varchar) as estimated_cost_currency,

        cast(arms.usage_date as date) as usage_date

    from arms

)

select * from rolled_up

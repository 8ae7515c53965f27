with

requests as (

    select * from {{ ref('stg_litellm__requests') }}

),

counted as (

    select
        *,

        not is_repeat as is_counted,
        -- What the gateway answered from its cache, no provider metered.
        not is_repeat and not is_cache_hit as is_metered,
        case when not is_repeat then latency_ms end as counted_latency_ms,
        case when not is_repeat then estimated_cost end as counted_estimated_cost

    from requests

),

counts_per_key as (

    select
        vendor,
        source_name,
        scope,
        delivery_id,
        'gateway' as observer,
        case provider_code
            when 'openai' then 'OpenAI'
            when 'anthropic' then 'Anthropic'
            when 'azure' then 'Microsoft'
            when 'azure_ai' then 'Microsoft'
            when 'bedrock' then 'AWS'
            when 'bedrock_converse' then 'AWS'
            when 'vertex_ai' then 'Google Cloud'
            when 'gemini' then 'Google'
            else provider_code
        end as service_provider_name,
        gateway_credential_id,
        deployment_id,
        principal_id,
        provider_model_id,
        service_tier,
        context_band,
        region,
        requester_team,
        requester_project,
        requester_feature,
        requester_use_case,
        requester_environment,
        requester_customer,
        usage_date,

        -- named as the meters they become: the classes are disjoint
        count(*) filter (where is_counted) as request,
        sum(uncached_input_token_count) filter (where is_metered) as input_uncached,
        sum(uncached_input_audio_token_count) filter (where is_metered)
            as input_uncached_audio,
        sum(cache_read_token_count) filter (where is_metered) as cache_read,
        sum(cache_write_5m_token_count) filter (where is_metered) as cache_write_5m,
        sum(cache_write_1h_token_count) filter (where is_metered) as cache_write_1h,
        sum(cache_write_other_token_count) filter (where is_metered)
            as cache_write_other,
        sum(output_token_count) filter (where is_metered) as output,
        sum(output_audio_token_count) filter (where is_metered) as output_audio,
        sum(web_search_request_count) filter (where is_metered)
            as web_search_request,

        sum(reasoning_token_count) filter (where is_metered) as reasoning_count,
        count(*) filter (where is_counted and is_error) as error_count,
        sum(retry_count) filter (where is_counted) as retry_count,
        count(*) filter (where is_counted and is_cache_hit) as cache_hit_count,
        count(*) filter (where is_repeat) as repeat_count,
        count(*) filter (where counted_latency_ms < 125) as under_125_ms,
        count(*) filter (where counted_latency_ms between 125 and 249) as under_250_ms,
        count(*) filter (where counted_latency_ms between 250 and 499) as under_500_ms,
        count(*) filter (where counted_latency_ms between 500 and 999) as under_1000_ms,
        count(*) filter (where counted_latency_ms between 1000 and 1999)
            as under_2000_ms,
        count(*) filter (where counted_latency_ms between 2000 and 3999)
            as under_4000_ms,
        count(*) filter (where counted_latency_ms between 4000 and 7999)
            as under_8000_ms,
        count(*) filter (where counted_latency_ms between 8000 and 15999)
            as under_16000_ms,
        count(*) filter (where counted_latency_ms between 16000 and 31999)
            as under_32000_ms,
        count(*) filter (where counted_latency_ms between 32000 and 63999)
            as under_64000_ms,
        count(*) filter (where counted_latency_ms >= 64000) as over_64000_ms,
        {{ total('counted_estimated_cost') }} as estimated_cost

    from counted
    group by all

),

meters as (

    select *
    from counts_per_key
    unpivot (
        quantity for meter in (
            request,
            input_uncached,
            input_uncached_audio,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            cache_write_other,
            output,
            output_audio,
            web_search_request
        )
    )

),

metered as (

    select
        vendor,
        source_name,
        scope,
        delivery_id,
        observer,
        service_provider_name,
        gateway_credential_id,
        deployment_id,
        principal_id,
        provider_model_id,

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
        case
            when meter in ('request', 'web_search_request') then 'Requests'
            else 'Tokens'
        end as unit,

        cast(quantity as bigint) as quantity,
        cast(case when meter = 'output' then reasoning_count end as bigint)
            as reasoning_quantity,

        -- about requests, so on their rows only
        cast(case when meter = 'request' then quantity end as bigint) as request_count,
        case when meter = 'request' then error_count end as error_count,
        case when meter = 'request' then cast(retry_count as bigint) end as retry_count,
        case when meter = 'request' then cache_hit_count end as cache_hit_count,
        case when meter = 'request' then repeat_count end as repeat_count,
        case when meter = 'request' then under_125_ms end as latency_under_125_ms_count,
        case when meter = 'request' then under_250_ms end as latency_under_250_ms_count,
        case when meter = 'request' then under_500_ms end as latency_under_500_ms_count,
        case when meter = 'request' then under_1000_ms end
            as latency_under_1000_ms_count,
        case when meter = 'request' then under_2000_ms end
            as latency_under_2000_ms_count,
        case when meter = 'request' then under_4000_ms end
            as latency_under_4000_ms_count,
        case when meter = 'request' then under_8000_ms end
            as latency_under_8000_ms_count,
        case when meter = 'request' then under_16000_ms end
            as latency_under_16000_ms_count,
        case when meter = 'request' then under_32000_ms end
            as latency_under_32000_ms_count,
        case when meter = 'request' then under_64000_ms end
            as latency_under_64000_ms_count,
        case when meter = 'request' then over_64000_ms end
            as latency_over_64000_ms_count,
        case when meter = 'request' then estimated_cost end as estimated_cost,
        case when meter = 'request' then 'USD' end as estimated_cost_currency,

        usage_date

    from meters
    where quantity > 0 or (meter = 'request' and repeat_count > 0)

)

select * from metered

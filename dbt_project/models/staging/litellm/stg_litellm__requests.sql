with

spend_logs as (

    select * from {{ source('litellm', 'spend_logs') }}

),

-- Providers say the same thing under several names; the gateway copies them all.
named_once as (

    select
        *,

        coalesce(cached_tokens, cache_read_input_tokens, 0) as cache_read,
        coalesce(
            cache_creation_input_tokens,
            cache_creation_tokens,
            cache_write_tokens,
            coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0)
        ) as cache_write,
        coalesce(cache_write_5m_tokens, 0) as cache_write_5m,
        coalesce(cache_write_1h_tokens, 0) as cache_write_1h,
        coalesce(input_audio_tokens, 0) as input_audio,
        coalesce(output_audio_tokens, 0) as output_audio,

        lower(coalesce(service_tier, usage_service_tier)) as said_tier,
        coalesce(call_type like '%batch%', false) as is_batch,

        row_number() over (
            partition by delivery_id, request_id
            order by ended_at desc, spend desc, _part asc, _row_number asc
        ) as time_logged

    from spend_logs

),

requests as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as log_id,
        'litellm' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,

        request_id,
        litellm_call_id,
        key_hash as gateway_credential_id,
        team_id,
        organization_id,
        project_id,
        model_id as deployment_id,
        user_id as principal_id,
        end_user_id,

        key_alias as gateway_credential_name,
        team_alias as team_name,
        project_alias as project_name,
        call_type,
        status,
        custom_llm_provider as provider_code,
        case
            when starts_with(model, custom_llm_provider || '/')
                then substr(model, length(custom_llm_provider) + 2)
            else model
        end as provider_model_id,
        model_group as requested_model,
        case
            when is_batch then 'batch'
            when said_tier in ('default', 'auto', 'standard') then 'standard'
            else coalesce(said_tier, 'standard')
        end as service_tier,
        -- Long context is decided by the request, so not on a batch of them. Cut at
        -- every length from which some vendor's price list has a second price.
        case
            when is_batch then null
            when prompt_tokens <= 100000 then '0-100k'
            when prompt_tokens <= 128000 then '100k-128k'
            when prompt_tokens <= 200000 then '128k-200k'
            when prompt_tokens <= 256000 then '200k-256k'
            when prompt_tokens <= 272000 then '256k-272k'
            when prompt_tokens <= 512000 then '272k-512k'
            when prompt_tokens > 512000 then '512k-'
        end as context_band,
        coalesce(vertex_location, data_residency) as region,
        coalesce(tag_team, metadata_team, team_alias, team_id) as requester_team,
        coalesce(tag_project, metadata_project, project_alias, project_id)
            as requester_project,
        coalesce(tag_feature, metadata_feature) as requester_feature,
        coalesce(tag_use_case, metadata_use_case) as requester_use_case,
        coalesce(tag_environment, metadata_environment) as requester_environment,
        coalesce(tag_customer, metadata_customer) as requester_customer,
        coalesce(tag_cost_centre, metadata_cost_centre) as requester_cost_centre,

        -- Disjoint: what the gateway calls prompt contains cached and written tokens.
        greatest(prompt_tokens - cache_read - cache_write - input_audio, 0)
            as uncached_input_token_count,
        input_audio as uncached_input_audio_token_count,
        cache_read as cache_read_token_count,
        cache_write_5m as cache_write_5m_token_count,
        cache_write_1h as cache_write_1h_token_count,
        greatest(cache_write - cache_write_5m - cache_write_1h, 0)
            as cache_write_other_token_count,
        greatest(completion_tokens - output_audio, 0) as output_token_count,
        output_audio as output_audio_token_count,
        coalesce(reasoning_tokens, 0) as reasoning_token_count,
        coalesce(web_search_requests, 0) as web_search_request_count,
        coalesce(attempted_retries, 0) as retry_count,
        date_diff('millisecond', started_at, ended_at) as latency_ms,
        spend as estimated_cost,
        'USD' as estimated_cost_currency,

        is_batch,
        coalesce(status = 'failure', false) as is_error,
        coalesce(lower(cache_hit) = 'true', false) as is_cache_hit,
        time_logged > 1 as is_repeat,

        log_date,
        cast(started_at as date) as usage_date,
        started_at,
        ended_at

    from named_once

)

select * from requests

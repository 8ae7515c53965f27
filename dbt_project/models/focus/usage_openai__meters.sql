with

metered as (

    select * from {{ ref('stg_openai__usage') }}

),

-- Of what the cache gave and took, whatever the answer tells.
metered_with_cache as (

    select
        *,
        coalesce(input_cached_token_count, 0) as cached_token_count,
        coalesce(
            input_cache_write_token_count,
            coalesce(input_cache_write_30m_token_count, 0)
            + coalesce(input_cache_write_12h_token_count, 0)
        ) as cache_write_token_count,
        -- Elsewhere an image costs what text costs.
        provider_model_id like '%image%' or provider_model_id like '%realtime%'
            as has_image_prices
    from metered

),

-- All input = uncached + read from the cache + written to it; then what has a price of
-- its own is taken out of its class. So no two meters have a token in common.
token_classes as (

    select
        *,
        coalesce(
            input_uncached_token_count,
            input_token_count - cached_token_count - cache_write_token_count
        ) as uncached_token_count,
        coalesce(input_uncached_audio_token_count, 0) as input_uncached_audio,
        coalesce(input_cached_audio_token_count, 0) as cache_read_audio,
        coalesce(output_audio_token_count, 0) as output_audio,
        coalesce(
            case when has_image_prices then input_uncached_image_token_count end, 0
        ) as input_uncached_image,
        coalesce(
            case when has_image_prices then input_cached_image_token_count end, 0
        ) as cache_read_image,
        coalesce(
            case when has_image_prices then output_image_token_count end, 0
        ) as output_image
    from metered_with_cache

),

quantities as (

    select
        vendor,
        source_name,
        scope,
        delivery_id,
        project_id,
        api_key_id,
        principal_id,
        provider_model_id,
        case
            when is_batch then 'batch'
            when lower(service_tier) = 'default' then 'standard'
            else lower(service_tier)
        end as service_tier,
        usage_date,

        -- A request that searched the web is counted where its tokens are.
        case when endpoint <> 'web_search_calls' then model_request_count end
            as request,
        uncached_token_count - input_uncached_audio - input_uncached_image
            as input_uncached,
        input_uncached_audio,
        input_uncached_image,
        cached_token_count - cache_read_audio - cache_read_image as cache_read,
        cache_read_audio,
        cache_read_image,
        cache_write_token_count as cache_write_other,
        output_token_count - output_audio - output_image as output,
        output_audio,
        output_image,
        image_count as image,
        audio_second_count as audio_second,
        -- A keyword of the standard, and the meter's name.
        character_count as character, -- noqa: RF04
        case when endpoint = 'web_search_calls' then tool_call_count end
            as web_search_request,
        case when endpoint = 'file_search_calls' then tool_call_count end
            as file_search_call,
        session_count as code_session,
        stored_byte_count as storage_byte
    from token_classes

),

meters as (

    select *
    from quantities
    unpivot (
        quantity for meter in (
            request,
            input_uncached,
            input_uncached_audio,
            input_uncached_image,
            cache_read,
            cache_read_audio,
            cache_read_image,
            cache_write_other,
            output,
            output_audio,
            output_image,
            image,
            audio_second,
            character,
            web_search_request,
            file_search_call,
            code_session,
            storage_byte
        )
    )

),

meters_per_day as (

    select
        vendor,
        source_name,
        scope,
        delivery_id,

        'provider' as observer,
        'OpenAI' as service_provider_name,
        scope as billing_account_id,
        project_id as provider_project_id,
        api_key_id as provider_credential_id,
        principal_id,
        provider_model_id,
        service_tier,
        meter,
        case
            when meter in ('request', 'web_search_request') then 'Requests'
            when meter = 'image' then 'Images'
            when meter = 'audio_second' then 'Seconds'
            when meter = 'character' then 'Characters'
            when meter = 'file_search_call' then 'Calls'
            when meter = 'code_session' then 'Sessions'
            when meter = 'storage_byte' then 'Bytes'
            else 'Tokens'
        end as unit,

        cast(sum(quantity) as bigint) as quantity,
        cast(sum(case when meter = 'request' then quantity end) as bigint)
            as request_count,

        usage_date

    from meters
    where quantity > 0
    group by all

)

select * from meters_per_day

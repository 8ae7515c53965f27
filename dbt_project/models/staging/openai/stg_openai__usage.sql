with

usage as (

    select * from {{ source('openai', 'usage') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as usage_id,
        'openai' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,

        endpoint,
        project_id,
        api_key_id,
        user_id as principal_id,
        vector_store_id,

        model as provider_model_id,
        service_tier,
        api_source,
        size as image_size,
        source as image_source,
        context_level,

        num_model_requests as model_request_count,
        num_requests as tool_call_count,
        num_sessions as session_count,
        images as image_count,
        characters as character_count,
        seconds as audio_second_count,
        usage_bytes as stored_byte_count,
        input_tokens as input_token_count,
        input_uncached_tokens as input_uncached_token_count,
        input_cached_tokens as input_cached_token_count,
        input_cache_write_tokens as input_cache_write_token_count,
        input_cache_write_30m_tokens as input_cache_write_30m_token_count,
        input_cache_write_12h_tokens as input_cache_write_12h_token_count,
        input_text_tokens as input_uncached_text_token_count,
        input_audio_tokens as input_uncached_audio_token_count,
        input_image_tokens as input_uncached_image_token_count,
        input_cached_text_tokens as input_cached_text_token_count,
        input_cached_audio_tokens as input_cached_audio_token_count,
        input_cached_image_tokens as input_cached_image_token_count,
        output_tokens as output_token_count,
        output_text_tokens as output_text_token_count,
        output_audio_tokens as output_audio_token_count,
        output_image_tokens as output_image_token_count,

        batch as is_batch,

        cast(partition_key as date) as usage_date

    from usage

)

select * from renamed

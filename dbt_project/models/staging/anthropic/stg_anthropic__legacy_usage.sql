with

usage_rows as (

    select * from {{ source('anthropic', 'legacy_usage') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as usage_id,
        'anthropic' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,

        coalesce(workspace_id, 'default') as workspace_id,
        api_key_id,
        model as provider_model_id,

        service_tier,
        context_window as context_band,
        inference_geo as region,

        uncached_input_tokens as uncached_input_token_count,
        cache_read_input_tokens as cache_read_token_count,
        cache_creation_5m_input_tokens as cache_write_5m_token_count,
        cache_creation_1h_input_tokens as cache_write_1h_token_count,
        output_tokens as output_token_count,
        web_search_requests as web_search_request_count,

        cast(starting_at as date) as usage_date

    from usage_rows

)

select * from renamed

with

usage_rows as (

    select * from {{ ref('stg_anthropic__usage') }}
    union all by name
    select * from {{ ref('stg_anthropic__legacy_usage') }}

),

counts_per_key as (

    select
        vendor,
        source_name,
        scope,
        delivery_id,
        'provider' as observer,
        'Anthropic' as service_provider_name,
        scope as billing_account_id,
        workspace_id as provider_project_id,
        api_key_id as provider_credential_id,
        provider_model_id,
        service_tier,
        context_band,
        region,
        usage_date,

        -- named as the meters they become: the classes are disjoint
        cast(sum(uncached_input_token_count) as bigint) as input_uncached,
        cast(sum(cache_read_token_count) as bigint) as cache_read,
        cast(sum(cache_write_5m_token_count) as bigint) as cache_write_5m,
        cast(sum(cache_write_1h_token_count) as bigint) as cache_write_1h,
        cast(sum(output_token_count) as bigint) as output,
        cast(sum(web_search_request_count) as bigint) as web_search_request,
        cast(sum(request_count) as bigint) as request

    from usage_rows
    group by all

),

meters as (

    select *
    from counts_per_key
    unpivot (
        quantity for meter in (
            input_uncached,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            output,
            web_search_request,
            request
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
        billing_account_id,
        provider_project_id,
        provider_credential_id,
        provider_model_id,

        service_tier,
        context_band,
        region,
        meter,
        case
            when meter in ('request', 'web_search_request') then 'Requests'
            else 'Tokens'
        end as unit,

        quantity,
        case when meter = 'request' then quantity end as request_count,

        usage_date

    from meters
    where quantity > 0

)

select * from metered

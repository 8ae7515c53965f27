with

events as (

    select * from {{ ref('stg_cursor__usage_events') }}

),

-- named as the meters they become: the classes are disjoint
counts_per_key as (

    select
        vendor,
        source_name,
        scope,
        delivery_id,
        'tool' as observer,
        service_provider_name,
        scope as billing_account_id,
        principal_id,
        provider_model_id,
        billing_currency as estimated_cost_currency,
        charge_date as usage_date,

        cast(sum(input_uncached_token_count) as bigint) as input_uncached,
        cast(sum(cache_read_token_count) as bigint) as cache_read,
        cast(sum(cache_write_token_count) as bigint) as cache_write_other,
        cast(sum(output_token_count) as bigint) as output,
        cast(count(*) as bigint) as request,
        {{ total('list_cost') }} as worth

    from events
    group by all

),

meters as (

    select *
    from counts_per_key
    unpivot (
        quantity for meter in (
            input_uncached,
            cache_read,
            cache_write_other,
            output,
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
        principal_id,
        provider_model_id,

        meter,
        case when meter = 'request' then 'Requests' else 'Tokens' end as unit,
        case when meter = 'request' then estimated_cost_currency end
            as estimated_cost_currency,

        quantity,
        case when meter = 'request' then quantity end as request_count,
        case when meter = 'request' then worth end as estimated_cost,

        usage_date

    from meters
    where quantity > 0

)

select * from metered

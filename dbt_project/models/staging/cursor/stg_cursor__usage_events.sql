with

usage_events as (

    select * from {{ source('cursor', 'usage_events') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'cursor' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        user_email as principal_id,
        model as provider_model_id,
        kind as event_kind,
        {{ month_of('cast(partition_key as date)') }} as billing_period,
        'Cursor' as service_provider_name,
        currency as billing_currency,
        _unknown_columns as unknown_columns,

        input_tokens as input_uncached_token_count,
        cache_read_tokens as cache_read_token_count,
        cache_write_tokens as cache_write_token_count,
        output_tokens as output_token_count,
        request_units,
        -- No charge is said only of events that are not chargeable: the contract
        -- refuses the others.
        {{ money('coalesce(charged_cents, 0) * 0.01') }} as billed_cost,
        {{ money('coalesce(charged_cents, 0) * 0.01') }} as effective_cost,
        {{ money('(model_cents + coalesce(token_fee_cents, 0)) * 0.01') }} as list_cost,
        {{ money('coalesce(charged_cents, 0) * 0.01') }} as contracted_cost,

        is_max_mode,
        is_token_based_call,
        is_chargeable,
        is_free_bugbot,

        cast(partition_key as date) as charge_date,
        cast(cast(partition_key as date) as timestamp)
        + cast(event_milliseconds % 86400000 as integer) * interval 1 millisecond
            as occurred_at

    from usage_events

)

select * from renamed

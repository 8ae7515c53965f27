with

prices as (

    select * from {{ source('prices', 'genai_prices') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        catalogue_version,
        version_order,
        provider_id,
        model_id as catalogue_model_id,

        translate(lower(provider_name), ' .-_', '') as provider_key,
        provider_name,
        price_key,
        meter,
        service_tier,
        processing,
        speed,
        other_context,
        currency,
        time_from,
        time_to,

        context_from_tokens,
        context_to_tokens,
        unit_price,
        per as priced_unit_count,

        valid_from,
        valid_to,
        snapshot_date

    from prices

)

select * from renamed

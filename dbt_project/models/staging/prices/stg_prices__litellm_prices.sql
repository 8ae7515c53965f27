with

prices as (

    select * from {{ source('prices', 'litellm_prices') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        catalogue_version,
        version_order,
        provider_id,
        model_id as listed_model_id,
        -- Most providers' models are listed with the provider's name in front.
        case
            when starts_with(model_id, provider_id || '/')
                then substr(model_id, length(provider_id) + 2)
            else model_id
        end as catalogue_model_id,

        mode,
        price_key,
        meter,
        service_tier,
        processing,
        other_context,
        region,
        currency,

        context_from_tokens,
        context_to_tokens,
        unit_price,
        per as priced_unit_count,
        multiplier,

        has_off_peak_price,

        try_cast(deprecation_day as date) as deprecation_date,
        snapshot_date

    from prices

)

select * from renamed

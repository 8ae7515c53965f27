with

prices as (

    select * from {{ source('prices', 'contract_prices') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        contract_id,
        model_id as contract_model_id,

        translate(lower(provider), ' .-_', '') as provider_key,
        provider as provider_name,
        meter,
        coalesce(service_tier, 'standard') as service_tier,
        context_band,
        currency,

        -- 0-200k is from 0 to 200000, 200k- from there on, no band every band.
        coalesce(
            try_cast(
                replace(
                    replace(split_part(lower(context_band), '-', 1), 'k', '000'),
                    'm',
                    '000000'
                ) as bigint
            ),
            0
        ) as context_from_tokens,
        try_cast(
            replace(
                replace(split_part(lower(context_band), '-', 2), 'k', '000'),
                'm',
                '000000'
            ) as bigint
        ) as context_to_tokens,
        unit_price,
        per as priced_unit_count,

        valid_from,
        valid_to

    from prices

)

select * from renamed

with

list_prices as (

    select * from {{ ref('int_list_prices') }}

),

priced_models as (

    select * from {{ ref('int_priced_models') }}

),

-- What a catalogue itself says of a tier, not what we filled in.
catalogue_prices as (

    select * from list_prices
    where
        price_basis = 'catalogue'
        and coalesce(price_flags, '') not like '%standard_price_in_tier%'
        and coalesce(price_flags, '') not like '%variant_backdated%'

),

litellm_prices_now as (

    select * from catalogue_prices
    where catalogue = 'litellm' and valid_to = date '9999-12-31'

),

both_prices as (

    select
        litellm.catalogue_model_id as provider_model_id,
        genai.catalogue_model_id,

        genai.service_provider_name,
        litellm.meter,
        litellm.service_tier,
        greatest(genai.context_from_tokens, litellm.context_from_tokens)
            as context_from_tokens,
        -- Null is an open end, which least passes over.
        least(genai.context_to_tokens, litellm.context_to_tokens)
            as context_to_tokens,
        genai.currency,
        genai.catalogue_version as genai_prices_version,
        litellm.catalogue_version as litellm_version,

        genai.unit_price as genai_prices_unit_price,
        litellm.unit_price as litellm_unit_price,
        {{ money('litellm.unit_price - genai.unit_price') }} as difference,

        greatest(genai.snapshot_date, litellm.snapshot_date) as compared_on_date

    from litellm_prices_now as litellm

    -- Inner join: prices that one of the two does not know are no disagreement.
    inner join priced_models
        on
            litellm.provider_key = priced_models.provider_key
            and litellm.catalogue_model_id = priced_models.provider_model_id
            and priced_models.catalogue = 'genai-prices'
            and not priced_models.is_alias

    -- Inner join: as above. The day is the younger catalogue's.
    inner join catalogue_prices as genai
        on
            priced_models.catalogue = genai.catalogue
            and priced_models.provider_key = genai.provider_key
            and priced_models.catalogue_model_id = genai.catalogue_model_id
            and litellm.meter = genai.meter
            and litellm.service_tier = genai.service_tier
            and litellm.currency = genai.currency
            and greatest(genai.snapshot_date, litellm.snapshot_date)
            >= genai.valid_from
            and greatest(genai.snapshot_date, litellm.snapshot_date)
            < genai.valid_to

),

disagreements as (

    select
        service_provider_name,
        provider_model_id,
        catalogue_model_id,
        meter,
        service_tier,
        context_from_tokens,
        context_to_tokens,
        currency,
        genai_prices_unit_price,
        litellm_unit_price,
        difference,
        cast(litellm_unit_price / nullif(genai_prices_unit_price, 0) as decimal(18, 6))
            as litellm_to_genai_prices_ratio,
        genai_prices_version,
        litellm_version,
        compared_on_date
    from both_prices
    where
        (context_to_tokens is null or context_from_tokens < context_to_tokens)
        -- A price per hour has no exact price per second.
        and abs(difference) > 0.000001 * genai_prices_unit_price

)

select * from disagreements

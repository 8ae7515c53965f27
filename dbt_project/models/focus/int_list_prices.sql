with

catalogue_prices as (

    select * from {{ ref('int_catalogue_prices') }}

),

contract_prices as (

    select * from {{ ref('stg_prices__contract_prices') }}

),

standard_prices as (

    select * from catalogue_prices
    where service_tier = 'standard'

),

-- Variants (batch, tiers) are dated by the day on which genai-prices learned of
-- them. They hold before that day too, as long as the standard price beside
-- which they were listed did; further back nothing is known.
first_prices_of_variant as (

    select *
    from catalogue_prices
    where
        catalogue = 'genai-prices'
        and service_tier <> 'standard'
        and valid_from > date '1970-01-01'
    qualify
        row_number() over (
            partition by
                catalogue,
                provider_key,
                catalogue_model_id,
                meter,
                service_tier,
                context_from_tokens
            order by valid_from
        ) = 1

),

carried_back_prices as (

    select
        variants.* replace (
            concat_ws(', ', variants.price_flags, 'variant_backdated') as price_flags,
            greatest(
                variants.context_from_tokens,
                listed_beside.context_from_tokens,
                earlier.context_from_tokens
            ) as context_from_tokens,
            -- Null is an open end, which least passes over.
            least(
                variants.context_to_tokens,
                listed_beside.context_to_tokens,
                earlier.context_to_tokens
            ) as context_to_tokens,
            earlier.valid_from as valid_from,
            least(earlier.valid_to, variants.valid_from) as valid_to
        )

    from first_prices_of_variant as variants

    -- Inner join: without a standard price of its first day, a variant is not
    -- carried back.
    inner join standard_prices as listed_beside
        on
            variants.catalogue = listed_beside.catalogue
            and variants.provider_key = listed_beside.provider_key
            and variants.catalogue_model_id = listed_beside.catalogue_model_id
            and variants.meter = listed_beside.meter
            and variants.valid_from >= listed_beside.valid_from
            and variants.valid_from < listed_beside.valid_to

    -- Inner join: only days that had the same standard price.
    inner join standard_prices as earlier
        on
            variants.catalogue = earlier.catalogue
            and variants.provider_key = earlier.provider_key
            and variants.catalogue_model_id = earlier.catalogue_model_id
            and variants.meter = earlier.meter
            and listed_beside.unit_price = earlier.unit_price
            and variants.valid_from > earlier.valid_from

),

backdated_prices as (

    select * from carried_back_prices
    where context_to_tokens is null or context_from_tokens < context_to_tokens

),

tiers_of_model as (

    select
        catalogue,
        provider_key,
        catalogue_model_id,
        service_tier
    from catalogue_prices
    where service_tier <> 'standard'
    group by all

),

meters_of_tier as (

    select
        catalogue,
        provider_key,
        catalogue_model_id,
        service_tier,
        meter
    from catalogue_prices
    where service_tier <> 'standard'
    group by all

),

-- A tier's list says what differs: what it leaves out (searches, sometimes
-- cached tokens) costs what it costs else.
standard_prices_in_tier as (

    select
        standard_prices.* replace (
            tiers_of_model.service_tier as service_tier,
            concat_ws(', ', standard_prices.price_flags, 'standard_price_in_tier')
                as price_flags
        )

    from standard_prices

    -- Inner join: a model without the tier has no price in it.
    inner join tiers_of_model
        on
            standard_prices.catalogue = tiers_of_model.catalogue
            and standard_prices.provider_key = tiers_of_model.provider_key
            and standard_prices.catalogue_model_id = tiers_of_model.catalogue_model_id

    left join meters_of_tier
        on
            tiers_of_model.catalogue = meters_of_tier.catalogue
            and tiers_of_model.provider_key = meters_of_tier.provider_key
            and tiers_of_model.catalogue_model_id = meters_of_tier.catalogue_model_id
            and tiers_of_model.service_tier = meters_of_tier.service_tier
            and standard_prices.meter = meters_of_tier.meter

    where meters_of_tier.meter is null

),

agreed_prices as (

    select
        'contract' as catalogue,
        contract_id as catalogue_version,
        provider_key,
        provider_name as service_provider_name,
        contract_model_id as catalogue_model_id,
        meter,
        service_tier,
        currency,
        cast(null as varchar) as price_flags,

        context_from_tokens,
        context_to_tokens,
        unit_price,
        priced_unit_count,

        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        cast(null as date) as snapshot_date

    from contract_prices

),

prices as (

    select * from catalogue_prices
    union all
    select * from backdated_prices
    union all
    select * from standard_prices_in_tier
    union all
    select * from agreed_prices

),

prices_of_one_unit as (

    select
        concat_ws(
            '/',
            catalogue,
            catalogue_version,
            provider_key,
            catalogue_model_id,
            meter,
            service_tier,
            context_from_tokens,
            valid_from
        ) as price_id,

        case when catalogue = 'contract' then 'contract' else 'catalogue' end
            as price_basis,
        catalogue,
        catalogue_version,
        provider_key,
        service_provider_name,
        catalogue_model_id,
        meter,
        service_tier,
        currency,
        nullif(price_flags, '') as price_flags,

        context_from_tokens,
        context_to_tokens,
        -- A division would be a double. An hour has 3600 seconds.
        case priced_unit_count
            when 1 then unit_price
            when 1000 then {{ money('unit_price * 0.001') }}
            when 1000000 then {{ money('unit_price * 0.000001') }}
            when 3600
                then
                    {{ money(
                        'cast(unit_price as decimal(20, 12)) * 0.000277777777777778'
                    ) }}
        end as unit_price,

        valid_from,
        valid_to,
        snapshot_date

    from prices

)

select * from prices_of_one_unit

with

keys_to_price as (

    select * from {{ ref('int_keys_to_price') }}

),

priced_models as (

    select * from {{ ref('int_priced_models') }}

),

list_prices as (

    select * from {{ ref('int_list_prices') }}

),

genai_prices as (

    select * from {{ ref('stg_prices__genai_prices') }}

),

litellm_prices as (

    select * from {{ ref('stg_prices__litellm_prices') }}

),

keys_read as (

    select
        *,

        md5(
            concat_ws(
                '|',
                service_provider_name,
                provider_model_id,
                meter,
                coalesce(service_tier, '-'),
                coalesce(context_band, '-'),
                coalesce(region, '-')
            )
        ) as usage_key_id,
        translate(lower(service_provider_name), ' .-_', '') as provider_key,
        coalesce(service_tier, 'standard') as priced_service_tier,
        -- The default lifetime of a cache entry is five minutes.
        case when meter = 'cache_write_other' then 'cache_write_5m' else meter end
            as priced_meter,
        try_cast(
            replace(
                replace(split_part(lower(context_band), '-', 1), 'k', '000'),
                'm',
                '000000'
            ) as bigint
        ) as context_from_tokens,
        try_cast(
            replace(
                replace(split_part(lower(context_band), '-', 2), 'k', '000'),
                'm',
                '000000'
            ) as bigint
        ) as context_to_tokens

    from keys_to_price

),

keys_with_model as (

    select
        keys_read.*,
        priced_models.catalogue,
        priced_models.catalogue_model_id,
        priced_models.litellm_model_id,
        priced_models.is_alias

    from keys_read

    left join priced_models
        on
            keys_read.provider_key = priced_models.provider_key
            and keys_read.provider_model_id = priced_models.provider_model_id

),

-- The newest word on what a region costs more; the catalogue does not date it.
regional_multipliers as (

    select
        provider_id as provider_key,
        catalogue_model_id,
        region,
        cast(multiplier as decimal(6, 4)) as multiplier
    from litellm_prices
    where multiplier is not null
    qualify
        row_number() over (
            partition by provider_id, catalogue_model_id, region
            order by version_order desc, source_name asc, scope asc
        ) = 1

),

models_with_regional_price as (

    select
        provider_key,
        catalogue_model_id
    from regional_multipliers
    group by all

),

-- Some models cost more at another speed, and no report that we read says the speed.
models_with_speed_price as (

    select
        provider_key,
        catalogue_model_id
    from genai_prices
    where speed is not null
    group by all

),

-- A price fits when its band holds the whole band of the usage. Usage without a
-- band takes the lowest one: long context is decided per request, never on a sum.
-- A contract goes before a catalogue, the narrower band before the wider.
prices_that_fit as (

    select
        keys_with_model.*,
        list_prices.price_id,
        list_prices.price_basis,
        list_prices.currency,
        list_prices.unit_price,
        list_prices.price_flags,
        list_prices.context_from_tokens as priced_context_from_tokens,
        list_prices.context_to_tokens as priced_context_to_tokens,
        list_prices.valid_from,
        list_prices.valid_to,

        row_number() over (
            partition by keys_with_model.usage_key_id
            order by
                case list_prices.price_basis when 'contract' then 1 else 2 end asc,
                list_prices.context_from_tokens desc,
                list_prices.valid_from desc,
                list_prices.price_id asc
        ) as preference

    from keys_with_model

    -- Inner join: what has no price has no row; usage_meters counts it.
    inner join list_prices
        on
            keys_with_model.provider_key = list_prices.provider_key
            and keys_with_model.priced_meter = list_prices.meter
            and keys_with_model.priced_service_tier = list_prices.service_tier
            and (
                (
                    keys_with_model.catalogue = list_prices.catalogue
                    and keys_with_model.catalogue_model_id
                    = list_prices.catalogue_model_id
                )
                or (
                    list_prices.price_basis = 'contract'
                    and lower(list_prices.catalogue_model_id) in (
                        lower(keys_with_model.provider_model_id),
                        lower(keys_with_model.catalogue_model_id)
                    )
                )
            )
            and (
                (
                    keys_with_model.context_from_tokens is null
                    and list_prices.context_from_tokens = 0
                )
                or (
                    keys_with_model.context_from_tokens
                    >= list_prices.context_from_tokens
                    and (
                        list_prices.context_to_tokens is null
                        or keys_with_model.context_to_tokens
                        <= list_prices.context_to_tokens
                    )
                )
            )

),

days_of_change as (

    select
        usage_key_id,
        valid_from as change_date
    from prices_that_fit
    union
    select
        usage_key_id,
        valid_to as change_date
    from prices_that_fit

),

spans as (

    select
        usage_key_id,
        change_date as span_from,
        lead(change_date) over (
            partition by usage_key_id
            order by change_date
        ) as span_to
    from days_of_change

),

prices_of_spans as (

    select
        prices_that_fit.* exclude (valid_from, valid_to),
        spans.span_from as valid_from,
        spans.span_to as valid_to

    from spans

    -- Inner join: in a span between two prices there is none.
    inner join prices_that_fit
        on
            spans.usage_key_id = prices_that_fit.usage_key_id
            and spans.span_from >= prices_that_fit.valid_from
            and spans.span_to <= prices_that_fit.valid_to

),

-- A region or a speed makes tokens dearer, no searches; a contract has said all.
prices_of_tokens as (

    select
        *,
        case
            when
                price_basis = 'catalogue'
                and (
                    meter like 'input%'
                    or meter like 'cache%'
                    or meter like 'output%'
                )
                then coalesce(litellm_model_id, catalogue_model_id)
        end as dearer_model_id
    from prices_of_spans

),

prices_with_region as (

    select
        prices.*,

        multipliers.multiplier,

        prices.region is null
        and models_with_regional_price.catalogue_model_id is not null
            as is_region_unknown,
        prices.priced_service_tier = 'standard'
        and models_with_speed_price.catalogue_model_id is not null
            as is_speed_unknown

    from prices_of_tokens as prices

    left join regional_multipliers as multipliers
        on
            prices.dearer_model_id = multipliers.catalogue_model_id
            and prices.provider_key = multipliers.provider_key
            and lower(prices.region) = multipliers.region

    left join models_with_regional_price
        on
            prices.dearer_model_id = models_with_regional_price.catalogue_model_id
            and prices.provider_key = models_with_regional_price.provider_key

    left join models_with_speed_price
        on
            prices.dearer_model_id is not null
            and prices.provider_key = models_with_speed_price.provider_key
            and prices.catalogue_model_id = models_with_speed_price.catalogue_model_id

),

regional_prices as (

    select
        * exclude (price_flags, unit_price),

        concat_ws(
            ', ',
            price_flags,
            case when is_alias then 'model_by_alias' end,
            case when service_tier is null then 'service_tier_unknown' end,
            case
                when
                    context_from_tokens is null
                    and priced_context_to_tokens is not null
                    then 'context_band_unknown'
            end,
            case when meter = 'cache_write_other' then 'cache_lifetime_unknown' end,
            case when multiplier is not null then 'regional_uplift' end,
            case when is_region_unknown then 'region_unknown' end,
            case when is_speed_unknown then 'speed_unknown' end
        ) as price_flags,

        case
            when multiplier is null then unit_price
            else {{ money('cast(unit_price as decimal(30, 18)) * multiplier') }}
        end as unit_price

    from prices_with_region

),

prices_in_force as (

    select *
    from regional_prices
    qualify
        row_number() over (
            partition by usage_key_id, valid_from
            order by preference
        ) = 1

),

-- What everybody pays, also where a contract says what we pay.
public_prices_in_force as (

    select *
    from regional_prices
    where price_basis = 'catalogue'
    qualify
        row_number() over (
            partition by usage_key_id, valid_from
            order by preference
        ) = 1

),

model_prices as (

    select
        prices.service_provider_name,
        prices.provider_model_id,
        prices.meter,
        prices.service_tier,
        prices.context_band,
        prices.region,

        prices.price_id,
        public_prices.price_id as list_price_id,
        prices.price_basis,
        prices.currency,
        public_prices.currency as list_currency,
        prices.price_flags,
        public_prices.price_flags as list_price_flags,

        prices.unit_price,
        public_prices.unit_price as list_unit_price,
        public_prices.priced_context_from_tokens as list_context_from_tokens,

        prices.valid_from,
        prices.valid_to

    from prices_in_force as prices

    left join public_prices_in_force as public_prices
        on
            prices.usage_key_id = public_prices.usage_key_id
            and prices.valid_from = public_prices.valid_from

)

select * from model_prices

with

usage as (

    select * from {{ ref('int_usage_rollup') }}

),

priced_models as (

    select * from {{ ref('int_priced_models') }}

),

list_prices as (

    select * from {{ ref('int_list_prices') }}

),

litellm_prices as (

    select * from {{ ref('stg_prices__litellm_prices') }}

),

keys_used as (

    select
        service_provider_name,
        provider_model_id,
        meter,
        service_tier,
        context_band,
        region
    from usage
    where service_provider_name is not null and provider_model_id is not null
    group by all

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

    from keys_used

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

prices_in_force as (

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

    qualify
        row_number() over (
            partition by spans.usage_key_id, spans.span_from
            order by prices_that_fit.preference
        ) = 1

),

prices_with_region as (

    select
        prices.*,

        -- A region makes tokens dearer, no searches; a contract has said all.
        case
            when
                prices.price_basis = 'catalogue'
                and (
                    prices.meter like 'input%'
                    or prices.meter like 'cache%'
                    or prices.meter like 'output%'
                )
                then multipliers.multiplier
        end as multiplier

    from prices_in_force as prices

    left join regional_multipliers as multipliers
        on
            prices.provider_key = multipliers.provider_key
            and coalesce(prices.litellm_model_id, prices.catalogue_model_id)
            = multipliers.catalogue_model_id
            and lower(prices.region) = multipliers.region

),

model_prices as (

    select
        service_provider_name,
        provider_model_id,
        meter,
        service_tier,
        context_band,
        region,

        price_id,
        price_basis,
        currency,
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
            case when multiplier is not null then 'regional_uplift' end
        ) as price_flags,

        case
            when multiplier is null then unit_price
            else {{ money('cast(unit_price as decimal(30, 18)) * multiplier') }}
        end as unit_price,

        valid_from,
        valid_to

    from prices_with_region

)

select * from model_prices

with

-- What a cloud asks depends on region and kind of deployment, which these
-- catalogues do not know: its bill says the list price.
genai_prices as (

    select * from {{ ref('stg_prices__genai_prices') }}
    where provider_id not in ('aws', 'azure')

),

litellm_prices as (

    select * from {{ ref('stg_prices__litellm_prices') }}

),

-- A version keeps its own history, so the newest that knows a model tells all
-- of it.
genai_newest_of_model as (

    select
        *,

        -- Hours are left out: a day's usage does not say when it was.
        bool_or(time_from is not null)
            over (partition by provider_id, catalogue_model_id)
            as has_time_of_day_price

    from genai_prices
    qualify
        dense_rank() over (
            partition by provider_id, catalogue_model_id
            order by version_order desc, source_name asc, scope asc
        ) = 1

),

genai_in_one_shape as (

    select
        'genai-prices' as catalogue,
        catalogue_version,
        provider_key,
        provider_name as service_provider_name,
        catalogue_model_id,
        meter,
        coalesce(processing, speed, service_tier, 'standard') as service_tier,
        currency,
        case when has_time_of_day_price then 'time_of_day_price_left_out' end
            as price_flags,

        context_from_tokens,
        context_to_tokens,
        unit_price,
        priced_unit_count,

        coalesce(valid_from, date '1970-01-01') as valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        snapshot_date

    from genai_newest_of_model
    where
        meter is not null
        and time_from is null
        and other_context is null
        -- Two conditions on one request: no tier of ours.
        and 1 >= (
            case when processing is not null then 1 else 0 end
            + case when speed is not null then 1 else 0 end
            + case when service_tier is not null then 1 else 0 end
        )

),

-- The sellers of direct APIs by our names. Others are clouds and resellers.
litellm_with_seller as (

    select
        *,
        case provider_id
            when 'openai' then 'OpenAI'
            when 'anthropic' then 'Anthropic'
            when 'gemini' then 'Google'
            when 'mistral' then 'Mistral'
            when 'xai' then 'X AI'
            when 'deepseek' then 'Deepseek'
            when 'cohere' then 'Cohere'
            when 'cohere_chat' then 'Cohere'
            when 'groq' then 'Groq'
            when 'cerebras' then 'Cerebras'
            when 'perplexity' then 'Perplexity'
            when 'together_ai' then 'Together AI'
            when 'fireworks_ai' then 'Fireworks'
            when 'moonshot' then 'MoonshotAi'
            when 'minimax' then 'MiniMax'
            when 'zai' then 'Z.AI'
            when 'voyage' then 'Voyage AI'
            when 'elevenlabs' then 'ElevenLabs'
            when 'deepgram' then 'Deepgram'
            when 'openrouter' then 'OpenRouter'
        end as provider_name
    from litellm_prices

),

litellm_of_our_sellers as (

    select
        *,
        translate(lower(provider_name), ' .-_', '') as provider_key
    from litellm_with_seller
    where
        provider_name is not null
        and meter is not null
        and unit_price is not null
        and other_context is null

),

-- A model that is listed twice in one version counts once.
litellm_without_twins as (

    select *
    from litellm_of_our_sellers
    qualify
        dense_rank() over (
            partition by provider_key, catalogue_model_id, version_order
            order by source_name, scope, listed_model_id
        ) = 1

),

-- A version has no history: it holds from the day on which we first read it,
-- the first one since ever.
litellm_versions as (

    select
        provider_key,
        catalogue_model_id,
        version_order,
        min(snapshot_date) as first_snapshot_date
    from litellm_without_twins
    group by all

),

litellm_version_validity as (

    select
        provider_key,
        catalogue_model_id,
        version_order,

        case
            when lag(version_order) over versions_of_model is null
                then date '1970-01-01'
            else first_snapshot_date
        end as valid_from,
        coalesce(
            lead(first_snapshot_date) over versions_of_model, date '9999-12-31'
        ) as valid_to

    from litellm_versions
    window
        versions_of_model as (
            partition by provider_key, catalogue_model_id
            order by version_order
        )

),

litellm_in_one_shape as (

    select
        'litellm' as catalogue,
        prices.catalogue_version,
        prices.provider_key,
        prices.provider_name as service_provider_name,
        prices.catalogue_model_id,
        prices.meter,
        coalesce(prices.processing, prices.service_tier, 'standard') as service_tier,
        prices.currency,
        concat_ws(
            ', ',
            'no_price_history',
            case when prices.has_off_peak_price then 'time_of_day_price_left_out' end
        ) as price_flags,

        prices.context_from_tokens,
        prices.context_to_tokens,
        prices.unit_price,
        prices.priced_unit_count,

        validity.valid_from,
        validity.valid_to,
        prices.snapshot_date

    from litellm_without_twins as prices

    -- Inner join: every model and version of the left side is on the right.
    inner join litellm_version_validity as validity
        on
            prices.provider_key = validity.provider_key
            and prices.catalogue_model_id = validity.catalogue_model_id
            and prices.version_order = validity.version_order

    where validity.valid_from < validity.valid_to

),

prices as (

    select * from genai_in_one_shape
    union all
    select * from litellm_in_one_shape

)

select * from prices

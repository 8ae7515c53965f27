with

keys_to_price as (

    select * from {{ ref('int_keys_to_price') }}

),

litellm_prices as (

    select * from {{ ref('int_catalogue_prices') }}
    where catalogue = 'litellm'

),

genai_models as (

    select * from {{ ref('stg_prices__genai_models') }}
    where provider_id not in ('aws', 'azure')

),

model_aliases as (

    select * from {{ ref('model_aliases') }}

),

litellm_models as (

    select
        provider_key,
        catalogue_model_id
    from litellm_prices
    group by all

),

models_used as (

    select
        translate(lower(service_provider_name), ' .-_', '') as provider_key,
        provider_model_id
    from keys_to_price
    group by all

),

-- LiteLLM's own ids too, so that the two catalogues can be compared.
models_to_find as (

    select * from models_used
    union
    select
        provider_key,
        catalogue_model_id as provider_model_id
    from litellm_models

),

-- What people say a model is comes second: a catalogue may list both ids.
model_references as (

    select
        provider_key,
        provider_model_id,
        lower(provider_model_id) as model_reference,
        false as is_alias
    from models_to_find
    union all
    select
        models_to_find.provider_key,
        models_to_find.provider_model_id,
        lower(model_aliases.model_id) as model_reference,
        true as is_alias

    from models_to_find

    -- Inner join: an alias only adds a second way to find a model.
    inner join model_aliases
        on models_to_find.provider_model_id = model_aliases.provider_model_id

    where model_aliases.model_id <> model_aliases.provider_model_id

),

genai_newest_of_model as (

    select *
    from genai_models
    qualify
        dense_rank() over (
            partition by provider_id, catalogue_model_id
            order by version_order desc, source_name asc, scope asc
        ) = 1

),

found_in_genai as (

    select
        model_references.provider_key,
        model_references.provider_model_id,
        model_references.is_alias,
        genai.catalogue_model_id

    from model_references

    -- Inner join: a model that is not found has no row, and its usage no price.
    inner join genai_newest_of_model as genai
        on
            model_references.provider_key = genai.provider_key
            and {{ matches_pattern(
                'model_references.model_reference', 'genai.match_pattern'
            ) }}
            and (
                genai.also_match_pattern is null
                or {{ matches_pattern(
                    'model_references.model_reference', 'genai.also_match_pattern'
                ) }}
            )
            and (
                genai.except_pattern is null
                or not {{ matches_pattern(
                    'model_references.model_reference', 'genai.except_pattern'
                ) }}
            )

    -- A provider's models are tried in their order; the first match is the model.
    qualify
        row_number() over (
            partition by
                model_references.provider_key, model_references.provider_model_id
            order by
                model_references.is_alias asc,
                genai.version_order desc,
                genai.model_position asc,
                genai.alternative_number asc
        ) = 1

),

found_in_litellm as (

    select
        model_references.provider_key,
        model_references.provider_model_id,
        model_references.is_alias,
        litellm_models.catalogue_model_id

    from model_references

    -- Inner join: a model that is not found has no row, and its usage no price.
    inner join litellm_models
        on
            model_references.provider_key = litellm_models.provider_key
            and model_references.model_reference
            = lower(litellm_models.catalogue_model_id)

    qualify
        row_number() over (
            partition by
                model_references.provider_key, model_references.provider_model_id
            order by model_references.is_alias, litellm_models.catalogue_model_id
        ) = 1

),

found_models as (

    select
        models_to_find.provider_key,
        models_to_find.provider_model_id,

        -- LiteLLM prices what genai-prices does not know.
        case
            when genai.catalogue_model_id is not null then 'genai-prices'
            when litellm.catalogue_model_id is not null then 'litellm'
        end as catalogue,
        coalesce(genai.catalogue_model_id, litellm.catalogue_model_id)
            as catalogue_model_id,
        litellm.catalogue_model_id as litellm_model_id,

        coalesce(genai.is_alias, litellm.is_alias) as is_alias

    from models_to_find

    left join found_in_genai as genai
        on
            models_to_find.provider_key = genai.provider_key
            and models_to_find.provider_model_id = genai.provider_model_id

    left join found_in_litellm as litellm
        on
            models_to_find.provider_key = litellm.provider_key
            and models_to_find.provider_model_id = litellm.provider_model_id

)

select * from found_models

{#- The words of a Gemini model. No other word is taken for a part of its name. -#}
{%- set gemini = "gemini [0-9]+(?:[.][0-9]+)? (?:pro|flash|ultra|nano)"
    ~ "(?: lite| live| tts| cyber)*(?: image)?" -%}
{%- set modality = "text|image|audio|video" -%}
{#- Vertex AI: "Gemini 2.5 Flash GA Text Input (Long) Priority - Batch Predictions",
    "Gemini 2.5 Flash Input Text Caching Storage". -#}
{%- set of_vertex = "'^(" ~ gemini ~ ")( preview)?( ga)?( global| regional)?"
    ~ "(?: thinking)?(?: (" ~ modality ~ "))?(?: [(]av2a[)])? (input|output)"
    ~ "(?: (" ~ modality ~ "))?( caching)?( storage)?"
    ~ "((?: [(](?:long|long & standard|thinking on|thinking off)[)])*)"
    ~ "(?: (priority|flex|batch|offpeak))?(?: -( batch)? predictions)?$'" -%}
{#- Gemini API: "Generate content cached input token count gemini 2.5 pro long input
    text batch". -#}
{%- set of_gemini_api = "'^generate content( cached)?(?: (" ~ modality ~ "))? "
    ~ "(input|output) token count (?:for )?(" ~ gemini ~ ")( preview)?"
    ~ "(?: (short|long))?(?: input)?(?: (" ~ modality ~ "))?"
    ~ "(?: (batch|flex|priority))?( caching)?$'" -%}
{#- Models of others: "Claude Opus 4.6 Cache Read Input Tokens (Long)". -#}
{%- set of_partners = "'^(?:cloud vertex ai model garden model as a service "
    ~ "|ai dev tools: )?((?:claude|llama|mistral|codestral|deepseek|qwen|gemma|grok|kimi"
    ~ "|glm|gpt-oss|minimax)[a-z0-9. -]*?)( cache read| cache write)? (input|output)"
    ~ " tokens?( [(]long[)])?( batch)?$'" -%}
{%- set of_tuning = "'^(" ~ gemini ~ ")( preview)?( ga)? (?:supervised )?tuning$'" -%}
{%- set of_throughput =
    "'^(?:(" ~ gemini ~ ")( preview)?( ga)? )?(provisioned throughput)'" -%}
{%- set names_a_model =
    "'gemini|claude|llama|mistral|deepseek|qwen|gemma|imagen|veo|token'" -%}
with

google_charges as (

    select * from {{ ref('stg_gcp__detailed_usage') }}

),

focus_charges_of_google as (

    select * from {{ ref('stg_focus__charges') }}
    where coalesce(service_provider_name, provider_name) = 'Google Cloud'

),

named as (

    select
        sku_description,
        usage_unit
    from google_charges

    union all

    select
        charge_description as sku_description,
        consumed_unit as usage_unit
    from focus_charges_of_google

),

names as (

    select
        sku_description,
        usage_unit,
        trim(regexp_replace(
            replace(lower(sku_description), '_', ' '), '[ ]+', ' ', 'g'
        )) as words
    from named
    where sku_description is not null
    group by all

),

matched as (

    select
        *,
        regexp_extract(words, {{ of_vertex }}, [
            'model', 'preview', 'ga', 'scope', 'modality', 'direction',
            'modality_behind', 'cache', 'storage', 'notes', 'tier', 'batch'
        ]) as vertex,
        regexp_extract(words, {{ of_gemini_api }}, [
            'cache', 'modality', 'direction', 'model', 'preview', 'length',
            'modality_behind', 'tier', 'cache_behind'
        ]) as gemini_api,
        regexp_extract(words, {{ of_partners }}, [
            'model', 'cache', 'direction', 'notes', 'batch'
        ]) as partner,
        regexp_extract(words, {{ of_tuning }}, ['model', 'preview', 'ga']) as tuning,
        regexp_extract(words, {{ of_throughput }}, [
            'model', 'preview', 'ga', 'kind'
        ]) as throughput
    from names

),

-- A name is of one form at most, so the others add nothing.
parts as (

    select
        sku_description,
        usage_unit,
        words,
        concat(
            vertex['model'], gemini_api['model'], partner['model'], tuning['model'],
            throughput['model']
        ) as model_words,
        concat(vertex['direction'], gemini_api['direction'], partner['direction'])
            as direction,
        concat(
            vertex['modality'], vertex['modality_behind'],
            gemini_api['modality'], gemini_api['modality_behind']
        ) as modality,
        concat(
            vertex['cache'], gemini_api['cache'], gemini_api['cache_behind'],
            partner['cache']
        ) as cache_words,
        concat(vertex['tier'], gemini_api['tier']) as tier,
        trim(vertex['scope']) as scope,
        concat(vertex['notes'], partner['notes']) like '%(long)%'
        or gemini_api['length'] = 'long' as is_long,
        concat(vertex['batch'], partner['batch']) <> '' as is_batch,
        vertex['storage'] <> '' as is_storage,
        tuning['model'] <> '' as is_tuning,
        throughput['kind'] <> '' as is_throughput,
        concat(
            vertex['preview'], gemini_api['preview'], tuning['preview'],
            throughput['preview']
        ) <> '' as is_preview,
        concat(vertex['ga'], tuning['ga'], throughput['ga']) <> '' as is_ga
    from matched

),

-- "Gemini 2.5 Flash Image Input" is an image into Flash, or anything into Flash Image.
readable as (

    select
        *,
        model_words like '% image' and modality = '' and direction <> ''
        and not is_preview and not is_ga and scope = '' as is_ambiguous,
        case modality
            when '' then ''
            when 'text' then ''
            when 'image' then 'Image '
            when 'audio' then 'Audio '
            when 'video' then 'Video '
        end as modality_word
    from parts

),

meters as (

    select
        sku_description,
        usage_unit,

        case
            when model_words <> '' and not is_ambiguous then concat(
                replace(model_words, ' ', '-'),
                case when is_preview then '-preview' end
            )
        end as provider_model_id,
        case
            when is_ambiguous then null
            when is_storage then 'Cache Storage'
            when is_tuning then 'Training Tokens'
            when is_throughput then 'Provisioned Throughput'
            when direction <> '' and usage_unit = 'k{char}' then 'Characters'
            when direction = 'input' and cache_words = ' cache write'
                then 'Cache Write Input Tokens'
            when direction = 'input' and cache_words <> ''
                then 'Cache Read Input ' || modality_word || 'Tokens'
            when direction = 'input' then 'Input ' || modality_word || 'Tokens'
            when direction = 'output' then 'Output ' || modality_word || 'Tokens'
            when words like 'grounding with google search%' then 'Web Search Calls'
        end as metered_as,
        case
            when is_ambiguous then null
            when is_throughput then 'provisioned'
            when is_batch then 'batch'
            when tier <> '' then tier
            when direction <> '' and not is_storage then 'standard'
        end as service_tier,
        case when is_long and not is_ambiguous then '200k-' end as context_band,
        case scope when 'global' then 'Global' when 'regional' then 'Regional' end
            as serving_scope,
        case when is_preview then 'Preview' when is_ga then 'GA' end as release_stage,

        case
            when
                lower(usage_unit) = 'count' and not is_ambiguous and not is_storage
                and (direction <> '' or is_tuning)
                then 1
        end as tokens_per_unit,

        regexp_matches(words, {{ names_a_model }}) as has_model_in_name

    from readable

)

select * from meters

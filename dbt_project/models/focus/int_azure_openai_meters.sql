{#- Groups: 1 the number, 2 thousands or millions of it. -#}
{%- set unit_form = "'(?i)^([0-9]{0,7}) ?([KM]?)( ?(tokens?|units?))?$'" -%}
with

actual_costs as (

    select * from {{ ref('stg_azure__actual_costs') }}

),

focus_charges as (

    select * from {{ ref('stg_focus__charges') }}

),

vocabulary as (

    select * from {{ ref('azure_meter_words') }}

),

meters_of_actual_costs as (

    select
        meter_category,
        meter_subcategory,
        meter_name,
        unit_of_measure as unit
    from actual_costs
    group by all

),

meters_of_focus as (

    select
        {{ json_text('unknown_columns', 'x_SkuMeterCategory') }} as meter_category,
        {{ json_text('unknown_columns', 'x_SkuMeterSubcategory') }}
            as meter_subcategory,
        coalesce(sku_meter, {{ json_text('unknown_columns', 'x_SkuMeterName') }})
            as meter_name,
        coalesce(consumed_unit, pricing_unit) as unit
    from focus_charges
    where unknown_columns like '%"x_SkuMeterSubcategory"%'
    group by all

),

billed_meters as (

    select * from meters_of_actual_costs
    union all
    select * from meters_of_focus

),

-- Only the meters of models. These categories hold nothing else; in a wider one
-- (Cognitive Services) the subcategory names the family.
model_meters as (

    select
        meter_subcategory,
        meter_name,
        unit,
        coalesce(lower(meter_subcategory), '') as product_family
    from billed_meters
    where
        meter_name is not null
        and (
            meter_category in ('Azure OpenAI', 'Azure OpenAI Service', 'Foundry Models')
            or {{ matches_pattern(
                'lower(meter_subcategory)',
                "'^azure (openai|deepseek|fireworks|grok|kimi|llama|mistral)|^cohere'"
            ) }}
        )
    group by all

),

-- The length and size of a video are no words of its model.
names_without_sizes as (

    select
        *,
        {{ replaced('meter_name', "'\\b([0-9]+-[0-9]+s|[0-9]+p)\\b'", "''") }}
            as sizeless_name
    from model_meters

),

-- LongCo is long co, mini0718 is mini 0718.
split_names as (

    select
        *,
        lower({{ replaced(
            "translate(sizeless_name, '-_/', '   ')", "'([a-z])([A-Z])'", "'\\1 \\2'"
        ) }}) as split_name
    from names_without_sizes

),

spaced_names as (

    select
        *,
        {{ replaced('split_name', "'([a-z]{3})([0-9])'", "'\\1 \\2'") }} as spaced_name
    from split_names

),

-- What is one word though it is written as several.
joined_names as (

    select
        * exclude (sizeless_name, split_name, spaced_name),
        {{ replaced(
            "replace(spaced_name, 'text to speech', 'tts')",
            "'\\b(deep|mini) (seek|max)'", "'\\1\\2'"
        ) }} as plain_name
    from spaced_names

),

word_rows as (

    {{ word_rows('joined_names', 'plain_name') }}

),

-- A number, with or without a letter, is a version, a size or a date of a model.
understood_words as (

    select
        word_rows.*,
        coalesce(
            vocabulary.says,
            case
                when {{ matches_pattern(
                    'word_rows.word',
                    "'^([0-9]+([.][0-9]+)?[a-z]?|[kmorv][0-9]+([.][0-9]+)?)$'"
                ) }} then 'model'
                when
                    word_rows.word = 'l' and word_rows.product_family like '%grok%'
                    then 'long context'
                else 'unknown'
            end
        ) as says,
        coalesce(nullif(vocabulary.reads_as, ''), word_rows.word) as reads_as

    from word_rows

    left join vocabulary
        on word_rows.word = vocabulary.word

    where word_rows.word <> ''

),

-- Where a model's own words speak of audio, image or text, the first time is its name:
-- gpt img 1 inp img is the image input of gpt-image-1. One that listens and speaks has
-- them as what goes in and out.
words_in_their_name as (

    select
        *,
        bool_or(says = 'speaking') over (
            partition by meter_subcategory, meter_name, unit
        ) as is_speaking,
        bool_or(reads_as = 'embedding') over (
            partition by meter_subcategory, meter_name, unit
        ) as is_embedding,
        row_number() over (
            partition by meter_subcategory, meter_name, unit, says
            order by word_number
        ) as nth_time
    from understood_words

),

model_words as (

    select
        *,
        case
            when says = 'model' then true
            when says in ('audio', 'image')
                then
                    nth_time = 1
                    and not is_speaking
                    and product_family not like '%cohere%'
            when says = 'text' then is_embedding and word = 'text'
            else false
        end as is_of_model
    from words_in_their_name

),

sayings as (

    select
        meter_subcategory,
        meter_name,
        unit,
        product_family,

        string_agg(reads_as, '-' order by word_number) filter (where is_of_model)
            as model_words,
        -- file search calls count calls, and file search gb does gigabytes.
        max_by(reads_as, word_number) filter (where says = 'counted') as counted,

        bool_or(says = 'global') as says_global,
        bool_or(says = 'data zone') as says_data_zone,
        bool_or(says = 'regional') as says_regional,
        bool_or(says = 'batch') as says_batch,
        bool_or(says = 'priority') as says_priority,
        bool_or(says = 'short context') as says_short,
        bool_or(says = 'long context') as says_long,
        bool_or(says = 'input') as says_input,
        bool_or(says = 'output') as says_output,
        bool_or(says = 'cached') as says_cached,
        bool_or(says = 'written') as says_written,
        bool_or(says = 'fine-tuned') as says_tuned,
        bool_or(says = 'training') as says_training,
        bool_or(says = 'hosting') as says_hosting,
        bool_or(says = 'grader') as says_grader,
        bool_or(says = 'text' and not is_of_model) as says_text,
        bool_or(says = 'audio') as says_audio,
        bool_or(says = 'image') as says_image,
        bool_or(says = 'tokens') as says_tokens,
        bool_or(says = 'speaking') as says_speaking,
        bool_or(says = 'provisioned') as says_provisioned,
        bool_or(says = 'months') and not bool_or(says = 'hours') as says_months,
        bool_or(is_embedding) or bool_or(reads_as = 'embed') as is_embedding,
        bool_or(says = 'unknown') as has_unknown_word

    from model_words
    group by meter_subcategory, meter_name, unit, product_family

),

families as (

    select
        *,
        case
            when product_family like '%deepseek%' and model_words not like 'mai%'
                then 'deepseek'
            when product_family like '%grok%' then 'grok'
            when product_family like '%kimi%' then 'kimi'
            when product_family like '%llama%' then 'llama'
            when
                product_family like '%mistral%'
                and {{ matches_pattern('model_words', "'^(ministral|codestral)'") }}
                then null
            when product_family like '%mistral%' then 'mistral'
            when product_family like '%cohere%' then 'cohere'
            when product_family like '%oss%' then 'gpt-oss'
            when {{ matches_pattern('model_words', "'^oss'") }} then 'gpt'
            when {{ matches_pattern('model_words', "'^[0-9]'") }} then 'gpt'
        end as model_prefix,
        case
            when says_text then ''
            when says_audio then 'Audio '
            when says_image then 'Image '
            else ''
        end as modality_word
    from sayings

),

kinds as (

    select
        *,
        case
            when model_words is null then null
            when model_words like model_prefix || '%' then model_words
            -- gpt-oss-20b is written oss 20b, and in its own family 20b.
            when model_prefix = 'gpt-oss' and model_words like 'oss%'
                then 'gpt-' || model_words
            else concat_ws('-', model_prefix, model_words)
        end as model_name,
        case
            when says_provisioned and says_months
                then 'Provisioned Throughput Unit Months'
            when says_provisioned then 'Provisioned Throughput Unit Hours'
            when says_hosting then 'Fine-Tuning Hosting Hours'
            when says_training and not says_tokens then 'Fine-Tuning Training Hours'
            -- Input, output and hosting of a tuned model have meters of their own.
            when says_tokens and says_tuned and not (says_input or says_output)
                then 'Fine-Tuning Training Tokens'
            when says_tokens and says_cached and says_written
                then concat('Cache Write Input ', modality_word, 'Tokens')
            when says_tokens and says_cached
                then concat('Cache Read Input ', modality_word, 'Tokens')
            when says_tokens and says_output
                then concat('Output ', modality_word, 'Tokens')
            when says_tokens and (says_input or is_embedding)
                then concat('Input ', modality_word, 'Tokens')
            -- Old models have one price for what goes in and out.
            when says_tokens then 'Tokens'
            when counted is not null then counted
            when says_speaking then 'Audio Hours'
        end as kind
    from families

),

judged as (

    select
        *,
        case
            when has_unknown_word then 'a word that is not in azure_meter_words'
            when kind is null then 'nothing says what is metered'
            when model_name is null and kind like '%Token%' then 'no model is named'
        end as unparsed_reason,
        coalesce(kind like '%Tokens', false) as is_tokens,
        coalesce(kind like 'Fine-Tuning %', false) as is_tuning,
        coalesce(kind like 'Fine-Tuning Training %', false) as is_training,
        coalesce(
            kind in ('Storage', 'Code Interpreter Sessions', 'File Search Calls'),
            false
        ) as is_tool
    from kinds

),

-- How many one of them are: 1K, 1M, 1K Tokens, Tokens, Units. No other is known.
units as (

    select
        *,
        case
            when {{ matches_pattern('unit', unit_form) }}
                then
                    cast(coalesce(
                        nullif(regexp_extract(unit, {{ unit_form }}, 1), ''), '1'
                    ) as integer)
                    * case upper(regexp_extract(unit, {{ unit_form }}, 2))
                        when 'K' then 1000
                        when 'M' then 1000000
                        else 1
                    end
        end as unit_size
    from judged

),

readings as (

    select
        meter_subcategory,
        meter_name,
        unit,

        case
            when unparsed_reason is not null or is_tool or says_provisioned then null
            when says_tuned and not is_training and not says_grader
                then 'ft:' || model_name
            else model_name
        end as provider_model_id,
        case when unparsed_reason is null then kind end as metered_as,
        case
            when unparsed_reason is not null or is_tuning or is_tool then null
            when says_provisioned then 'provisioned'
            when says_batch then 'batch'
            when says_priority then 'priority'
            else 'standard'
        end as service_tier,
        -- A meter of before there was a choice names no scope.
        case
            when unparsed_reason is not null then null
            when says_global then 'Global'
            when says_data_zone then 'DataZone'
            when says_regional then 'Regional'
        end as serving_scope,
        case
            when unparsed_reason is not null then null
            when says_long then 'long'
            when says_short then 'short'
        end as context_band,
        unparsed_reason,

        case when unparsed_reason is null and is_tokens then unit_size end
            as tokens_per_unit

    from units

)

select * from readings

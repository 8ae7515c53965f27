{#- [<tier> | ]<model>[ <modality>], [<modality> ]<direction>[, long context]; no other
    text names tokens. Groups: 1 tier, 2 model, 3 and 4 modality, 5 direction, 6 long
    context. -#}
{%- set tokens =
    "'(?i)^(?:(priority|batch|flex|scale) [|] )?([^ ,|]+)(?: (text|audio|image))?, "
    ~ "(?:(text|audio|image) )?(input|input_tokens|cached input|cache writes|output"
    ~ "|output_tokens|audio)(, long context)?$'"
-%}
{#- A model and nothing else. Its id has a digit, or it is whisper; no other single word
    is taken for a model. -#}
{%- set lone_model = "'(?i)^([^ ,|]*[0-9][^ ,|]*|whisper)$'" -%}
with

costs as (

    select * from {{ source('openai', 'costs') }}

),

line_item_parts as (

    select
        *,
        nullif(lower(regexp_extract(line_item, {{ tokens }}, 1)), '') as tier,
        nullif(coalesce(
            nullif(regexp_extract(line_item, {{ tokens }}, 2), ''),
            regexp_extract(line_item, {{ lone_model }}, 1)
        ), '') as provider_model_id,
        lower(coalesce(
            nullif(regexp_extract(line_item, {{ tokens }}, 3), ''),
            regexp_extract(line_item, {{ tokens }}, 4)
        )) as modality,
        lower(regexp_extract(line_item, {{ tokens }}, 5)) as direction,
        regexp_extract(line_item, {{ tokens }}, 6) <> '' as is_long_context,
        lower(line_item) as lower_line_item
    from costs

),

-- Text tokens wear no name of their own: they have the price of the model.
line_item_words as (

    select
        *,
        case modality when 'audio' then 'Audio ' when 'image' then 'Image ' else '' end
            as modality_word
    from line_item_parts

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'openai' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        project_id,
        api_key_id,
        user_id as principal_id,

        substr(partition_key, 1, 7) as billing_period,
        upper(currency) as billing_currency,
        line_item,
        provider_model_id,
        tier as service_tier,
        -- Where OpenAI's price list has a second price, it begins there.
        case when is_long_context then '272k-' end as context_band,
        api_source,
        quantity_unit,
        case
            when direction in ('input', 'input_tokens')
                then concat('Input ', modality_word, 'Tokens')
            when direction = 'cached input'
                then concat('Cache Read Input ', modality_word, 'Tokens')
            when direction = 'cache writes'
                then concat('Cache Write Input ', modality_word, 'Tokens')
            when direction in ('output', 'output_tokens')
                then concat('Output ', modality_word, 'Tokens')
            when provider_model_id is not null and quantity_unit = 'images'
                then 'Images'
            when provider_model_id is not null and quantity_unit = 'characters'
                then 'Characters'
            when direction = 'audio' then 'Audio Seconds'
            when provider_model_id is not null and quantity_unit like 'duration_%'
                then 'Audio Seconds'
            when quantity_unit = 'gibibyte_hours' then 'Storage'
            when lower_line_item = 'vector storage' then 'Storage'
            when lower_line_item like 'web search%' then 'Web Search Calls'
            when lower_line_item like 'code interpreter%'
                then 'Code Interpreter Sessions'
        end as sku_meter,

        amount as billed_cost,
        amount as effective_cost,
        -- The vendor names no list price.
        {{ money('null') }} as list_cost,
        amount as contracted_cost,
        quantity,

        coalesce(is_long_context, false) as is_long_context,

        cast(partition_key as date) as charge_date

    from line_item_words

),

judged as (

    select
        *,
        sku_meter is not null as is_line_item_known
    from renamed

)

select * from judged

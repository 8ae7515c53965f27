{#- The words of a metric, from the longest to what it could be mistaken for. -#}
{%- set modality = "(text|audio|speech|image|video)" -%}
{#- Where the source region stands: USE1-, EUW1-, EU-, APN1-. -#}
{%- set region =
    "'^((?:US|EU|AP|CA|SA|ME|AF|IL|UG|MX|CN)[A-Z]{0,2}[0-9]?)-'"
-%}
{#- Where the model ends and its metric begins. -#}
{%- set metric_start =
    "'(?i)^(.+?)-((?:mantle-)?(?:custom-model-)?(?:(?:text|audio|speech|image|video)-)?"
    ~ "(?:input|output|cache|prompt-cache|model-?units|provisioned(?:throughput)?|reserved"
    ~ "|customization|training|search-?units?|t2i|i2i|image|video|audio|on-?demand"
    ~ "|guardrail|batch|flex|priority)(?:[-_].*|tokens?.*)?)$'"
-%}
with

line_items as (

    select * from {{ ref('stg_aws__line_items') }}

),

legacy_line_items as (

    select * from {{ ref('stg_aws__legacy_line_items') }}

),

focus_charges as (

    select * from {{ ref('stg_focus__charges') }}

),

names as (

    select
        usage_type,
        coalesce(product_name, product_code) as sold_as,
        pricing_unit,
        described_unit
    from line_items
    where
        lower(concat_ws(' ', product_code, product_name, usage_type)) like '%bedrock%'

    union

    select
        usage_type,
        coalesce(product_name, product_code) as sold_as,
        pricing_unit,
        described_unit
    from legacy_line_items
    where
        lower(concat_ws(' ', product_code, product_name, usage_type)) like '%bedrock%'

    union

    select
        coalesce({{ json_text('unknown_columns', 'x_UsageType') }}, sku_meter)
            as usage_type,
        service_name as sold_as,
        pricing_unit,
        nullif(split_part(charge_description, '|', 3), '') as described_unit
    from focus_charges
    where
        lower(concat_ws(
            ' ', service_name, {{ json_text('unknown_columns', 'x_ServiceCode') }}
        )) like '%bedrock%'

),

-- The three routes: a marketplace metric stands after MP:<region>_ and names no model,
-- mantle's after the model and -mantle-, a classic one after the model.
routes as (

    select
        *,
        case
            when usage_type like '%MP:%' then 'marketplace'
            when lower(usage_type) like '%-mantle-%' then 'mantle'
            when usage_type is not null then 'classic'
        end as billing_route,
        nullif(regexp_extract(usage_type, {{ region }}, 1), '') as source_region_code,
        regexp_replace(usage_type, {{ region }}, '') as unprefixed,
        replace(
            replace(sold_as, ' (Amazon Bedrock Edition)', ''), ' (Amazon Bedrock)', ''
        ) as edition_of
    from names
    where usage_type is not null

),

metrics as (

    select
        *,
        case
            when billing_route = 'marketplace' then edition_of
            else nullif(regexp_extract(unprefixed, {{ metric_start }}, 1), '')
        end as named_model,
        -- One spelling: input_tokens, InputTokenCount and input-token-count are one.
        replace(
            lower(case
                when billing_route = 'marketplace'
                    then regexp_replace(
                        unprefixed, '^.*MP:(?:[A-Z0-9]+_)?(.*?)(?:-Units)?$', '\1'
                    )
                else coalesce(
                    nullif(regexp_extract(unprefixed, {{ metric_start }}, 2), ''),
                    unprefixed
                )
            end),
            '_',
            '-'
        ) as metric
    from routes

),

words as (

    select
        *,
        coalesce(
            nullif(lower(regexp_extract(metric, '{{ modality }}-', 1)), ''), 'text'
        ) as modality,
        lower(concat_ws(' ', sold_as, usage_type)) as everything,
        {{ matches_pattern('metric', "'token'") }} as has_tokens
    from metrics

),

-- First match wins, in the order of the vendor's own dashboards.
classified as (

    select
        *,
        case
            when {{ matches_pattern('metric', "'model-?units?|provisioned'") }}
                then 'Model Units'
            when {{ matches_pattern('metric', "'reserved'") }}
                then 'Reserved Capacity'
            when {{ matches_pattern('everything', "'customization-?storage'") }}
                then 'Custom Model Storage'
            when {{ matches_pattern('everything', "'customization|training'") }}
                then 'Training Tokens'
            when {{ matches_pattern('everything', "'guardrail'") }}
                then 'Guardrail Units'
            when {{ matches_pattern('everything', "'evaluation'") }}
                then 'Evaluations'
            when {{ matches_pattern('everything', "'invoke-?flow|flow-?node'") }}
                then 'Flow Transitions'
            when {{ matches_pattern('everything', "'search[ _-]?units?'") }}
                then 'Search Units'
            when
                {{ matches_pattern('everything', "'agentcore'") }}
                and {{ matches_pattern('everything', "'vcpu'") }}
                then 'Agent vCPU Hours'
            when
                {{ matches_pattern('everything', "'agentcore'") }}
                and {{ matches_pattern(
                    'everything', "'(runtime|browser|interpreter).*mem|gb-?h'"
                ) }}
                then 'Agent Memory Hours'
            when {{ matches_pattern('everything', "'agentcore.*gateway'") }}
                then 'Agent Gateway Calls'
            when {{ matches_pattern('everything', "'agentcore.*memory'") }}
                then 'Agent Memory Records'
            when {{ matches_pattern('everything', "'agentcore'") }}
                then 'Agent Units'
            when {{ matches_pattern('metric', "'cache-?read'") }}
                then 'Cache Read Input Tokens'
            when
                {{ matches_pattern('metric', "'cache-?write'") }}
                and {{ matches_pattern('metric', "'1-?h'") }}
                then 'Cache Write Tokens (1h)'
            when
                {{ matches_pattern('metric', "'cache-?write'") }}
                and {{ matches_pattern('metric', "'30-?m'") }}
                then 'Cache Write Tokens (30m)'
            -- Five minutes is what a write without a time lives.
            when {{ matches_pattern('metric', "'cache-?write'") }}
                then 'Cache Write Tokens (5m)'
            when has_tokens and {{ matches_pattern('metric', "'input'") }}
                then case modality
                    when 'image' then 'Input Image Tokens'
                    when 'audio' then 'Input Audio Tokens'
                    when 'speech' then 'Input Audio Tokens'
                    when 'video' then 'Input Video Tokens'
                    else 'Input Tokens'
                end
            when has_tokens and {{ matches_pattern('metric', "'output'") }}
                then case modality
                    when 'image' then 'Output Image Tokens'
                    when 'audio' then 'Output Audio Tokens'
                    when 'speech' then 'Output Audio Tokens'
                    else 'Output Tokens'
                end
            when {{ matches_pattern('everything', "'image|t2i|i2i|canvas'") }}
                then 'Images'
            when {{ matches_pattern('everything', "'video|reel|luma|ray'") }}
                then 'Video Seconds'
            when {{ matches_pattern('everything', "'audio|speech'") }}
                then 'Audio Seconds'
        end as metered_as
    from words

),

meters as (

    select
        usage_type,
        sold_as,
        pricing_unit,
        described_unit,

        billing_route,
        source_region_code,
        metered_as,
        case
            when
                {{ matches_pattern(
                    'metered_as', "'Tokens|Model Units|Reserved|Images'"
                ) }}
                then named_model
        end as provider_model_id,
        case
            when metered_as = 'Model Units' then 'provisioned'
            when metered_as = 'Reserved Capacity' then 'reserved'
            when {{ matches_pattern('metric', "'batch'") }} then 'batch'
            when {{ matches_pattern('metric', "'flex'") }} then 'flex'
            when {{ matches_pattern('metric', "'priority'") }} then 'priority'
            when {{ matches_pattern('metric', "'latency-?optimi[sz]ed'") }}
                then 'latency-optimized'
            when has_tokens then 'standard'
        end as service_tier,
        case
            when {{ matches_pattern('metric', "'long-?(ctx|context)|lctx'") }}
                then '200k-'
        end as context_band,
        case
            when not has_tokens then null
            when {{ matches_pattern('metric', "'global'") }} then 'Global'
            when {{ matches_pattern('metric', "'cross-region|-geo'") }}
                then 'DataZone'
            else 'Regional'
        end as serving_scope,
        -- What one unit of the bill is in tokens.
        case
            when
                not {{ matches_pattern('metered_as', "'Tokens'") }} then null
            when
                {{ matches_pattern(
                    'lower(pricing_unit)', "'^(1k|1000|1,000) ?tokens?$'"
                ) }}
                then 1000
            when
                {{ matches_pattern(
                    'lower(pricing_unit)', "'^(1m|1000000|1,000,000) ?tokens?$'"
                ) }}
                then 1000000
            when lower(pricing_unit) = 'tokens' then 1
            when
                billing_route = 'marketplace'
                and (
                    lower(pricing_unit) = 'units'
                    or {{ matches_pattern('lower(described_unit)', "'million'") }}
                )
                then 1000000
        end as tokens_each
    from classified

)

select * from meters

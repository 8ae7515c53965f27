{#- The same as in the landing contracts of AWS: the proof compares the two. -#}
{% macro aws_line_item_costs() -%}
    case
            when line_item_type in (
                'SavingsPlanCoveredUsage', 'SavingsPlanNegation', 'DiscountedUsage'
            ) then 0
            else net_or_unblended_cost
        end as billed_cost,
        case
            when line_item_type = 'SavingsPlanCoveredUsage' then savings_plan_cost
            when line_item_type = 'DiscountedUsage' then reservation_cost
            when line_item_type in ('SavingsPlanNegation', 'SavingsPlanUpfrontFee')
                then 0
            when line_item_type in ('SavingsPlanRecurringFee', 'RIFee')
                then unused_commitment_cost
            when
                line_item_type in ('Fee', 'Refund')
                and commitment_id is not null then 0
            else net_or_unblended_cost
        end as effective_cost,
        case
            when
                line_item_type
                in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
                then public_cost
            when
                line_item_type = 'SavingsPlanNegation'
                or line_item_type like '%Discount' then 0
            when line_item_type in ('Tax', 'Credit', 'Refund')
                then net_or_unblended_cost
            else unblended_cost
        end as list_cost,
        case
            when line_item_type = 'SavingsPlanNegation' then 0
            when line_item_type = 'DiscountedUsage' then public_cost
            else net_or_unblended_cost
        end as contracted_cost
{%- endmacro %}

{#- Who sells it: on the marketplace the seller of record, and of a model its maker. -#}
{% macro aws_seller() -%}
    case when billing_entity = 'AWS Marketplace' then coalesce(
            case
                when not product_name like '%(Amazon Bedrock Edition)' then null
                when product_name like 'Claude%' then 'Anthropic'
                when {{ matches_pattern('product_name', "'^(OpenAI|GPT)'") }}
                    then 'OpenAI'
                when {{ matches_pattern(
                    'product_name', "'^(Cohere|Command|Embed|Rerank)'"
                ) }} then 'Cohere'
                when {{ matches_pattern('product_name', "'^(Meta|Llama)'") }}
                    then 'Meta'
                when {{ matches_pattern('product_name', "'^(Stability|Stable)'") }}
                    then 'Stability AI'
                when {{ matches_pattern('product_name', "'^(AI21|Jamba|Jurassic)'") }}
                    then 'AI21 Labs'
            end,
            case
                when not {{ matches_pattern('legal_entity', "'^(Amazon|AWS)'") }}
                    then regexp_replace(
                        legal_entity,
                        ',? (PBC|Inc[.]?|LLC|L[.]L[.]C[.]|Ltd[.]?|Limited|GmbH'
                        || '|Corporation|Corp[.]?|B[.]V[.]|S[.]A[.]S?[.]?)$',
                        ''
                    )
            end,
            'AWS'
        ) else 'AWS' end
{%- endmacro %}

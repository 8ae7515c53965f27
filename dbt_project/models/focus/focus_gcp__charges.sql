with

charges as (

    select * from {{ ref('stg_gcp__detailed_usage') }}

),

vertex_meters as (

    select * from {{ ref('int_vertex_meters') }}

),

service_categories as (

    select * from {{ ref('service_categories') }}

),

charges_with_meter as (

    select
        charges.*,
        vertex_meters.provider_model_id,
        vertex_meters.metered_as,
        vertex_meters.service_tier,
        vertex_meters.context_band,
        vertex_meters.serving_scope,
        vertex_meters.release_stage,

        case charges.cost_type
            when 'tax' then 'Tax'
            when 'adjustment' then 'Adjustment'
            when 'rounding_error' then 'Adjustment'
            when 'regular'
                then
                    case
                        when charges.sku_description like 'Commitment %' then 'Purchase'
                        else 'Usage'
                    end
        end as charge_category,
        case
            when vertex_meters.tokens_per_unit = 1 then charges.usage_quantity
        end as token_quantity

    from charges

    left join vertex_meters
        on
            charges.sku_description = vertex_meters.sku_description
            and coalesce(charges.usage_unit, '')
            = coalesce(vertex_meters.usage_unit, '')

),

-- Tokens are priced by the million, all else by the block that its price is for.
charges_with_blocks as (

    select
        *,
        charge_category in ('Usage', 'Purchase') as has_price,
        case
            when token_quantity is not null then 1000000
            when
                pricing_unit_quantity in (10, 100, 1000, 10000, 100000, 1000000)
                and pricing_quantity = floor(pricing_quantity)
                then cast(pricing_unit_quantity as integer)
            else 1
        end as block_size,
        case
            when pricing_unit_quantity in (1, 10, 100, 1000, 10000, 100000, 1000000)
                then cast(pricing_unit_quantity as integer)
        end as price_block_size
    from charges_with_meter

),

charges_with_block_counts as (

    select
        *,
        case block_size
            when 1 then pricing_quantity
            else {{ money(
                'cast(coalesce(token_quantity, pricing_quantity) as decimal(24, 6)) * '
                ~ 'case block_size when 10 then 0.100000 when 100 then 0.010000 '
                ~ 'when 1000 then 0.001000 when 10000 then 0.000100 '
                ~ 'when 100000 then 0.000010 when 1000000 then 0.000001 end'
            ) }}
        end as block_count,
        -- How many blocks of the price are in one of ours; null when it is no number.
        case
            when block_size % price_block_size = 0 then block_size // price_block_size
        end as price_blocks
    from charges_with_blocks

),

-- A price is said where its product is exact: 9 decimals each.
charges_with_prices as (

    select
        *,
        try_cast(
            try_cast(list_price as decimal(27, 18)) * price_blocks as decimal(19, 9)
        ) as list_block_price,
        try_cast(
            try_cast(effective_price as decimal(27, 18)) * price_blocks
            as decimal(19, 9)
        ) as contracted_block_price,
        case
            when block_count = try_cast(block_count as decimal(19, 9))
                then try_cast(block_count as decimal(19, 9))
        end as exact_block_count
    from charges_with_block_counts

),

charges_with_products as (

    select
        *,
        case
            when
                list_block_price
                = try_cast(list_price as decimal(27, 18)) * price_blocks
                then
                    try_cast(
                        list_block_price * exact_block_count as decimal(35, 18)
                    )
        end as list_product,
        case
            when
                contracted_block_price
                = try_cast(effective_price as decimal(27, 18)) * price_blocks
                then
                    try_cast(
                        contracted_block_price * exact_block_count as decimal(35, 18)
                    )
        end as contracted_product
    from charges_with_prices

),

charges_with_list_cost as (

    select
        * exclude (list_cost),
        case
            when list_cost is not null then list_cost
            when has_price then list_product
            -- What has no price costs what it costs.
            else cost_before_credits
        end as list_cost
    from charges_with_products

),

in_focus_terms as (

    select
        charges.charge_id,
        charges.vendor,
        charges.source_name,
        charges.scope,
        charges.delivery_id,
        charges.delivery_role,
        charges.part_number,
        charges.row_number_in_part,

        charges.billing_account_id,
        charges.project_id as sub_account_id,
        coalesce(charges.resource_global_name, charges.resource_name) as resource_id,
        charges.region as region_id,
        case when charges.charge_category <> 'Tax' then charges.sku_id end as sku_id,
        case
            when charges.has_price
                then concat_ws('/', charges.sku_id, charges.consumption_model_id)
        end as sku_price_id,
        charges.billing_account_id as provider_account_id,
        charges.project_id as provider_project_id,
        charges.provider_model_id,
        charges.service_tier,
        charges.context_band,
        charges.serving_scope,
        charges.metered_as,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        charges.billing_period,
        charges.service_provider_name,
        'Google Cloud' as host_provider_name,
        charges.service_provider_name as publisher_name,
        'Google Cloud' as invoice_issuer_name,
        charges.billing_currency,
        charges.charge_category,
        -- Rows of an earlier month that take back or change what was invoiced. Usage
        -- that Google merely metered late is none.
        case
            when
                {{ month_of('charges.charge_date') }} < charges.billing_period
                and (
                    charges.adjustment_id is not null
                    or charges.cost_type = 'adjustment'
                    or charges.cost_before_credits < 0
                )
                then 'Correction'
        end as charge_class,
        charges.sku_description as charge_description,
        case charges.charge_category
            when 'Usage' then 'Usage-Based'
            when 'Purchase' then 'Recurring'
            else 'One-Time'
        end as charge_frequency,
        case
            when not charges.has_price then null
            when charges.charge_category = 'Purchase' then 'Standard'
            when
                charges.has_commitment_credit
                or charges.consumption_model_description <> 'Default'
                then 'Committed'
            when charges.sku_description like '%Preemptible%' then 'Dynamic'
            else 'Standard'
        end as pricing_category,
        coalesce(
            service_categories.service_category,
            case
                when regexp_matches(lower(charges.service_name), 'claude|llama|mistral')
                    then 'AI and Machine Learning'
            end
        ) as service_category,
        coalesce(
            service_categories.service_subcategory,
            case
                when regexp_matches(lower(charges.service_name), 'claude|llama|mistral')
                    then 'Generative AI'
            end
        ) as service_subcategory,
        charges.service_name,
        case
            when charges.sku_id is not null and charges.charge_category <> 'Tax'
                then coalesce(charges.metered_as, charges.sku_description)
        end as sku_meter,
        case
            when charges.has_price
                then {{ json_of_one('x_ReleaseStage', 'charges.release_stage') }}
        end as sku_price_details,
        charges.project_name as sub_account_name,
        case when charges.project_id is not null then 'Project' end as sub_account_type,
        charges.region as region_name,
        charges.availability_zone,
        case
            when charges.resource_name <> charges.resource_global_name
                then charges.resource_name
        end as resource_name,
        {{ google_resource_type(
            'coalesce(charges.resource_global_name, charges.resource_name)'
        ) }} as resource_type,
        case
            when charges.charge_category <> 'Usage' then null
            when charges.token_quantity is not null then 'Tokens'
            when charges.usage_quantity is not null then charges.usage_unit
        end as consumed_unit,
        case
            when not charges.has_price or charges.block_count is null then null
            when charges.token_quantity is not null then '1000000 Tokens'
            when charges.block_size > 1
                then concat(charges.block_size, ' ', charges.pricing_unit)
            else charges.pricing_unit
        end as pricing_unit,
        charges.all_tags as tags,
        -- Named as in Google's own FOCUS export.
        {{ json_of_columns({
            'x_CostType': 'charges.cost_type',
            'x_Cost': 'charges.cost_before_credits',
            'x_Credits': 'charges.credits',
            'x_AdjustmentInfo': 'charges.adjustment_info',
            'x_TransactionType': 'charges.transaction_type',
            'x_ConsumptionModelId': 'charges.consumption_model_id',
            'x_ConsumptionModelDescription': 'charges.consumption_model_description',
            'x_SubscriptionInstanceId': 'charges.subscription_instance_id',
            'x_CurrencyConversionRate': 'charges.currency_conversion_rate',
            'x_ExportTime': 'charges.exported_at',
            'x_ServiceId': 'charges.service_id',
            'x_Project': 'charges.project_facts',
            'x_Other': 'charges.unknown_columns',
        }) }} as unknown_columns,

        charges.billed_cost,
        charges.effective_cost,
        charges.list_cost,
        charges.contracted_cost,
        case
            when charges.has_price and charges.list_product = charges.list_cost
                then {{ money('charges.list_block_price') }}
        end as list_unit_price,
        case
            when
                charges.has_price
                and charges.contracted_product = charges.contracted_cost
                then {{ money('charges.contracted_block_price') }}
        end as contracted_unit_price,
        case
            when charges.charge_category = 'Usage' then charges.usage_quantity
        end as consumed_quantity,
        case when charges.has_price then charges.block_count end as pricing_quantity,
        charges.token_quantity,

        charges.charge_date,
        {{ month_start('charges.billing_period') }} as billing_period_start,
        {{ month_end('charges.billing_period') }} as billing_period_end,
        charges.usage_started_at as charge_period_start,
        charges.usage_ended_at as charge_period_end

    from charges_with_list_cost as charges

    left join service_categories
        on
            charges.service_name = service_categories.service_name
            and service_categories.service_provider_name = 'Google Cloud'

)

select * from in_focus_terms

with

charges as (

    select * from {{ ref('stg_azure__actual_costs') }}

),

meters as (

    select * from {{ ref('int_azure_openai_meters') }}

),

charges_with_meter as (

    select
        charges.*,

        meters.provider_model_id,
        meters.metered_as,
        meters.service_tier,
        meters.serving_scope,
        meters.context_band,
        meters.tokens_per_unit,
        meters.meter_name is not null as is_model_meter,

        coalesce(
            case when charges.is_marketplace then charges.publisher_name end,
            charges.meter_category,
            charges.meter_subcategory,
            charges.consumed_service,
            'Azure'
        ) as service_name

    from charges

    left join meters
        on
            charges.meter_subcategory is not distinct from meters.meter_subcategory
            and charges.meter_name = meters.meter_name
            and charges.unit_of_measure is not distinct from meters.unit

),

-- Purchases tell no family; a service has one category, whatever its charges tell.
services as (

    select
        service_name,
        case
            when
                bool_or(is_model_meter)
                or service_name in (
                    'Azure OpenAI', 'Azure OpenAI Service', 'Foundry Models',
                    'Cognitive Services'
                )
                then 'AI + Machine Learning'
            else max(service_family)
        end as family_of_service
    from charges_with_meter
    group by service_name

),

charges_with_family as (

    select
        charges_with_meter.*,

        services.family_of_service

    from charges_with_meter

    left join services
        on charges_with_meter.service_name = services.service_name

),

-- A refund pays back what was bought; one of an earlier period corrects it.
charges_with_category as (

    select
        *,
        case
            when charge_type in ('Usage', 'UnusedReservation', 'UnusedSavingsPlan')
                then 'Usage'
            when charge_type in ('Purchase', 'Refund') then 'Purchase'
            when charge_type in ('Tax', 'Credit') then charge_type
            else 'Adjustment'
        end as charge_category,
        case
            when
                charge_type = 'Refund'
                and (
                    previous_invoice_id is not null
                    or charge_date < billing_period_start_date
                )
                then 'Correction'
        end as charge_class,
        benefit_id is not null
        and (
            is_covered
            or (
                pricing_model in ('reservation', 'savingsplan')
                and charge_type in ('Purchase', 'Refund')
            )
        ) as is_of_commitment
    from charges_with_family

),

-- Usage and purchases have a price, other charges have none.
priced_charges as (

    select
        *,
        charge_category in ('Usage', 'Purchase') as is_priced,
        charge_category = 'Usage' and tokens_per_unit is not null as is_in_tokens,
        -- A unit price is told where it makes the cost to the last digit.
        case
            when
                quantity = {{ money('try_cast(quantity as decimal(21, 8))') }}
                and list_cost = {{ multiplied('quantity', 'list_unit_price') }}
                then list_unit_price
        end as exact_list_unit_price,
        case
            when
                quantity = {{ money('try_cast(quantity as decimal(21, 8))') }}
                and contracted_cost
                = {{ multiplied('quantity', 'contract_unit_price') }}
                then contract_unit_price
        end as exact_contract_unit_price
    from charges_with_category

),

-- Azure prices 1K or 1M tokens, FOCUS a million of them.
units as (

    select
        *,
        case
            when is_in_tokens then cast(1000000 / tokens_per_unit as integer)
            else 1
        end as units_each_price,
        case
            when is_in_tokens then 'Tokens'
            when metered_as like '% Hours' then 'Hours'
            when metered_as like '% Months' then 'Months'
            else unit_of_measure
        end as unit,
        coalesce(
            nullif(meter_id, '00000000-0000-0000-0000-000000000000'),
            product_id,
            product_order_id,
            lower(concat_ws('/', 'azure', service_name, product_name))
        ) as sku
    from priced_charges

),

in_focus_terms as (

    select
        charge_id,
        vendor,
        source_name,
        scope,
        delivery_id,
        delivery_role,
        part_number,
        row_number_in_part,

        billing_account_id,
        case when is_of_commitment then benefit_id end as commitment_discount_id,
        invoice_id,
        lower(replace(resource_location, ' ', '')) as region_id,
        resource_id,
        case when is_priced then sku end as sku_id,
        case when is_priced then concat_ws('/', sku, pricing_model, lower(term)) end
            as sku_price_id,
        subscription_id as sub_account_id,
        coalesce(subscription_id, billing_account_id) as provider_account_id,
        provider_model_id,
        service_tier,
        serving_scope,
        context_band,
        metered_as,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        billing_period,
        service_provider_name,
        'Microsoft' as host_provider_name,
        publisher_name,
        'Microsoft' as invoice_issuer_name,
        case
            when charge_category = 'Usage' then 'Usage-Based'
            when frequency = 'recurring' then 'Recurring'
            else 'One-Time'
        end as charge_frequency,
        billing_account_name,
        billing_account_type,
        billing_currency,
        charge_category,
        charge_class,
        coalesce(product_name, meter_name, charge_type) as charge_description,
        case
            when is_of_commitment and pricing_model = 'savingsplan' then 'Spend'
            when is_of_commitment then 'Usage'
        end as commitment_discount_category,
        case when is_of_commitment then benefit_name end as commitment_discount_name,
        case
            when is_of_commitment and charge_type = 'Usage' then 'Used'
            when is_of_commitment and charge_type like 'Unused%' then 'Unused'
        end as commitment_discount_status,
        case
            when is_of_commitment and pricing_model = 'savingsplan' then 'Savings Plan'
            when is_of_commitment then 'Reservation'
        end as commitment_discount_type,
        case when is_of_commitment then unit end as commitment_discount_unit,
        case when charge_category = 'Usage' then unit end as consumed_unit,
        case
            when not is_priced then null
            when pricing_model = 'ondemand' then 'Standard'
            when pricing_model = 'spot' then 'Dynamic'
            when pricing_model in ('reservation', 'savingsplan') then 'Committed'
            else 'Other'
        end as pricing_category,
        coalesce(pricing_currency, billing_currency) as pricing_currency,
        case when is_in_tokens then '1000000 Tokens' when is_priced then unit end
            as pricing_unit,
        resource_location as region_name,
        resource_name,
        case when resource_id is not null then coalesce(resource_type, 'Other') end
            as resource_type,
        case
            when family_of_service = 'AI + Machine Learning'
                then 'AI and Machine Learning'
            when family_of_service = 'Azure Arc' then 'Multicloud'
            when family_of_service = 'Containers' then 'Compute'
            when
                family_of_service in (
                    'Analytics', 'Compute', 'Databases', 'Developer Tools', 'Identity',
                    'Integration', 'Internet of Things', 'Management and Governance',
                    'Media', 'Migration', 'Networking', 'Security', 'Storage', 'Web'
                )
                then family_of_service
            else 'Other'
        end as service_category,
        service_name,
        case when is_model_meter then 'Generative AI' end as service_subcategory,
        meter_name as sku_meter,
        subscription_name as sub_account_name,
        case when subscription_id is not null then 'Subscription' end
            as sub_account_type,
        tags,
        {{ json_of_some([
            ('x_SkuMeterCategory', 'meter_category'),
            ('x_SkuMeterSubcategory', 'meter_subcategory'),
            ('x_ResourceGroupName', 'resource_group'),
            ('x_CostCenter', 'cost_center'),
            ('x_InvoiceSectionId', 'invoice_section_id'),
            ('x_CostAllocationRuleName', 'cost_allocation_rule_name')
        ]) }} as unknown_columns,

        billed_cost,
        case when is_of_commitment then quantity end as commitment_discount_quantity,
        case
            when is_in_tokens then {{ money('quantity * tokens_per_unit') }}
            when charge_category = 'Usage' then quantity
        end as consumed_quantity,
        contracted_cost,
        case
            when is_priced
                then {{ money('exact_contract_unit_price * units_each_price') }}
        end as contracted_unit_price,
        effective_cost,
        list_cost,
        case
            when is_priced then {{ money('exact_list_unit_price * units_each_price') }}
        end as list_unit_price,
        case
            when is_priced
                then {{ money(
                    'pricing_currency_contract_unit_price * units_each_price'
                ) }}
        end as pricing_currency_contracted_unit_price,
        pricing_currency_effective_cost,
        case
            when is_priced
                then {{ money('pricing_currency_list_unit_price * units_each_price') }}
        end as pricing_currency_list_unit_price,
        case
            when is_in_tokens
                then {{ money(
                    'quantity * cast(tokens_per_unit * 0.000001 as decimal(13, 6))'
                ) }}
            when is_priced then quantity
        end as pricing_quantity,
        case when is_in_tokens then {{ money('quantity * tokens_per_unit') }} end
            as token_quantity,

        charge_date,
        {{ month_start('billing_period') }} as billing_period_start,
        {{ month_end('billing_period') }} as billing_period_end,
        cast(charge_date as timestamp) as charge_period_start,
        cast(charge_date as timestamp) + interval 1 day as charge_period_end

    from units

)

select * from in_focus_terms

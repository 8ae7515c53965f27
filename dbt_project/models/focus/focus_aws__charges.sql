with

line_items as (

    select * from {{ ref('stg_aws__line_items') }}

),

legacy_line_items as (

    select * from {{ ref('stg_aws__legacy_line_items') }}

),

bedrock_meters as (

    select * from {{ ref('int_bedrock_meters') }}

),

services as (

    select * from {{ ref('aws_services') }}

),

-- Several codes may be one service; a name has one category whatever the code.
named_services as (

    select
        service_name,
        min(service_category) as service_category,
        min(service_subcategory) as service_subcategory
    from services
    group by service_name

),

both_reports as (

    select * from line_items
    union all by name
    select * from legacy_line_items

),

line_items_with_meter as (

    select
        both_reports.*,

        bedrock_meters.metered_as,
        bedrock_meters.provider_model_id,
        bedrock_meters.service_tier,
        bedrock_meters.context_band,
        bedrock_meters.serving_scope,
        bedrock_meters.tokens_each,
        coalesce(
            services.service_name, both_reports.product_name, both_reports.product_code
        ) as service_name,
        case
            when
                both_reports.line_item_type in (
                    'Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage'
                ) then 'Usage'
            when
                both_reports.line_item_type like '%Fee'
                or both_reports.line_item_type like '%Subscription' then 'Purchase'
            when both_reports.line_item_type in ('Tax', 'Credit')
                then both_reports.line_item_type
            else 'Adjustment'
        end as charge_category

    from both_reports

    left join bedrock_meters
        on
            both_reports.usage_type = bedrock_meters.usage_type
            and coalesce(both_reports.product_name, both_reports.product_code)
            is not distinct from bedrock_meters.sold_as
            and both_reports.pricing_unit
            is not distinct from bedrock_meters.pricing_unit
            and both_reports.described_unit
            is not distinct from bedrock_meters.described_unit

    left join services
        on both_reports.product_code = services.product_code

),

categorised as (

    select
        line_items_with_meter.*,

        named_services.service_category,
        named_services.service_subcategory

    from line_items_with_meter

    left join named_services
        on line_items_with_meter.service_name = named_services.service_name

),

-- What FOCUS asks of what is used or bought, and of nothing else.
skus as (

    select
        *,
        case
            when charge_category in ('Usage', 'Purchase')
                then coalesce(sku_id, concat_ws('/', product_code, usage_type))
        end as sold_sku_id,
        case
            when line_item_type = 'SavingsPlanCoveredUsage' then savings_plan_id
            when line_item_type = 'DiscountedUsage' then reservation_id
            when charge_category = 'Purchase' then commitment_id
        end as commitment_discount_id,
        case
            when charge_category = 'Usage' and tokens_each is not null
                then {{ money('round(usage_amount * tokens_each)') }}
        end as token_quantity,
        case
            when charge_category not in ('Usage', 'Purchase') then null
            when charge_category = 'Usage' and tokens_each is not null
                then '1000000 Tokens'
            when pricing_unit in ('Hrs', 'Hr', 'Hour') then 'Hours'
            when pricing_unit in ('GB-Mo', 'GB-month') then 'GB-Months'
            when pricing_unit = 'Request' then 'Requests'
            else coalesce(pricing_unit, 'Units')
        end as sold_unit
    from categorised

),

quantities as (

    select
        *,
        case
            when sold_unit is null then null
            when token_quantity is not null
                then {{ money(
                    'cast(token_quantity as decimal(24, 0)) * 0.000001'
                ) }}
            else usage_amount
        end as pricing_quantity,
        case
            when token_quantity is not null
                then {{ money('public_rate * (1000000 // tokens_each)') }}
            when charge_category = 'Usage' then public_rate
        end as public_unit_price,
        case
            when token_quantity is not null
                then {{ money('net_or_unblended_rate * (1000000 // tokens_each)') }}
            when charge_category = 'Usage' then net_or_unblended_rate
        end as own_unit_price
    from skus

),

quantities_of_commitments as (

    select
        *,
        {{ month_start('billing_period') }} as billing_period_start,
        {{ month_end('billing_period') }} as billing_period_end,
        case
            when commitment_discount_id is null then null
            when line_item_type = 'SavingsPlanCoveredUsage' then savings_plan_cost
            when line_item_type = 'SavingsPlanRecurringFee' then committed_cost
            when line_item_type = 'DiscountedUsage' then usage_amount
            when line_item_type = 'RIFee' then reserved_units
        end as commitment_quantity
    from quantities

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

        payer_account_id as billing_account_id,
        usage_account_id as sub_account_id,
        case when charge_category = 'Usage' then capacity_reservation_id end
            as capacity_reservation_id,
        commitment_discount_id,
        invoice_id,
        region_id,
        -- FOCUS: what is bought is the resource.
        case
            when charge_category = 'Purchase'
                then coalesce(commitment_discount_id, resource_id)
            else resource_id
        end as resource_id,
        sold_sku_id as sku_id,
        case when sold_sku_id is not null then coalesce(rate_code, sold_sku_id) end
            as sku_price_id,
        usage_account_id as provider_account_id,
        principal_id,
        provider_model_id,
        metered_as,
        service_tier,
        context_band,
        serving_scope,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        billing_period,
        service_provider_name,
        'AWS' as host_provider_name,
        service_provider_name as publisher_name,
        'AWS' as invoice_issuer_name,
        payer_account_name as billing_account_name,
        coalesce(usage_account_name, usage_account_id) as sub_account_name,
        'Account' as sub_account_type,
        availability_zone,
        billing_currency,
        case
            when
                charge_category = 'Usage' and capacity_reservation_id is not null
                then coalesce(capacity_reservation_status, 'Used')
        end as capacity_reservation_status,
        charge_category,
        -- A refund of what an earlier bill charged.
        case
            when line_item_type = 'Refund' and charge_date < billing_period_start
                then 'Correction'
        end as charge_class,
        description as charge_description,
        case
            when charge_category = 'Usage' then 'Usage-Based'
            when
                line_item_type in (
                    'RIFee', 'SavingsPlanRecurringFee', 'FlatRateSubscription'
                ) then 'Recurring'
            else 'One-Time'
        end as charge_frequency,
        case
            when commitment_discount_id is null then null
            when commitment_discount_id = savings_plan_id then 'Spend'
            else 'Usage'
        end as commitment_discount_category,
        case
            when commitment_discount_id is null then null
            when commitment_discount_id = savings_plan_id
                then coalesce(savings_plan_offering_type, 'Savings Plan')
            else 'Reserved Instance'
        end as commitment_discount_type,
        -- No row is made up for what is unused: the fee that bought it bears it.
        case
            when commitment_discount_id is null then null
            when charge_category = 'Usage' then 'Used'
            when unused_commitment_cost <> 0 then 'Unused'
        end as commitment_discount_status,
        case
            when commitment_quantity is null then null
            when commitment_discount_id = savings_plan_id then billing_currency
            when charge_category = 'Purchase' then 'Units'
            else sold_unit
        end as commitment_discount_unit,
        case
            when token_quantity is not null then 'Tokens'
            when charge_category = 'Usage' and usage_amount is not null then sold_unit
        end as consumed_unit,
        case
            when charge_category = 'Purchase' then 'Standard'
            when charge_category <> 'Usage' then null
            when line_item_type <> 'Usage' then 'Committed'
            when usage_type like '%SpotUsage%' then 'Dynamic'
            else 'Standard'
        end as pricing_category,
        case when pricing_quantity is not null then sold_unit end as pricing_unit,
        case
            when region_id is null then null
            when location_type = 'AWS Region' and location_name <> 'Any'
                then location_name
            else region_id
        end as region_name,
        case
            when
                charge_category = 'Purchase' and commitment_discount_id is not null
                then 'Commitment'
            when resource_id is not null then coalesce(
                nullif(
                    regexp_extract(
                        resource_id, '^arn:[^:]*:[^:]*:[^:]*:[^:]*:([^:/]+)[:/]', 1
                    ),
                    ''
                ),
                'Resource'
            )
        end as resource_type,
        service_name,
        case
            when service_category is not null then service_category
            when service_name like '%(Amazon Bedrock Edition)'
                then 'AI and Machine Learning'
            else 'Other'
        end as service_category,
        case
            when service_category is not null then service_subcategory
            when service_name like '%(Amazon Bedrock Edition)' then 'Generative AI'
            else 'Other (Other)'
        end as service_subcategory,
        case when sold_sku_id is not null then usage_type end as sku_meter,
        tags,

        billed_cost,
        {{ money('effective_cost') }} as effective_cost,
        list_cost,
        contracted_cost,
        commitment_quantity as commitment_discount_quantity,
        coalesce(
            token_quantity, case when charge_category = 'Usage' then usage_amount end
        ) as consumed_quantity,
        pricing_quantity,
        token_quantity,
        {{ as_priced('list_cost', 'pricing_quantity', 'public_unit_price') }}
            as list_unit_price,
        {{ as_priced('contracted_cost', 'pricing_quantity', 'own_unit_price') }}
            as contracted_unit_price,

        charge_date,
        billing_period_start,
        billing_period_end,
        usage_start as charge_period_start,
        usage_end as charge_period_end

    from quantities_of_commitments

)

select * from in_focus_terms

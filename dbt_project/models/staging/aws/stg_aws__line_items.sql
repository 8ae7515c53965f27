with

line_items as (

    select * from {{ source('aws', 'line_items') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'aws' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        bill_payer_account_id as payer_account_id,
        line_item_usage_account_id as usage_account_id,
        bill_invoice_id as invoice_id,
        line_item_resource_id as resource_id,
        line_item_iam_principal as principal_id,
        capacity_reservation_capacity_reservation_arn as capacity_reservation_id,
        capacity_reservation_capacity_reservation_status
            as capacity_reservation_status,
        savings_plan_savings_plan_a_r_n as savings_plan_id,
        reservation_reservation_a_r_n as reservation_id,
        coalesce(reservation_reservation_a_r_n, savings_plan_savings_plan_a_r_n)
            as commitment_id,
        product_sku as sku_id,
        pricing_rate_code as rate_code,
        coalesce(
            product_region_code,
            {{ json_text('product', 'region') }},
            product_from_region_code
        ) as region_id,

        partition_key as billing_period,
        bill_billing_entity as billing_entity,
        line_item_legal_entity as legal_entity,
        bill_payer_account_name as payer_account_name,
        line_item_usage_account_name as usage_account_name,
        line_item_line_item_type as line_item_type,
        line_item_product_code as product_code,
        {{ json_text('product', 'product_name') }} as product_name,
        line_item_usage_type as usage_type,
        line_item_operation as operation_name,
        line_item_line_item_description as description,
        -- A marketplace line's text names the unit: software|region|Million Tokens.
        nullif(split_part(line_item_line_item_description, '|', 3), '')
            as described_unit,
        pricing_unit,
        product_location as location_name,
        product_location_type as location_type,
        line_item_availability_zone as availability_zone,
        savings_plan_offering_type,
        nullif(concat('{', concat_ws(
            ',',
            nullif({{ json_members('resource_tags', '^(user_|user:)?', '') }}, ''),
            nullif({{ json_members('cost_category', '^', 'costCategory/') }}, ''),
            nullif(
                {{ json_members(
                    'tags',
                    '^(iamPrincipal/|accountTag/|userAttribute/)',
                    '\\1'
                ) }},
                ''
            )
        ), '}'), '{}') as tags,
        upper(line_item_currency_code) as billing_currency,

        line_item_usage_amount as usage_amount,
        line_item_unblended_cost as unblended_cost,
        coalesce(line_item_net_unblended_cost, line_item_unblended_cost)
            as net_or_unblended_cost,
        coalesce(line_item_net_unblended_rate, line_item_unblended_rate)
            as net_or_unblended_rate,
        pricing_public_on_demand_rate as public_rate,
        -- Nothing that costs something has a price of 0: there it is not told.
        case
            when
                pricing_public_on_demand_cost <> 0 or line_item_unblended_cost = 0
                then pricing_public_on_demand_cost
        end as public_cost,
        coalesce(
            savings_plan_net_savings_plan_effective_cost,
            savings_plan_savings_plan_effective_cost
        ) as savings_plan_cost,
        coalesce(reservation_net_effective_cost, reservation_effective_cost)
            as reservation_cost,
        savings_plan_total_commitment_to_date as committed_cost,
        savings_plan_total_commitment_to_date - savings_plan_used_commitment
            as unused_savings_plan_cost,
        savings_plan_recurring_commitment_for_billing_period
        + savings_plan_amortized_upfront_commitment_for_billing_period
            as savings_plan_commitment,
        savings_plan_net_recurring_commitment_for_billing_period
        + savings_plan_net_amortized_upfront_commitment_for_billing_period
            as net_savings_plan_commitment,
        coalesce(
            reservation_net_unused_amortized_upfront_fee_for_billing_period,
            reservation_unused_amortized_upfront_fee_for_billing_period
        ) as unused_upfront_cost,
        coalesce(
            reservation_net_unused_recurring_fee, reservation_unused_recurring_fee
        ) as unused_recurring_cost,
        reservation_total_reserved_units as reserved_units,

        cast(line_item_usage_start_date as date) as charge_date,
        line_item_usage_start_date as usage_start,
        line_item_usage_end_date as usage_end

    from line_items

),

-- A discount on a savings plan makes what is unused of it cheaper too.
commitments as (

    select
        *,
        case
            when
                line_item_type = 'RIFee'
                and coalesce(unused_upfront_cost, unused_recurring_cost) is not null
                then
                    coalesce(unused_upfront_cost, 0)
                    + coalesce(unused_recurring_cost, 0)
            when
                net_savings_plan_commitment <> savings_plan_commitment
                and savings_plan_commitment <> 0
                then {{ part_of(
                    'unused_savings_plan_cost',
                    'net_savings_plan_commitment',
                    'savings_plan_commitment'
                ) }}
            else unused_savings_plan_cost
        end as unused_commitment_cost,
        {{ aws_seller() }} as service_provider_name
    from renamed

),

costs as (

    select
        *,
        {{ aws_line_item_costs() }}
    from commitments

)

select * from costs

with

charges as (

    select * from {{ ref('int_charges') }}

),

charge_classes as (

    select * from {{ ref('int_charge_classes') }}

),

sku_meters as (

    select * from {{ ref('sku_meters') }}

),

model_aliases as (

    select * from {{ ref('model_aliases') }}

),

classified as (

    select
        cast(charges.charge_id as varchar) as charge_id,
        cast(charges.vendor as varchar) as vendor,
        cast(charges.source_name as varchar) as source_name,
        cast(charges.scope as varchar) as scope,
        cast(charges.delivery_id as varchar) as delivery_id,
        cast(charges.delivery_role as varchar) as delivery_role,
        cast(charges.part_number as integer) as part_number,
        cast(charges.row_number_in_part as bigint) as row_number_in_part,
        cast(charges.allocated_method_id as varchar) as allocated_method_id,
        cast(charges.allocated_resource_id as varchar) as allocated_resource_id,
        cast(charges.billing_account_id as varchar) as billing_account_id,
        cast(charges.capacity_reservation_id as varchar) as capacity_reservation_id,
        cast(charges.commitment_discount_id as varchar) as commitment_discount_id,
        cast(charges.invoice_detail_id as varchar) as invoice_detail_id,
        cast(charges.invoice_id as varchar) as invoice_id,
        cast(charges.region_id as varchar) as region_id,
        cast(charges.resource_id as varchar) as resource_id,
        cast(charges.sku_id as varchar) as sku_id,
        cast(charges.sku_price_id as varchar) as sku_price_id,
        cast(charges.sub_account_id as varchar) as sub_account_id,
        cast(charges.provider_account_id as varchar) as provider_account_id,
        cast(charges.provider_project_id as varchar) as provider_project_id,
        cast(charges.provider_credential_id as varchar) as provider_credential_id,
        cast(charges.principal_id as varchar) as principal_id,
        cast(charges.provider_model_id as varchar) as provider_model_id,
        cast(charges.list_price_id as varchar) as list_price_id,

        cast(charges.truth_class as varchar) as truth_class,
        cast(charges.posting as varchar) as posting,
        cast(charges.treatment as varchar) as treatment,
        cast(charges.billing_period as varchar) as billing_period,
        cast(charges.service_provider_name as varchar) as service_provider_name,
        cast(charges.host_provider_name as varchar) as host_provider_name,
        cast(charges.publisher_name as varchar) as publisher_name,
        cast(charges.charge_frequency as varchar) as charge_frequency,
        cast(charges.allocated_method_details as varchar) as allocated_method_details,
        cast(charges.allocated_resource_name as varchar) as allocated_resource_name,
        cast(charges.allocated_tags as varchar) as allocated_tags,
        cast(charges.availability_zone as varchar) as availability_zone,
        cast(charges.billing_account_name as varchar) as billing_account_name,
        cast(charges.billing_account_type as varchar) as billing_account_type,
        cast(charges.billing_currency as varchar) as billing_currency,
        cast(charges.capacity_reservation_status as varchar)
            as capacity_reservation_status,
        cast(charges.charge_category as varchar) as charge_category,
        cast(charges.charge_class as varchar) as charge_class,
        cast(charges.charge_description as varchar) as charge_description,
        cast(charges.commitment_discount_category as varchar)
            as commitment_discount_category,
        cast(charges.commitment_discount_name as varchar) as commitment_discount_name,
        cast(charges.commitment_discount_status as varchar)
            as commitment_discount_status,
        cast(charges.commitment_discount_type as varchar) as commitment_discount_type,
        cast(charges.commitment_discount_unit as varchar) as commitment_discount_unit,
        cast(charges.commitment_program_eligibility_details as varchar)
            as commitment_program_eligibility_details,
        cast(charges.consumed_unit as varchar) as consumed_unit,
        cast(charges.contract_applied as varchar) as contract_applied,
        cast(charges.invoice_issuer_name as varchar) as invoice_issuer_name,
        cast(charges.pricing_category as varchar) as pricing_category,
        cast(charges.pricing_currency as varchar) as pricing_currency,
        cast(charges.pricing_unit as varchar) as pricing_unit,
        cast(charges.region_name as varchar) as region_name,
        cast(charges.resource_name as varchar) as resource_name,
        cast(charges.resource_type as varchar) as resource_type,
        cast(charges.service_category as varchar) as service_category,
        cast(charges.service_name as varchar) as service_name,
        cast(charges.service_subcategory as varchar) as service_subcategory,
        cast(charges.sku_meter as varchar) as sku_meter,
        cast(charges.sku_price_details as varchar) as sku_price_details,
        cast(charges.sub_account_name as varchar) as sub_account_name,
        cast(charges.sub_account_type as varchar) as sub_account_type,
        cast(charges.tags as varchar) as tags,
        cast(charges.unknown_columns as varchar) as unknown_columns,
        cast(sku_meters.meter as varchar) as meter,
        cast(sku_meters.token_direction as varchar) as token_direction,
        cast(sku_meters.token_cache_action as varchar) as token_cache_action,
        cast(charges.service_tier as varchar) as service_tier,
        cast(charges.context_band as varchar) as context_band,
        cast(charges.serving_scope as varchar) as serving_scope,
        cast(charges.list_price_flags as varchar) as list_price_flags,
        cast(coalesce(model_aliases.model_id, charges.provider_model_id) as varchar)
            as model_id,
        cast(model_aliases.model_developer as varchar) as model_developer,
        cast(model_aliases.model_family as varchar) as model_family,
        cast(model_aliases.model_version as varchar) as model_version,
        cast(coalesce(charges.workload_phase, charge_classes.workload_phase) as varchar)
            as workload_phase,
        cast(
            case
                when charges.workload_phase is not null then 'said by the source'
                else charge_classes.workload_phase_reason
            end
            as varchar
        ) as workload_phase_reason,
        cast(
            case
                when charges.is_ai is not null then 'said by the source'
                else charge_classes.is_ai_reason
            end
            as varchar
        ) as is_ai_reason,

        cast(charges.billed_cost as decimal(35, 18)) as billed_cost,
        cast(charges.commitment_discount_quantity as decimal(35, 18))
            as commitment_discount_quantity,
        cast(charges.consumed_quantity as decimal(35, 18)) as consumed_quantity,
        cast(charges.contracted_cost as decimal(35, 18)) as contracted_cost,
        cast(charges.contracted_unit_price as decimal(35, 18)) as contracted_unit_price,
        cast(charges.effective_cost as decimal(35, 18)) as effective_cost,
        cast(charges.list_cost as decimal(35, 18)) as list_cost,
        cast(charges.list_unit_price as decimal(35, 18)) as list_unit_price,
        cast(charges.pricing_currency_contracted_unit_price as decimal(35, 18))
            as pricing_currency_contracted_unit_price,
        cast(charges.pricing_currency_effective_cost as decimal(35, 18))
            as pricing_currency_effective_cost,
        cast(charges.pricing_currency_list_unit_price as decimal(35, 18))
            as pricing_currency_list_unit_price,
        cast(charges.pricing_quantity as decimal(35, 18)) as pricing_quantity,
        cast(
            coalesce(
                charges.token_quantity,
                case
                    when charges.consumed_unit = 'Tokens' then charges.consumed_quantity
                end
            )
            as decimal(35, 18)
        ) as token_quantity,

        cast(coalesce(charges.is_ai, charge_classes.is_ai) as boolean) as is_ai,

        cast(charges.charge_date as date) as charge_date,
        cast(charges.billing_period_end as timestamp) as billing_period_end,
        cast(charges.billing_period_start as timestamp) as billing_period_start,
        cast(charges.charge_period_end as timestamp) as charge_period_end,
        cast(charges.charge_period_start as timestamp) as charge_period_start

    from charges

    left join charge_classes
        on
            charges.service_provider_name
            is not distinct from charge_classes.service_provider_name
            and charges.service_category
            is not distinct from charge_classes.service_category
            and charges.service_subcategory
            is not distinct from charge_classes.service_subcategory
            and charges.service_name is not distinct from charge_classes.service_name
            and charges.resource_type is not distinct from charge_classes.resource_type
            and charges.sku_meter is not distinct from charge_classes.sku_meter
            and charges.charge_description
            is not distinct from charge_classes.charge_description
            and charges.tags is not distinct from charge_classes.tags

    left join sku_meters
        on coalesce(charges.metered_as, charges.sku_meter) = sku_meters.sku_meter

    left join model_aliases
        on charges.provider_model_id = model_aliases.provider_model_id

)

select * from classified

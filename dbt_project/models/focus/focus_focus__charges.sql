with

charges as (

    select * from {{ ref('stg_focus__charges') }}

),

azure_meters as (

    select * from {{ ref('int_azure_openai_meters') }}

),

-- Azure names the meter in columns of its own until version 1.2.
charges_with_meter as (

    select
        *,
        coalesce(sku_meter, {{ json_text('unknown_columns', 'x_SkuMeterName') }})
            as meter_name,
        {{ json_text('unknown_columns', 'x_SkuMeterSubcategory') }}
            as meter_subcategory,
        coalesce(consumed_unit, pricing_unit) as meter_unit,
        coalesce(service_provider_name, provider_name, '') = 'Microsoft' as is_azure
    from charges

),

charges_with_model as (

    select
        charges_with_meter.*,

        azure_meters.provider_model_id as azure_model_id,
        azure_meters.service_tier as azure_service_tier,
        azure_meters.serving_scope,
        azure_meters.context_band,
        azure_meters.metered_as,
        azure_meters.tokens_per_unit

    from charges_with_meter

    left join azure_meters
        on
            charges_with_meter.meter_subcategory
            is not distinct from azure_meters.meter_subcategory
            and charges_with_meter.meter_name = azure_meters.meter_name
            and charges_with_meter.meter_unit is not distinct from azure_meters.unit
            and charges_with_meter.is_azure

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

        allocated_method_id,
        allocated_resource_id,
        billing_account_id,
        capacity_reservation_id,
        commitment_discount_id,
        invoice_detail_id,
        invoice_id,
        region_id,
        resource_id,
        sku_id,
        sku_price_id,
        sub_account_id,
        coalesce(sub_account_id, billing_account_id) as provider_account_id,
        cast(null as varchar) as provider_project_id,
        {{ json_text('unknown_columns', 'x_CredentialId') }} as provider_credential_id,
        cast(null as varchar) as principal_id,
        coalesce(
            {{ json_text('sku_price_details', 'x_ModelId') }}, azure_model_id
        ) as provider_model_id,
        coalesce(
            {{ json_text('sku_price_details', 'x_ServiceTier') }}, azure_service_tier
        ) as service_tier,
        serving_scope,
        context_band,
        metered_as,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        {{ month_of('billing_period_start') }} as billing_period,
        -- Before 1.3 the seller was ProviderName; the host is the seller unless the
        -- export says otherwise.
        coalesce(service_provider_name, provider_name) as service_provider_name,
        coalesce(host_provider_name, service_provider_name, provider_name)
            as host_provider_name,
        publisher_name,
        -- Some exports write Usage-based; the specification's spelling is Usage-Based.
        case lower(charge_frequency)
            when 'usage-based' then 'Usage-Based'
            when 'one-time' then 'One-Time'
            when 'recurring' then 'Recurring'
            else charge_frequency
        end as charge_frequency,
        allocated_method_details,
        allocated_resource_name,
        allocated_tags,
        availability_zone,
        billing_account_name,
        billing_account_type,
        billing_currency,
        capacity_reservation_status,
        charge_category,
        charge_class,
        charge_description,
        commitment_discount_category,
        commitment_discount_name,
        commitment_discount_status,
        commitment_discount_type,
        commitment_discount_unit,
        commitment_program_eligibility_details,
        consumed_unit,
        contract_applied,
        invoice_issuer_name,
        pricing_category,
        pricing_currency,
        pricing_unit,
        region_name,
        resource_name,
        resource_type,
        service_category,
        -- Azure leaves it empty: on Marketplace purchases (EA) the publisher says it,
        -- on other purchases and adjustments (MCA) the meter's subcategory.
        coalesce(
            service_name,
            case
                when is_azure and publisher_name not like 'Microsoft%'
                    then publisher_name
                when is_azure then coalesce(meter_subcategory, publisher_name)
            end
        ) as service_name,
        service_subcategory,
        meter_name as sku_meter,
        sku_price_details,
        sub_account_name,
        sub_account_type,
        tags,
        unknown_columns,
        cast(null as varchar) as workload_phase,

        billed_cost,
        commitment_discount_quantity,
        consumed_quantity,
        contracted_cost,
        -- Azure writes 0 where it has no price, and makes the cost from it.
        case
            when is_azure and contracted_unit_price = 0 and contracted_cost = 0
                then null
            else contracted_unit_price
        end as contracted_unit_price,
        effective_cost,
        list_cost,
        case
            when is_azure and list_unit_price = 0 and list_cost = 0 then null
            else list_unit_price
        end as list_unit_price,
        pricing_currency_contracted_unit_price,
        pricing_currency_effective_cost,
        pricing_currency_list_unit_price,
        pricing_quantity,
        case
            when charge_category = 'Usage'
                then {{ money('consumed_quantity * tokens_per_unit') }}
        end as token_quantity,

        cast(null as boolean) as is_ai,

        cast(charge_period_start as date) as charge_date,
        billing_period_end,
        billing_period_start,
        charge_period_end,
        charge_period_start

    from charges_with_model

)

select * from in_focus_terms

with

charges as (

    select * from {{ ref('stg_focus__charges') }}

),

bedrock_meters as (

    select * from {{ ref('int_bedrock_meters') }}

),

azure_meters as (

    select * from {{ ref('int_azure_openai_meters') }}

),

vertex_meters as (

    select * from {{ ref('int_vertex_meters') }}

),

service_categories as (

    select * from {{ ref('service_categories') }}

),

-- Where each cloud says what it meters: AWS in the usage type, which 1.0 has in a
-- column of AWS's own; Azure in the meter, which it names in its own columns until 1.2;
-- Google in the description.
charges_by_cloud as (

    select
        *,
        coalesce(service_provider_name, provider_name, '') = 'Google Cloud'
            as is_google,
        coalesce(service_provider_name, provider_name, '') = 'Microsoft' as is_azure,
        coalesce({{ json_text('unknown_columns', 'x_UsageType') }}, sku_meter)
            as usage_type,
        nullif(split_part(charge_description, '|', 3), '') as described_unit,
        coalesce(sku_meter, {{ json_text('unknown_columns', 'x_SkuMeterName') }})
            as meter_name,
        {{ json_text('unknown_columns', 'x_SkuMeterSubcategory') }}
            as meter_subcategory,
        coalesce(consumed_unit, pricing_unit) as meter_unit
    from charges

),

charges_with_meters as (

    select
        charges.*,

        coalesce(
            bedrock_meters.provider_model_id,
            azure_meters.provider_model_id,
            vertex_meters.provider_model_id
        ) as meter_model_id,
        coalesce(
            bedrock_meters.service_tier,
            azure_meters.service_tier,
            vertex_meters.service_tier
        ) as meter_service_tier,
        coalesce(
            bedrock_meters.context_band,
            azure_meters.context_band,
            vertex_meters.context_band
        ) as context_band,
        coalesce(
            bedrock_meters.serving_scope,
            azure_meters.serving_scope,
            vertex_meters.serving_scope
        ) as serving_scope,
        coalesce(
            bedrock_meters.metered_as,
            azure_meters.metered_as,
            vertex_meters.metered_as
        ) as metered_as,
        case
            when charges.charge_category <> 'Usage' then null
            when bedrock_meters.tokens_each is not null
                then {{ money(
                    'round(charges.pricing_quantity * bedrock_meters.tokens_each)'
                ) }}
            else {{ money(
                'charges.consumed_quantity '
                ~ '* coalesce(azure_meters.tokens_per_unit, vertex_meters.tokens_per_unit)'
            ) }}
        end as token_quantity

    from charges_by_cloud as charges

    left join bedrock_meters
        on
            charges.usage_type = bedrock_meters.usage_type
            and charges.service_name is not distinct from bedrock_meters.sold_as
            and charges.pricing_unit is not distinct from bedrock_meters.pricing_unit
            and charges.described_unit
            is not distinct from bedrock_meters.described_unit
            and not charges.is_azure
            and not charges.is_google

    left join azure_meters
        on
            charges.meter_subcategory
            is not distinct from azure_meters.meter_subcategory
            and charges.meter_name = azure_meters.meter_name
            and charges.meter_unit is not distinct from azure_meters.unit
            and charges.is_azure

    left join vertex_meters
        on
            charges.charge_description = vertex_meters.sku_description
            and charges.consumed_unit is not distinct from vertex_meters.usage_unit
            and charges.is_google

),

-- Google's export leaves these empty, and says so. No invoice and no commitment can be
-- made from what it has: those stay null.
charges_without_gaps as (

    select
        charges.* exclude (
            charge_frequency, invoice_issuer_name, resource_type, service_category,
            service_subcategory, sub_account_type, tags
        ),

        coalesce(
            charges.charge_frequency,
            case
                when not charges.is_google or charges.charge_category = 'Purchase'
                    then null
                when charges.charge_category = 'Usage' then 'Usage-Based'
                else 'One-Time'
            end
        ) as charge_frequency,
        coalesce(
            charges.invoice_issuer_name,
            case when charges.is_google then 'Google Cloud' end
        ) as invoice_issuer_name,
        coalesce(
            charges.resource_type,
            case
                when charges.is_google
                    then {{ google_resource_type('charges.resource_id') }}
            end
        ) as resource_type,
        coalesce(charges.service_category, service_categories.service_category)
            as service_category,
        coalesce(charges.service_subcategory, service_categories.service_subcategory)
            as service_subcategory,
        coalesce(
            charges.sub_account_type,
            case
                when charges.is_google and charges.sub_account_id is not null
                    then 'Project'
            end
        ) as sub_account_type,
        coalesce(
            charges.tags,
            case
                when charges.is_google
                    then
                        {{ json_of_labels({
                            '': json_text('unknown_columns', 'x_Labels'),
                            'project:': json_text('unknown_columns', 'x_ProjectLabels'),
                            'tag:': json_text('unknown_columns', 'x_Tags'),
                            'system:': json_text('unknown_columns', 'x_SystemLabels'),
                        }, 'Key', 'Value', 'x_Namespace') }}
            end
        ) as tags

    from charges_with_meters as charges

    left join service_categories
        on
            charges.is_google
            and charges.service_name = service_categories.service_name
            and service_categories.service_provider_name = 'Google Cloud'

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
        case when is_google then sub_account_id end as provider_project_id,
        {{ json_text('unknown_columns', 'x_CredentialId') }} as provider_credential_id,
        cast(null as varchar) as principal_id,
        coalesce({{ json_text('sku_price_details', 'x_ModelId') }}, meter_model_id)
            as provider_model_id,
        coalesce(
            {{ json_text('sku_price_details', 'x_ServiceTier') }}, meter_service_tier
        ) as service_tier,
        context_band,
        serving_scope,
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
        case when is_azure then meter_name else sku_meter end as sku_meter,
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
        token_quantity,

        cast(null as boolean) as is_ai,

        cast(charge_period_start as date) as charge_date,
        billing_period_end,
        billing_period_start,
        charge_period_end,
        charge_period_start

    from charges_without_gaps

)

select * from in_focus_terms

with

charges as (

    select * from {{ ref('stg_focus__charges') }}

),

bedrock_meters as (

    select * from {{ ref('int_bedrock_meters') }}

),

charges_with_bedrock_names as (

    select
        *,
        -- 1.0 has the usage type in a column of AWS's own.
        coalesce({{ json_text('unknown_columns', 'x_UsageType') }}, sku_meter)
            as usage_type,
        nullif(split_part(charge_description, '|', 3), '') as described_unit
    from charges

),

charges_with_bedrock_meter as (

    select
        charges_with_bedrock_names.*,

        bedrock_meters.metered_as as bedrock_metered_as,
        bedrock_meters.provider_model_id as bedrock_model_id,
        bedrock_meters.service_tier as bedrock_service_tier,
        bedrock_meters.context_band as bedrock_context_band,
        bedrock_meters.serving_scope as bedrock_serving_scope,
        bedrock_meters.tokens_each as bedrock_tokens_each

    from charges_with_bedrock_names

    left join bedrock_meters
        on
            charges_with_bedrock_names.usage_type = bedrock_meters.usage_type
            and charges_with_bedrock_names.service_name
            is not distinct from bedrock_meters.sold_as
            and charges_with_bedrock_names.pricing_unit
            is not distinct from bedrock_meters.pricing_unit
            and charges_with_bedrock_names.described_unit
            is not distinct from bedrock_meters.described_unit

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
        coalesce({{ json_text('sku_price_details', 'x_ModelId') }}, bedrock_model_id)
            as provider_model_id,
        coalesce(
            {{ json_text('sku_price_details', 'x_ServiceTier') }}, bedrock_service_tier
        ) as service_tier,
        bedrock_context_band as context_band,
        bedrock_serving_scope as serving_scope,
        bedrock_metered_as as metered_as,

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
        service_name,
        service_subcategory,
        sku_meter,
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
        contracted_unit_price,
        effective_cost,
        list_cost,
        list_unit_price,
        pricing_currency_contracted_unit_price,
        pricing_currency_effective_cost,
        pricing_currency_list_unit_price,
        pricing_quantity,
        case
            when charge_category = 'Usage' then round({{ money(
                'pricing_quantity * bedrock_tokens_each'
            ) }})
        end as token_quantity,

        cast(null as boolean) as is_ai,

        cast(charge_period_start as date) as charge_date,
        billing_period_end,
        billing_period_start,
        charge_period_end,
        charge_period_start

    from charges_with_bedrock_meter

)

select * from in_focus_terms

with

charges as (

    select * from {{ source('focus', 'charges') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'focus' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        AllocatedMethodId as allocated_method_id,
        AllocatedResourceId as allocated_resource_id,
        BillingAccountId as billing_account_id,
        CapacityReservationId as capacity_reservation_id,
        CommitmentDiscountId as commitment_discount_id,
        InvoiceDetailId as invoice_detail_id,
        InvoiceId as invoice_id,
        RegionId as region_id,
        ResourceId as resource_id,
        SkuId as sku_id,
        SkuPriceId as sku_price_id,
        SubAccountId as sub_account_id,

        AllocatedMethodDetails as allocated_method_details,
        AllocatedResourceName as allocated_resource_name,
        AllocatedTags as allocated_tags,
        AvailabilityZone as availability_zone,
        BillingAccountName as billing_account_name,
        BillingAccountType as billing_account_type,
        BillingCurrency as billing_currency,
        CapacityReservationStatus as capacity_reservation_status,
        ChargeCategory as charge_category,
        ChargeClass as charge_class,
        ChargeDescription as charge_description,
        ChargeFrequency as charge_frequency,
        CommitmentDiscountCategory as commitment_discount_category,
        CommitmentDiscountName as commitment_discount_name,
        CommitmentDiscountStatus as commitment_discount_status,
        CommitmentDiscountType as commitment_discount_type,
        CommitmentDiscountUnit as commitment_discount_unit,
        CommitmentProgramEligibilityDetails as commitment_program_eligibility_details,
        ConsumedUnit as consumed_unit,
        ContractApplied as contract_applied,
        HostProviderName as host_provider_name,
        InvoiceIssuerName as invoice_issuer_name,
        PricingCategory as pricing_category,
        PricingCurrency as pricing_currency,
        PricingUnit as pricing_unit,
        ProviderName as provider_name,
        PublisherName as publisher_name,
        RegionName as region_name,
        ResourceName as resource_name,
        ResourceType as resource_type,
        ServiceCategory as service_category,
        ServiceName as service_name,
        ServiceProviderName as service_provider_name,
        ServiceSubcategory as service_subcategory,
        SkuMeter as sku_meter,
        SkuPriceDetails as sku_price_details,
        SubAccountName as sub_account_name,
        SubAccountType as sub_account_type,
        -- An alias of its own name: its case is what changes.
        Tags as tags, -- noqa: AL09
        _unknown_columns as unknown_columns,

        BilledCost as billed_cost,
        CommitmentDiscountQuantity as commitment_discount_quantity,
        ConsumedQuantity as consumed_quantity,
        ContractedCost as contracted_cost,
        ContractedUnitPrice as contracted_unit_price,
        EffectiveCost as effective_cost,
        ListCost as list_cost,
        ListUnitPrice as list_unit_price,
        PricingCurrencyContractedUnitPrice as pricing_currency_contracted_unit_price,
        PricingCurrencyEffectiveCost as pricing_currency_effective_cost,
        PricingCurrencyListUnitPrice as pricing_currency_list_unit_price,
        PricingQuantity as pricing_quantity,

        BillingPeriodEnd as billing_period_end,
        BillingPeriodStart as billing_period_start,
        ChargePeriodEnd as charge_period_end,
        ChargePeriodStart as charge_period_start

    from charges

)

select * from renamed

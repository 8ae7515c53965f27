{%- set resource_parts = "'(?i)/providers/([^/]+/[^/]+)/[^/]+(/[^/]+/[^/]+)*$'" -%}
with

actual_costs as (

    select * from {{ source('azure', 'actual_costs') }}

),

-- Spelled in more than one way, or empty in more than one.
plain_words as (

    select
        *,
        lower(replace(PricingModel, ' ', '')) as pricing_model,
        nullif(MeterCategory, 'Unassigned') as meter_category,
        nullif(MeterSubCategory, 'Unassigned') as meter_subcategory,
        nullif(MeterName, 'Unassigned') as meter_name,
        nullif(nullif(ResourceLocation, 'Unassigned'), 'Unknown') as resource_location,
        case when left(Tags, 1) = '{' then Tags else '{' || Tags || '}' end
            as tags_text,
        -- Only here may prices have a currency of their own.
        PricingCurrency is not null as is_customer_agreement,
        coalesce(PublisherType = 'Marketplace', false) as is_marketplace
    from actual_costs

),

-- What a reservation or a savings plan covers costs nothing here; what it really costs
-- this bill does not tell.
covered_rows as (

    select
        *,
        coalesce(pricing_model in ('reservation', 'savingsplan'), false)
        and ChargeType in ('Usage', 'UnusedReservation', 'UnusedSavingsPlan')
            as is_covered,
        -- A 0 stands where Azure has no price.
        nullif(PayGPrice, 0) as list_price,
        nullif(UnitPrice, 0) as contract_price,
        coalesce(ExchangeRatePricingToBilling, 1) as exchange_rate
    from plain_words

),

prices_in_billing_currency as (

    select
        *,
        case
            when exchange_rate = 1 then list_price
            else {{ multiplied('list_price', 'exchange_rate') }}
        end as list_unit_price,
        case
            when exchange_rate = 1 then contract_price
            else {{ multiplied('contract_price', 'exchange_rate') }}
        end as contract_unit_price,
        ChargeType in ('Usage', 'Purchase') or is_covered as has_price
    from covered_rows

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'azure' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        InvoiceId as invoice_id,
        PreviousInvoiceId as previous_invoice_id,
        case
            when is_customer_agreement then coalesce(BillingProfileId, BillingAccountId)
            else BillingAccountId
        end as billing_account_id,
        SubscriptionId as subscription_id,
        InvoiceSectionId as invoice_section_id,
        ResourceId as resource_id,
        MeterId as meter_id,
        ProductId as product_id,
        ProductOrderId as product_order_id,
        coalesce(BenefitId, ReservationId) as benefit_id,

        {{ month_of('BillingPeriodStartDate') }} as billing_period,
        case
            when is_marketplace then coalesce(PublisherName, 'Microsoft')
            else 'Microsoft'
        end as service_provider_name,
        coalesce(PublisherName, 'Microsoft') as publisher_name,
        case
            when is_customer_agreement
                then coalesce(BillingProfileName, BillingAccountName)
            else BillingAccountName
        end as billing_account_name,
        case
            when is_customer_agreement and BillingProfileId is not null
                then 'Billing Profile'
            else 'Billing Account'
        end as billing_account_type,
        SubscriptionName as subscription_name,
        ResourceGroup as resource_group,
        coalesce(ResourceName, nullif(regexp_extract(ResourceId, '([^/]+)$', 1), ''))
            as resource_name,
        nullif(regexp_extract(ResourceId, {{ resource_parts }}, 1), '')
            as resource_type,
        resource_location,
        CostCenter as cost_center,
        ConsumedService as consumed_service,
        ServiceFamily as service_family,
        ProductName as product_name,
        PlanName as plan_name,
        meter_category,
        meter_subcategory,
        meter_name,
        UnitOfMeasure as unit_of_measure,
        BillingCurrency as billing_currency,
        PricingCurrency as pricing_currency,
        ChargeType as charge_type,
        lower(replace(Frequency, ' ', '')) as frequency,
        -- An alias of its own name: its case is what changes.
        Term as term, -- noqa: AL09
        pricing_model,
        coalesce(BenefitName, ReservationName) as benefit_name,
        -- EA writes pairs without braces.
        case when {{ is_json_object('tags_text') }} then tags_text end as tags,
        CostAllocationRuleName as cost_allocation_rule_name,

        Quantity as quantity, -- noqa: AL09
        CostInBillingCurrency as billed_cost,
        case when not is_covered then CostInBillingCurrency end as effective_cost,
        -- What has no price is listed and contracted at what it costs.
        case
            when not has_price then CostInBillingCurrency
            else coalesce(
                nullif(PaygCostInBillingCurrency, 0),
                {{ multiplied('Quantity', 'list_unit_price') }}
            )
        end as list_cost,
        case
            when not has_price then CostInBillingCurrency
            else coalesce(
                {{ multiplied('Quantity', 'contract_unit_price') }},
                case when not is_covered then CostInBillingCurrency end
            )
        end as contracted_cost,
        list_unit_price,
        contract_unit_price,
        list_price as pricing_currency_list_unit_price,
        contract_price as pricing_currency_contract_unit_price,
        case when not is_covered then CostInPricingCurrency end
            as pricing_currency_effective_cost,

        is_covered,
        is_marketplace,

        Date as usage_date,
        ServicePeriodStartDate as service_period_start_date,
        ServicePeriodEndDate as service_period_end_date,
        BillingPeriodStartDate as billing_period_start_date,
        case
            when
                ChargeType = 'Refund'
                and ServicePeriodStartDate < BillingPeriodStartDate
                then ServicePeriodStartDate
            else Date
        end as charge_date

    from prices_in_billing_currency

)

select * from renamed

with

charges as (

    select * from {{ ref('focus_charges') }}

),

billing_accounts as (

    select * from {{ ref('billing_accounts') }}

),

unit_spellings as (

    select * from {{ ref('unit_spellings') }}

),

charge_invoices as (

    select * from {{ ref('int_charge_invoices') }}

),

invoice_lines as (

    select * from {{ ref('int_invoice_lines') }}

),

categories_per_service as (

    select
        service_provider_name,
        service_name,
        service_category,
        service_subcategory,
        count(*) as charge_count
    from charges
    group by
        service_provider_name, service_name, service_category, service_subcategory

),

-- A service has one category and one subcategory: what most of its charges say, those
-- that say a subcategory first. What a charge said itself stays in x_Source columns.
services as (

    select
        service_provider_name,
        service_name,
        service_category,
        coalesce(service_subcategory, 'Other (' || service_category || ')')
            as service_subcategory
    from categories_per_service
    qualify row_number() over (
        partition by service_provider_name, service_name
        order by
            service_subcategory is null asc,
            charge_count desc,
            service_category asc,
            service_subcategory asc
    ) = 1

),

-- Landing has made empty text null. What follows from another column follows here: a
-- name of nothing is null, and so is everything of a price where nothing is priced.
charges_with_ids as (

    select
        * replace (
            case when charge_category <> 'Tax' then sku_id end as sku_id,
            case when charge_class = 'Correction' then charge_class end as charge_class,
            case when resource_id is not null then resource_name end as resource_name,
            case
                when resource_id is not null
                    then coalesce(resource_type, service_name || ' resource')
            end as resource_type,
            {{ flat_json('tags') }} as tags,
            {{ flat_json('allocated_tags') }} as allocated_tags
        ),
        case
            when charge_category in ('Usage', 'Purchase')
                then coalesce(sku_price_id, sku_id)
            when charge_category <> 'Tax' then sku_price_id
        end as published_sku_price_id,
        coalesce(pricing_currency, billing_currency) as published_pricing_currency
    from charges

),

prices as (

    select
        service_provider_name,
        published_sku_price_id,

        count(distinct sku_price_details) <= 1 as has_one_set_of_details,
        max(sku_price_details) as price_details,
        case when count(distinct model_developer) = 1 then max(model_developer) end
            as price_model_developer,
        case when count(distinct model_family) = 1 then max(model_family) end
            as price_model_family,
        case when count(distinct model_id) = 1 then max(model_id) end
            as price_model_id,
        case when count(distinct model_version) = 1 then max(model_version) end
            as price_model_version,
        case when count(distinct token_direction) = 1 then max(token_direction) end
            as price_token_direction,
        case
            when count(distinct token_cache_action) = 1 then max(token_cache_action)
        end as price_token_cache_action

    from charges_with_ids
    where published_sku_price_id is not null
    group by service_provider_name, published_sku_price_id

),

prices_with_details as (

    select
        *,
        {{ published_price_details('price_details') }} as published_details
    from prices

),

-- One set of details a price: where its rows differ, each keeps its own.
charges_with_prices as (

    select
        charges_with_ids.*,

        case
            when prices_with_details.has_one_set_of_details
                then prices_with_details.published_details
            when charges_with_ids.published_sku_price_id is not null
                then {{ published_price_details('charges_with_ids.sku_price_details') }}
        end as published_sku_price_details,

        charges_with_ids.published_sku_price_id is not null as has_price,
        charges_with_ids.published_pricing_currency = charges_with_ids.billing_currency
            as is_priced_as_billed,
        charges_with_ids.charge_category = 'Usage'
        and coalesce(charges_with_ids.commitment_discount_status, '') <> 'Unused'
            as is_consumption

    from charges_with_ids

    left join prices_with_details
        on
            charges_with_ids.service_provider_name
            is not distinct from prices_with_details.service_provider_name
            and charges_with_ids.published_sku_price_id
            = prices_with_details.published_sku_price_id

),

-- Units as FOCUS spells them. Tokens are counted one by one, and priced by the block
-- that the vendor's own quantity counts; no amount changes with the name of its unit.
charges_with_units as (

    select
        charges_with_prices.* replace (
            coalesce(
                case
                    when
                        charges_with_prices.token_quantity
                        = charges_with_prices.pricing_quantity * 1000000
                        then '1000000 Tokens'
                    when
                        charges_with_prices.token_quantity
                        = charges_with_prices.pricing_quantity * 1000
                        then '1000 Tokens'
                    when
                        charges_with_prices.token_quantity
                        = charges_with_prices.pricing_quantity
                        then 'Tokens'
                end,
                pricing_spellings.focus_unit,
                charges_with_prices.pricing_unit
            ) as pricing_unit,
            case
                when charges_with_prices.consumed_quantity is not null
                    then coalesce(
                        charges_with_prices.token_quantity,
                        charges_with_prices.consumed_quantity
                    )
            end as consumed_quantity,
            case
                when charges_with_prices.token_quantity is not null then 'Tokens'
                else coalesce(
                    consumed_spellings.focus_unit, charges_with_prices.consumed_unit
                )
            end as consumed_unit
        )

    from charges_with_prices

    left join unit_spellings as pricing_spellings
        on charges_with_prices.pricing_unit = pricing_spellings.unit

    left join unit_spellings as consumed_spellings
        on charges_with_prices.consumed_unit = consumed_spellings.unit

),

charges_with_quantities as (

    select
        * replace (
            case when has_price then pricing_quantity end as pricing_quantity,
            case when has_price and pricing_quantity is not null then pricing_unit end
                as pricing_unit,
            case when has_price then pricing_category end as pricing_category,
            case when has_price and is_consumption then consumed_quantity end
                as consumed_quantity,
            case
                when has_price and is_consumption and consumed_quantity is not null
                    then consumed_unit
            end as consumed_unit,
            case
                when has_price and commitment_discount_id is not null
                    then commitment_discount_quantity
            end as commitment_discount_quantity,
            case
                when
                    has_price
                    and commitment_discount_id is not null
                    and commitment_discount_quantity is not null
                    then commitment_discount_unit
            end as commitment_discount_unit
        )
    from charges_with_units

),

-- FOCUS makes ListCost mandatory. Where nobody knows a public price, the contracted
-- cost stands in its place and x_ListCostBasis says so (docs/decisions/0015).
charges_with_list_costs as (

    select
        *,
        case
            when list_cost is not null then 'list price'
            when contracted_cost is not null then 'contracted cost'
        end as list_cost_basis,
        coalesce(list_cost, contracted_cost) as published_list_cost,
        case
            when not has_price then null
            when contracted_unit_price is not null then 'stated'
            when pricing_quantity > 0 and contracted_cost >= 0 then 'cost by quantity'
        end as contracted_unit_price_basis,
        case
            when not has_price then null
            else coalesce(
                contracted_unit_price,
                {{ approximate_unit_price('contracted_cost', 'pricing_quantity') }}
            )
        end as published_contracted_unit_price
    from charges_with_quantities

),

charges_with_unit_prices as (

    select
        *,
        case
            when not has_price then null
            when list_cost is null then published_contracted_unit_price
            else coalesce(
                list_unit_price,
                {{ approximate_unit_price('list_cost', 'pricing_quantity') }}
            )
        end as published_list_unit_price
    from charges_with_list_costs

),

charges_with_invoices as (

    select
        charges_with_unit_prices.*,

        billing_accounts.billing_account_name as seeded_account_name,
        services.service_category as published_service_category,
        services.service_subcategory as published_service_subcategory,
        -- FOCUS foresees provisional invoices: until the register knows the real one,
        -- this is what the charges of an account and period are due on.
        coalesce(
            charges_with_unit_prices.invoice_id,
            charge_invoices.invoice_id,
            concat_ws(
                '/',
                case
                    when charges_with_unit_prices.posting = 'memo' then 'internal'
                    else 'provisional'
                end,
                charges_with_unit_prices.invoice_issuer_name,
                charges_with_unit_prices.billing_account_id,
                charges_with_unit_prices.billing_period,
                charges_with_unit_prices.billing_currency
            )
        ) as published_invoice_id,
        case
            when charges_with_unit_prices.invoice_id is not null then 'bill'
            when charge_invoices.invoice_id is not null then 'register'
            when charges_with_unit_prices.posting = 'memo' then 'internal'
            else 'provisional'
        end as invoice_id_basis,
        case charges_with_unit_prices.charge_category
            when 'Tax' then 'tax'
            when 'Credit' then 'credit'
            else 'net'
        end as line_kind

    from charges_with_unit_prices

    left join services
        on
            charges_with_unit_prices.service_provider_name
            is not distinct from services.service_provider_name
            and charges_with_unit_prices.service_name
            is not distinct from services.service_name

    left join billing_accounts
        on
            charges_with_unit_prices.billing_account_id
            = billing_accounts.billing_account_id
            and (
                billing_accounts.valid_from is null
                or charges_with_unit_prices.charge_date >= billing_accounts.valid_from
            )
            and (
                billing_accounts.valid_to is null
                or charges_with_unit_prices.charge_date < billing_accounts.valid_to
            )

    left join charge_invoices
        on
            charges_with_unit_prices.invoice_issuer_name
            = charge_invoices.invoice_issuer_name
            and charges_with_unit_prices.billing_account_id
            = charge_invoices.billing_account_id
            and charges_with_unit_prices.billing_period = charge_invoices.billing_period
            and charges_with_unit_prices.billing_currency
            = charge_invoices.billing_currency

),

charges_with_invoice_lines as (

    select
        charges_with_invoices.*,

        -- A line of the register, else one that the charges themselves make.
        coalesce(
            invoice_lines.invoice_detail_id,
            charges_with_invoices.invoice_detail_id,
            concat_ws(
                '/',
                charges_with_invoices.invoice_issuer_name,
                charges_with_invoices.published_invoice_id,
                charges_with_invoices.billing_account_id,
                charges_with_invoices.billing_period,
                charges_with_invoices.billing_currency,
                charges_with_invoices.charge_category,
                charges_with_invoices.service_name
            )
        ) as published_invoice_detail_id

    from charges_with_invoices

    left join invoice_lines
        on
            charges_with_invoices.invoice_issuer_name
            = invoice_lines.invoice_issuer_name
            and charges_with_invoices.published_invoice_id = invoice_lines.invoice_id
            and charges_with_invoices.line_kind = invoice_lines.line_kind

),

spelled_as_specified as (

    select
        allocated_method_details as AllocatedMethodDetails,
        allocated_method_id as AllocatedMethodId,
        allocated_resource_id as AllocatedResourceId,
        allocated_resource_name as AllocatedResourceName,
        allocated_tags as AllocatedTags,
        availability_zone as AvailabilityZone,
        billed_cost as BilledCost,
        billing_account_id as BillingAccountId,
        coalesce(billing_account_name, seeded_account_name, billing_account_id)
            as BillingAccountName,
        coalesce(billing_account_type, 'Billing Account') as BillingAccountType,
        billing_currency as BillingCurrency,
        billing_period_end as BillingPeriodEnd,
        billing_period_start as BillingPeriodStart,
        capacity_reservation_id as CapacityReservationId,
        case
            when capacity_reservation_id is not null then capacity_reservation_status
        end as CapacityReservationStatus,
        charge_category as ChargeCategory,
        charge_class as ChargeClass,
        charge_description as ChargeDescription,
        charge_frequency as ChargeFrequency,
        charge_period_end as ChargePeriodEnd,
        charge_period_start as ChargePeriodStart,
        case
            when commitment_discount_id is not null then commitment_discount_category
        end as CommitmentDiscountCategory,
        commitment_discount_id as CommitmentDiscountId,
        case when commitment_discount_id is not null then commitment_discount_name end
            as CommitmentDiscountName,
        commitment_discount_quantity as CommitmentDiscountQuantity,
        case
            when commitment_discount_id is not null and charge_category = 'Usage'
                then commitment_discount_status
        end as CommitmentDiscountStatus,
        case when commitment_discount_id is not null then commitment_discount_type end
            as CommitmentDiscountType,
        commitment_discount_unit as CommitmentDiscountUnit,
        commitment_program_eligibility_details as CommitmentProgramEligibilityDetails,
        consumed_quantity as ConsumedQuantity,
        consumed_unit as ConsumedUnit,
        contract_applied as ContractApplied,
        contracted_cost as ContractedCost,
        published_contracted_unit_price as ContractedUnitPrice,
        effective_cost as EffectiveCost,
        coalesce(host_provider_name, service_provider_name) as HostProviderName,
        published_invoice_detail_id as InvoiceDetailId,
        published_invoice_id as InvoiceId,
        invoice_issuer_name as InvoiceIssuerName,
        published_list_cost as ListCost,
        published_list_unit_price as ListUnitPrice,
        pricing_category as PricingCategory,
        published_pricing_currency as PricingCurrency,
        case
            when is_priced_as_billed then published_contracted_unit_price
            when has_price then pricing_currency_contracted_unit_price
        end as PricingCurrencyContractedUnitPrice,
        case
            when is_priced_as_billed then effective_cost
            else pricing_currency_effective_cost
        end as PricingCurrencyEffectiveCost,
        case
            when is_priced_as_billed then published_list_unit_price
            when has_price then pricing_currency_list_unit_price
        end as PricingCurrencyListUnitPrice,
        pricing_quantity as PricingQuantity,
        pricing_unit as PricingUnit,
        region_id as RegionId,
        case when region_id is not null then coalesce(region_name, region_id) end
            as RegionName,
        resource_id as ResourceId,
        resource_name as ResourceName,
        resource_type as ResourceType,
        published_service_category as ServiceCategory,
        service_name as ServiceName,
        service_provider_name as ServiceProviderName,
        published_service_subcategory as ServiceSubcategory,
        sku_id as SkuId,
        case when sku_id is not null then sku_meter end as SkuMeter,
        published_sku_price_details as SkuPriceDetails,
        published_sku_price_id as SkuPriceId,
        sub_account_id as SubAccountId,
        case
            when sub_account_id is not null
                then coalesce(sub_account_name, sub_account_id)
        end as SubAccountName,
        case
            when sub_account_id is not null
                then coalesce(sub_account_type, 'Sub Account')
        end as SubAccountType,
        -- An alias of its own name: its case is what changes.
        tags as Tags, -- noqa: AL09

        charge_id as x_ChargeId,
        vendor as x_Vendor,
        source_name as x_SourceName,
        delivery_id as x_DeliveryId,
        truth_class as x_TruthClass,
        posting as x_Posting,
        treatment as x_Treatment,
        provider_account_id as x_ProviderAccountId,
        provider_project_id as x_ProviderProjectId,
        provider_credential_id as x_CredentialId,
        principal_id as x_PrincipalId,
        publisher_name as x_PublisherName,
        invoice_detail_id as x_SourceInvoiceDetailId,
        service_category as x_SourceServiceCategory,
        service_subcategory as x_SourceServiceSubcategory,
        list_cost_basis as x_ListCostBasis,
        contracted_unit_price_basis as x_ContractedUnitPriceBasis,
        invoice_id_basis as x_InvoiceIdBasis,
        meter as x_Meter,
        token_direction as x_TokenDirection,
        token_cache_action as x_TokenCacheAction,
        token_quantity as x_TokenQuantity,
        service_tier as x_ServiceTier,
        context_band as x_ContextBand,
        serving_scope as x_ServingScope,
        provider_model_id as x_ProviderModelId,
        model_developer as x_ModelDeveloper,
        model_family as x_ModelFamily,
        model_id as x_ModelId,
        model_version as x_ModelVersion,
        workload_phase as x_WorkloadPhase,
        workload_phase_reason as x_WorkloadPhaseReason,
        is_ai as x_IsAi,
        is_ai_reason as x_IsAiReason,
        unknown_columns as x_SourceColumns

    from charges_with_invoice_lines

)

select * from spelled_as_specified

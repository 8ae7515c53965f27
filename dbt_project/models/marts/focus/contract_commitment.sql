with

commitments as (

    select * from {{ ref('int_contract_commitments') }}

),

deliveries as (

    select * from {{ ref('deliveries') }}

),

unit_spellings as (

    select * from {{ ref('unit_spellings') }}

),

acceptances as (

    select
        delivery_id,
        max(accepted_at) as accepted_at
    from deliveries
    group by delivery_id

),

spelled_as_specified as (

    select
        commitments.billing_currency as BillingCurrency,
        {{ scope_of_service('commitments.service_name') }}
            as ContractCommitmentApplicability,
        commitments.benefit_category as ContractCommitmentBenefitCategory,
        commitments.commitment_category as ContractCommitmentCategory,
        commitments.commitment_cost as ContractCommitmentCost,
        acceptances.accepted_at as ContractCommitmentCreated,
        commitments.commitment_description as ContractCommitmentDescription,
        {{ money('null') }} as ContractCommitmentDiscountPercentage,
        {{ duration_of('commitments.period_start', 'commitments.period_end') }}
            as ContractCommitmentDurationType,
        commitments.fulfillment_interval as ContractCommitmentFulfillmentInterval,
        commitments.contract_commitment_id as ContractCommitmentId,
        acceptances.accepted_at as ContractCommitmentLastUpdated,
        commitments.lifecycle_status as ContractCommitmentLifecycleStatus,
        commitments.commitment_model as ContractCommitmentModel,
        commitments.offer_category as ContractCommitmentOfferCategory,
        commitments.payment_interval as ContractCommitmentPaymentInterval,
        commitments.payment_model as ContractCommitmentPaymentModel,
        commitments.upfront_share as ContractCommitmentPaymentUpfrontPercentage,
        commitments.period_end as ContractCommitmentPeriodEnd,
        commitments.period_start as ContractCommitmentPeriodStart,
        commitments.commitment_quantity as ContractCommitmentQuantity,
        commitments.commitment_kind as ContractCommitmentType,
        coalesce(unit_spellings.focus_unit, commitments.commitment_unit)
            as ContractCommitmentUnit,
        commitments.contract_id as ContractId,
        commitments.contract_end as ContractPeriodEnd,
        commitments.contract_start as ContractPeriodStart,
        commitments.invoice_issuer_name as InvoiceIssuerName,
        commitments.billing_currency as PricingCurrency,
        commitments.commitment_cost as PricingCurrencyContractCommitmentCost,
        commitments.service_provider_name as ServiceProviderName,

        commitments.term_basis as x_TermBasis

    from commitments

    left join acceptances
        on commitments.delivery_id = acceptances.delivery_id

    left join unit_spellings
        on commitments.commitment_unit = unit_spellings.unit

)

select * from spelled_as_specified

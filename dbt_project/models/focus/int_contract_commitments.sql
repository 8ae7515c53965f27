with

commitments as (

    select * from {{ ref('stg_drivers__commitments') }}

),

charges as (

    select * from {{ ref('int_charges') }}

),

-- What procurement says it signed.
signed_commitments as (

    select
        concat_ws('/', contract_id, service_name, commitment_kind, start_date)
            as contract_commitment_id,
        contract_id,
        delivery_id,

        'contract' as term_basis,
        service_provider_name,
        service_provider_name as invoice_issuer_name,
        service_name,
        commitment_kind,
        'Spend' as commitment_category,
        case commitment_kind
            when 'minimum_spend' then 'Discount'
            when 'reserved_capacity' then 'Availability'
            when 'provisioned_throughput' then 'Availability'
            when 'seats' then 'Entitlement'
            else 'Other'
        end as benefit_category,
        -- A spend is met over the term; capacity and seats are lost when not used.
        case commitment_kind
            when 'minimum_spend' then 'Discontinuous'
            else 'Continuous'
        end as commitment_model,
        case commitment_kind
            when 'minimum_spend' then 'Full Period'
            when 'reserved_capacity' then 'Hourly'
            when 'provisioned_throughput' then 'Hourly'
            when 'seats' then 'Monthly'
            else 'Custom'
        end as fulfillment_interval,
        'Negotiated' as offer_category,
        case lower(billing_terms)
            when 'monthly' then 'Monthly'
            when 'quarterly' then 'Quarterly'
            when 'annual' then 'Annual'
            when 'annually' then 'Annual'
            when 'upfront' then 'One-Time'
            else 'Custom'
        end as payment_interval,
        case lower(billing_terms)
            when 'upfront' then 'All Upfront'
            else 'No Upfront'
        end as payment_model,
        concat_ws(
            ': ', replace(commitment_kind, '_', ' ') || ' of ' || service_name, note
        )
            as commitment_description,
        currency as billing_currency,
        cast(null as varchar) as commitment_unit,

        committed_amount as commitment_cost,
        {{ money('null') }} as commitment_quantity,
        case lower(billing_terms)
            when 'upfront' then {{ money(1) }}
            else {{ money(0) }}
        end as upfront_share,

        cast(start_date as timestamp) as period_start,
        cast(end_date as timestamp) as period_end

    from commitments

),

-- What bills show of a commitment whose purchase is in the data. Of one that was only
-- used nothing is known that a contract says; a test counts those.
billed_commitments as (

    select
        service_provider_name,
        commitment_discount_id,

        max(delivery_id) as delivery_id,
        max(invoice_issuer_name) as invoice_issuer_name,
        max(commitment_discount_category) as commitment_category,
        max(commitment_discount_type) as commitment_kind,
        max(commitment_discount_name) as commitment_name,
        max(billing_currency) as billing_currency,
        -- A bill that does not say how much was promised says what was bought.
        coalesce(
            max(commitment_discount_unit) filter (
                where charge_category = 'Purchase'
                and commitment_discount_quantity is not null
            ),
            max(pricing_unit) filter (where charge_category = 'Purchase')
        ) as commitment_unit,
        case when count(distinct service_name) = 1 then max(service_name) end
            as service_name,

        {{ total("case when charge_category = 'Purchase' then billed_cost end") }}
            as purchase_cost,
        coalesce(
            {{ total(
                "case when charge_category = 'Purchase' "
                ~ "then commitment_discount_quantity end"
            ) }},
            {{ total(
                "case when charge_category = 'Purchase' then pricing_quantity end"
            ) }}
        ) as purchase_quantity,
        coalesce(bool_or(
            charge_category = 'Purchase' and charge_frequency = 'One-Time'
        ), false) as has_upfront_payment,
        coalesce(bool_or(
            charge_category = 'Purchase' and charge_frequency = 'Recurring'
        ), false) as has_recurring_payment,

        min(charge_period_start) filter (
            where charge_category = 'Purchase' and charge_frequency = 'One-Time'
        ) as bought_from,
        max(charge_period_end) filter (
            where charge_category = 'Purchase' and charge_frequency = 'One-Time'
        ) as bought_until,
        min(charge_period_start) as seen_from,
        max(charge_period_end) as seen_until

    from charges
    where commitment_discount_id is not null
    group by service_provider_name, commitment_discount_id
    having count(*) filter (where charge_category = 'Purchase') > 0

),

-- FOCUS gives a purchase the period that it pays for; one of a month or less is an
-- instalment, and the term is then no longer than what was seen.
billed_terms as (

    select
        *,
        coalesce(
            bought_until > bought_from + interval 31 day,
            false
        ) as has_term
    from billed_commitments

),

commitments_of_bills as (

    select
        commitment_discount_id as contract_commitment_id,
        commitment_discount_id as contract_id,
        delivery_id,

        case when has_term then 'purchase' else 'charges seen' end as term_basis,
        service_provider_name,
        invoice_issuer_name,
        service_name,
        commitment_kind,
        commitment_category,
        'Discount' as benefit_category,
        'Continuous' as commitment_model,
        'Hourly' as fulfillment_interval,
        'Public' as offer_category,
        case
            when has_recurring_payment then 'Monthly'
            when has_upfront_payment then 'One-Time'
        end as payment_interval,
        case
            when has_upfront_payment and has_recurring_payment then 'Partial Upfront'
            when has_upfront_payment then 'All Upfront'
            when has_recurring_payment then 'No Upfront'
        end as payment_model,
        coalesce(commitment_name, commitment_discount_id) as commitment_description,
        billing_currency,
        case
            when commitment_category = 'Usage' and purchase_quantity is not null
                then commitment_unit
        end as commitment_unit,

        case when commitment_category = 'Spend' then purchase_cost end
            as commitment_cost,
        case when commitment_category = 'Usage' then purchase_quantity end
            as commitment_quantity,
        case
            when has_upfront_payment and has_recurring_payment then {{ money('null') }}
            when has_upfront_payment then {{ money(1) }}
            when has_recurring_payment then {{ money(0) }}
        end as upfront_share,

        case when has_term then bought_from else seen_from end as period_start,
        case when has_term then bought_until else seen_until end as period_end

    from billed_terms

),

all_commitments as (

    select * from signed_commitments
    union all by name
    select * from commitments_of_bills

),

-- No clock: what is known is known as of the newest charge.
newest_charge as (

    select cast(max(charge_date) as timestamp) as newest_charge_at
    from charges

),

commitments_with_status as (

    select
        all_commitments.*,
        case
            when all_commitments.period_start > newest_charge.newest_charge_at
                then 'Pending'
            when all_commitments.period_end <= newest_charge.newest_charge_at
                then 'Expired'
            else 'Active'
        end as lifecycle_status,
        min(all_commitments.period_start) over (
            partition by
                all_commitments.service_provider_name, all_commitments.contract_id
        ) as contract_start,
        max(all_commitments.period_end) over (
            partition by
                all_commitments.service_provider_name, all_commitments.contract_id
        ) as contract_end

    from all_commitments

    cross join newest_charge

)

select * from commitments_with_status

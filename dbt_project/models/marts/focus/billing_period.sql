with

charges as (

    select * from {{ ref('cost_and_usage') }}

),

invoice_lines as (

    select * from {{ ref('invoice_detail') }}

),

deliveries as (

    select * from {{ ref('deliveries') }}

),

acceptances as (

    select
        delivery_id,
        max(accepted_at) as accepted_at
    from deliveries
    group by delivery_id

),

-- No clock: it is as late as the newest delivery says.
newest_acceptance as (

    select max(accepted_at) as newest_accepted_at
    from acceptances

),

periods_seen as (

    select
        charges.InvoiceIssuerName as invoice_issuer_name,
        charges.BillingPeriodStart as period_start,
        charges.BillingPeriodEnd as period_end,
        false as is_issued,
        acceptances.accepted_at
    from charges

    left join acceptances
        on charges.x_DeliveryId = acceptances.delivery_id

    union all

    select
        InvoiceIssuerName as invoice_issuer_name,
        BillingPeriodStart as period_start,
        BillingPeriodEnd as period_end,
        InvoiceIssueStatus = 'Issued' as is_issued,
        InvoiceDetailLastUpdated as accepted_at
    from invoice_lines

),

periods as (

    select
        invoice_issuer_name,
        period_start,

        bool_or(is_issued) as is_issued,
        max(period_end) as period_end,
        min(accepted_at) as created_at,
        max(accepted_at) as last_updated_at

    from periods_seen
    group by invoice_issuer_name, period_start

),

spelled_as_specified as (

    select
        periods.created_at as BillingPeriodCreated,
        periods.period_end as BillingPeriodEnd,
        periods.last_updated_at as BillingPeriodLastUpdated,
        periods.period_start as BillingPeriodStart,
        -- An issued invoice closes its period; without one, the fifteenth day after it.
        case
            when periods.is_issued then 'Closed'
            when
                newest_acceptance.newest_accepted_at
                >= periods.period_end + interval 15 day
                then 'Closed'
            else 'Open'
        end as BillingPeriodStatus,
        periods.invoice_issuer_name as InvoiceIssuerName,

        case when periods.is_issued then 'issued invoice' else 'calendar' end
            as x_StatusBasis

    from periods

    cross join newest_acceptance

)

select * from spelled_as_specified

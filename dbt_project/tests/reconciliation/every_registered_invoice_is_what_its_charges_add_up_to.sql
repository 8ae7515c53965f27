-- Accounts payable's invoice against the charges on it. Below one cent a line it is the
-- invoice's rounding, and tax that no bill shows is named; either way it is counted.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'invoice_detail'}}}) }}
with

charged as (

    select
        InvoiceIssuerName,
        InvoiceDetailId,
        BillingCurrency,

        {{ total('BilledCost') }} as charged_cost

    from {{ ref('cost_and_usage') }}
    group by InvoiceIssuerName, InvoiceDetailId, BillingCurrency

),

compared as (

    select
        invoice_lines.InvoiceIssuerName,
        invoice_lines.InvoiceId,
        invoice_lines.InvoiceDetailId,
        invoice_lines.ChargeCategory,
        invoice_lines.BilledCost as invoiced_cost,
        {{ money('coalesce(charged.charged_cost, 0)') }} as charged_cost,
        {{ money('invoice_lines.BilledCost - coalesce(charged.charged_cost, 0)') }}
            as difference

    from {{ ref('invoice_detail') }} as invoice_lines

    left join charged
        on
            invoice_lines.InvoiceIssuerName
            is not distinct from charged.InvoiceIssuerName
            and invoice_lines.InvoiceDetailId = charged.InvoiceDetailId
            and invoice_lines.BillingCurrency = charged.BillingCurrency

    where invoice_lines.x_LineBasis = 'register'

),

differences as (

    select
        *,
        case
            when abs(difference) < 0.01 then 'rounding of the invoice'
            when ChargeCategory = 'Tax' and charged_cost = 0
                then 'tax that no bill shows'
            else 'unexplained'
        end as cause
    from compared
    where difference <> 0

)

select * from differences

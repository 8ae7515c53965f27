-- An invoice that only charges name has lines that are their sums: to the last digit.
{{ config(meta={'dagster': {'ref': {'name': 'invoice_detail'}}}) }}
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

detailed as (

    select
        InvoiceIssuerName,
        InvoiceDetailId,
        BillingCurrency,
        x_LineBasis,

        {{ total('BilledCost') }} as detailed_cost

    from {{ ref('invoice_detail') }}
    group by InvoiceIssuerName, InvoiceDetailId, BillingCurrency, x_LineBasis

),

differences as (

    select
        coalesce(charged.InvoiceDetailId, detailed.InvoiceDetailId) as InvoiceDetailId,
        charged.charged_cost,
        detailed.detailed_cost

    from charged

    full outer join detailed
        on
            charged.InvoiceIssuerName is not distinct from detailed.InvoiceIssuerName
            and charged.InvoiceDetailId = detailed.InvoiceDetailId
            and charged.BillingCurrency = detailed.BillingCurrency

    where
        detailed.InvoiceDetailId is null
        or (
            detailed.x_LineBasis = 'charges'
            and charged.charged_cost is distinct from detailed.detailed_cost
        )

)

select * from differences

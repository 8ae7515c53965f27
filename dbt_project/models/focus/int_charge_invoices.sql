with

invoices as (

    select * from {{ ref('stg_invoices__register') }}

),

charges as (

    select * from {{ ref('int_charges') }}

),

invoices_named_by_charges as (

    select
        invoice_issuer_name,
        invoice_id
    from charges
    -- A tax or credit line alone, booked by hand, does not say whose usage it is for.
    where invoice_id is not null and charge_category in ('Usage', 'Purchase')
    group by all

),

invoices_nobody_names as (

    select invoices.*
    from invoices

    left join invoices_named_by_charges
        on
            invoices.invoice_issuer_name
            = invoices_named_by_charges.invoice_issuer_name
            and invoices.invoice_id = invoices_named_by_charges.invoice_id

    where invoices_named_by_charges.invoice_id is null

),

-- Two that fit are one too many: then the charges have none.
only_invoices as (

    select
        invoice_issuer_name,
        billing_account_id,
        billing_period,
        billing_currency,

        max(invoice_id) as invoice_id

    from invoices_nobody_names
    where billing_account_id is not null
    group by
        invoice_issuer_name, billing_account_id, billing_period, billing_currency
    having count(*) = 1

)

select * from only_invoices

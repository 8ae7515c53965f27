with

invoices as (

    select * from {{ ref('stg_invoices__register') }}

),

-- The register says of an invoice what it charges, its tax and its credits, no more.
lines as (

    select
        invoices.*,
        'net' as line_kind,
        invoices.net_amount as billed_cost
    from invoices

    union all

    select
        invoices.*,
        'tax' as line_kind,
        invoices.tax_amount as billed_cost
    from invoices

    union all

    select
        invoices.*,
        'credit' as line_kind,
        invoices.credit_amount as billed_cost
    from invoices

),

numbered_lines as (

    select
        concat_ws('/', invoice_issuer_name, invoice_id, line_kind)
            as invoice_detail_id,
        invoice_id,
        billing_account_id,
        delivery_id,

        invoice_issuer_name,
        line_kind,
        billing_period,
        billing_currency,
        purchase_order,

        {{ money('billed_cost') }} as billed_cost,

        invoice_date,
        due_date

    from lines

)

select * from numbered_lines

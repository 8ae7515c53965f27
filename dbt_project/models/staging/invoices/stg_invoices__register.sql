with

invoices as (

    select * from {{ source('invoices', 'register') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        invoice_id,
        billing_account_id,
        issuer as invoice_issuer_name,
        billing_period,
        legal_entity,
        currency as billing_currency,
        purchase_order,
        _unknown_columns as unknown_columns,

        net_amount,
        coalesce(tax_amount, {{ money(0) }}) as tax_amount,
        coalesce(credit_amount, {{ money(0) }}) as credit_amount,
        total_amount,
        fx_rate as stated_fx_rate,

        invoice_date,
        due_date

    from invoices

)

select * from renamed

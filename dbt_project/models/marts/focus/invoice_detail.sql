with

registered_lines as (

    select * from {{ ref('int_invoice_lines') }}

),

charges as (

    select * from {{ ref('cost_and_usage') }}

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

lines_of_charges as (

    select
        charges.InvoiceDetailId as invoice_detail_id,
        charges.InvoiceId as invoice_id,
        charges.InvoiceIssuerName as invoice_issuer_name,
        charges.BillingCurrency as billing_currency,
        -- One of each, unless a vendor's own line id says otherwise.
        min(charges.BillingAccountId) as billing_account_id,
        min({{ month_of('charges.BillingPeriodStart') }}) as billing_period,
        min(charges.ChargeCategory) as charge_category,
        case
            when count(distinct charges.ServiceName) = 1 then max(charges.ServiceName)
        end as service_name,

        {{ total('charges.BilledCost') }} as billed_cost,
        bool_and(charges.ChargeCategory = 'Purchase') as is_purchase,

        min(acceptances.accepted_at) as created_at,
        max(acceptances.accepted_at) as last_updated_at

    from charges

    left join acceptances
        on charges.x_DeliveryId = acceptances.delivery_id

    group by
        charges.InvoiceDetailId,
        charges.InvoiceId,
        charges.InvoiceIssuerName,
        charges.BillingCurrency

),

purchases as (

    select
        invoice_detail_id,
        bool_and(is_purchase) as is_purchase
    from lines_of_charges
    group by invoice_detail_id

),

-- The register knows what was invoiced; no charge is needed to believe it. A zero tax
-- or credit is a line only when charges point at it.
issued_lines as (

    select
        registered_lines.invoice_detail_id,
        registered_lines.invoice_id,
        registered_lines.invoice_issuer_name,
        registered_lines.billing_account_id,
        registered_lines.billing_period,
        registered_lines.billing_currency,
        case
            when registered_lines.line_kind = 'tax' then 'Tax'
            when registered_lines.line_kind = 'credit' then 'Credit'
            when purchases.is_purchase then 'Purchase'
            else 'Usage'
        end as charge_category,
        'Issued' as invoice_issue_status,
        'register' as line_basis,
        case registered_lines.line_kind
            when 'tax' then 'Tax'
            when 'credit' then 'Credits'
            else 'Charges before tax and credits'
        end as line_description,
        {{ json_of_one('x_LineKind', 'registered_lines.line_kind') }} as line_grain,
        coalesce(
            'Net '
            || {{ days_between(
                'registered_lines.invoice_date', 'registered_lines.due_date'
            ) }},
            'Unspecified'
        ) as payment_terms,
        registered_lines.purchase_order,

        registered_lines.billed_cost,

        cast(registered_lines.invoice_date as timestamp) as issued_at,
        cast(registered_lines.due_date as timestamp) as due_at,
        acceptances.accepted_at as created_at,
        acceptances.accepted_at as last_updated_at

    from registered_lines

    left join purchases
        on registered_lines.invoice_detail_id = purchases.invoice_detail_id

    left join acceptances
        on registered_lines.delivery_id = acceptances.delivery_id

    where
        registered_lines.line_kind = 'net'
        or registered_lines.billed_cost <> 0
        or purchases.invoice_detail_id is not null

),

-- An invoice that only charges name has their sums as its lines. That it was issued,
-- when and on which terms nobody has said.
provisional_lines as (

    select
        lines_of_charges.invoice_detail_id,
        lines_of_charges.invoice_id,
        lines_of_charges.invoice_issuer_name,
        lines_of_charges.billing_account_id,
        lines_of_charges.billing_period,
        lines_of_charges.billing_currency,
        lines_of_charges.charge_category,
        'Open' as invoice_issue_status,
        'charges' as line_basis,
        concat_ws(', ', lines_of_charges.service_name, lines_of_charges.charge_category)
            as line_description,
        {{ json_of_one('ServiceName', 'lines_of_charges.service_name') }} as line_grain,
        'Unspecified' as payment_terms,
        cast(null as varchar) as purchase_order,

        lines_of_charges.billed_cost,

        cast(null as timestamp) as issued_at,
        cast(null as timestamp) as due_at,
        lines_of_charges.created_at,
        lines_of_charges.last_updated_at

    from lines_of_charges

    left join registered_lines
        on lines_of_charges.invoice_detail_id = registered_lines.invoice_detail_id

    where registered_lines.invoice_detail_id is null

),

lines as (

    select * from issued_lines
    union all by name
    select * from provisional_lines

),

spelled_as_specified as (

    select
        {{ money('billed_cost') }} as BilledCost,
        billing_account_id as BillingAccountId,
        billing_currency as BillingCurrency,
        {{ month_end('billing_period') }} as BillingPeriodEnd,
        {{ month_start('billing_period') }} as BillingPeriodStart,
        charge_category as ChargeCategory,
        created_at as InvoiceDetailCreated,
        line_description as InvoiceDetailDescription,
        line_grain as InvoiceDetailGrain,
        invoice_detail_id as InvoiceDetailId,
        last_updated_at as InvoiceDetailLastUpdated,
        invoice_id as InvoiceId,
        issued_at as InvoiceIssueDate,
        invoice_issue_status as InvoiceIssueStatus,
        invoice_issuer_name as InvoiceIssuerName,
        billing_currency as PaymentCurrency,
        {{ money('billed_cost') }} as PaymentCurrencyBilledCost,
        invoice_detail_id as PaymentCurrencyInvoiceDetailId,
        due_at as PaymentDueDate,
        payment_terms as PaymentTerms,
        purchase_order as PurchaseOrderNumber,
        invoice_id as ReferenceInvoiceId,

        line_basis as x_LineBasis

    from lines

)

select * from spelled_as_specified

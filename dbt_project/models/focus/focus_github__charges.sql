with

credits as (

    select * from {{ ref('stg_github__ai_credit_usage') }}

),

-- Credits that the plan includes are used and priced too; the bill leaves them out, so
-- that what is left rarely has a price a credit.
credits_with_prices as (

    select
        *,
        concat_ws('/', 'github/copilot-ai-credits', provider_model_id) as sku_id,
        case
            when list_cost = {{ at_price('gross_quantity', 'credit_price') }}
                then credit_price
        end as list_unit_price,
        {{ exact_unit_price_of('contracted_cost', 'gross_quantity') }}
            as contracted_unit_price
    from credits

),

in_focus_terms as (

    select
        charge_id,
        vendor,
        source_name,
        scope,
        delivery_id,
        delivery_role,
        part_number,
        row_number_in_part,

        scope as billing_account_id,
        coalesce(organization, scope) as sub_account_id,
        sku_id,
        sku_id || '/standard' as sku_price_id,
        scope as provider_account_id,
        provider_model_id,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        billing_period,
        service_provider_name,
        service_provider_name as host_provider_name,
        service_provider_name as publisher_name,
        service_provider_name as invoice_issuer_name,
        'Organization' as billing_account_type,
        billing_currency,
        -- A credit is what is metered, at a price in dollars; nobody holds credits as
        -- money.
        billing_currency as pricing_currency,
        'Usage' as charge_category,
        concat_ws(', ', sku, provider_model_id) as charge_description,
        'Usage-Based' as charge_frequency,
        'Standard' as pricing_category,
        'AI and Machine Learning' as service_category,
        'Generative AI' as service_subcategory,
        'GitHub ' || product as service_name,
        'Credits' as sku_meter,
        coalesce(organization, scope) as sub_account_name,
        'Organization' as sub_account_type,
        'Credits' as consumed_unit,
        'Credits' as pricing_unit,
        unknown_columns,

        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost,
        list_unit_price,
        contracted_unit_price,
        gross_quantity as consumed_quantity,
        gross_quantity as pricing_quantity,

        charge_date,
        {{ month_start('billing_period') }} as billing_period_start,
        {{ month_end('billing_period') }} as billing_period_end,
        cast(charge_date as timestamp) as charge_period_start,
        cast(charge_date as timestamp) + interval 1 day as charge_period_end

    from credits_with_prices

)

select * from in_focus_terms

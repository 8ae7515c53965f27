with

seat_months as (

    select * from {{ ref('stg_seats__seat_months') }}

),

seat_months_with_sku as (

    select
        *,
        coalesce(principal_id, principal_email_hash) as resource_id,
        lower(replace(
            concat_ws('/', service_provider_name, service_name, seat_plan), ' ', '-'
        )) as sku_id
    from seat_months

),

-- A seat that was billed with an earlier month of its term buys nothing more here.
priced_seat_months as (

    select
        *,
        case
            when billed_cost = 0 and unit_price <> 0 then {{ money(0) }}
            else {{ money(1) }}
        end as pricing_quantity,
        -- Part of a month has a price of its own: its share of the seat's.
        case when billed_cost = 0 then unit_price else billed_cost end as seat_price
    from seat_months_with_sku

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

        billing_account_id,
        resource_id,
        sku_id,
        sku_id || '/' || billing_cycle as sku_price_id,
        billing_account_id as provider_account_id,
        invoice_id,

        case when invoice_id is null then 'contract' else 'billed' end as truth_class,
        'journal' as posting,
        case when billing_cycle = 'annual' then 'prepaid' else 'expense' end
            as treatment,
        billing_period,
        service_provider_name,
        service_provider_name as host_provider_name,
        service_provider_name as publisher_name,
        service_provider_name as invoice_issuer_name,
        'Account' as billing_account_type,
        billing_currency,
        billing_currency as pricing_currency,
        'Purchase' as charge_category,
        concat_ws(' ', service_name, seat_plan, 'seat,', billing_cycle)
            as charge_description,
        'Recurring' as charge_frequency,
        'Standard' as pricing_category,
        'Seats' as pricing_unit,
        case when resource_id is not null then 'User' end as resource_type,
        'AI and Machine Learning' as service_category,
        'Generative AI' as service_subcategory,
        service_name,
        'Seats' as sku_meter,
        'licence' as workload_phase,
        -- Ownership has one way in; a file that knows no team may know who pays.
        coalesce(
            {{ json_of_one('team', 'team_id') }},
            {{ json_of_one('cost_centre', 'cost_centre') }}
        ) as tags,
        unknown_columns,

        billed_cost,
        effective_cost,
        list_cost,
        contracted_cost,
        pricing_quantity,
        seat_price as list_unit_price,
        seat_price as contracted_unit_price,

        paid_start_date as charge_date,
        {{ month_start('billing_period') }} as billing_period_start,
        {{ month_end('billing_period') }} as billing_period_end,
        cast(paid_start_date as timestamp) as charge_period_start,
        cast(paid_end_date as timestamp) as charge_period_end

    from priced_seat_months

)

select * from in_focus_terms

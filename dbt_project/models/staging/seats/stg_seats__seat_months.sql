with

seat_months as (

    select * from {{ source('seats', 'seat_months') }}

),

months as (

    select
        *,
        cast({{ month_start('period') }} as date) as month_start_date,
        cast({{ month_end('period') }} as date) as month_end_date
    from seat_months

),

-- The part of the month in which the seat is paid for; ends are exclusive.
paid_periods as (

    select
        *,
        greatest(seat_start, month_start_date) as paid_start_date,
        least(coalesce(seat_end, month_end_date), month_end_date) as paid_end_date
    from months

),

days as (

    select
        *,
        {{ days_between('paid_start_date', 'paid_end_date') }} as paid_days,
        {{ days_between('month_start_date', 'month_end_date') }} as month_days,
        {{ days_between('seat_start', 'seat_end') }} as term_days,
        {{ days_between('seat_start', 'paid_start_date') }} as days_before,
        {{ days_between('seat_start', 'paid_end_date') }} as days_through
    from paid_periods

),

-- What a term has cost up to a day, floored and exact at its end. A month bears the
-- difference of two of these, so the months of a term sum to its price.
shares as (

    select
        *,
        case
            when paid_days = month_days then unit_price
            else {{ prorated('unit_price', 'paid_days', 'month_days') }}
        end as monthly_cost,
        {{ prorated('unit_price', 'days_before', 'term_days') }} as cost_before,
        case
            when days_through = term_days then unit_price
            else {{ prorated('unit_price', 'days_through', 'term_days') }}
        end as cost_through
    from days

),

costs as (

    select
        *,
        case
            when billing_cycle <> 'annual' then {{ money('monthly_cost') }}
            when days_before = 0 then unit_price
            else {{ money(0) }}
        end as billed_cost,
        case
            when billing_cycle <> 'annual' then {{ money('monthly_cost') }}
            else {{ money('cost_through - cost_before') }}
        end as effective_cost
    from shares

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'seats' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        principal_id,
        principal_email as principal_email_hash,
        coalesce(billing_account_id, scope) as billing_account_id,
        team_id,
        invoice_id,

        period as billing_period,
        vendor as service_provider_name,
        product as service_name,
        plan as seat_plan,
        cost_centre,
        currency as billing_currency,
        billing_cycle,
        source as told_by,
        _unknown_columns as unknown_columns,

        unit_price,
        billed_cost,
        effective_cost,
        billed_cost as list_cost,
        billed_cost as contracted_cost,

        seat_start as seat_start_date,
        seat_end as seat_end_date,
        paid_start_date,
        paid_end_date,
        last_activity_at

    from costs

)

select * from renamed

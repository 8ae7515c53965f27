with

transactions as (

    select * from {{ source('drivers', 'stripe_balance_transactions') }}

),

-- Stripe's minor units: none, a thousandth, else a hundredth, also for the shilling of
-- Uganda and the krona of Iceland.
with_minor_units as (

    select
        *,
        upper(currency) as currency_code,
        case
            when
                upper(currency) in (
                    'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA',
                    'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
                )
                then 1.000
            when upper(currency) in ('BHD', 'JOD', 'KWD', 'OMR', 'TND') then 0.001
            else 0.010
        end as minor_unit
    from transactions

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        id as balance_transaction_id,
        source as origin_id,

        currency_code as currency,
        type as transaction_type,
        reporting_category,
        status as transaction_status,

        {{ money('amount * minor_unit') }} as gross_amount,
        {{ money('fee * minor_unit') }} as fee_amount,
        {{ money('net * minor_unit') }} as net_amount,
        exchange_rate,

        -- Days and seconds apart: all seconds at once are too many for an interval.
        cast('1970-01-01' as timestamp)
        + cast((created - created % 86400) / 86400 as integer) * interval 1 day
        + cast(created % 86400 as integer) * interval 1 second as created_at,
        cast('1970-01-01' as timestamp)
        + cast((available_on - available_on % 86400) / 86400 as integer)
        * interval 1 day
        + cast(available_on % 86400 as integer) * interval 1 second as available_at

    from with_minor_units

)

select * from renamed

with

lines as (

    select * from {{ source('manual', 'lines') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'manual' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        line_id,
        invoice_id,

        period as billing_period,
        provider_name,
        service_name,
        service_category,
        description as charge_description,
        charge_category,
        currency as billing_currency,
        owner as owning_team,
        legal_entity,
        posting,
        treatment,
        workload_phase,
        _unknown_columns as unknown_columns,

        amount as billed_cost,
        coalesce(effective_amount, amount) as effective_cost,
        amount as list_cost,
        amount as contracted_cost,
        useful_life_months,

        is_ai,

        service_start_date,
        service_end_date

    from lines

)

select * from renamed

with

costs as (

    select * from {{ source('anthropic', 'cost') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'anthropic' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        coalesce(workspace_id, 'default') as workspace_id,
        api_key_id,
        model as provider_model_id,

        {{ month_of('starting_at') }} as billing_period,
        service_tier,
        context_window as context_band,
        cost_type,
        token_type,
        currency as billing_currency,
        _unknown_columns as unknown_columns,

        {{ money('amount_cents * 0.01') }} as billed_cost,
        {{ money('amount_cents * 0.01') }} as effective_cost,
        {{ money('list_amount_cents * 0.01') }} as list_cost,
        {{ money('amount_cents * 0.01') }} as contracted_cost,

        cast(starting_at as date) as charge_date,
        starting_at as charge_period_start,
        ending_at as charge_period_end

    from costs

)

select * from renamed

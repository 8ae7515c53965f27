with

totals as (

    select * from {{ ref('int_layer_totals') }}

),

layers as (

    select layers.layer
    from (
        values ('staged'), ('focus'), ('allocated'), ('ledger'), ('published')
    ) as layers (layer)

),

landed as (

    select * from totals
    where layer = 'landed'

),

-- Every landed total is expected in every layer; a layer that lost it altogether shows
-- as a missing total.
expected as (

    select
        layers.layer,
        landed.vendor,
        landed.source_name,
        landed.service_provider_name,
        landed.billing_period,
        landed.billing_currency,
        landed.cost_column,
        landed.total as landed_total,
        landed.null_count as landed_null_count,
        landed.row_count as landed_row_count
    from landed
    cross join layers

),

reached as (

    select * from totals
    where layer <> 'landed'

),

proof as (

    select
        coalesce(expected.layer, reached.layer) as layer,
        coalesce(expected.vendor, reached.vendor) as vendor,
        coalesce(expected.source_name, reached.source_name) as source_name,
        coalesce(expected.service_provider_name, reached.service_provider_name)
            as service_provider_name,
        coalesce(expected.billing_period, reached.billing_period) as billing_period,
        coalesce(expected.billing_currency, reached.billing_currency)
            as billing_currency,
        coalesce(expected.cost_column, reached.cost_column) as cost_column,

        {{ money('coalesce(expected.landed_total, 0)') }} as landed_total,
        {{ money('coalesce(reached.total, 0)') }} as layer_total,
        {{ money('coalesce(reached.total, 0) - coalesce(expected.landed_total, 0)') }}
            as difference,
        cast(coalesce(expected.landed_null_count, 0) as bigint) as landed_null_count,
        cast(coalesce(reached.null_count, 0) as bigint) as layer_null_count,
        cast(coalesce(expected.landed_row_count, 0) as bigint) as landed_row_count,
        cast(coalesce(reached.row_count, 0) as bigint) as layer_row_count,

        coalesce(expected.landed_total = reached.total, false)
        and coalesce(expected.landed_null_count = reached.null_count, false)
        and coalesce(expected.landed_row_count = reached.row_count, false)
            as is_conserved

    from expected

    full outer join reached
        on
            expected.layer = reached.layer
            and expected.vendor = reached.vendor
            and expected.source_name = reached.source_name
            and expected.service_provider_name
            is not distinct from reached.service_provider_name
            and expected.billing_period = reached.billing_period
            and expected.billing_currency = reached.billing_currency
            and expected.cost_column = reached.cost_column

)

select * from proof

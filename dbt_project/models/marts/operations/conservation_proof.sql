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

-- A cost column that no contract names is proved from the first layer that says it.
first_said as (

    select totals.*
    from totals

    left join landed
        on
            totals.vendor = landed.vendor
            and totals.source_name = landed.source_name
            and totals.service_provider_name
            is not distinct from landed.service_provider_name
            and totals.billing_period = landed.billing_period
            and totals.billing_currency = landed.billing_currency
            and totals.cost_column = landed.cost_column

    where
        totals.layer = 'focus'
        and totals.cost_column <> 'billed_cost'
        and landed.cost_column is null

),

origins as (

    select
        *,
        true as is_landed
    from landed

    union all

    select
        *,
        false as is_landed
    from first_said

),

-- Every origin is expected in every later layer; a layer that lost it altogether shows
-- as a missing total.
expected as (

    select
        layers.layer,
        origins.vendor,
        origins.source_name,
        origins.service_provider_name,
        origins.billing_period,
        origins.billing_currency,
        origins.cost_column,
        origins.total as landed_total,
        origins.null_count as landed_null_count,
        origins.row_count as landed_row_count,
        origins.is_landed
    from origins
    cross join layers
    where origins.is_landed or layers.layer <> 'staged'

),

reached as (

    select totals.*
    from totals

    left join first_said
        on
            totals.vendor = first_said.vendor
            and totals.source_name = first_said.source_name
            and totals.service_provider_name
            is not distinct from first_said.service_provider_name
            and totals.billing_period = first_said.billing_period
            and totals.billing_currency = first_said.billing_currency
            and totals.cost_column = first_said.cost_column

    where
        totals.layer <> 'landed'
        and not (totals.layer = 'staged' and first_said.cost_column is not null)

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

        coalesce(expected.is_landed, false) as is_landed,
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

-- What OpenCost says of GPUs, held and idle, is published whole: joins with samples,
-- labels and rules neither lose nor repeat it.
{{ config(meta={"dagster": {"ref": {"name": "gpu_allocations"}}}) }}
with

staged as (

    select
        usage_date,
        source_name,
        scope,
        coalesce(sum(gpu_hours), 0) as gpu_hours,
        coalesce({{ total('estimated_gpu_cost') }}, 0) as estimated_gpu_cost
    from {{ ref('stg_kubernetes__opencost_allocations') }}
    group by all

),

published as (

    select
        usage_date,
        source_name,
        scope,
        coalesce(sum(gpu_requested_hours), 0) as gpu_hours,
        coalesce({{ total('estimated_gpu_cost') }}, 0) as estimated_gpu_cost
    from {{ ref('gpu_allocations') }}
    group by all

),

differences as (

    select
        staged.*,
        published.gpu_hours as published_gpu_hours,
        published.estimated_gpu_cost as published_estimated_gpu_cost

    from staged

    left join published
        on
            staged.usage_date = published.usage_date
            and staged.source_name = published.source_name
            and staged.scope = published.scope

    where
        -- Hours are published with six decimals.
        abs(staged.gpu_hours - coalesce(published.gpu_hours, 0)) > 0.001
        or staged.estimated_gpu_cost <> coalesce(published.estimated_gpu_cost, 0)

)

select * from differences

with

allocations as (

    select * from {{ ref('stg_kubernetes__opencost_allocations') }}

),

gpu_hours as (

    select * from {{ ref('int_gpu_hours') }}

),

phases as (

    select * from {{ ref('int_gpu_workload_phases') }}

),

container_samples as (

    select
        source_name,
        scope,
        usage_date,
        namespace,
        pod,
        container,

        case when count(distinct gpu_model) = 1 then min(gpu_model) end as gpu_model,

        cast(
            count(distinct concat_ws('/', gpu_uuid, mig_instance_id, hour_started_at))
            as decimal(18, 6)
        ) as sampled_gpu_hours,
        cast(sum(utilisation * sample_count) as decimal(38, 6)) as utilised_samples,
        cast(sum(sample_count) as bigint) as sample_count

    from gpu_hours
    group by all

),

node_models as (

    select
        source_name,
        scope,
        usage_date,
        node,

        case when count(distinct gpu_model) = 1 then min(gpu_model) end as gpu_model

    from gpu_hours
    group by all

),

workloads as (

    select
        allocations.allocation_id,
        allocations.source_name,
        allocations.scope,
        allocations.provider_resource_id,

        allocations.cluster_name,
        allocations.node,
        allocations.namespace,
        allocations.controller_kind,
        allocations.controller,
        allocations.pod,
        allocations.container,
        allocations.team,
        allocations.environment,
        coalesce(
            allocations.gpu_model, container_samples.gpu_model, node_models.gpu_model
        ) as gpu_model,
        phases.workload_phase,
        phases.workload_phase_reason,
        allocations.estimate_currency,

        cast(allocations.gpu_hours as decimal(18, 6)) as gpu_requested_hours,
        container_samples.sampled_gpu_hours,
        container_samples.utilised_samples,
        container_samples.sample_count,
        allocations.estimated_gpu_cost,
        allocations.estimated_total_cost,

        allocations.is_idle,

        allocations.usage_date

    from allocations

    left join container_samples
        on
            allocations.source_name = container_samples.source_name
            and allocations.scope = container_samples.scope
            and allocations.usage_date = container_samples.usage_date
            and allocations.namespace = container_samples.namespace
            and allocations.pod = container_samples.pod
            and allocations.container = container_samples.container

    left join node_models
        on
            allocations.source_name = node_models.source_name
            and allocations.scope = node_models.scope
            and allocations.usage_date = node_models.usage_date
            and allocations.node = node_models.node

    left join phases
        on
            allocations.cluster_name is not distinct from phases.cluster_name
            and allocations.namespace is not distinct from phases.namespace
            and allocations.controller is not distinct from phases.controller
            and allocations.labels is not distinct from phases.labels

    where
        not allocations.is_idle
        and not allocations.is_unmounted
        and (
            allocations.gpu_hours > 0
            or allocations.gpus > 0
            or allocations.estimated_gpu_cost > 0
            or container_samples.sample_count is not null
        )

),

holders as (

    select
        source_name,
        scope,
        usage_date,
        namespace,
        pod,
        container
    from workloads
    group by all

),

-- A GPU counts once an hour, however many containers or instances share it.
node_samples as (

    select
        gpu_hours.source_name,
        gpu_hours.scope,
        gpu_hours.usage_date,
        gpu_hours.node,

        count(distinct gpu_hours.gpu_uuid) as gpus,
        count(distinct concat_ws('/', gpu_hours.gpu_uuid, gpu_hours.hour_started_at))
            as seen_gpu_hours,
        count(
            distinct case
                when holders.pod is not null
                    then concat_ws(
                        '/', gpu_hours.gpu_uuid, gpu_hours.hour_started_at
                    )
            end
        ) as held_gpu_hours

    from gpu_hours

    left join holders
        on
            gpu_hours.source_name = holders.source_name
            and gpu_hours.scope = holders.scope
            and gpu_hours.usage_date = holders.usage_date
            and gpu_hours.namespace = holders.namespace
            and gpu_hours.pod = holders.pod
            and gpu_hours.container = holders.container

    group by all

),

nodes as (

    select
        source_name,
        scope,
        usage_date,
        node,

        max(cluster_name) as cluster_name,
        max(provider_resource_id) as provider_resource_id,
        max(estimate_currency) as estimate_currency,

        cast(
            sum(case when not is_idle then gpu_hours end) as decimal(18, 6)
        ) as requested_gpu_hours,
        {{ total('case when is_idle then estimated_gpu_cost end') }} as idle_gpu_cost,
        {{ total('case when is_idle then estimated_total_cost end') }}
            as idle_total_cost

    from allocations
    where not is_unmounted
    group by all

),

-- What nobody held: GPU hours that were seen without a holder, and not more than a day
-- of all GPUs leaves. Where samples name no holder at all, what was held is taken off;
-- where less was seen than that, nobody knows.
idle_hours as (

    select
        coalesce(nodes.source_name, node_samples.source_name) as source_name,
        coalesce(nodes.scope, node_samples.scope) as scope,
        nodes.provider_resource_id,

        coalesce(nodes.cluster_name, node_samples.scope) as cluster_name,
        coalesce(nodes.node, node_samples.node) as node,
        nodes.estimate_currency,

        case
            when
                node_samples.held_gpu_hours = 0
                and coalesce(nodes.requested_gpu_hours, 0) <> 0
                then node_samples.seen_gpu_hours - nodes.requested_gpu_hours
            when nodes.requested_gpu_hours is not null
                then least(
                    node_samples.seen_gpu_hours - node_samples.held_gpu_hours,
                    node_samples.gpus * 24 - nodes.requested_gpu_hours
                )
        end as idle_gpu_hours,
        node_samples.seen_gpu_hours,
        nodes.idle_gpu_cost,
        nodes.idle_total_cost,

        coalesce(nodes.usage_date, node_samples.usage_date) as usage_date

    from nodes

    full outer join node_samples
        on
            nodes.source_name = node_samples.source_name
            and nodes.scope = node_samples.scope
            and nodes.usage_date = node_samples.usage_date
            and nodes.node is not distinct from node_samples.node

),

idle_nodes as (

    select
        idle_hours.* exclude (idle_gpu_hours),
        node_models.gpu_model,
        case
            when
                idle_hours.seen_gpu_hours is not null
                and idle_hours.idle_gpu_hours >= 0
                then idle_hours.idle_gpu_hours
        end as idle_gpu_hours

    from idle_hours

    left join node_models
        on
            idle_hours.source_name = node_models.source_name
            and idle_hours.scope = node_models.scope
            and idle_hours.usage_date = node_models.usage_date
            and idle_hours.node = node_models.node

    where idle_hours.idle_gpu_cost <> 0 or idle_hours.seen_gpu_hours is not null

),

gpu_allocations as (

    select
        allocation_id,
        source_name,
        scope,
        provider_resource_id,

        cluster_name,
        node,
        namespace,
        controller_kind,
        controller,
        team,
        environment,
        gpu_model,
        workload_phase,
        workload_phase_reason,
        estimate_currency,

        gpu_requested_hours as gpu_capacity_hours,
        gpu_requested_hours,
        -- Hours are sampled whole, also where a container had less of them.
        case
            when sampled_gpu_hours is not null
                then least(sampled_gpu_hours, gpu_requested_hours)
        end as gpu_measured_hours,
        utilised_samples,
        sample_count,
        estimated_gpu_cost,
        estimated_total_cost,

        is_idle,

        usage_date

    from workloads

    union all by name

    select
        md5(concat_ws('/', 'idle', source_name, scope, usage_date, node))
            as allocation_id,
        source_name,
        scope,
        provider_resource_id,

        cluster_name,
        node,
        gpu_model,
        estimate_currency,

        cast(idle_gpu_hours as decimal(18, 6)) as gpu_capacity_hours,
        cast(0 as decimal(18, 6)) as gpu_requested_hours,
        idle_gpu_cost as estimated_gpu_cost,
        idle_total_cost as estimated_total_cost,

        true as is_idle,

        usage_date

    from idle_nodes

)

select * from gpu_allocations

with

gpu_allocations as (

    select * from {{ ref('int_gpu_allocations') }}

),

summed as (

    select
        usage_date,
        source_name,
        scope,
        cluster_name,
        node,
        provider_resource_id,
        namespace,
        controller_kind,
        controller,
        team,
        environment,
        gpu_model,
        workload_phase,
        workload_phase_reason,
        estimate_currency,
        is_idle,

        cast(sum(gpu_capacity_hours) as decimal(18, 6)) as gpu_capacity_hours,
        cast(sum(gpu_requested_hours) as decimal(18, 6)) as gpu_requested_hours,
        cast(sum(gpu_measured_hours) as decimal(18, 6)) as gpu_measured_hours,
        cast(sum(utilised_samples) / nullif(sum(sample_count), 0) as decimal(18, 6))
            as mean_utilisation,
        {{ total('estimated_gpu_cost') }} as estimated_gpu_cost,
        {{ total('estimated_total_cost') }} as estimated_total_cost,
        cast(count(*) as bigint) as allocation_count,
        cast(count(*) - count(estimated_gpu_cost) as bigint) as null_estimate_count

    from gpu_allocations
    group by all

),

-- Of hours that were measured some were worked; of the others nobody knows.
hours as (

    select
        *,
        case
            when is_idle then cast(0 as decimal(18, 6))
            else cast(gpu_measured_hours * mean_utilisation as decimal(18, 6))
        end as gpu_used_hours,
        case
            when is_idle then cast(0 as decimal(18, 6))
            else gpu_requested_hours - coalesce(gpu_measured_hours, 0)
        end as gpu_unmeasured_hours
    from summed

),

allocations_by_workload as (

    select
        usage_date,
        source_name,
        scope,
        cluster_name,
        node,
        provider_resource_id,
        namespace,
        controller_kind,
        controller,
        team,
        environment,
        gpu_model,
        workload_phase,
        workload_phase_reason,
        is_idle,

        gpu_capacity_hours,
        gpu_requested_hours,
        gpu_used_hours,
        cast(
            case
                when is_idle then gpu_capacity_hours
                else gpu_measured_hours - gpu_used_hours
            end
            as decimal(18, 6)
        ) as gpu_idle_hours,
        cast(gpu_unmeasured_hours as decimal(18, 6)) as gpu_unmeasured_hours,
        mean_utilisation,
        cast(
            case
                when not is_idle then
                    coalesce(gpu_measured_hours, 0) / nullif(gpu_requested_hours, 0)
            end
            as decimal(18, 6)
        ) as sample_coverage,

        estimated_gpu_cost,
        estimated_total_cost,
        estimate_currency,
        allocation_count,
        null_estimate_count

    from hours

)

select * from allocations_by_workload

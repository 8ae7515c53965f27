with

allocations as (

    select * from {{ ref('stg_kubernetes__opencost_allocations') }}

),

rules as (

    select
        *,
        -- Prometheus writes workload-phase as workload_phase.
        regexp_replace(label_key, '[^a-zA-Z0-9_]', '_', 'g') as label_name
    from {{ ref('gpu_workloads') }}

),

workloads as (

    select
        cluster_name,
        namespace,
        controller,
        labels
    from allocations
    where not is_idle and not is_unmounted
    group by all

),

workload_labels as (

    {{ json_entries('workloads', 'labels') }}

),

-- Inner join: labels that no rule speaks of are none here.
rules_by_labels as (

    select
        workload_labels.labels,
        rules.priority
    from workload_labels

    inner join rules
        on
            regexp_replace(workload_labels.entry_key, '[^a-zA-Z0-9_]', '_', 'g')
            = rules.label_name
            and (
                rules.label_value is null
                or workload_labels.entry_value = rules.label_value
            )

    group by all

),

-- Inner join: a workload that no rule matches has no phase here; its allocations
-- have none in int_gpu_allocations.
matches as (

    select
        workloads.cluster_name,
        workloads.namespace,
        workloads.controller,
        workloads.labels,
        rules.priority,
        rules.workload_phase,
        rules.reason

    from workloads

    inner join rules
        on
            (rules.cluster is null or workloads.cluster_name = rules.cluster)
            and (
                rules.namespace_pattern is null
                or {{ matches_pattern(
                    'workloads.namespace', 'rules.namespace_pattern'
                ) }}
            )
            and (
                rules.controller_pattern is null
                or {{ matches_pattern(
                    'workloads.controller', 'rules.controller_pattern'
                ) }}
            )

    left join rules_by_labels
        on
            workloads.labels = rules_by_labels.labels
            and rules.priority = rules_by_labels.priority

    where rules.label_key is null or rules_by_labels.priority is not null

),

phases as (

    select
        cluster_name,
        namespace,
        controller,
        labels,

        max_by(workload_phase, priority) as workload_phase,
        max_by(reason, priority) as workload_phase_reason

    from matches
    group by all

)

select * from phases

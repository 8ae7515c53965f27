with

samples as (

    select * from {{ ref('stg_kubernetes__gpu_utilisation') }}

),

-- The average and how many samples it is of, side by side.
hours_by_metric as (

    select
        source_name,
        scope,
        usage_date,
        hour_started_at,
        node,
        gpu_uuid,
        mig_instance_id,
        gpu_model,
        namespace,
        pod,
        container,
        metric_name,

        max(sample_value) filter (where statistic = 'average') as average_value,
        max(sample_value) filter (where statistic = 'samples') as samples

    from samples
    group by all

),

utilisations as (

    select
        * exclude (average_value, samples),
        -- One metric is in percent, the other a ratio.
        cast(
            case metric_name
                when 'DCGM_FI_DEV_GPU_UTIL' then average_value * 0.01
                else average_value
            end
            as decimal(18, 6)
        ) as utilisation,
        -- A sample nobody counted is one.
        cast(coalesce(samples, 1) as bigint) as sample_count
    from hours_by_metric

),

-- The engine's own counter says how busy the GPU was; the other, whether anything ran.
hours as (

    select *
    from utilisations
    where utilisation is not null
    qualify row_number() over (
        partition by
            source_name, scope, hour_started_at, node, gpu_uuid, mig_instance_id,
            namespace, pod, container
        order by metric_name desc, gpu_model asc
    ) = 1

)

select * from hours

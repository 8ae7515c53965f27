with

allocations as (

    select * from {{ source('kubernetes', 'opencost_allocations') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as allocation_id,
        source_name,
        scope,
        delivery_id,
        -- "aws:///eu-west-1a/i-0abc": the bill knows the last part.
        case
            when provider_id like 'aws:///%' then regexp_extract(provider_id, '[^/]+$')
            else provider_id
        end as provider_resource_id,
        gpu_uuid,

        allocation_name,
        -- An export without the name speaks for the configured cluster.
        coalesce(cluster, scope) as cluster_name,
        node,
        namespace,
        controller_kind,
        controller,
        pod,
        container,
        labels,
        coalesce(
            {{ json_text('labels', 'team') }},
            {{ json_text('namespace_labels', 'team') }}
        ) as team,
        coalesce(
            {{ json_text('labels', 'env') }},
            {{ json_text('labels', 'environment') }},
            {{ json_text('namespace_labels', 'env') }},
            {{ json_text('namespace_labels', 'environment') }}
        ) as environment,
        gpu_model,
        currency as estimate_currency,

        gpu_count as gpus,
        gpu_hours,
        cpu_core_hours,
        ram_byte_hours,
        {{ money('gpu_cost + coalesce(gpu_cost_adjustment, 0)') }}
            as estimated_gpu_cost,
        {{ money('cpu_cost + coalesce(cpu_cost_adjustment, 0)') }}
            as estimated_cpu_cost,
        {{ money('ram_cost + coalesce(ram_cost_adjustment, 0)') }}
            as estimated_ram_cost,
        total_cost as estimated_total_cost,

        coalesce(allocation_name like '%\_\_idle\_\_%' escape '\', false) as is_idle,
        coalesce(allocation_name like '%\_\_unmounted\_\_%' escape '\', false)
            as is_unmounted,
        coalesce(is_gpu_shared, false) as is_gpu_shared,

        allocation_date as usage_date,
        started_at,
        ended_at

    from allocations

)

select * from renamed

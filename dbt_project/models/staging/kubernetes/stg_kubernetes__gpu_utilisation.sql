with

samples as (

    select * from {{ source('kubernetes', 'gpu_utilisation') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as sample_id,
        source_name,
        scope,
        delivery_id,
        gpu_uuid,
        mig_instance_id,

        metric_name,
        statistic,
        node,
        -- Where the exporter's labels are not honoured, the plain ones name itself.
        coalesce(exported_namespace, namespace) as namespace,
        coalesce(exported_pod, pod) as pod,
        coalesce(exported_container, container) as container,
        gpu,
        gpu_model,
        mig_profile,

        value as sample_value,

        cast(partition_key as date) as usage_date,
        cast(cast(partition_key as date) as timestamp)
        + cast((ended_at_second - 3600) % 86400 as integer) * interval 1 second
            as hour_started_at

    from samples

)

select * from renamed

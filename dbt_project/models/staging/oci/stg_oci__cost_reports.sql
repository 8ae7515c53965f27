with

cost_reports as (

    select * from {{ source('oci', 'cost_reports') }}

),

renamed as (

    select
        md5(concat_ws('/', delivery_id, _part, _row_number)) as charge_id,
        'oci' as vendor,
        source_name,
        scope,
        delivery_id,
        role as delivery_role,
        _part as part_number,
        _row_number as row_number_in_part,

        reference_no as line_id,
        case when is_correction then back_reference_no end as corrected_line_id,
        tenant_id as tenancy_id,
        compartment_id,
        resource_id,
        subscription_id,
        product_sku as sku_id,
        region as region_id,

        substr(partition_key, 1, 7) as billing_period,
        'Oracle' as service_provider_name,
        currency_code as billing_currency,
        service as service_name,
        compartment_name,
        availability_domain,
        product_description,
        -- Newer reports say the unit in words.
        coalesce(sku_unit_description, billing_unit_readable) as unit,
        {{ json_below('_unknown_columns', 'tags/') }} as tags,
        {{ json_beside('_unknown_columns', 'tags/') }} as unknown_columns,

        billed_quantity,
        unit_price,
        -- The overage is in it.
        my_cost as billed_cost,
        my_cost as effective_cost,
        -- The report names no list price.
        {{ money('null') }} as list_cost,
        my_cost as contracted_cost,
        my_cost_overage as overage_cost,

        coalesce(is_correction, false) as is_correction,
        coalesce(lower(overage_flag) in ('true', 'y', 'yes'), false) as is_overage,

        cast(partition_key as date) as charge_date,
        usage_start as usage_started_at,
        usage_end as usage_ended_at

    from cost_reports

)

select * from renamed

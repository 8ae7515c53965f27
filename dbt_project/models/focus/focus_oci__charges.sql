with

cost_reports as (

    select * from {{ ref('stg_oci__cost_reports') }}

),

service_categories as (

    select * from {{ ref('service_categories') }}

),

charges as (

    select
        *,
        {{ exact_product('billed_quantity', 'unit_price') }} as priced_cost,
        -- An id with a shape names its kind; the name of what has none does not.
        coalesce(
            nullif(regexp_extract(resource_id, '^ocid[0-9]+\.([a-z0-9]+)\.', 1), ''),
            lower(service_name)
        ) as kind_of_resource,
        sku_id is not null as is_priced
    from cost_reports

),

in_focus_terms as (

    select
        charges.charge_id,
        charges.vendor,
        charges.source_name,
        charges.scope,
        charges.delivery_id,
        charges.delivery_role,
        charges.part_number,
        charges.row_number_in_part,

        charges.tenancy_id as billing_account_id,
        charges.compartment_id as sub_account_id,
        charges.resource_id,
        charges.region_id,
        charges.sku_id,
        -- Overage has a price of its own.
        charges.sku_id || case when charges.is_overage then '/overage' else '' end
            as sku_price_id,
        charges.tenancy_id as provider_account_id,
        charges.compartment_id as provider_project_id,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        charges.billing_period,
        charges.service_provider_name,
        'Oracle' as host_provider_name,
        'Oracle' as publisher_name,
        'Oracle' as invoice_issuer_name,
        charges.billing_currency,
        'Usage' as charge_category,
        case when charges.is_correction then 'Correction' end as charge_class,
        coalesce(charges.product_description, charges.sku_id, charges.service_name)
            as charge_description,
        'Usage-Based' as charge_frequency,
        case when charges.is_priced then 'Standard' end as pricing_category,
        service_categories.service_category,
        service_categories.service_subcategory,
        charges.service_name,
        case when charges.is_priced then charges.product_description end as sku_meter,
        case when charges.unit ilike '%gpu%hour%' then 'GPU Hours' end as metered_as,
        case
            when charges.compartment_id is not null
                then coalesce(charges.compartment_name, charges.compartment_id)
        end as sub_account_name,
        case when charges.compartment_id is not null then 'Compartment' end
            as sub_account_type,
        charges.region_id as region_name,
        charges.availability_domain as availability_zone,
        case when charges.resource_id is not null then charges.kind_of_resource end
            as resource_type,
        case
            when charges.is_priced and charges.billed_quantity is not null
                then charges.unit
        end as consumed_unit,
        case
            when charges.is_priced and charges.billed_quantity is not null
                then charges.unit
        end as pricing_unit,
        charges.tags,
        charges.unknown_columns,

        charges.billed_cost,
        charges.effective_cost,
        charges.list_cost,
        charges.contracted_cost,
        -- The price is said where it gives the cost: tiers and floors do not.
        case
            when charges.is_priced and charges.priced_cost = charges.contracted_cost
                then charges.unit_price
        end as contracted_unit_price,
        case
            when charges.is_priced and charges.unit is not null
                then charges.billed_quantity
        end as consumed_quantity,
        case
            when charges.is_priced and charges.unit is not null
                then charges.billed_quantity
        end as pricing_quantity,

        charges.charge_date,
        {{ month_start('charges.billing_period') }} as billing_period_start,
        {{ month_end('charges.billing_period') }} as billing_period_end,
        charges.usage_started_at as charge_period_start,
        charges.usage_ended_at as charge_period_end

    from charges

    left join service_categories
        on
            charges.service_provider_name = service_categories.service_provider_name
            and charges.service_name = service_categories.service_name

)

select * from in_focus_terms

with

charges as (

    select * from {{ ref('focus_charges') }}

),

owners as (

    select * from {{ ref('int_charge_owners') }}

),

direct_shares as (

    select
        charges.charge_id,
        charges.vendor,
        charges.source_name,
        charges.delivery_id,
        charges.billing_account_id,
        charges.sub_account_id,
        charges.invoice_id,
        charges.provider_account_id,
        charges.provider_project_id,
        charges.provider_credential_id,

        charges.billing_period,
        charges.service_provider_name,
        charges.invoice_issuer_name,
        charges.service_name,
        charges.service_category,
        charges.charge_category,
        charges.billing_currency,
        charges.truth_class,
        charges.posting,
        charges.treatment,
        charges.model_id,
        charges.meter,
        charges.workload_phase,
        charges.consumed_unit,

        charges.charge_date,

        coalesce(owners.paying_entity, '__unallocated__') as paying_entity,
        coalesce(owners.owning_entity, '__unallocated__') as owning_entity,
        coalesce(owners.cost_centre, '__unallocated__') as cost_centre,
        coalesce(owners.business_unit, '__unallocated__') as business_unit,
        coalesce(owners.department, '__unallocated__') as department,
        coalesce(owners.team, '__unallocated__') as team,
        coalesce(owners.project, '__unallocated__') as project,
        coalesce(owners.product, '__unallocated__') as product,
        coalesce(owners.feature, '__unallocated__') as feature,
        coalesce(owners.use_case, '__unallocated__') as use_case,
        coalesce(owners.initiative, '__unallocated__') as initiative,
        coalesce(owners.environment, '__unallocated__') as environment,
        coalesce(owners.use_class, '__unallocated__') as use_class,
        coalesce(owners.customer, '__unallocated__') as customer,
        coalesce(owners.customer_tier, '__unallocated__') as customer_tier,
        coalesce(owners.region, '__unallocated__') as region,

        owners.ownership_id as rule_id,
        owners.ownership_version as rule_version,
        cast(null as varchar) as pool_path,
        case when owners.ownership_id is null then 'unallocated' else 'direct' end
            as basis,
        cast(null as varchar) as driver_rung,
        case when owners.ownership_id is not null then 'measured' end as confidence,

        cast(1 as bigint) as weight,
        cast(1 as bigint) as total_weight,
        charges.billed_cost,
        charges.effective_cost,
        charges.list_cost,
        charges.contracted_cost,
        charges.consumed_quantity as quantity,

        charges.is_ai

    from charges

    left join owners
        on charges.charge_id = owners.charge_id

)

select * from direct_shares

with

allocated_charges as (

    select * from {{ ref('allocated_charges') }}

),

cost_classes as (

    select
        *,
        row_number() over (order by priority, cost_class_id) as strength
    from {{ ref('cost_classes') }}

),

situations as (

    select
        environment,
        use_class,
        workload_phase,
        customer_tier,
        treatment,
        charge_date
    from allocated_charges
    group by all

),

strongest_rules as (

    select
        situations.environment,
        situations.use_class,
        situations.workload_phase,
        situations.customer_tier,
        situations.treatment,
        situations.charge_date,

        max_by(cost_classes.cost_class, cost_classes.strength) as cost_class

    from situations

    -- Inner join: a situation without a rule has no class here and becomes
    -- __unallocated__ in ledger_entries.
    inner join cost_classes
        on
            (
                cost_classes.environment is null
                or situations.environment = cost_classes.environment
            )
            and (
                cost_classes.use_class is null
                or situations.use_class = cost_classes.use_class
            )
            and (
                cost_classes.workload_phase is null
                or situations.workload_phase = cost_classes.workload_phase
            )
            and (
                cost_classes.customer_tier is null
                or situations.customer_tier = cost_classes.customer_tier
            )
            and (
                cost_classes.treatment is null
                or situations.treatment = cost_classes.treatment
            )
            and (
                cost_classes.valid_from is null
                or situations.charge_date >= cost_classes.valid_from
            )
            and (
                cost_classes.valid_to is null
                or situations.charge_date < cost_classes.valid_to
            )

    group by all

)

select * from strongest_rules

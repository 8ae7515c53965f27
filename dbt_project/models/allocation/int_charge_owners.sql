with

charges as (

    select * from {{ ref('focus_charges') }}

),

matches as (

    select * from {{ ref('int_ownership_matches') }}

),

teams as (

    select * from {{ ref('teams') }}

),

cost_centres as (

    select * from {{ ref('cost_centres') }}

),

billing_accounts as (

    select * from {{ ref('billing_accounts') }}

),

-- Each dimension goes to the match of highest priority that speaks of it. Equal
-- priorities that overlap are refused before the build, by orchestration/seeds.py.
strongest_match_per_dimension as (

    select
        charge_id,
        -- The row that an entry names is the one that gave it its owner.
        coalesce(
            max_by(ownership_id, strength) filter (where team is not null),
            max_by(ownership_id, strength) filter (where cost_centre is not null)
        ) as ownership_id,
        coalesce(
            max_by(valid_from, strength) filter (where team is not null),
            max_by(valid_from, strength) filter (where cost_centre is not null)
        ) as ownership_valid_from,
        max(strength) filter (where team is not null) as team_strength,
        max(strength) filter (where cost_centre is not null) as cost_centre_strength,

        max_by(team, strength) filter (where team is not null) as team,
        max_by(cost_centre, strength) filter (where cost_centre is not null)
            as cost_centre,
        max_by(project, strength) filter (where project is not null) as project,
        max_by(product, strength) filter (where product is not null) as product,
        max_by(feature, strength) filter (where feature is not null) as feature,
        max_by(use_case, strength) filter (where use_case is not null) as use_case,
        max_by(initiative, strength) filter (where initiative is not null)
            as initiative,
        max_by(environment, strength) filter (where environment is not null)
            as environment,
        max_by(use_class, strength) filter (where use_class is not null) as use_class,
        max_by(customer, strength) filter (where customer is not null) as customer,
        max_by(customer_tier, strength) filter (where customer_tier is not null)
            as customer_tier

    from matches
    group by charge_id

),

matched_charges as (

    select
        charges.charge_id,
        charges.billing_account_id,
        charges.region_id,
        charges.charge_date,

        strongest.ownership_id,
        strongest.ownership_valid_from,
        strongest.team,
        strongest.project,
        strongest.product,
        strongest.feature,
        strongest.use_case,
        strongest.initiative,
        strongest.environment,
        strongest.use_class,
        strongest.customer,
        strongest.customer_tier,
        -- A weaker match does not take a team's cost away from the team's cost centre.
        case
            when
                strongest.team is null
                or strongest.cost_centre_strength >= strongest.team_strength
                then strongest.cost_centre
            else teams.cost_centre
        end as cost_centre

    from charges

    left join strongest_match_per_dimension as strongest
        on charges.charge_id = strongest.charge_id

    left join teams
        on
            strongest.team = teams.team
            and (teams.valid_from is null or charges.charge_date >= teams.valid_from)
            and (teams.valid_to is null or charges.charge_date < teams.valid_to)

),

owners as (

    select
        matched_charges.charge_id,
        matched_charges.ownership_id,
        cast(matched_charges.ownership_valid_from as varchar) as ownership_version,

        coalesce(billing_accounts.paying_entity, '__unallocated__') as paying_entity,
        coalesce(cost_centres.owning_entity, '__unallocated__') as owning_entity,
        coalesce(matched_charges.cost_centre, '__unallocated__') as cost_centre,
        coalesce(cost_centres.business_unit, '__unallocated__') as business_unit,
        coalesce(cost_centres.department, '__unallocated__') as department,
        coalesce(matched_charges.team, '__unallocated__') as team,
        coalesce(matched_charges.project, '__unallocated__') as project,
        coalesce(matched_charges.product, '__unallocated__') as product,
        coalesce(matched_charges.feature, '__unallocated__') as feature,
        coalesce(matched_charges.use_case, '__unallocated__') as use_case,
        coalesce(matched_charges.initiative, '__unallocated__') as initiative,
        coalesce(matched_charges.environment, '__unallocated__') as environment,
        coalesce(matched_charges.use_class, '__unallocated__') as use_class,
        coalesce(matched_charges.customer, '__unallocated__') as customer,
        coalesce(matched_charges.customer_tier, '__unallocated__') as customer_tier,
        coalesce(matched_charges.region_id, '__unallocated__') as region

    from matched_charges

    left join cost_centres
        on
            matched_charges.cost_centre = cost_centres.cost_centre
            and (
                cost_centres.valid_from is null
                or matched_charges.charge_date >= cost_centres.valid_from
            )
            and (
                cost_centres.valid_to is null
                or matched_charges.charge_date < cost_centres.valid_to
            )

    left join billing_accounts
        on
            matched_charges.billing_account_id = billing_accounts.billing_account_id
            and (
                billing_accounts.valid_from is null
                or matched_charges.charge_date >= billing_accounts.valid_from
            )
            and (
                billing_accounts.valid_to is null
                or matched_charges.charge_date < billing_accounts.valid_to
            )

)

select * from owners

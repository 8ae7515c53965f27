with

charges as (

    select * from {{ ref('int_charges') }}

),

charge_rules as (

    -- One order for all rules: the priority, and the id where it is the same.
    select
        *,
        row_number() over (order by priority, rule_id) as strength
    from {{ ref('charge_rules') }}

),

kinds as (

    select
        service_provider_name,
        service_category,
        service_subcategory,
        service_name,
        resource_type,
        sku_meter,
        charge_description,
        tags
    from charges
    group by all

),

kind_tags as (

    {{ json_entries('kinds', 'tags') }}

),

-- Inner join: tags that no rule speaks of are none here, and that is most of them.
rules_by_tags as (

    select
        kind_tags.tags,
        list(charge_rules.rule_id order by charge_rules.rule_id) as tag_rule_ids
    from kind_tags

    inner join charge_rules
        on
            kind_tags.entry_key = charge_rules.tag_key
            and (
                charge_rules.tag_value is null
                or kind_tags.entry_value = charge_rules.tag_value
            )

    group by kind_tags.tags

),

-- What rules look at, without what differs from charge to charge.
situations as (

    select
        kinds.service_provider_name,
        kinds.service_category,
        kinds.service_subcategory,
        kinds.service_name,
        kinds.resource_type,
        kinds.sku_meter,
        kinds.charge_description,
        rules_by_tags.tag_rule_ids
    from kinds

    left join rules_by_tags
        on kinds.tags = rules_by_tags.tags

    group by all

),

-- Inner join: a situation that no rule matches has no class here; its charges have
-- none in focus_charges.
matches as (

    select
        situations.*,
        charge_rules.strength,
        charge_rules.is_ai,
        charge_rules.workload_phase,
        concat(charge_rules.rule_id, ': ', charge_rules.reason) as rule_reason

    from situations

    inner join charge_rules
        on
            (
                charge_rules.service_provider_name is null
                or situations.service_provider_name
                = charge_rules.service_provider_name
            )
            and (
                charge_rules.service_category is null
                or situations.service_category = charge_rules.service_category
            )
            and (
                charge_rules.service_subcategory is null
                or situations.service_subcategory = charge_rules.service_subcategory
            )
            and (
                charge_rules.service_name is null
                or situations.service_name = charge_rules.service_name
            )
            and (
                charge_rules.resource_type is null
                or situations.resource_type = charge_rules.resource_type
            )
            and (
                charge_rules.sku_meter_pattern is null
                or {{ matches_pattern(
                    'situations.sku_meter', 'charge_rules.sku_meter_pattern'
                ) }}
            )
            and (
                charge_rules.description_pattern is null
                or {{ matches_pattern(
                    'situations.charge_description', 'charge_rules.description_pattern'
                ) }}
            )
            and (
                charge_rules.tag_key is null
                or list_contains(situations.tag_rule_ids, charge_rules.rule_id)
            )

),

-- The strongest rule that speaks of it decides, one fact at a time.
classes as (

    select
        service_provider_name,
        service_category,
        service_subcategory,
        service_name,
        resource_type,
        sku_meter,
        charge_description,
        tag_rule_ids,

        max_by(is_ai, strength) filter (where is_ai is not null) as is_ai,
        max_by(rule_reason, strength) filter (where is_ai is not null) as is_ai_reason,
        max_by(workload_phase, strength) filter (where workload_phase is not null)
            as workload_phase,
        max_by(rule_reason, strength) filter (where workload_phase is not null)
            as workload_phase_reason

    from matches
    group by all

),

classified_kinds as (

    select
        kinds.*,

        classes.is_ai_reason,
        classes.workload_phase,
        classes.workload_phase_reason,
        classes.is_ai

    from kinds

    left join rules_by_tags
        on kinds.tags = rules_by_tags.tags

    left join classes
        on
            kinds.service_provider_name
            is not distinct from classes.service_provider_name
            and kinds.service_category is not distinct from classes.service_category
            and kinds.service_subcategory
            is not distinct from classes.service_subcategory
            and kinds.service_name is not distinct from classes.service_name
            and kinds.resource_type is not distinct from classes.resource_type
            and kinds.sku_meter is not distinct from classes.sku_meter
            and kinds.charge_description
            is not distinct from classes.charge_description
            and rules_by_tags.tag_rule_ids is not distinct from classes.tag_rule_ids

)

select * from classified_kinds

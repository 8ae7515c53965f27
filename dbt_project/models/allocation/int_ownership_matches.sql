with

charges as (

    select * from {{ ref('focus_charges') }}

),

ownership as (

    -- One order for all rows: the priority, and the id where it is the same.
    select
        *,
        row_number() over (order by priority, ownership_id) as strength
    from {{ ref('ownership') }}

),

charge_tags as (

    {{ json_entries(ref('focus_charges'), 'tags') }}

),

-- Inner joins: a charge that nothing matches has no row here and becomes
-- __unallocated__ in int_charge_owners.
matches_without_tag as (

    select
        charges.charge_id,
        ownership.*

    from charges

    inner join ownership
        on
            ownership.tag_key is null
            and {{ ownership_matches_charge() }}

),

matches_with_tag as (

    select
        charges.charge_id,
        ownership.*

    from ownership

    inner join charge_tags
        on
            ownership.tag_key = charge_tags.entry_key
            and ownership.tag_value = charge_tags.entry_value

    inner join charges
        on
            charge_tags.tags = charges.tags
            and {{ ownership_matches_charge() }}

),

matches as (

    select * from matches_without_tag
    union all
    select * from matches_with_tag

)

select * from matches

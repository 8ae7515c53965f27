-- One organisation asked by both generations of reports for the same day would be
-- billed twice: end the older one with its option `until`.
select
    newer.scope,
    newer.charge_date
from {{ ref('stg_anthropic__cost') }} as newer
-- Inner join: a day that only one of them says is what we want.
inner join {{ ref('stg_anthropic__legacy_cost') }} as older
    on
        newer.scope = older.scope
        and newer.charge_date = older.charge_date
group by all

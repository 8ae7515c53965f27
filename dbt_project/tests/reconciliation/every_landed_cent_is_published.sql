-- Law 1: readers of focus.cost_and_usage see every charge that was landed.
{{ config(meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
select *
from {{ ref('conservation_proof') }}
where layer = 'published' and not is_conserved

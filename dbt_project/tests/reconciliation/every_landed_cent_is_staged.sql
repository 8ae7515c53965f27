-- Law 1: what landing summed is what staging holds, per source, provider, period, currency and cost.
{{ config(meta={'dagster': {'ref': {'name': 'stg_focus__charges'}}}) }}
select *
from {{ ref('conservation_proof') }}
where layer = 'staged' and not is_conserved

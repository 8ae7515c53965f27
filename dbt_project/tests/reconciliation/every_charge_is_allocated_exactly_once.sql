-- Law 1: allocation decides whose a charge is, never how much.
{{ config(meta={'dagster': {'ref': {'name': 'allocated_charges'}}}) }}
select *
from {{ ref('conservation_proof') }}
where layer = 'allocated' and not is_conserved

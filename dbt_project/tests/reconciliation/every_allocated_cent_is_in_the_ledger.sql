-- Law 1: the ledger is a sum of allocated charges and nothing else.
{{ config(meta={'dagster': {'ref': {'name': 'ledger_entries'}}}) }}
select *
from {{ ref('conservation_proof') }}
where layer = 'ledger' and not is_conserved

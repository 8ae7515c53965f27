-- Law 1: the ledger is a sum of allocated charges and nothing else.
select *
from {{ ref('conservation_proof') }}
where layer = 'ledger' and not is_conserved

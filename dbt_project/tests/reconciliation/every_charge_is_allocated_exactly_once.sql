-- Law 1: allocation decides whose a charge is, never how much.
select *
from {{ ref('conservation_proof') }}
where layer = 'allocated' and not is_conserved

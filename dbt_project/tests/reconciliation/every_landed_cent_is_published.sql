-- Law 1: readers of focus.cost_and_usage see every charge that was landed.
select *
from {{ ref('conservation_proof') }}
where layer = 'published' and not is_conserved

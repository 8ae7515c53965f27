-- Law 1: saying a charge in FOCUS terms changes no amount and loses no row.
select *
from {{ ref('conservation_proof') }}
where layer = 'focus' and not is_conserved

-- Law 1: what landing summed is what staging holds, per source, provider, period,
-- currency and cost.
select *
from {{ ref('conservation_proof') }}
where layer = 'staged' and not is_conserved

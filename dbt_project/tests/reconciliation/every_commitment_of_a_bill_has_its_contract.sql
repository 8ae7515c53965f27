-- A commitment that charges use and nothing in the data bought: its terms are unknown,
-- and focus.contract_commitment leaves it out.
{{ config(
    severity='warn', meta={'dagster': {'ref': {'name': 'contract_commitment'}}}
) }}
select
    charges.ServiceProviderName,
    charges.CommitmentDiscountId,
    count(*) as charge_count
from {{ ref('cost_and_usage') }} as charges

left join {{ ref('contract_commitment') }} as commitments
    on
        charges.ServiceProviderName = commitments.ServiceProviderName
        and charges.CommitmentDiscountId = commitments.ContractCommitmentId

where
    charges.CommitmentDiscountId is not null
    and commitments.ContractCommitmentId is null
group by charges.ServiceProviderName, charges.CommitmentDiscountId

-- One SkuId and one set of details a SkuPriceId; a source that breaks it is counted.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
select
    ServiceProviderName,
    SkuPriceId,
    count(distinct SkuId) as sku_count,
    count(distinct SkuPriceDetails) as details_count
from {{ ref('cost_and_usage') }}
where SkuPriceId is not null
group by ServiceProviderName, SkuPriceId
having count(distinct SkuId) > 1 or count(distinct SkuPriceDetails) > 1

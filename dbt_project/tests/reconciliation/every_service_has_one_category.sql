-- Left of here vendors give a service two; what is published is one.
{{ config(meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
select
    ServiceProviderName,
    ServiceName,
    min(ServiceCategory) as one_category,
    max(ServiceCategory) as another_category
from {{ ref('cost_and_usage') }}
group by ServiceProviderName, ServiceName
having
    count(distinct ServiceCategory) > 1
    or count(distinct ServiceSubcategory) > 1

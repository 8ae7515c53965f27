-- A second price in force on a usage date would double the usage in usage_meters.
{{ config(meta={"dagster": {"ref": {"name": "int_model_prices"}}}) }}
select
    one.service_provider_name,
    one.provider_model_id,
    one.meter,
    one.price_id,
    another.price_id as other_price_id,
    another.valid_from
from {{ ref('int_model_prices') }} as one

inner join {{ ref('int_model_prices') }} as another
    on
        one.service_provider_name = another.service_provider_name
        and one.provider_model_id = another.provider_model_id
        and one.meter = another.meter
        and one.service_tier is not distinct from another.service_tier
        and one.context_band is not distinct from another.context_band
        and one.region is not distinct from another.region
        and one.valid_from < another.valid_from
        and one.valid_to > another.valid_from

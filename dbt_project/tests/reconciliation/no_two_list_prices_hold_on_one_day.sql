-- Two prices of one catalogue, or two contracts, for the same thing on the same
-- day: which one costs are computed with would be chance.
{{ config(meta={"dagster": {"ref": {"name": "int_list_prices"}}}) }}
select
    one.price_id,
    another.price_id as other_price_id
from {{ ref('int_list_prices') }} as one

inner join {{ ref('int_list_prices') }} as another
    on
        one.catalogue = another.catalogue
        and one.provider_key = another.provider_key
        and one.catalogue_model_id = another.catalogue_model_id
        and one.meter = another.meter
        and one.service_tier = another.service_tier
        and one.price_id < another.price_id
        and one.valid_from < another.valid_to
        and one.valid_to > another.valid_from
        and (
            one.context_from_tokens = another.context_from_tokens
            -- A contract may say a price for all bands and another for one.
            or (
                one.catalogue <> 'contract'
                and one.context_from_tokens
                < coalesce(another.context_to_tokens, 9223372036854775807)
                and coalesce(one.context_to_tokens, 9223372036854775807)
                > another.context_from_tokens
            )
        )

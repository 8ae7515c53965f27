with

costs as (

    select * from {{ ref('stg_openai__costs') }}

),

projects as (

    select * from {{ ref('stg_openai__projects') }}

),

api_keys as (

    select * from {{ ref('stg_openai__api_keys') }}

),

usage as (

    select * from {{ ref('stg_openai__usage') }}

),

prices as (

    select * from {{ ref('int_model_prices') }}

),

sku_meters as (

    select * from {{ ref('sku_meters') }}

),

newest_projects as (

    select *
    from projects
    qualify row_number() over (
        partition by source_name, scope, project_id
        order by snapshot_date desc, delivery_id asc
    ) = 1

),

newest_api_keys as (

    select *
    from api_keys
    qualify row_number() over (
        partition by source_name, scope, api_key_id
        order by snapshot_date desc, delivery_id asc
    ) = 1

),

-- The bill counts no searches and names no model of them; the vendor's usage of the
-- same day, project and key does both.
web_searches as (

    select
        source_name,
        scope,
        project_id,
        api_key_id,
        provider_model_id,
        usage_date,

        sum(tool_call_count) as search_count

    from usage
    where endpoint = 'web_search_calls'
    group by all

),

-- Models of one key have one price, or the line has none.
web_searches_per_key as (

    select
        web_searches.source_name,
        web_searches.scope,
        web_searches.project_id,
        web_searches.api_key_id,
        web_searches.usage_date,

        min(prices.list_price_id) as list_price_id,
        min(prices.list_price_flags) as list_price_flags,
        min(prices.list_currency) as list_currency,

        sum(web_searches.search_count) as search_count,
        case
            when
                count(*) = count(prices.list_unit_price)
                and min(prices.list_unit_price) = max(prices.list_unit_price)
                then min(prices.list_unit_price)
        end as list_unit_price

    from web_searches

    left join prices
        on
            prices.service_provider_name = 'OpenAI'
            and web_searches.provider_model_id = prices.provider_model_id
            and prices.meter = 'web_search_request'
            and prices.service_tier is null
            and prices.context_band is null
            and prices.region is null
            and web_searches.usage_date >= prices.valid_from
            and web_searches.usage_date < prices.valid_to

    group by all

),

costs_with_category as (

    select
        *,
        -- The vendor marks no line as a credit: what is paid back for no model is one.
        case
            when billed_cost < 0 and provider_model_id is null then 'Credit'
            else 'Usage'
        end as charge_category,
        lower(coalesce(
            provider_model_id || '/' || sku_meter,
            line_item,
            'unnamed'
        )) as sku_words,
        case
            when quantity_unit in ('tokens', '1000_tokens') then 'Tokens'
            when quantity_unit like 'duration_%' then 'Seconds'
            when quantity_unit = 'gibibyte_hours' then 'GiB-Hours'
            when quantity_unit = 'images' then 'Images'
            when quantity_unit = 'characters' then 'Characters'
            else quantity_unit
        end as unit,
        case quantity_unit
            when '1000_tokens' then 1000
            when 'duration_minutes' then 60
            when 'duration_hours' then 3600
            else 1
        end as units_each,

        -- Two lines of searches share the searches of a key: then neither has a count.
        provider_model_id is null
        and sku_meter = 'Web Search Calls'
        and 1 = count(*) over (
            partition by
                source_name, scope, project_id, api_key_id, sku_meter, charge_date
        ) as is_of_all_searches
    from costs

),

-- FOCUS counts the consumption of usage only. A unit we do not know keeps its name.
line_items as (

    select
        charges.*,

        sku_meters.meter,
        case
            when charges.charge_category = 'Usage'
                then
                    'openai/'
                    || replace(replace(charges.sku_words, ' | ', '-'), ' ', '-')
        end as sku_id,
        case
            when charges.charge_category <> 'Usage' then null
            when charges.unit is not null and charges.quantity is not null
                then charges.unit
            when web_searches_per_key.search_count > 0 then 'Requests'
        end as consumed_unit,
        case
            when charges.charge_category <> 'Usage' then null
            when charges.unit is not null and charges.quantity is not null
                then {{ money('charges.quantity * charges.units_each') }}
            when web_searches_per_key.search_count > 0
                then {{ money('web_searches_per_key.search_count') }}
        end as consumed_quantity,
        coalesce(model_prices.list_price_id, web_searches_per_key.list_price_id)
            as list_price_id,
        coalesce(model_prices.list_price_flags, web_searches_per_key.list_price_flags)
            as list_price_flags,
        coalesce(model_prices.list_unit_price, web_searches_per_key.list_unit_price)
            as list_price_of_one

    from costs_with_category as charges

    left join sku_meters
        on charges.sku_meter = sku_meters.sku_meter

    -- A line that names no tier is of the standard one, and no long one is short. A
    -- price list that knows no long context does not price a line that was long.
    left join prices as model_prices
        on
            model_prices.service_provider_name = 'OpenAI'
            and charges.provider_model_id = model_prices.provider_model_id
            and sku_meters.meter = model_prices.meter
            and coalesce(charges.service_tier, 'standard') = model_prices.service_tier
            and coalesce(charges.context_band, '0-272k') = model_prices.context_band
            and model_prices.region is null
            and charges.billing_currency = model_prices.list_currency
            and charges.charge_date >= model_prices.valid_from
            and charges.charge_date < model_prices.valid_to
            and (
                not charges.is_long_context or model_prices.list_context_from_tokens > 0
            )

    left join web_searches_per_key
        on
            charges.is_of_all_searches
            and charges.source_name = web_searches_per_key.source_name
            and charges.scope = web_searches_per_key.scope
            and charges.project_id is not distinct from web_searches_per_key.project_id
            and charges.api_key_id is not distinct from web_searches_per_key.api_key_id
            and charges.charge_date = web_searches_per_key.usage_date
            and charges.billing_currency
            = coalesce(web_searches_per_key.list_currency, charges.billing_currency)

),

priced_line_items as (

    select
        *,

        case consumed_unit
            when 'Tokens' then '1000000 Tokens'
            when 'Requests' then '1000 Requests'
            else consumed_unit
        end as pricing_unit,
        case consumed_unit
            when 'Tokens' then {{ money('consumed_quantity * 0.000001') }}
            when 'Requests' then {{ money('consumed_quantity * 0.001') }}
            else consumed_quantity
        end as pricing_quantity,
        -- A price is of what the line counts, and has at most twelve decimals.
        try_cast(
            case
                when consumed_unit = 'Tokens' and sku_meter like '%Tokens'
                    then cast(list_price_of_one as decimal(24, 18)) * 1000000
                when consumed_unit = 'Requests' and is_of_all_searches
                    then cast(list_price_of_one as decimal(24, 18)) * 1000
                when
                    (consumed_unit = 'Images' and meter = 'image')
                    or (consumed_unit = 'Seconds' and meter = 'audio_second')
                    or (consumed_unit = 'Characters' and meter = 'character')
                    then list_price_of_one
            end
            as decimal(18, 12)
        ) as list_price
    from line_items

),

line_items_at_list_price as (

    select
        * exclude (list_cost),

        case
            when charge_category = 'Credit' then billed_cost
            else {{ at_price('pricing_quantity', 'list_price') }}
        end as list_cost,
        case
            when {{ at_price('pricing_quantity', 'list_price') }} is not null
                then {{ money('list_price') }}
        end as list_unit_price,
        -- What the bill asks is after every discount that was agreed on.
        {{ exact_unit_price_of('contracted_cost', 'pricing_quantity') }}
            as contracted_unit_price

    from priced_line_items

),

in_focus_terms as (

    select
        line_items.charge_id,
        line_items.vendor,
        line_items.source_name,
        line_items.scope,
        line_items.delivery_id,
        line_items.delivery_role,
        line_items.part_number,
        line_items.row_number_in_part,

        -- The API does not name the organization; it is the configured scope.
        line_items.scope as billing_account_id,
        line_items.project_id as sub_account_id,
        line_items.api_key_id as resource_id,
        line_items.sku_id,
        case
            when line_items.charge_category = 'Usage' then concat_ws(
                '/',
                line_items.sku_id,
                line_items.service_tier,
                case when line_items.is_long_context then 'long-context' end
            )
        end as sku_price_id,
        line_items.scope as provider_account_id,
        line_items.project_id as provider_project_id,
        line_items.api_key_id as provider_credential_id,
        line_items.provider_model_id,
        line_items.service_tier,
        line_items.context_band,
        case when line_items.list_cost is not null then line_items.list_price_id end
            as list_price_id,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        line_items.billing_period,
        'OpenAI' as service_provider_name,
        'OpenAI' as host_provider_name,
        'OpenAI' as publisher_name,
        'OpenAI' as invoice_issuer_name,
        'Organization' as billing_account_type,
        line_items.billing_currency,
        line_items.billing_currency as pricing_currency,
        line_items.charge_category,
        line_items.line_item as charge_description,
        case line_items.charge_category
            when 'Usage' then 'Usage-Based'
            else 'One-Time'
        end as charge_frequency,
        case when line_items.charge_category = 'Usage' then 'Standard' end
            as pricing_category,
        'AI and Machine Learning' as service_category,
        'Generative AI' as service_subcategory,
        'OpenAI API' as service_name,
        case when line_items.sku_id is not null then line_items.sku_meter end
            as sku_meter,
        coalesce(newest_projects.project_name, line_items.project_id)
            as sub_account_name,
        case when line_items.project_id is not null then 'Project' end
            as sub_account_type,
        newest_api_keys.api_key_name as resource_name,
        case when line_items.api_key_id is not null then 'API key' end as resource_type,
        line_items.consumed_unit,
        line_items.pricing_unit,
        case when line_items.list_cost is not null then line_items.list_price_flags end
            as list_price_flags,

        line_items.billed_cost,
        line_items.effective_cost,
        line_items.list_cost,
        line_items.contracted_cost,
        line_items.consumed_quantity,
        line_items.pricing_quantity,
        line_items.list_unit_price,
        line_items.contracted_unit_price,

        line_items.charge_date,
        {{ month_start('line_items.billing_period') }} as billing_period_start,
        {{ month_end('line_items.billing_period') }} as billing_period_end,
        cast(line_items.charge_date as timestamp) as charge_period_start,
        cast(line_items.charge_date as timestamp) + interval 1 day as charge_period_end

    from line_items_at_list_price as line_items

    left join newest_projects
        on
            line_items.source_name = newest_projects.source_name
            and line_items.scope = newest_projects.scope
            and line_items.project_id = newest_projects.project_id

    left join newest_api_keys
        on
            line_items.source_name = newest_api_keys.source_name
            and line_items.scope = newest_api_keys.scope
            and line_items.api_key_id = newest_api_keys.api_key_id

)

select * from in_focus_terms

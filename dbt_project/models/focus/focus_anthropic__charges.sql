with

costs as (

    select * from {{ ref('stg_anthropic__cost') }}
    union all by name
    select * from {{ ref('stg_anthropic__legacy_cost') }}

),

usage_rows as (

    select * from {{ ref('stg_anthropic__usage') }}
    union all by name
    -- the older cost report knows no keys, so its tokens are those of all keys
    select * exclude (api_key_id) from {{ ref('stg_anthropic__legacy_usage') }}

),

workspaces as (

    select * from {{ ref('stg_anthropic__workspaces') }}

),

api_keys as (

    select * from {{ ref('stg_anthropic__api_keys') }}

),

prices as (

    select * from {{ ref('int_model_prices') }}

),

sku_meters as (

    select * from {{ ref('sku_meters') }}

),

-- A name is what the vendor said last; the reports themselves have ids only.
newest_workspaces as (

    select
        scope,
        workspace_id,
        workspace_name
    from workspaces
    qualify
        row_number() over (
            partition by scope, workspace_id
            order by snapshot_date desc, source_name asc
        ) = 1

),

newest_api_keys as (

    select
        scope,
        api_key_id,
        api_key_name
    from api_keys
    qualify
        row_number() over (
            partition by scope, api_key_id
            order by snapshot_date desc, source_name asc
        ) = 1

),

usage_per_key as (

    select
        source_name,
        scope,
        workspace_id,
        api_key_id,
        provider_model_id,
        service_tier,
        context_band,
        region,
        usage_date,

        sum(uncached_input_token_count) as uncached_input_token_count,
        sum(cache_read_token_count) as cache_read_token_count,
        sum(cache_write_5m_token_count) as cache_write_5m_token_count,
        sum(cache_write_1h_token_count) as cache_write_1h_token_count,
        sum(output_token_count) as output_token_count,
        sum(web_search_request_count) as web_search_request_count

    from usage_rows
    group by all

),

-- Two descriptions of the older report can be one key: then neither has a quantity.
costs_with_twins as (

    select
        *,
        coalesce(token_type, cost_type) as cost_component,
        count(*) over (
            partition by
                source_name,
                scope,
                workspace_id,
                api_key_id,
                provider_model_id,
                service_tier,
                context_band,
                region,
                charge_date,
                cost_type,
                token_type
        ) as twin_count

    from costs

),

costs_with_usage as (

    select
        charges.*,

        case
            when charges.twin_count > 1 then null
            when charges.cost_component = 'uncached_input_tokens'
                then usage_per_key.uncached_input_token_count
            when charges.cost_component = 'cache_read_input_tokens'
                then usage_per_key.cache_read_token_count
            when charges.cost_component = 'cache_creation.ephemeral_5m_input_tokens'
                then usage_per_key.cache_write_5m_token_count
            when charges.cost_component = 'cache_creation.ephemeral_1h_input_tokens'
                then usage_per_key.cache_write_1h_token_count
            when charges.cost_component = 'output_tokens'
                then usage_per_key.output_token_count
            when charges.cost_component = 'web_search'
                then usage_per_key.web_search_request_count
        end as usage_quantity,
        case charges.cost_component
            when 'uncached_input_tokens' then 'Input Tokens'
            when 'cache_read_input_tokens' then 'Cache Read Tokens'
            when 'cache_creation.ephemeral_5m_input_tokens'
                then 'Cache Write Tokens (5m)'
            when 'cache_creation.ephemeral_1h_input_tokens'
                then 'Cache Write Tokens (1h)'
            when 'output_tokens' then 'Output Tokens'
            when 'web_search' then 'Web Search Requests'
            when 'code_execution' then 'Code Execution'
            when 'session_usage' then 'Agent Session Time'
        end as sku_meter

    from costs_with_twins as charges

    -- A charge without usage keeps its money and has no quantity.
    left join usage_per_key
        on
            charges.source_name = usage_per_key.source_name
            and charges.scope = usage_per_key.scope
            and charges.charge_date = usage_per_key.usage_date
            and charges.workspace_id = usage_per_key.workspace_id
            and charges.api_key_id is not distinct from usage_per_key.api_key_id
            and charges.provider_model_id
            is not distinct from usage_per_key.provider_model_id
            and charges.service_tier is not distinct from usage_per_key.service_tier
            and charges.context_band is not distinct from usage_per_key.context_band
            and charges.region is not distinct from usage_per_key.region

),

-- A price is of a thousand searches, or of a million tokens.
costs_with_unit as (

    select
        *,

        case cost_component when 'web_search' then 'Requests' else 'Tokens' end
            as metered_unit,
        case cost_component
            when 'web_search' then '1000 Requests'
            else '1000000 Tokens'
        end as price_unit,
        case cost_component when 'web_search' then 1000 else 1000000 end
            as units_priced,
        case cost_component when 'web_search' then 0.001 else 0.000001 end
            as part_of_priced_unit

    from costs_with_usage

),

costs_with_price as (

    select
        charges.*,

        prices.list_price_id,
        prices.list_price_flags,
        try_cast(
            cast(prices.list_unit_price as decimal(24, 18)) * charges.units_priced
            as decimal(18, 12)
        ) as list_price

    from costs_with_unit as charges

    left join sku_meters
        on charges.sku_meter = sku_meters.sku_meter

    left join prices
        on
            prices.service_provider_name = 'Anthropic'
            and charges.provider_model_id = prices.provider_model_id
            and sku_meters.meter = prices.meter
            and charges.service_tier is not distinct from prices.service_tier
            and charges.context_band is not distinct from prices.context_band
            and charges.region is not distinct from prices.region
            and charges.billing_currency = prices.list_currency
            and charges.charge_date >= prices.valid_from
            and charges.charge_date < prices.valid_to

),

quantities_to_try as (

    select
        *,

        {{ money('usage_quantity * part_of_priced_unit') }} as usage_pricing_quantity,
        -- A division is a double: it only suggests a whole count.
        try_cast(
            round(list_cost / nullif(list_price, 0) * units_priced) as decimal(17, 0)
        ) as list_quantity

    from costs_with_price

),

-- The usage report counts blocked requests, which nobody pays. Where its count has no
-- price that comes to the cost, the bill is for as many of it as do at list price.
billed_quantities as (

    select
        *,

        case
            when usage_quantity is null or usage_quantity <= 0 then null
            when
                {{ exact_unit_price_of('list_cost', 'usage_pricing_quantity') }} is null
                and list_quantity between 1 and usage_quantity
                and list_cost = {{ at_price(
                    money('list_quantity * part_of_priced_unit'), 'list_price'
                ) }}
                then {{ money('list_quantity') }}
            else {{ money('usage_quantity') }}
        end as consumed_quantity

    from quantities_to_try

),

quantities as (

    select
        *,

        case when consumed_quantity is not null then metered_unit end as consumed_unit,
        case when consumed_quantity is not null then price_unit end as pricing_unit,
        {{ money('consumed_quantity * part_of_priced_unit') }} as pricing_quantity,
        case
            when cost_component is not null
                then concat_ws('/', 'anthropic', provider_model_id, cost_component)
        end as sku_id

    from billed_quantities

),

-- The older report says no list price; the price table does.
priced as (

    select
        * replace (
            case
                when list_cost is null and pricing_quantity is not null
                    then list_price_id
            end as list_price_id,
            case
                when list_cost is null and pricing_quantity is not null
                    then list_price_flags
            end as list_price_flags,
            coalesce(list_cost, {{ at_price('pricing_quantity', 'list_price') }})
                as list_cost
        ),

        case
            when list_cost is not null
                then {{ exact_unit_price_of('list_cost', 'pricing_quantity') }}
            when pricing_quantity is not null then {{ money('list_price') }}
        end as list_unit_price,
        {{ exact_unit_price_of('contracted_cost', 'pricing_quantity') }}
            as contracted_unit_price

    from quantities

),

in_focus_terms as (

    select
        priced.charge_id,
        priced.vendor,
        priced.source_name,
        priced.scope,
        priced.delivery_id,
        priced.delivery_role,
        priced.part_number,
        priced.row_number_in_part,

        priced.scope as billing_account_id,
        priced.api_key_id as resource_id,
        priced.sku_id,
        case
            when priced.sku_id is not null
                then concat_ws(
                    '/',
                    priced.sku_id,
                    priced.service_tier,
                    priced.context_band,
                    priced.region
                )
        end as sku_price_id,
        priced.workspace_id as sub_account_id,
        priced.scope as provider_account_id,
        priced.workspace_id as provider_project_id,
        priced.api_key_id as provider_credential_id,
        priced.provider_model_id,
        priced.service_tier,
        priced.context_band,
        priced.list_price_id,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        priced.billing_period,
        'Anthropic' as service_provider_name,
        'Anthropic' as host_provider_name,
        'Anthropic' as publisher_name,
        'Anthropic' as invoice_issuer_name,
        'Organization' as billing_account_type,
        'Usage' as charge_category,
        'Usage-Based' as charge_frequency,
        coalesce(
            priced.charge_description,
            concat_ws(
                ', ',
                priced.provider_model_id,
                priced.cost_component,
                priced.service_tier,
                priced.context_band
            )
        ) as charge_description,
        priced.billing_currency,
        priced.billing_currency as pricing_currency,
        case when priced.sku_id is not null then 'Standard' end as pricing_category,
        priced.consumed_unit,
        priced.pricing_unit,
        newest_api_keys.api_key_name as resource_name,
        case when priced.api_key_id is not null then 'API Key' end as resource_type,
        'Claude API' as service_name,
        'AI and Machine Learning' as service_category,
        'Generative AI' as service_subcategory,
        priced.sku_meter,
        coalesce(newest_workspaces.workspace_name, priced.workspace_id)
            as sub_account_name,
        'Workspace' as sub_account_type,
        priced.list_price_flags,
        priced.unknown_columns,

        priced.billed_cost,
        priced.effective_cost,
        priced.list_cost,
        priced.contracted_cost,
        priced.consumed_quantity,
        priced.pricing_quantity,
        priced.list_unit_price,
        priced.contracted_unit_price,

        priced.charge_date,
        {{ month_start('priced.billing_period') }} as billing_period_start,
        {{ month_end('priced.billing_period') }} as billing_period_end,
        priced.charge_period_start,
        priced.charge_period_end

    from priced

    left join newest_workspaces
        on
            priced.scope = newest_workspaces.scope
            and priced.workspace_id = newest_workspaces.workspace_id

    left join newest_api_keys
        on
            priced.scope = newest_api_keys.scope
            and priced.api_key_id = newest_api_keys.api_key_id

)

select * from in_focus_terms

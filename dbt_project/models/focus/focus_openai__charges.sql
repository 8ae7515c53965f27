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
        end as units_each
    from costs

),

-- FOCUS counts the consumption of usage only. A unit we do not know keeps its name.
line_items as (

    select
        *,
        'openai/' || replace(replace(sku_words, ' | ', '-'), ' ', '-') as sku_id,
        case
            when charge_category = 'Usage' and unit is not null
                then {{ money('quantity * units_each') }}
        end as unit_quantity
    from costs_with_category

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
        -- Where OpenAI's price list has a second price, it begins there.
        case when line_items.is_long_context then '272k-' end as context_band,

        'billed' as truth_class,
        'journal' as posting,
        'expense' as treatment,
        line_items.billing_period,
        'OpenAI' as service_provider_name,
        'OpenAI' as host_provider_name,
        'OpenAI' as publisher_name,
        'OpenAI' as invoice_issuer_name,
        line_items.billing_currency,
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
        line_items.sku_meter,
        newest_projects.project_name as sub_account_name,
        case when line_items.project_id is not null then 'Project' end
            as sub_account_type,
        newest_api_keys.api_key_name as resource_name,
        case when line_items.api_key_id is not null then 'API key' end as resource_type,
        case when line_items.unit_quantity is not null then line_items.unit end
            as consumed_unit,
        case when line_items.unit_quantity is not null then line_items.unit end
            as pricing_unit,

        line_items.billed_cost,
        line_items.effective_cost,
        line_items.list_cost,
        line_items.contracted_cost,
        line_items.unit_quantity as consumed_quantity,
        line_items.unit_quantity as pricing_quantity,

        line_items.charge_date,
        {{ month_start('line_items.billing_period') }} as billing_period_start,
        {{ month_end('line_items.billing_period') }} as billing_period_end,
        cast(line_items.charge_date as timestamp) as charge_period_start,
        cast(line_items.charge_date as timestamp) + interval 1 day as charge_period_end

    from line_items

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

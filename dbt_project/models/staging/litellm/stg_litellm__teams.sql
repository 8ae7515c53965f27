with

teams as (

    select * from {{ source('litellm', 'teams') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,
        team_id,
        organization_id,

        team_alias as team_name,
        budget_duration,
        max_budget as budget_amount,
        'USD' as budget_currency,

        snapshot_date,
        created_at,
        updated_at

    from teams

)

select * from renamed

with

budgets as (

    select * from {{ source('drivers', 'budgets') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        budget_id,
        version as budget_version,
        kind as budget_kind,
        budget_scope,
        owner as budget_owner,
        currency,

        amount as budget_amount,

        period_start as period_start_date,
        period_end as period_end_date,
        approved_at

    from budgets

)

select * from renamed

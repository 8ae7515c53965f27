with

charges as (

    -- by name: an arm names only what its vendor says, the contract says the rest
    select * from {{ ref('focus_focus__charges') }}
    union all by name
    select * from {{ ref('focus_manual__charges') }}
    union all by name
    select * from {{ ref('focus_openai__charges') }}
    union all by name
    select * from {{ ref('focus_anthropic__charges') }}
    union all by name
    select * from {{ ref('focus_github__charges') }}
    union all by name
    select * from {{ ref('focus_cursor__charges') }}
    union all by name
    select * from {{ ref('focus_seats__charges') }}
    union all by name
    select * from {{ ref('focus_azure__charges') }}

)

select * from charges

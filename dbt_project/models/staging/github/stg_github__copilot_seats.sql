with

copilot_seats as (

    select * from {{ source('github', 'copilot_seats') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        login as principal_id,
        assignee_id,
        assigning_team,
        plan_type as seat_plan,
        last_activity_editor,

        snapshot_date,
        pending_cancellation_date,
        created_at,
        updated_at,
        last_activity_at

    from copilot_seats

)

select * from renamed

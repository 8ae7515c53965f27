with

commitments as (

    select * from {{ source('drivers', 'commitments') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        contract_id,

        vendor as service_provider_name,
        product as service_name,
        kind as commitment_kind,
        currency,
        billing as billing_terms,
        note,

        committed_amount,

        start_date,
        end_date

    from commitments

)

select * from renamed

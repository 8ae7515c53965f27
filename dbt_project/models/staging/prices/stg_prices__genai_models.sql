with

models as (

    select * from {{ source('prices', 'genai_models') }}

),

renamed as (

    select
        source_name,
        scope,
        delivery_id,

        catalogue_version,
        version_order,
        provider_id,
        model_id as catalogue_model_id,

        translate(lower(provider_name), ' .-_', '') as provider_key,
        provider_name,
        model_name,
        match_pattern,
        also_match_pattern,
        except_pattern,

        model_position,
        alternative_number,

        is_deprecated,

        snapshot_date

    from models

)

select * from renamed

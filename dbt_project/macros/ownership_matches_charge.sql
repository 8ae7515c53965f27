{% macro ownership_matches_charge() -%}
    (ownership.valid_from is null or charges.charge_date >= ownership.valid_from)
            and (ownership.valid_to is null or charges.charge_date < ownership.valid_to)
            {%- for column in [
                'service_provider_name', 'billing_account_id', 'sub_account_id',
                'provider_credential_id', 'resource_id', 'service_name'
            ] %}
            and (
                ownership.{{ column }} is null
                or ownership.{{ column }} = charges.{{ column }}
            )
            {%- endfor %}
{%- endmacro %}

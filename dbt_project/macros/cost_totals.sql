{% macro cost_totals(count_column=none) -%}
    coalesce({{ total('billed_cost') }}, {{ money(0) }}) as billed_cost,
        coalesce({{ total('effective_cost') }}, {{ money(0) }}) as effective_cost,
        coalesce({{ total('list_cost') }}, {{ money(0) }}) as list_cost,
        coalesce({{ total('contracted_cost') }}, {{ money(0) }}) as contracted_cost,
        cast(
            {{ 'sum(' ~ count_column ~ ')' if count_column else 'count(*)' }} as bigint
        ) as row_count
{%- endmacro %}

{% macro cost_totals_as_specified() -%}
    coalesce({{ total('BilledCost') }}, {{ money(0) }}) as billed_cost,
        coalesce({{ total('EffectiveCost') }}, {{ money(0) }}) as effective_cost,
        coalesce({{ total('ListCost') }}, {{ money(0) }}) as list_cost,
        coalesce({{ total('ContractedCost') }}, {{ money(0) }}) as contracted_cost,
        cast(count(*) as bigint) as row_count
{%- endmacro %}

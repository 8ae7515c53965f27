{% macro cost_totals() -%}
    coalesce({{ total('billed_cost') }}, {{ money(0) }}) as billed_cost,
        coalesce({{ total('effective_cost') }}, {{ money(0) }}) as effective_cost,
        coalesce({{ total('list_cost') }}, {{ money(0) }}) as list_cost,
        coalesce({{ total('contracted_cost') }}, {{ money(0) }}) as contracted_cost,
        cast(count(*) - count(billed_cost) as bigint) as billed_cost_null_count,
        cast(count(*) - count(effective_cost) as bigint) as effective_cost_null_count,
        cast(count(*) - count(list_cost) as bigint) as list_cost_null_count,
        cast(count(*) - count(contracted_cost) as bigint) as contracted_cost_null_count,
        cast(count(*) as bigint) as row_count
{%- endmacro %}

{% macro cost_totals_as_specified() -%}
{%- set list_cost = "case when x_ListCostBasis = 'list price' then ListCost end" -%}
    coalesce({{ total('BilledCost') }}, {{ money(0) }}) as billed_cost,
        coalesce({{ total('EffectiveCost') }}, {{ money(0) }}) as effective_cost,
        coalesce({{ total(list_cost) }}, {{ money(0) }}) as list_cost,
        coalesce({{ total('ContractedCost') }}, {{ money(0) }}) as contracted_cost,
        cast(count(*) - count(BilledCost) as bigint) as billed_cost_null_count,
        cast(count(*) - count(EffectiveCost) as bigint) as effective_cost_null_count,
        cast(count(*) - count({{ list_cost }}) as bigint) as list_cost_null_count,
        cast(count(*) - count(ContractedCost) as bigint) as contracted_cost_null_count,
        cast(count(*) as bigint) as row_count
{%- endmacro %}

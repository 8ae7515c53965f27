{% macro month_of(expression) -%}
    strftime({{ expression }}, '%Y-%m')
{%- endmacro %}

{% macro month_start(month) -%}
    cast(cast({{ month }} || '-01' as date) as timestamp)
{%- endmacro %}

{% macro month_end(month) -%}
    cast(cast({{ month }} || '-01' as date) + interval 1 month as timestamp)
{%- endmacro %}

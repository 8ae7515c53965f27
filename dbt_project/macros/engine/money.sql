{% macro money(expression) -%}
    cast({{ expression }} as decimal(35, 18))
{%- endmacro %}

{% macro total(expression) -%}
    cast(sum({{ expression }}) as decimal(35, 18))
{%- endmacro %}

{% macro money(expression) -%}
    cast({{ expression }} as decimal(35, 18))
{%- endmacro %}

{% macro total(expression) -%}
    cast(sum({{ expression }}) as decimal(35, 18))
{%- endmacro %}

{% macro priced(quantity, unit_price) -%}
    cast(
            cast({{ quantity }} as decimal(17, 0))
            * cast({{ unit_price }} as decimal(21, 18))
            as decimal(35, 18)
        )
{%- endmacro %}

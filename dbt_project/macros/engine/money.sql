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

{% macro multiplied(quantity, unit_price) -%}
    case
            when abs({{ unit_price }}) < 10 then cast(
                try_cast({{ quantity }} as decimal(21, 8))
                * cast({{ unit_price }} as decimal(17, 16))
                as decimal(35, 18)
            )
            else cast(
                try_cast({{ quantity }} as decimal(21, 8))
                * try_cast({{ unit_price }} as decimal(17, 8))
                as decimal(35, 18)
            )
        end
{%- endmacro %}

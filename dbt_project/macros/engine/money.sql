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

{% macro exact_product(quantity, unit_price) -%}
    case
            when
                try_cast({{ quantity }} as decimal(24, 12)) = {{ quantity }}
                and try_cast({{ unit_price }} as decimal(14, 10)) = {{ unit_price }}
                then cast(
                    try_cast({{ quantity }} as decimal(24, 12))
                    * try_cast({{ unit_price }} as decimal(14, 10))
                    as decimal(35, 18)
                )
        end
{%- endmacro %}

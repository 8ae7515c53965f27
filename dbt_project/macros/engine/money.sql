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

{% macro part_of(amount, part, whole) -%}
    cast(
            cast(
                cast(floor(({{ amount }}) * 1000000000) as hugeint)
                * cast(floor(({{ part }}) * 1000000000) as hugeint)
                // cast(floor(({{ whole }}) * 1000000000) as hugeint)
                as decimal(28, 0)
            ) * 0.000000001
            as decimal(35, 18)
        )
{%- endmacro %}

{% macro as_priced(cost, quantity, unit_price) -%}
    case
            when
                try_cast({{ quantity }} as decimal(19, 9))
                * try_cast({{ unit_price }} as decimal(19, 9)) = {{ cost }}
                and try_cast({{ quantity }} as decimal(19, 9)) = {{ quantity }}
                and try_cast({{ unit_price }} as decimal(19, 9)) = {{ unit_price }}
                then {{ unit_price }}
        end
{%- endmacro %}

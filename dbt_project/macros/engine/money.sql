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

{#- A division is a double, fourteen digits of which are true. Where twelve decimals say all of them, they
    are the price that somebody multiplied with a quantity. -#}
{% macro approximate_unit_price(cost, quantity) -%}
    {%- set price = cost ~ ' / ' ~ quantity -%}
    {%- set rounded = 'cast(' ~ price ~ ' as decimal(29, 12))' -%}
    case
            when {{ quantity }} <= 0 or {{ cost }} < 0 then null
            when abs({{ rounded }} - {{ price }}) <= abs({{ price }}) * 0.00000000000001
                then cast({{ rounded }} as decimal(35, 18))
            else cast({{ price }} as decimal(35, 18))
        end
{%- endmacro %}

{% macro at_price(quantity, unit_price) -%}
    case
            when try_cast({{ quantity }} as decimal(20, 6)) = {{ quantity }}
                then cast(
                    try_cast({{ quantity }} as decimal(20, 6))
                    * try_cast({{ unit_price }} as decimal(18, 12))
                    as decimal(35, 18)
                )
        end
{%- endmacro %}

{% macro exact_unit_price_of(cost, quantity) -%}
    case
            when
                {{ quantity }} <> 0
                and try_cast({{ quantity }} as decimal(20, 6)) = {{ quantity }}
                and {{ cost }} / {{ quantity }} >= 0
                and {{ cost }} = try_cast({{ quantity }} as decimal(20, 6))
                * try_cast({{ cost }} / {{ quantity }} as decimal(18, 9))
                then cast(
                    try_cast({{ cost }} / {{ quantity }} as decimal(18, 9))
                    as decimal(35, 18)
                )
        end
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

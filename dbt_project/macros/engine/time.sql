{% macro days_between(first_day, following_day) -%}
    date_diff('day', {{ first_day }}, {{ following_day }})
{%- endmacro %}

{% macro prorated(amount, days, of_days) -%}
    cast(
            cast(
                cast(floor({{ amount }} * 1000000000) as hugeint)
                * {{ days }} // {{ of_days }}
                as decimal(28, 0)
            ) * 0.000000001
            as decimal(35, 18)
        )
{%- endmacro %}

{% macro month_of(expression) -%}
    strftime({{ expression }}, '%Y-%m')
{%- endmacro %}

{% macro month_start(month) -%}
    cast(cast({{ month }} || '-01' as date) as timestamp)
{%- endmacro %}

{% macro month_end(month) -%}
    cast(cast({{ month }} || '-01' as date) + interval 1 month as timestamp)
{%- endmacro %}

{% macro duration_of(start, end) -%}
    case
            when
                date_add({{ start }}, to_months(cast(date_diff('month', {{ start }}, {{ end }}) as integer)))
                <> {{ end }}
                then date_diff('day', {{ start }}, {{ end }}) || ' Days'
            when date_diff('month', {{ start }}, {{ end }}) % 12 <> 0
                then date_diff('month', {{ start }}, {{ end }}) || ' Months'
            else date_diff('month', {{ start }}, {{ end }}) // 12 || ' Years'
        end
{%- endmacro %}

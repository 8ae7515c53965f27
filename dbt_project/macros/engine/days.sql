{% macro days_between(first_day, following_day) -%}
    date_diff('day', {{ first_day }}, {{ following_day }})
{%- endmacro %}

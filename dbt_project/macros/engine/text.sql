{% macro matches_pattern(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ pattern }}, {{ replacement }}, 'g')
{%- endmacro %}

{% macro word_rows(relation, text) -%}
    select
        *,
        unnest(string_split({{ text }}, ' ')) as word,
        generate_subscripts(string_split({{ text }}, ' '), 1) as word_number
    from {{ relation }}
{%- endmacro %}

{% macro json_text(column, key) -%}
    json_extract_string(try_cast({{ column }} as json), '$."{{ key }}"')
{%- endmacro %}

{% macro json_of_one(key, value) -%}
    case
            when {{ value }} is not null
                then cast(json_object('{{ key }}', {{ value }}) as varchar)
        end
{%- endmacro %}

{% macro json_entries(relation, column) -%}
    select
        entries.{{ column }},
        entry.key as entry_key,
        json_extract_string(entry.value, '$') as entry_value
    from (
        select distinct {{ column }}
        from {{ relation }}
        where json_type(try_cast({{ column }} as json)) = 'OBJECT'
    ) as entries,
        json_each(cast(entries.{{ column }} as json)) as entry
{%- endmacro %}

{% macro is_json_object(text) -%}
    coalesce(json_type(try_cast({{ text }} as json)) = 'OBJECT', false)
{%- endmacro %}

{% macro json_of_some(pairs) -%}
    case
            when coalesce({{ pairs | map('last') | join(', ') }}) is not null then cast(
                json_merge_patch(
                    '{}',
                    json_object(
                        {%- for key, value in pairs %}
                        '{{ key }}', {{ value }}{{ ',' if not loop.last }}
                        {%- endfor %}
                    )
                ) as varchar
            )
        end
{%- endmacro %}

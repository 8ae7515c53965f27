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

{#- Text and not a JSON function: a key that stands twice is no error. -#}
{% macro json_members(column, key_pattern, key_replacement) -%}
    array_to_string([
            concat(
                to_json(regexp_replace(
                    member['key'], '{{ key_pattern }}', '{{ key_replacement }}'
                )),
                ':',
                to_json(member['value'])
            )
            for member in map_entries(
                try_cast(try_cast({{ column }} as json) as map(varchar, varchar))
            )
            if member['value'] <> ''
            and regexp_matches(member['key'], '{{ key_pattern }}')
        ], ',')
{%- endmacro %}

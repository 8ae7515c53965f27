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

{% macro json_below(column, prefix) -%}
    nullif(cast(to_json(map_from_entries(list_transform(
            list_filter(
                map_entries(json_transform(
                    try_cast({{ column }} as json), '"MAP(VARCHAR, VARCHAR)"'
                )),
                lambda entry: starts_with(entry['key'], '{{ prefix }}')
                and entry['value'] is not null
            ),
            lambda entry: {
                'key': substr(entry['key'], {{ prefix | length + 1 }}),
                'value': entry['value']
            }
        ))) as varchar), '{}')
{%- endmacro %}

{% macro json_beside(column, prefix) -%}
    nullif(cast(to_json(map_from_entries(list_filter(
            map_entries(json_transform(
                try_cast({{ column }} as json), '"MAP(VARCHAR, VARCHAR)"'
            )),
            lambda entry: not starts_with(entry['key'], '{{ prefix }}')
            and entry['value'] is not null
        ))) as varchar), '{}')
{%- endmacro %}

{% macro json_amounts(column, types=none) -%}
    cast(
            coalesce(
                list_sum([
                    cast(each['amount'] as decimal(35, 18))
                    for each in from_json(
                        {{ column }}, '[{"amount": "VARCHAR", "type": "VARCHAR"}]'
                    )
                    {%- if types %}
                    if each['type'] in ('{{ types | join("', '") }}')
                    {%- endif %}
                ]),
                0
            ) as decimal(35, 18)
        )
{%- endmacro %}

{% macro json_of_labels(lists, key='key', value='value', namespace='namespace') -%}
    nullif(
            cast(to_json(map_from_entries(list_concat(
                {%- for prefix, column in lists.items() %}
                [
                    {
                        k: '{{ prefix }}' || coalesce(each['{{ namespace }}'] || '/', '')
                        || each['{{ key }}'],
                        v: each['{{ value }}']
                    }
                    for each in from_json(
                        {{ column }},
                        '[{"{{ key }}": "VARCHAR", "{{ value }}": "VARCHAR",
                        "{{ namespace }}": "VARCHAR"}]'
                    )
                ]{{ "," if not loop.last }}
                {%- endfor %}
            ))) as varchar),
            '{}'
        )
{%- endmacro %}

{% macro json_of_columns(columns) -%}
    cast(
            json_object(
                {%- for key, column in columns.items() %}
                '{{ key }}', {{ column }}{{ "," if not loop.last }}
                {%- endfor %}
            ) as varchar
        )
{%- endmacro %}

{% macro json_pointer(name) -%}
    '/' || replace(replace({{ name }}, '~', '~0'), '/', '~1')
{%- endmacro %}

{% macro flat_json(column, known_names=none) -%}
    {%- set value = 'json_extract(' ~ column ~ ', ' ~ json_pointer('name') ~ ')' -%}
    case
            when json_type(try_cast({{ column }} as json)) is distinct from 'OBJECT'
                then null
            {%- if known_names is none %}
            when not regexp_matches(substr({{ column }}, 2), '[\[{]')
                then {{ column }}
            {%- endif %}
            else cast(to_json(map_from_entries(list_transform(
                list_sort(list_distinct(json_keys({{ column }}))),
                lambda name: struct_pack(
                    name := {% if known_names is none %}name{% else %}case
                        when starts_with(name, 'x_') then name
                        when name in ('{{ known_names | join("', '") }}') then name
                        else 'x_' || name
                    end{% endif %},
                    value := case
                        when json_type({{ value }}) in ('OBJECT', 'ARRAY')
                            then to_json(cast({{ value }} as varchar))
                        else {{ value }}
                    end
                )
            ))) as varchar)
        end
{%- endmacro %}

{% macro json_with(column, facts) -%}
    nullif(cast(json_merge_patch(
            coalesce({{ column }}, '{}'),
            json_merge_patch('{}', json_object({% for name, value in facts.items() %}
                '{{ name }}', {{ value }}{{ ',' if not loop.last }}
            {%- endfor %}))
        ) as varchar), '{}')
{%- endmacro %}

{% macro scope_of_service(service_name) -%}
    case
            when {{ service_name }} is null then '{"IsComplexScope": true}'
            else concat(
                '{"InclusionOperator": "And", "Inclusions": [{"Dimension": "ServiceName", ',
                '"Operator": "In", "Values": [', to_json({{ service_name }}), ']}]}'
            )
        end
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

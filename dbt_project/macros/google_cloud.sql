{#- "//compute.googleapis.com/projects/1/zones/z/instances/7733" is a
    compute.googleapis.com/instances. -#}
{% macro google_resource_type(resource) -%}
    case
            when {{ resource }} is not null then coalesce(
                nullif(
                    regexp_replace(
                        regexp_extract(
                            {{ resource }}, '^//([^/]+/.*[^/]+)/[^/]+$', 1
                        ),
                        '/.*/', '/'
                    ), ''
                ), 'Resource'
            )
        end
{%- endmacro %}

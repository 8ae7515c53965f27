{#- The keys that FOCUS 1.4 defines; of every other it wants an x_ in front. -#}
{% macro published_price_details(column) -%}
    {%- set defined = [
        'CoreCount', 'DiskMaxIops', 'DiskSpace', 'DiskType', 'GpuCount', 'InstanceSeries',
        'InstanceType', 'MemorySize', 'NetworkMaxIops', 'NetworkMaxThroughput',
        'OperatingSystem', 'Redundancy', 'StorageClass'
    ] -%}
    {{ json_with(flat_json(column, defined), {
        'x_ModelDeveloper': 'price_model_developer',
        'x_ModelFamily': 'price_model_family',
        'x_ModelId': 'price_model_id',
        'x_ModelVersion': 'price_model_version',
        'x_TokenCacheAction': 'price_token_cache_action',
        'x_TokenDirection': 'price_token_direction'
    }) }}
{%- endmacro %}

-- A meter that nobody can read has no model, no tokens and no tier in any table.
{{ config(
    severity='warn',
    meta={"dagster": {"ref": {"name": "int_azure_openai_meters"}}}
) }}

select
    unparsed_reason,
    count(*) as meter_count,
    min(meter_name) as one_of_them
from {{ ref('int_azure_openai_meters') }}
where unparsed_reason is not null
group by unparsed_reason

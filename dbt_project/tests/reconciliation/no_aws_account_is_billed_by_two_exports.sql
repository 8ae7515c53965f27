-- A FOCUS export, CUR 2.0 and the legacy report say the same bill: two of them for one
-- payer and month would bill it twice. Exports that share a payer's accounts are odd.
{{ config(severity='warn') }}
select
    billing_account_id,
    sub_account_id,
    billing_period,
    count(distinct concat_ws('/', vendor, source_name)) as export_count
from {{ ref('focus_charges') }}
where
    invoice_issuer_name = 'AWS'
    or invoice_issuer_name like 'Amazon Web Services%'
group by
    billing_account_id,
    sub_account_id,
    billing_period
having count(distinct concat_ws('/', vendor, source_name)) > 1

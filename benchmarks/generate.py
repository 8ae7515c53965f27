"""Writes made-up FOCUS 1.2 charges, one file a month, with DuckDB SQL; for benchmarks only.

The same arguments give the same bytes (for Parquet: with the same DuckDB, which signs its files). Every
choice comes from the MD5 of seed and row number; every amount is exact decimal arithmetic. Half of the sub
accounts and a third of the tags are those of `seeds/ownership.csv`; the rest matches nothing. The demo
company is in `orchestration/demo.py`.
"""

import argparse
from datetime import date, timedelta
from pathlib import Path

import duckdb

FIRST_MONTH = date(2025, 1, 1)
FORMATS = {"csv": "format csv, header true", "parquet": "format parquet, compression zstd"}

# provider, account, sub account (null: one of many), service, category, subcategory, meter, unit, priced
# unit, block, price of a block, model, currency
METERS = """
    ('OpenAI', 'org-larkfield', 'proj_search', 'OpenAI API', 'AI and Machine Learning', 'Generative AI',
     'Input Tokens', 'Tokens', '1000000 Tokens', 1000000, 1.25, 'gpt-5.1-mini', 'USD'),
    ('OpenAI', 'org-larkfield', 'proj_assistant', 'OpenAI API', 'AI and Machine Learning', 'Generative AI',
     'Output Tokens', 'Tokens', '1000000 Tokens', 1000000, 10, 'gpt-5.1-2026-03-01', 'USD'),
    ('OpenAI', 'org-larkfield', null, 'OpenAI API', 'AI and Machine Learning', 'Generative AI',
     'Output Tokens', 'Tokens', '1000000 Tokens', 1000000, 10, 'gpt-5.1-2026-03-01', 'USD'),
    ('Anthropic', 'ant-larkfield-01', 'wrkspc_risk', 'Claude API', 'AI and Machine Learning', 'Generative AI',
     'Input Tokens', 'Tokens', '1000000 Tokens', 1000000, 3, 'claude-sonnet-5-20260212', 'USD'),
    ('Anthropic', 'ant-larkfield-01', null, 'Claude API', 'AI and Machine Learning', 'Generative AI',
     'Cache Read Input Tokens', 'Tokens', '1000000 Tokens', 1000000, 0.3, 'claude-sonnet-5-20260212', 'USD'),
    ('AWS', '410000000001', '410000000011', 'Amazon SageMaker', 'AI and Machine Learning', 'Machine Learning',
     'GPU Hours', 'Hours', 'Hours', 1, 4.097, null, 'USD'),
    ('AWS', '410000000001', '410000000012', 'Amazon S3', 'Storage', 'Object Storage',
     'Storage', 'GB-Days', 'GB-Days', 1, 0.000766666667, null, 'USD'),
    ('AWS', '410000000001', null, 'Amazon EC2', 'Compute', 'Virtual Machines',
     'Instance Hours', 'Hours', 'Hours', 1, 0.0416, null, 'USD'),
    ('Google Cloud', '01A2B3-C4D5E6-F70819', null, 'BigQuery', 'Analytics', 'Data Warehouses',
     'Analysis', 'TiB', 'TiB', 1, 6.25, null, 'USD'),
    ('Microsoft', 'ea-7700', null, 'Azure OpenAI', 'AI and Machine Learning', 'Generative AI',
     'Input Tokens', 'Tokens', '1000 Tokens', 1000, 0.00138, 'gpt-5.1-mini', 'EUR')
"""

# `draw` is 64 bits of a row's own; each choice reads other digits of it, so choices do not follow each other.
CHARGES = """
with meters as (
    select *, row_number() over () - 1 as meter_number
    from (values {meters}) as listed (
        provider, account, sub_account, service, category, subcategory, meter, unit, priced_unit, block,
        price, model, currency
    )
),

draws as (
    select number, md5_number_lower('{seed}/{month}/' || number) as draw
    from range({rows}) as numbers (number)
),

drawn as (
    select
        number,
        draw % 10 as meter_number,
        draw // 10 % {days} as day,
        draw // 1000 % 24 as hour,
        draw // 100000 % 100 as kind,
        draw // 10000000 % 400 as other_account,
        draw // 10000000000 % 3000 as resource,
        draw // 100000000000000 % 12 as tag_kind,
        cast(draw // 10000000000000000 % 900 + 100 as decimal(9, 0)) as blocks
    from draws
),

priced as (
    select
        drawn.*,
        meters.* exclude (meter_number, price, block),
        cast(meters.price as decimal(21, 12)) as unit_price,
        meters.block,
        case when kind = 0 then -1 else 1 end as sign,
        timestamp '{month}-01' + to_days(cast(day as integer)) + to_hours(cast(hour as integer)) as started,
        blocks * cast(meters.price as decimal(21, 12)) as list_cost
    from drawn
    inner join meters using (meter_number)
)

select
    sign * cast(list_cost * 0.93 as decimal(35, 14)) as "BilledCost",
    account as "BillingAccountId",
    'Larkfield at ' || provider as "BillingAccountName",
    'Organization' as "BillingAccountType",
    currency as "BillingCurrency",
    '{following}-01T00:00:00Z' as "BillingPeriodEnd",
    '{month}-01T00:00:00Z' as "BillingPeriodStart",
    case kind
        when 0 then 'Credit'
        when 1 then 'Tax'
        when 2 then 'Purchase'
        else 'Usage'
    end as "ChargeCategory",
    case when kind = 3 then 'Correction' end as "ChargeClass",
    service || ', ' || meter as "ChargeDescription",
    case when kind < 3 then 'One-Time' else 'Usage-Based' end as "ChargeFrequency",
    strftime(started + interval 1 hour, '%Y-%m-%dT%H:%M:%SZ') as "ChargePeriodEnd",
    strftime(started, '%Y-%m-%dT%H:%M:%SZ') as "ChargePeriodStart",
    case when kind >= 3 then blocks * block end as "ConsumedQuantity",
    case when kind >= 3 then unit end as "ConsumedUnit",
    sign * cast(list_cost * 0.95 as decimal(35, 14)) as "ContractedCost",
    case when kind >= 3 then cast(unit_price * 0.95 as decimal(35, 14)) end as "ContractedUnitPrice",
    sign * cast(list_cost * 0.93 as decimal(35, 14)) as "EffectiveCost",
    upper(provider) || '-{month}' as "InvoiceId",
    provider as "InvoiceIssuerName",
    sign * cast(list_cost as decimal(35, 14)) as "ListCost",
    case when kind >= 3 then unit_price end as "ListUnitPrice",
    'Standard' as "PricingCategory",
    case when kind >= 3 then blocks end as "PricingQuantity",
    case when kind >= 3 then priced_unit end as "PricingUnit",
    provider as "ProviderName",
    provider as "PublisherName",
    case when model is null then 'eu-west-' || (resource % 3 + 1) end as "RegionId",
    case when model is null then 'Europe ' || (resource % 3 + 1) end as "RegionName",
    lower(service) || '/resource-' || lpad(cast(resource as varchar), 5, '0') as "ResourceId",
    'resource ' || resource as "ResourceName",
    meter as "ResourceType",
    category as "ServiceCategory",
    service as "ServiceName",
    subcategory as "ServiceSubcategory",
    lower(provider) || '/' || coalesce(model, service) || '/' || meter as "SkuId",
    meter as "SkuMeter",
    case when model is not null then '{{"x_ModelId": "' || model || '"}}' end as "SkuPriceDetails",
    lower(provider) || '/' || coalesce(model, service) || '/' || meter || '/standard' as "SkuPriceId",
    coalesce(sub_account, 'other-' || other_account) as "SubAccountId",
    coalesce(sub_account, 'Other ' || other_account) as "SubAccountName",
    'Project' as "SubAccountType",
    case
        when tag_kind = 0 then '{{"team": "search"}}'
        when tag_kind = 1 then '{{"team": "assistant"}}'
        when tag_kind = 2 then '{{"team": "risk-models"}}'
        when tag_kind = 3 then '{{"environment": "prod", "application": "app-' || resource || '"}}'
        when tag_kind = 4 then '{{"environment": "dev", "team": "data-platform"}}'
        when tag_kind < 9 then '{{"application": "app-' || resource % 500 || '", "owner": "nobody we know"}}'
    end as "Tags",
    case when model is not null then 'key-' || other_account % 40 end as "x_CredentialId"
from priced
order by number
"""


def write_months(folder: Path, rows: int, months: int, file_format: str, seed: int) -> list[Path]:
    """Writes `rows` charges over `months` files of `folder`, from January 2025 on; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths, month = [], FIRST_MONTH
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        for number in range(months):
            following = (month + timedelta(days=31)).replace(day=1)
            path = folder / f"{month:%Y-%m}.{file_format}"
            query = CHARGES.format(
                meters=METERS,
                seed=seed,
                month=f"{month:%Y-%m}",
                following=f"{following:%Y-%m}",
                days=(following - month).days,
                rows=rows // months + (number < rows % months),
            )
            target = str(path).replace("'", "''")
            connection.execute(f"copy ({query}) to '{target}' ({FORMATS[file_format]})")
            paths.append(path)
            month = following
    return paths


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--months", type=int, default=3)
    parser.add_argument("--format", choices=FORMATS, default="csv")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for written in write_months(arguments.folder, arguments.rows, arguments.months, arguments.format, arguments.seed):
        print(f"{written.stat().st_size:>13,} bytes  {written}")

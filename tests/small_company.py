"""The exports of a small company of files, FOCUS bills and manual lines, which most tests run on: it lands in a second.

Three months of FOCUS files (plain CSV, gzip, Parquet) and one file of manual lines. The same bytes every time.
"""

import csv
import gzip
import io
import os
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

SEED = 20260801
MONTHS = (date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1))


@dataclass(frozen=True)
class _Meter:
    """One metered line of a vendor's price list, used by one account every day. Tokens are priced by the million."""

    provider: str
    account: str
    sub_account: str
    service: str
    sku_meter: str
    unit: str
    price: str
    daily_quantity: int
    model: str = ""
    tags: str = ""
    category: str = "AI and Machine Learning"
    subcategory: str = "Generative AI"

    @property
    def block(self) -> int:
        return 1_000_000 if self.unit == "Tokens" else 1

    @property
    def pricing_unit(self) -> str:
        return "1000000 Tokens" if self.unit == "Tokens" else self.unit


OPENAI = ("OpenAI", "org-larkfield")
ANTHROPIC = ("Anthropic", "ant-larkfield-01")
AWS = ("AWS", "410000000001")
GPT, GPT_MINI, CLAUDE = "gpt-5.1-2026-03-01", "gpt-5.1-mini", "claude-sonnet-5-20260212"
RANKING = '{"environment": "prod", "feature": "ranking"}'
ANSWERS = '{"environment": "prod", "feature": "answers"}'
DEVELOPMENT = '{"environment": "dev"}'
LAKEHOUSE = '{"team": "data-platform", "environment": "prod"}'
TRAINING = ("AI and Machine Learning", "Machine Learning")
STORAGE = ("Storage", "Object Storage")
METERS = (
    _Meter(*OPENAI, "proj_search", "OpenAI API", "Input Tokens", "Tokens", "1.25", 420_000_000, GPT_MINI, RANKING),
    _Meter(*OPENAI, "proj_assistant", "OpenAI API", "Output Tokens", "Tokens", "10", 61_000_000, GPT, ANSWERS),
    _Meter(*OPENAI, "proj_sandbox", "OpenAI API", "Output Tokens", "Tokens", "10", 4_100_000, GPT),
    _Meter(*ANTHROPIC, "wrkspc_risk", "Claude API", "Input Tokens", "Tokens", "3", 130_000_000, CLAUDE),
    _Meter(*ANTHROPIC, "wrkspc_support", "Claude API", "Cache Read Input Tokens", "Tokens", "0.3", 510_000_000, CLAUDE),
    _Meter(*AWS, "410000000011", "Amazon SageMaker", "GPU Hours", "Hours", "4.097", 96, "", DEVELOPMENT, *TRAINING),
    _Meter(*AWS, "410000000012", "Amazon S3", "Storage", "GB-Days", "0.000766666667", 84_000, "", LAKEHOUSE, *STORAGE),
)
ACCOUNT_NAMES = {
    "OpenAI": "Larkfield at OpenAI",
    "Anthropic": "Larkfield at Anthropic",
    "AWS": "Larkfield at AWS",
}

MANUAL_HEADER = (
    "line_id,period,provider_name,service_name,service_category,description,charge_category,amount,effective_amount,"
    "currency,owner,legal_entity,posting,treatment,service_start_date,service_end_date,useful_life_months,"
    "workload_phase,is_ai,invoice_id"
)


def small_company(home: Path) -> Path:
    """Writes the company's exports below a home (once), and the configuration that names them, which is returned."""
    folder = home / "demo"
    write_small_company(folder)
    config = folder / "meterhouse.toml"
    if not config.exists():
        sources = ""
        for vendor, name in (("focus", "demo_bills"), ("manual", "demo_lines")):
            sources += f'\n[[sources]]\nvendor = "{vendor}"\nname = "{name}"\nlocation = "{vendor}"\n'
        config.write_text(sources)
    return config


def write_small_company(folder: Path) -> None:
    """One FOCUS file a month, each in another format, and the manual lines. Existing files are left as they are."""
    generator = random.Random(SEED)
    months = [_month_rows(month, generator) for month in MONTHS]
    (folder / "focus").mkdir(parents=True, exist_ok=True)
    (folder / "manual").mkdir(parents=True, exist_ok=True)
    _write_once(folder / "focus" / "2026-08.csv", _csv_bytes(months[0]))
    _write_once(folder / "focus" / "2026-09.csv.gz", gzip.compress(_csv_bytes(months[1]), mtime=0))
    october = folder / "focus" / "2026-10.parquet"
    if not october.exists():
        _write_parquet(october, [_as_focus_1_4(row) for row in months[2]])
    _write_once(folder / "manual" / "lines.csv", _manual_bytes())


def _month_rows(month: date, generator: random.Random) -> list[dict[str, str | None]]:
    following = (month + timedelta(days=32)).replace(day=1)
    growth = 100 + 7 * MONTHS.index(month)
    rows = []
    day = month
    while day < following:
        weekend = 55 if day.weekday() >= 5 else 100
        for meter in METERS:
            spread = generator.randint(90, 110)
            quantity = meter.daily_quantity * growth * weekend * spread // 1_000_000
            rows.append(_usage_row(meter, day, month, following, quantity))
        day += timedelta(days=1)
    seats = Decimal(40 + 5 * MONTHS.index(month)) * Decimal("25")
    rows.append(_other_row("OpenAI", "org-larkfield", month, following, "Purchase", "ChatGPT Business seats", seats))
    rows.append(_other_row("AWS", "410000000001", month, following, "Credit", "Migration credit", Decimal("-250")))
    rows.append(_other_row("AWS", "410000000001", month, following, "Tax", "Sales tax", Decimal("88.41")))
    return rows


def _base_row(provider: str, account: str, month: date, following: date, cost: Decimal) -> dict[str, str | None]:
    amount = f"{cost:f}"
    return {
        "BilledCost": amount,
        "EffectiveCost": amount,
        "ListCost": amount,
        "ContractedCost": amount,
        "BillingAccountId": account,
        "BillingAccountName": ACCOUNT_NAMES[provider],
        "BillingAccountType": "Organization",
        "BillingCurrency": "USD",
        "BillingPeriodStart": _instant(month),
        "BillingPeriodEnd": _instant(following),
        "ChargeClass": None,
        "InvoiceId": f"{provider.upper()}-{month:%Y%m}",
        "InvoiceIssuerName": provider,
        "ProviderName": provider,
        "PublisherName": provider,
    }


def _usage_row(meter: _Meter, day: date, month: date, following: date, quantity: int) -> dict[str, str | None]:
    priced = Decimal(quantity) / meter.block
    details = f'{{"x_ModelId": "{meter.model}"}}' if meter.model else None
    sku = f"{meter.provider.lower()}/{meter.model or meter.service}/{meter.sku_meter}"
    return _base_row(meter.provider, meter.account, month, following, priced * Decimal(meter.price)) | {
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{meter.service}, {meter.sku_meter}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": _instant(day),
        "ChargePeriodEnd": _instant(day + timedelta(days=1)),
        "ConsumedQuantity": str(quantity),
        "ConsumedUnit": meter.unit,
        "ListUnitPrice": meter.price,
        "ContractedUnitPrice": meter.price,
        "PricingCategory": "Standard",
        "PricingQuantity": f"{priced:f}",
        "PricingUnit": meter.pricing_unit,
        "RegionId": "us-east-1" if meter.provider == "AWS" else None,
        "RegionName": "US East (N. Virginia)" if meter.provider == "AWS" else None,
        "ServiceCategory": meter.category,
        "ServiceName": meter.service,
        "ServiceSubcategory": meter.subcategory,
        "SkuId": sku,
        "SkuMeter": meter.sku_meter,
        "SkuPriceDetails": details,
        "SkuPriceId": f"{sku}/standard",
        "SubAccountId": meter.sub_account,
        "SubAccountName": meter.sub_account,
        "SubAccountType": "Project",
        "Tags": meter.tags or None,
    }


def _other_row(
    provider: str, account: str, month: date, following: date, category: str, text: str, cost: Decimal
) -> dict[str, str | None]:
    is_seats = category == "Purchase"
    return _base_row(provider, account, month, following, cost) | {
        "ChargeCategory": category,
        "ChargeDescription": text,
        "ChargeFrequency": "Recurring" if is_seats else "One-Time",
        "ChargePeriodStart": _instant(month),
        "ChargePeriodEnd": _instant(following),
        "PricingQuantity": None,
        "PricingUnit": None,
        "ServiceCategory": "AI and Machine Learning" if is_seats else "Other",
        "ServiceName": "ChatGPT Business" if is_seats else "AWS account",
        "ServiceSubcategory": "Generative AI" if is_seats else "Other (Other)",
        "SkuMeter": "Seats" if is_seats else None,
        "Tags": '{"team": "assistant"}' if is_seats else None,
    }


def _csv_bytes(rows: list[dict[str, str | None]]) -> bytes:
    text = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _as_focus_1_4(row: dict[str, str | None]) -> dict[str, str | None]:
    """The same charge where ProviderName and PublisherName are gone and the 1.3 names stand in their place."""
    seller = row["ProviderName"]
    kept = {name: value for name, value in row.items() if name not in ("ProviderName", "PublisherName")}
    return kept | {"ServiceProviderName": seller, "HostProviderName": seller, "InvoiceDetailId": None}


def _write_parquet(path: Path, rows: list[dict[str, str | None]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    decimals = {"BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity", "PricingQuantity"}
    decimals |= {"ListUnitPrice", "ContractedUnitPrice"}
    types = {name: "decimal(35, 18)" if name in decimals else "varchar" for name in columns}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with duckdb.connect() as connection:
        definition = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        connection.execute(f"create table charges ({definition})")
        marks = ", ".join("?" * len(columns))
        connection.executemany(
            f"insert into charges values ({marks})",
            [[row.get(name) for name in columns] for row in rows],
        )
        connection.execute(f"copy charges to '{str(temporary).replace(chr(39), chr(39) * 2)}' (format parquet)")
    temporary.replace(path)


def _manual_bytes() -> bytes:
    lines = [MANUAL_HEADER]
    for month in MONTHS:
        period = f"{month:%Y-%m}"
        upfront = ("12000.00", "0") if month == MONTHS[0] else None
        if upfront:
            lines.append(
                f"eval-suite-purchase,{period},Evalworks,Evaluation suite,Developer Tools,Annual licence paid upfront,"
                f"Purchase,{upfront[0]},{upfront[1]},USD,risk-models,Larkfield Bank Ltd,journal,prepaid,2026-08-01,"
                "2027-08-01,,evaluation,true,EVW-2231"
            )
        lines += [
            f"eval-suite-use,{period},Evalworks,Evaluation suite,Developer Tools,Annual licence (month),Usage,0,"
            "1000.00,USD,risk-models,Larkfield Bank Ltd,journal,prepaid,2026-08-01,2027-08-01,,evaluation,true,",
            f"gpu-workstations,{period},Larkfield Inc,Developer hardware,Compute,Four GPU workstations (month),"
            "Usage,1388.89,,USD,data-platform,Larkfield Inc,memo,capitalised,2026-02-01,2029-02-01,36,"
            "initial training,true,",
            f"labelling-people,{period},Larkfield Inc,Labelling team,Other,Two annotators,Usage,9600.00,,USD,assistant,"
            "Larkfield Inc,memo,expense,,,,data pipeline,true,",
            f"support-contract,{period},Brightdesk,Support contract,Business Applications,Assistant escalation desk,"
            f"Purchase,2150.00,,EUR,support-automation,Larkfield Inc,journal,expense,,,,people,true,BD-{month:%m}",
        ]
    return ("\n".join(lines) + "\n").encode()


def _instant(day: date) -> str:
    return datetime(day.year, day.month, day.day).isoformat() + "Z"


def _write_once(path: Path, content: bytes) -> None:
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)

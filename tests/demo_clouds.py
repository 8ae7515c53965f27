"""Reads the demo company's cloud exports as a careful person would: by their manifests, with plain Python decimals.

Nothing of the product is used here, so that exports and truth are compared without it.
"""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.demo_company import clouds

NOTHING = Decimal(0)
BLOCKS = {"1K tokens": 1_000, "Units": 1_000_000, "1K": 1_000, "1M": 1_000_000, "count": 1}
# The commitments of Google count as a price, its promotions do not.
COMMITTED_USE = "COMMITTED_USAGE_DISCOUNT"


@dataclass(frozen=True)
class Line:
    """What one line of one bill says, as far as it is compared."""

    vendor: str
    provider: str
    month: date
    day: date
    billed: Decimal
    effective: Decimal
    sku: str | None
    tokens: int | None
    commitment: str | None
    category: str
    status: str | None


def lines(drop: Path) -> Iterator[Line]:
    """Every line of the four bills, of the newest run of each month."""
    yield from aws_lines(drop / "aws")
    yield from bank_lines(drop / "aws_bank")
    yield from azure_lines(drop / "azure")
    yield from google_lines(drop / "google")


def aws_files(folder: Path) -> list[Path]:
    """The data files that the manifests of the periods name, oldest period first."""
    manifests = sorted(folder.glob("exports/*/metadata/BILLING_PERIOD=*/*-Manifest.json"))
    assert manifests
    return [
        folder / name.removeprefix("s3://larkfield-billing/")
        for path in manifests
        for name in json.loads(path.read_text())["dataFiles"]
    ]


def aws_lines(folder: Path) -> Iterator[Line]:
    with duckdb.connect() as connection:
        for path in aws_files(folder):
            relation = connection.execute(f"select * from '{path}'")
            names = [column[0] for column in relation.description or []]
            for row in (dict(zip(names, values, strict=True)) for values in relation.fetchall()):
                yield _focus_line(row, row["SkuMeter"])


def azure_lines(folder: Path) -> Iterator[Line]:
    newest: dict[str, tuple[str, Any]] = {}
    for path in folder.rglob("manifest.json"):
        manifest = json.loads(path.read_text())
        run = manifest["runInfo"]
        newest[run["startDate"]] = max(
            newest.get(run["startDate"], ("", None)), (run["submittedTime"], manifest), key=lambda item: item[0]
        )
    for _, manifest in newest.values():
        for blob in manifest["blobs"]:
            content = (folder / blob["blobName"]).read_bytes()
            rows = csv_rows(content)
            assert (len(content), len(rows)) == (blob["byteCount"], blob["dataRowCount"])
            for row in rows:
                yield _focus_line(row, row["x_SkuMeterName"])


def _focus_line(row: dict[str, Any], sku: str | None) -> Line:
    unit, consumed = row["ConsumedUnit"], row["ConsumedQuantity"]
    is_tokens = unit in BLOCKS and row["ServiceCategory"] == "AI and Machine Learning"
    return Line(
        "focus",
        row["ProviderName"],
        date.fromisoformat(str(row["BillingPeriodStart"])[:10]),
        date.fromisoformat(str(row["ChargePeriodStart"])[:10]),
        number(row["BilledCost"]),
        number(row["EffectiveCost"]),
        sku,
        int(number(consumed) * BLOCKS[unit]) if is_tokens else None,
        row["CommitmentDiscountId"] or None,
        row["ChargeCategory"],
        row["CommitmentDiscountStatus"] or None,
    )


def bank_lines(folder: Path) -> Iterator[Line]:
    for path in aws_files(folder):
        for row in csv_rows(path.read_bytes()):
            kind, cost = row["line_item_line_item_type"], number(row["line_item_unblended_cost"])
            plan, database = row["savings_plan_savings_plan_a_r_n"], row["reservation_reservation_a_r_n"]
            effective = {
                "SavingsPlanCoveredUsage": number(row["savings_plan_savings_plan_effective_cost"]),
                "DiscountedUsage": number(row["reservation_effective_cost"]),
                "SavingsPlanNegation": NOTHING,
                "SavingsPlanRecurringFee": NOTHING,
                "RIFee": NOTHING,
            }.get(kind, cost)
            is_tokens = row["pricing_unit"] in BLOCKS
            yield Line(
                "aws",
                "AWS",
                date.fromisoformat(row["bill_billing_period_start_date"][:10]),
                date.fromisoformat(row["line_item_usage_start_date"][:10]),
                # What the plan covers and the negation of it are one nought.
                cost,
                effective,
                row["line_item_usage_type"] or None,
                int(number(row["line_item_usage_amount"]) * BLOCKS[row["pricing_unit"]]) if is_tokens else None,
                plan or database or None,
                "Purchase" if kind in ("SavingsPlanRecurringFee", "RIFee") else "Usage",
                "Used" if kind in ("SavingsPlanCoveredUsage", "DiscountedUsage") else None,
            )


def google_lines(folder: Path) -> Iterator[Line]:
    for path in sorted(folder.glob("invoice_month=*/*.jsonl")):
        for text in path.read_text().splitlines():
            row = json.loads(text, parse_float=Decimal)
            month = row["invoice"]["month"]
            assert path.parent.name == f"invoice_month={month}"
            credits = [(credit["type"], number(credit["amount"])) for credit in row["credits"]]
            cost, usage = number(row["cost"]), row["usage"] or {}
            is_tokens = usage.get("unit") == "count"
            yield Line(
                "gcp",
                "Google Cloud",
                date(int(month[:4]), int(month[4:]), 1),
                date.fromisoformat(row["usage_start_time"][:10]),
                cost + sum((amount for _, amount in credits), NOTHING),
                cost + sum((amount for kind, amount in credits if kind == COMMITTED_USE), NOTHING),
                row["sku"]["description"],
                int(number(usage["amount"])) if is_tokens else None,
                None,
                row["cost_type"],
                None,
            )


def number(value: Any) -> Decimal:
    """A number of an export, digit for digit; a double is its shortest digits."""
    return Decimal(str(value)) if value not in (None, "") else NOTHING


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gzip.decompress(content).decode())))


def sums(rows: Iterator[tuple[tuple[Any, ...], Any]]) -> dict[tuple[Any, ...], Any]:
    """Sums by key, without those that are nought."""
    totals: dict[tuple[Any, ...], Any] = defaultdict(Decimal)
    for key, amount in rows:
        totals[key] += amount
    return {key: amount for key, amount in totals.items() if amount}


def agree(company: Path, drop: Path) -> None:
    """The bills of a whole company say what is true: billed and effective costs, tokens, and commitments."""
    found = list(lines(drop))
    assert len(found) > 100
    truth = company / "truth"
    assert sums(((line.vendor, line.provider, line.day), line.billed) for line in found) == sums(
        (tuple(key), amount)
        for *key, amount in _truth(
            f"select vendor, provider_name, charge_date, billed_amount from '{truth}/billed_totals.parquet' "
            "where vendor in ('focus', 'aws', 'gcp')"
        )
    )
    assert sums(((line.vendor, line.provider, line.month), line.effective) for line in found) == sums(
        (tuple(key), amount)
        for *key, amount in _truth(
            f"select vendor, provider_name, billing_month, effective_amount from '{truth}/effective_totals.parquet'"
        )
    )
    meters = {metered.sku.name: metered.meter for workload in clouds.WORKLOADS for metered in workload.metered}
    assert sums(
        ((line.vendor, line.provider, meters[line.sku or ""], line.day), line.tokens)
        for line in found
        if line.tokens is not None
    ) == sums(
        (tuple(key), amount)
        for *key, amount in _truth(
            "select vendor, provider_name, meter, usage_date, sum(quantity)::bigint "
            f"from '{truth}/cloud_tokens.parquet' group by all"
        )
    )
    commitments = _truth(
        "select commitment, billing_month, purchased, used + unused, unused, used "
        f"from '{truth}/commitments.parquet' order by all"
    )
    assert commitments
    for commitment, month, purchased, covered, unused, used in commitments:
        mine = [line for line in found if line.commitment == commitment and line.month == month]
        assert purchased == covered == sum(line.billed for line in mine if line.category == "Purchase")
        assert unused == sum(line.effective for line in mine if line.status == "Unused")
        assert used == sum(line.effective for line in mine if line.status == "Used")


def _truth(query: str) -> list[Any]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()

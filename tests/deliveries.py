"""Small deliveries, written the way a vendor or finance would write them, and the few calls that land them.

Plain functions only. Nothing here asserts anything.
"""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.contracts import CheckResult, Rule
from orchestration.landing import Outcome, land_table, landing_tables
from orchestration.packages import Package, packages
from orchestration.paths import Home
from orchestration.preparing import Clock
from orchestration.settings import Settings, SourceSettings
from orchestration.sources.base import SourceTable

Row = Mapping[str, str]
SEPTEMBER, OCTOBER = "2024-09", "2024-10"
MONTHS = (SEPTEMBER, OCTOBER)

# The mandatory columns of FOCUS 1.0, and Tags.
FOCUS_ROW = {
    "BilledCost": "1.00",
    "BillingAccountId": "012345678901",
    "BillingAccountName": "Larkfield",
    "BillingCurrency": "USD",
    "BillingPeriodEnd": "2024-10-01T00:00:00Z",
    "BillingPeriodStart": "2024-09-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ChargeDescription": "tokens",
    "ChargePeriodEnd": "2024-09-02T00:00:00Z",
    "ChargePeriodStart": "2024-09-01T00:00:00Z",
    "ContractedCost": "1.00",
    "EffectiveCost": "1.00",
    "InvoiceIssuerName": "Issuer",
    "ListCost": "1.00",
    "PricingQuantity": "1",
    "PricingUnit": "Tokens",
    "ProviderName": "Provider",
    "PublisherName": "Publisher",
    "ServiceCategory": "AI and Machine Learning",
    "ServiceName": "Inference",
    "Tags": '{"team": "search"}',
}
MANUAL_ROW = {
    "line_id": "licence-1",
    "period": "2024-09",
    "provider_name": "Seller",
    "service_name": "Editor seats",
    "service_category": "Developer Tools",
    "description": "Seats of September",
    "charge_category": "Usage",
    "amount": "100.00",
    "effective_amount": "",
    "currency": "USD",
    "owner": "search",
    "legal_entity": "Larkfield Inc",
    "posting": "journal",
    "treatment": "expense",
    "service_start_date": "",
    "service_end_date": "",
    "useful_life_months": "",
    "workload_phase": "",
    "is_ai": "",
    "invoice_id": "",
}


def focus_row(month: str = SEPTEMBER, day: int = 1, **cells: str) -> dict[str, str]:
    """One FOCUS 1.0 charge of a day of a month; any cell can be said otherwise."""
    start = datetime.strptime(f"{month}-{day:02d}", "%Y-%m-%d").replace(tzinfo=UTC)
    first = start.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    periods = {
        "BillingPeriodStart": _moment(first),
        "BillingPeriodEnd": _moment(following),
        "ChargePeriodStart": _moment(start),
        "ChargePeriodEnd": _moment(start + timedelta(days=1)),
    }
    return {**FOCUS_ROW, **periods, **cells}


def focus_rows(costs: Iterable[str], month: str = SEPTEMBER) -> list[dict[str, str]]:
    """One charge a cost, on the days of the month from the first on."""
    return [focus_row(month, day, BilledCost=cost) for day, cost in enumerate(costs, start=1)]


def manual_row(**cells: str) -> dict[str, str]:
    """One expense line of September 2024; any cell can be said otherwise."""
    return {**MANUAL_ROW, **cells}


def csv_text(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """Rows as CSV, in the order of `columns`; a row without a column has an empty cell."""
    names = list(columns or rows[0])
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def write_csv(path: Path, rows: Sequence[Row], columns: Sequence[str] | None = None, age: int = 0) -> Path:
    """Writes rows as CSV; `age` orders files by their time of change, a higher age is younger."""
    return write_bytes(path, csv_text(rows, columns).encode(), age)


def write_bytes(path: Path, content: bytes, age: int = 0) -> Path:
    """Writes bytes, with a fixed time of change that `age` seconds move on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    changed = 1_700_000_000 + age
    os.utime(path, (changed, changed))
    return path


def focus_source(location: Path | str, name: str = "billing", **options: Any) -> SourceSettings:
    """A source of FOCUS exports."""
    return SourceSettings(vendor="focus", name=name, location=str(location), **options)


def manual_source(location: Path | str, name: str = "finance", **options: Any) -> SourceSettings:
    """A source of manual lines."""
    return SourceSettings(vendor="manual", name=name, location=str(location), **options)


def settings_of(home: Path, *sources: SourceSettings) -> Settings:
    """Settings with these sources and nothing from the environment's file."""
    return Settings(home=home, sources=sources, memory="1GB")


def ticking_clock(start: str = "2024-11-01T00:00:00+00:00") -> Clock:
    """A clock that starts at `start` and moves on by a second with every look."""
    moment = datetime.fromisoformat(start)

    def now() -> datetime:
        nonlocal moment
        moment += timedelta(seconds=1)
        return moment

    return now


def table_of(vendor: str) -> SourceTable:
    """The only table of a vendor."""
    return next(table for name, table in landing_tables() if name == vendor)


def land(
    settings: Settings,
    vendor: str = "focus",
    months: Sequence[str] = MONTHS,
    clock: Clock | None = None,
) -> list[Outcome]:
    """Lands all that is new of a vendor, with a clock that starts anew unless one is given."""
    return land_table(settings, vendor, table_of(vendor), months, clock or ticking_clock())


def statuses(outcomes: Iterable[Outcome]) -> list[str]:
    """What became of each partition, in order."""
    return [outcome.status for outcome in outcomes]


def landed(settings: Settings) -> list[Package]:
    """Every package of the home."""
    return list(packages(Home(settings.home)))


def plain_judge(rules: Sequence[Rule], measured: Sequence[dict[str, Any]]) -> list[list[CheckResult]]:
    """Judges measures by two comparisons. Great Expectations takes 0.3 s a delivery and has tests of its own."""
    return [[_judged(rule, row[rule.name]) for rule in rules] for row in measured]


def _judged(rule: Rule, value: Any) -> CheckResult:
    is_low = value is not None and rule.minimum is not None and value < rule.minimum
    is_high = value is not None and rule.maximum is not None and value > rule.maximum
    is_passed = value is not None and not is_low and not is_high
    return CheckResult(rule.name, rule.severity, is_passed, rule.expected, str(value), rule.columns)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

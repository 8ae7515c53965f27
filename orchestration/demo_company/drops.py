"""Files that people and other systems drop into folders: seats, manual lines, drivers, invoices, contract prices.

Everything lies below `<folder>/exports/drop/`, beside the gateway's log of `exports.py`. CSV has a header, `\\n` line
ends and empty cells for null; ends of validity are exclusive, amounts are decimals in the row's currency.

- `seats/seats-<month>.csv`: period, vendor, product, billing_account_id, plan, principal_id, principal_email, team_id,
  cost_centre, seat_start, seat_end, unit_price (a month), currency, billing_cycle, invoice_id, last_activity_at,
  source.
- `manual/lines.csv`: the columns of `fixed_charges.ManualLine`.
- `drivers/revenue_daily/revenue-<month>.csv`: date, customer_id, product_id, feature_id, plan, revenue_type, amount,
  currency, recognised, source_id.
- `drivers/product_usage_daily/usage-<month>.csv`: date, customer_id, feature_id, environment, metric, value.
- `drivers/budgets/budgets.csv`: budget_id, version, scope (JSON), period_start, period_end, amount, currency, kind,
  owner, approved_at.
- `drivers/org_units/org_units.csv`: unit_id, parent_id, name, kind, cost_centre, gl_account, owner, valid_from,
  valid_to.
- `drivers/principals/principals.csv`: principal_id, kind, source, external_id, email, unit_id, valid_from, valid_to.
- `drivers/fx_rates/eurofxref-hist.csv`: Date and one column a currency, units for one euro, newest first, a comma at
  each line's end, working days only. The rates are made up.
- `drivers/commitments/commitments.csv`: the columns of `fixed_charges.Commitment`.
- `drivers/stripe_balance_transactions/transactions-<month>.csv`: balance transactions, amounts in cents.
- `invoices/invoices-<month>.csv`: invoice_id, issuer, invoice_date, billing_period, legal_entity, currency, net_amount,
  tax_amount, credit_amount (negative), total_amount (the sum of the three), purchase_order, billing_account_id,
  fx_rate, due_date. Amounts are whole cents: up to half a cent from the bill's own sum.
- `prices/contract_prices/contract_prices.csv`: provider, model_id, meter, service_tier, context_band, unit_price, per,
  currency, valid_from, valid_to, contract_id. With a late price, `late_prices.csv` beside it has that model's prices.

`arrival` says since when a file lies there; `deliver` puts what has arrived by a day into another folder, and the
clouds' exports with it (`cloud_exports.py`).
"""

import csv
import filecmp
import io
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.demo_company import company, fixed_charges
from orchestration.demo_company.causes import months_of
from orchestration.demo_company.fixed_charges import next_month, seats
from orchestration.demo_company.prices import CONTRACT_ID, CONTRACT_START, LONG_CONTEXT, WEB_SEARCH, all_prices
from orchestration.demo_company.switches import (
    DELIVERED,
    DUPLICATE_DAY,
    DUPLICATE_FROM,
    LATE_MODEL_FROM,
    LATE_PRICE_FROM,
    Switches,
)
from orchestration.demo_company.tables import quoted

CENT = Decimal("0.01")
LATE_PRICES = "late_prices.csv"
# What a customer of a tier pays a month, in cents, and for which product.
SUBSCRIPTIONS = {"starter": 4_900, "business": 49_000, "enterprise": 620_000}
PRODUCTS = ("marketplace", "merchant-suite", "lending", "payments")
# What a team may spend for each of its share of the company's requests, in US dollars.
BUDGET_PER_REQUEST = Decimal("0.02")
# Middle of the made-up rates for one euro, and their smallest step.
RATES = {"USD": (10_900, Decimal("0.0001")), "JPY": (16_300, Decimal("0.01")), "GBP": (8_410, Decimal("0.0001"))}

PRICE_COLUMNS = (
    "provider", "model_id", "meter", "service_tier", "context_band", "unit_price", "per", "currency",
    "valid_from", "valid_to", "contract_id",
)  # fmt: skip


def arrival(path: Path) -> date:
    """Since when a file lies in its drop folder; `path` is relative to `drop`. What names no time was always there."""
    if path.name == f"gateway-{DUPLICATE_DAY}{DELIVERED[1]}":
        return DUPLICATE_FROM
    if path.name == LATE_PRICES:
        return LATE_PRICE_FROM
    if path.parts[0] == "litellm":
        return date.fromisoformat(path.parts[1]) + timedelta(days=1)
    month = re.search(r"-(\d{4}-\d{2})\.", path.name)
    return next_month(date.fromisoformat(f"{month[1]}-01")) if month else date.min


def deliver(folder: Path, target: Path, now: date) -> int:
    """Puts the files of a company that have arrived by a day into `target`, and returns how many were new or anew."""
    drop, clouds = folder / "exports" / "drop", folder / "exports" / "clouds"
    arrived = {
        path.relative_to(drop): path
        for path in sorted(drop.rglob("*"))
        if path.is_file() and arrival(path.relative_to(drop)) <= now
    }
    # In order of their days: what a cloud writes anew takes the place of what it wrote before.
    for day in sorted(day for day in clouds.iterdir() if date.fromisoformat(day.name) <= now):
        arrived |= {path.relative_to(day): path for path in sorted(day.rglob("*")) if path.is_file()}
    count = 0
    for name, path in arrived.items():
        there = target / name
        if there.exists() and filecmp.cmp(path, there, shallow=False):
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        temporary = there.with_name(f".{there.name}.{os.getpid()}")
        shutil.copyfile(path, temporary)
        temporary.replace(there)
        count += 1
    return count


def write_drops(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    months: int,
    requests: int,
    chosen: Switches,
    taxes: Mapping[date, Decimal],
) -> None:
    """All files but the gateway's log. Reads the causes and the vendors' answers, so these must be written before."""
    drop, drivers = folder / "exports" / "drop", folder / "exports" / "drop" / "drivers"
    all_months = months_of(months)
    _write_rows(drop / "manual" / "lines.csv", fixed_charges.manual_lines(all_months, chosen, taxes))
    _write_rows(drivers / "commitments" / "commitments.csv", fixed_charges.commitments(chosen))
    for month in all_months:
        name = f"{month:%Y-%m}"
        _write_rows(drop / "seats" / f"seats-{name}.csv", seats(month, chosen))
        _write_table(drop / "invoices" / f"invoices-{name}.csv", _invoices(connection, folder, month, chosen, taxes))
        _write_table(drivers / "revenue_daily" / f"revenue-{name}.csv", _revenue(month))
        _write_usage(connection, folder, drivers / "product_usage_daily" / f"usage-{name}.csv", month)
        stripe = drivers / "stripe_balance_transactions" / f"transactions-{name}.csv"
        _write_table(stripe, list(_stripe_transactions(month)))
    _write_table(drivers / "budgets" / "budgets.csv", _budgets(all_months, requests))
    _write_table(drivers / "org_units" / "org_units.csv", _org_units())
    _write_table(drivers / "principals" / "principals.csv", _principals())
    _write(drivers / "fx_rates" / "eurofxref-hist.csv", _rates(all_months[0]))
    prices = drop / "prices" / "contract_prices"
    _write_table(prices / "contract_prices.csv", _contract_prices())
    if chosen.late_price:
        _write_table(prices / LATE_PRICES, _late_prices())


def _invoices(
    connection: duckdb.DuckDBPyConnection, folder: Path, month: date, chosen: Switches, taxes: Mapping[date, Decimal]
) -> list[dict[str, Any]]:
    api = folder / "exports" / "api"
    bills = {
        ("OpenAI", f"OPENAI-{month:%Y%m}", company.OPENAI_ACCOUNT): (
            f"select sum(amount) from '{quoted(api / 'openai_costs.parquet')}' where amount > 0"
        ),
        ("Anthropic", f"ANTHROPIC-{month:%Y%m}", company.ANTHROPIC_ACCOUNT): (
            f"select sum(amount) from '{quoted(api / 'anthropic_costs.parquet')}' where known_until is null"
        ),
        ("GitHub", f"GITHUB-{month:%Y%m}", company.GITHUB_ORGANIZATION): (
            "select sum(credits - included_credits) * 0.01 "
            f"from '{quoted(api / 'github_credits.parquet')}' where known_until is null"
        ),
        ("Cursor", f"CURSOR-USAGE-{month:%Y%m}", company.CURSOR_TEAM): (
            "select sum(total_cents + fee_cents) * 0.01 "
            f"from '{quoted(api / 'cursor_events.parquet')}' where is_charged"
        ),
    }
    credits = sum((amount for day, amount in fixed_charges.credits(chosen) if day.replace(day=1) == month), Decimal(0))
    rows = []
    for (issuer, number, account), query in bills.items():
        net = connection.execute(
            f"{query} and usage_date >= ? and usage_date < ?", (month, next_month(month))
        ).fetchall()
        tax = taxes[month] if issuer == "Anthropic" and chosen.tax_line else Decimal(0)
        credit = credits if issuer == "OpenAI" else Decimal(0)
        rows.append(_invoice(number, issuer, month, "USD", net[0][0] or Decimal(0), tax, credit, account))
    by_invoice: dict[tuple[str, str, str, str], Decimal] = {}
    for seat in seats(month, chosen):
        key = (seat.invoice_id, seat.vendor, seat.currency, seat.billing_account_id)
        by_invoice[key] = by_invoice.get(key, Decimal(0)) + seat.unit_price
    for (number, issuer, currency, account), net_amount in by_invoice.items():
        rows.append(_invoice(number, issuer, month, currency, net_amount, Decimal(0), Decimal(0), account))
    return rows


def _invoice(
    number: str, issuer: str, month: date, currency: str, net: Decimal, tax: Decimal, credit: Decimal, account: str
) -> dict[str, Any]:
    amounts = [amount.quantize(CENT, ROUND_HALF_EVEN) for amount in (net, tax, credit)]
    invoiced = next_month(month)
    return {
        "invoice_id": number,
        "issuer": issuer,
        "invoice_date": invoiced,
        "billing_period": f"{month:%Y-%m}",
        "legal_entity": "Larkfield Bank Ltd" if currency == "EUR" else "Larkfield Inc",
        "currency": currency,
        "net_amount": amounts[0],
        "tax_amount": amounts[1],
        "credit_amount": amounts[2],
        "total_amount": sum(amounts),
        "purchase_order": f"PO-{issuer.upper()}-2026",
        "billing_account_id": account,
        "fx_rate": None,
        "due_date": invoiced + timedelta(days=30),
    }


def _paying_customers() -> Iterable[tuple[int, str, str]]:
    return (
        (number, customer, tier) for number, (customer, tier) in enumerate(company.CUSTOMERS) if tier in SUBSCRIPTIONS
    )


def _revenue(month: date) -> list[dict[str, Any]]:
    """Subscriptions, spread over the days of the month so that the days add up to the month's price exactly."""
    days = (next_month(month) - month).days
    return [
        {
            "date": month + timedelta(days=day),
            "customer_id": customer,
            "product_id": PRODUCTS[number % len(PRODUCTS)],
            "feature_id": None,
            "plan": tier,
            "revenue_type": "subscription",
            "amount": (cents * (day + 1) // days - cents * day // days) * CENT,
            "currency": "USD",
            "recognised": "true",
            "source_id": f"sub-{customer}-{month:%Y%m}",
        }
        for number, customer, tier in _paying_customers()
        for cents in (SUBSCRIPTIONS[tier],)
        for day in range(days)
    ]


def _stripe_transactions(month: date) -> Iterable[dict[str, Any]]:
    created = (month.toordinal() - date(1970, 1, 1).toordinal()) * 86_400 + 32_400
    for _, customer, tier in _paying_customers():
        cents = SUBSCRIPTIONS[tier]
        fee = cents * 29 // 1000 + 30
        yield {
            "id": f"txn_{customer.replace('-', '')}_{month:%Y%m}",
            "object": "balance_transaction",
            "amount": cents,
            "fee": fee,
            "net": cents - fee,
            "currency": "usd",
            "exchange_rate": None,
            "created": created,
            "available_on": created + 2 * 86_400,
            "type": "charge",
            "reporting_category": "charge",
            "status": "available",
            "source": f"ch_{customer.replace('-', '')}_{month:%Y%m}",
            "description": f"Subscription {tier}",
        }


def _write_usage(connection: duckdb.DuckDBPyConnection, folder: Path, path: Path, month: date) -> None:
    requests = quoted(folder / "causes" / "requests" / f"{month:%Y-%m}-*.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"""
        copy (
            select
                started_at::date as date, customer as customer_id, feature as feature_id, environment,
                'requests' as metric, count(*) as value
            from '{requests}' where status = 'success' and customer is not null
            group by all order by all
        ) to '{quoted(path)}' (format csv, header true)
        """
    )


def _budgets(months: Sequence[date], requests: int) -> list[dict[str, Any]]:
    whole = sum(route.weight for route in company.ROUTES)
    return [
        {
            "budget_id": f"ai-{team.name}-{month:%Y-%m}",
            "version": 1,
            "scope": json.dumps({"team": team.name}),
            "period_start": month,
            "period_end": next_month(month),
            "amount": (BUDGET_PER_REQUEST * requests * share / whole / len(months)).quantize(CENT) + 10,
            "currency": "USD",
            "kind": "budget",
            "owner": team.name,
            "approved_at": "2025-12-10T10:00:00Z",
        }
        for team in company.TEAMS
        for share in (sum(route.weight for route in company.ROUTES if route.team == team.name),)
        for month in months
    ]


def _org_units() -> list[dict[str, Any]]:
    def unit(name: str, parent: str | None, kind: str, centre: str | None = None) -> dict[str, Any]:
        return {
            "unit_id": _slug(name),
            "parent_id": parent and _slug(parent),
            "name": name,
            "kind": kind,
            "cost_centre": centre,
            "gl_account": "6410" if centre else None,
            "owner": f"head-of-{_slug(name)}",
            "valid_from": CONTRACT_START,
            "valid_to": None,
        }

    divisions = sorted({centre.business_unit for centre in company.COST_CENTRES})
    centres = {centre.code: centre for centre in company.COST_CENTRES}
    return [
        unit("Larkfield", None, "company"),
        *(unit(division, "Larkfield", "division") for division in divisions),
        *(unit(team.name, centres[team.cost_centre].business_unit, "team", team.cost_centre) for team in company.TEAMS),
    ]


def _principals() -> list[dict[str, Any]]:
    def principal(kind: str, source: str, name: str, mail: str | None, team: str | None) -> dict[str, Any]:
        return {
            "principal_id": f"{source}/{name}",
            "kind": kind,
            "source": source,
            "external_id": name,
            "email": mail,
            "unit_id": team,
            "valid_from": CONTRACT_START,
            "valid_to": None,
        }

    known = [key for key in company.PROVIDER_KEYS if key.key != company.UNMAPPED_KEY]
    return [
        *(principal("person", "directory", mail.split("@")[0], mail, team) for mail, team in company.PEOPLE),
        *(principal("key", key.vendor, key.key, None, key.team) for key in known),
        *(
            principal("key", "litellm", company.gateway_hash(alias), None, alias.rsplit("-", 1)[0])
            for alias in company.GATEWAY_ALIASES
        ),
    ]


def _rates(first: date) -> str:
    lines = ["Date," + ",".join(RATES) + ","]
    day = company.TODAY - timedelta(days=1)
    while day >= first:
        if day.weekday() < 5:
            # A slow saw tooth around the middle, of another length for each currency.
            cells = (
                f"{(middle + day.toordinal() * (7 + place) % 301 - 150) * step}"
                for place, (middle, step) in enumerate(RATES.values())
            )
            lines.append(f"{day}," + ",".join(cells) + ",")
        day -= timedelta(days=1)
    return "\n".join(lines) + "\n"


def _contract_prices() -> list[dict[str, Any]]:
    """The negotiated prices: those that differ from the list."""
    return [
        _price_row(price.vendor, price.model, price.meter, price.service_tier, price.context_band, price.charged)
        | {"per": price.per, "valid_from": price.valid_from or CONTRACT_START, "valid_to": price.valid_to}
        for price in all_prices()
        if price.charged != price.listed
    ]


def _late_prices() -> list[dict[str, Any]]:
    return [
        _price_row(price.vendor, price.model, price.meter, price.service_tier, price.context_band, price.charged)
        | {"per": price.per, "valid_from": LATE_MODEL_FROM, "valid_to": None, "contract_id": "LF-OPENAI-MAIL"}
        for price in all_prices()
        if price.model == company.GPT_UNKNOWN
    ]


def _price_row(vendor: str, model: str, meter: str, tier: str, band: str, price: Decimal) -> dict[str, Any]:
    name = "web_search_request" if meter == WEB_SEARCH else meter
    cells = (
        vendor,
        model,
        name,
        tier,
        _band(model, band),
        f"{price.normalize():f}",
        None,
        "USD",
        None,
        None,
        CONTRACT_ID,
    )
    return dict(zip(PRICE_COLUMNS, cells, strict=True))


def _band(model: str, band: str) -> str | None:
    """A band as contracts write it, where the model has a second price for long input."""
    if not any(price.model == model and price.context_band == LONG_CONTEXT for price in all_prices()):
        return None
    thousands = company.LONG_CONTEXT[model] // 1000
    return f"{thousands}k-" if band == LONG_CONTEXT else f"0-{thousands}k"


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def _write_rows(path: Path, rows: Sequence[Any]) -> None:
    """Dataclasses of one kind; their fields are the columns."""
    _write_table(path, [asdict(row) for row in rows])


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write(path, text.getvalue())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())

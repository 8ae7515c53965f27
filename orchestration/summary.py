"""What a person reads at the end of a run: spend by team, what is unallocated, the proof, what to open next.

Reads the published file only.
"""

from decimal import Decimal

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.gates import gate_warnings
from orchestration.inputs import select, write_deliveries
from orchestration.paths import Home
from orchestration.publish import Publication, current_publication
from orchestration.runs import RunResult
from orchestration.settings import Settings

SPEND_BY_TEAM = """
    select team, billing_currency, sum(effective_cost), coalesce(sum(ai_effective_cost), 0), sum(charge_count)
    from engineering.daily_spend_by_team
    group by all
    order by billing_currency, sum(effective_cost) desc
"""
# Metered requests and tokens stand beside the bill and are never added to it; a coverage without a gateway is unknown.
VENDORS = """
    with billed as (
        select
            "ServiceProviderName" as provider, "BillingCurrency" as currency, sum("BilledCost") as billed_cost,
            row_number() over (partition by provider order by count(*) desc, currency) = 1 as is_main_currency
        from focus.cost_and_usage
        group by provider, currency
    ),
    metered as (
        select
            service_provider_name as provider,
            sum(request_count) filter (where observer = 'provider') as requests,
            sum(quantity) filter (where observer = 'provider' and unit = 'Tokens') as tokens,
            sum(quantity) filter (where observer = 'gateway' and unit = 'Tokens') as seen_tokens
        from engineering.usage_meters
        group by all
    )
    select
        billed.provider, currency, billed_cost, requests, tokens,
        case when tokens > 0 and seen_tokens is not null then cast(seen_tokens * 10000 // tokens as bigint) end
    from billed
    left join metered on billed.provider = metered.provider and is_main_currency
    order by currency, billed_cost desc, billed.provider
"""
UNALLOCATED = """
    select
        billing_currency,
        coalesce(sum(effective_cost) filter (where basis = 'unallocated'), 0),
        coalesce(sum(abs(effective_cost)) filter (where basis = 'unallocated'), 0),
        coalesce(sum(abs(effective_cost)), 0)
    from finance.ledger_entries
    group by all
    order by all
"""
PROOF = """
    select count(*), count(distinct layer), sum(abs(difference)), bool_and(is_conserved)
    from operations.conservation_proof
"""
DELIVERIES = "select role, count(*), coalesce(sum(row_count), 0) from operations.deliveries group by all order by all"
WAITING = """
    select
        role, vendor, source_name, count(*), min(partition_key), max(partition_key),
        string_agg(distinct file_names, ', '), min(delivery_id), min(reason)
    from operations.deliveries
    where role in ('held', 'rejected', 'unconfigured', 'waiting')
    group by role, vendor, source_name, case when role in ('held', 'rejected') then delivery_id end
    order by all
"""


def print_summary(screen: Console, result: RunResult) -> None:
    """The end of `meterhouse run`."""
    if not result.is_published or result.publication is None:
        last = result.publication
        serving = f"generation {last.generation} keeps serving" if last else "there is no publication yet"
        screen.print(f"\nnothing was published; {serving}")
        return
    publication = result.publication
    with _reader(publication) as connection:
        _print_vendors(screen, connection)
        _print_spend(screen, connection)
        _print_unallocated(screen, connection)
        _print_proof(screen, connection)
        _print_warnings(screen, result)
        _print_waiting(screen, connection)
    screen.print(f"\ngeneration {publication.generation} is published. Open next:")
    screen.print(f"  {Home(result.settings.home).published / 'current'}/meterhouse.duckdb  (read-only, any DuckDB)")
    screen.print(f"  {Home(result.settings.home).published / 'current'}/parquet")
    screen.print("  make ui   (the graph, its checks and runs, on 127.0.0.1)")
    if result.settings.is_demo:
        screen.print("These are the books of a made-up company. Your own: copy meterhouse.example.toml, see README.md.")


def print_status(screen: Console, settings: Settings) -> None:
    """`meterhouse status`: the publication as it is, and landing as it is now."""
    home = Home(settings.home)
    publication = current_publication(home)
    if publication is None:
        screen.print(f"nothing is published yet in {home.root}: meterhouse run")
    else:
        screen.print(f"generation {publication.generation}, published {publication.manifest['published_at']}")
        publication.verify()
        with _reader(publication) as connection:
            _print_proof(screen, connection)
    with duckdb.connect() as connection:
        connection.execute("create schema operations")
        write_deliveries(connection, "operations.deliveries", home, select(settings))
        for role, count, rows in connection.execute(DELIVERIES).fetchall():
            screen.print(f"  {role}: {count} deliveries, {rows:,} rows")
        _print_waiting(screen, connection)


def _reader(publication: Publication) -> duckdb.DuckDBPyConnection:
    # Read-only alone would still read and write other files.
    locked: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    return duckdb.connect(str(publication.database.resolve()), read_only=True, config=locked)


def _print_vendors(screen: Console, connection: duckdb.DuckDBPyConnection) -> None:
    table = Table(title="Billed cost by vendor", title_justify="left", box=None, pad_edge=False)
    table.add_column("vendor")
    for name in ("currency", "billed cost", "requests", "tokens", "seen by gateway"):
        table.add_column(name, justify="right")
    for provider, currency, billed, requests, tokens, coverage in connection.execute(VENDORS).fetchall():
        counts = ["" if count is None else f"{count:,}" for count in (requests, tokens)]
        seen = "" if coverage is None else f"{Decimal(coverage) / 100:.2f} %"
        table.add_row(provider, currency, _amount(billed), *counts, seen)
    screen.print()
    screen.print(table)


def _print_spend(screen: Console, connection: duckdb.DuckDBPyConnection) -> None:
    table = Table(title="Effective cost by team", title_justify="left", box=None, pad_edge=False)
    table.add_column("team")
    for name in ("currency", "effective cost", "of which AI", "charges"):
        table.add_column(name, justify="right")
    rows = connection.execute(SPEND_BY_TEAM).fetchall()
    for team, currency, effective, ai, charges in rows:
        table.add_row(team, currency, _amount(effective), _amount(ai), f"{charges:,}")
    for currency in sorted({row[1] for row in rows}):
        mine = [row for row in rows if row[1] == currency]
        effective = sum((row[2] or Decimal(0) for row in mine), Decimal(0))
        ai = sum((row[3] for row in mine), Decimal(0))
        table.add_row(
            "total", currency, _amount(effective), _amount(ai), f"{sum(row[4] for row in mine):,}", style="bold"
        )
    screen.print()
    screen.print(table)


def _print_unallocated(screen: Console, connection: duckdb.DuckDBPyConnection) -> None:
    shares = []
    # The share is of absolute amounts, so that a credit does not hide a charge.
    for currency, unallocated, absolute, total in connection.execute(UNALLOCATED).fetchall():
        share = f"{absolute * 100 / total:.2f} %" if total else "of nothing"
        shares.append(f"{_amount(unallocated)} {currency} ({share})")
    screen.print(f"\nunallocated: {', '.join(shares)}")


def _print_proof(screen: Console, connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(PROOF).fetchone()
    assert row is not None
    totals, layers, difference, is_conserved = row
    word = "conserved" if is_conserved else "NOT CONSERVED"
    screen.print(f"proof:       {word}: {totals} totals in {layers} layers, difference {difference.normalize():f}")


def _print_warnings(screen: Console, result: RunResult) -> None:
    for table, name, expected, found in gate_warnings(Home(result.settings.home)):
        screen.print(f"odd:         {table}: {name}: expected {expected}, found {found}", markup=False)


def _print_waiting(screen: Console, connection: duckdb.DuckDBPyConnection) -> None:
    for row in connection.execute(WAITING).fetchall():
        role, vendor, source, count, first, last, files, delivery, reason = row
        periods = first or "" if first == last else f"{first} to {last}"
        note = {
            "held": f"{reason}; meterhouse accept {delivery}",
            "rejected": f"{files}: {reason}; report in rejected/, {delivery}",
            "unconfigured": f"{count} deliveries, not in the configuration, not counted",
            "waiting": f"{files}: a month to come, or before first_month",
        }[role]
        screen.print(f"{role}: {vendor}/{source} {periods} {note}".replace("  ", " "), markup=False)


def _amount(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value:,.2f}"

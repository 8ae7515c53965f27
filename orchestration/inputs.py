"""Decides which delivery is the truth, in one place, and lays the chosen parts out for dbt.

The input folder keeps its path in every build. It holds hard links to landed parts (verified first), one empty file a
table that fixes the schema, and what landing knows about every delivery. Days are read as months: the parts of a month
of daily deliveries are copied into one file, which is kept for as long as the list of those deliveries stays the same.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.contracts import Contract, landing_contract
from orchestration.landing import landing_tables
from orchestration.packages import Package, newest_accepted, packages
from orchestration.paths import Home, sha256_of
from orchestration.receipts import package_receipts, waiting_receipts
from orchestration.settings import Settings

DELIVERIES = """
    vendor varchar, table_name varchar, source_name varchar, scope varchar, partition_key varchar,
    delivery_id varchar, delivery_group_id varchar, role varchar, reason varchar, file_names varchar,
    vendor_version varchar, contract varchar, unknown_columns varchar,
    row_count bigint, rounded_value_count bigint, warning_count bigint, received_count bigint, sequence bigint,
    fetched_at timestamp, accepted_at timestamp, accepted_by varchar, last_received_at timestamp
"""
CONTROL_TOTALS = """
    vendor varchar, source_name varchar, delivery_id varchar,
    service_provider_name varchar, billing_period varchar,
    charge_month varchar, billing_currency varchar, cost_column varchar,
    total decimal(35, 18), row_count bigint, null_count bigint
"""


@dataclass(frozen=True)
class Selection:
    """The deliveries of one build: each package with its role."""

    roles: tuple[tuple[Package, str], ...]

    @property
    def used(self) -> list[Package]:
        """The packages whose rows the build reads."""
        return [package for package, role in self.roles if role == "current"]

    @property
    def named(self) -> list[dict[str, str]]:
        """The used deliveries by key and id, as a publication names them."""
        manifests = [package.manifest for package in self.used]
        return [
            {
                "vendor": item.vendor,
                "source_name": item.source_name,
                "scope": item.scope,
                "partition": item.partition,
                "delivery_id": item.delivery_id,
            }
            for item in manifests
        ]


def select(settings: Settings) -> Selection:
    """The role of every package in landing: current, superseded, held, or unconfigured."""
    configured = {(source.vendor, source.name, source.scope) for source in settings.sources}
    by_key: dict[tuple[str, ...], list[Package]] = {}
    for package in packages(Home(settings.home)):
        by_key.setdefault(package.manifest.key, []).append(package)
    roles: list[tuple[Package, str]] = []
    for key, found in sorted(by_key.items()):
        newest = newest_accepted(found)
        for package in found:
            vendor, _, source_name, scope, _ = key
            if (vendor, source_name, scope) not in configured:
                role = "unconfigured"
            elif not package.is_accepted:
                role = "held"
            else:
                role = "current" if package is newest else "superseded"
            roles.append((package, role))
    return Selection(tuple(roles))


def lay_out(settings: Settings, selection: Selection) -> None:
    """Makes the input folder anew. Raises IntegrityError when a landed part is not what was landed."""
    home = Home(settings.home)
    for package in selection.used:
        package.verify()
    shutil.rmtree(home.inputs, ignore_errors=True)
    home.compacted.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set memory_limit = ?", [settings.memory])
        connection.execute("set preserve_insertion_order = false")
        for vendor, table in landing_tables():
            _write_empty(connection, landing_contract(vendor, table.name), home.inputs / vendor / table.name)
        months: dict[tuple[str, ...], list[Package]] = {}
        for package in selection.used:
            manifest = package.manifest
            if landing_contract(manifest.vendor, manifest.table).partition_kind == "day":
                months.setdefault((*manifest.key[:4], manifest.partition[:7]), []).append(package)
            else:
                _link(package, home.inputs)
        kept = {_compact(connection, home, key, days) for key, days in months.items()}
        for path in set(home.compacted.iterdir()) - kept:
            path.unlink()
        _write_landing_tables(connection, home, selection)


def _link(package: Package, inputs: Path) -> None:
    manifest = package.manifest
    folder = inputs / manifest.vendor / manifest.table
    for name, value in _facts(package).items():
        folder = folder / f"{name}={value}"
    folder.mkdir(parents=True)
    for part in manifest.parts:
        os.link(package.folder / part.name, folder / part.name)


def _facts(package: Package) -> dict[str, str]:
    """What every input row knows of its delivery, besides the contract's columns."""
    manifest = package.manifest
    return {
        "role": "current",
        "source_name": manifest.source_name,
        "scope": manifest.scope,
        "delivery_id": manifest.delivery_id,
        "partition_key": manifest.partition,
    }


def _compact(connection: duckdb.DuckDBPyConnection, home: Home, key: tuple[str, ...], days: Sequence[Package]) -> Path:
    """One file for the days of a month, with the facts of each delivery as columns. Returns the kept file."""
    parts = [part.sha256 for package in days for part in package.manifest.parts]
    facts = [tuple(_facts(package).values()) for package in days]
    content = hashlib.sha256(json.dumps([key, parts, facts]).encode()).hexdigest()[:32]
    # The name ends with the hash of the file, so that a damaged one is made anew.
    kept = next((path for path in home.compacted.glob(f"{content}-*.parquet") if _is_whole(path)), None)
    if kept is None:
        temporary = home.compacted / f".{content}"
        selects = []
        for package in days:
            files = ", ".join("'" + _quoted(package.folder / part.name) + "'" for part in package.manifest.parts)
            columns = ", ".join(f"'{value}' as {name}" for name, value in _facts(package).items())
            selects.append(f"select *, {columns} from read_parquet([{files}])")
        _copy(connection, " union all by name ".join(selects), temporary)
        kept = home.compacted / f"{content}-{sha256_of(temporary)}.parquet"
        temporary.replace(kept)
    vendor, table, source_name, scope, month = key
    folder = home.inputs / vendor / table / source_name / scope
    folder.mkdir(parents=True, exist_ok=True)
    os.link(kept, folder / f"{month}.parquet")
    return kept


def _is_whole(kept: Path) -> bool:
    return kept.stem.partition("-")[2] == sha256_of(kept)


def _write_empty(connection: duckdb.DuckDBPyConnection, contract: Contract, folder: Path) -> None:
    """An empty file of the agreed types: a vendor that nobody configured is an empty table, not a missing one."""
    facts = ("role", "source_name", "scope", "delivery_id", "partition_key")
    columns = [f'cast(null as {column.sql_type}) as "{column.name}"' for column in contract.columns]
    columns += ["cast(null as varchar) as _unknown_columns", "cast(null as bigint) as _row_number"]
    columns += ["cast(null as integer) as _part"]
    target = folder
    if contract.partition_kind == "day":
        columns += [f"cast(null as varchar) as {name}" for name in facts]
    else:
        for name in facts:
            target = target / f"{name}=none"
    target.mkdir(parents=True)
    _copy(connection, f"select {', '.join(columns)} where false", target / "empty.parquet")


def _write_landing_tables(connection: duckdb.DuckDBPyConnection, home: Home, selection: Selection) -> None:
    (home.inputs / "landing").mkdir(parents=True)
    write_deliveries(connection, "deliveries", home, selection)
    _copy(connection, "select * from deliveries", home.inputs / "landing" / "deliveries.parquet")
    totals = [
        (
            package.manifest.vendor,
            package.manifest.source_name,
            package.manifest.delivery_id,
            total.provider,
            package.manifest.partition[:7],
            total.charge_month,
            total.currency,
            total.cost_column,
            total.total,
            total.row_count,
            total.null_count,
        )
        for package in selection.used
        for total in package.manifest.control_totals
    ]
    _make_table(connection, "control_totals", CONTROL_TOTALS, totals)
    _copy(connection, "select * from control_totals", home.inputs / "landing" / "control_totals.parquet")


def write_deliveries(connection: duckdb.DuckDBPyConnection, name: str, home: Home, selection: Selection) -> None:
    """Makes the table of every delivery, accepted or not, as `operations.deliveries` publishes it."""
    receipts = package_receipts(home.landing)
    rows = [_delivery_row(package, role, receipts) for package, role in selection.roles]
    rows += _rejected_rows(home)
    rows += _waiting_rows(home)
    _make_table(connection, name, DELIVERIES, rows)


def _make_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    connection.execute(f"create table {name} ({columns})")
    if rows:
        connection.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    connection.execute(f"copy ({query}) to '{_quoted(target)}' (format parquet)")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _delivery_row(package: Package, role: str, receipts: dict[Path, list[str]]) -> tuple[Any, ...]:
    manifest = package.manifest
    mine = receipts.get(package.folder, [])
    return (
        manifest.vendor,
        manifest.table,
        manifest.source_name,
        manifest.scope,
        manifest.partition,
        manifest.delivery_id,
        manifest.delivery_group_id,
        role,
        manifest.held_because,
        ", ".join(file["name"] for file in manifest.received),
        manifest.vendor_version,
        f"{manifest.contract_id} {manifest.contract_version}",
        ", ".join(manifest.unknown_columns) or None,
        manifest.row_count,
        sum(rounding["row_count"] for rounding in manifest.roundings),
        sum(not check["passed"] for check in manifest.checks),
        max(1, len(mine)),
        manifest.sequence,
        _utc(manifest.fetched_at),
        _utc(manifest.accepted_at),
        manifest.accepted_by,
        _utc(mine[-1] if mine else manifest.fetched_at),
    )


def _rejected_rows(home: Home) -> list[tuple[Any, ...]]:
    rows = []
    for path in sorted(home.rejected.glob("*/*/*/*/*/*/report.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        error = report["error"]
        place = f"line {error['line']}, " if error["line"] else ""
        place += f"column {error['column']}: " if error["column"] else ""
        reason = f"{place}expected {error['expected']}; found {error['found']}"
        names = ", ".join(file["name"] for file in report["received"])
        rejected_at = _utc(report["rejected_at"])
        key = (report["vendor"], report["table"], report["source_name"], report["scope"], report["partition"])
        role = "mended" if report["mended_at"] else "rejected"
        facts = (report["rejection_id"], None, role, reason, names, None, report["contract"], None)
        rows.append((*key, *facts, None, None, None, 1, None, rejected_at, None, None, rejected_at))
    return rows


def _waiting_rows(home: Home) -> list[tuple[Any, ...]]:
    """Months that a source delivered and that no run has landed yet: to come, or before `first_month`."""
    rows: list[tuple[Any, ...]] = []
    for folder, receipt in waiting_receipts(home.landing):
        vendor, table, source_name = folder.parts[-3:]
        group = hashlib.sha256("".join(receipt.sha256s).encode()).hexdigest()[:16]
        received_at = _utc(receipt.received_at)
        for month in receipt.waiting:
            key = (vendor, table, source_name, receipt.scope, month)
            facts = (group, group, "waiting", "no run was asked for this month yet", ", ".join(receipt.files))
            rows.append((*key, *facts, *[None] * 6, 1, None, received_at, None, None, received_at))
    return rows


def _utc(moment: str | None) -> str | None:
    """ISO text that DuckDB reads as a naive UTC timestamp."""
    return moment.removesuffix("Z") if moment else None

"""Hands over whole files: a fresh DuckDB file and its Parquet twins, swapped in at once. It computes nothing.

Readers open the real path behind `published/current`; a reader keeps the generation that it opened.
"""

import getpass
import importlib.metadata
import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import books
from orchestration.contracts import Contract, published_contracts
from orchestration.errors import GateError, IntegrityError, MeterhouseError
from orchestration.fingerprints import grouped_fingerprints
from orchestration.focus_metadata import DATASETS, VERSION, creation_dates, describe, read_time_sectors
from orchestration.gates import require_passed
from orchestration.inputs import Selection
from orchestration.landing import utc_now
from orchestration.paths import Home, sha256_of, sync_folder, sync_tree, write_json
from orchestration.preparing import Clock
from orchestration.settings import Settings
from orchestration.warehouse import read_build_record

FILE = "meterhouse.duckdb"
# What FOCUS wants to be told beside its tables.
METADATA = "focus_metadata"
# The oldest format that DuckDB 1.x clients of BI tools read; 2.0's own default is closed to them.
STORAGE_VERSION = "v1.0.0"
VERSIONED = ("meterhouse", "dagster", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "pandas")


@dataclass(frozen=True)
class Publication:
    """One generation: its folder and its manifest."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def generation(self) -> int:
        return int(self.manifest["generation"])

    @property
    def database(self) -> Path:
        return self.folder / FILE

    def verify(self) -> None:
        """Compares every published file with the manifest. Raises IntegrityError."""
        for name, facts in self.manifest["files"].items():
            path = self.folder / name
            found = sha256_of(path) if path.is_file() else "no such file"
            if found != facts["sha256"]:
                raise IntegrityError(
                    f"{path}\n  expected: SHA-256 {facts['sha256']}\n  found:    {found}\n"
                    "  next:     meterhouse rollback, or meterhouse run to publish anew"
                )
        strays = [path for path in self.folder.glob("*.wal")]
        if strays:
            raise IntegrityError(
                f"{strays[0]}\n  expected: no write-ahead log\n  found:    somebody wrote to this file"
            )


def current_publication(home: Home) -> Publication | None:
    """The publication that readers are served, or None before the first."""
    link = home.published / "current"
    return read_publication(link.resolve()) if (link / "manifest.json").is_file() else None


def publications(home: Home) -> list[Publication]:
    """Every kept generation, oldest first."""
    return [read_publication(path.parent) for path in sorted(home.published.glob("[0-9]*/manifest.json"))]


def read_publication(folder: Path) -> Publication:
    """The publication in a folder."""
    return Publication(folder, json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def read_metadata(publication: Publication) -> dict[str, Any]:
    """The FOCUS metadata of a publication by file name; of one that is older than the metadata, empty lists."""
    folder = publication.folder / METADATA
    names = ("data_generator.json", "dataset_instance.json", "schema.json", "recency.json")
    paths = [folder / name for name in names]
    return {path.name: json.loads(path.read_text(encoding="utf-8")) if path.is_file() else [] for path in paths}


def refuse_lost_deliveries(home: Home, selection: Selection) -> None:
    """Refuses to publish less: a delivery that the last publication used must still lie in landing."""
    last = current_publication(home)
    here = {package.manifest.delivery_id for package, _ in selection.roles}
    lost = [item for item in (last.manifest["deliveries"] if last else []) if item["delivery_id"] not in here]
    if lost:
        names = "".join(f"\n    {item['source_name']} {item['partition']} {item['delivery_id']}" for item in lost)
        raise IntegrityError(
            f"{home.landing}\n  expected: every delivery that generation {last and last.generation} was made from\n"
            f"  found:    {len(lost)} are gone:{names}\n  next:     restore them from a backup"
        )


def publish(settings: Settings, run_id: str, clock: Clock = utc_now) -> Publication:
    """Publishes the build that the gate has just passed, as the next generation.

    Raises GateError when the gate did not pass, and IntegrityError when a copy differs from the build. Until the swap
    at the end nothing that readers see has changed.
    """
    home = Home(settings.home)
    gate = require_passed(home)
    build = read_build_record(home)
    last = current_publication(home)
    kept = [item.generation for item in publications(home)]
    generation = max([*kept, books.newest_generation(home)], default=0) + 1
    folder = home.published / f".{generation:06d}.building"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    contracts = published_contracts()
    moment = clock()
    try:
        tables = _write_tables(settings, folder, contracts, last)
        _write_metadata(folder, contracts, last, moment)
        files = {
            str(path.relative_to(folder)): {"size": path.stat().st_size, "sha256": sha256_of(path)}
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        manifest = {
            "generation": generation,
            "run_id": run_id,
            "published_at": moment.isoformat(),
            "published_by": getpass.getuser(),
            "storage_version": STORAGE_VERSION,
            "versions": {name: importlib.metadata.version(name) for name in VERSIONED},
            "contracts": {table: contract.version for table, contract in contracts.items()},
            "previous_generation": last.generation if last else None,
            "deliveries": build["deliveries"],
            "seeds_sha256": build["seeds_sha256"],
            "control_totals": tables.pop("control_totals"),
            "tables": tables,
            "files": files,
            "gate": {table: len(results) for table, results in gate["results"].items()},
        }
        write_json(folder / "manifest.json", manifest)
        sync_tree(folder)
        target = home.published / f"{generation:06d}"
        folder.rename(target)
        sync_folder(home.published)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    books.record_publication(home, manifest, moment)
    _swap(home, target)
    _prune(home, settings.generations)
    return Publication(target, manifest)


def rollback(home: Home, generation: int | None = None, clock: Clock = utc_now) -> Publication:
    """Serves another kept generation, after verifying its files: by default what was served before this one."""
    current = current_publication(home)
    kept = publications(home)
    if generation is None:
        generation = current.manifest["previous_generation"] if current else None
    wanted = next((item for item in kept if item.generation == generation), None)
    if wanted is None or current is None:
        names = ", ".join(str(item.generation) for item in kept) or "none"
        raise MeterhouseError(f"rollback\n  expected: a kept generation to go back to\n  found:    {names}")
    wanted.verify()
    books.append(home, "rollback", clock(), {"generation": wanted.generation, "from_generation": current.generation})
    _swap(home, wanted.folder)
    return wanted


def _write_tables(
    settings: Settings, folder: Path, contracts: dict[str, Contract], last: Publication | None
) -> dict[str, Any]:
    home = Home(settings.home)
    tables: dict[str, Any] = {}
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set memory_limit = ?", [settings.memory])
        connection.execute("set temp_directory = ?", [str(home.scratch)])
        connection.execute(f"attach {_text(home.build_file)} as meterhouse (read_only)")
        connection.execute(f"attach {_text(folder / FILE)} as published (storage_version '{STORAGE_VERSION}')")
        for table, contract in contracts.items():
            _copy_table(connection, table, contract)
        tables["control_totals"] = _control_totals(connection)
        for table, contract in contracts.items():
            tables[table] = _write_parquet(connection, table, contract, folder, last)
        connection.execute("checkpoint published")
        connection.execute("detach published")
    if (folder / f"{FILE}.wal").exists():
        raise GateError(f"{folder / FILE}\n  expected: a closed file\n  found:    a write-ahead log beside it")
    return tables


def _copy_table(connection: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> None:
    name = _name(table)
    schema = table.split(".")[0]
    connection.execute(f'create schema if not exists published."{schema}"')
    connection.execute(f"create table published.{name} as select * from meterhouse.{name}")
    comment = contract.grain or contract.description
    connection.execute(f"comment on table published.{name} is {_text(comment)}")
    for column in contract.columns:
        if column.description:
            connection.execute(f'comment on column published.{name}."{column.name}" is {_text(column.description)}')


def _control_totals(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """What the published charges come to, summed anew; the proof must say the same. Raises IntegrityError."""
    published = connection.execute(
        'select "BillingCurrency" as billing_currency, cast(coalesce(sum("BilledCost"), 0) as varchar), '
        'cast(coalesce(sum("EffectiveCost"), 0) as varchar), count(*) '
        "from published.focus.cost_and_usage group by all order by all"
    ).fetchall()
    proved = connection.execute(
        "select billing_currency, "
        "cast(sum(layer_total) filter (where cost_column = 'billed_cost') as varchar), "
        "cast(sum(layer_total) filter (where cost_column = 'effective_cost') as varchar), "
        "sum(layer_row_count) filter (where cost_column = 'billed_cost') "
        "from published.operations.conservation_proof where layer = 'published' group by all order by all"
    ).fetchall()
    if published != proved:
        raise IntegrityError(f"focus.cost_and_usage\n  expected: {proved}, as proved\n  found:    {published}")
    names = ("billing_currency", "billed_cost", "effective_cost", "row_count")
    return [dict(zip(names, row, strict=True)) for row in published]


def _write_parquet(
    connection: duckdb.DuckDBPyConnection, table: str, contract: Contract, folder: Path, last: Publication | None
) -> dict[str, Any]:
    """One file per period (or one file), linked from the last generation where its rows are the same."""
    place = f"parquet/{table.replace('.', '/')}"
    (folder / place).mkdir(parents=True)
    relation = f"published.{_name(table)}"
    period = contract.properties.get("period", "'all'")
    fingerprint, periods = grouped_fingerprints(connection, relation, str(period))
    before = last.manifest["tables"].get(table, {}).get("parquet", {}) if last else {}
    files: dict[str, Any] = {}
    # A table without rows is a file without rows, not a missing one.
    for value, mark in (periods or {"none": fingerprint}).items():
        name = f"{place}/{value or 'unknown'}.parquet"
        if last and before.get(name) == mark and _is_as_published(last, name):
            os.link(last.folder / name, folder / name)
        else:
            rows = f"select * from {relation} where {period} is not distinct from {_text(value) if value else 'null'}"
            connection.execute(f"copy ({rows}) to {_text(folder / name)} (format parquet, compression zstd)")
        files[name] = mark
    count = connection.execute(f"select count(*) from {relation}").fetchone()
    assert count is not None
    return {"row_count": count[0], "fingerprint": fingerprint, "parquet": files}


def _write_metadata(folder: Path, contracts: dict[str, Contract], last: Publication | None, moment: datetime) -> None:
    """Who made it, which datasets, which columns, how recent: read from the tables that were just written."""
    with duckdb.connect(str(folder / FILE), read_only=True) as connection:
        sectors = read_time_sectors(connection, "focus.billing_period")
    columns = {table: contracts[f"focus.{table}"].columns for table in DATASETS}
    created = creation_dates(read_metadata(last)["schema.json"] if last else [])
    (folder / METADATA).mkdir()
    for name, content in describe(VERSION, columns, sectors, moment, created).items():
        write_json(folder / METADATA / name, content)


def _is_as_published(publication: Publication, name: str) -> bool:
    path = publication.folder / name
    return path.is_file() and sha256_of(path) == publication.manifest["files"][name]["sha256"]


def _swap(home: Home, folder: Path) -> None:
    """Points `published/current` at a generation, in one step."""
    link = home.published / "current"
    temporary = home.published / f".current.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.name)
    temporary.replace(link)
    sync_folder(home.published)


def _prune(home: Home, keep: int) -> None:
    """Removes the oldest generations beyond `keep`, never the one that is served."""
    current = current_publication(home)
    for item in publications(home)[:-keep]:
        if current and item.generation != current.generation:
            shutil.rmtree(item.folder)


def _name(table: str) -> str:
    return ".".join(f'"{part}"' for part in table.split("."))


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"

"""Writes what is published as FOCUS 1.2, 1.3 or 1.4: Parquet and metadata, for tools that read an exact version.

It reads the current publication, never a build file, and changes no value: an older version has other columns, that
is all. Which columns a version has stands here and nowhere else.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.contracts import Column, published_contracts
from orchestration.errors import MeterhouseError
from orchestration.focus_metadata import VERSION, creation_dates, describe, read_time_sectors, schema_id
from orchestration.landing import utc_now
from orchestration.paths import Home, sha256_of, write_json
from orchestration.preparing import Clock
from orchestration.publish import METADATA, Publication, current_publication, read_metadata

VERSIONS = ("1.2", "1.3", VERSION)
# New in 1.4.
NOT_BEFORE_1_4 = ("CommitmentProgramEligibilityDetails", "InvoiceDetailId")
# New in 1.3.
NOT_BEFORE_1_3 = (
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "ContractApplied",
    "HostProviderName",
    "ServiceProviderName",
)
# Gone in 1.4: the seller who invoices, and the maker of the service.
GONE_IN_1_4 = {
    "ProviderName": '"InvoiceIssuerName"',
    "PublisherName": 'coalesce("x_PublisherName", "x_ModelDeveloper", "ServiceProviderName")',
}
COMMITMENTS_IN_1_3 = (
    "BillingCurrency",
    "ContractCommitmentCategory",
    "ContractCommitmentCost",
    "ContractCommitmentDescription",
    "ContractCommitmentId",
    "ContractCommitmentPeriodEnd",
    "ContractCommitmentPeriodStart",
    "ContractCommitmentQuantity",
    "ContractCommitmentType",
    "ContractCommitmentUnit",
    "ContractId",
    "ContractPeriodEnd",
    "ContractPeriodStart",
)
TABLES = {
    "1.2": ("cost_and_usage",),
    "1.3": ("cost_and_usage", "contract_commitment"),
    "1.4": ("billing_period", "contract_commitment", "cost_and_usage", "invoice_detail"),
}


@dataclass(frozen=True)
class Export:
    """What was written: the Parquet file of each dataset, and what is in it."""

    version: str
    generation: int
    folder: Path
    files: dict[str, Path]
    row_counts: dict[str, int]


def export_focus(home: Home, version: str, folder: Path | None = None, clock: Clock = utc_now) -> Export:
    """Writes one version of FOCUS from the current publication. Raises MeterhouseError when there is none, or when it
    was published before it had these tables."""
    if version not in VERSIONS:
        raise MeterhouseError(f"export focus\n  expected: --version {', '.join(VERSIONS)}\n  found:    {version}")
    publication = current_publication(home)
    if publication is None:
        raise MeterhouseError(
            f"{home.published}\n  expected: a publication\n  found:    none\n  next:     meterhouse run"
        )
    target = folder or home.root / "exports" / f"focus-{version}"
    target.mkdir(parents=True, exist_ok=True)
    columns = {table: columns_of(version, table) for table in TABLES[version]}
    files: dict[str, Path] = {}
    counts: dict[str, int] = {}
    with duckdb.connect(str(publication.database.resolve()), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        _refuse_older_publication(connection, publication)
        for table, wanted in columns.items():
            files[table] = target / f"{table}.parquet"
            counts[table] = _write(connection, version, table, wanted, files[table])
        sectors = read_time_sectors(connection, "focus.billing_period")
    known = creation_dates(read_metadata(publication)["schema.json"])
    created = {schema_id(version, table, wanted): _created(known, table) for table, wanted in columns.items()}
    metadata = describe(version, columns, sectors, clock(), created)
    (target / METADATA).mkdir(exist_ok=True)
    for name, content in metadata.items():
        write_json(target / METADATA / name, content)
    write_json(target / "export.json", _manifest(version, publication, target, files, counts))
    return Export(version, publication.generation, target, files, counts)


def columns_of(version: str, table: str) -> list[Column]:
    """The columns of a table in a version: the specification's by name, then ours."""
    published = published_contracts()[f"focus.{table}"].columns
    if version == VERSION:
        return list(published)
    if table == "contract_commitment":
        return [column for column in published if column.name in COMMITMENTS_IN_1_3 or column.name.startswith("x_")]
    dropped = NOT_BEFORE_1_4 if version == "1.3" else NOT_BEFORE_1_4 + NOT_BEFORE_1_3
    specified = [column for column in published if not column.name.startswith("x_") and column.name not in dropped]
    issuer = next(column for column in published if column.name == "InvoiceIssuerName")
    specified += [replace(issuer, name=name, path=name) for name in GONE_IN_1_4]
    ours = [column for column in published if column.name.startswith("x_")]
    return sorted(specified, key=lambda column: column.name) + ours


def _write(
    connection: duckdb.DuckDBPyConnection, version: str, table: str, columns: Sequence[Column], path: Path
) -> int:
    """One Parquet file that names its schema, renamed into place when it is whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    selects = ", ".join(f'{_expression(column)} as "{column.name}"' for column in columns)
    options = f"format parquet, compression zstd, kv_metadata {{SchemaId: {_text(schema_id(version, table, columns))}}}"
    connection.execute(f"copy (select {selects} from focus.{table}) to {_text(temporary)} ({options})")
    temporary.replace(path)
    row = connection.execute(f"select count(*) from focus.{table}").fetchone()
    assert row is not None
    return int(row[0])


def _expression(column: Column) -> str:
    """The published column. Times carry their zone, so that no reader takes them for local ones."""
    if column.name in GONE_IN_1_4:
        return GONE_IN_1_4[column.name]
    return f"timezone('UTC', \"{column.name}\")" if column.physical_type == "timestamp" else f'"{column.name}"'


def _refuse_older_publication(connection: duckdb.DuckDBPyConnection, publication: Publication) -> None:
    found = connection.execute(
        "select table_name || '.' || column_name from duckdb_columns() where schema_name = 'focus'"
    ).fetchall()
    names = {row[0] for row in found}
    missing = [
        f"focus.{table}.{column.name}"
        for table in TABLES[VERSION]
        for column in published_contracts()[f"focus.{table}"].columns
        if f"{table}.{column.name}" not in names
    ]
    if missing:
        raise MeterhouseError(
            f"{publication.database}\n  expected: a publication with {missing[0]}\n"
            f"  found:    generation {publication.generation}, published before that\n  next:     meterhouse run"
        )


def _created(known: dict[str, str], table: str) -> str:
    """A structure of an older version is as old as the published one that it is cut from."""
    published = published_contracts()[f"focus.{table}"].columns
    return known[schema_id(VERSION, table, published)]


def _manifest(
    version: str, publication: Publication, folder: Path, files: dict[str, Path], counts: dict[str, int]
) -> dict[str, Any]:
    paths = [*files.values(), *sorted((folder / METADATA).glob("*.json"))]
    return {
        "focus_version": version,
        "generation": publication.generation,
        "published_at": publication.manifest["published_at"],
        "row_counts": counts,
        "files": {
            str(path.relative_to(folder)): {"size": path.stat().st_size, "sha256": sha256_of(path)} for path in paths
        },
    }


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"

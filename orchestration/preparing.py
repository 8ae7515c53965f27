"""From received bytes to a package in the staging area: typed parts, raw bytes, control totals, the contract's results.

Nothing is decided here: `landing.py` promotes or rejects what this module prepared.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import casting
from orchestration.contracts import CheckResult, Contract, Rule, judge, measure
from orchestration.errors import DeliveryError
from orchestration.fingerprints import row_set_fingerprint
from orchestration.packages import ControlTotal, Manifest, PackageFile
from orchestration.paths import Home, sha256_of
from orchestration.settings import SourceSettings
from orchestration.sources.base import Delivery, ReceivedFile, SourceTable

MONTH = r"\d{4}-(0[1-9]|1[0-2])"
PARTITIONS = {
    "month": (MONTH, "a month (YYYY-MM)"),
    "day": (MONTH + r"-(0[1-9]|[12]\d|3[01])", "a UTC day (YYYY-MM-DD)"),
    "version": (r"[A-Za-z0-9][A-Za-z0-9._+-]{0,126}", "a version (letters, digits, . _ + -)"),
}

Clock = Callable[[], datetime]


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the microsecond, ending in Z: the one form of time in manifests and reports."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Wanted:
    """Which partitions a run lands: those of the asked months; versions belong to no month and are always landed."""

    months: frozenset[str]
    kind: str = "month"

    def __contains__(self, partition: object) -> bool:
        return self.kind == "version" or str(partition)[:7] in self.months


@dataclass(frozen=True)
class PreparedPackage:
    """A package in the staging area, typed and measured, not yet promoted. It has no delivery id yet.

    `rules` are those that its columns can be asked, `measures` their counts; `results` are there once it was judged.
    """

    folder: Path
    manifest: Manifest
    rules: tuple[Rule, ...]
    measures: dict[str, Any]
    results: tuple[CheckResult, ...] = ()


@dataclass(frozen=True)
class PreparedDelivery:
    """The packages of one delivery; `periods` are all partitions in it, also those that were not asked for."""

    delivery: Delivery
    packages: tuple[PreparedPackage, ...]
    periods: tuple[str, ...]


@dataclass(frozen=True)
class _TypedFile:
    """One received file in DuckDB: its typed table, and the text it came from."""

    received: ReceivedFile
    text: casting.TextTable
    relation: str
    version: str
    roundings: dict[str, list[casting.Rounding]]


@dataclass(frozen=True)
class Preparation:
    """Prepares the deliveries of one source."""

    home: Home
    source: SourceSettings
    table: SourceTable
    contract: Contract
    memory: str
    clock: Clock
    person_key: str | None = None

    @property
    def label(self) -> str:
        """How messages name the source."""
        return f"{self.source.vendor}/{self.source.name}"

    @property
    def _not_data(self) -> tuple[str, ...]:
        """Columns that say when we looked, so that the same data seen later is the same data."""
        return tuple(self.contract.properties.get("notData", ()))

    @property
    def _partition_sql(self) -> str:
        return str(self.contract.properties["partition"])

    def prepare(self, delivery: Delivery, folder: Path, wanted: Wanted) -> PreparedDelivery:
        """Types a delivery into one package a wanted partition, below `folder`. Raises DeliveryError when it cannot."""
        folder.mkdir(parents=True)
        files = [path for file in delivery.files for path in (file.path, file.rows) if path]
        places = [folder.parent, *sorted({path.parent for path in files})]
        connection = casting.ingest_connection(places, folder / "spill", self.memory)
        try:
            return self._prepare(connection, delivery, folder, wanted)
        except duckdb.OutOfRangeException as error:
            raise DeliveryError(
                source=self.label,
                file=delivery.files[0].name,
                expected="amounts whose sum fits the money type, decimal(35,18)",
                found=str(error).splitlines()[0],
                next_step="mend the amounts at their origin and deliver the file again",
            ) from None
        finally:
            connection.close()

    def _prepare(
        self, connection: duckdb.DuckDBPyConnection, delivery: Delivery, folder: Path, wanted: Wanted
    ) -> PreparedDelivery:
        typed = [self._type(connection, file, number, folder) for number, file in enumerate(delivery.files)]
        partitions = self._partitions(connection, delivery, typed)
        asked = [partition for partition in partitions if partition in wanted]
        drafts = [self._draft(connection, delivery, typed, partition, folder) for partition in asked]
        rules = tuple(self.contract.rules_for(set().union(*(file.text.columns for file in typed))))
        ready = tuple(
            PreparedPackage(
                _package_folder(folder, draft.partition),
                draft,
                rules,
                measure(connection, _view(draft.partition), rules),
            )
            for draft in drafts
        )
        return PreparedDelivery(delivery, ready, tuple(partitions))

    def _type(self, connection: duckdb.DuckDBPyConnection, file: ReceivedFile, number: int, folder: Path) -> _TypedFile:
        if file.rows is not None:
            plain = file.rows
            text = casting.rows_table(connection, plain, file.columns or (), number)
        else:
            plain = casting.unpacked(file.path, self.label, folder)
            text = casting.text_table(connection, plain, file.name, self.label, self.contract, number)
            text = casting.renamed(connection, text, self.contract)
        # JSON Lines without a line tell no columns, so there is nothing to recognise.
        version = self.table.version_of(self.label, file.name, self.contract, text.columns) if text.columns else ""
        relation = casting.cast_table(connection, text, self.contract, plain, file.name, self.label)
        self._refuse_rows_without_partition(connection, relation, plain, file.name)
        self._refuse_other_row_count(connection, relation, file)
        roundings = casting.roundings(connection, text, relation, self.contract)
        return _TypedFile(file, text, relation, version, roundings)

    def _refuse_rows_without_partition(
        self, connection: duckdb.DuckDBPyConnection, relation: str, path: Path, name: str
    ) -> None:
        column = str(self.contract.properties["partitionColumn"])
        form, words = PARTITIONS[self.contract.partition_kind]
        row = connection.execute(
            f'select _row_number, cast("{column}" as varchar) from {relation} '
            f"where not coalesce(regexp_full_match({self._partition_sql}, '{form}'), false) "
            "order by _row_number limit 1"
        ).fetchone()
        if row:
            raise DeliveryError(
                source=self.label,
                file=name,
                line=casting.line_of_row(path, row[0]),
                column=column,
                expected=f"{words} on every row: it says which period the row belongs to",
                found=repr(row[1]) if row[1] is not None else "nothing",
                next_step="mend the export and deliver the file again",
            )

    def _refuse_other_row_count(self, connection: duckdb.DuckDBPyConnection, relation: str, file: ReceivedFile) -> None:
        count = _count(connection, relation)
        if file.row_count is not None and count != file.row_count:
            raise DeliveryError(
                source=self.label,
                file=file.name,
                expected=f"{file.row_count:,} rows, as the vendor's manifest says",
                found=f"{count:,} rows",
                next_step="run again when the export is at rest; if it stays so, run the export anew",
            )

    def _partitions(
        self, connection: duckdb.DuckDBPyConnection, delivery: Delivery, typed: Sequence[_TypedFile]
    ) -> list[str]:
        found = " union ".join(f"select distinct {self._partition_sql} from {file.relation}" for file in typed)
        partitions = [str(row[0]) for row in connection.execute(f"{found} order by 1").fetchall()]
        if delivery.covers:
            strange = sorted(set(partitions) - set(delivery.covers))
            if strange:
                raise DeliveryError(
                    source=self.label,
                    file=typed[0].received.name,
                    partition=strange[0],
                    expected=f"rows of {delivery.covers[0]} to {delivery.covers[-1]}, which was asked for",
                    found=f"rows of {', '.join(strange)}",
                    next_step="ask the vendor; nothing of this answer was landed",
                )
            return list(delivery.covers)
        if not partitions:
            raise DeliveryError(
                source=self.label,
                file=typed[0].received.name,
                expected="at least one row: a file tells by its rows which periods it replaces",
                found="a header and no rows",
                next_step="deliver a file with rows, or remove this one if nothing is to be said",
            )
        return partitions

    def _draft(
        self,
        connection: duckdb.DuckDBPyConnection,
        delivery: Delivery,
        typed: Sequence[_TypedFile],
        partition: str,
        folder: Path,
    ) -> Manifest:
        """Writes one period's parts and raw bytes, and sums them from the parts that were written."""
        package = _package_folder(folder, partition)
        (package / "raw").mkdir(parents=True)
        parts, raw = [], []
        for number, file in enumerate(typed):
            parts.append(self._write_part(connection, file, number, partition, package))
            name = f"raw/{raw_name(number, file.received)}"
            os.link(file.received.path, package / name)
            raw.append(PackageFile(name, file.received.size, file.received.sha256))
        for number, paper in enumerate(delivery.evidence, start=len(typed)):
            name = f"raw/{raw_name(number, paper)}"
            os.link(paper.path, package / name)
            raw.append(PackageFile(name, paper.size, paper.sha256))
        view = _view(partition)
        files = str(package / "part-*.parquet").replace("'", "''")
        connection.execute(f"create view {view} as select * from read_parquet('{files}')")
        columns = {name for file in typed for name in file.text.columns}
        unknown = {name for name in columns if not self.contract.column(name)} | set(delivery.dropped)
        group = "".join(file.received.sha256 for file in typed)
        return Manifest(
            vendor=self.source.vendor,
            table=self.table.name,
            source_name=self.source.name,
            scope=self.source.scope,
            partition=partition,
            delivery_id="",
            delivery_group_id=hashlib.sha256(group.encode()).hexdigest()[:16],
            covers=[partition],
            received=[_received(file) for file in delivery.files],
            raw=raw,
            parts=parts,
            row_count=_count(connection, view),
            charge_days=self._charge_days(connection, view),
            present_columns=sorted(name for name in columns if self.contract.column(name)),
            unknown_columns=sorted(unknown),
            control_totals=self._control_totals(connection, view),
            roundings=[
                {**asdict(rounding), "difference": f"{rounding.difference:f}", "file": file.received.name}
                for file in typed
                for rounding in file.roundings.get(partition, [])
            ],
            data_fingerprint=row_set_fingerprint(connection, view, leave_out=("_row_number", "_part", *self._not_data)),
            vendor_version=", ".join(sorted({file.version for file in typed if file.version})),
            float_columns=sorted(set().union(*(file.text.float_columns for file in typed))),
            schema_fingerprint=self.contract.fingerprint,
            contract_id=self.contract.id,
            contract_version=self.contract.version,
            checks=[],
            fetched_at=iso(self.clock()),
            watermark=delivery.watermark,
            person_key=self.person_key,
        )

    def _write_part(
        self, connection: duckdb.DuckDBPyConnection, file: _TypedFile, number: int, partition: str, package: Path
    ) -> PackageFile:
        target = package / f"part-{number:04d}.parquet"
        rows = f"from {file.relation} where {self._partition_sql} = '{partition}'"
        casting.parquet_copy(
            connection, f"select *, cast({number} as integer) as _part {rows} order by _row_number", target
        )
        meant = connection.execute(f"select count(*) {rows}").fetchone()
        written = connection.execute("select count(*) from read_parquet(?)", [str(target)]).fetchone()
        if meant != written:
            raise OSError(f"{target}: wrote {written} rows and meant {meant}")
        return PackageFile(target.name, target.stat().st_size, sha256_of(target))

    def _charge_days(self, connection: duckdb.DuckDBPyConnection, view: str) -> list[str]:
        day = self.contract.properties.get("chargeDay")
        if day is None:
            return []
        rows = connection.execute(f"select distinct cast({day} as varchar) as day from {view} order by day").fetchall()
        return [row[0] for row in rows if row[0] is not None]

    def _control_totals(self, connection: duckdb.DuckDBPyConnection, view: str) -> list[ControlTotal]:
        if "landedTotals" not in self.contract.properties:
            return []
        provider, currency, day = (self.contract.properties[key] for key in ("provider", "currency", "chargeDay"))
        totals = []
        for cost_column, expression in self.contract.properties["landedTotals"].items():
            rows = connection.execute(
                f"select {provider}, {currency}, strftime({day}, '%Y-%m'), "
                f"cast(coalesce(sum({expression}), 0) as varchar), count(*), "
                f"count(*) - count({expression}) from {view} group by all order by all"
            ).fetchall()
            totals += [ControlTotal(cost_column, *row) for row in rows]
        return totals


def judged(prepared: Sequence[PreparedDelivery]) -> list[PreparedDelivery]:
    """The same deliveries with the contract's results: one question to the judge for all that have the same rules."""
    by_rules: dict[tuple[Rule, ...], list[PreparedPackage]] = {}
    for package in (package for item in prepared for package in item.packages):
        by_rules.setdefault(package.rules, []).append(package)
    results = {
        package.folder: tuple(found)
        for rules, packages in by_rules.items()
        for package, found in zip(packages, judge(rules, [each.measures for each in packages]), strict=True)
    }

    def with_results(package: PreparedPackage) -> PreparedPackage:
        found = results[package.folder]
        checks = [result.as_dict() for result in found]
        return replace(package, results=found, manifest=replace(package.manifest, checks=checks))

    return [replace(item, packages=tuple(with_results(package) for package in item.packages)) for item in prepared]


def _received(file: ReceivedFile) -> dict[str, Any]:
    """What a manifest says of a received file; the hash of the bytes that came only where others are kept."""
    facts = {
        "name": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "modified_at": file.modified_at and iso(file.modified_at),
    }
    return facts | ({"received_sha256": file.received_sha256} if file.received_sha256 else {})


def raw_name(number: int, file: ReceivedFile) -> str:
    """The name under which a received file is kept; the end of a name too long for a file system."""
    return f"{number:04d}-{file.name.encode()[-200:].decode(errors='ignore')}"


def kept_raw(home: Home, sha256: str) -> Path | None:
    """Where received bytes lie that were stored before; they are compared with their hash when they are used."""
    store = home.landing / ".raw" / sha256
    return store if store.is_file() else None


def keep_raw(home: Home, file: Path, sha256: str, link: Path) -> None:
    """Stores received bytes once, by their hash; `link` becomes a hard link to them."""
    store = home.landing / ".raw" / sha256
    store.parent.mkdir(exist_ok=True)
    if not store.exists() or sha256_of(store) != sha256:
        temporary = store.with_name(f".{sha256}.{uuid.uuid4().hex}")
        shutil.copyfile(file, temporary)
        temporary.replace(store)
    link.unlink(missing_ok=True)
    os.link(store, link)


def _package_folder(folder: Path, partition: str) -> Path:
    return folder / f"package-{partition}"


def _view(partition: str) -> str:
    return f'"package {partition}"'


def _count(connection: duckdb.DuckDBPyConnection, view: str) -> int:
    row = connection.execute(f"select count(*) from {view}").fetchone()
    return int(row[0]) if row else 0

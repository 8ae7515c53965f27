"""Lands deliveries: bytes as received, typed Parquet by the contract, the manifest last, one rename.

Decides accepted, unchanged, held or rejected for a delivery as a whole. It interprets nothing and repairs nothing; a
failing source never stops another one.
"""

import getpass
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import casting
from orchestration.contracts import CheckResult, Contract, judge, landing_contract, measure, passed
from orchestration.errors import DeliveryError, MeterhouseError
from orchestration.fingerprints import row_set_fingerprint
from orchestration.logs import logger
from orchestration.packages import (
    MANIFEST,
    ControlTotal,
    Manifest,
    Package,
    PackageFile,
    newest_accepted,
    packages,
    read_package,
)
from orchestration.paths import Home, sha256_of, sync_folder, sync_tree, write_json, write_text
from orchestration.settings import Settings, SourceSettings
from orchestration.sources import SOURCES
from orchestration.sources.base import Delivery, Fetch, SourceTable

# A delivery with fewer rows than this share of the one before is held.
SMALLEST_SHARE = 0.7
# Raised when the same bytes would be typed otherwise than before, so that files are read again.
READER_VERSION = 1
SAMPLE_ROWS = 5

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, the only one that landing uses."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Outcome:
    """What became of one partition of a delivery, or of a whole source that failed.

    `status`: landed, unchanged, held, rejected, failed, waiting (a month that was not asked for), paused, nothing_new
    or unconfigured. `checks` are the contract's results; `message` is for a person.
    """

    vendor: str
    table: str
    source_name: str
    status: str
    partition: str | None = None
    delivery_id: str | None = None
    row_count: int = 0
    message: str = ""
    checks: tuple[CheckResult, ...] = ()
    file_names: tuple[str, ...] = ()

    @property
    def is_failure(self) -> bool:
        return self.status in ("rejected", "failed")


@dataclass(frozen=True)
class _Prepared:
    """A package in the staging area, typed and judged, not yet promoted."""

    folder: Path
    manifest: Manifest
    results: tuple[CheckResult, ...]


@dataclass(frozen=True)
class _PreparedDelivery:
    delivery: Delivery
    packages: tuple[_Prepared, ...]
    waiting: tuple[str, ...]


def land_table(
    settings: Settings, vendor: str, table: SourceTable, months: Sequence[str], clock: Clock = utc_now
) -> list[Outcome]:
    """Fetches everything new of one table for the given UTC months, source by source, and lands or rejects it.

    Never raises for a bad delivery or an unreachable source: that is an outcome. `months` are "YYYY-MM".
    """
    sources = settings.sources_of(vendor)
    if not sources:
        return [Outcome(vendor, table.name, "", "unconfigured", message="no source of this vendor is configured")]
    outcomes: list[Outcome] = []
    for source in sources:
        if source.paused:
            outcomes.append(Outcome(vendor, table.name, source.name, "paused"))
            continue
        outcomes += _SourceLanding(settings, source, table, months, clock).run()
    for outcome in outcomes:
        _log(outcome)
    return outcomes


def _log(outcome: Outcome) -> None:
    place = " ".join(part for part in (f"{outcome.vendor}/{outcome.source_name}", outcome.partition) if part)
    rows = f", {outcome.row_count:,} rows" if outcome.row_count else ""
    if outcome.is_failure:
        logger.error("%s", outcome.message)
    else:
        warnings = [result for result in outcome.checks if not result.passed]
        odd = f", odd: {'; '.join(f'{item.name} ({item.found})' for item in warnings)}" if warnings else ""
        logger.info("land  %s: %s%s%s%s", place, outcome.status, rows, odd, f" ({outcome.message})" * bool(outcome.message))


def accept(home: Home, delivery_id: str, clock: Clock = utc_now) -> Manifest:
    """Accepts a held package: from now on it is the newest of its key. Raises MeterhouseError when none is held."""
    held = [package for package in packages(home) if package.manifest.delivery_id == delivery_id]
    if not held or held[0].is_accepted:
        waiting = [package.manifest for package in packages(home) if not package.is_accepted]
        names = "".join(f"\n    {item.delivery_id}  {item.source_name} {item.partition}" for item in waiting)
        found = "is accepted already" if held else "is not in landing/"
        raise MeterhouseError(
            f"delivery {delivery_id} {found}\n  expected: the id of a held delivery:{names or ' none is held'}"
        )
    package = held[0]
    package.verify()
    siblings = [other for other in packages(home) if other.manifest.key == package.manifest.key]
    manifest = replace(
        package.manifest,
        accepted_at=_iso(clock()),
        accepted_by=getpass.getuser(),
        sequence=_next_sequence(siblings),
    )
    write_json(package.folder / MANIFEST, asdict(manifest))
    return manifest


class _SourceLanding:
    """One source's landing in one run: prepare every delivery, compare, then promote or reject each whole."""

    def __init__(
        self, settings: Settings, source: SourceSettings, table: SourceTable, months: Sequence[str], clock: Clock
    ) -> None:
        self.settings, self.source, self.table, self.clock = settings, source, table, clock
        self.home = Home(settings.home)
        self.months = frozenset(months)
        self.contract = landing_contract(source.vendor, table.name)
        self.label = f"{source.vendor}/{source.name}"
        self.root = self.home.landing / source.vendor / table.name / source.name
        self.receipts = self.root / ".receipts"
        self.staging = self.home.landing / ".staging" / uuid.uuid4().hex

    def run(self) -> list[Outcome]:
        fetched = self.staging / "fetched"
        fetched.mkdir(parents=True)
        self.receipts.mkdir(parents=True, exist_ok=True)
        try:
            return self._land(fetched) or [self._outcome("nothing_new")]
        except DeliveryError as error:
            return [self._outcome("failed", message=str(error))]
        finally:
            shutil.rmtree(self.staging, ignore_errors=True)

    def _land(self, fetched: Path) -> list[Outcome]:
        outcomes: list[Outcome] = []
        prepared: list[_PreparedDelivery] = []
        for number, delivery in enumerate(self.table.deliveries(Fetch(self.source, fetched, self._is_known))):
            try:
                prepared.append(self._prepare(delivery, self.staging / f"delivery-{number:05d}"))
            except DeliveryError as error:
                outcomes.append(self._reject(delivery, error))
        clashing = self._clashes(prepared)
        for item in prepared:
            failure = clashing.get(id(item)) or self._contract_failure(item)
            outcomes += [self._reject(item.delivery, failure, item)] if failure else self._promote(item)
        return outcomes

    def _outcome(self, status: str, **facts: Any) -> Outcome:
        return Outcome(self.source.vendor, self.table.name, self.source.name, status, **facts)

    # Preparing: bytes to typed parts, in the staging area.

    def _prepare(self, delivery: Delivery, folder: Path) -> _PreparedDelivery:
        folder.mkdir(parents=True)
        connection = casting.ingest_connection([self.staging], folder / "spill", self.settings.memory)
        try:
            return self._prepare_with(connection, delivery, folder)
        finally:
            connection.close()

    def _prepare_with(
        self, connection: duckdb.DuckDBPyConnection, delivery: Delivery, folder: Path
    ) -> _PreparedDelivery:
        partition_sql = str(self.contract.properties["partition"])
        typed, columns, roundings, versions = [], [], [], set()
        for number, file in enumerate(delivery.files):
            plain = casting.unpacked(file.path, self.label, folder)
            text = casting.text_table(connection, plain, file.name, self.label, self.contract, number)
            versions.add(self.table.version_of(self.label, file.name, self.contract, text.columns))
            relation = casting.cast_table(connection, text, self.contract, plain, file.name, self.label)
            self._refuse_rows_without_partition(connection, relation, plain, file.name)
            partition_of_typed = partition_sql.replace(
                str(self.contract.properties["partitionColumn"]),
                f'typed_rows."{self.contract.properties["partitionColumn"]}"',
            )
            roundings += casting.roundings(connection, text, relation, self.contract, partition_of_typed)
            columns.append(text.columns)
            typed.append(relation)
        group_id = hashlib.sha256("".join(file.sha256 for file in delivery.files).encode()).hexdigest()[:16]
        found = " union ".join(f"select distinct {partition_sql} from {relation}" for relation in typed)
        partitions = [row[0] for row in connection.execute(f"{found} order by 1").fetchall()]
        if not partitions:
            raise DeliveryError(
                source=self.label,
                file=delivery.files[0].name,
                expected="at least one row: a file tells by its rows which periods it replaces",
                found="a header and no rows",
                next_step="deliver a file with rows, or remove this one if nothing is to be said",
            )
        present = [name for name in columns[0] if self.contract.column(name)]
        unknown = sorted({name for names in columns for name in names if not self.contract.column(name)})
        wanted = [partition for partition in partitions if partition in self.months]
        drafts = []
        for partition in wanted:
            package = folder / f"package-{partition}"
            (package / "raw").mkdir(parents=True)
            manifest = self._write_parts(connection, delivery, typed, partition, partition_sql, package)
            drafts.append(
                replace(
                    manifest,
                    delivery_group_id=group_id,
                    present_columns=present,
                    unknown_columns=unknown,
                    vendor_version=", ".join(sorted(versions)),
                    roundings=[
                        {**asdict(item), "difference": str(item.difference)}
                        for item in roundings
                        if item.partition == partition
                    ],
                )
            )
        rules = self.contract.rules_for(present)
        measured = [measure(connection, f"part_{number}", rules) for number in self._views(connection, drafts, folder)]
        results = judge(rules, measured) if drafts else []
        ready = tuple(
            _Prepared(
                folder / f"package-{draft.partition}",
                replace(draft, checks=[result.as_dict() for result in judged]),
                tuple(judged),
            )
            for draft, judged in zip(drafts, results, strict=True)
        )
        waiting = tuple(partition for partition in partitions if partition not in self.months)
        return _PreparedDelivery(delivery, ready, waiting)

    def _refuse_rows_without_partition(
        self, connection: duckdb.DuckDBPyConnection, relation: str, path: Path, name: str
    ) -> None:
        column = str(self.contract.properties["partitionColumn"])
        row = connection.execute(
            f'select min(_row_number), count(*) from {relation} where "{column}" is null having count(*) > 0'  # noqa: S608
        ).fetchone()
        if row:
            raise DeliveryError(
                source=self.label,
                file=name,
                line=casting.line_of_row(path, row[0]),
                column=column,
                expected="a value on every row: it says which period the row belongs to",
                found=f"nothing on {row[1]} rows",
                next_step="mend the export and deliver the file again",
            )

    def _write_parts(
        self,
        connection: duckdb.DuckDBPyConnection,
        delivery: Delivery,
        typed: Sequence[str],
        partition: str,
        partition_sql: str,
        package: Path,
    ) -> Manifest:
        parts, raw, row_count = [], [], 0
        for number, (file, relation) in enumerate(zip(delivery.files, typed, strict=True)):
            target = package / f"part-{number:04d}.parquet"
            chosen = f"from {relation} where {partition_sql} = '{partition}'"
            casting.parquet_copy(
                connection, f"select *, cast({number} as integer) as _part {chosen} order by _row_number", target
            )
            expected = connection.execute(f"select count(*) {chosen}").fetchone()
            written = connection.execute("select count(*) from read_parquet(?)", [str(target)]).fetchone()
            assert expected == written and written is not None, f"{target}: wrote {written}, meant {expected} rows"
            row_count += written[0]
            parts.append(PackageFile(target.name, target.stat().st_size, sha256_of(target)))
            raw_name = f"raw/{number:04d}-{file.name}"
            self._keep_raw(file.path, file.sha256, package / raw_name)
            raw.append(PackageFile(raw_name, file.size, file.sha256))
        view = f"package_{partition.replace('-', '_')}"
        self._part_view(connection, view, package)
        return Manifest(
            vendor=self.source.vendor,
            table=self.table.name,
            source_name=self.source.name,
            scope=self.source.scope,
            partition=partition,
            delivery_id="",
            delivery_group_id="",
            covers=[partition],
            received=[
                {
                    "name": file.name,
                    "size": file.size,
                    "sha256": file.sha256,
                    "modified_at": file.modified_at and _iso(file.modified_at),
                }
                for file in delivery.files
            ],
            raw=raw,
            parts=parts,
            row_count=row_count,
            charge_days=self._charge_days(connection, view),
            present_columns=[],
            unknown_columns=[],
            control_totals=self._control_totals(connection, view),
            roundings=[],
            data_fingerprint=row_set_fingerprint(connection, view, leave_out=("_row_number", "_part")),
            vendor_version="",
            schema_fingerprint=self.contract.fingerprint,
            contract_id=self.contract.id,
            contract_version=self.contract.version,
            checks=[],
            fetched_at=_iso(self.clock()),
        )

    def _views(self, connection: duckdb.DuckDBPyConnection, drafts: Sequence[Manifest], folder: Path) -> Iterable[int]:
        for number, draft in enumerate(drafts):
            self._part_view(connection, f"part_{number}", folder / f"package-{draft.partition}")
            yield number

    @staticmethod
    def _part_view(connection: duckdb.DuckDBPyConnection, view: str, package: Path) -> None:
        files = str(package / "part-*.parquet").replace("'", "''")
        connection.execute(f"create view {view} as select * from read_parquet('{files}')")  # noqa: S608

    def _charge_days(self, connection: duckdb.DuckDBPyConnection, view: str) -> list[str]:
        day = self.contract.properties["chargeDay"]
        rows = connection.execute(f"select distinct cast({day} as varchar) as day from {view} order by day").fetchall()  # noqa: S608
        return [row[0] for row in rows if row[0] is not None]

    def _control_totals(self, connection: duckdb.DuckDBPyConnection, view: str) -> list[ControlTotal]:
        provider, currency = (self.contract.properties[key] for key in ("provider", "currency"))
        totals = []
        for cost_column, expression in self.contract.properties["landedTotals"].items():
            rows = connection.execute(
                f"select {provider}, {currency}, cast(coalesce(sum({expression}), 0) as varchar), count(*), "  # noqa: S608
                f"count(*) - count({expression}) from {view} group by all order by all"
            ).fetchall()
            totals += [ControlTotal(cost_column, *row) for row in rows]
        return totals

    def _keep_raw(self, path: Path, sha256: str, link: Path) -> None:
        """Stores received bytes once by their hash; a package holds a hard link."""
        store = self.home.landing / ".raw" / sha256
        store.parent.mkdir(exist_ok=True)
        if not store.exists() or sha256_of(store) != sha256:
            temporary = store.with_name(f".{sha256}.{uuid.uuid4().hex}")
            shutil.copyfile(path, temporary)
            temporary.replace(store)
        os.link(store, link)

    # Judging a delivery as a whole.

    def _clashes(self, prepared: Sequence[_PreparedDelivery]) -> dict[int, DeliveryError]:
        """Deliveries of this very fetch that say different things about one period, unless the newest may replace."""
        if self.source.same_period_files != "refuse":
            return {}
        by_partition: dict[str, list[tuple[_PreparedDelivery, _Prepared]]] = {}
        for item in prepared:
            for package in item.packages:
                by_partition.setdefault(package.manifest.partition, []).append((item, package))
        clashes: dict[int, DeliveryError] = {}
        for partition, claims in sorted(by_partition.items()):
            if len({package.manifest.data_fingerprint for _, package in claims}) < 2:
                continue
            names = sorted({file.name for item, _ in claims for file in item.delivery.files})
            for item, _ in claims:
                clashes[id(item)] = DeliveryError(
                    source=self.label,
                    partition=partition,
                    file=item.delivery.files[0].name,
                    expected="one new file for a period",
                    found=f"{len(names)} that differ: {', '.join(names)}",
                    next_step='say what they are in the configuration: same_period_files = "parts" (they add up) or '
                    '"newest_replaces" (the newest is the truth)',
                )
        return clashes

    def _contract_failure(self, item: _PreparedDelivery) -> DeliveryError | None:
        for package in item.packages:
            broken = [result for result in package.results if not result.passed and result.severity == "error"]
            if broken:
                first = broken[0]
                return DeliveryError(
                    source=self.label,
                    file=item.delivery.files[0].name,
                    partition=package.manifest.partition,
                    column=", ".join(first.columns) or None,
                    expected=f"{first.name}: {first.expected} rows break this rule of {self.contract.id} "
                    f"{self.contract.version}",
                    found=first.found + (f" (and {len(broken) - 1} more rules broken)" if broken[1:] else ""),
                    next_step="read the report in rejected/, mend the export and deliver it again",
                )
        return None

    # Promoting or rejecting.

    def _promote(self, item: _PreparedDelivery) -> list[Outcome]:
        outcomes, places = [], []
        names = tuple(file.name for file in item.delivery.files)
        for package in item.packages:
            key_folder = self.root / self.source.scope / package.manifest.partition
            existing = [read_package(path.parent) for path in sorted(key_folder.glob(f"*/{MANIFEST}"))]
            twin = self._unchanged(package.manifest, existing)
            if twin:
                status = "unchanged" if twin.is_accepted else "held"
                message = twin.manifest.held_because or "" if status == "held" else "the same data as landed before"
                manifest = twin.manifest
                places.append(str(twin.folder.relative_to(self.root)))
            else:
                manifest = self._accepted_or_held(package.manifest, existing)
                target = key_folder / manifest.delivery_id
                write_json(package.folder / MANIFEST, asdict(manifest))
                sync_tree(package.folder)
                key_folder.mkdir(parents=True, exist_ok=True)
                package.folder.rename(target)
                sync_folder(key_folder)
                places.append(str(target.relative_to(self.root)))
                status, message = ("landed", "") if manifest.accepted_at else ("held", manifest.held_because or "")
            outcomes.append(
                self._outcome(
                    status,
                    partition=manifest.partition,
                    delivery_id=manifest.delivery_id,
                    row_count=manifest.row_count,
                    message=message,
                    checks=package.results,
                    file_names=names,
                )
            )
        if item.waiting:
            message = f"months outside this run: {', '.join(item.waiting)}"
            outcomes.append(self._outcome("waiting", message=message, file_names=names))
        self._write_receipt(item, places, outcomes)
        return outcomes

    @staticmethod
    def _unchanged(manifest: Manifest, existing: list[Package]) -> Package | None:
        """The package that says the same already: the newest accepted one, or one that is held after it."""
        newest = newest_accepted(existing)
        candidates = [package for package in existing if not package.is_accepted] + ([newest] if newest else [])
        for package in candidates:
            same_data = package.manifest.data_fingerprint == manifest.data_fingerprint
            if same_data and package.manifest.schema_fingerprint == manifest.schema_fingerprint:
                return package
        return None

    def _accepted_or_held(self, manifest: Manifest, existing: list[Package]) -> Manifest:
        base = "|".join((*manifest.key, manifest.schema_fingerprint, manifest.data_fingerprint))
        before = sum(package.manifest.data_fingerprint == manifest.data_fingerprint for package in existing)
        delivery_id = hashlib.sha256(f"{base}|{before}".encode()).hexdigest()[:16]
        manifest = replace(manifest, delivery_id=delivery_id)
        newest = newest_accepted(existing)
        reason = _shrinks(newest.manifest, manifest) if newest else None
        if reason:
            return replace(manifest, held_because=reason)
        return replace(manifest, accepted_at=_iso(self.clock()), sequence=_next_sequence(existing))

    def _reject(self, delivery: Delivery, error: DeliveryError, item: _PreparedDelivery | None = None) -> Outcome:
        """Keeps the bytes and a report in `rejected/`; the same bytes rejected again keep one folder."""
        attempt = hashlib.sha256("".join(file.sha256 for file in delivery.files).encode()).hexdigest()[:16]
        partition = error.partition or "unknown"
        place = Path(self.source.vendor, self.table.name, self.source.name, self.source.scope, partition, attempt)
        folder = self.home.rejected / place
        (folder / "raw").mkdir(parents=True, exist_ok=True)
        for number, file in enumerate(delivery.files):
            link = folder / "raw" / f"{number:04d}-{file.name}"
            if not link.exists():
                self._keep_raw(file.path, file.sha256, link)
        report = {
            "vendor": self.source.vendor,
            "table": self.table.name,
            "source_name": self.source.name,
            "scope": self.source.scope,
            "partition": error.partition,
            "rejection_id": attempt,
            "rejected_at": _iso(self.clock()),
            "contract": f"{self.contract.id} {self.contract.version}",
            "received": [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in delivery.files],
            "error": asdict(error),
            "checks": [
                {"partition": package.manifest.partition, **result.as_dict(), "rows": self._sample(package, result)}
                for package in (item.packages if item else ())
                for result in package.results
                if not result.passed
            ],
        }
        write_json(folder / "report.json", report)
        write_text(folder / "report.md", _report_page(report, error))
        results = tuple(result for package in (item.packages if item else ()) for result in package.results)
        return self._outcome(
            "rejected",
            partition=error.partition,
            delivery_id=attempt,
            message=f"{error}\n  report:   {folder / 'report.md'}",
            checks=results,
            file_names=tuple(file.name for file in delivery.files),
        )

    def _sample(self, package: _Prepared, result: CheckResult) -> list[dict[str, Any]]:
        """The first rows that break a rule: row number in the received file, and the values of the rule's columns."""
        rule = next(rule for rule in self.contract.rules if rule.name == result.name)
        if not rule.failing:
            return []
        columns = ["_row_number", *rule.columns]
        with duckdb.connect() as connection:
            self._part_view(connection, "rows", package.folder)
            quoted = ", ".join(f'cast("{column}" as varchar)' for column in columns)
            rows = connection.execute(
                f"select {quoted} from rows where {rule.failing} order by _row_number limit {SAMPLE_ROWS}"  # noqa: S608
            ).fetchall()
        return [dict(zip(columns, row, strict=True)) for row in rows]

    # Receipts: what the source has given us, so that a file is read once.

    def _is_known(self, receipt: str) -> bool:
        path = self.receipts / f"{receipt}.json"
        if not path.is_file():
            return False
        content = json.loads(path.read_text(encoding="utf-8"))
        is_whole = all((self.root / place / MANIFEST).is_file() for place in content["packages"])
        is_current = content["contract"] == self._contract_state() and content["scope"] == self.source.scope
        return is_whole and is_current and not self.months.intersection(content["waiting"])

    def _write_receipt(self, item: _PreparedDelivery, places: Sequence[str], outcomes: Sequence[Outcome]) -> None:
        content = {
            "received_at": _iso(self.clock()),
            "files": [file.name for file in item.delivery.files],
            "scope": self.source.scope,
            "contract": self._contract_state(),
            "packages": list(places),
            "outcomes": {outcome.partition: outcome.status for outcome in outcomes if outcome.partition},
            "waiting": list(item.waiting),
        }
        write_json(self.receipts / f"{item.delivery.receipt}.json", content)

    def _contract_state(self) -> str:
        return f"{self.contract.id} {self.contract.version} {self.contract.fingerprint} reader {READER_VERSION}"


def _shrinks(before: Manifest, now: Manifest) -> str | None:
    """Why a delivery is held: far fewer rows, days that are gone, or a column that is gone."""
    reasons = []
    if now.row_count < before.row_count * SMALLEST_SHARE:
        reasons.append(f"{now.row_count:,} rows where {before.row_count:,} were accepted before")
    days = sorted(set(before.charge_days) - set(now.charge_days))
    if days:
        reasons.append(f"{len(days)} days are gone, the first is {days[0]}")
    columns = sorted(set(before.present_columns) - set(now.present_columns))
    if columns:
        reasons.append(f"columns are gone: {', '.join(columns)}")
    return "; ".join(reasons) or None


def _next_sequence(existing: Iterable[Package]) -> int:
    return max((package.manifest.sequence or 0 for package in existing), default=0) + 1


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _report_page(report: dict[str, Any], error: DeliveryError) -> str:
    lines = [f"# Rejected: {report['vendor']}/{report['source_name']}", "", "```", str(error), "```", ""]
    lines += [f"Rejected at {report['rejected_at']} by {report['contract']}.", "", "## Received", ""]
    lines += [f"- {file['name']}: {file['size']:,} bytes, SHA-256 {file['sha256']}" for file in report["received"]]
    lines += ["", "The bytes lie in `raw/` beside this page. Nothing of this delivery was landed.", ""]
    if report["checks"]:
        lines += ["## Rules that were broken", "", "| period | rule | severity | expected | found |", "|---|---|---|---|---|"]
        lines += [
            f"| {check['partition']} | {check['name']} | {check['severity']} | {check['expected']} | {check['found']} |"
            for check in report["checks"]
        ]
        for check in report["checks"]:
            if check["rows"]:
                lines += ["", f"First rows that break \"{check['name']}\":", "", "```"]
                lines += [json.dumps(row, ensure_ascii=False) for row in check["rows"]] + ["```"]
    return "\n".join(lines) + "\n"


def landing_tables() -> list[tuple[str, SourceTable]]:
    """Every (vendor, table) there is, in the order of the list of sources."""
    return [(vendor.name, table) for vendor in SOURCES.values() for table in vendor.tables]

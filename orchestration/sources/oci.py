"""Oracle Cloud Infrastructure's own cost reports: many small files, each with some hours, that add up.

A report is cut into UTC days when it is first seen, people hashed and secrets masked; each day that it touches is
delivered whole, with the pieces of all reports that have rows of it. What a report holds is noted in landing, so that
one that does not change is read once. Nothing is typed or checked here. Why days: docs/decisions/0017-oci-reports.md.
"""

import json
import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb

from orchestration import casting
from orchestration.errors import DeliveryError
from orchestration.paths import sha256_of, write_json
from orchestration.scrubbing import PERSONAL, PersonHasher
from orchestration.sources import files
from orchestration.sources.base import Delivery, Fetch, ReceivedFile, SourceTable, Vendor
from orchestration.sources.people_files import agreed_columns

MEMORY = "1GB"
TAG = "tags/"
# Who created a resource, as Oracle tags it: "default/jane@example.com", "default/jdoe", or the resource that did.
CREATOR_TAG = "Oracle-Tags.CreatedBy"
# What was created by a resource names no person; a user's OCID does.
NO_PERSON = re.compile(r"ocid1\.(?!user\.)[a-z0-9]+\.\S*", re.ASCII)
UTC_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z"
# The bucket holds usage reports and FOCUS reports beside the cost reports.
OTHER_REPORTS = ("usage-csv", "focus reports/")
RECOGNISE = agreed_columns("OCI cost report")


@dataclass(frozen=True)
class _Report:
    """What is known of one report: `state` as the store listed it, and the hash and size of its piece of each day."""

    state: str
    received_sha256: str
    modified_at: str | None
    personal_tags: list[str]
    pieces: dict[str, tuple[str, int]] = field(default_factory=dict)


def cost_reports(fetch: Fetch) -> Iterator[Delivery]:
    """Each wanted day whose reports are not known as they are, whole.

    Options: `personal_tags` ("Operations.Owner, contact": tags whose values name people, beside Oracle's CreatedBy). A
    report that cannot be read keeps no other from landing: its DeliveryError is raised after the last day. One that is
    gone from the store takes nothing back: the vendor keeps them for a year.
    """
    filesystem, entries = files.listing(fetch, _is_cost_report)
    if fetch.notes is None:
        return
    listed = _newest_of_each_name(entries)
    reports = _read_notes(fetch.notes)
    cutter = _Cutter(fetch, filesystem, listed, reports)
    failures = cutter.cut_what_is_new()
    _forget_renamed(reports, listed)
    fetch.notes.parent.mkdir(parents=True, exist_ok=True)
    write_json(fetch.notes, {name: asdict(report) for name, report in sorted(reports.items())})
    days: dict[str, list[str]] = {}
    for name, report in sorted(reports.items()):
        for day in report.pieces:
            days.setdefault(day, []).append(name)
    for day, names in sorted(days.items()):
        origin = f"cost_reports {day}"
        state = "\n".join(f"{name} {reports[name].pieces[day][0]}" for name in names)
        if day in fetch.wanted and not fetch.is_known(origin, state):
            try:
                _refuse_twins(fetch, day, {name: reports[name].pieces[day][0] for name in names})
                pieces = tuple(cutter.piece(name, day) for name in names)
            except DeliveryError as error:
                failures.append(error)
            else:
                yield Delivery(pieces, origin, state, covers=(day,))
    if failures:
        raise failures[0]


class _Cutter:
    """Cuts reports of one source into days, and hands out the pieces: those just cut, and those landed before."""

    def __init__(
        self, fetch: Fetch, filesystem: Any, listed: dict[str, files.Entry], reports: dict[str, _Report]
    ) -> None:
        self.fetch, self.filesystem, self.listed, self.reports = fetch, filesystem, listed, reports
        said = fetch.source.options.get("personal_tags", "")
        self.personal_tags = sorted({CREATOR_TAG, *(name.strip() for name in said.split(",") if name.strip())})
        self.fresh: dict[str, Path] = {}

    @cached_property
    def hasher(self) -> PersonHasher:
        """Asked for once: it is compared with the key of everything that was landed."""
        return self.fetch.hasher()

    def cut_what_is_new(self) -> list[DeliveryError]:
        """Cuts every report that is not known as it is listed. Returns why some could not be."""
        failures = []
        for name, entry in self.listed.items():
            known = self.reports.get(name)
            is_same = known and (known.state, known.personal_tags) == (entry.state, self.personal_tags)
            # A state with a question mark could not be told without reading.
            if not is_same or "?" in entry.state:
                try:
                    self.reports[name] = self._cut(entry)
                except DeliveryError as error:
                    failures.append(error)
        return failures

    def piece(self, name: str, day: str) -> ReceivedFile:
        """A report's rows of one day. Raises DeliveryError when they are kept nowhere and cannot be cut again."""
        report = self.reports[name]
        sha256, size = report.pieces[day]
        # What was scrubbed with one key is not mixed with what another scrubs.
        _ = self.hasher
        kept = self.fetch.kept_bytes(sha256)
        if sha256 not in self.fresh and not (kept and sha256_of(kept) == sha256) and name in self.listed:
            self._cut(self.listed[name])
        path = self.fresh.get(sha256, kept)
        if path is None:
            raise DeliveryError(
                source=self.fetch.label,
                file=name,
                partition=day,
                expected="the rows that this report had when it was read",
                found="neither in landing/ nor at the source",
                next_step="restore landing/ from a backup, or put the report back",
            )
        modified_at = datetime.fromisoformat(report.modified_at) if report.modified_at else None
        file_name = f"{name}.{day}.csv.gz"
        return ReceivedFile(file_name, path, size, sha256, modified_at, received_sha256=report.received_sha256)

    def _cut(self, entry: files.Entry) -> _Report:
        """One report as pieces in scratch, one a day, scrubbed; the received bytes are deleted."""
        received = files.copied(self.fetch, self.filesystem, entry, 0)
        folder = received.path.parent
        (folder / "kept").mkdir()
        connection = casting.ingest_connection([folder], folder / "spill", MEMORY)
        try:
            pieces = self._pieces(connection, received, folder)
        finally:
            connection.close()
            shutil.rmtree(folder / "spill", ignore_errors=True)
            for original in (item for item in folder.iterdir() if item.is_file()):
                original.unlink()
        modified_at = received.modified_at.isoformat() if received.modified_at else None
        return _Report(entry.state, received.sha256, modified_at, self.personal_tags, pieces)

    def _pieces(
        self, connection: duckdb.DuckDBPyConnection, received: ReceivedFile, folder: Path
    ) -> dict[str, tuple[str, int]]:
        hasher = self.hasher
        connection.create_function("mask_text", hasher.mask, ["VARCHAR"], "VARCHAR")
        connection.create_function("hash_creator", lambda value: _creator(hasher, value), ["VARCHAR"], "VARCHAR")
        plain = casting.unpacked(received.path, self.fetch.label, folder)
        text = casting.text_table(connection, plain, received.name, self.fetch.label, self.fetch.contract, 0)
        names = self._kept_names(text.columns)
        RECOGNISE(self.fetch.label, received.name, self.fetch.contract, tuple(names.values()))
        start = next(column for column, name in names.items() if name == "usage_start")
        day_of_row = f'case when regexp_full_match("{start}", \'{UTC_TIME}\') then substr("{start}", 1, 10) end'
        rows = f"(select *, {day_of_row} as _row_day from {text.relation})"
        self._refuse_row_without_day(connection, rows, start, plain, received.name)
        values = ", ".join(f'{self._kept_value(column)} as "{name}"' for column, name in names.items())
        days = connection.execute(f"select distinct _row_day from {rows} order by all").fetchall()
        pieces = {}
        for (day,) in days:
            target = folder / "kept" / f"{day}.csv.gz"
            of_day = f"select {values} from {rows} where _row_day = '{day}' order by _row_number"
            path = str(target).replace("'", "''")
            connection.execute(f"copy ({of_day}) to '{path}' (format csv, header true, compression gzip)")
            pieces[day] = (sha256_of(target), target.stat().st_size)
            if day in self.fetch.wanted:
                self.fresh[pieces[day][0]] = target
            else:
                target.unlink()
        return pieces

    def _kept_names(self, columns: Sequence[str]) -> dict[str, str]:
        """The name that each column is kept under: the contract's, else its own. Reports differ in case."""
        agreed = {column.path.casefold(): column.name for column in self.fetch.contract.columns}
        return {column: agreed.get(column.casefold(), self.hasher.mask(column)) for column in columns}

    def _kept_value(self, column: str) -> str:
        """SQL of what is kept of a value. Text that names nobody is not handed to Python."""
        tag = column[len(TAG) :].casefold() if column.startswith(TAG) else None
        if tag in {name.casefold() for name in self.personal_tags}:
            return f'hash_creator("{column}")'
        return (
            f"case when regexp_matches(\"{column}\", '{PERSONAL.pattern}') "
            f'then mask_text("{column}") else "{column}" end'
        )

    def _refuse_row_without_day(
        self, connection: duckdb.DuckDBPyConnection, rows: str, start: str, path: Path, name: str
    ) -> None:
        row = connection.execute(
            f'select _row_number, "{start}" from {rows} where _row_day is null order by _row_number limit 1'
        ).fetchone()
        if row:
            raise DeliveryError(
                source=self.fetch.label,
                file=name,
                line=casting.line_of_row(path, row[0]),
                column=start,
                expected="a time in UTC on every row, like 2026-10-14T10:00Z: it says which day the row belongs to",
                found=repr(row[1]) if row[1] is not None else "nothing",
                next_step="download the report anew and run again",
            )


def _creator(hasher: PersonHasher, value: str) -> str:
    """The hash of a person, without the identity domain before the name, so that it is the same hash elsewhere."""
    if NO_PERSON.fullmatch(value):
        return hasher.mask(value)
    return hasher.hash(value.rsplit("/", 1)[-1] or value)


def _is_cost_report(below: str) -> bool:
    parts = PurePosixPath(below).parts
    lower = below.lower()
    is_private = any(part.startswith((".", "_")) for part in parts)
    return not is_private and lower.endswith((".csv", ".csv.gz")) and not any(name in lower for name in OTHER_REPORTS)


def _newest_of_each_name(entries: Sequence[files.Entry]) -> dict[str, files.Entry]:
    """Each report once: it is delivered again under its own name, and the newest is the truth."""
    by_age = sorted(entries, key=lambda entry: (entry.modified_at is not None, entry.modified_at, entry.path))
    found = {_report_name(entry.name): entry for entry in by_age}
    return dict(sorted(found.items()))


def _report_name(file_name: str) -> str:
    """The vendor's number of a report, whatever a download made of its name."""
    name = re.sub(r"(\.csv)?(\.gz)?$", "", file_name, flags=re.IGNORECASE)
    return name.removeprefix("reports_cost-csv_")


def _read_notes(path: Path) -> dict[str, _Report]:
    if not path.is_file():
        return {}
    noted = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: _Report(**report | {"pieces": {day: (piece[0], piece[1]) for day, piece in report["pieces"].items()}})
        for name, report in noted.items()
    }


def _forget_renamed(reports: dict[str, _Report], listed: Collection[str]) -> None:
    """Forgets a report that is gone from the store where one that is there says the same: it has another name now."""
    there = [reports[name].pieces for name in listed if name in reports]
    for name in [name for name, report in reports.items() if name not in listed and report.pieces in there]:
        del reports[name]


def _refuse_twins(fetch: Fetch, day: str, pieces: dict[str, str]) -> None:
    """One report under two names would count twice."""
    by_hash: dict[str, str] = {}
    for name, sha256 in pieces.items():
        first = by_hash.setdefault(sha256, name)
        if first != name:
            raise DeliveryError(
                source=fetch.label,
                file=name,
                partition=day,
                expected="each report under one name",
                found=f"the rows of {first} again",
                next_step="remove one of the two files and run again",
            )


OCI = Vendor("oci", (SourceTable("cost_reports", cost_reports, RECOGNISE),), options=("personal_tags",))

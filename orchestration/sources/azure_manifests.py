"""Azure Cost Management exports: what lies in the container, by manifest.

Every blob whose name ends in `manifest.json` is one run of an export; folder names are no contract. With
`CreateNewReport` old runs stay for ever, with `OverwritePreviousReport` the newest stands in their place: either way
the run that was submitted last is the truth of its month. The month to date is rewritten daily, and the month before
on the first days of the next. Shape: Cost Management exports, `manifestVersion` 2024-04-01.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from orchestration.contracts import Contract
from orchestration.errors import DeliveryError
from orchestration.sources import files
from orchestration.sources.manifests import AnnouncedFile, Announcement, Place

MANIFEST = "manifest.json"
FOCUS_COST = "FocusCost"
ACTUAL_COST = "ActualCost"
# What FOCUS exports say of the person who owns an enrollment account.
PERSONAL = ("x_AccountName", "x_AccountOwnerId")
WHEN_ANOTHER_SHAPE = "export again with Cost Management's own export; if its manifests changed, report it"


@dataclass(frozen=True)
class _Run:
    """One run of an export, as its manifest says. `export` is its name and the scope that it lies in."""

    manifest: files.Entry
    export: tuple[str, str]
    export_type: str
    version: str
    period: str
    submitted_at: datetime
    run_id: str
    blobs: tuple[AnnouncedFile, ...]


def announcements(place: Place) -> Iterator[Announcement | DeliveryError]:
    """The current run of each month of a FOCUS export."""
    return _announced(place, FOCUS_COST)


def actual_costs(place: Place) -> Iterator[Announcement | DeliveryError]:
    """The current run of each month of an export of actual cost."""
    return _announced(place, ACTUAL_COST)


def _announced(place: Place, export_type: str) -> Iterator[Announcement | DeliveryError]:
    runs: list[_Run] = []
    for entry in place.entries:
        if entry.name.endswith(MANIFEST):
            try:
                runs.append(_run(place, entry, export_type))
            except DeliveryError as error:
                yield error
    exports = sorted({run.export for run in runs})
    if len(exports) > 1:
        yield _two_exports(place, runs, exports)
        return
    for period in sorted({run.period for run in runs}):
        # Two runs of one instant are told apart by their place, so that the answer is the same in every run.
        run = max(
            (each for each in runs if each.period == period), key=lambda each: (each.submitted_at, each.manifest.path)
        )
        try:
            data = tuple(_placed(place, run, blob) for blob in run.blobs)
        except DeliveryError as error:
            yield error
            continue
        yield Announcement(
            period=period,
            run=f"{run.submitted_at.isoformat()} {run.run_id}",
            data=data,
            manifest=run.manifest,
            is_rewrite=True,
            columns=_columns(place.fetch.contract, run.version),
        )


def _run(place: Place, entry: files.Entry, export_type: str) -> _Run:
    """A manifest, understood. Raises DeliveryError where it has another shape, or is of another type of export."""
    read = _Reader(place, entry, place.read_json(entry))
    name = read.text("exportConfig.exportName")
    found_type = read.text("exportConfig.type")
    if found_type != export_type:
        raise place.refusal(
            entry,
            f"an export of type {export_type}, which {place.fetch.source.vendor} {place.fetch.contract.table} reads",
            f"type {found_type} (export {name})",
            "name the folder of the right export as `location`; other exports are sources of their own",
        )
    period = read.period()
    blobs = read.blobs()
    read.refuse_other_totals(period, blobs)
    return _Run(
        manifest=entry,
        export=(name, read.text("exportConfig.resourceId", "").casefold()),
        export_type=found_type,
        version=read.text("exportConfig.dataVersion"),
        period=period,
        submitted_at=read.moment("runInfo.submittedTime"),
        run_id=read.text("runInfo.runId"),
        blobs=blobs,
    )


@dataclass(frozen=True)
class _Reader:
    """Values of a manifest by dotted path. Each raises DeliveryError when the value is not there or not of its kind."""

    place: Place
    entry: files.Entry
    content: dict[str, Any]

    def text(self, path: str, default: str | None = None) -> str:
        value = self._value(path)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            raise self._refusal(path, "a text", value)
        return value.strip()

    def count(self, path: str, within: dict[str, Any] | None = None) -> int:
        value = self._value(path, within)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._refusal(path, "a whole number", value)
        return value

    def moment(self, path: str) -> datetime:
        """A time; one without a zone is UTC."""
        text = self.text(path)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise self._refusal(path, "a time (ISO 8601)", text) from None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

    def period(self) -> str:
        """The month that the run speaks for. A run of a part of a month, or of several, would replace what it lacks."""
        first, last = self.moment("runInfo.startDate").date(), self.moment("runInfo.endDate").date()
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        if first.day != 1 or not first <= last <= following:
            raise self.place.refusal(
                self.entry,
                "a run over one calendar month, from its first day",
                f"{first} to {last}",
                "export whole calendar months (month to date, last month, or a range of one month)",
            )
        return f"{first:%Y-%m}"

    def blobs(self) -> tuple[AnnouncedFile, ...]:
        listed = self._value("blobs")
        if not isinstance(listed, list) or not all(isinstance(blob, dict) for blob in listed):
            raise self._refusal("blobs", "a list of objects", listed)
        return tuple(
            AnnouncedFile(
                path=self._blob_name(blob),
                size=self.count("blobs[].byteCount", blob),
                row_count=self.count("blobs[].dataRowCount", blob),
            )
            for blob in listed
        )

    def refuse_other_totals(self, period: str, blobs: Iterable[AnnouncedFile]) -> None:
        """The manifest's totals are the sums over its blobs, or something is missing."""
        sums = {"blobCount": 0, "byteCount": 0, "dataRowCount": 0}
        for blob in blobs:
            sums["blobCount"] += 1
            sums["byteCount"] += blob.size or 0
            sums["dataRowCount"] += blob.row_count or 0
        for name, total in sums.items():
            if self.count(name) != total:
                expected = f"{name} {self.count(name):,}, as the manifest says in total"
                raise self.place.refusal(self.entry, expected, f"{total:,} over its blobs", period=period)

    def _blob_name(self, blob: dict[str, Any]) -> str:
        name = blob.get("blobName")
        if not isinstance(name, str) or not name.strip("/ "):
            raise self._refusal("blobs[].blobName", "a text", name)
        return name.strip("/")

    def _value(self, path: str, within: dict[str, Any] | None = None) -> Any:
        value: Any = within if within is not None else self.content
        for part in path.removeprefix("blobs[].").split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def _refusal(self, path: str, expected: str, found: Any) -> DeliveryError:
        said = "nothing" if found is None else repr(found)[:100]
        return self.place.refusal(
            self.entry, f"{expected} as {path} of a Cost Management manifest", said, WHEN_ANOTHER_SHAPE
        )


def _placed(place: Place, run: _Run, blob: AnnouncedFile) -> AnnouncedFile:
    """The blob as the place lists it. A manifest names it from the container's root; the place may begin anywhere.

    So the name is tried below each folder that the manifest lies in: whole, and from the folder that both have in
    common. Raises DeliveryError when two listed files could be meant.
    """
    listed = {entry.path for entry in place.entries}
    folders = PurePosixPath(run.manifest.path).parent.parts
    parts = PurePosixPath(blob.path).parts
    found = {
        str(PurePosixPath(*folders[:depth], *parts[shared:]))
        for depth in range(len(folders) + 1)
        for shared in range(len(parts))
        if shared == 0 or (depth and folders[depth - 1] == parts[shared - 1])
    } & listed
    if len(found) > 1:
        raise place.refusal(
            run.manifest,
            f"one file that is meant by the blob {blob.path}",
            ", ".join(sorted(found)),
            "name the folder of one export as `location`",
            period=run.period,
        )
    return AnnouncedFile(found.pop() if found else blob.path, blob.size, blob.row_count)


def _columns(contract: Contract, version: str) -> tuple[str, ...]:
    """The columns that an empty month would have: those of its FOCUS version, or all that the contract has."""
    release = version[:3]
    return tuple(
        column.name
        for column in contract.columns
        if str(column.properties.get("focusSince", "0")) <= release < str(column.properties.get("focusRemoved", "9"))
    )


def _two_exports(place: Place, runs: Iterable[_Run], exports: Iterable[tuple[str, str]]) -> DeliveryError:
    first = next(iter(runs))
    names = ", ".join(f"{name} ({scope})" if scope else name for name, scope in exports)
    return place.refusal(
        first.manifest,
        f"the runs of one export below {place.fetch.source.location}: two would replace each other",
        names,
        "give each export a source of its own, with the export's folder as `location`",
    )

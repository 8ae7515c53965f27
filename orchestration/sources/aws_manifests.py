"""AWS Data Exports and legacy cost and usage reports: what lies in the bucket, by manifest.

A data export writes `metadata/BILLING_PERIOD=YYYY-MM/<name>-Manifest.json`, a report
`<yyyymmdd>-<yyyymmdd>/<name>-Manifest.json`, after its data files and anew with each refresh, whether refreshes
overwrite each other or not. Copies of it in the folder of one execution are passed over, and so is every data file that
it does not list.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestration.errors import DeliveryError
from orchestration.sources.files import SUFFIXES, Entry
from orchestration.sources.manifests import AnnouncedFile, Announcement, Place

_EXPORT = re.compile(
    r"(?P<root>.*)/metadata/(?P<folder>BILLING_PERIOD=(?P<period>\d{4}-\d{2}))/(?P<execution>[^/]+/)?"
    r"(?P<name>[^/]+)-Manifest\.json",
    re.IGNORECASE,
)
_REPORT = re.compile(
    r"(?P<root>.*)/(?P<folder>(?P<year>\d{4})(?P<month>\d{2})01-\d{8})/(?P<execution>[^/]+/)?(?P<name>[^/]+)-Manifest\.json"
)
# Where the columns of a report's Parquet files lie: year=2026/month=10/<report>-00001.snappy.parquet.
_REPORT_PARQUET = re.compile(r"year=(?P<year>\d{4})/month=(?P<month>\d{1,2})/")


@dataclass(frozen=True)
class _Manifest:
    """One manifest, by its path alone: `root` is the folder of the export, `folder` the name that says the period."""

    entry: Entry
    root: str
    folder: str
    period: str
    name: str
    is_report: bool
    is_copy: bool


def announcements(place: Place) -> Iterator[Announcement | DeliveryError]:
    """The newest announcement of each period. Two exports below one location are refused: neither is the other's."""
    found = [manifest for entry in place.entries if (manifest := _manifest(entry))]
    exports = sorted({(manifest.root, manifest.name) for manifest in found})
    if len(exports) > 1:
        names = ", ".join(f"{name} in {root.rsplit('/', 1)[-1]}/" for root, name in exports)
        yield _refusal(
            place,
            expected=f"one export below {place.fetch.source.location}",
            found=f"{len(exports)}: {names}",
            next_step="give each export a [[sources]] table of its own, with the export's folder as its location",
        )
        return
    data = [entry for entry in place.entries if entry.name.lower().endswith(SUFFIXES)]
    if data and not found:
        yield _refusal(
            place,
            expected=f"a manifest below {place.fetch.source.location}: of a data export "
            "metadata/BILLING_PERIOD=YYYY-MM/<name>-Manifest.json, of a cost and usage report "
            "<yyyymmdd>-<yyyymmdd>/<name>-Manifest.json",
            found=f"{len(data)} data files, the first is {data[0].name}, and no manifest",
            next_step="name the folder of the whole export as `location`, or run again when its first refresh is done",
        )
    for period in sorted({manifest.period for manifest in found}):
        of_period = [manifest for manifest in found if manifest.period == period]
        newest = next((manifest for manifest in of_period if not manifest.is_copy), None)
        try:
            yield _announcement(place, newest) if newest else _only_copies(place, of_period[0])
        except DeliveryError as error:
            yield error


def _manifest(entry: Entry) -> _Manifest | None:
    path = f"/{entry.path}" if not entry.path.startswith("/") else entry.path
    export, report = _EXPORT.fullmatch(path), _REPORT.fullmatch(path)
    match = export or report
    if match is None:
        return None
    period = match["period"] if export else f"{match['year']}-{match['month']}"
    root = match["root"] if entry.path.startswith("/") else match["root"].removeprefix("/")
    is_copy = match["execution"] is not None
    return _Manifest(entry, root, match["folder"], period, match["name"], export is None, is_copy)


def _announcement(place: Place, manifest: _Manifest) -> Announcement:
    content = place.read_json(manifest.entry)
    keys = ("reportKeys", "assemblyId") if manifest.is_report else ("dataFiles", "executionId")
    files, run = _of_known_shape(place, manifest, content, *keys)
    _refuse_other_period(place, manifest, content)
    columns = _columns(content)
    if not files and not columns:
        expected = 'the columns of an export without data files, as [{"name": ...}]'
        raise place.refusal(manifest.entry, expected, "no columns", period=manifest.period)
    listed = {entry.path for entry in place.entries}
    data = tuple(AnnouncedFile(_path(manifest, listed, file)) for file in files)
    return Announcement(manifest.period, run, data, manifest.entry, is_rewrite=True, columns=columns)


def _of_known_shape(
    place: Place, manifest: _Manifest, content: dict[str, Any], files_key: str, run_key: str
) -> tuple[list[str], str]:
    files, run = content.get(files_key), content.get(run_key)
    is_list = isinstance(files, list) and all(isinstance(file, str) and file for file in files)
    if not is_list or not isinstance(run, str) or not run:
        kind = "a cost and usage report" if manifest.is_report else "a data export"
        raise place.refusal(
            manifest.entry,
            f"the manifest of {kind}: {files_key}, a list of paths, and {run_key}, a text",
            f"the keys {', '.join(sorted(content)) or 'none'}",
            "compare the manifest with the vendor's documentation; nothing of this period was landed",
            manifest.period,
        )
    twins = sorted({file for file in files or [] if (files or []).count(file) > 1})
    if twins:
        raise place.refusal(manifest.entry, "each data file once", f"{twins[0]} twice", period=manifest.period)
    return files or [], run


def _refuse_other_period(place: Place, manifest: _Manifest, content: dict[str, Any]) -> None:
    """The period within the manifest, where it says one, is the one of its folder."""
    said = content.get("billingPeriod")
    start = str(said.get("start", "")) if isinstance(said, dict) else ""
    if start and re.sub(r"\D", "", start)[:6] != manifest.period.replace("-", ""):
        expected = f"a manifest of {manifest.period}, as its folder {manifest.folder} says"
        raise place.refusal(manifest.entry, expected, f"billingPeriod.start {start}", period=manifest.period)


def _columns(content: dict[str, Any]) -> tuple[str, ...]:
    """Names as the data files' header has them: a report's are category/name."""
    columns = content.get("columns")
    named = [item for item in columns if isinstance(item, dict)] if isinstance(columns, list) else []
    parts = [(item.get("category"), item.get("name")) for item in named]
    return tuple(f"{category}/{name}" if category else str(name) for category, name in parts if name)


def _path(manifest: _Manifest, listed: set[str], said: str) -> str:
    """Where a data file lies in the listing. A manifest says s3://bucket/key or a key, and the listing may be that of a
    copy of the bucket, or of a folder: the longest end of the path that lies below the export's folder is the file's.
    Only ends that name the period count, since files of all periods have the same names."""
    parts = said.removeprefix("s3://").strip("/").split("/")
    for number in range(len(parts)):
        end = "/".join(parts[number:])
        path = f"{manifest.root}/{end}"
        if path in listed and _names_period(manifest, end):
            return path
    marks = [number for number, part in enumerate(parts) if part in ("data", manifest.folder)]
    return f"{manifest.root}/{'/'.join(parts[min(marks, default=0) :])}"


def _names_period(manifest: _Manifest, path: str) -> bool:
    month = _REPORT_PARQUET.search(path)
    if manifest.is_report and month:
        return f"{month['year']}-{int(month['month']):02d}" == manifest.period
    return manifest.folder in path.split("/")


def _only_copies(place: Place, manifest: _Manifest) -> DeliveryError:
    return place.refusal(
        manifest.entry,
        f"{manifest.name}-Manifest.json in the folder {manifest.folder} itself, which describes the newest execution",
        "only the copy of one execution",
        "run again when the export is at rest, or copy the manifests of the period's folder too",
        manifest.period,
    )


def _refusal(place: Place, expected: str, found: str, next_step: str) -> DeliveryError:
    return DeliveryError(source=place.fetch.label, expected=expected, found=found, next_step=next_step)

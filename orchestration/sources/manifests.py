"""Deliveries that a vendor's manifest announces: the manifest is the commit point, and nothing but its list is read.

What a manifest looks like is each cloud's own module (`aws_manifests.py`, `azure_manifests.py`, `gcp_folders.py`): it
turns a listing into announcements. Here they become deliveries: new ones are copied, sizes compared, and whoever
rewrote the export while it was read is found out.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from orchestration.errors import DeliveryError
from orchestration.sources import files
from orchestration.sources.base import Delivery, Fetch, ReceivedFile

WHEN_AT_REST = "run again when the export is at rest"


@dataclass(frozen=True)
class AnnouncedFile:
    """A data file of an announcement: its path in the store, and what the manifest says of it, where it says so."""

    path: str
    size: int | None = None
    row_count: int | None = None


@dataclass(frozen=True)
class Announcement:
    """One period ("YYYY-MM") as the newest manifest of it says.

    `run` is the vendor's id of the execution; `manifest` is None where the vendor writes none and a folder speaks for
    itself. `is_rewrite`: it replaces the period whole, also with fewer rows. An announcement without data is an
    empty period: `columns` are then those that it would have.
    """

    period: str
    run: str
    data: tuple[AnnouncedFile, ...]
    manifest: files.Entry | None = None
    is_rewrite: bool = False
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """What lies at a source's location, listed once. `read_json` keeps amounts as decimals."""

    fetch: Fetch
    filesystem: Any
    entries: tuple[files.Entry, ...]

    def read_json(self, entry: files.Entry) -> Any:
        """A manifest's content. Raises DeliveryError when it is no JSON object."""
        try:
            with files.reading():
                content = json.loads(self.filesystem.cat_file(entry.path), parse_float=Decimal)
        except (OSError, ValueError) as error:
            raise self.refusal(entry, "a manifest as JSON", f"{type(error).__name__}: {error}") from None
        if not isinstance(content, dict):
            raise self.refusal(entry, "a manifest as a JSON object", type(content).__name__)
        return content

    def refusal(
        self, entry: files.Entry, expected: str, found: str, next_step: str = WHEN_AT_REST, period: str | None = None
    ) -> DeliveryError:
        """A DeliveryError that names the source and a file."""
        return DeliveryError(
            source=self.fetch.label,
            file=entry.name,
            partition=period,
            expected=expected,
            found=found,
            next_step=next_step,
        )


Announce = Callable[[Place], Iterable[Announcement | DeliveryError]]


def deliveries(announce: Announce) -> Callable[[Fetch], Iterator[Delivery]]:
    """A source's generator of deliveries: every announced period that is new, oldest first.

    `announce` says what lies at the place; a manifest that cannot be used is a DeliveryError among its answers. It
    keeps no other period from landing: the first one is raised after the last delivery.
    """

    def of(fetch: Fetch) -> Iterator[Delivery]:
        filesystem, entries = files.listing(fetch, _is_visible)
        place = Place(fetch, filesystem, tuple(sorted(entries, key=lambda entry: entry.path)))
        announced = list(announce(place))
        failure = next((item for item in announced if isinstance(item, DeliveryError)), None)
        for item in sorted(
            (each for each in announced if isinstance(each, Announcement)), key=lambda each: each.period
        ):
            try:
                delivery = _delivery(place, item, announce)
            except DeliveryError as error:
                failure = failure or error
                continue
            if delivery:
                yield delivery
        if failure:
            raise failure

    return of


def _is_visible(below: str) -> bool:
    return not any(part.startswith(".") for part in PurePosixPath(below).parts)


def _delivery(place: Place, item: Announcement, announce: Announce) -> Delivery | None:
    """The files of one announcement, copied; None when they are known. Raises DeliveryError when they do not fit it."""
    fetch = place.fetch
    listed = {entry.path: entry for entry in place.entries}
    entries = [_listed(place, item, file, listed) for file in item.data]
    state = "\n".join((item.run, *sorted(entry.state for entry in _all_of(item, entries))))
    origin = f"{fetch.source.location}#{item.period}"
    if fetch.is_known(origin, state):
        return None
    manifest = item.manifest and files.copied(fetch, place.filesystem, item.manifest, len(entries))
    received = tuple(
        replace(files.copied(fetch, place.filesystem, entry, number), row_count=item.data[number].row_count)
        for number, entry in enumerate(entries)
    )
    _refuse_rewritten(place, item, entries)
    if item.manifest is None:
        _refuse_other_folder(place, item, announce)
    is_empty = manifest is not None and not received
    return Delivery(
        files=(_without_rows(manifest, item.columns),) if manifest and is_empty else received,
        origin=origin,
        state=state,
        covers=(item.period,),
        watermark=item.run,
        evidence=(manifest,) if manifest and not is_empty else (),
        is_rewrite=item.is_rewrite,
    )


def _all_of(item: Announcement, entries: Sequence[files.Entry]) -> list[files.Entry]:
    return [*entries, *([item.manifest] if item.manifest else [])]


def _listed(place: Place, item: Announcement, file: AnnouncedFile, listed: dict[str, files.Entry]) -> files.Entry:
    entry = listed.get(file.path)
    said = item.manifest or (entry if entry else files.Entry(file.path, 0, None, ""))
    if entry is None:
        raise place.refusal(said, f"{file.path}, which the manifest names", "no such file", period=item.period)
    if file.size is not None and entry.size != file.size:
        expected = f"{file.size:,} bytes of {entry.name}, as the manifest says"
        raise place.refusal(said, expected, f"{entry.size:,} bytes", period=item.period)
    return entry


def _without_rows(manifest: ReceivedFile, columns: tuple[str, ...]) -> ReceivedFile:
    """The manifest of an empty period, as a table without rows."""
    rows = manifest.path.parent / "no_rows.jsonl"
    rows.touch()
    return replace(manifest, rows=rows, columns=columns)


def _refuse_rewritten(place: Place, item: Announcement, entries: Sequence[files.Entry]) -> None:
    """Looks at the store again: what was rewritten while we read is another delivery, and this one is none."""
    place.filesystem.invalidate_cache()
    for entry in _all_of(item, entries):
        try:
            with files.reading():
                now = files.entry(entry.path, place.filesystem.info(entry.path)).state
        except OSError as error:
            now = f"{type(error).__name__}: {error}"
        if now != entry.state:
            expected = "the same file before and after it was read"
            raise place.refusal(entry, expected, f"it was written anew: {now}", period=item.period)


def _refuse_other_folder(place: Place, item: Announcement, announce: Announce) -> None:
    """Lists the store again: where no manifest names the files, one that came or went makes another delivery."""
    filesystem, entries = files.listing(place.fetch, _is_visible)
    now = Place(place.fetch, filesystem, tuple(sorted(entries, key=lambda entry: entry.path)))
    said = [each for each in announce(now) if isinstance(each, Announcement) and each.period == item.period]
    if [each.run for each in said] != [item.run]:
        listed = {file.path for each in said for file in each.data}
        other = sorted(listed ^ {file.path for file in item.data})
        found = f"came or went: {', '.join(other) or 'all of them'}"
        raise DeliveryError(
            source=place.fetch.label,
            partition=item.period,
            expected="the same files in a folder before and after it was read",
            found=found,
            next_step=WHEN_AT_REST,
        )

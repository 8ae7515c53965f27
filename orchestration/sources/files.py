"""Fetches files from a folder, a glob or one path, local or in a bucket (fsspec). Copies bytes; opens none of them."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from orchestration.errors import DeliveryError
from orchestration.sources.base import Delivery, Fetch, ReceivedFile

SUFFIXES = (".csv", ".csv.gz", ".parquet")
BLOCK_BYTES = 4 * 1024**2


@dataclass(frozen=True)
class _Entry:
    path: str
    size: int
    modified_at: datetime | None
    state: str


def deliveries(fetch: Fetch) -> Iterator[Delivery]:
    """New files, oldest first: each a delivery, or all files of one folder together with `same_period_files = "parts"`.

    Raises DeliveryError when the location cannot be read. A folder without files yields nothing: that is not a failure.
    """
    filesystem, entries = _list(fetch)
    are_parts = fetch.source.same_period_files == "parts"
    groups: dict[str, list[_Entry]] = {}
    for entry in sorted(entries, key=lambda item: (item.modified_at or datetime.min.replace(tzinfo=UTC), item.path)):
        groups.setdefault(str(PurePosixPath(entry.path).parent) if are_parts else entry.path, []).append(entry)
    for group in groups.values():
        receipt = hashlib.sha256("\n".join(sorted(entry.state for entry in group)).encode()).hexdigest()[:24]
        if not fetch.is_known(receipt):
            files = tuple(_copy(fetch, filesystem, entry, number) for number, entry in enumerate(group))
            yield Delivery(files, receipt)


def _list(fetch: Fetch) -> tuple[Any, list[_Entry]]:
    location = fetch.source.location
    try:
        filesystem, path = fsspec.core.url_to_fs(location)
        if any(mark in location for mark in "*?["):
            found = filesystem.glob(path, detail=True)
        elif filesystem.isdir(path):
            found = filesystem.find(path, detail=True)
        else:
            found = {path: filesystem.info(path)}
    except (OSError, ValueError, ImportError) as error:
        raise DeliveryError(
            source=fetch.label,
            expected=f"a readable file, folder or glob at {location}",
            found=f"{type(error).__name__}: {error}",
            next_step="mend `location` in the configuration, or the access rights, and run again",
        ) from None
    named_file = location.endswith(SUFFIXES)
    entries = [
        _entry(filesystem, path, info)
        for path, info in found.items()
        if info.get("type") == "file" and (_is_export(path) or named_file or path == location)
    ]
    return filesystem, entries


def _is_export(path: str) -> bool:
    name = PurePosixPath(path).name
    return name.lower().endswith(SUFFIXES) and not name.startswith((".", "_"))


def _entry(filesystem: Any, path: str, info: dict[str, Any]) -> _Entry:
    modified_at = None
    for key in ("mtime", "LastModified", "last_modified", "updated"):
        value = info.get(key)
        if isinstance(value, int | float):
            modified_at = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, datetime):
            modified_at = value.astimezone(UTC)
        elif isinstance(value, str):
            modified_at = datetime.fromisoformat(value).astimezone(UTC)
    etag = info.get("ETag") or info.get("etag") or ""
    state = f"{path}|{info['size']}|{etag or modified_at}"
    return _Entry(path, int(info["size"]), modified_at, state)


def _copy(fetch: Fetch, filesystem: Any, entry: _Entry, number: int) -> ReceivedFile:
    name = PurePosixPath(entry.path).name
    folder = fetch.scratch / f"{len(os.listdir(fetch.scratch)):05d}-{number:04d}"
    folder.mkdir()
    target = folder / Path(name).name
    digest = hashlib.sha256()
    size = 0
    try:
        with filesystem.open(entry.path, "rb") as source, target.open("wb") as copy:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                size += copy.write(block)
    except OSError as error:
        raise _unreadable(fetch, name, f"{type(error).__name__}: {error}") from None
    if size != entry.size:
        raise _unreadable(fetch, name, f"{size:,} bytes where the listing said {entry.size:,}: it changed while read")
    return ReceivedFile(name, target, size, digest.hexdigest(), entry.modified_at)


def _unreadable(fetch: Fetch, name: str, found: str) -> DeliveryError:
    next_step = "run again when the file is at rest"
    return DeliveryError(
        source=fetch.label, file=name, expected="a file that can be read whole", found=found, next_step=next_step
    )

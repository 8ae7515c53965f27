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
    for origin, group in groups.items():
        state = "\n".join(sorted(entry.state for entry in group))
        if not fetch.is_known(origin, state):
            files = tuple(_copy(fetch, filesystem, entry, number) for number, entry in enumerate(group))
            yield Delivery(files, origin, state)


def _list(fetch: Fetch) -> tuple[Any, list[_Entry]]:
    location = fetch.source.location
    try:
        filesystem, path = fsspec.core.url_to_fs(location)
        is_glob = any(mark in location for mark in "*?[")
        if is_glob:
            found = filesystem.glob(path, detail=True)
        elif filesystem.isdir(path):
            found = filesystem.find(path, detail=True)
        else:
            found = {path: filesystem.info(path)}
    except (OSError, ValueError, ImportError) as error:
        is_driver_missing = isinstance(error, ImportError)
        raise DeliveryError(
            source=fetch.label,
            expected=f"a readable file, folder or glob at {location}",
            found=f"{type(error).__name__}: {error}",
            next_step="install the driver of this file system into .venv, with pip, and run again"
            if is_driver_missing
            else "mend `location` in the configuration, or the access rights, and run again",
        ) from None
    base = path.rstrip("/")
    entries = [
        _entry(found_path, info)
        for found_path, info in found.items()
        if info.get("type") == "file" and (found_path == base or _is_export(found_path, base, is_glob))
    ]
    return filesystem, entries


def _is_export(path: str, base: str, is_glob: bool) -> bool:
    """An export's suffix, and no part of its path is hidden or private (.x, _temporary, _SUCCESS)."""
    below = path.removeprefix(base) if not is_glob else PurePosixPath(path).name
    is_private = any(part.startswith((".", "_")) for part in PurePosixPath(below).parts)
    return not is_private and path.lower().endswith(SUFFIXES)


def _entry(path: str, info: dict[str, Any]) -> _Entry:
    values = (info.get(key) for key in ("mtime", "LastModified", "last_modified", "updated", "created"))
    modified_at = next((moment for moment in map(_moment, values) if moment), None)
    mark = info.get("ETag") or info.get("etag") or modified_at or "?"
    return _Entry(path, int(info["size"]), modified_at, f"{path}|{info['size']}|{mark}")


def _moment(value: object) -> datetime | None:
    """A time as file systems give it: seconds, a datetime, or ISO text; None for anything else."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.astimezone(UTC) if isinstance(value, datetime) else None


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

"""Fetches files from a folder, a glob or one path, local or in a bucket (fsspec). Copies bytes; opens none of them.

What lies beside a vendor's manifest is read by `manifests.py`, from the same listing.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from orchestration.errors import DeliveryError
from orchestration.sources.base import Delivery, Fetch, ReceivedFile

SUFFIXES = (".csv", ".csv.gz", ".parquet")
BLOCK_BYTES = 4 * 1024**2
# Whose exceptions are none of Python's own: a bucket's driver, and the libraries below it.
DRIVERS = ("adlfs", "aiobotocore", "aiohttp", "azure", "botocore", "gcsfs", "google", "ocifs", "s3fs")


@dataclass(frozen=True)
class Entry:
    """One object as the store lists it; `state` (path, size, ETag or time) changes when its content does."""

    path: str
    size: int
    modified_at: datetime | None
    state: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


@contextmanager
def reading() -> Iterator[None]:
    """Makes an OSError of what a bucket's driver raises in this block: no credentials, no access, no answer."""
    try:
        yield
    except Exception as error:  # drivers share no class of their own; every other exception goes on
        if type(error).__module__.partition(".")[0] not in DRIVERS or isinstance(error, OSError):
            raise
        raise OSError(f"{type(error).__name__}: {error}") from error


def deliveries(fetch: Fetch) -> Iterator[Delivery]:
    """New files, oldest first: each a delivery, or all files of one folder together with `same_period_files = "parts"`.

    Raises DeliveryError when the location cannot be read. A folder without files yields nothing: that is not a failure.
    """
    filesystem, entries = listing(fetch, _is_export)
    are_parts = fetch.source.same_period_files == "parts"
    groups: dict[str, list[Entry]] = {}
    for found in sorted(entries, key=lambda item: (item.modified_at or datetime.min.replace(tzinfo=UTC), item.path)):
        groups.setdefault(str(PurePosixPath(found.path).parent) if are_parts else found.path, []).append(found)
    for origin, group in groups.items():
        state = "\n".join(sorted(found.state for found in group))
        if not fetch.is_known(origin, state):
            files = tuple(copied(fetch, filesystem, found, number) for number, found in enumerate(group))
            yield Delivery(files, origin, state)


def listing(fetch: Fetch, is_wanted: Callable[[str], bool]) -> tuple[Any, list[Entry]]:
    """The file system of the source's location, and the wanted files below it (`is_wanted` sees the path below).

    A location that is one file is wanted. Raises DeliveryError when it cannot be read.
    """
    location = fetch.source.location
    is_glob = any(mark in location for mark in "*?[")
    try:
        with reading():
            filesystem, path = fsspec.core.url_to_fs(location)
            # A process that runs for weeks must see what was written since.
            filesystem.invalidate_cache()
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
    entries = []
    for found_path, info in found.items():
        below = PurePosixPath(found_path).name if is_glob else found_path.removeprefix(base)
        if info.get("type") == "file" and (found_path == base or is_wanted(below)):
            entries.append(entry(found_path, info))
    return filesystem, entries


def _is_export(below: str) -> bool:
    """An export's suffix, and no part of its path is hidden or private (.x, _temporary, _SUCCESS)."""
    is_private = any(part.startswith((".", "_")) for part in PurePosixPath(below).parts)
    return not is_private and below.lower().endswith(SUFFIXES)


def entry(path: str, info: dict[str, Any]) -> Entry:
    """What a store says of one file, in one form for all stores."""
    values = (info.get(key) for key in ("mtime", "LastModified", "last_modified", "updated", "created"))
    modified_at = next((moment for moment in map(_moment, values) if moment), None)
    mark = info.get("ETag") or info.get("etag") or info.get("md5Hash") or modified_at or "?"
    return Entry(path, int(info["size"]), modified_at, f"{path}|{info['size']}|{mark}")


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


def copied(fetch: Fetch, filesystem: Any, listed: Entry, number: int) -> ReceivedFile:
    """Our copy of one listed file, in a folder of its own. Raises DeliveryError when it changed since it was listed."""
    name = listed.name
    folder = fetch.scratch / f"{len(os.listdir(fetch.scratch)):05d}-{number:04d}"
    folder.mkdir()
    target = folder / Path(name).name
    digest = hashlib.sha256()
    size = 0
    try:
        with reading(), filesystem.open(listed.path, "rb") as source, target.open("wb") as copy:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                size += copy.write(block)
    except OSError as error:
        raise _unreadable(fetch, name, f"{type(error).__name__}: {error}") from None
    if size != listed.size:
        raise _unreadable(fetch, name, f"{size:,} bytes where the listing said {listed.size:,}: it changed while read")
    return ReceivedFile(name, target, size, digest.hexdigest(), listed.modified_at)


def _unreadable(fetch: Fetch, name: str, found: str) -> DeliveryError:
    next_step = "run again when the file is at rest"
    return DeliveryError(
        source=fetch.label, file=name, expected="a file that can be read whole", found=found, next_step=next_step
    )

"""What a source is: a generator of deliveries, and the few facts about each table that its contract cannot say.

No interpretation, no warehouse and no retry loop of its own.
"""

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.schedules import Days

if TYPE_CHECKING:
    from orchestration.contracts import Contract
    from orchestration.scrubbing import PersonHasher
    from orchestration.settings import SourceSettings


@dataclass(frozen=True)
class ReceivedFile:
    """One file as the source gave it. `path` is our copy of its bytes; `modified_at` is the source's own clock.

    `rows` is the table that was unpacked from it (JSON Lines of text) and `columns` the columns that it has; without
    them the file itself is the table. `sha256` is of the bytes that are kept; `received_sha256` of those that came,
    where they were scrubbed: of a file's own, of pages and objects the `hash_of_hashes`. `row_count` is what the
    vendor's manifest says of the file; another count refuses the delivery.
    """

    name: str
    path: Path
    size: int
    sha256: str
    modified_at: datetime | None
    rows: Path | None = None
    columns: tuple[str, ...] | None = None
    received_sha256: str | None = None
    row_count: int | None = None


def hash_of_hashes(hashes: Iterable[str]) -> str:
    """SHA-256 over SHA-256s in hexadecimal, in order, without anything between them."""
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


@dataclass(frozen=True)
class Delivery:
    """Files that speak together. `origin` is where they lie; `state` tells one content of that place from another.

    A state with a question mark could not be told without reading: such an origin is read in every run. `covers` are
    the partitions that the delivery speaks for, also those it has no row for; empty: those that its rows name.
    `watermark` is the vendor's own word on how fresh the data is; `dropped` names what was not on the allow-list.
    `evidence` are files without rows (a manifest) that are kept in `raw/`. `is_rewrite`: the vendor itself says that it
    wrote these partitions anew as a whole, so that fewer rows than before are no reason to hold them.
    """

    files: tuple[ReceivedFile, ...]
    origin: str
    state: str
    covers: tuple[str, ...] = ()
    watermark: str | None = None
    dropped: tuple[str, ...] = ()
    evidence: tuple[ReceivedFile, ...] = ()
    is_rewrite: bool = False


@dataclass(frozen=True)
class Fetch:
    """One question to a source: everything new, copied to `scratch`. `is_known(origin, state)` need not be read.

    `due_days` are the UTC days to ask an API for, oldest first (of a snapshot: today); `today` is the day of the run;
    `wanted` holds the partitions that this run may land. `key` and `hasher` read
    the environment when they are called, and raise DeliveryError with the name of the variable that is missing.
    `notes` is a file in landing where the source may note what it saw (None: it must not read); `kept_bytes(sha256)` is
    where bytes lie that were landed before.
    """

    source: "SourceSettings"
    scratch: Path
    is_known: Callable[[str, str], bool]
    contract: "Contract"
    today: date
    due_days: tuple[date, ...]
    wanted: Container[str]
    key: Callable[[], str]
    hasher: Callable[[], "PersonHasher"]
    notes: Path | None = None
    kept_bytes: Callable[[str], Path | None] = lambda _: None

    @property
    def label(self) -> str:
        return f"{self.source.vendor}/{self.source.name}"


@dataclass(frozen=True)
class SourceTable:
    """One table of a vendor: how to fetch it, and which version of the vendor's format its columns are.

    `version_of` takes (source label, file name, contract, columns) and raises DeliveryError when a column is missing.
    `schedule` says which days an API is asked for; without one the source itself knows what is new. A snapshot is what
    a vendor says today of things that it does not date (names, keys, members): one a day, kept. `is_of` says whether
    a source has this table at all, where its options decide that.
    """

    name: str
    deliveries: Callable[[Fetch], Iterator[Delivery]]
    version_of: Callable[[str, str, "Contract", Sequence[str]], str]
    schedule: Days | None = None
    is_snapshot: bool = False
    is_of: "Callable[[SourceSettings], bool]" = lambda _: True


@dataclass(frozen=True)
class Vendor:
    """One vendor: its name is the first part of every asset key and folder.

    `key_variable` is the environment variable that holds the secret, unless the configuration names another. `options`
    are the names that a source's `options` may have, besides `backoff_seconds`.
    """

    name: str
    tables: tuple[SourceTable, ...]
    key_variable: str | None = None
    options: tuple[str, ...] = ()

"""What a source is: a generator of deliveries, and the few facts about each table that its contract cannot say.

No interpretation, no warehouse and no retry loop of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestration.contracts import Contract
    from orchestration.settings import SourceSettings


@dataclass(frozen=True)
class ReceivedFile:
    """One file as the source gave it. `path` is our copy of its bytes; `modified_at` is the source's own clock."""

    name: str
    path: Path
    size: int
    sha256: str
    modified_at: datetime | None


@dataclass(frozen=True)
class Delivery:
    """Files that speak together. `origin` is where they lie; `state` tells one content of that place from another.

    A state with a question mark could not be told without reading: such an origin is read in every run.
    """

    files: tuple[ReceivedFile, ...]
    origin: str
    state: str


@dataclass(frozen=True)
class Fetch:
    """One question to a source: everything new, copied to `scratch`. `is_known(origin, state)` need not be read."""

    source: "SourceSettings"
    scratch: Path
    is_known: Callable[[str, str], bool]

    @property
    def label(self) -> str:
        return f"{self.source.vendor}/{self.source.name}"


@dataclass(frozen=True)
class SourceTable:
    """One table of a vendor: how to fetch it, and which version of the vendor's format its columns are.

    `version_of` takes (source label, file name, contract, columns) and raises DeliveryError when a column is missing.
    """

    name: str
    deliveries: Callable[[Fetch], Iterator[Delivery]]
    version_of: Callable[[str, str, "Contract", Sequence[str]], str]


@dataclass(frozen=True)
class Vendor:
    """One vendor: its name is the first part of every asset key and folder."""

    name: str
    tables: tuple[SourceTable, ...]

"""What each origin (a path, a folder) has given us, so that a file is read once and a file put back is noticed.

One JSON file an origin, below the source's landing folder; its last entry is the state that we know.
"""

import hashlib
import json
from collections.abc import Container, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestration.packages import MANIFEST
from orchestration.paths import write_json


@dataclass(frozen=True)
class Receipt:
    """One time that an origin gave us something new. `packages` are folders relative to the source's, by partition."""

    state: str
    scope: str
    received_at: str
    sha256s: list[str]
    packages: dict[str, str]
    files: list[str]
    outcomes: dict[str, str]
    waiting: list[str]


@dataclass(frozen=True)
class Receipts:
    """The receipts of one source, below `root` (`landing/<vendor>/<table>/<source_name>`)."""

    root: Path

    def last(self, origin: str) -> Receipt | None:
        """The newest receipt of an origin."""
        path = self._path(origin)
        if not path.is_file():
            return None
        return Receipt(**json.loads(path.read_text(encoding="utf-8"))["received"][-1])

    def is_known(self, origin: str, state: str, scope: str, wanted: Container[str]) -> bool:
        """Whether this very state was landed for this scope, is still there whole, and nothing wanted of it waits."""
        last = self.last(origin)
        if last is None or (last.state, last.scope) != (state, scope):
            return False
        is_whole = all((self.root / place / MANIFEST).is_file() for place in last.packages.values())
        return is_whole and not any(partition in wanted for partition in last.waiting)

    def same_bytes(self, origin: str, sha256s: list[str], scope: str) -> Receipt | None:
        """The last receipt of an origin, if it gave these very bytes: another time stamp alone says nothing new."""
        last = self.last(origin)
        return last if last and (last.sha256s, last.scope) == (sha256s, scope) else None

    def missing(self, receipt: Receipt) -> frozenset[str]:
        """What is still to be landed of a receipt: partitions that waited, and those whose package is gone."""
        gone = [name for name, place in receipt.packages.items() if not (self.root / place / MANIFEST).is_file()]
        return frozenset([*receipt.waiting, *gone])

    def add(self, origin: str, receipt: Receipt) -> None:
        """Keeps a receipt. More months of the same bytes complete the receipt before; they are no new delivery."""
        path = self._path(origin)
        path.parent.mkdir(parents=True, exist_ok=True)
        received: list[dict[str, Any]] = []
        if path.is_file():
            received = json.loads(path.read_text(encoding="utf-8"))["received"]
        last = received[-1] if received else None
        is_same = last is not None and (last["sha256s"], last["scope"]) == (receipt.sha256s, receipt.scope)
        if last and is_same and (last["state"] == receipt.state or "?" in receipt.state):
            received = received[:-1]
        write_json(path, {"origin": origin, "received": [*received, asdict(receipt)]})

    def _path(self, origin: str) -> Path:
        return self.root / ".receipts" / f"{hashlib.sha256(origin.encode()).hexdigest()[:24]}.json"


@dataclass(frozen=True)
class Answers:
    """When each day of an API was last answered, also when the answer said nothing new. One file a scope."""

    root: Path
    scope: str

    def read(self) -> dict[str, str]:
        """The day of the last answer ("YYYY-MM-DD"), by the day that was asked for."""
        return dict(json.loads(self._path.read_text(encoding="utf-8"))) if self._path.is_file() else {}

    def add(self, days: Iterable[str], today: str) -> None:
        """Notes that `days` were answered today."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._path, self.read() | dict.fromkeys(days, today))

    @property
    def _path(self) -> Path:
        return self.root / ".answers" / f"{self.scope}.json"


def package_receipts(landing: Path) -> dict[Path, list[str]]:
    """When the data of each package folder was received, in order."""
    found: dict[Path, list[str]] = {}
    for path in sorted(landing.glob("[!.]*/*/*/.receipts/*.json")):
        for receipt in json.loads(path.read_text(encoding="utf-8"))["received"]:
            for place in receipt["packages"].values():
                found.setdefault(path.parent.parent / place, []).append(receipt["received_at"])
    return {folder: sorted(moments) for folder, moments in found.items()}


def waiting_receipts(landing: Path) -> list[tuple[Path, Receipt]]:
    """The last receipt of each origin that still has months to land, with its source's landing folder."""
    found = []
    for path in sorted(landing.glob("[!.]*/*/*/.receipts/*.json")):
        last = Receipt(**json.loads(path.read_text(encoding="utf-8"))["received"][-1])
        if last.waiting:
            found.append((path.parent.parent, last))
    return found

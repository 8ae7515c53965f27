"""What each origin (a path, a folder) has given us, so that a file is read once and a file put back is noticed.

One JSON file an origin, below the source's landing folder; its last entry is the state that we know.
"""

import hashlib
import json
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

    def is_known(self, origin: str, state: str, scope: str, months: frozenset[str]) -> bool:
        """Whether this very state was landed for this scope, is still there whole, and no month of it waits."""
        last = self.last(origin)
        if last is None or (last.state, last.scope) != (state, scope):
            return False
        is_whole = all((self.root / place / MANIFEST).is_file() for place in last.packages.values())
        return is_whole and not months.intersection(last.waiting)

    def package_of(self, origin: str, state: str, scope: str, partition: str) -> Path | None:
        """Where this very state's rows of a partition were landed, if that package still exists.

        A file is read again when one of its packages is gone; its other periods must not land again as the newest.
        """
        last = self.last(origin)
        if last is None or (last.state, last.scope) != (state, scope) or partition not in last.packages:
            return None
        folder = self.root / last.packages[partition]
        return folder if (folder / MANIFEST).is_file() else None

    def add(self, origin: str, receipt: Receipt) -> None:
        """Keeps a receipt. The same bytes with nothing new only renew the state of the one before."""
        path = self._path(origin)
        path.parent.mkdir(parents=True, exist_ok=True)
        received: list[dict[str, Any]] = []
        if path.is_file():
            received = json.loads(path.read_text(encoding="utf-8"))["received"]
        last = received[-1] if received else None
        if last and (last["sha256s"], last["scope"]) == (receipt.sha256s, receipt.scope) and "?" in receipt.state:
            received = received[:-1]
        write_json(path, {"origin": origin, "received": [*received, asdict(receipt)]})

    def _path(self, origin: str) -> Path:
        return self.root / ".receipts" / f"{hashlib.sha256(origin.encode()).hexdigest()[:24]}.json"


def package_receipts(landing: Path) -> dict[Path, list[str]]:
    """When the data of each package folder was received, in order."""
    found: dict[Path, list[str]] = {}
    for path in sorted(landing.glob("[!.]*/*/*/.receipts/*.json")):
        for receipt in json.loads(path.read_text(encoding="utf-8"))["received"]:
            for place in receipt["packages"].values():
                found.setdefault(path.parent.parent / place, []).append(receipt["received_at"])
    return {folder: sorted(moments) for folder, moments in found.items()}

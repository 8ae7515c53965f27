"""A landed package as it lies on disk: its manifest, its place, and whether its bytes are still what was landed.

Reads and verifies; `landing.py` is the only writer.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.errors import IntegrityError
from orchestration.paths import Home, sha256_of

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class PackageFile:
    """A file of a package: `name` is relative to the package."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class ControlTotal:
    """What a cost column came to when it was landed, per provider, currency and charge month (YYYY-MM).

    `total` is a decimal as text.
    """

    cost_column: str
    provider: str | None
    currency: str | None
    charge_month: str | None
    total: str
    row_count: int
    null_count: int


@dataclass(frozen=True)
class Manifest:
    """What one package holds. Times are ISO 8601 UTC.

    `sequence` rises with each acceptance of the same key; `after_sequence` is the newest that there was on arrival.
    `person_key` is the fingerprint of the key that people were hashed with.
    """

    vendor: str
    table: str
    source_name: str
    scope: str
    partition: str
    delivery_id: str
    delivery_group_id: str
    covers: list[str]
    received: list[dict[str, Any]]
    raw: list[PackageFile]
    parts: list[PackageFile]
    row_count: int
    charge_days: list[str]
    present_columns: list[str]
    unknown_columns: list[str]
    control_totals: list[ControlTotal]
    roundings: list[dict[str, Any]]
    data_fingerprint: str
    vendor_version: str
    float_columns: list[str]
    schema_fingerprint: str
    contract_id: str
    contract_version: str
    checks: list[dict[str, Any]]
    fetched_at: str
    accepted_at: str | None = None
    accepted_by: str | None = None
    sequence: int | None = None
    after_sequence: int = 0
    held_because: str | None = None
    watermark: str | None = None
    person_key: str | None = None
    format: int = field(default=FORMAT)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """The replacement key: what a newer delivery with the same key replaces."""
        return (self.vendor, self.table, self.source_name, self.scope, self.partition)


@dataclass(frozen=True)
class Package:
    """A manifest and the folder it was read from."""

    folder: Path
    manifest: Manifest

    @property
    def is_accepted(self) -> bool:
        return self.manifest.accepted_at is not None

    def verify(self, with_raw: bool = False) -> None:
        """Compares size and SHA-256 of every part (and of the raw bytes) with the manifest. Raises IntegrityError."""
        files = [*self.manifest.parts, *(self.manifest.raw if with_raw else [])]
        for file in files:
            path = self.folder / file.name
            found = "no such file"
            if path.is_file():
                found = f"{path.stat().st_size} bytes"
                if path.stat().st_size == file.size:
                    digest = sha256_of(path)
                    if digest == file.sha256:
                        continue
                    found = f"SHA-256 {digest}"
            manifest = self.manifest
            raise IntegrityError(
                f"{manifest.vendor}/{manifest.source_name}, {manifest.partition}, {path}\n"
                f"  expected: {file.size} bytes, SHA-256 {file.sha256}, as landed\n"
                f"  found:    {found}\n"
                f"  next:     restore this file from a backup, or move the folder {self.folder} away and run again: "
                "its source is then read anew"
            )


def read_package(folder: Path) -> Package:
    """The package in a folder. Raises IntegrityError when its manifest cannot be read."""
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["raw"] = [PackageFile(**file) for file in content["raw"]]
        content["parts"] = [PackageFile(**file) for file in content["parts"]]
        content["control_totals"] = [ControlTotal(**total) for total in content["control_totals"]]
        return Package(folder, Manifest(**content))
    except (ValueError, TypeError, KeyError) as error:
        raise IntegrityError(
            f"{path}\n  expected: a manifest of format {FORMAT}\n  found:    {error}\n"
            "  next:     restore the manifest from a backup, or move its folder away and run again"
        ) from None


def packages(home: Home, vendor: str = "[!.]*", table: str = "*") -> Iterator[Package]:
    """Every package that exists (of one table), in a fixed order. A folder without a manifest does not exist."""
    for path in sorted(home.landing.glob(f"{vendor}/{table}/*/*/*/*/{MANIFEST}")):
        yield read_package(path.parent)


def newest_accepted(found: list[Package]) -> Package | None:
    """Of packages with one key, the one that is the truth."""
    accepted = [package for package in found if package.is_accepted]
    return max(accepted, key=lambda package: package.manifest.sequence or 0, default=None)

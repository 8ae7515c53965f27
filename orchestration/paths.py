"""Where things lie: the project itself, and the data below one home.

The only writer of file names. State lives in `landing/` and `books/` (and in `seeds/`); the rest can be deleted.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT / "dbt_project"
SEEDS = PROJECT / "seeds"
# Wheels that hold public price lists: `make` downloads them, hash-pinned by requirements-catalogues.lock.
CATALOGUES = PROJECT / "catalogues"


@dataclass(frozen=True)
class Home:
    """The data folders below `METERHOUSE_HOME`, one local POSIX file system."""

    root: Path

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def rejected(self) -> Path:
        return self.root / "rejected"

    @property
    def books(self) -> Path:
        return self.root / "books"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def work(self) -> Path:
        return self.root / "builds" / "work"

    @property
    def inputs(self) -> Path:
        return self.work / "inputs"

    @property
    def compacted(self) -> Path:
        return self.root / "builds" / "compacted"

    @property
    def build_file(self) -> Path:
        return self.work / "meterhouse.duckdb"

    @property
    def dbt_target(self) -> Path:
        return self.work / "target"

    @property
    def scratch(self) -> Path:
        return self.work / "scratch"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def lock(self) -> Path:
        return self.root / "run.lock"

    def make(self) -> None:
        """Creates the folders that every verb expects."""
        for folder in (self.landing, self.rejected, self.books, self.published, self.scratch, self.dagster):
            folder.mkdir(parents=True, exist_ok=True)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Writes JSON so that a reader sees the old file or the new one, never half of one."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_text(path, text)


def write_text(path: Path, text: str) -> None:
    """Writes text to a temporary name, makes it durable, and renames it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Makes a file's bytes durable."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Makes a folder's entries durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(path: Path) -> None:
    """Makes every file and folder below `path` durable."""
    for folder, _, files in os.walk(path):
        for file in files:
            sync_file(Path(folder) / file)
        sync_folder(Path(folder))

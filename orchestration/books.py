"""What we promised: the run ledger, and what each publication was made from.

`books/run_ledger.jsonl` is one chain: each line carries the SHA-256 of the line before it. Closes will add their
postings here; nothing in this folder is ever rewritten.
"""

import getpass
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.errors import IntegrityError
from orchestration.paths import Home, sha256_of, sync_folder, sync_tree, write_json

START = "0" * 64


@dataclass(frozen=True)
class LedgerLine:
    """One event of the run ledger, as it was written."""

    number: int
    content: dict[str, Any]
    sha256: str


def run_ledger(home: Home) -> Iterator[LedgerLine]:
    """Every line of the run ledger, checked against the chain. Raises IntegrityError at the first that was changed."""
    path = home.books / "run_ledger.jsonl"
    if not path.is_file():
        return
    before = START
    # Not splitlines(): a note may hold a character that Unicode calls a line separator.
    lines = path.read_text(encoding="utf-8").split("\n")
    if lines.pop():
        raise _broken(path, len(lines) + 1, "a line that ends", "a line cut short")
    for number, text in enumerate(lines, start=1):
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise _broken(path, number, "one JSON object", repr(text[:80]))
        if content.get("previous_sha256") != before:
            raise _broken(path, number, f"previous_sha256 {before}", str(content.get("previous_sha256")))
        before = hashlib.sha256(text.encode()).hexdigest()
        yield LedgerLine(number, content, before)


def _broken(path: Path, number: int, expected: str, found: str) -> IntegrityError:
    return IntegrityError(
        f"{path}, line {number}\n  expected: {expected}\n  found:    {found}\n"
        "  next:     the chain was changed or cut; restore books/ from a backup"
    )


def append(home: Home, event: str, at: datetime, facts: dict[str, Any]) -> str:
    """Adds one event to the run ledger, durably, and returns the new head of the chain."""
    head = START
    for line in run_ledger(home):
        head = line.sha256
    content = {"event": event, "at": at.isoformat(), "by": getpass.getuser(), "previous_sha256": head, **facts}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    home.books.mkdir(parents=True, exist_ok=True)
    with (home.books / "run_ledger.jsonl").open("a", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(home.books)
    return hashlib.sha256(text.encode()).hexdigest()


def seeds_hash(seeds: Path) -> str:
    """SHA-256 over the names and hashes of the CSV files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(seeds.glob("*.csv")):
        digest.update(f"{path.name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def keep_seeds(home: Home, seeds: Path) -> str:
    """Stores a copy of the seeds under the hash of their content, once, and returns the hash."""
    name = seeds_hash(seeds)
    target = home.books / "seeds" / name
    if not target.is_dir():
        temporary = target.with_name(f".{name}.{os.getpid()}")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        for path in sorted(seeds.glob("*.csv")):
            shutil.copyfile(path, temporary / path.name)
        sync_tree(temporary)
        temporary.rename(target)
        sync_folder(target.parent)
    return name


def newest_generation(home: Home) -> int:
    """The highest generation that the books know; numbers go on from it, also when `published/` was deleted."""
    return max((int(path.stem) for path in (home.books / "publications").glob("[0-9]*.json")), default=0)


def record_publication(home: Home, manifest: dict[str, Any], at: datetime) -> str:
    """Keeps what a publication was made from, and names it in the run ledger. Returns the head of the chain."""
    folder = home.books / "publications"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{manifest['generation']:06d}.json"
    if path.exists():
        raise IntegrityError(f"{path}\n  expected: a generation that the books do not know\n  found:    this file")
    write_json(path, manifest)
    facts = {"generation": manifest["generation"], "run_id": manifest["run_id"], "sha256": sha256_of(path)}
    return append(home, "publication", at, facts)


def verify_books(home: Home) -> int:
    """Checks the chain, the publications that it names and the kept seeds. Returns the number of lines; raises
    IntegrityError at the first difference."""
    lines = list(run_ledger(home))
    for line in lines:
        if line.content["event"] == "publication":
            path = home.books / "publications" / f"{line.content['generation']:06d}.json"
            found = sha256_of(path) if path.is_file() else "no such file"
            if found != line.content["sha256"]:
                raise _broken(path, 1, f"SHA-256 {line.content['sha256']}, as the run ledger names it", found)
    for folder in sorted((home.books / "seeds").glob("[!.]*")):
        if seeds_hash(folder) != folder.name:
            raise _broken(folder, 1, f"seeds whose hash is {folder.name}", seeds_hash(folder))
    return len(lines)

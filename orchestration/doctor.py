"""Looks at the machine and the configuration before a run does, and says how to mend each thing."""

import importlib.metadata
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import MeterhouseError
from orchestration.landing import idle_fetch, landing_tables
from orchestration.locks import run_lock
from orchestration.paths import PROJECT, SEEDS, Home
from orchestration.seeds import check_seeds
from orchestration.settings import Settings, load_settings, secret_of
from orchestration.sources import SOURCES

SMALLEST_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend` says what to do when it is not good."""

    subject: str
    is_good: bool
    found: str
    mend: str = ""


def examine(config: Path | None) -> list[Finding]:
    """Everything that a run needs, in the order in which it would fail."""
    findings = [_python(), *_versions()]
    try:
        settings = load_settings(config)
    except MeterhouseError as error:
        return [*findings, Finding("configuration", False, str(error), "mend the named line of the file")]
    name = "the demo" if settings.is_demo else f"{len(settings.sources)} sources"
    findings.append(Finding("configuration", True, name))
    findings += [_home(settings), _disk(settings), _lock(settings), _seeds()]
    return findings + [_source(settings, number) for number in range(len(settings.sources))]


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Finding("Python", good, version, "install Python 3.11, 3.12 or 3.13 and make .venv anew")


def _versions() -> list[Finding]:
    lines = (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = (re.match(r"([A-Za-z0-9_.-]+)==([^\s;]+)", line) for line in lines)
    locked = {pin.group(1): pin.group(2) for pin in pins if pin}
    names = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "pandas")
    findings = []
    for name in names:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = "not installed"
        mend = f"install what requirements.lock names ({locked[name]}): make install"
        findings.append(Finding(name, version == locked[name], version, mend))
    return findings


def _home(settings: Settings) -> Finding:
    home = Home(settings.home)
    try:
        home.make()
        for folder in (home.landing, home.books, home.published, home.scratch):
            with tempfile.NamedTemporaryFile(dir=folder):
                pass
    except OSError as error:
        return Finding("home", False, str(error), "give this user write access, or set METERHOUSE_HOME elsewhere")
    return Finding("home", True, f"{home.root} can be written")


def _disk(settings: Settings) -> Finding:
    try:
        free = shutil.disk_usage(settings.home).free
    except OSError as error:
        return Finding("disk", False, str(error), "set METERHOUSE_HOME to a folder that exists")
    mend = "free some space, or set METERHOUSE_HOME to another disk"
    return Finding("disk", free >= SMALLEST_FREE_BYTES, f"{free / 1024**3:.1f} GiB free", mend)


def _lock(settings: Settings) -> Finding:
    try:
        with run_lock(Home(settings.home)):
            return Finding("lock", True, "no other run on this home")
    except (MeterhouseError, OSError) as error:
        return Finding("lock", False, str(error), "wait for the other run")


def _seeds() -> Finding:
    try:
        check_seeds(SEEDS)
    except MeterhouseError as error:
        return Finding("seeds", False, str(error), "mend the named line")
    return Finding("seeds", True, "no contradictions")


def _source(settings: Settings, number: int) -> Finding:
    source = settings.sources[number]
    subject = f"source {source.vendor}/{source.name}"
    if source.paused:
        return Finding(subject, True, "paused")
    tables = [table for vendor, table in landing_tables() if vendor == source.vendor]
    try:
        if SOURCES[source.vendor].key_variable or source.key_variable:
            secret_of(source)
        with tempfile.TemporaryDirectory() as scratch:
            for table in tables:
                # No day is due and everything is known: a location is listed, an API is not asked, nothing is read.
                list(table.deliveries(idle_fetch(source, table.name, Path(scratch))))
    except MeterhouseError as error:
        return Finding(subject, False, str(error), "mend `location`, the key, or the access rights")
    has_key = any(table.schedule for table in tables)
    return Finding(subject, True, "its key is set" if has_key else f"{source.location} can be read")

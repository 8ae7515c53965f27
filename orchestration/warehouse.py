"""Prepares a build: seeds checked, inputs laid out, a new build file, and the environment that dbt reads.

Only dbt opens the build file for writing.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestration.books import keep_seeds
from orchestration.errors import MeterhouseError
from orchestration.inputs import Selection, lay_out, select
from orchestration.paths import DBT_PROJECT, SEEDS, Home, write_json
from orchestration.seeds import check_seeds
from orchestration.settings import Settings

BUILD_RECORD = "build.json"


def prepare_build(settings: Settings) -> Selection:
    """Everything before dbt. Raises SeedError or IntegrityError; the last publication is not touched."""
    home = Home(settings.home)
    home.make()
    check_seeds(SEEDS)
    selection = select(settings)
    lay_out(settings, selection)
    for leftover in (home.build_file, home.build_file.with_suffix(".duckdb.wal")):
        leftover.unlink(missing_ok=True)
    write_json(home.work / BUILD_RECORD, {"deliveries": selection.named, "seeds_sha256": keep_seeds(home, SEEDS)})
    set_dbt_environment(settings)
    return selection


def read_build_record(home: Home) -> dict[str, Any]:
    """What the build was made from: its deliveries and the hash of its seeds, as they were when it began."""
    content: dict[str, Any] = json.loads((home.work / BUILD_RECORD).read_text(encoding="utf-8"))
    return content


def set_dbt_environment(settings: Settings) -> dict[str, str]:
    """Puts into the environment what dbt's project and profile ask for, and returns it."""
    home = Home(settings.home)
    values = {
        "METERHOUSE_BUILD_FILE": str(home.build_file),
        "METERHOUSE_INPUTS": str(home.inputs),
        "METERHOUSE_SCRATCH": str(home.scratch),
        "METERHOUSE_MEMORY": settings.memory,
        "METERHOUSE_REPORTING_CURRENCY": settings.reporting_currency,
        "DBT_PROFILES_DIR": str(DBT_PROJECT),
        "DBT_LOG_PATH": str(home.work / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_VERSION_CHECK": "false",
        "DO_NOT_TRACK": "1",
    }
    os.environ.update(values)
    return values


def dbt_manifest(settings: Settings) -> Path:
    """dbt's manifest of this project, parsed again only when a file of the project or the environment changed."""
    home = Home(settings.home)
    values = set_dbt_environment(settings)
    digest = hashlib.sha256(repr(sorted(values.items())).encode())
    files = [path for folder in (DBT_PROJECT, SEEDS) for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        digest.update(f"{path} ".encode() + path.read_bytes())
    stamp = home.dbt_target / "manifest.sha256"
    manifest = home.dbt_target / "manifest.json"
    if not (manifest.is_file() and stamp.is_file() and stamp.read_text() == digest.hexdigest()):
        home.dbt_target.mkdir(parents=True, exist_ok=True)
        _parse(home)
        stamp.write_text(digest.hexdigest())
    return manifest


def dbt_executable() -> Path:
    """The dbt that belongs to this Python, whatever the PATH says."""
    return Path(sys.executable).with_name("dbt")


def _parse(home: Home) -> None:
    arguments = ["parse", "--quiet", "--project-dir", str(DBT_PROJECT), "--target-path", str(home.dbt_target)]
    result = subprocess.run([dbt_executable(), *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        raise MeterhouseError(f"dbt parse failed\n{result.stdout}{result.stderr}")

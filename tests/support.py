"""What several test files need: running the command line in a process of its own, and reading what it published."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.paths import PROJECT, Home
from orchestration.publish import Publication, current_publication
from tests.small_company import small_company

OLD_DUCKDB = PROJECT / ".venv-duckdb1" / "bin" / "python"
SAMPLES = PROJECT.parent / "shared" / "data" / "focus_samples"
SAMPLE = SAMPLES / "focus_1.0_finops_foundation_sample_1000.csv"
# Vendor, file, and the options of its source.
REAL_EXPORTS = (
    ("focus", SAMPLE, ""),
    ("aws", SAMPLES / "native_aws_cur_anonymous_1281.csv", 'options = { report = "legacy", delivery = "files" }'),
    ("oci", SAMPLES / "native_oci_cost_report_506.csv", ""),
)
NO_SAMPLE = "the real exports lie in ../shared/data, which is not here"


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    output: str


def copy_of_the_project(folder: Path) -> Path:
    """The project's code, models, contracts and seeds below `folder`, for a test to break."""
    target = folder / "project"
    for name in ("orchestration", "dbt_project", "data_contracts", "seeds"):
        shutil.copytree(PROJECT / name, target / name, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    return target


def meterhouse(
    home: Path, *arguments: str, timeout: int = 240, project: Path = PROJECT, **environment: str
) -> Finished:
    """Runs `meterhouse` on a home, in a new process, as a person would; `project` may be a broken copy.

    Without a configuration it is the small company's.
    """
    if "--config" not in arguments and "METERHOUSE_CONFIG" not in environment:
        environment["METERHOUSE_CONFIG"] = str(small_company(home))
    # Nothing of the caller's own configuration may leak in.
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("METERHOUSE_", "DAGSTER_", "DBT_"))
    }
    process = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=project,
        env=kept | {"METERHOUSE_HOME": str(home), "COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Finished(process.returncode, process.stdout + process.stderr)


def published(home: Path) -> Publication:
    """The publication that readers of a home are served."""
    publication = current_publication(Home(home))
    assert publication is not None, f"nothing is published in {home}"
    return publication


def query(database: Path, sql: str) -> list[tuple[object, ...]]:
    """Rows of a published or build file, read-only, in UTC."""
    with duckdb.connect(str(database.resolve()), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


def fingerprints(publication: Publication) -> dict[str, str]:
    """The fingerprint of every published table."""
    return {name: facts["fingerprint"] for name, facts in publication.manifest["tables"].items()}


def write_config(path: Path, *sources: dict[str, str], **top: str) -> Path:
    """A meterhouse.toml with these sources."""
    lines = [f'{key} = "{value}"' for key, value in top.items()]
    for source in sources:
        lines += ["", "[[sources]]", *(f'{key} = "{value}"' for key, value in source.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

"""Two companies, each run twice for the whole session, and the real exports of three vendors, run once.

The companies are a small one of files, and the demo company with its truth.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.logs import mute_teardown
from orchestration.paths import Home
from orchestration.publish import Publication
from tests.support import NO_SAMPLE, REAL_EXPORTS, SAMPLE, Finished, meterhouse, published
from tests.vendor import PERSON_KEY


def pytest_configure() -> None:
    """Lets the last line of a test run be pytest's own."""
    mute_teardown()


@dataclass(frozen=True)
class Demo:
    """The small company's home after two runs, and how each of them ended."""

    home: Path
    first: Finished
    second: Finished
    first_publication: Publication
    publication: Publication


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    home = tmp_path_factory.mktemp("demo") / "var"
    first = meterhouse(home, "run")
    assert first.code == 0, first.output
    first_publication = published(home)
    second = meterhouse(home, "run")
    assert second.code == 0, second.output
    return Demo(home, first, second, first_publication, published(home))


@pytest.fixture
def demo_copy(demo: Demo, tmp_path: Path) -> Home:
    """A copy of the demo's home that a test may break. Its build file and input folder are copied too."""
    target = tmp_path / "var"
    shutil.copytree(demo.home, target, symlinks=True, ignore=shutil.ignore_patterns("dagster", "target", "run.lock"))
    return Home(target)


@dataclass(frozen=True)
class Larkfield:
    """The demo company after two runs of `meterhouse run`, as a newcomer has it."""

    home: Path
    first: Finished
    second: Finished
    before: Publication
    publication: Publication

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over the published tables and the truth (`truth.billed_units`, `truth.tokens`, ...)."""
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach '{self.publication.database.resolve()}' as published (read_only)")
            connection.execute(f"attach '{Home(self.home).build_file}' as build (read_only)")
            connection.execute("create schema truth")
            for path in (self.home / "demo" / "company" / "truth").glob("*.parquet"):
                connection.execute(f"create view truth.{path.stem} as from '{path}'")
            return connection.execute(sql).fetchall()

    def finding(self, switch: str) -> dict[str, Any]:
        found = json.loads((self.home / "demo" / "company" / "truth" / "findings.json").read_text())
        entry: dict[str, Any] = next(item for item in found if item["switch"] == switch)
        return entry


@pytest.fixture(scope="session")
def larkfield(tmp_path_factory: pytest.TempPathFactory) -> Larkfield:
    home = tmp_path_factory.mktemp("larkfield") / "var"
    without_config = {"METERHOUSE_CONFIG": ""}
    first = meterhouse(home, "run", timeout=400, **without_config)
    assert first.code == 0, first.output
    before = published(home)
    second = meterhouse(home, "run", timeout=400, **without_config)
    assert second.code == 0, second.output
    return Larkfield(home, first, second, before, published(home))


@dataclass(frozen=True)
class RealExports:
    """The three real exports of `../shared/data`, landed and published in one run."""

    home: Path
    run: Finished
    publication: Publication


@pytest.fixture(scope="session")
def real_exports(tmp_path_factory: pytest.TempPathFactory) -> RealExports:
    if not SAMPLE.exists():
        pytest.skip(NO_SAMPLE)
    folder = tmp_path_factory.mktemp("real")
    config = folder / "meterhouse.toml"
    lines = ['first_month = "2023-01"']
    for vendor, path, options in REAL_EXPORTS:
        source = f'vendor = "{vendor}"\nname = "{vendor}_sample"\nlocation = "{path}"\n{options}'
        lines.append(f"[[sources]]\n{source}")
    config.write_text("\n\n".join(lines) + "\n")
    run = meterhouse(folder / "var", "run", "--config", str(config), METERHOUSE_PERSON_KEY=PERSON_KEY)
    assert run.code == 0, run.output
    return RealExports(folder / "var", run, published(folder / "var"))

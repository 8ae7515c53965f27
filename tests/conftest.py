"""The demo company, run twice for the whole session; tests read it and copy what they mean to break."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.logs import mute_teardown
from orchestration.paths import Home
from orchestration.publish import Publication
from tests.support import Finished, meterhouse, published


def pytest_configure() -> None:
    """Lets the last line of a test run be pytest's own."""
    mute_teardown()


@dataclass(frozen=True)
class Demo:
    """The demo's home after two runs, and how each of them ended."""

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

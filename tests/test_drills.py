"""Long drills: kills, time zones, two runs at once. `make drill`; .ci/run runs them too."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.paths import PROJECT, Home
from orchestration.publish import current_publication
from tests.conftest import Demo
from tests.support import OLD_DUCKDB, fingerprints, meterhouse, published

pytestmark = pytest.mark.drill

# What a clock or a path of this machine may change: when things arrived.
CLOCKED = {
    "focus.billing_period",
    "focus.contract_commitment",
    "focus.invoice_detail",
    "operations.deliveries",
}


def contents(home: Path) -> dict[str, str]:
    """Fingerprints of the tables that no clock may touch."""
    found = fingerprints(published(home))
    return {table: mark for table, mark in found.items() if table not in CLOCKED}


def start_run(home: Path) -> subprocess.Popen[bytes]:
    """`meterhouse run` in a process group of its own, so that it can be killed together with its dbt."""
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "run"],
        cwd=PROJECT,
        env=os.environ | {"METERHOUSE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_a_run_that_is_killed_anywhere_leaves_nothing_half_done(demo: Demo, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    home = tmp_path / "var"
    for _ in range(8):
        process = start_run(home)
        time.sleep(generator.uniform(1, 14))
        # The run and the dbt that it started, at once.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        current = current_publication(Home(home))
        if current:
            current.verify()
            assert {name: mark for name, mark in fingerprints(current).items() if name not in CLOCKED} == contents(
                demo.home
            )
    finished = meterhouse(home, "run")
    assert finished.code == 0, f"seed {seed}\n{finished.output}"
    assert contents(home) == contents(demo.home), f"seed {seed}"
    assert meterhouse(home, "verify").code == 0, f"seed {seed}"


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland"])
def test_the_time_zone_of_the_process_changes_nothing(demo: Demo, tmp_path: Path, zone: str) -> None:
    finished = meterhouse(tmp_path / "var", "run", TZ=zone)
    assert finished.code == 0, finished.output
    assert contents(tmp_path / "var") == contents(demo.home)


def test_deleting_everything_but_landing_books_and_publications_changes_nothing(demo_copy: Home) -> None:
    import shutil

    assert meterhouse(demo_copy.root, "run").code == 0
    before = fingerprints(published(demo_copy.root))
    shutil.rmtree(demo_copy.root / "builds")
    finished = meterhouse(demo_copy.root, "run")
    assert finished.code == 0, finished.output
    assert fingerprints(published(demo_copy.root)) == before


def test_a_second_run_at_once_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    home = tmp_path / "var"
    first = start_run(home)
    deadline = time.monotonic() + 60
    while not (home / "run.lock").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    second = meterhouse(home, "run")
    assert first.wait(timeout=240) == 0
    # The second waits ten seconds and gives up, or, on a fast machine, comes after the first: never in between.
    assert second.code == 0 or f"process {first.pid} holds the lock" in second.output, second.output
    assert published(home).generation == (2 if second.code == 0 else 1)


@pytest.mark.skipif(not OLD_DUCKDB.exists(), reason="make drill prepares .venv-duckdb1, which is not here")
def test_the_older_duckdb_publishes_the_same_fingerprints(demo: Demo, tmp_path: Path) -> None:
    packages = next((OLD_DUCKDB.parent.parent / "lib").glob("python3.*/site-packages"))
    finished = meterhouse(tmp_path / "var", "run", PYTHONPATH=str(packages))
    assert finished.code == 0, finished.output
    assert str(published(tmp_path / "var").manifest["versions"]["duckdb"]).startswith("1.")
    assert contents(tmp_path / "var") == contents(demo.home)

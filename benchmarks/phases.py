"""Walks the pipeline by its plain functions, in order, without Dagster. Prints each one's seconds as JSON.

`walk` (the default) does what `meterhouse run` does: land, parse, prepare, `dbt build`, gate, publish.
`parse` times dbt's manifest: new, unchanged, and with partial parsing. Settings come from the environment, as
in a run. Seconds are pairs: of the wall, and of the processor (children included).
"""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

SECONDS: dict[str, tuple[float, float]] = {}
RUNNING: list[str] = []
WATCHED: list[str] = []


def clocks() -> tuple[float, float]:
    """Seconds of the wall and of the processor. A child counts for the processor once it has ended."""
    return time.perf_counter(), sum(os.times()[:4])


def add(phase: str, wall: float, processor: float) -> None:
    """Adds to a phase."""
    before = SECONDS.get(phase, (0.0, 0.0))
    SECONDS[phase] = (before[0] + wall, before[1] + processor)


@contextmanager
def timed(phase: str) -> Iterator[None]:
    """Adds the block's seconds to a phase. A slash in the name: a part of the phase before the slash."""
    start = clocks()
    if "/" not in phase:
        RUNNING.append(phase)
    try:
        yield
    finally:
        wall, processor = (end - begin for begin, end in zip(start, clocks(), strict=True))
        add(phase, wall, processor)


def watch(function: Callable[..., Any]) -> None:
    """Times every call of a function from here on, as a part of the running phase, whoever imported it.

    A watched function inside another one is the other one's time.
    """
    name = function.__name__

    def watched(*arguments: Any, **options: Any) -> Any:
        if WATCHED:
            return function(*arguments, **options)
        WATCHED.append(name)
        try:
            with timed(f"{RUNNING[-1]}/{name}"):
                return function(*arguments, **options)
        finally:
            WATCHED.pop()

    for module in [module for key, module in sys.modules.items() if key.startswith("orchestration")]:
        if getattr(module, name, None) is function:
            setattr(module, name, watched)


def walk() -> None:
    """One whole run without Dagster."""
    with timed("import orchestration"):
        from orchestration import casting, contracts, gates, inputs, landing, paths, publish, warehouse
        from orchestration.fingerprints import row_set_fingerprint
        from orchestration.runs import prepare_environment
    with timed("import great_expectations"):
        import great_expectations.expectations  # noqa: F401 - the import is what is timed

    watched = (
        casting.text_table,
        casting.cast_table,
        casting.roundings,
        casting.parquet_copy,
        inputs.lay_out,
    )
    for function in (
        *watched,
        contracts.measure,
        contracts.judge,
        row_set_fingerprint,
        paths.sha256_of,
        paths.sync_tree,
    ):
        watch(function)

    settings = prepare_environment(None)
    home = paths.Home(settings.home)
    months = [f"{year}-{month:02d}" for year in range(2024, datetime.now(UTC).year + 1) for month in range(1, 13)]
    with timed("dbt parse"):
        warehouse.dbt_manifest(settings)
    with timed("land"):
        for vendor, table in landing.landing_tables():
            landing.land_table(settings, vendor, table, months)
    with timed("prepare build"):
        selection = warehouse.prepare_build(settings)
        publish.refuse_lost_deliveries(home, selection)
    with timed("dbt build"):
        program = [str(warehouse.dbt_executable()), "build", "--quiet", "--log-format", "json"]
        folders = ["--project-dir", str(paths.DBT_PROJECT), "--target-path", str(home.dbt_target)]
        subprocess.run([*program, *folders], check=True, stdout=subprocess.DEVNULL)
    results = json.loads((home.dbt_target / "run_results.json").read_text(encoding="utf-8"))["results"]
    for result in results:
        phase = f"dbt build/{result['unique_id'].split('.')[0]}s"
        add(phase, result["execution_time"], math.nan)
    with timed("publish gate"):
        gates.check_build(settings)
    with timed("publish"):
        publish.publish(settings, "benchmark")


def parse() -> None:
    """dbt's manifest three times."""
    from orchestration import warehouse
    from orchestration.paths import Home
    from orchestration.runs import prepare_environment

    settings = prepare_environment(None)
    with timed("dbt parse, new"):
        warehouse.dbt_manifest(settings)
    with timed("dbt parse, unchanged"):
        warehouse.dbt_manifest(settings)
    (Home(settings.home).dbt_target / "manifest.sha256").unlink()
    with timed("dbt parse, partial"):
        warehouse.dbt_manifest(settings)


if __name__ == "__main__":
    (parse if sys.argv[1:] == ["parse"] else walk)()
    print(json.dumps(SECONDS))

"""Walks the pipeline by its plain functions, in order, without Dagster, and prints the seconds of each as JSON.

`walk` (the default) does what `meterhouse run` does: land, parse, prepare, `dbt build`, gate, publish. `parse` times
dbt's manifest: new, unchanged, and with partial parsing. Settings come from the environment, as in a run.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

SECONDS: dict[str, float] = {}


@contextmanager
def timed(phase: str) -> Iterator[None]:
    """Adds the wall seconds of the block to a phase. A name with a slash is a part of the phase before the slash."""
    start = time.perf_counter()
    try:
        yield
    finally:
        SECONDS[phase] = SECONDS.get(phase, 0.0) + time.perf_counter() - start


def watch(module: Any, name: str, phase: str) -> None:
    """Times every call of a module's function from here on."""
    function: Callable[..., Any] = getattr(module, name)

    def watched(*arguments: Any, **options: Any) -> Any:
        with timed(phase):
            return function(*arguments, **options)

    setattr(module, name, watched)


def walk() -> None:
    """One whole run without Dagster."""
    with timed("import orchestration"):
        from orchestration import casting, gates, inputs, landing, publish, warehouse
        from orchestration.paths import DBT_PROJECT, Home
        from orchestration.runs import prepare_environment
    with timed("import great_expectations"):
        import great_expectations.expectations  # noqa: F401

    for name in ("text_table", "cast_table", "roundings", "parquet_copy"):
        watch(casting, name, f"land/{name}")
    for name in ("row_set_fingerprint", "measure", "judge"):
        watch(landing, name, f"land/{name}")
    watch(inputs, "lay_out", "prepare build/lay_out")
    watch(warehouse, "lay_out", "prepare build/lay_out")
    for name in ("measure", "judge"):
        watch(gates, name, f"publish gate/{name}")
    for name in ("row_set_fingerprint", "sha256_of", "sync_tree"):
        watch(publish, name, f"publish/{name}")

    settings = prepare_environment(None)
    home = Home(settings.home)
    first = datetime.strptime(settings.first_month, "%Y-%m").replace(tzinfo=UTC)
    count = (datetime.now(UTC).year - first.year) * 12 + 12
    months = [f"{first.year + (first.month - 1 + n) // 12}-{(first.month - 1 + n) % 12 + 1:02d}" for n in range(count)]
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
        folders = ["--project-dir", str(DBT_PROJECT), "--target-path", str(home.dbt_target)]
        subprocess.run([*program, *folders], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    results = json.loads((home.dbt_target / "run_results.json").read_text(encoding="utf-8"))["results"]
    for result in results:
        phase = f"dbt build/{result['unique_id'].split('.')[0]}s"
        SECONDS[phase] = SECONDS.get(phase, 0.0) + result["execution_time"]
    with timed("publish gate"):
        gates.check_build(settings)
    with timed("publish"):
        publish.publish(settings, inputs.select(settings), "benchmark")


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

"""What Meterhouse costs over the same SQL run bare in DuckDB. Prints; never asserts a time.

Each figure is the median of `--repeat` runs, each in a new process, and ends with one line:
`<name> ratio=<ours/theirs> rows=<n> ours_s=<median> theirs_s=<median> peak_mib=<n>`. `peak_mib` is ours: the
highest sum of resident memory of the process and its children (dbt), looked at 20 times a second, in the
worst of the repeats. Wall seconds include the start of Python on both sides. On a machine that others use,
trust the processor seconds that stand beside them.

pipeline
    ours: `meterhouse run` in an empty home: imports, dbt parse, copy and hash the files, type them, contract,
    fingerprint, landed package, inputs, seeds, models, dbt tests, publish gate, published DuckDB file and
    Parquet twins, fsync, run ledger, Dagster's own records.
    theirs: one DuckDB process: `read_csv` / `read_parquet` of the same files straight into typed Parquet with
    the contract's columns, then `build` below over those files. No raw copy, hash, check, fingerprint or copy
    for readers; the table of deliveries and the control totals are read from ours, as they lie.
build
    ours: `meterhouse build` in the home of the run before. Nothing is landed and dbt's manifest is unchanged:
    imports, verify packages, inputs, dbt build with its tests, gate, publish. The rows are the same, so the
    Parquet twins are links to the run's.
    theirs: one DuckDB process: the seeds by `read_csv`, then the compiled SQL of each model from dbt's
    manifest, in dependency order, as create table or create view in a new file over the same input folder. No
    tests, enforced contracts, gate or publication.
dagster
    ours: `meterhouse run`, as above.
    theirs: the same plain functions in the same order without Dagster (`phases.py`). The difference is
    Dagster: its imports, definitions, events and storage, and its reading of dbt's log.

Both sides have the DuckDB settings of `profiles.yml` and the machine's threads, and both must come to the
same totals, or this stops. Generated data (`generate.py`), temporary homes, no network. Linux only: memory
is read from /proc.
"""

import argparse
import csv
import graphlib
import importlib.metadata
import json
import math
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from generate import FORMATS, write_months

BENCHMARKS = Path(__file__).resolve().parent
PROJECT = BENCHMARKS.parent
sys.path.insert(0, str(PROJECT))

from orchestration.contracts import landing_contract  # noqa: E402 - a script beside the package, not in it

VERSIONED = ("duckdb", "dbt-core", "dbt-duckdb", "dagster", "dagster-dbt", "great-expectations")
IMPORTS = (
    "duckdb",
    "pandas",
    "dbt.cli.main",
    "dagster",
    "dagster, dagster_dbt",
    "great_expectations.expectations",
)
SETTINGS = ["set TimeZone = 'UTC'", "set memory_limit = '4GB'", "set preserve_insertion_order = false"]
TOTALS = """
    select team, billing_currency, sum(effective_cost), sum(billed_cost), sum(charge_count)
    from engineering.daily_spend_by_team
    group by all order by all
"""

# Of the wall, and of the processor.
Seconds = tuple[float, float]


@dataclass(frozen=True)
class Sample:
    """One process, its children included: seconds of wall and processor, peak memory, and what it printed."""

    seconds: float
    processor: float
    peak_mib: float
    output: str


def timed_process(arguments: list[str], home: Path, config: Path) -> Sample:
    """Runs this Python with `arguments` and measures it. Raises RuntimeError with its output if it fails."""
    environment = os.environ | {
        "METERHOUSE_HOME": str(home),
        "METERHOUSE_CONFIG": str(config),
        "PYTHONPATH": str(PROJECT),
    }
    with tempfile.TemporaryFile("w+") as output:
        start, processor = time.perf_counter(), _processor_seconds()
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home.parent,
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident_bytes(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}\n{text[-4000:]}")
    return Sample(seconds, _processor_seconds() - processor, peak / 1024**2, text)


def _processor_seconds() -> float:
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _resident_bytes(pid: int) -> int:
    """Resident memory of a process and everything below it; one that ends meanwhile counts as nothing."""
    try:
        own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        children = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except (OSError, IndexError):
        return 0
    return own + sum(_resident_bytes(int(child)) for found in children for child in found)


def build_statements(manifest: dict[str, Any]) -> list[str]:
    """Seeds and models of dbt's manifest as plain SQL, each after what it reads."""
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("seed", "model")}
    needs = {key: set(node["depends_on"].get("nodes", [])) & nodes.keys() for key, node in nodes.items()}
    schemas = sorted({node["schema"] for node in nodes.values()})
    statements = [f'create schema if not exists "{schema}"' for schema in schemas]
    for key in graphlib.TopologicalSorter(needs).static_order():
        node = nodes[key]
        name = f'"{node["schema"]}"."{node["alias"]}"'
        if node["resource_type"] == "seed":
            statements.append(f"create table {name} as {_seed_query(node)}")
        else:
            statements.append(f"create {node['config']['materialized']} {name} as {node['compiled_code']}")
    return statements


def _seed_query(node: dict[str, Any]) -> str:
    path = (Path(node["root_path"]) / node["original_file_path"]).resolve()
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    types = node["config"]["column_types"]
    columns = {column: types.get(column, "varchar") for column in header}
    return f"select * from read_csv({_text(path)}, header = true, auto_detect = false, columns = {columns})"


def landing_statements(files: list[Path], inputs: Path) -> list[str]:
    """Typed Parquet of each file with the contract's columns, where the models look for it."""
    columns = landing_contract("focus", "charges").columns
    types = {column.name: column.sql_type for column in columns}
    statements = []
    for file in files:
        place = inputs / "focus" / "charges" / "role=current" / "source_name=generated" / "scope=all"
        folder = place / f"delivery_id={file.stem}"
        folder.mkdir(parents=True)
        if file.suffix == ".csv":
            with file.open(encoding="utf-8", newline="") as opened:
                present = next(csv.reader(opened))
            kinds = {name: types.get(name, "varchar") for name in present}
            rows = f"read_csv({_text(file)}, header = true, auto_detect = false, columns = {kinds})"
        else:
            described = duckdb.execute(f"describe select * from read_parquet({_text(file)})").fetchall()
            present = [row[0] for row in described]
            rows = f"read_parquet({_text(file)})"
        typed = [
            f'cast({_name(name) if name in present else "null"} as {kind}) as "{name}"' for name, kind in types.items()
        ]
        unknown = ", ".join(f"{_text(name)}, {_name(name)}" for name in present if name not in types)
        typed += [f"cast(json_object({unknown}) as varchar) as _unknown_columns"]
        typed += ["row_number() over () as _row_number", "0 as _part"]
        statements.append(
            f"copy (select {', '.join(typed)} from {rows}) to {_text(folder / 'part-0000.parquet')} "
            "(format parquet, compression zstd)"
        )
    return statements


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def bare(folder: Path, statements: list[str], home: Path, config: Path) -> tuple[Sample, list[Any]]:
    """Runs statements in a new file in a new process; the totals they come to."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    database = folder / "meterhouse.duckdb"
    plan = folder.with_suffix(".json")
    plan.write_text(json.dumps({"database": str(database), "settings": SETTINGS, "statements": statements}))
    return timed_process([str(BENCHMARKS / "bare.py"), str(plan)], home, config), totals(database)


def totals(database: Path) -> list[Any]:
    """What both sides must agree on."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(TOTALS).fetchall()


@dataclass(frozen=True)
class Repeat:
    """One round of everything that is compared."""

    run: Sample
    build: Sample
    walk: Sample
    bare_pipeline: Sample
    bare_build: Sample


def one_repeat(work: Path, files: list[Path], config: Path) -> Repeat:
    """Ours and theirs, one after the other, in homes of their own that are removed again."""
    home, walk_home = work / "home", work / "walk_home"
    for folder in (home, walk_home, work / "inputs"):
        shutil.rmtree(folder, ignore_errors=True)
    run = timed_process(["-m", "orchestration.cli", "run"], home, config)
    build = timed_process(["-m", "orchestration.cli", "build"], home, config)
    walk = timed_process([str(BENCHMARKS / "phases.py")], walk_home, config)
    shutil.rmtree(walk_home)

    manifest = json.loads((home / "builds" / "work" / "target" / "manifest.json").read_text(encoding="utf-8"))
    statements = build_statements(manifest)
    bare_build, found = bare(work / "bare_build", statements, home, config)
    product_inputs, inputs = home / "builds" / "work" / "inputs", work / "inputs"
    shutil.copytree(product_inputs, inputs, ignore=shutil.ignore_patterns("role=current"))
    moved = [statement.replace(str(product_inputs), str(inputs)) for statement in statements]
    bare_pipeline, found_too = bare(work / "bare_pipeline", landing_statements(files, inputs) + moved, home, config)
    expected = totals(home / "published" / "current" / "meterhouse.duckdb")
    if not expected == found == found_too:
        raise RuntimeError(f"not the same work: ours {expected}, theirs {found} and {found_too}")
    return Repeat(run, build, walk, bare_pipeline, bare_build)


def figure(name: str, rows: int, ours: list[Sample], theirs: list[Sample]) -> str:
    """The last line of a figure."""
    ours_s, theirs_s = (statistics.median(sample.seconds for sample in samples) for samples in (ours, theirs))
    peak = max(sample.peak_mib for sample in ours)
    ratio = ours_s / theirs_s
    times = f"ours_s={ours_s:.2f} theirs_s={theirs_s:.2f}"
    return f"{name} ratio={ratio:.2f} rows={rows} {times} peak_mib={peak:.0f}"


def spread(title: str, samples: list[Sample]) -> str:
    """Every repeat, so that a disturbed one shows."""
    wall = ", ".join(f"{sample.seconds:.2f}" for sample in samples)
    processor = statistics.median(sample.processor for sample in samples)
    peak = max(sample.peak_mib for sample in samples)
    return f"  {title:<40} {wall} s; processor {processor:.2f} s; peak {peak:.0f} MiB"


def print_phases(repeats: list[Repeat]) -> None:
    """Where the time of a run goes. Indented lines are parts of the phase above; dbt counts no processor time."""
    runs, walks = [repeat.run for repeat in repeats], [repeat.walk for repeat in repeats]
    phases = _phases(walks)
    whole = _median([(run.seconds, run.processor) for run in runs])
    walked = _median([(walk.seconds, walk.processor) for walk in walks])
    tops = {phase: seconds for phase, seconds in phases.items() if "/" not in phase}
    lines = []
    for top, seconds in tops.items():
        parts = {phase: value for phase, value in phases.items() if phase.startswith(f"{top}/")}
        lines.append((top, seconds))
        lines += [(f"  {phase.split('/')[1]}", value) for phase, value in parts.items()]
        lines += [("  the rest", _less(seconds, parts.values()))] if parts else []
    lines.append(("start and end of Python", _less(walked, tops.values())))
    lines.append(("Dagster: the run less all above", _less(whole, [walked])))
    lines.append(("meterhouse run", whole))
    print(f"  {'':<40} {'wall':>10} {'processor':>12} {'of wall':>9}")
    for title, (wall, processor) in lines:
        used = "-" if math.isnan(processor) else f"{processor:.2f} s"
        print(f"  {title:<40} {wall:8.2f} s {used:>12} {100 * wall / whole[0]:7.1f} %")


def _phases(samples: list[Sample]) -> dict[str, Seconds]:
    found = [json.loads(sample.output.splitlines()[0]) for sample in samples]
    return {phase: _median([phases[phase] for phases in found]) for phase in found[0]}


def _median(pairs: list[Seconds]) -> Seconds:
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def _less(whole: Seconds, parts: Iterable[Seconds]) -> Seconds:
    listed = list(parts)
    return whole[0] - sum(part[0] for part in listed), whole[1] - sum(part[1] for part in listed)


def print_fixed(work: Path, config: Path, repeat: int) -> None:
    """Imports in new processes, and dbt's parse; none of it depends on the number of rows."""
    home = work / "fixed_home"
    for modules in ("sys", *IMPORTS):
        samples = [timed_process(["-c", f"import {modules}"], home, config) for _ in range(repeat)]
        print(spread(f"import {modules}" if modules != "sys" else "Python alone", samples))
    parses = []
    for _ in range(repeat):
        shutil.rmtree(home, ignore_errors=True)
        parses.append(timed_process([str(BENCHMARKS / "phases.py"), "parse"], home, config))
    imported = ["-c", "import orchestration.definitions"]
    print(spread("import orchestration.definitions", [timed_process(imported, home, config) for _ in parses]))
    for phase, (wall, processor) in _phases(parses).items():
        print(f"  {phase:<40} {wall:.2f} s; processor {processor:.2f} s")


def measure_rows(work: Path, rows: int, options: argparse.Namespace) -> None:
    """All figures for one number of rows."""
    files = write_months(work / "delivered", rows, options.months, options.format, options.seed)
    size = sum(file.stat().st_size for file in files) / 1024**2
    config = work / "meterhouse.toml"
    source = {"vendor": "focus", "name": "generated", "location": str(work / "delivered")}
    config.write_text("[[sources]]\n" + "".join(f"{key} = {json.dumps(text)}\n" for key, text in source.items()))
    print(f"\n== {rows:,} charges in {len(files)} {options.format} files, {size:,.1f} MiB ==", flush=True)
    if rows == min(options.rows):
        print("imports and dbt's parse, each repeat")
        print_fixed(work, config, options.repeat)
    repeats = [one_repeat(work, files, config) for _ in range(options.repeat)]
    names = {
        "meterhouse run": "run",
        "meterhouse build": "build",
        "plain functions": "walk",
        "bare DuckDB, land and build": "bare_pipeline",
        "bare DuckDB, build": "bare_build",
    }
    samples = {field: [getattr(repeat, field) for repeat in repeats] for field in names.values()}
    print("each repeat")
    for title, field in names.items():
        print(spread(title, samples[field]))
    print("where a run's time goes, medians (phases.py, and the run less phases.py)")
    print_phases(repeats)
    print(figure("pipeline", rows, samples["run"], samples["bare_pipeline"]))
    print(figure("build", rows, samples["build"], samples["bare_build"]))
    print(figure("dagster", rows, samples["run"], samples["walk"]), flush=True)


def main() -> None:
    """Reads the options, says what is measured with what, and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="10000,1000000", help="Numbers of charges, with commas between.")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--months", type=int, default=3, help="Files, one a month.")
    parser.add_argument("--format", choices=FORMATS, default="csv")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.rows = [int(rows) for rows in options.rows.split(",")]
    versions = " ".join(f"{name}={importlib.metadata.version(name)}" for name in VERSIONED)
    print(f"python={platform.python_version()} {versions}")
    load = os.getloadavg()[0]
    print(f"platform={platform.platform()} cpus={os.cpu_count()} load={load:.2f}")
    print(f"date={datetime.now(UTC):%Y-%m-%dT%H:%MZ} seed={options.seed} repeat={options.repeat}")
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="meterhouse-benchmark-") as folder:
            measure_rows(Path(folder), rows, options)


if __name__ == "__main__":
    main()

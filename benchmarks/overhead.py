"""What Meterhouse costs over the same SQL run bare in DuckDB. Prints; never asserts a time.

Each figure is the median of `--repeat` runs, each in a new process, and ends with one line:
`<name> ratio=<ours/theirs> rows=<n> ours_s=<median> theirs_s=<median> peak_mib=<n>`. `peak_mib` is the highest sum of
resident memory over our process and its children (dbt), sampled 20 times a second, in the worst of the repeats.

pipeline  ours:   `meterhouse run` in an empty home: start, dbt parse, copy and hash the files, type them, contract,
                  fingerprint, landed package, inputs, seeds, models, 50-odd dbt tests, publish gate, published DuckDB
                  file and Parquet twins, fsync, run ledger, Dagster's own records.
          theirs: one DuckDB process: `read_csv` / `read_parquet` of the same files straight into typed Parquet with the
                  contract's columns, then everything of `build` below over those files. No raw copy, no hash, no check,
                  no fingerprint, no control totals of its own (it reads ours), no second copy for readers.
build     ours:   `meterhouse build` in the home of the run before: nothing is landed and dbt's manifest is unchanged;
                  select and verify packages, inputs, dbt build with its tests, gate, publish. Its Parquet twins are
                  links to the run's, because their rows are the same.
          theirs: one DuckDB process: the seeds by `read_csv`, then the compiled SQL of each model from dbt's manifest,
                  in dependency order, as create table or create view in a new file over the same input folder. No
                  tests, no enforced contracts, no gate, no publication.
dagster   ours:   `meterhouse run`, as above.  theirs: the same plain functions in the same order without Dagster
                  (`phases.py`). The difference is Dagster: imports, definitions, events, storage, its dbt wrapper.

Both sides have the project's DuckDB settings (`profiles.yml`) and the machine's threads, and both must come to the
same totals, or this stops. Generated data (`generate.py`), temporary homes, no network. Needs /proc for the memory.
"""

import argparse
import csv
import graphlib
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
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
IMPORTS = ("duckdb", "pandas", "dbt.cli.main", "dagster", "dagster, dagster_dbt", "great_expectations.expectations")
SETTINGS = ["set TimeZone = 'UTC'", "set memory_limit = '4GB'", "set preserve_insertion_order = false"]
MERGED_TOTALS = """
    select billing_currency, cast(sum(effective_cost) as varchar), cast(sum(billed_cost) as varchar), sum(charge_count)
    from engineering.daily_spend_by_team group by all order by all
"""


@dataclass(frozen=True)
class Sample:
    """One process: wall seconds, peak memory of it and its children, and what it printed."""

    seconds: float
    peak_mib: float
    output: str


def timed_process(arguments: list[str], home: Path, config: Path) -> Sample:
    """Runs this Python with `arguments` and measures it. Raises RuntimeError with its output when it fails."""
    environment = os.environ | {
        "METERHOUSE_HOME": str(home),
        "METERHOUSE_CONFIG": str(config),
        "PYTHONPATH": str(PROJECT),
    }
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, *arguments], env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=home.parent
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
    return Sample(seconds, peak / 1024**2, text)


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
            described = duckdb.execute(f"describe select * from read_parquet({_text(file)})").fetchall()  # noqa: S608
            present = [row[0] for row in described]
            rows = f"read_parquet({_text(file)})"
        typed = [f'cast({name if name in present else "null"} as {kind}) as "{name}"' for name, kind in types.items()]
        unknown = ", ".join(f"'{name}', {name}" for name in present if name not in types)
        typed += [f"cast(json_object({unknown}) as varchar) as _unknown_columns"]
        typed += ["row_number() over () as _row_number", "0 as _part"]
        statements.append(
            f"copy (select {', '.join(typed)} from {rows}) to {_text(folder / 'part-0000.parquet')} "  # noqa: S608
            "(format parquet, compression zstd)"
        )
    return statements


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
        return connection.execute(MERGED_TOTALS).fetchall()


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
    return f"{name} ratio={ratio:.2f} rows={rows} ours_s={ours_s:.2f} theirs_s={theirs_s:.2f} peak_mib={peak:.0f}"


def spread(title: str, samples: list[Sample]) -> str:
    """Every repeat, so that a disturbed one shows."""
    each = ", ".join(f"{sample.seconds:.2f}" for sample in samples)
    return f"  {title:<34} {each} s; peak {max(sample.peak_mib for sample in samples):.0f} MiB"


def print_phases(repeats: list[Repeat]) -> None:
    """Where the time of a run without Dagster goes; indented lines are parts of the phase above them."""
    walks = [json.loads(repeat.walk.output.splitlines()[0]) for repeat in repeats]
    medians = {phase: statistics.median(walk[phase] for walk in walks) for phase in walks[0]}
    whole = statistics.median(repeat.run.seconds for repeat in repeats)
    walked = statistics.median(repeat.walk.seconds for repeat in repeats)
    tops = [phase for phase in medians if "/" not in phase]
    lines = []
    for top in tops:
        lines.append((top, medians[top]))
        parts = {phase: value for phase, value in medians.items() if phase.startswith(f"{top}/")}
        lines += [(f"  {phase.split('/')[1]}", value) for phase, value in parts.items()]
        lines += [("  the rest", medians[top] - sum(parts.values()))] if parts else []
    lines.append(("Python's start and end", walked - sum(medians[top] for top in tops)))
    lines.append(("Dagster (run less all above)", whole - walked))
    lines.append(("meterhouse run", whole))
    for title, seconds in lines:
        print(f"  {title:<34} {seconds:8.2f} s {100 * seconds / whole:6.1f} %")


def print_fixed(work: Path, config: Path, repeat: int) -> None:
    """Imports in new processes, and dbt's parse; none of it depends on the number of rows."""
    home = work / "fixed_home"
    for modules in ("sys", *IMPORTS):
        samples = [timed_process(["-c", f"import {modules}"], home, config) for _ in range(repeat)]
        print(spread(f"python -c 'import {modules}'"[:34], samples))
    found: dict[str, list[float]] = {}
    for _ in range(repeat):
        shutil.rmtree(home, ignore_errors=True)
        sample = timed_process([str(BENCHMARKS / "phases.py"), "parse"], home, config)
        for phase, seconds in json.loads(sample.output.splitlines()[0]).items():
            found.setdefault(phase, []).append(seconds)
    definitions = [timed_process(["-c", "import orchestration.definitions"], home, config) for _ in range(repeat)]
    print(spread("python -c 'import ...definitions'", definitions))
    for phase, seconds_of in found.items():
        print(f"  {phase:<34} {', '.join(f'{seconds:.2f}' for seconds in seconds_of)} s")


def measure_rows(work: Path, rows: int, options: argparse.Namespace) -> None:
    """All figures for one number of rows."""
    files = write_months(work / "delivered", rows, options.months, options.format, options.seed)
    size = sum(file.stat().st_size for file in files) / 1024**2
    config = work / "meterhouse.toml"
    config.write_text(f'[[sources]]\nvendor = "focus"\nname = "generated"\nlocation = "{work / "delivered"}"\n')
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
    print("where a run's time goes, medians")
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

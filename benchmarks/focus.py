"""What it costs to say cloud charges in FOCUS terms, over the same SQL run bare in DuckDB and over plain sums.

Prints; never asserts a time. The form is that of `overhead.py`: every side runs in a new process, a figure is the
median of the repeats (by default 3, above a million rows 1) and ends with one line of the same form. The charges are
those of `generate.py`, FOCUS 1.2 as Parquet, typed and laid out as landing does before anything is timed.

focus
    ours: `dbt build` of `focus_charges` and everything that it reads, seeds and tests included, then one reading of the
    hub: costs, tokens, and what every charge was classified as, by seller, month and currency.
    theirs: one DuckDB process: the compiled SQL of the same seeds and models, and the same reading. What dbt costs.
mapping
    ours: the bare process above.
    theirs: one DuckDB process: the same costs summed from the Parquet files by the vendor's own columns, nothing
    renamed, parsed or classified. What the mapping costs.
All sides must come to the same costs, or this stops. The same seed gives the same rows. Linux only.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from generate import write_months
from overhead import (
    BENCHMARKS,
    SETTINGS,
    VERSIONED,
    Sample,
    build_statements,
    figure,
    landing_statements,
    spread,
    timed_process,
)

SEVERAL_REPEATS_UP_TO = 1_000_000
HUB = "focus_charges"
READING = """
    create table totals as
    select
        service_provider_name, billing_period, billing_currency,
        sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost,
        sum(list_cost) as list_cost, sum(contracted_cost) as contracted_cost,
        sum(token_quantity) as token_quantity, count(*) as charge_count,
        count(*) filter (where is_ai) as ai_charge_count, count(is_ai_reason) as reason_count,
        count(workload_phase) as phase_count, count(model_id) as model_count, count(meter) as meter_count
    from hubs.focus_charges
    group by all
"""
PLAIN = """
    create table totals as
    select
        ProviderName as service_provider_name, strftime(BillingPeriodStart, '%Y-%m') as billing_period,
        BillingCurrency as billing_currency,
        sum(BilledCost) as billed_cost, sum(EffectiveCost) as effective_cost,
        sum(ListCost) as list_cost, sum(ContractedCost) as contracted_cost, count(*) as charge_count
    from read_parquet('{files}')
    group by all
"""
COSTS = """
    select service_provider_name, billing_period, billing_currency, billed_cost, effective_cost, list_cost,
        contracted_cost, charge_count
    from totals order by all
"""


def compile_all() -> None:
    """Has dbt write its manifest with compiled SQL, as a build finds it that is not the first."""
    _dbt("compile", "--select", f"+{HUB}")


def build_hub() -> None:
    """Ours: dbt's build of the hub, then one reading of it."""
    from orchestration.paths import Home
    from orchestration.settings import load_settings

    _dbt("build", "--select", f"+{HUB}")
    with duckdb.connect(str(Home(load_settings().home).build_file)) as connection:
        for statement in (*SETTINGS, "drop table if exists totals", READING):
            connection.execute(statement)


def _dbt(verb: str, *options: str) -> None:
    from orchestration.paths import DBT_PROJECT, Home
    from orchestration.settings import load_settings
    from orchestration.warehouse import dbt_executable, set_dbt_environment

    settings = load_settings()
    set_dbt_environment(settings)
    folders = ["--project-dir", str(DBT_PROJECT), "--target-path", str(Home(settings.home).dbt_target)]
    subprocess.run([dbt_executable(), verb, "--quiet", *folders, *options], check=True)


PROCESSES = {"compile_all": compile_all, "build_hub": build_hub}


def lay_out(home: Path, config: Path, delivered: Path) -> Path:
    """The input folder of a build over typed Parquet of the files; the pattern of those."""
    sys.path.insert(0, str(BENCHMARKS.parent))
    from orchestration.inputs import Selection
    from orchestration.inputs import lay_out as lay_out_inputs
    from orchestration.paths import Home
    from orchestration.settings import load_settings

    os.environ["METERHOUSE_HOME"] = str(home)
    settings = load_settings(config)
    Home(settings.home).make()
    lay_out_inputs(settings, Selection(()))
    inputs = Home(settings.home).inputs
    with duckdb.connect() as connection:
        for statement in (*SETTINGS, *landing_statements(sorted(delivered.iterdir()), inputs)):
            connection.execute(statement)
    for folder in inputs.glob("focus/charges/role=current/source_name=generated/scope=all/*"):
        _with_partition(folder)
    return inputs / "focus" / "charges" / "role=current" / "source_name=generated"


def _with_partition(folder: Path) -> None:
    place = folder / "partition_key=some"
    place.mkdir()
    for part in folder.glob("*.parquet"):
        part.rename(place / part.name)


def bare(work: Path, name: str, statements: list[str]) -> tuple[Sample, Path]:
    """Statements in a new process and a new DuckDB file; the file."""
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    plan, database = folder / "plan.json", folder / "meterhouse.duckdb"
    plan.write_text(json.dumps({"database": str(database), "settings": SETTINGS, "statements": statements}))
    return timed_process([str(BENCHMARKS / "bare.py"), str(plan)], folder, folder), database


def hub_statements(manifest: Path) -> list[str]:
    """Seeds and models that the hub reads, and the hub, in order, as plain SQL."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    nodes: dict[str, Any] = content["nodes"]
    wanted, waiting = set(), [key for key, node in nodes.items() if node["name"] == HUB]
    while waiting:
        key = waiting.pop()
        if key in nodes and key not in wanted:
            wanted.add(key)
            waiting += nodes[key]["depends_on"].get("nodes", [])
    return build_statements({"nodes": {key: nodes[key] for key in wanted}})


def costs(database: Path) -> list[Any]:
    """What all sides must agree on."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(COSTS).fetchall()


def measure(work: Path, rows: int, repeat: int, options: argparse.Namespace) -> None:
    """Both figures for one number of rows."""
    delivered = work / "delivered"
    files = write_months(delivered, rows, 3, "parquet", options.seed)
    size = sum(file.stat().st_size for file in files) / 1024**2
    print(f"\n== {rows:,} charges in {len(files)} Parquet files, {size:,.1f} MiB ==", flush=True)
    home, config = work / "home", work / "meterhouse.toml"
    config.write_text(f'[[sources]]\nvendor = "focus"\nname = "generated"\nlocation = "{delivered}"\n')
    typed = lay_out(home, config, delivered)
    script = str(Path(__file__))
    timed_process([script, "compile_all"], home, config)
    statements = hub_statements(home / "builds" / "work" / "target" / "manifest.json")
    ours, same, plain = [], [], []
    for _ in range(repeat):
        ours.append(timed_process([script, "build_hub"], home, config))
        sample, database = bare(work, "bare_hub", [*statements, READING])
        same.append(sample)
        pattern = str(typed / "**" / "*.parquet").replace("'", "''")
        plain_sample, plain_database = bare(work, "plain", [PLAIN.format(files=pattern)])
        plain.append(plain_sample)
        found = [costs(home / "builds" / "work" / "meterhouse.duckdb"), costs(database), costs(plain_database)]
        if not found[0] == found[1] == found[2] or sum(row[-1] for row in found[0]) != rows:
            raise RuntimeError(f"not the same work: {[each[:2] for each in found]}")
    for title, samples in (("dbt build and reading", ours), ("the same SQL, bare", same), ("plain sums", plain)):
        print(spread(title, samples))
        seconds = statistics.median(sample.seconds for sample in samples)
        print(f"  {'rows a second':<40} {rows / seconds:,.0f}")
    print(figure("focus", rows, ours, same))
    print(figure("mapping", rows, same, plain), flush=True)


def main() -> None:
    """Reads the options, says what is measured with what, and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000], help="Numbers of charges.")
    parser.add_argument("--repeat", type=int, help="Default: 3, above a million rows 1.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    versions = " ".join(f"{name}={importlib.metadata.version(name)}" for name in VERSIONED)
    print(f"python={platform.python_version()} {versions}")
    print(f"platform={platform.platform()} cpus={os.cpu_count()} load={os.getloadavg()[0]:.2f}")
    print(f"date={datetime.now(UTC):%Y-%m-%dT%H:%MZ} seed={options.seed}")
    for rows in options.rows:
        repeat = options.repeat or (3 if rows <= SEVERAL_REPEATS_UP_TO else 1)
        with tempfile.TemporaryDirectory(prefix="meterhouse-benchmark-") as folder:
            measure(Path(folder), rows, repeat, options)


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in PROCESSES:
        PROCESSES[sys.argv[1]]()
    else:
        main()

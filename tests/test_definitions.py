"""The Dagster graph: what a data engineer expects to find on it."""

import os
from pathlib import Path

import pytest

from tests.conftest import Demo
from tests.small_company import small_company
from tests.support import meterhouse

PRINT_GRAPH = """
import json, os, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from orchestration.runs import prepare_environment
prepare_environment(None)
import dagster as dg
from orchestration import definitions
graph = definitions.defs.resolve_asset_graph()
nodes = {
    node.key.to_user_string(): {
        "group": node.group_name, "owners": sorted(node.owners), "kinds": sorted(node.kinds),
        "description": node.description, "partitioned": node.partitions_def is not None,
        "parents": sorted(key.to_user_string() for key in node.parent_keys),
        "freshness": node.freshness_policy is not None,
    }
    for node in graph.asset_nodes if node.is_executable
}
checks = [
    {"asset": node.key.asset_key.to_user_string(), "name": node.key.name, "blocking": node.blocking}
    for node in graph.asset_check_nodes
]
jobs = {name: definitions.defs.resolve_job_def(name).executor_def.name for name in ("land", "build")}
schedules = sorted(schedule.name for schedule in definitions.defs.schedules)
print(json.dumps({"nodes": nodes, "checks": checks, "jobs": jobs, "schedules": schedules}))
"""

BACKFILL = """
import json, warnings
warnings.simplefilter("ignore")
from orchestration.runs import prepare_environment
prepare_environment(None)
import dagster as dg
from orchestration import definitions
job = definitions.defs.resolve_job_def("land")
with dg.DagsterInstance.get() as instance:
    result = job.execute_in_process(instance=instance, partition_key="2026-09-01", raise_on_error=False)
from orchestration.packages import packages
landed = sorted((package.manifest.vendor, package.manifest.partition) for package in packages(definitions.home))
print(json.dumps({"success": result.success, "landed": landed}))
"""


def run_python(home: Path, program: str) -> dict[str, object]:
    """The JSON that a program prints last, run on a home in a process of its own."""
    import json
    import subprocess
    import sys

    from orchestration.paths import PROJECT

    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("METERHOUSE_", "DAGSTER_", "DBT_"))
    }
    process = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=kept | {"METERHOUSE_HOME": str(home), "METERHOUSE_CONFIG": str(small_company(home))},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    content: dict[str, object] = json.loads(process.stdout.strip().splitlines()[-1])
    return content


@pytest.fixture(scope="module")
def graph(demo: Demo) -> dict[str, object]:
    return run_python(demo.home, PRINT_GRAPH)


def test_every_asset_has_group_owner_kind_and_description(graph: dict[str, dict[str, dict[str, object]]]) -> None:
    assert len(graph["nodes"]) > 20
    for key, node in graph["nodes"].items():
        assert node["owners"], key
        assert node["kinds"], key
        assert node["group"] not in (None, "default"), key
        assert node["description"], key


def test_landing_assets_are_the_sources_of_dbt(graph: dict[str, dict[str, dict[str, object]]]) -> None:
    nodes = graph["nodes"]
    assert nodes["staging/stg_focus__charges"]["parents"] == ["focus/charges"]
    assert nodes["focus/charges"]["partitioned"]
    assert not nodes["staging/stg_focus__charges"]["partitioned"]
    assert nodes["focus/charges"]["freshness"]
    assert nodes["publication"]["freshness"]
    assert "focus/cost_and_usage" in nodes["publication"]["parents"]


def test_gates_block(graph: dict[str, list[dict[str, object]]]) -> None:
    blocking = {(check["asset"], check["name"]) for check in graph["checks"] if check["blocking"]}
    assert ("focus/charges", "contract") in blocking
    assert ("finance/ledger_entries", "looks_like_itself") in blocking
    names = {check["name"] for check in graph["checks"]}
    assert "every_charge_is_allocated_exactly_once" in names


def test_two_jobs_run_in_process_on_two_schedules(graph: dict[str, object]) -> None:
    assert graph["jobs"] == {"land": "in_process", "build": "in_process"}
    assert graph["schedules"] == ["build_daily", "land_daily"]


def test_a_backfill_of_one_month_lands_that_month_and_no_other(tmp_path: Path) -> None:
    result = run_python(tmp_path / "var", BACKFILL)
    assert result == {"success": True, "landed": [["focus", "2026-09"], ["manual", "2026-09"]]}
    # The months that waited land with the next run; the one that was backfilled is not read as new.
    finished = meterhouse(tmp_path / "var", "land")
    assert finished.code == 0
    assert "manual/demo_lines 2026-08: landed" in finished.output
    assert "2026-09:" not in finished.output


ROW_COUNTS = """
import json, warnings
warnings.simplefilter("ignore")
from orchestration.runs import prepare_environment
prepare_environment(None)
import dagster as dg
with dg.DagsterInstance.get() as instance:
    found = {}
    for key in ("finance/ledger_entries", "focus/charges", "publication"):
        event = instance.get_latest_materialization_event(dg.AssetKey(key.split("/")))
        found[key] = event.asset_materialization.metadata["dagster/row_count"].value
print(json.dumps(found))
"""


def test_materializations_carry_row_counts(demo: Demo) -> None:
    assert run_python(demo.home, ROW_COUNTS) == {
        "finance/ledger_entries": 666,
        "focus/charges": 653,
        "publication": 2340,
    }

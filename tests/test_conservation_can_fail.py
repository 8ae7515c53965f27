"""Law 1's tests can fail: each step is broken once in a copy of the project, and the test with that name goes red."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.paths import PROJECT, Home
from tests.conftest import Demo
from tests.support import copy_of_the_project

LAST_LINE = {
    "staging/focus/stg_focus__charges": "select * from renamed",
    "focus/focus_focus__charges": "select * from in_focus_terms",
    "allocation/allocated_charges": "select * from direct_shares",
    "ledger/ledger_entries": "select * from entries",
    "marts/focus/cost_and_usage": "select * from spelled_as_specified",
    "marts/engineering/daily_spend_by_team": "select * from daily_spend",
    "marts/finance/chargeback_by_cost_centre": "select * from chargeback",
}
# A row that is there once in every layer: the one with the smallest key.
DROP = " qualify row_number() over (order by 1) > 1"
DOUBLE = " cross join (values (1), (2)) as doubled (n)"

# Minutes of whole builds: `make drill` runs them, as .ci/run does.
pytestmark = pytest.mark.drill


def dbt_results(demo: Demo, project: Path, folder: Path) -> dict[str, str]:
    """Status of every node of `dbt build` in a copy of the project, over the demo's inputs."""
    home = Home(demo.home)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("METERHOUSE_", "DBT_"))}
    environment |= {
        "METERHOUSE_BUILD_FILE": str(folder / "build.duckdb"),
        "METERHOUSE_INPUTS": str(home.inputs),
        "METERHOUSE_SCRATCH": str(folder / "scratch"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    dbt = Path(sys.executable).with_name("dbt")
    command = [str(dbt), "--quiet", "build", "--project-dir", str(project / "dbt_project")]
    command += ["--profiles-dir", str(project / "dbt_project"), "--target-path", str(folder / "target")]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    path = folder / "target" / "run_results.json"
    assert path.is_file(), process.stdout + process.stderr
    results = json.loads(path.read_text())["results"]
    return {node["unique_id"].split(".")[2]: node["status"] for node in results}


@pytest.mark.parametrize(
    ("model", "break_", "test"),
    [
        ("staging/focus/stg_focus__charges", DROP, "every_landed_cent_is_staged"),
        ("focus/focus_focus__charges", DROP, "every_staged_cent_reaches_focus"),
        ("allocation/allocated_charges", DROP, "every_charge_is_allocated_exactly_once"),
        ("ledger/ledger_entries", DROP, "every_allocated_cent_is_in_the_ledger"),
        ("marts/focus/cost_and_usage", DROP, "every_landed_cent_is_published"),
        ("marts/engineering/daily_spend_by_team", DROP, "every_ledger_cent_reaches_a_team"),
        ("marts/finance/chargeback_by_cost_centre", DROP, "every_ledger_cent_is_charged_to_a_cost_centre"),
    ],
)
def test_a_dropped_row_is_found_by_name(demo: Demo, tmp_path: Path, model: str, break_: str, test: str) -> None:
    project = copy_of_the_project(tmp_path)
    path = project / "dbt_project" / "models" / f"{model}.sql"
    text = path.read_text()
    assert text.rstrip().endswith(LAST_LINE[model])
    path.write_text(text.rstrip() + break_ + "\n")
    remove_data_tests_of(project, model)
    assert dbt_results(demo, project, tmp_path)[test] == "fail"


def test_a_doubled_join_is_found_by_name(demo: Demo, tmp_path: Path) -> None:
    # A team that stands twice in its seed doubles the money of its charges.
    project = copy_of_the_project(tmp_path)
    path = project / "dbt_project" / "models" / "allocation" / "allocated_charges.sql"
    text = path.read_text()
    assert "from charges\n" in text
    path.write_text(text.replace("\n    from charges\n", f"\n    from charges{DOUBLE}\n"))
    remove_data_tests_of(project, "allocation/allocated_charges")
    assert dbt_results(demo, project, tmp_path)["every_charge_is_allocated_exactly_once"] == "fail"


def test_the_project_as_it_is_passes(demo: Demo, tmp_path: Path) -> None:
    results = dbt_results(demo, copy_of_the_project(tmp_path), tmp_path)
    assert set(results.values()) <= {"success", "pass"}
    sentences = {path.stem for path in (PROJECT / "dbt_project" / "tests" / "reconciliation").glob("*.sql")}
    assert sentences <= set(results)


def test_a_failed_test_publishes_nothing(demo_copy: Home, tmp_path: Path) -> None:
    from tests.support import meterhouse, published

    project = copy_of_the_project(tmp_path)
    path = project / "dbt_project" / "models" / "ledger" / "ledger_entries.sql"
    path.write_text(path.read_text().rstrip() + DROP + "\n")
    before = published(demo_copy.root)
    finished = meterhouse(demo_copy.root, "build", project=project)
    assert finished.code == 1
    assert "every_allocated_cent_is_in_the_ledger" in finished.output
    assert f"generation {before.generation} keeps serving" in finished.output
    assert failed_checks(demo_copy) == ["every_allocated_cent_is_in_the_ledger"]
    after = published(demo_copy.root)
    assert after.generation == before.generation
    assert after.database.read_bytes() == before.database.read_bytes()


def failed_checks(home: Home) -> list[str]:
    """The checks that Dagster shows as failed in its newest run."""
    program = (
        "import json, dagster as dg\n"
        "with dg.DagsterInstance.get() as instance:\n"
        "    run = instance.get_runs(limit=1)[0]\n"
        "    kind = {dg.DagsterEventType.ASSET_CHECK_EVALUATION}\n"
        "    entries = [entry.dagster_event for entry in instance.all_logs(run.run_id, of_type=kind)]\n"
        "    checks = [entry.asset_check_evaluation_data for entry in entries]\n"
        "print(json.dumps([check.check_name for check in checks if not check.passed]))\n"
    )
    environment = os.environ | {"DAGSTER_HOME": str(home.dagster)}
    process = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    found: list[str] = json.loads(process.stdout.strip().splitlines()[-1])
    return found


def remove_data_tests_of(project: Path, model: str) -> None:
    """Keeps other tests of the broken model from stopping the build before the reconciliation is reached."""
    path = project / "dbt_project" / "models" / f"{model}.yml"
    lines = path.read_text().splitlines()
    kept, skipping = [], None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if skipping is not None and line.strip() and indent <= skipping:
            skipping = None
        if line.strip().startswith("data_tests:"):
            skipping = indent
        if skipping is None:
            kept.append(line)
    path.write_text("\n".join(kept) + "\n")

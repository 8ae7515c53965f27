"""Borders that no single file shows: what may become spend, and what no pipeline code may know."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestration.contracts import landing_contract
from orchestration.landing import landing_tables
from orchestration.paths import PROJECT, Home
from tests.conftest import Demo


@pytest.fixture(scope="module")
def manifest(demo: Demo) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((Home(demo.home).dbt_target / "manifest.json").read_text())
    return content


def ancestors(manifest: dict[str, Any], name: str) -> set[str]:
    """Every node above a model, by its id."""
    found: set[str] = set()
    waiting = [f"model.meterhouse.{name}"]
    while waiting:
        for parent in manifest["parent_map"].get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def billed(manifest: dict[str, Any]) -> set[str]:
    """The landed tables whose rows are spend: those whose contract says what they come to."""
    return {
        f"source.meterhouse.{vendor}.{table.name}"
        for vendor, table in landing_tables()
        if "landedTotals" in landing_contract(vendor, table.name).properties
    }


def sources_above(manifest: dict[str, Any], name: str) -> set[str]:
    return {node for node in ancestors(manifest, name) if node.startswith("source.")}


def test_metered_and_estimated_rows_never_enter_spend(manifest: dict[str, Any]) -> None:
    """Spend is proved against the billed tables alone, row by row; what else an arm reads are names and quantities."""
    assert sources_above(manifest, "int_staged_totals") == billed(manifest)
    above = ancestors(manifest, "focus_charges")
    assert billed(manifest) <= above
    # What the names of a bill's meters say is read from bills.
    metered = re.compile(r"^model\.meterhouse\.(usage_|int_(?!charges$|charge_classes$|[a-z_]+_meters$))")
    assert not [node for node in above if metered.search(node)]
    beside = {node.removeprefix("source.meterhouse.") for node in sources_above(manifest, "focus_charges")}
    beside -= {node.removeprefix("source.meterhouse.") for node in billed(manifest)}
    # Each of these gives names to ids, or tokens to a charge that has its money already.
    assert beside == {
        "anthropic.api_keys",
        "anthropic.legacy_usage",
        "anthropic.usage",
        "anthropic.workspaces",
        "openai.api_keys",
        "openai.projects",
    }


def test_everything_that_is_landed_is_staged(manifest: dict[str, Any]) -> None:
    landed = {f"source.meterhouse.{vendor}.{table.name}" for vendor, table in landing_tables()}
    known = {node for node in manifest["sources"] if ".landing." not in node}
    assert known == landed


def modules() -> list[Path]:
    return sorted((PROJECT / "orchestration").rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_no_pipeline_code_can_read_the_truth() -> None:
    inside = PROJECT / "orchestration" / "demo_company"
    outside = [path for path in modules() if inside not in path.parents]
    knowing = {path.name for path in outside if any("demo_company" in name for name in imported(path))}
    assert knowing <= {"demo.py", "runs.py", "cli.py"}
    readers = {path.name for path in outside if any(name.endswith("orchestration.demo") for name in imported(path))}
    assert readers <= {"definitions.py", "runs.py", "cli.py"}
    assert not any("truth" in name for name in imported(PROJECT / "orchestration" / "demo.py"))
    for path in outside:
        assert "truth/" not in path.read_text(encoding="utf-8"), path
        assert '"truth"' not in path.read_text(encoding="utf-8"), path
    for path in [
        *(PROJECT / "dbt_project" / "models").rglob("*.sql"),
        *(PROJECT / "dbt_project" / "models").rglob("*.yml"),
    ]:
        assert "billed_units" not in path.read_text(encoding="utf-8"), path

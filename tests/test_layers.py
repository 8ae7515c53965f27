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
from tests.support import query


@pytest.fixture(scope="module")
def manifest(demo: Demo) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((Home(demo.home).dbt_target / "manifest.json").read_text())
    return content


def ancestors(manifest: dict[str, Any], name: str, beneath: str | None = None) -> set[str]:
    """Every node above a model, by its id; of what lies above `beneath` only what is reached another way too."""
    found: set[str] = set()
    waiting = [f"model.meterhouse.{name}"]
    while waiting:
        for parent in manifest["parent_map"].get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                if parent != f"model.meterhouse.{beneath}":
                    waiting.append(parent)
    return found


def billed(manifest: dict[str, Any]) -> set[str]:
    """The landed tables whose rows are spend: those whose contract says what they come to."""
    return {
        f"source.meterhouse.{vendor}.{table.name}"
        for vendor, table in landing_tables()
        if "landedTotals" in landing_contract(vendor, table.name).properties
    }


def sources_above(manifest: dict[str, Any], name: str, beneath: str | None = None) -> set[str]:
    return {node for node in ancestors(manifest, name, beneath) if node.startswith("source.")}


# Which models want a price: names that were used, and no quantity. Prices are looked up for them.
KEYS = "int_keys_to_price"


def test_metered_and_estimated_rows_never_enter_spend(manifest: dict[str, Any]) -> None:
    """Spend is proved against the billed tables alone, row by row; what else an arm reads are names and quantities."""
    assert sources_above(manifest, "int_staged_totals") == billed(manifest)
    above = ancestors(manifest, "focus_charges", KEYS)
    assert billed(manifest) <= above
    assert not [node for node in above if re.search(r"^model\.meterhouse\.(usage_|int_usage_)", node)]
    keys = (PROJECT / "dbt_project" / "models" / "focus" / f"{KEYS}.sql").read_text(encoding="utf-8")
    assert not re.search(r"quantity|cost\b|sum\(|count\(", keys)
    beside = {node.removeprefix("source.meterhouse.") for node in sources_above(manifest, "focus_charges", KEYS)}
    beside -= {node.removeprefix("source.meterhouse.") for node in billed(manifest)}
    # Each of these gives names to ids, or a quantity or a list price to a charge that has its money already.
    assert beside == {
        "anthropic.api_keys",
        "anthropic.legacy_usage",
        "anthropic.usage",
        "anthropic.workspaces",
        "openai.api_keys",
        "openai.projects",
        "openai.usage",
        "prices.contract_prices",
        "prices.genai_models",
        "prices.genai_prices",
        "prices.litellm_prices",
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


def test_every_arm_gives_decimals_of_the_money_type(demo: Demo) -> None:
    """One arm with a decimal of another scale rounds that column of all arms where they are put below each other.

    The tokens of one bill, rounded to whole ones, once took the decimals off every other vendor's quantities.
    """
    arms = sorted(path.stem for path in (PROJECT / "dbt_project" / "models" / "focus").glob("focus_*__charges.sql"))
    found = query(
        Home(demo.home).build_file,
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'hubs' "
        "and (data_type like 'DECIMAL%' or data_type in ('DOUBLE', 'FLOAT'))",
    )
    of_arms = [row for row in found if row[0] in (*arms, "int_charges")]
    assert sorted({str(row[0]) for row in of_arms}) == [*arms, "int_charges"]
    assert [row for row in of_arms if row[2] != "DECIMAL(35,18)"] == []

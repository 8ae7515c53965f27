"""The official FOCUS validator on what is published: every failure is one that the list expects, to the row.

The list is tests/focus_validator_expected.yml. A rule that fails and is not in it, that fails on another number of
rows, or that no longer fails, fails the test: `python -m tests.focus_validator --record SOURCE` writes them anew.
"""

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.focus_export import export_focus
from orchestration.paths import Home
from tests.conftest import Demo, Larkfield
from tests.focus_validator import (
    EXPECTED_RUNS,
    NO_ENVIRONMENT,
    NO_RULES,
    PYTHON,
    RULES_1_3,
    Outcome,
    bundle_run,
    differences,
    expectations,
    official_run,
    table_of,
    validate_home,
)

pytestmark = pytest.mark.skipif(not PYTHON.is_file(), reason=NO_ENVIRONMENT)


SOURCES = ("larkfield", "real_exports")


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The runs of a source by name, made once."""

    @cache
    def of(source: str) -> dict[str, Outcome]:
        folder = tmp_path_factory.mktemp(source)
        home = Home(request.getfixturevalue(source).home)
        return {outcome.run: outcome for outcome in validate_home(home, folder)}

    return of


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("run", EXPECTED_RUNS)
def test_every_failure_of_the_validator_is_expected(outcomes: Any, source: str, run: str) -> None:
    if run.startswith("1.3") and not RULES_1_3.is_dir():
        pytest.skip(NO_RULES)
    expected = expectations(source).get(run)
    found = outcomes(source).get(run)
    # A dataset without rows is not validated, and the list says so by leaving it out.
    assert (expected is None) == (found is None), f"{source}, {run}: expected {expected}, found {found and found.run}"
    if expected is not None and found is not None:
        print(table_of([found]))
        assert differences(expected, found) == []


@pytest.mark.parametrize(("version", "passed"), [("1.2", 359), ("1.3", 452)])
def test_without_purchases_that_bear_their_own_cost_the_ceiling_is_reached(
    larkfield: Larkfield, tmp_path: Path, version: str, passed: int
) -> None:
    # What data can reach at all. Seats are the reason that Larkfield passes two rules less: see EffectiveCost-C-005-C.
    if version == "1.3" and not RULES_1_3.is_dir():
        pytest.skip(NO_RULES)
    file = export_focus(Home(larkfield.home), version, tmp_path).files["cost_and_usage"]
    others = tmp_path / "others.parquet"
    seats = "ChargeCategory = 'Purchase' and EffectiveCost <> 0"
    duckdb.execute(f"copy (from '{file}' where not ({seats})) to '{others}' (format parquet)")
    assert official_run(version, "CostAndUsage", others, tmp_path).count("passed") >= passed


def test_every_expected_failure_says_what_is_at_fault() -> None:
    kinds = {"rule defect", "engine defect", "source defect"}
    for source in SOURCES:
        for run, facts in expectations(source).items():
            for name, failure in facts["failures"].items():
                assert failure["kind"] in kinds, (source, run, name)
                assert len(failure["why"]) > 20, (source, run, name)


def test_a_broken_value_is_found(demo: Demo, tmp_path: Path) -> None:
    file = export_focus(Home(demo.home), "1.2", tmp_path).files["cost_and_usage"]
    good = official_run("1.2", "CostAndUsage", file, tmp_path)
    # Not a ChargeCategory that does not exist: 2.2.1 passes that, our own contract does not.
    sku = "case when ChargeCategory = 'Tax' then 'tax' else SkuId end as SkuId"
    broken = tmp_path / "broken.parquet"
    duckdb.execute(f"copy (select * replace ({sku}) from '{file}') to '{broken}' (format parquet)")
    bad = official_run("1.2", "CostAndUsage", broken, tmp_path)
    assert "SkuId-C-004-C" not in good.failed
    assert bad.failed["SkuId-C-004-C"] == 3
    expected = {
        "rows": good.row_count,
        "evaluated": good.evaluated,
        "passed": good.count("passed"),
        "failures": {name: {"violations": count} for name, count in good.failed.items()},
    }
    assert differences(expected, good) == []
    assert any("SkuId-C-004-C" in line for line in differences(expected, bad))


def test_a_file_without_rows_is_no_success(demo: Demo, tmp_path: Path) -> None:
    # The tool passes 115 rules on nothing at all.
    file = export_focus(Home(demo.home), "1.2", tmp_path).files["cost_and_usage"]
    empty = tmp_path / "empty.parquet"
    duckdb.execute(f"copy (select * from '{file}' limit 0) to '{empty}' (format parquet)")
    outcome = official_run("1.2", "CostAndUsage", empty, tmp_path)
    assert outcome.count("passed") > 100
    expected = {"rows": 225, "evaluated": outcome.evaluated, "passed": outcome.count("passed"), "failures": {}}
    assert differences(expected, outcome)[0] == "rows: expected 225, found 0"


def test_the_bundle_finds_a_line_that_is_gone(demo: Demo, tmp_path: Path) -> None:
    files = export_focus(Home(demo.home), "1.4", tmp_path).files
    lines, broken = files["invoice_detail"], tmp_path / "broken.parquet"
    first = f"InvoiceDetailId <> (select min(InvoiceDetailId) from '{lines}')"
    duckdb.execute(f"copy (from '{lines}' where {first}) to '{broken}' (format parquet)")
    found = bundle_run(files | {"invoice_detail": broken}, tmp_path)
    assert set(found.failed) == {"FDT-CROSS-014:ERROR"}
    assert bundle_run(files, tmp_path).failed == {}

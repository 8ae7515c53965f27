"""Contracts become rules, rules become counts, counts are judged. No delivery and no build here."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import great_expectations as gx
import pytest
from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween

from orchestration.contracts import (
    CONTRACTS,
    CheckResult,
    Contract,
    Rule,
    judge,
    landing_contract,
    load_contract,
    measure,
    passed,
    published_contracts,
)
from orchestration.errors import ConfigurationError
from tests.deliveries import FOCUS_ROW, MANUAL_ROW, manual_row

HEAD = """
apiVersion: v3.1.0
kind: DataContract
id: test.numbers
name: Numbers
version: 1.0.0
status: active
schema:
  - name: numbers
    physicalType: parquet
"""
EVERY_KIND = (
    HEAD
    + """
    quality:
      - {type: library, metric: rowCount, mustBeGreaterThan: 0}
      - {name: at most two rows, type: sql, query: 'select count(*) from {object}', mustBeLessOrEqualTo: 2}
      - name: the sum is between
        type: sql
        query: select sum(number) from {object}
        mustBeGreaterOrEqualTo: -5
        mustBeLessOrEqualTo: 5
        severity: warning
        arguments: {columns: [number], failing: number > 5}
    properties:
      - name: name
        logicalType: string
        physicalType: varchar
        required: true
        quality:
          - {type: library, metric: invalidValues, arguments: {pattern: "[a-z']+"}, mustBe: 0, severity: error}
          - type: library
            metric: invalidValues
            arguments: {validValues: [one, "two's"]}
            mustBe: 0
            severity: warning
      - name: number
        logicalType: integer
        physicalType: integer
        quality:
          - {type: library, metric: nullValues, mustBe: 0, severity: warning}
"""
)
RULE = Rule("nothing is wrong", "error", "select 0", 0, 0)
BETWEEN = Rule("the sum is between", "error", "select 0", -5, 5)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("set TimeZone = 'UTC'")
        yield opened


def _written(folder: Path, text: str) -> Contract:
    path = folder / "numbers.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    return load_contract(path)


def _refusal(folder: Path, text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        _written(folder, text)
    return caught.value


def _broken(results: list[CheckResult]) -> dict[str, str]:
    return {result.name: result.found for result in results if not result.passed}


# Parsing.


@pytest.mark.parametrize(("vendor", "table"), [("focus", "charges"), ("manual", "lines")])
def test_a_landing_contract_parses_and_says_how_to_land(vendor: str, table: str) -> None:
    contract = landing_contract(vendor, table)
    assert contract.table == table
    assert len(contract.rules) > 20
    assert contract.grain.startswith("One row per ")
    assert {"partition", "partitionColumn", "chargeDay", "currency", "provider"} <= set(contract.properties)
    assert list(contract.properties["landedTotals"]) == [
        "billed_cost",
        "effective_cost",
        "list_cost",
        "contracted_cost",
    ]


def test_every_published_contract_parses() -> None:
    files = sorted((CONTRACTS / "published").glob("*.odcs.yaml"))
    assert list(published_contracts()) == [file.name.removesuffix(".odcs.yaml") for file in files]
    assert all(contract.rules for contract in published_contracts().values())


def test_money_has_one_type_in_every_contract() -> None:
    contracts = [landing_contract("focus", "charges"), landing_contract("manual", "lines")]
    contracts += published_contracts().values()
    kinds = {
        column.physical_type
        for contract in contracts
        for column in contract.columns
        if column.name.casefold().endswith(("cost", "amount"))
    }
    assert kinds == {"decimal(35,18)"}


def test_the_names_of_a_contract_are_those_of_the_test_rows() -> None:
    assert [column.name for column in landing_contract("manual", "lines").columns] == list(MANUAL_ROW)
    assert set(FOCUS_ROW) <= {column.name for column in landing_contract("focus", "charges").columns}


def test_every_kind_of_rule_is_compiled(tmp_path: Path) -> None:
    contract = _written(tmp_path, EVERY_KIND)
    facts = [(rule.name, rule.severity, rule.minimum, rule.maximum, rule.columns) for rule in contract.rules]
    assert facts == [
        ("name is never null", "error", 0, 0, ("name",)),
        ("name has the agreed form", "error", 0, 0, ("name",)),
        ("name has an agreed value", "warning", 0, 0, ("name",)),
        ("number is never null", "warning", 0, 0, ("number",)),
        ("the table has rows", "error", 0, None, ()),
        ("at most two rows", "error", None, 2, ()),
        ("the sum is between", "warning", -5, 5, ("number",)),
    ]
    assert contract.rules[-1].failing == "number > 5"


@pytest.mark.parametrize("name", ["role", "Scope", "source_name", "delivery_id", "partition_key", "_part", "_mine"])
def test_a_landed_column_has_no_name_that_landing_gives(tmp_path: Path, name: str) -> None:
    renamed = EVERY_KIND.replace("- name: number\n", f"- name: {name}\n")
    assert _written(tmp_path, renamed).column(name)
    (tmp_path / "landed").mkdir()
    refusal = _refusal(tmp_path / "landed", renamed + "customProperties: [{property: partition, value: name}]\n")
    assert refusal.key == "schema.properties"
    assert refusal.found == name


def test_rules_of_absent_columns_are_not_asked(tmp_path: Path) -> None:
    names = [rule.name for rule in _written(tmp_path, EVERY_KIND).rules_for(["name"])]
    assert "number is never null" not in names
    assert "the sum is between" not in names
    assert {"name is never null", "the table has rows"} <= set(names)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("nothing: of the kind", "contract"),
        (": not yaml [", "contract"),
        (HEAD, "schema"),
        (HEAD + "    properties:\n      - {name: a, physicalType: varchar}\n", "quality"),
        (HEAD + "    properties:\n      - {name: a, required: true}\n", "schema.properties"),
        (
            HEAD + "    properties:\n      - name: a\n        physicalType: varchar\n"
            "        quality: [{type: library, metric: duplicateValues, mustBe: 0}]\n",
            "quality of a",
        ),
        (
            HEAD + "    quality: [{name: q, type: sql, query: select 1}]\n"
            "    properties: [{name: a, physicalType: varchar}]\n",
            "quality q",
        ),
        (
            HEAD + "    quality:\n      - {name: q, type: sql, query: select 1, mustBe: 0}\n"
            "      - {name: q, type: sql, query: select 2, mustBe: 0}\n"
            "    properties: [{name: a, physicalType: varchar}]\n",
            "quality",
        ),
    ],
)
def test_a_contract_that_cannot_be_compiled_is_refused_by_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    refusal = _refusal(tmp_path, text)
    assert (Path(refusal.file).name, refusal.key) == ("numbers.odcs.yaml", key)


def test_greater_than_allows_every_number_above_it(tmp_path: Path) -> None:
    # `greater than 0.5` was compiled to `at least 1.5`.
    rule = _written(tmp_path, _one_rule("mustBeGreaterThan: 0.5")).rules[0]
    assert rule.minimum is not None
    assert rule.minimum <= 1


def test_two_bounds_are_both_kept(tmp_path: Path) -> None:
    rule = _written(tmp_path, _one_rule("mustBeGreaterOrEqualTo: 1, mustBeLessOrEqualTo: 5")).rules[0]
    assert (rule.minimum, rule.maximum, rule.is_strict) == (1, 5, False)


def test_strict_and_inclusive_bounds_together_are_refused(tmp_path: Path) -> None:
    assert "both" in str(_refusal(tmp_path, _one_rule("mustBeGreaterThan: 0, mustBeLessOrEqualTo: 5")))


def _one_rule(bounds: str) -> str:
    return HEAD + (
        f"    quality: [{{name: q, type: sql, query: select 1, {bounds}}}]\n"
        "    properties: [{name: a, physicalType: varchar}]\n"
    )


def test_the_fingerprint_of_a_contract_sees_types_and_no_version(tmp_path: Path) -> None:
    texts = {
        "first": EVERY_KIND,
        "retyped": EVERY_KIND.replace("physicalType: integer", "physicalType: bigint"),
        "versioned": EVERY_KIND.replace("version: 1.0.0", "version: 1.0.1"),
    }
    found = {}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        found[name] = _written(tmp_path / name, text).fingerprint
    assert found["retyped"] != found["first"]
    assert found["versioned"] == found["first"]


# Measuring and judging.


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        ("('one', 1)", {}),
        ("('two''s', 1), ('one', 2)", {}),
        ("(null, 1)", {"name is never null": "1"}),
        ("('ONE', 1), ('one', 1)", {"name has the agreed form": "1", "name has an agreed value": "1"}),
        ("('three', 1), ('four', 1)", {"name has an agreed value": "2"}),
        ("('one', null), ('one', 0)", {"number is never null": "1"}),
        ("('one', 1), ('one', 1), ('one', 1)", {"at most two rows": "3"}),
        ("('one', 6)", {"the sum is between": "6"}),
        ("('one', -6)", {"the sum is between": "-6"}),
    ],
)
def test_a_broken_rule_is_found_with_its_count(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, rows: str, broken: dict[str, str]
) -> None:
    rules = _written(tmp_path, EVERY_KIND).rules
    connection.execute(f"create table numbers as select * from (values {rows}) as given (name, number)")
    assert _broken(judge(rules, [measure(connection, "numbers", rules)])[0]) == broken


def test_an_empty_table_has_no_rows_and_no_sum(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    rules = _written(tmp_path, EVERY_KIND).rules
    connection.execute("create table numbers (name varchar, number integer)")
    results = judge(rules, [measure(connection, "numbers", rules)])[0]
    assert _broken(results) == {"the table has rows": "0", "the sum is between": "no answer"}
    assert not passed(results)


def test_each_table_is_judged_by_its_own_counts() -> None:
    name = RULE.name
    results = judge([RULE], [{name: 0}, {name: 2}, {name: 0}, {name: None}])
    assert [row[0].passed for row in results] == [True, False, True, False]
    assert [row[0].found for row in results] == ["0", "2", "0", "no answer"]


@pytest.mark.parametrize("value", [-5, 5, 0])
def test_bounds_are_part_of_what_is_allowed(value: int) -> None:
    assert judge([BETWEEN], [{BETWEEN.name: value}])[0][0].passed


@pytest.mark.parametrize("value", [-6, 6, 2**63, None])
def test_beyond_the_bounds_or_without_an_answer_a_rule_fails(value: int | None) -> None:
    assert not judge([BETWEEN], [{BETWEEN.name: value}])[0][0].passed


@pytest.mark.parametrize(("rules", "measured"), [([], []), ([], [{}]), ([RULE], [])])
def test_a_gate_that_checks_nothing_has_failed(rules: list[Rule], measured: list[dict[str, Any]]) -> None:
    results = judge(rules, measured)
    assert len(results) == 1
    assert not passed(results[0])


def test_a_warning_alone_passes_and_an_error_does_not() -> None:
    warning = Rule("odd", "warning", "select 1", 0, 0)
    assert passed(judge([warning, RULE], [{"odd": 1, RULE.name: 0}])[0])
    assert not passed(judge([warning, RULE], [{"odd": 0, RULE.name: 1}])[0])


def test_a_rule_that_great_expectations_could_not_judge_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: object, **__: object) -> None:
        raise RuntimeError("the judge is ill")

    monkeypatch.setattr(ExpectColumnValuesToBeBetween, "_validate", raises)
    assert not judge([RULE], [{RULE.name: 0}])[0][0].passed


def test_a_rule_that_great_expectations_reports_as_raised_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    _answer_of_gx(monkeypatch, {"raised_exception": True}, {})
    assert not judge([RULE], [{RULE.name: 0}])[0][0].passed


def test_a_failure_without_a_list_of_rows_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    _answer_of_gx(monkeypatch, {}, {})
    assert not judge([RULE], [{RULE.name: 0}])[0][0].passed


def test_a_rule_that_great_expectations_left_out_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SimpleNamespace(results=[], success=True)
    monkeypatch.setattr("great_expectations.datasource.fluent.interfaces.Batch.validate", lambda *_, **__: answer)
    assert not judge([RULE], [{RULE.name: 0}])[0][0].passed


def _answer_of_gx(monkeypatch: pytest.MonkeyPatch, exception_info: dict[str, Any], result: dict[str, Any]) -> None:
    config = SimpleNamespace(kwargs={"column": RULE.name})
    one = SimpleNamespace(expectation_config=config, exception_info=exception_info, result=result, success=False)
    answer = SimpleNamespace(results=[one], success=False)
    monkeypatch.setattr("great_expectations.datasource.fluent.interfaces.Batch.validate", lambda *_, **__: answer)


def test_a_broken_great_expectations_is_never_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: object, **__: object) -> None:
        raise RuntimeError("no store")

    monkeypatch.setattr(gx, "get_context", raises)
    with pytest.raises(RuntimeError, match="no store"):
        judge([RULE], [{RULE.name: 0}])


# The rules of manual lines: one bad row each.

PREPAID = {
    "treatment": "prepaid",
    "charge_category": "Purchase",
    "effective_amount": "0",
    "service_start_date": "2024-09-01",
    "service_end_date": "2025-09-01",
}
PREPAID_RULE = "prepaid purchases bear no cost of the period and their usage lines are not billed"
DATES_RULE = "prepaid lines say when the service starts and ends"
BAD_LINES: list[tuple[str, dict[str, str]]] = [
    ("period is never null", {"period": ""}),
    ("period has the agreed form", {"period": "2024-13"}),
    ("provider_name is never null", {"provider_name": ""}),
    ("service_name is never null", {"service_name": ""}),
    ("service_category is never null", {"service_category": ""}),
    ("description is never null", {"description": ""}),
    ("charge_category is never null", {"charge_category": ""}),
    ("charge_category has an agreed value", {"charge_category": "usage"}),
    ("amount is never null", {"amount": ""}),
    ("currency is never null", {"currency": ""}),
    ("currency has the agreed form", {"currency": "US$"}),
    ("legal_entity is never null", {"legal_entity": ""}),
    ("posting is never null", {"posting": ""}),
    ("posting has an agreed value", {"posting": "later"}),
    ("treatment is never null", {"treatment": ""}),
    ("treatment has an agreed value", {"treatment": "gift"}),
    ("lines name an owner", {"owner": ""}),
    ("a credit costs what it is billed", {"charge_category": "Credit", "amount": "-2", "effective_amount": "0"}),
    ("workload_phase has an agreed value", {"workload_phase": "Training"}),
    ("capitalised lines have a useful life", {"treatment": "capitalised"}),
    ("capitalised lines have a useful life", {"treatment": "capitalised", "useful_life_months": "0"}),
    (DATES_RULE, {**PREPAID, "service_start_date": ""}),
    (DATES_RULE, {**PREPAID, "service_end_date": ""}),
    (DATES_RULE, {**PREPAID, "service_end_date": "2024-09-01"}),
    (PREPAID_RULE, {**PREPAID, "effective_amount": ""}),
    (PREPAID_RULE, {**PREPAID, "effective_amount": "0.01"}),
    (PREPAID_RULE, {**PREPAID, "charge_category": "Usage", "effective_amount": "5"}),
    (PREPAID_RULE, {**PREPAID, "charge_category": "Usage", "amount": "0", "effective_amount": ""}),
    (PREPAID_RULE, {**PREPAID, "charge_category": "Adjustment"}),
]


TWICE, NAMELESS = "a line stands once in a period", "line_id is never null"
GOOD_LINES: list[dict[str, str]] = [
    {},
    {"amount": "-100.00", "charge_category": "Credit"},
    {"posting": "memo", "useful_life_months": "36", "is_ai": "true"},
    {"treatment": "capitalised", "useful_life_months": "36"},
    PREPAID,
    {**PREPAID, "charge_category": "Usage", "amount": "0", "effective_amount": "30.41"},
]
# Each is a file of two lines, the first of them good; and what it breaks.
FILES: list[tuple[dict[str, str], dict[str, str]]] = [
    *(({"line_id": "2", **cells}, {rule: "1"}) for rule, cells in BAD_LINES),
    *(({"line_id": "2", **cells}, {}) for cells in GOOD_LINES),
    ({}, {TWICE: "1"}),
    # Of lines without an id nobody can say that each stands once.
    ({"line_id": ""}, {NAMELESS: "1", TWICE: "1"}),
]


@pytest.fixture(scope="module")
def broken_by_file() -> list[dict[str, str]]:
    """What each file breaks, and how often: all are judged at once, because that costs the same as one."""
    contract = landing_contract("manual", "lines")
    columns = ", ".join(f'"{column.name}" {column.sql_type}' for column in contract.columns)
    marks = ", ".join("?" for _ in contract.columns)
    measured = []
    with duckdb.connect() as connection:
        for cells, _ in FILES:
            rows = [manual_row(), manual_row(**cells)]
            connection.execute(f"create or replace table lines ({columns})")
            values = [[row[column.name] or None for column in contract.columns] for row in rows]
            connection.executemany(f"insert into lines values ({marks})", values)
            measured.append(measure(connection, "lines", contract.rules))
    return [_broken(results) for results in judge(contract.rules, measured)]


@pytest.mark.parametrize(("number", "cells", "broken"), [(number, *file) for number, file in enumerate(FILES)])
def test_a_line_breaks_exactly_the_rules_that_it_should(
    broken_by_file: list[dict[str, str]], number: int, cells: dict[str, str], broken: dict[str, str]
) -> None:
    assert broken_by_file[number] == broken, cells


def test_every_rule_of_manual_lines_has_a_bad_line_here() -> None:
    tested = {rule for _, broken in FILES for rule in broken}
    assert tested == {rule.name for rule in landing_contract("manual", "lines").rules}

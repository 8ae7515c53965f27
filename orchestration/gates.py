"""The publish gate: does the build look like itself? Contracts of published tables, measured in SQL, judged by suites.

A failed gate publishes nothing. What passed is written beside the build file, and `publish.py` refuses without it.
"""

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.contracts import CheckResult, Contract, Rule, judge, measure, passed, published_contracts
from orchestration.errors import GateError
from orchestration.paths import Home, write_json
from orchestration.settings import Settings

REPORT = "publish_gate.json"


@dataclass(frozen=True)
class GateReport:
    """The results of the publish gate, by `schema.table`."""

    results: dict[str, list[CheckResult]]

    @property
    def is_passed(self) -> bool:
        return bool(self.results) and all(passed(results) for results in self.results.values())


def check_build(settings: Settings) -> GateReport:
    """Measures and judges every table that is to be published, and keeps the report beside the build file."""
    home = Home(settings.home)
    results: dict[str, list[CheckResult]] = {}
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for table, contract in published_contracts().items():
            rules = [*contract.rules, *_policy_rules(contract, settings)]
            results[table] = _shape_results(connection, table, contract)
            if passed(results[table]):
                relation = ".".join(f'"{part}"' for part in table.split("."))
                results[table] += judge(rules, [measure(connection, relation, rules)])[0]
    report = GateReport(results)
    content = {table: [result.as_dict() for result in found] for table, found in results.items()}
    write_json(home.work / REPORT, {"build": build_identity(home), "passed": report.is_passed, "results": content})
    return report


def require_passed(home: Home) -> dict[str, Any]:
    """The gate's report of this very build. Raises GateError when it failed, or was not of this build."""
    path = home.work / REPORT
    report = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if report.get("build") != build_identity(home):
        raise GateError(f"{path}\n  expected: the publish gate's report of this build\n  found:    none, or another's")
    if not report["passed"]:
        lines = [
            f"    {table}: {result['name']}: expected {result['expected']}, found {result['found']}"
            for table, results in report["results"].items()
            for result in results
            if not result["passed"] and result["severity"] == "error"
        ]
        raise GateError(
            "the publish gate refused; the last good publication keeps serving\n" + "\n".join(lines) + f"\n  see {path}"
        )
    return dict(report)


def gate_warnings(home: Home) -> list[tuple[str, str, str, str]]:
    """What the last gate found odd: table, rule, expected, found."""
    report = json.loads((home.work / REPORT).read_text(encoding="utf-8"))
    return [
        (table, result["name"], result["expected"], result["found"])
        for table, results in report["results"].items()
        for result in results
        if not result["passed"] and result["severity"] == "warning"
    ]


def build_identity(home: Home) -> str:
    """What tells one build file from another: inode, size and time of its last change."""
    facts = home.build_file.stat()
    return f"{facts.st_ino}-{facts.st_size}-{facts.st_mtime_ns}"


def _shape_results(connection: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> list[CheckResult]:
    """Columns and types must be those of the contract, in its order: SQL cannot ask a table that is not there."""
    schema, name = table.split(".")
    found = connection.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? "
        "order by column_index",
        [schema, name],
    ).fetchall()
    expected = [(column.name, column.sql_type.upper()) for column in contract.columns]
    differing = [pair for pair in found if pair not in expected] + [pair for pair in expected if pair not in found]
    is_equal = found == expected
    note = "as agreed" if is_equal else ", ".join(f"{column} {kind}" for column, kind in differing) or "another order"
    return [CheckResult("columns and types are as agreed", "error", is_equal, contract.version, note)]


def _policy_rules(contract: Contract, settings: Settings) -> list[Rule]:
    query = contract.properties.get("unallocatedShare")
    if not query:
        return []
    policy = settings.gates
    return [
        Rule("the unallocated share is within the warning", "warning", query, None, policy.unallocated_warn_share),
        Rule("the unallocated share is within the limit", "error", query, None, policy.unallocated_fail_share),
    ]

"""Runs the official FOCUS validator on what is published, and compares it with the list of failures we expect.

`python -m tests.focus_validator` prints the table for a home (default: METERHOUSE_HOME, else ./var). The validator has
an environment of its own, `.venv-focus`; this module only starts it and reads what it says.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.focus_export import export_focus
from orchestration.paths import PROJECT, Home

PYTHON = PROJECT / ".venv-focus" / "bin" / "python"
JOB = Path(__file__).with_name("focus_validator_job.py")
EXPECTED = Path(__file__).with_name("focus_validator_expected.yml")
RULES_1_3 = PROJECT.parent / "shared" / "data" / "focus_rules"
NO_ENVIRONMENT = f"the validator's own environment is not here: make {PYTHON.parent.parent.name}/.ready"
NO_RULES = "the rule model of FOCUS 1.3 lies in ../shared/data/focus_rules, which is not here"
# Version and dataset of the official tool, with the table that it is shown.
OFFICIAL = (
    ("1.2", "CostAndUsage", "cost_and_usage"),
    ("1.3", "CostAndUsage", "cost_and_usage"),
    ("1.3", "ContractCommitment", "contract_commitment"),
)
LINT = {
    "billing_period": "Billing Period",
    "contract_commitment": "Contract Commitment",
    "cost_and_usage": "Cost and Usage",
    "invoice_detail": "Invoice Detail",
}


@dataclass(frozen=True)
class Rule:
    """How one rule came out. `violations` is what the tool counts; a rule that names others counts 0 or 1."""

    status: str
    violations: int
    message: str


@dataclass(frozen=True)
class Outcome:
    """One run: version, dataset, the rows that the tool read, every rule."""

    version: str
    dataset: str
    row_count: int
    rules: dict[str, Rule]

    @property
    def run(self) -> str:
        return f"{self.version} {self.dataset}"

    def count(self, status: str) -> int:
        return sum(rule.status == status for rule in self.rules.values())

    @property
    def evaluated(self) -> int:
        return self.count("passed") + self.count("failed")

    @property
    def failed(self) -> dict[str, int]:
        """Violations of each failed rule, those aside that only name other failed rules."""
        return {
            name: rule.violations
            for name, rule in sorted(self.rules.items())
            if rule.status == "failed" and "failed child rules" not in rule.message
        }


def validate_home(home: Home, folder: Path, criteria: str = "ALL") -> list[Outcome]:
    """Exports each version below `folder` and runs the official tool, then the 1.4 lint, on what was written."""
    exports = {version: export_focus(home, version, folder / version) for version in ("1.2", "1.3", "1.4")}
    outcomes = []
    for version, dataset, table in OFFICIAL:
        if version == "1.3" and not RULES_1_3.is_dir():
            continue
        export = exports[version]
        if export.row_counts[table] == 0:
            continue
        rules = str(RULES_1_3) if version == "1.3" else None
        request = {"tool": "official", "file": str(export.files[table]), "rules": rules, "criteria": criteria}
        outcomes.append(_run(version, dataset, request, folder))
    files = {LINT[table]: str(path) for table, path in exports["1.4"].files.items()}
    for dataset, file in files.items():
        outcomes.append(_run("1.4", dataset, {"tool": "lint", "file": file}, folder))
    outcomes.append(_run("1.4", "Bundle", {"tool": "bundle", "files": files}, folder))
    return outcomes


def _run(version: str, dataset: str, request: dict[str, Any], folder: Path) -> Outcome:
    """One run in `.venv-focus`. Its exit status says nothing, so its answer is read."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        answer = Path(scratch) / "answer.json"
        job = Path(scratch) / "job.json"
        job.write_text(json.dumps(request | {"version": version, "dataset": dataset, "answer": str(answer)}))
        process = subprocess.run(
            [PYTHON, "-P", JOB, job], cwd=scratch, capture_output=True, text=True, timeout=900, check=False
        )
        assert answer.is_file(), f"{version} {dataset}\n{process.stdout[-2000:]}{process.stderr[-4000:]}"
        content = json.loads(answer.read_text())
    rules = {name: Rule(**found) for name, found in content["rules"].items()}
    return Outcome(version, dataset, content["row_count"], rules)


def expected_failures(source: str) -> dict[str, dict[str, Any]]:
    """What the checked-in list says of a source: by run, its counts and its failures."""
    content: dict[str, dict[str, Any]] = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))["sources"][source]
    return content


def table_of(outcomes: Sequence[Outcome]) -> str:
    """What a person reads: one line a run, then each failure with its number."""
    lines = [f"{'run':<26} {'rows':>8} {'evaluated':>9} {'passed':>7} {'failed':>7} {'skipped':>8}"]
    for outcome in outcomes:
        counts = (outcome.row_count, outcome.evaluated, outcome.count("passed"), outcome.count("failed"))
        numbers = " ".join(f"{number:>{width},}" for number, width in zip(counts, (8, 9, 7, 7), strict=True))
        lines.append(f"{outcome.run:<26} {numbers} {outcome.count('skipped'):>8,}")
    for outcome in outcomes:
        for name, violations in outcome.failed.items():
            message = outcome.rules[name].message.removeprefix(f"{name}: ")[:110]
            lines.append(f"{outcome.run}: {name}: {violations:,}: {message}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table of a home's current publication."""
    parser = argparse.ArgumentParser(prog="python -m tests.focus_validator", description=main.__doc__)
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("METERHOUSE_HOME", "var")))
    parser.add_argument("--criteria", default="ALL", help="Applicability criteria; none of them skips most rules.")
    options = parser.parse_args(arguments)
    if not PYTHON.is_file():
        print(NO_ENVIRONMENT)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        print(table_of(validate_home(Home(options.home), Path(folder), options.criteria)))
    if not RULES_1_3.is_dir():
        print(NO_RULES)
    return 0


if __name__ == "__main__":
    sys.exit(main())

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
from collections.abc import Mapping, Sequence
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


EXPECTED_RUNS = (
    *(f"{version} {dataset}" for version, dataset, _ in OFFICIAL),
    *(f"1.4 {dataset}" for dataset in LINT.values()),
    "1.4 Bundle",
)


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
    """Exports each version below `folder` and runs the official tool, then the 1.4 lint, on what was written.

    A dataset without rows is left out, and so is 1.3 without its rule model.
    """
    exports = {version: export_focus(home, version, folder / version) for version in ("1.2", "1.3", "1.4")}
    outcomes = [
        official_run(version, dataset, exports[version].files[table], folder, criteria)
        for version, dataset, table in OFFICIAL
        if exports[version].row_counts[table] and (version != "1.3" or RULES_1_3.is_dir())
    ]
    newest = exports["1.4"]
    outcomes += [lint_run(table, newest.files[table], folder) for table in LINT if newest.row_counts[table]]
    return [*outcomes, bundle_run(newest.files, folder)]


def official_run(version: str, dataset: str, file: Path, folder: Path, criteria: str = "ALL") -> Outcome:
    """The official tool on one file."""
    rules = str(RULES_1_3) if version == "1.3" else None
    request = {"tool": "official", "file": str(file), "rules": rules, "criteria": criteria}
    return _run(version, dataset, request, folder)


def lint_run(table: str, file: Path, folder: Path) -> Outcome:
    """The third-party lint of FOCUS 1.4 on one dataset; it names what fails and counts no passes."""
    return _run("1.4", LINT[table], {"tool": "lint", "file": str(file)}, folder)


def bundle_run(files: Mapping[str, Path], folder: Path) -> Outcome:
    """The same tool across the four datasets."""
    named = {LINT[table]: str(path) for table, path in files.items()}
    return _run("1.4", "Bundle", {"tool": "bundle", "files": named}, folder)


def _run(version: str, dataset: str, request: dict[str, Any], folder: Path) -> Outcome:
    """One run in `.venv-focus`. Its exit status says nothing, so its answer is read."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        answer = Path(scratch) / "answer.json"
        job = Path(scratch) / "job.json"
        job.write_text(json.dumps(request | {"version": version, "dataset": dataset, "answer": str(answer)}))
        # -P: this folder has a module of the validator's own name.
        process = subprocess.run(
            [PYTHON, "-P", JOB, job], cwd=scratch, capture_output=True, text=True, timeout=900, check=False
        )
        assert answer.is_file(), f"{version} {dataset}\n{process.stdout[-2000:]}{process.stderr[-4000:]}"
        content = json.loads(answer.read_text())
    rules = {name: Rule(**found) for name, found in content["rules"].items()}
    return Outcome(version, dataset, content["row_count"], rules)


def expectations(source: str) -> dict[str, dict[str, Any]]:
    """What the checked-in list says of a source, by run: the counts, and each failure with its reason."""
    content = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))
    runs: dict[str, dict[str, Any]] = {}
    for run, facts in content["sources"].get(source, {}).items():
        failures = {
            name: {"violations": count, **content["rules"].get(f"{run}: {name}", {"kind": "", "why": ""})}
            for name, count in facts["violations"].items()
        }
        runs[run] = {key: facts[key] for key in ("rows", "evaluated", "passed")} | {"failures": failures}
    return runs


def differences(expected: Mapping[str, Any], found: Outcome) -> list[str]:
    """Where a run is not what the list says, one line each; none when it is."""
    numbers = {"rows": found.row_count, "evaluated": found.evaluated, "passed": found.count("passed")}
    lines = [
        f"{name}: expected {expected[name]}, found {number}"
        for name, number in numbers.items()
        if expected[name] != number
    ]
    wanted = {name: failure["violations"] for name, failure in expected["failures"].items()}
    for name in sorted(wanted.keys() | found.failed.keys()):
        if wanted.get(name) != found.failed.get(name):
            message = found.rules[name].message if name in found.rules else "not in the run"
            lines.append(f"{name}: expected {wanted.get(name)}, found {found.failed.get(name)}: {message}")
    return lines


def record(source: str, outcomes: Sequence[Outcome]) -> None:
    """Writes the numbers of a source into the list. A new failure gets no reason: somebody has to find it."""
    head = "".join(line for line in EXPECTED.read_text(encoding="utf-8").splitlines(True) if line.startswith("#"))
    content = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))
    content["sources"][source] = {
        outcome.run: {
            "rows": outcome.row_count,
            "evaluated": outcome.evaluated,
            "passed": outcome.count("passed"),
            "violations": outcome.failed,
        }
        for outcome in outcomes
    }
    used = {
        f"{run}: {name}"
        for runs in content["sources"].values()
        for run, facts in runs.items()
        for name in facts["violations"]
    }
    reasons = {name: content["rules"].get(name, {"kind": "", "why": ""}) for name in sorted(used)}
    text = yaml.safe_dump({"rules": reasons, "sources": content["sources"]}, sort_keys=False, width=110)
    EXPECTED.write_text(head + text, encoding="utf-8")


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
    """Validates a home's current publication and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.focus_validator", description=main.__doc__)
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("METERHOUSE_HOME", "var")))
    parser.add_argument("--criteria", default="ALL", help="Applicability criteria; none of them skips most rules.")
    parser.add_argument("--record", metavar="SOURCE", help="Write the numbers into focus_validator_expected.yml.")
    options = parser.parse_args(arguments)
    if not PYTHON.is_file():
        print(NO_ENVIRONMENT)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        outcomes = validate_home(Home(options.home), Path(folder), options.criteria)
    print(table_of(outcomes))
    if options.record:
        record(options.record, outcomes)
    if not RULES_1_3.is_dir():
        print(NO_RULES)
    return 0


if __name__ == "__main__":
    sys.exit(main())

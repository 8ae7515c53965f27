"""One run of the official validator, or of the 1.4 lint, inside `.venv-focus`. Started by `focus_validator.py`.

It knows nothing of Meterhouse and imports nothing of it: that environment has other versions of everything. What a
Parquet file gave is written as JSON; whether that is expected is decided by who started it.
"""

import importlib.machinery
import importlib.util
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# focus-validator 2.2.1 has one expression that Python 3.11 cannot parse (a backslash inside an f-string); 3.12 can.
# Both lines below say the same.
MODULE = "focus_validator.config_objects.focus_to_duckdb_converter"
NEEDS_3_12 = """f"'{k.replace('\\"', '\\"\\"')}'" for k in ignore_keys"""
SAME_IN_3_11 = """"'" + k.replace('"', '""') + "'" for k in ignore_keys"""


class _Loader(importlib.machinery.SourceFileLoader):
    def get_data(self, path: str) -> bytes:
        content = super().get_data(path)
        if path.endswith(".py"):
            assert content.count(NEEDS_3_12.encode()) == 1, f"{path} is not the release that the lock names"
            return content.replace(NEEDS_3_12.encode(), SAME_IN_3_11.encode())
        return content


class _Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != MODULE:
            return None
        spec = super().find_spec(fullname, path, target)
        assert spec is not None
        assert spec.origin is not None
        return importlib.util.spec_from_file_location(fullname, spec.origin, loader=_Loader(fullname, spec.origin))


def official(job: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Every rule of one version and dataset, on one file."""
    if sys.version_info < (3, 12):
        sys.meta_path.insert(0, _Finder)
    import focus_validator
    from focus_validator.validator import DEFAULT_VERSION_SETS_PATH, Validator

    # The tool opens this file below its working directory, and writes a log there.
    rules = Path(focus_validator.__file__).parent / "rules" / "currency_codes.csv"
    (scratch / "focus_validator" / "rules").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(rules, scratch / "focus_validator" / "rules" / "currency_codes.csv")
    os.chdir(scratch)
    logging.disable(logging.CRITICAL)
    validator = Validator(
        data_filename=job["file"],
        output_type="unittest",
        output_destination=str(scratch / "report.xml"),
        rules_version=job["version"],
        focus_dataset=job["dataset"],
        rule_set_path=job["rules"] or DEFAULT_VERSION_SETS_PATH,
        rules_block_remote_download=True,
        applicability_criteria=job["criteria"],
    )
    results = validator.validate()
    return {
        "row_count": results.data_row_count,
        "model_version": results.model_version,
        "rules": {rule: _entry(found) for rule, found in results.by_rule_id.items()},
    }


def lint(job: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """The third-party lint of FOCUS 1.4 on one dataset, with every condition declared: findings by rule and column."""
    from focus_data_toolkit.io.row_source import read_source_rows
    from focus_data_toolkit.model.validator import COND_MULTIPLE_PRICING_CATEGORIES, COND_UNIT_PRICING
    from focus_data_toolkit.model.validator import lint_focus_1_4_structure as lint_structure

    rows = read_source_rows(job["file"], dataset=job["dataset"])
    report = lint_structure(
        job["dataset"], rows, supported_conditions=(COND_MULTIPLE_PRICING_CATEGORIES, COND_UNIT_PRICING)
    )
    found = ((f"{violation.rule}:{violation.column}", violation.message) for violation in report.violations)
    return {"row_count": report.row_count, "model_version": "1.4", "rules": _counted(found)}


def bundle(job: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """The same tool's checks across the four datasets: keys, references, periods, sums of invoices."""
    from focus_data_toolkit.io.row_source import read_source_rows
    from focus_data_toolkit.validate.bundle import validate_dataset_bundle

    datasets = {name: read_source_rows(file, dataset=name) for name, file in job["files"].items()}
    report = validate_dataset_bundle(datasets, invoice_detail_authoritative=True)
    found = ((f"{item.code}:{item.severity.value}", item.message) for item in report.diagnostics)
    rules = {name: {"status": "passed", "violations": 0, "message": ""} for name in report.checks_run}
    return {
        "row_count": sum(len(rows) for rows in datasets.values()),
        "model_version": "1.4",
        "rules": rules | _counted(found),
    }


def _counted(found: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """One failed rule a name, with the number of its findings and the first message."""
    rules: dict[str, Any] = {}
    for name, message in found:
        rule = rules.setdefault(name, {"status": "failed", "violations": 0, "message": message})
        rule["violations"] += 1
    return rules


def _entry(found: dict[str, Any]) -> dict[str, Any]:
    details = found.get("details") or {}
    status = "skipped" if details.get("skipped") else "passed" if found.get("ok") else "failed"
    return {
        "status": status,
        "violations": int(details.get("violations") or 0),
        "message": str(details.get("message") or details.get("error") or ""),
    }


if __name__ == "__main__":
    request = json.loads(Path(sys.argv[1]).read_text())
    outcome = {"official": official, "lint": lint, "bundle": bundle}[request["tool"]](request, Path(sys.argv[1]).parent)
    Path(request["answer"]).write_text(json.dumps(outcome))

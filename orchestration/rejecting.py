"""Keeps a refused delivery whole in `rejected/`: its bytes, a report for machines and a page for a person."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from orchestration.contracts import CheckResult
from orchestration.errors import DeliveryError
from orchestration.paths import write_json, write_text
from orchestration.preparing import Preparation, PreparedDelivery, PreparedPackage, iso, keep_raw, raw_name
from orchestration.sources.base import Delivery

SAMPLE_ROWS = 5


def reject(
    preparation: Preparation, delivery: Delivery, error: DeliveryError, prepared: PreparedDelivery | None = None
) -> tuple[str, Path]:
    """Writes the rejection and returns its id and the page. The same bytes rejected again keep one folder."""
    source, contract = preparation.source, preparation.contract
    rejection_id = hashlib.sha256("".join(file.sha256 for file in delivery.files).encode()).hexdigest()[:16]
    place = Path(source.vendor, preparation.table.name, source.name, source.scope, error.partition or "unknown")
    folder = preparation.home.rejected / place / rejection_id
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    for number, file in enumerate((*delivery.files, *delivery.evidence)):
        link = folder / "raw" / raw_name(number, file)
        if not link.exists():
            keep_raw(preparation.home, file.path, file.sha256, link)
    earlier = folder / "report.json"
    rejected_at = iso(preparation.clock())
    if earlier.is_file():
        # Rejected once, found again: the report keeps its first day.
        rejected_at = json.loads(earlier.read_text(encoding="utf-8"))["rejected_at"]
    report = {
        "origin": delivery.origin,
        "covers": list(delivery.covers),
        "mended_at": None,
        "vendor": source.vendor,
        "table": preparation.table.name,
        "source_name": source.name,
        "scope": source.scope,
        "partition": error.partition,
        "rejection_id": rejection_id,
        "rejected_at": rejected_at,
        "contract": f"{contract.id} {contract.version}",
        "received": [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in delivery.files],
        "error": asdict(error),
        "checks": [
            {"partition": package.manifest.partition, **result.as_dict(), "rows": _sample(preparation, package, result)}
            for package in (prepared.packages if prepared else ())
            for result in package.results
            if not result.passed
        ],
    }
    write_json(folder / "report.json", report)
    write_text(folder / "report.md", _page(report, error))
    return rejection_id, folder / "report.md"


def mend_rejections(preparation: Preparation, delivery: Delivery) -> None:
    """Marks as mended what was rejected from an origin, or of days that all are covered now: these were landed."""
    source = preparation.source
    folder = preparation.home.rejected / source.vendor / preparation.table.name / source.name
    for path in sorted(folder.glob("*/*/*/report.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        covered = set(report["covers"])
        is_mended = report["origin"] == delivery.origin or bool(covered and covered <= set(delivery.covers))
        if is_mended and report["mended_at"] is None:
            write_json(path, {**report, "mended_at": iso(preparation.clock())})


def _sample(preparation: Preparation, package: PreparedPackage, result: CheckResult) -> list[dict[str, Any]]:
    """The first rows that break a rule: their number in the received file, and the values of the rule's columns."""
    rule = next((rule for rule in preparation.contract.rules if rule.name == result.name), None)
    if rule is None or not rule.failing:
        return []
    columns = ["_row_number", *rule.columns]
    quoted = ", ".join(f'cast("{column}" as varchar)' for column in columns)
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select {quoted} from read_parquet(?) where {rule.failing} order by _row_number limit {SAMPLE_ROWS}",
            [str(package.folder / "part-*.parquet")],
        ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _page(report: dict[str, Any], error: DeliveryError) -> str:
    lines = [f"# Rejected: {report['vendor']}/{report['source_name']}", "", "```", str(error), "```", ""]
    lines += [f"Rejected at {report['rejected_at']} by {report['contract']}.", "", "## Received", ""]
    lines += [f"- {file['name']}: {file['size']:,} bytes, SHA-256 {file['sha256']}" for file in report["received"]]
    lines += ["", "The bytes lie in `raw/` beside this page. Nothing of this delivery was landed.", ""]
    if report["checks"]:
        lines += ["## Rules that were broken", ""]
        lines += ["| period | rule | severity | expected | found |", "|---|---|---|---|---|"]
        lines += [
            f"| {check['partition']} | {check['name']} | {check['severity']} | {check['expected']} | {check['found']} |"
            for check in report["checks"]
        ]
    for check in report["checks"]:
        if check["rows"]:
            lines += ["", f'The first rows that break "{check["name"]}":', "", "```"]
            lines += [json.dumps(row, ensure_ascii=False) for row in check["rows"]] + ["```"]
    return "\n".join(lines) + "\n"

"""Says in Dagster's terms what plain functions returned: metadata, check results, row counts.

No decision is made here; nothing here reads a source or writes a table.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import dagster as dg
import duckdb

from orchestration.contracts import CheckResult, Contract, landing_contract
from orchestration.gates import GateReport
from orchestration.landing import Outcome
from orchestration.packages import packages
from orchestration.paths import Home
from orchestration.publish import Publication
from orchestration.settings import Settings

# A run with this tag takes its value (YYYY-MM-DD) for today: which days of an API are due, which day a snapshot is of.
TODAY_TAG = "meterhouse/today"
SEVERITY = {"error": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def landing_description(vendor: str, table: str) -> str:
    """The contract's own words about a landed table."""
    contract = landing_contract(vendor, table)
    return f"{contract.description} Contract {contract.id} {contract.version}."


def landing_result(
    settings: Settings, vendor: str, table: str, outcomes: Sequence[Outcome]
) -> dg.MaterializeResult[None]:
    """What a landing run did, with the contract's check. The check of unchanged data is the one it was landed with."""
    lines = ["| source | period | status | rows | note |", "|---|---|---|---|---|"]
    for outcome in outcomes:
        note = outcome.message.splitlines()[0] if outcome.message else ""
        cells = (outcome.source_name, outcome.partition or "", outcome.status, f"{outcome.row_count:,}", note)
        lines.append("| " + " | ".join(cells) + " |")
    results = [result for outcome in outcomes for result in outcome.checks]
    landed = [package.manifest for package in packages(Home(settings.home), vendor, table) if package.is_accepted]
    failures = [outcome for outcome in outcomes if outcome.is_failure]
    earlier = sum(len(manifest.checks) for manifest in landed)
    is_unconfigured = all(outcome.status == "unconfigured" for outcome in outcomes)
    # A gate that checked nothing has failed; that nothing was delivered yet is a warning and stops nothing.
    is_silent = not failures and not results and not earlier and not is_unconfigured
    check = dg.AssetCheckResult(
        check_name="contract",
        passed=not failures and not is_silent,
        severity=SEVERITY["warning" if is_silent else "error"],
        description=_check_description(results, failures, earlier, is_unconfigured),
        metadata={
            "rules_checked_now": len(results),
            "rules_checked_at_landing": earlier,
            "broken": dg.MarkdownMetadataValue(_broken(results)),
        },
    )
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(manifest.row_count for manifest in landed),
            "packages": len(landed),
            "outcomes": dg.MarkdownMetadataValue("\n".join(lines)),
        },
        check_results=[check],
    )


def raise_for_failures(outcomes: Sequence[Outcome]) -> None:
    """Fails the asset when a source failed or was rejected; what other sources landed stays landed."""
    failures = [outcome for outcome in outcomes if outcome.is_failure]
    if failures:
        raise dg.Failure("\n\n".join(outcome.message for outcome in failures), allow_retries=False)


def with_row_counts(home: Home, invocation: Any) -> Iterator[object]:
    """dbt's events, and after dbt has let the build file go, each materialization with its table's row count."""
    events: list[object] = []
    try:
        for event in invocation.stream():
            events.append(event)
    finally:
        # Also when dbt failed: the checks that went red are what somebody looks for.
        yield from _counted(events, _row_counts(home))


def _counted(events: Sequence[object], counts: dict[str, int]) -> Iterator[object]:
    for event in events:
        # dagster-dbt names an asset's output by its key, joined with two underscores.
        if isinstance(event, dg.Output) and event.output_name in counts:
            yield event.with_metadata({**event.metadata, "dagster/row_count": counts[event.output_name]})
        else:
            yield event


def gate_specs(contracts: dict[str, Contract]) -> list[dg.AssetCheckSpec]:
    """One blocking check for each published table."""
    return [
        dg.AssetCheckSpec(
            "looks_like_itself", asset=table.split("."), blocking=True, description=f"Contract {contract.version}"
        )
        for table, contract in contracts.items()
    ]


def gate_results(report: GateReport) -> Iterator[dg.AssetCheckResult]:
    """The publish gate's results; a warning passes and says so."""
    for table, results in report.results.items():
        errors = [result for result in results if not result.passed and result.severity == "error"]
        warnings = [result for result in results if not result.passed and result.severity == "warning"]
        worst = "error" if errors else "warning"
        yield dg.AssetCheckResult(
            asset_key=table.split("."),
            check_name="looks_like_itself",
            passed=not errors and not warnings,
            severity=SEVERITY[worst],
            metadata={"rules": len(results), "broken": dg.MarkdownMetadataValue(_broken(results))},
        )


def publication_result(published: Publication) -> dg.MaterializeResult[None]:
    """The generation and what is in it."""
    tables = published.manifest["tables"]
    lines = ["| table | rows | fingerprint |", "|---|---|---|"]
    lines += [f"| {name} | {facts['row_count']:,} | {facts['fingerprint'][:16]} |" for name, facts in tables.items()]
    return dg.MaterializeResult(
        metadata={
            "generation": published.generation,
            "dagster/row_count": sum(facts["row_count"] for facts in tables.values()),
            "file": dg.MetadataValue.path(str(published.database)),
            "tables": dg.MarkdownMetadataValue("\n".join(lines)),
        }
    )


def range_tags(months: dg.MonthlyPartitionsDefinition, now: datetime) -> dict[str, str]:
    """The tags of one run over every month up to now."""
    keys = months.get_partition_keys(current_time=now)
    return {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}


def _row_counts(home: Home) -> dict[str, int]:
    if not home.build_file.exists():
        return {}
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        names = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        counts = {}
        for schema, name in names:
            row = connection.execute(f'select count(*) from "{schema}"."{name}"').fetchone()
            counts[f"{schema}__{name}"] = row[0] if row else 0
        return counts


def _check_description(
    results: Sequence[CheckResult], failures: Sequence[Outcome], earlier: int, is_unconfigured: bool
) -> str:
    if failures:
        return failures[0].message
    if is_unconfigured:
        return "No source of this vendor is configured: an empty table, and nothing to check."
    if not results:
        return f"Nothing new; what lies in landing passed {earlier} rules when it was landed."
    warnings = sum(not result.passed for result in results)
    return f"{len(results)} rules, {warnings} warnings."


def _broken(results: Sequence[CheckResult]) -> str:
    broken = [result for result in results if not result.passed]
    if not broken:
        return "none"
    lines = ["| rule | severity | expected | found |", "|---|---|---|---|"]
    lines += [f"| {result.name} | {result.severity} | {result.expected} | {result.found} |" for result in broken]
    return "\n".join(lines)

"""Checks the files that people own for contradictions that SQL would only show as doubled money.

Each complaint names file and line. What the rows mean is decided in `dbt_project/models/allocation/`.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path

from orchestration.errors import SeedError

OWNERSHIP_MATCHES = (
    "service_provider_name",
    "billing_account_id",
    "sub_account_id",
    "provider_credential_id",
    "resource_id",
    "service_name",
)
OWNER_DIMENSIONS = (
    "team",
    "cost_centre",
    "project",
    "product",
    "feature",
    "use_case",
    "initiative",
    "environment",
    "use_class",
    "customer",
    "customer_tier",
)
COST_CLASS_MATCHES = ("environment", "use_class", "workload_phase", "customer_tier", "treatment")

CHARGE_RULE_MATCHES = (
    "service_provider_name",
    "service_category",
    "service_subcategory",
    "service_name",
    "resource_type",
    "sku_meter_pattern",
    "description_pattern",
    "tag_key",
    "tag_value",
)
PATTERNS = ("sku_meter_pattern", "description_pattern")
GPU_PATTERNS = ("namespace_pattern", "controller_pattern")
WORKLOAD_PHASES = (
    "initial training",
    "retraining",
    "fine-tuning",
    "inference",
    "evaluation",
    "data pipeline",
    "storage",
    "network",
    "licence",
    "people",
    "other",
)

VALIDITY = ("valid_from", "valid_to")
COLUMNS = {
    "ownership.csv": (
        "ownership_id",
        "priority",
        *OWNERSHIP_MATCHES,
        "tag_key",
        "tag_value",
        *OWNER_DIMENSIONS,
        *VALIDITY,
    ),
    "teams.csv": ("team", "cost_centre", *VALIDITY),
    "cost_centres.csv": ("cost_centre", "cost_centre_name", "department", "business_unit", "owning_entity", *VALIDITY),
    "billing_accounts.csv": ("billing_account_id", "billing_account_name", "paying_entity", *VALIDITY),
    "charge_rules.csv": ("rule_id", "priority", *CHARGE_RULE_MATCHES, "is_ai", "workload_phase", "reason"),
    "cost_classes.csv": ("cost_class_id", "priority", *COST_CLASS_MATCHES, "cost_class", *VALIDITY),
    "gpu_workloads.csv": ("priority", "cluster", *GPU_PATTERNS, "label_key", "label_value", "workload_phase", "reason"),
}


@dataclass(frozen=True)
class SeedRow:
    """One row of a seed and the line it ends on."""

    file: str
    line: int
    cells: dict[str, str]
    valid_from: date
    valid_to: date

    def overlaps(self, other: "SeedRow") -> bool:
        """Whether both are valid on some day. Stretches are half-open."""
        return self.valid_from < other.valid_to and other.valid_from < self.valid_to


def check_seeds(folder: Path) -> None:
    """Raises SeedError for rows that contradict each other or name what no other seed knows."""
    ownership = list(_rows(folder / "ownership.csv"))
    _refuse_half_tags(ownership)
    teams = list(_rows(folder / "teams.csv"))
    cost_centres = list(_rows(folder / "cost_centres.csv"))
    for rows, key in ((teams, "team"), (cost_centres, "cost_centre")):
        _refuse_twins(rows, key)
    _refuse_twins(list(_rows(folder / "billing_accounts.csv")), "billing_account_id")
    _refuse_equal_priorities(ownership, _can_both_match, OWNER_DIMENSIONS)
    cost_classes = list(_rows(folder / "cost_classes.csv"))
    _refuse_equal_priorities(
        cost_classes, lambda one, other: _compatible(one, other, COST_CLASS_MATCHES), ("cost_class",)
    )
    charge_rules = list(_rows(folder / "charge_rules.csv"))
    _refuse_strange_answers(charge_rules)
    _refuse_equal_priorities(charge_rules, _same_charges, ("is_ai", "workload_phase"))
    _refuse_unknown(ownership, "team", {row.cells["team"] for row in teams}, "teams.csv")
    known = {row.cells["cost_centre"] for row in cost_centres}
    for rows in (ownership, teams):
        _refuse_unknown(rows, "cost_centre", known, "cost_centres.csv")
    _refuse_repeated_ids(ownership, "ownership_id")
    _refuse_repeated_ids(cost_classes, "cost_class_id")
    _refuse_repeated_ids(charge_rules, "rule_id")
    gpu_workloads = list(_rows(folder / "gpu_workloads.csv"))
    _refuse_strange_workloads(gpu_workloads)
    _refuse_repeated_ids(gpu_workloads, "priority")


def _rows(path: Path) -> Iterator[SeedRow]:
    if not path.is_file():
        raise SeedError(f"{path}\n  expected: a CSV file\n  found:    no such file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise _complaint(path.name, line, "UTF-8", str(error)) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [column for column in COLUMNS[path.name] if column not in (reader.fieldnames or [])]
        if missing:
            raise _complaint(path.name, 1, f"the columns {', '.join(missing)}", "a header without them")
        unknown = [column for column in reader.fieldnames or [] if column not in COLUMNS[path.name]]
        if unknown:
            raise _complaint(path.name, 1, f"no other columns than {', '.join(COLUMNS[path.name])}", ", ".join(unknown))
        for cells in reader:
            place = (path.name, reader.line_num)
            if None in cells or None in cells.values():
                raise _complaint(*place, f"{len(reader.fieldnames or [])} cells", "another number of cells")
            valid_from = _day(*place, "valid_from", cells.get("valid_from", ""), date.min)
            valid_to = _day(*place, "valid_to", cells.get("valid_to", ""), date.max)
            if valid_from >= valid_to:
                raise _complaint(*place, "valid_from before valid_to (which is exclusive)", f"{valid_from}, {valid_to}")
            yield SeedRow(*place, cells, valid_from, valid_to)
    except csv.Error as error:
        raise _complaint(path.name, reader.reader.line_num, "CSV, comma, double quotes", str(error)) from None


def _day(file: str, line: int, column: str, text: str, when_empty: date) -> date:
    try:
        return date.fromisoformat(text) if text else when_empty
    except ValueError:
        raise _complaint(file, line, f"{column} as YYYY-MM-DD, or empty", repr(text)) from None


def _complaint(file: str, line: int, expected: str, found: str) -> SeedError:
    next_step = "mend this line and run again; nothing was built"
    return SeedError(f"seeds/{file}, line {line}\n  expected: {expected}\n  found:    {found}\n  next:     {next_step}")


def _compatible(one: SeedRow, other: SeedRow, columns: tuple[str, ...]) -> bool:
    """Whether one thing can match both rows: an empty cell matches everything."""
    cells = ((one.cells[column], other.cells[column]) for column in columns)
    return all(not mine or not theirs or mine == theirs for mine, theirs in cells)


def _can_both_match(one: SeedRow, other: SeedRow) -> bool:
    same_key = one.cells["tag_key"] and one.cells["tag_key"] == other.cells["tag_key"]
    if same_key and one.cells["tag_value"] != other.cells["tag_value"]:
        return False
    return _compatible(one, other, OWNERSHIP_MATCHES)


def _same_charges(one: SeedRow, other: SeedRow) -> bool:
    """Whether two rules of charges match the same ones. Patterns that differ may overlap: then the id decides."""
    return all(one.cells[column] == other.cells[column] for column in CHARGE_RULE_MATCHES)


def _refuse_strange_answers(rows: list[SeedRow]) -> None:
    """A rule of charges says something that we know, for a reason, and its patterns can be matched."""
    for row in rows:
        cells = row.cells
        if not cells["is_ai"] and not cells["workload_phase"]:
            raise _complaint(row.file, row.line, "is_ai or workload_phase, or both", "a rule that says nothing")
        if cells["is_ai"] not in ("", "true", "false"):
            raise _complaint(row.file, row.line, "is_ai as true or false, or empty", repr(cells["is_ai"]))
        if cells["workload_phase"] not in ("", *WORKLOAD_PHASES):
            expected = f"a workload_phase of {', '.join(WORKLOAD_PHASES)}"
            raise _complaint(row.file, row.line, expected, repr(cells["workload_phase"]))
        if not cells["reason"]:
            raise _complaint(row.file, row.line, "the reason, which stands beside each charge", "an empty cell")
        if cells["tag_value"] and not cells["tag_key"]:
            raise _complaint(row.file, row.line, "a tag_key for the tag_value", "an empty cell")
        for column in PATTERNS:
            _refuse_broken_pattern(row, column)


def _refuse_strange_workloads(rows: list[SeedRow]) -> None:
    """A rule of workloads names a phase that we know, for a reason, and its patterns can be matched."""
    for row in rows:
        cells = row.cells
        if not re.fullmatch(r"-?\d+", cells["priority"], re.ASCII):
            raise _complaint(row.file, row.line, "priority as a whole number", repr(cells["priority"]))
        if cells["workload_phase"] not in WORKLOAD_PHASES:
            expected = f"a workload_phase of {', '.join(WORKLOAD_PHASES)}"
            raise _complaint(row.file, row.line, expected, repr(cells["workload_phase"]))
        if not cells["reason"]:
            raise _complaint(row.file, row.line, "the reason, which stands beside each allocation", "an empty cell")
        if cells["label_value"] and not cells["label_key"]:
            raise _complaint(row.file, row.line, "a label_key for the label_value", "an empty cell")
        for column in GPU_PATTERNS:
            _refuse_broken_pattern(row, column)


def _refuse_broken_pattern(row: SeedRow, column: str) -> None:
    import duckdb

    try:
        # The engine that will match it; its dialect is RE2.
        duckdb.execute("select regexp_matches('', ?)", [row.cells[column]])
    except duckdb.Error as error:
        raise _complaint(row.file, row.line, f"{column} as a regular expression", str(error).splitlines()[0]) from None


def _refuse_half_tags(rows: list[SeedRow]) -> None:
    """A tag is a key and a value; half of one would match everything or nothing."""
    for row in rows:
        if bool(row.cells["tag_key"]) != bool(row.cells["tag_value"]):
            found = f"tag_key {row.cells['tag_key']!r}, tag_value {row.cells['tag_value']!r}"
            raise _complaint(row.file, row.line, "tag_key and tag_value together, or neither", found)


def _refuse_repeated_ids(rows: list[SeedRow], column: str) -> None:
    first: dict[str, int] = {}
    for row in rows:
        name = row.cells[column]
        if not name or name in first:
            found = f"{name!r}, which is on line {first[name]} too" if name else "an empty cell"
            raise _complaint(row.file, row.line, f"a {column} of its own", found)
        first[name] = row.line


def _refuse_equal_priorities(rows: list[SeedRow], can_both_match: object, decided: tuple[str, ...]) -> None:
    """Two rows of equal priority that can match one charge on one day must not decide one dimension differently."""
    assert callable(can_both_match)
    by_priority: dict[str, list[SeedRow]] = {}
    for row in rows:
        if not re.fullmatch(r"-?\d+", row.cells["priority"], re.ASCII):
            raise _complaint(row.file, row.line, "priority as a whole number", repr(row.cells["priority"]))
        by_priority.setdefault(str(int(row.cells["priority"])), []).append(row)
    for priority, equals in by_priority.items():
        for one, other in combinations(equals, 2):
            disputed = [
                column
                for column in decided
                if one.cells[column] and other.cells[column] and one.cells[column] != other.cells[column]
            ]
            if disputed and one.overlaps(other) and can_both_match(one, other):
                column = disputed[0]
                raise _complaint(
                    one.file,
                    other.line,
                    f"another priority than line {one.line}, or no overlap with it: both can match one charge",
                    f"priority {priority} twice, {column} {one.cells[column]!r} there, {other.cells[column]!r} here",
                )


def _refuse_twins(rows: list[SeedRow], key: str) -> None:
    by_key: dict[str, list[SeedRow]] = {}
    for row in rows:
        by_key.setdefault(row.cells[key], []).append(row)
    for name, twins in by_key.items():
        for one, other in combinations(twins, 2):
            if one.overlaps(other):
                raise _complaint(
                    one.file,
                    other.line,
                    f"{key} {name!r} once on any day",
                    f"line {one.line} is valid at the same time",
                )


def _refuse_unknown(rows: list[SeedRow], column: str, known: set[str], file: str) -> None:
    for row in rows:
        if row.cells[column] and row.cells[column] not in known:
            raise _complaint(row.file, row.line, f"a {column} of seeds/{file}", repr(row.cells[column]))

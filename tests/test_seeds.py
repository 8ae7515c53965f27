"""Contradictions in the files that people own are found before they double money."""

import csv
from pathlib import Path

import pytest

from orchestration.errors import SeedError
from orchestration.paths import SEEDS
from orchestration.seeds import check_seeds

Cells = dict[str, str]
FILES = ("ownership", "teams", "cost_centres", "billing_accounts", "cost_classes", "charge_rules", "gpu_workloads")
COLUMNS = {name: (SEEDS / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0].split(",") for name in FILES}
GOOD: dict[str, list[Cells]] = {
    "ownership": [{"ownership_id": "o1", "priority": "100", "service_name": "S", "team": "search"}],
    "teams": [{"team": "search", "cost_centre": "CC-1"}, {"team": "risk", "cost_centre": "CC-2"}],
    "cost_centres": [{"cost_centre": "CC-1"}, {"cost_centre": "CC-2"}],
    "billing_accounts": [{"billing_account_id": "a", "paying_entity": "Larkfield Inc"}],
    "cost_classes": [{"cost_class_id": "c1", "priority": "10", "cost_class": "operations"}],
    "charge_rules": [{"rule_id": "r1", "priority": "10", "service_name": "S", "is_ai": "true", "reason": "it is AI"}],
    "gpu_workloads": [{"priority": "10", "label_key": "p", "workload_phase": "inference", "reason": "a label"}],
}


def _write(folder: Path, **changed: list[Cells]) -> Path:
    for name, rows in {**GOOD, **changed}.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS[name], restval="", lineterminator="\n")
            writer.writeheader()
            # A row that names no id has one of its own.
            writer.writerows({COLUMNS[name][0]: f"row-{number}", **row} for number, row in enumerate(rows))
    return folder


def _refusal(folder: Path) -> str:
    with pytest.raises(SeedError) as caught:
        check_seeds(folder)
    return str(caught.value)


def _with(name: str, **cells: str) -> list[Cells]:
    """The good rows of a seed and one more."""
    return [*GOOD[name], cells]


def test_the_seeds_of_the_project_contradict_nothing() -> None:
    check_seeds(SEEDS)


def test_the_seeds_of_these_tests_contradict_nothing(tmp_path: Path) -> None:
    check_seeds(_write(tmp_path))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_seed_is_named(tmp_path: Path, name: str) -> None:
    _write(tmp_path)
    (tmp_path / f"{name}.csv").unlink()
    refusal = _refusal(tmp_path)
    assert f"{name}.csv" in refusal
    assert "no such file" in refusal


@pytest.mark.parametrize(
    ("name", "key", "row"),
    [
        ("teams", "team", {"team": "search", "cost_centre": "CC-2"}),
        ("cost_centres", "cost_centre", {"cost_centre": "CC-1"}),
        ("billing_accounts", "billing_account_id", {"billing_account_id": "a", "paying_entity": "Other"}),
    ],
)
def test_a_key_that_is_valid_twice_on_a_day_is_refused(tmp_path: Path, name: str, key: str, row: Cells) -> None:
    refusal = _refusal(_write(tmp_path, **{name: _with(name, **row)}))
    line = len(GOOD[name]) + 2
    assert refusal.startswith(f"seeds/{name}.csv, line {line}\n")
    assert f"{key} {row[key]!r} once on any day" in refusal
    assert "line 2 is valid at the same time" in refusal


def test_stretches_that_only_touch_do_not_overlap(tmp_path: Path) -> None:
    teams = [
        {"team": "search", "cost_centre": "CC-1", "valid_to": "2024-07-01"},
        {"team": "search", "cost_centre": "CC-2", "valid_from": "2024-07-01"},
    ]
    check_seeds(_write(tmp_path, teams=teams))


def test_stretches_that_overlap_by_a_day_are_refused(tmp_path: Path) -> None:
    teams = [
        {"team": "search", "cost_centre": "CC-1", "valid_to": "2024-07-02"},
        {"team": "search", "cost_centre": "CC-2", "valid_from": "2024-07-01"},
    ]
    assert _refusal(_write(tmp_path, teams=teams)).startswith("seeds/teams.csv, line 3\n")


@pytest.mark.parametrize("column", ["valid_from", "valid_to"])
@pytest.mark.parametrize("day", ["2024-02-30", "01/07/2024", "soon"])
def test_a_day_that_is_none_is_refused(tmp_path: Path, column: str, day: str) -> None:
    row = {"team": "new", "cost_centre": "CC-1", column: day}
    refusal = _refusal(_write(tmp_path, teams=_with("teams", **row)))
    assert refusal.startswith("seeds/teams.csv, line 4\n")
    assert (f"{column} as YYYY-MM-DD" in refusal, repr(day) in refusal) == (True, True)


@pytest.mark.parametrize("valid_to", ["2024-07-01", "2024-06-30"])
def test_a_stretch_that_ends_before_it_starts_is_refused(tmp_path: Path, valid_to: str) -> None:
    row = {"team": "new", "cost_centre": "CC-1", "valid_from": "2024-07-01", "valid_to": valid_to}
    refusal = _refusal(_write(tmp_path, teams=_with("teams", **row)))
    assert refusal.startswith("seeds/teams.csv, line 4\n  expected: valid_from before valid_to")


@pytest.mark.parametrize("line", ["new,CC-1,2024-01-01", "new,CC-1,2024-01-01,,extra"])
def test_a_line_with_another_number_of_cells_is_refused(tmp_path: Path, line: str) -> None:
    path = _write(tmp_path) / "teams.csv"
    path.write_text(path.read_text() + line + "\n")
    assert _refusal(tmp_path).startswith("seeds/teams.csv, line 4\n  expected: 4 cells")


def test_a_stray_quote_is_refused_by_file_and_line(tmp_path: Path) -> None:
    path = _write(tmp_path) / "teams.csv"
    path.write_text(path.read_text() + 'new,"CC"-1,,\n')
    assert _refusal(tmp_path).startswith("seeds/teams.csv, line 4\n")


def test_a_file_that_is_not_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    path = _write(tmp_path) / "teams.csv"
    path.write_bytes(path.read_bytes() + "größe,CC-1,,\n".encode("latin-1"))
    assert "teams.csv" in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "column"),
    [("ownership", "priority"), ("teams", "team"), ("ownership", "team"), ("cost_classes", "cost_class")],
)
def test_a_missing_column_is_refused_by_name(tmp_path: Path, name: str, column: str) -> None:
    path = _write(tmp_path) / f"{name}.csv"
    path.write_text(path.read_text().replace(column, "renamed", 1))
    refusal = _refusal(tmp_path)
    assert (f"{name}.csv" in refusal, column in refusal) == (True, True)


@pytest.mark.parametrize("priority", ["", "high", "1.5", "--5"])
@pytest.mark.parametrize("name", ["ownership", "cost_classes"])
def test_a_priority_that_is_no_whole_number_is_refused(tmp_path: Path, name: str, priority: str) -> None:
    refusal = _refusal(_write(tmp_path, **{name: _with(name, priority=priority)}))
    assert refusal.startswith(f"seeds/{name}.csv, line 3\n  expected: priority as a whole number")
    assert repr(priority) in refusal


def test_a_negative_priority_is_one(tmp_path: Path) -> None:
    check_seeds(_write(tmp_path, ownership=_with("ownership", priority="-5", team="risk")))


@pytest.mark.parametrize(
    "row",
    [
        {"priority": "100", "team": "risk"},
        {"priority": "0100", "service_name": "S", "team": "risk"},
        {"priority": "100", "billing_account_id": "a", "team": "risk"},
        {"priority": "100", "tag_key": "team", "tag_value": "risk", "team": "risk"},
    ],
)
def test_two_owners_of_one_charge_at_one_priority_are_refused(tmp_path: Path, row: Cells) -> None:
    refusal = _refusal(_write(tmp_path, ownership=_with("ownership", **row)))
    assert refusal.startswith("seeds/ownership.csv, line 3\n  expected: another priority than line 2")
    assert "priority 100 twice, team 'search' there, 'risk' here" in refusal


@pytest.mark.parametrize(
    "row",
    [
        {"priority": "101", "team": "risk"},
        {"priority": "100", "service_name": "Other", "team": "risk"},
        {"priority": "100", "team": "search"},
        {"priority": "100", "product": "lending"},
        {"priority": "100", "team": "risk", "valid_to": "2023-01-01"},
    ],
)
def test_rules_that_never_dispute_one_charge_may_share_a_priority(tmp_path: Path, row: Cells) -> None:
    dated = [{**GOOD["ownership"][0], "valid_from": "2023-01-01"}, row]
    check_seeds(_write(tmp_path, ownership=dated))


def test_two_values_of_one_tag_never_match_one_charge(tmp_path: Path) -> None:
    rows = [{"priority": "100", "tag_key": "team", "tag_value": team, "team": team} for team in ("search", "risk")]
    check_seeds(_write(tmp_path, ownership=rows))


def test_two_tags_can_meet_on_one_charge(tmp_path: Path) -> None:
    rows = [
        {"priority": "100", "tag_key": "team", "tag_value": "search", "team": "search"},
        {"priority": "100", "tag_key": "squad", "tag_value": "risk", "team": "risk"},
    ]
    assert _refusal(_write(tmp_path, ownership=rows)).startswith("seeds/ownership.csv, line 3\n")


def test_two_cost_classes_of_one_charge_at_one_priority_are_refused(tmp_path: Path) -> None:
    row = {"priority": "10", "environment": "production", "cost_class": "cost of revenue"}
    refusal = _refusal(_write(tmp_path, cost_classes=_with("cost_classes", **row)))
    assert refusal.startswith("seeds/cost_classes.csv, line 3\n")
    assert "cost_class 'operations' there, 'cost of revenue' here" in refusal


@pytest.mark.parametrize(
    ("name", "row", "known"),
    [
        ("ownership", {"priority": "1", "team": "nobody"}, "a team of seeds/teams.csv"),
        ("ownership", {"priority": "1", "cost_centre": "nobody"}, "a cost_centre of seeds/cost_centres.csv"),
        ("teams", {"team": "new", "cost_centre": "nobody"}, "a cost_centre of seeds/cost_centres.csv"),
    ],
)
def test_a_name_that_no_other_seed_knows_is_refused(tmp_path: Path, name: str, row: Cells, known: str) -> None:
    refusal = _refusal(_write(tmp_path, **{name: _with(name, **row)}))
    assert refusal.startswith(f"seeds/{name}.csv, line {len(GOOD[name]) + 2}\n  expected: {known}")
    assert "'nobody'" in refusal


def test_a_line_inside_a_cell_is_counted(tmp_path: Path) -> None:
    centres = [
        {"cost_centre": "CC-1", "cost_centre_name": "two\nlines"},
        {"cost_centre": "CC-2"},
        {"cost_centre": "CC-2"},
    ]
    assert _refusal(_write(tmp_path, cost_centres=centres)).startswith("seeds/cost_centres.csv, line 5\n")


def test_an_id_stands_once(tmp_path: Path) -> None:
    refusal = _refusal(
        _write(tmp_path, ownership=_with("ownership", ownership_id="o1", priority="1", service_name="T"))
    )
    assert refusal.startswith("seeds/ownership.csv, line 3")
    assert "'o1', which is on line 2 too" in refusal


@pytest.mark.parametrize("half", [{"tag_key": "team"}, {"tag_value": "1234"}])
def test_half_a_tag_is_refused(tmp_path: Path, half: dict[str, str]) -> None:
    # A value without a key took a whole bill; a key without a value matched nothing.
    refusal = _refusal(_write(tmp_path, ownership=_with("ownership", priority="7", team="search", **half)))
    assert "tag_key and tag_value together" in refusal


def test_a_column_that_nobody_reads_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path) / "teams.csv"
    path.write_text(path.read_text().replace("valid_from", "sub_account_name,valid_from", 1))
    assert _refusal(tmp_path).startswith("seeds/teams.csv, line 1\n  expected: no other columns than")


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"is_ai": ""}, "a rule that says nothing"),
        ({"is_ai": "yes"}, "'yes'"),
        ({"workload_phase": "thinking"}, "'thinking'"),
        ({"reason": ""}, "an empty cell"),
        ({"tag_value": "training"}, "an empty cell"),
        ({"sku_meter_pattern": "(tokens"}, "missing )"),
    ],
)
def test_a_rule_of_charges_that_means_nothing_is_refused(tmp_path: Path, cells: Cells, found: str) -> None:
    row = {"rule_id": "r2", "priority": "20", "service_name": "T", "is_ai": "true", "reason": "it is AI"} | cells
    refusal = _refusal(_write(tmp_path, charge_rules=_with("charge_rules", **row)))
    assert "charge_rules.csv, line 3" in refusal
    assert found in refusal


def test_two_rules_for_the_same_charges_at_one_priority_are_refused(tmp_path: Path) -> None:
    row = {"rule_id": "r2", "priority": "10", "service_name": "S", "is_ai": "false", "reason": "it is not"}
    assert "is_ai 'true' there, 'false' here" in _refusal(_write(tmp_path, charge_rules=_with("charge_rules", **row)))


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"workload_phase": "training"}, "'training'"),
        ({"workload_phase": ""}, "''"),
        ({"reason": ""}, "an empty cell"),
        ({"label_value": "x"}, "an empty cell"),
        ({"controller_pattern": "(vllm"}, "missing )"),
        ({"priority": "high"}, "'high'"),
        ({"priority": "10"}, "on line 2 too"),
    ],
)
def test_a_rule_of_gpu_workloads_that_means_nothing_is_refused(tmp_path: Path, cells: Cells, found: str) -> None:
    row = {"priority": "20", "workload_phase": "inference", "reason": "a label"} | cells
    refusal = _refusal(_write(tmp_path, gpu_workloads=_with("gpu_workloads", **row)))
    assert "gpu_workloads.csv, line 3" in refusal
    assert found in refusal

"""Driver files: one folder a table, people hashed, rates turned into rows, and what contradicts itself is rejected."""

import csv
import io
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.scrubbing import PersonHasher
from orchestration.sources.drivers import DRIVERS
from tests.deliveries import csv_text, write_bytes
from tests.vendor import PERSON_KEY, land, landed_rows, texts_below

SAMPLES = Path(__file__).parent / "samples" / "drivers_files"
MONTHS = ("2026-09", "2026-10")
HASHER = PersonHasher(PERSON_KEY)
TABLES = [table.name for table in DRIVERS.tables]


def rows_of(table: str) -> list[dict[str, str]]:
    """The sample's rows of a table."""
    (path,) = (SAMPLES / table).iterdir()
    return list(csv.DictReader(io.StringIO(path.read_text())))


def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, folder: Path = SAMPLES) -> list[Any]:
    return land(tmp_path / "home", monkeypatch, "drivers", table, str(folder), months=MONTHS)


def drop(tmp_path: Path, table: str, text: str, age: int = 0) -> Path:
    write_bytes(tmp_path / "drop" / table / "file.csv", text.encode(), age)
    return tmp_path / "drop"


@pytest.mark.parametrize("table", TABLES)
def test_every_table_lands_once_and_hides_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    outcomes = landing(tmp_path, monkeypatch, table)
    # A budget of a month to come waits for it.
    assert {outcome.status for outcome in outcomes} - {"waiting"} == {"landed"}
    assert not [check.name for outcome in outcomes for check in outcome.checks if not check.passed]
    kept = texts_below(tmp_path / "home").lower()
    assert b"archer" not in kept
    assert b"canary" not in kept
    assert {outcome.status for outcome in landing(tmp_path, monkeypatch, table)} == {"nothing_new"}


def test_a_table_without_a_folder_has_nothing_to_say_but_the_folder_of_all_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in ("budgets", "fx_rates"):
        (outcome,) = landing(tmp_path, monkeypatch, table, tmp_path)
        assert outcome.status == "nothing_new"
        (outcome,) = landing(tmp_path, monkeypatch, table, tmp_path / "nowhere")
        assert outcome.status == "failed"
        assert "nowhere" in outcome.message


def test_rates_are_one_row_a_day_and_currency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = landing(tmp_path, monkeypatch, "fx_rates")
    assert [(outcome.partition, outcome.row_count) for outcome in outcomes] == [("2026-09", 3), ("2026-10", 4)]
    columns = "cast(rate_date as varchar), currency, rate"
    assert landed_rows(tmp_path / "home", "drivers", "fx_rates", columns) == [
        ("2026-09-30", "CYP", Decimal("0.58")),
        ("2026-09-30", "JPY", Decimal("160.1")),
        ("2026-09-30", "USD", Decimal("1.09")),
        ("2026-10-13", "JPY", Decimal("162.95")),
        ("2026-10-13", "USD", Decimal("1.0917")),
        ("2026-10-14", "JPY", Decimal("163.42")),
        ("2026-10-14", "USD", Decimal("1.0931")),
    ]


def test_a_day_more_of_rates_changes_its_month_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header, *days = (SAMPLES / "fx_rates" / "eurofxref-hist.csv").read_text().splitlines(keepends=True)
    folder = drop(tmp_path, "fx_rates", "".join((header, *days)))
    landing(tmp_path, monkeypatch, "fx_rates", folder)
    drop(tmp_path, "fx_rates", "".join((header, "2026-10-15,1.1,163,N/A,\n", *days)), age=1)
    outcomes = landing(tmp_path, monkeypatch, "fx_rates", folder)
    assert [(outcome.partition, outcome.status) for outcome in outcomes] == [
        ("2026-09", "unchanged"),
        ("2026-10", "landed"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("TIME_PERIOD,OBS_VALUE\n2026-10-14,1.09\n", "history of rates"),
        ("Date,USD,\n2026-10-14,1.0931,163.42,\n", "4 cells"),
        ("Date,USD,\n2026-10-14,-1.0931,\n", "above zero"),
        ("Date,USD,\n2026-10-14,n/a,\n", "decimal"),
        ("Date,USD,USD,\n2026-10-14,1.1,1.2,\n", "one rate a day"),
    ],
    ids=["another table", "ragged", "negative", "no number", "twice"],
)
def test_rates_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    (outcome,) = landing(tmp_path, monkeypatch, "fx_rates", drop(tmp_path, "fx_rates", text))
    assert outcome.is_failure
    assert words in outcome.message


def test_names_of_persons_are_hashed_and_ids_of_keys_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mail, name = "canary@example.org", "canary"
    rows = [*rows_of("principals"), rows_of("principals")[0] | {"kind": "robot", "external_id": name, "email": mail}]
    (outcome,) = landing(tmp_path, monkeypatch, "principals", drop(tmp_path, "principals", csv_text(rows)))
    # An unknown kind is refused, and treated as a person until then.
    assert outcome.status == "rejected"
    assert name.encode() not in texts_below(tmp_path / "home")
    landing(tmp_path, monkeypatch, "principals")
    columns = "source, external_id, principal_id, email"
    person, ada = HASHER.hash("ada.archer"), HASHER.hash("ada.archer@example.org")
    assert landed_rows(tmp_path / "home", "drivers", "principals", columns) == [
        ("cursor", ada, person, ada),
        ("github", HASHER.hash("ada-archer"), person, ada),
        ("openai", "key_search_prod", "search-production", None),
    ]


def test_a_newer_organisation_replaces_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landing(tmp_path, monkeypatch, "org_units", drop(tmp_path, "org_units", csv_text(rows_of("org_units"))))
    moved = [row | {"gl_account": "6500"} for row in rows_of("org_units")]
    (outcome,) = landing(tmp_path, monkeypatch, "org_units", drop(tmp_path, "org_units", csv_text(moved), age=1))
    assert (outcome.status, outcome.partition) == ("landed", "all")
    assert "replaces 4 rows" in outcome.message


def test_a_newer_budget_file_replaces_the_months_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search, later, company = rows_of("budgets")
    september = search | {"period_start": "2026-09-01", "period_end": "2026-10-01"}
    folder = drop(tmp_path, "budgets", csv_text([september, search, later, company]))
    outcomes = landing(tmp_path, monkeypatch, "budgets", folder)
    assert [(outcome.status, outcome.partition, outcome.row_count) for outcome in outcomes] == [
        ("landed", "2026-09", 1),
        ("landed", "2026-10", 2),
        ("waiting", None, 0),
    ]
    assert "2026-12" in outcomes[-1].message
    drop(tmp_path, "budgets", csv_text([search | {"version": "2026-2"}, company]), age=1)
    (outcome,) = landing(tmp_path, monkeypatch, "budgets", folder)
    assert (outcome.status, outcome.partition) == ("landed", "2026-10")
    assert "replaces 2 rows" in outcome.message


UNITS = rows_of("org_units")
CONTRADICTIONS = {
    "revenue twice": ("revenue_daily", [rows_of("revenue_daily")[0]] * 2, "stands once"),
    "usage below zero": ("product_usage_daily", [rows_of("product_usage_daily")[0] | {"value": "-1"}], "less than"),
    "a budget twice": ("budgets", [rows_of("budgets")[0], rows_of("budgets")[0] | {"kind": "forecast"}], "stands once"),
    "a scope that is a word": ("budgets", [rows_of("budgets")[0] | {"scope": "search"}], "JSON objects"),
    "a parent that is not there": ("org_units", UNITS[1:], "parents are units"),
    "a circle": ("org_units", [UNITS[0] | {"parent_id": "search"}, *UNITS[1:]], "above itself"),
    "two things at a time": ("org_units", [*UNITS, UNITS[3] | {"valid_from": "2026-10-01"}], "at a time"),
    "a name of two": (
        "principals",
        [rows_of("principals")[2], rows_of("principals")[2] | {"principal_id": "other", "valid_from": "2024-01-01"}],
        "one principal",
    ),
    "a contract that ends first": ("commitments", [rows_of("commitments")[0] | {"end_date": "2025-01-01"}], "end"),
    "net that is not": (
        "stripe_balance_transactions",
        [rows_of("stripe_balance_transactions")[0] | {"net": "1"}],
        "net",
    ),
    "dollars, not cents": (
        "stripe_balance_transactions",
        [rows_of("stripe_balance_transactions")[0] | {"amount": "12.34"}],
        "bigint",
    ),
}


@pytest.mark.parametrize(("table", "rows", "words"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_contradicts_itself_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, rows: list[dict[str, str]], words: str
) -> None:
    (outcome,) = landing(tmp_path, monkeypatch, table, drop(tmp_path, table, csv_text(rows)))
    assert outcome.status == "rejected"
    assert words in outcome.message


def test_a_unit_that_moved_below_its_former_child_is_no_circle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = UNITS[0]
    unit = root | {"kind": "team", "valid_to": "2025-01-01"}
    rows = [
        root,
        unit | {"unit_id": "one", "parent_id": "larkfield"},
        unit | {"unit_id": "two", "parent_id": "one"},
        unit | {"unit_id": "two", "parent_id": "larkfield", "valid_from": "2025-01-01", "valid_to": ""},
        unit | {"unit_id": "one", "parent_id": "two", "valid_from": "2025-01-01", "valid_to": ""},
    ]
    (outcome,) = landing(tmp_path, monkeypatch, "org_units", drop(tmp_path, "org_units", csv_text(rows)))
    assert outcome.status == "landed", outcome.message


def test_two_new_files_that_differ_are_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = drop(tmp_path, "commitments", csv_text(rows_of("commitments")))
    shutil.copy(folder / "commitments" / "file.csv", folder / "commitments" / "more.csv")
    (folder / "commitments" / "more.csv").write_text(csv_text([rows_of("commitments")[0] | {"note": "other"}]))
    outcomes = landing(tmp_path, monkeypatch, "commitments", folder)
    assert {outcome.status for outcome in outcomes} == {"rejected"}
    assert "same_period_files" in outcomes[0].message

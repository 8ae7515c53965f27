"""The seat file: what is kept of people, what a seat month may say, and what is billed of it."""

import csv
import io
import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing import idle_fetch
from orchestration.paths import sha256_of
from orchestration.scrubbing import PersonHasher
from orchestration.settings import SourceSettings
from orchestration.sources import people_files
from tests.deliveries import csv_text, write_bytes
from tests.vendor import PERSON_KEY, land, landed_rows, texts_below

SAMPLE = Path(__file__).parent / "samples" / "seats_seat_months.csv"
ROWS = list(csv.DictReader(io.StringIO(SAMPLE.read_text())))
MONTHS = ("2026-10", "2026-11")
HASHER = PersonHasher(PERSON_KEY)


def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *rows: dict[str, str], **source: Any) -> list[Any]:
    write_bytes(tmp_path / "drop" / "seats.csv", csv_text(rows).encode(), age=len(rows))
    return land(tmp_path / "home", monkeypatch, "seats", "seat_months", str(tmp_path / "drop"), months=MONTHS, **source)


def test_seats_are_kept_by_month_and_billed_to_the_last_digit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = landing(tmp_path, monkeypatch, *ROWS)
    assert [(outcome.status, outcome.partition, outcome.row_count) for outcome in outcomes] == [
        ("landed", "2026-10", 5),
        ("landed", "2026-11", 1),
    ]
    with duckdb.connect() as connection:
        (manifests,) = connection.execute(
            "select list(control_totals order by partition) from read_json(?)",
            [f"{tmp_path}/home/landing/seats/*/*/*/*/*/manifest.json"],
        ).fetchone() or ([],)
    billed = {
        (total["charge_month"], total["currency"]): Decimal(total["total"]) for totals in manifests for total in totals
    }
    # A whole month, 21 days of 31; three annual seats in the month of their start, and nothing in the next.
    assert billed == {
        ("2026-10", "USD"): Decimal(19) + Decimal("6.774193548"),
        ("2026-10", "EUR"): 3 * Decimal("720.10"),
        ("2026-11", "EUR"): 0,
    }
    assert landing(tmp_path, monkeypatch, *ROWS)[0].status == "nothing_new"


@pytest.mark.parametrize(
    ("cells", "billed"),
    [
        ({"unit_price": "100.00", "seat_end": "2026-10-11"}, "32.258064516"),
        ({"unit_price": "31.00", "seat_start": "2026-10-31"}, "1"),
        # Beyond what a double holds.
        ({"unit_price": "99999999999.999999999999999999", "seat_start": "2026-10-31"}, "3225806451.612903225"),
        ({"unit_price": "99999999999.999999999999999999"}, "99999999999.999999999999999999"),
    ],
    ids=["10 of 31 days", "a day", "many digits", "a whole month"],
)
def test_a_part_of_a_month_is_billed_by_days_in_whole_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: dict[str, str], billed: str
) -> None:
    (outcome,) = landing(tmp_path, monkeypatch, ROWS[0] | cells)
    assert outcome.status == "landed", outcome.message
    manifest = json.loads(next((tmp_path / "home").glob("landing/seats/*/*/*/*/*/manifest.json")).read_text())
    (total,) = manifest["control_totals"]
    assert Decimal(total["total"]) == Decimal(billed)


def test_the_manifest_keeps_the_hash_of_the_file_that_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landing(tmp_path, monkeypatch, ROWS[0])
    manifest = json.loads(next((tmp_path / "home").glob("landing/seats/*/*/*/*/*/manifest.json")).read_text())
    (received,) = manifest["received"]
    assert received["received_sha256"] == sha256_of(tmp_path / "drop" / "seats.csv")
    assert received["received_sha256"] != received["sha256"] == manifest["raw"][0]["sha256"]


def test_people_are_hashed_before_anything_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canaries = ("canary@example.org", "Jane Canary", "sk-live-0123456789abcdef")
    mail, name, secret = canaries
    row = ROWS[0] | {"team_id": f"team of {mail}", "plan": mail, "source": f"{secret} of {mail}"}
    row |= {"principal_email": mail, "principal_id": name, "cost_centre": mail, "employee": name, "prompt": secret}
    landing(tmp_path, monkeypatch, row)
    kept = texts_below(tmp_path / "home")
    assert not [canary for canary in canaries if canary.encode() in kept]
    columns = "principal_id, principal_email, team_id"
    hashed = HASHER.hash(mail)
    assert landed_rows(tmp_path / "home", "seats", "seat_months", columns) == [
        (HASHER.hash(name), hashed, f"team of {hashed}")
    ]


def test_the_original_is_gone_when_its_delivery_is_handed_over(tmp_path: Path) -> None:
    source = SourceSettings(vendor="seats", name="main", location=str(SAMPLE))
    idle = idle_fetch(source, "seat_months", tmp_path)
    for _ in people_files.deliveries(replace(idle, is_known=lambda _, __: False, hasher=lambda: HASHER)):
        assert b"ada.archer" not in texts_below(tmp_path)


@pytest.mark.parametrize("cell", ["unit_price", "seat_start", "last_activity_at"])
def test_a_rejected_file_is_scrubbed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str) -> None:
    (outcome,) = landing(tmp_path, monkeypatch, ROWS[0] | {cell: "canary@example.org"})
    assert outcome.status == "rejected"
    assert list((tmp_path / "home" / "rejected").rglob("*.csv"))
    kept = texts_below(tmp_path / "home")
    assert b"canary" not in kept
    assert b"ada.archer" not in kept


def test_a_broken_file_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path / "drop" / "seats.csv", SAMPLE.read_bytes() + b'2026-10,"GitHub,canary@example.org\n')
    (outcome,) = land(tmp_path / "home", monkeypatch, "seats", "seat_months", str(tmp_path / "drop"), months=MONTHS)
    assert outcome.status == "failed"
    assert "canary" not in outcome.message
    kept = texts_below(tmp_path / "home")
    assert b"canary" not in kept
    assert b"ada.archer" not in kept


def test_parquet_is_scrubbed_like_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "drop").mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * from read_csv('{SAMPLE}')) to '{tmp_path}/drop/seats.parquet' (format parquet)"
        )
    found = land(tmp_path / "home", monkeypatch, "seats", "seat_months", str(tmp_path / "drop"), months=MONTHS)
    assert [outcome.status for outcome in found] == ["landed", "landed"]
    assert b"archer" not in texts_below(tmp_path / "home")


WRONG = {
    "no such period": ({"period": "2026-13"}, "period"),
    "not yet begun": ({"seat_start": "2026-11-01"}, "months of its term"),
    "over": ({"seat_end": "2026-10-01"}, "months of its term"),
    "an annual seat without an end": ({"billing_cycle": "annual"}, "annual ones do end"),
    "another rhythm": ({"billing_cycle": "weekly"}, "agreed value"),
    "no price": ({"unit_price": ""}, "never null"),
    "a price below nothing": ({"unit_price": "-19.00"}, "price is negative"),
}


@pytest.mark.parametrize(("cells", "words"), WRONG.values(), ids=WRONG)
def test_a_seat_month_that_cannot_be_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: dict[str, str], words: str
) -> None:
    (outcome,) = landing(tmp_path, monkeypatch, ROWS[0] | cells)
    assert outcome.status == "rejected"
    assert words in outcome.message


def test_a_person_twice_in_a_month_is_rejected_and_free_seats_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outcome,) = landing(tmp_path, monkeypatch, ROWS[0], ROWS[0])
    assert outcome.status == "rejected"
    shutil.rmtree(tmp_path / "drop")
    (outcome,) = landing(tmp_path, monkeypatch, ROWS[3], ROWS[4])
    assert (outcome.status, outcome.row_count) == ("landed", 2)


def test_one_file_may_speak_for_two_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [ROWS[0] | {"billing_account_id": "copilot-1"}, ROWS[1] | {"billing_account_id": ""}]
    landing(tmp_path, monkeypatch, *rows)
    found = landed_rows(tmp_path / "home", "seats", "seat_months", "billing_account_id")
    assert found == [("copilot-1",), (None,)]


def test_a_missing_column_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (outcome,) = landing(tmp_path, monkeypatch, {name: cell for name, cell in ROWS[0].items() if name != "seat_end"})
    assert outcome.status == "rejected"
    assert "found:    no seat_end" in outcome.message

"""Deliveries on disk: what lands, what is a repetition, what is held, what is rejected, and what survives a crash."""

import csv
import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, localcontext
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import landing, preparing
from orchestration.errors import IntegrityError, MeterhouseError
from orchestration.inputs import lay_out, select
from orchestration.landing import Outcome, accept
from orchestration.packages import MANIFEST, Package, newest_accepted, packages
from orchestration.paths import Home, sha256_of
from orchestration.settings import Settings
from tests.deliveries import (
    MONTHS,
    OCTOBER,
    SEPTEMBER,
    csv_text,
    focus_row,
    focus_rows,
    focus_source,
    land,
    landed,
    manual_row,
    manual_source,
    plain_judge,
    settings_of,
    statuses,
    ticking_clock,
    write_bytes,
    write_csv,
)

SAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "focus_samples"
REAL_EXPORT = SAMPLES / "focus_1.0_finops_foundation_sample_1000.csv"
TEN = [f"{number}.00" for number in range(1, 11)]
COST_COLUMNS = {
    "billed_cost": "BilledCost",
    "effective_cost": "EffectiveCost",
    "list_cost": "ListCost",
    "contracted_cost": "ContractedCost",
}


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """The folder that the vendor writes to."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def focus(tmp_path: Path, drop: Path) -> Settings:
    return settings_of(tmp_path / "home", focus_source(drop))


@pytest.fixture
def quick_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two comparisons instead of Great Expectations, where a test is about files and not about the gate."""
    monkeypatch.setattr(preparing, "judge", plain_judge)


quickly = pytest.mark.usefixtures("quick_judge")


def _current(settings: Settings, partition: str = SEPTEMBER) -> Package:
    return next(package for package in select(settings).used if package.manifest.partition == partition)


def _billed(package: Package) -> Decimal:
    totals = package.manifest.control_totals
    return sum((Decimal(item.total) for item in totals if item.cost_column == "billed_cost"), Decimal(0))


def _rows(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def _rejected_folders(settings: Settings) -> list[Path]:
    return sorted(path.parent for path in settings.home.glob("rejected/**/report.json"))


# A package as it lies on disk.


@quickly
def test_a_package_lies_where_its_replacement_key_says(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(["1.00"]))
    outcome = land(focus)[0]
    package = landed(focus)[0]
    place = Path("landing", "focus", "charges", "billing", "all", SEPTEMBER, str(outcome.delivery_id))
    assert package.folder == focus.home / place
    names = sorted(str(path.relative_to(package.folder)) for path in package.folder.rglob("*") if path.is_file())
    assert names == ["manifest.json", "part-0000.parquet", "raw/0000-bill.csv"]


@quickly
def test_a_scope_is_part_of_the_key(tmp_path: Path, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(["1.00"]))
    for scope in ("payer-1", "payer-2"):
        settings = settings_of(tmp_path / "home", focus_source(drop, scope=scope))
        assert statuses(land(settings)) == ["landed"]
    assert [package.manifest.scope for package in landed(settings)] == ["payer-1", "payer-2"]
    assert [package.manifest.scope for package in select(settings).used] == ["payer-2"]


@quickly
def test_received_bytes_are_kept_unchanged_and_stored_once(focus: Settings, drop: Path) -> None:
    content = csv_text([focus_row(SEPTEMBER), focus_row(OCTOBER)]).replace("\n", "\r\n").encode()
    write_bytes(drop / "bill.csv", content)
    land(focus)
    links = [package.folder / package.manifest.raw[0].name for package in landed(focus)]
    assert [link.read_bytes() for link in links] == [content, content]
    stored = list((focus.home / "landing" / ".raw").iterdir())
    assert [path.name for path in stored] == [sha256_of(drop / "bill.csv")]
    assert {path.stat().st_ino for path in (*links, *stored)} == {stored[0].stat().st_ino}
    assert stored[0].stat().st_nlink == 3


@quickly
def test_a_gzip_is_kept_as_it_was_received(focus: Settings, drop: Path) -> None:
    content = gzip.compress(csv_text(focus_rows(["1.00"])).encode(), mtime=0)
    write_bytes(drop / "bill.csv.gz", content)
    land(focus)
    package = landed(focus)[0]
    assert (package.folder / "raw" / "0000-bill.csv.gz").read_bytes() == content
    assert package.manifest.received[0]["size"] == len(content)


@quickly
def test_the_manifest_says_what_was_landed(focus: Settings, drop: Path) -> None:
    rows = [focus_row(day=3, BilledCost="1.10", x_note="a"), focus_row(day=4, BilledCost="-0.10", ContractedCost="")]
    write_csv(drop / "bill.csv", rows, [*rows[0]])
    land(focus, clock=ticking_clock("2024-11-05T08:00:00+00:00"))
    manifest = landed(focus)[0].manifest
    assert (manifest.vendor_version, manifest.contract_id) == ("FOCUS 1.0", "meterhouse.landing.focus.charges")
    assert (manifest.row_count, manifest.covers, manifest.sequence) == (2, [SEPTEMBER], 1)
    assert manifest.charge_days == ["2024-09-03", "2024-09-04"]
    assert manifest.unknown_columns == ["x_note"]
    assert (manifest.fetched_at[:17], manifest.accepted_by) == ("2024-11-05T08:00:", None)
    totals = {item.cost_column: (Decimal(item.total), item.null_count) for item in manifest.control_totals}
    assert totals["billed_cost"] == (Decimal("1.00"), 0)
    assert totals["contracted_cost"] == (Decimal("1.00"), 1)
    assert manifest.received[0]["modified_at"] == "2023-11-14T22:13:20.000000Z"


@quickly
def test_rounded_money_is_part_of_the_manifest(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(["1.0000000000000000004", "2"]))
    land(focus)
    package = landed(focus)[0]
    assert package.manifest.roundings == [
        {
            "column": "BilledCost",
            "currency": "USD",
            "row_count": 1,
            "difference": "0.0000000000000000004",
            "file": "bill.csv",
        }
    ]
    assert _billed(package) == Decimal(3)


@quickly
def test_currencies_and_providers_are_never_added_up(focus: Settings, drop: Path) -> None:
    rows = [
        focus_row(BilledCost="1000", BillingCurrency="USD"),
        focus_row(BilledCost="100000", BillingCurrency="JPY"),
        focus_row(BilledCost="5", BillingCurrency="JPY", ProviderName="Other"),
    ]
    write_csv(drop / "bill.csv", rows)
    land(focus)
    totals = [item for item in landed(focus)[0].manifest.control_totals if item.cost_column == "billed_cost"]
    assert {(item.provider, item.currency, Decimal(item.total)) for item in totals} == {
        ("Provider", "USD", Decimal(1000)),
        ("Provider", "JPY", Decimal(100000)),
        ("Other", "JPY", Decimal(5)),
    }


@quickly
def test_a_file_that_spans_periods_is_one_package_a_period_of_one_group(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [*focus_rows(["1", "2"], SEPTEMBER), *focus_rows(["40"], OCTOBER)])
    assert [(item.status, item.partition, item.row_count) for item in land(focus)] == [
        ("landed", SEPTEMBER, 2),
        ("landed", OCTOBER, 1),
    ]
    manifests = [package.manifest for package in landed(focus)]
    assert len({manifest.delivery_group_id for manifest in manifests}) == 1
    assert len({manifest.delivery_id for manifest in manifests}) == 2
    assert [_billed(package) for package in landed(focus)] == [Decimal(3), Decimal(40)]


@quickly
def test_a_hostile_file_name_stays_a_name(focus: Settings, drop: Path) -> None:
    name = "a..%2f'; drop table x; -- {{ 1 }} \u202e.csv"
    write_csv(drop / name, focus_rows(["1"]))
    assert statuses(land(focus)) == ["landed"]
    assert landed(focus)[0].manifest.received[0]["name"] == name


@quickly
def test_a_file_name_as_long_as_a_disk_allows_is_an_outcome_and_not_a_crash(focus: Settings, drop: Path) -> None:
    write_csv(drop / ("x" * 251 + ".csv"), focus_rows(["1"]))
    assert statuses(land(focus))[0] in ("landed", "rejected", "failed")


@quickly
def test_a_home_with_a_quote_in_its_name_works(tmp_path: Path, drop: Path) -> None:
    settings = settings_of(tmp_path / "it's a home", focus_source(drop))
    write_csv(drop / "bill.csv", focus_rows(["1"]))
    assert statuses(land(settings)) == ["landed"]


# Control totals against plain Python.


def _totals_of_text(path: Path, null: str) -> dict[tuple[str, str, str, str], Decimal]:
    """Sums of a CSV's text by period, provider, currency and cost column, without any of our code."""
    totals: dict[tuple[str, str, str, str], Decimal] = {}
    with path.open(encoding="utf-8", newline="") as file, localcontext(prec=100):
        for row in csv.DictReader(file):
            for name, column in COST_COLUMNS.items():
                key = (row["BillingPeriodStart"][:7], row["ProviderName"], row["BillingCurrency"], name)
                amount = Decimal(0) if row[column] in ("", null) else Decimal(row[column])
                totals[key] = totals.get(key, Decimal(0)) + amount
    return totals


def _totals_of_packages(settings: Settings) -> dict[tuple[str, str, str, str], Decimal]:
    return {
        (package.manifest.partition, str(item.provider), str(item.currency), item.cost_column): Decimal(item.total)
        for package in landed(settings)
        for item in package.manifest.control_totals
    }


@quickly
def test_control_totals_are_the_sums_of_the_received_text(focus: Settings, drop: Path) -> None:
    chance = random.Random(7)
    amounts = [f"{Decimal(chance.randint(-(10**20), 10**20)).scaleb(-chance.randint(4, 18)):f}" for _ in range(400)]
    rows = [
        focus_row(chance.choice(MONTHS), BilledCost=one, ListCost=other, EffectiveCost="")
        for one, other in zip(amounts, reversed(amounts), strict=True)
    ]
    write_csv(drop / "bill.csv", rows)
    land(focus)
    assert _totals_of_packages(focus) == _totals_of_text(drop / "bill.csv", "NULL")


@pytest.mark.skipif(not REAL_EXPORT.is_file(), reason=f"the FinOps Foundation's sample is not at {REAL_EXPORT}")
def test_every_row_and_cent_of_a_real_export_lands(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", focus_source(REAL_EXPORT))
    outcomes = land(settings)
    assert statuses(outcomes) == ["landed", "landed"]
    assert sum(outcome.row_count for outcome in outcomes) == 1000
    assert _totals_of_packages(settings) == _totals_of_text(REAL_EXPORT, "NULL")
    for package in landed(settings):
        package.verify(with_raw=True)
        assert package.manifest.unknown_columns == ["Id"]
        assert package.manifest.roundings == []


# Again, and otherwise.


@quickly
def test_the_same_file_is_read_once(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    before = landed(focus)
    assert statuses(land(focus)) == ["nothing_new"]
    assert landed(focus) == before


@quickly
def test_the_same_data_in_other_bytes_is_no_new_delivery(focus: Settings, drop: Path) -> None:
    rows = focus_rows(TEN)
    write_csv(drop / "bill.csv", rows)
    land(focus)
    before = landed(focus)
    columns = sorted(rows[0], reverse=True)
    write_bytes(drop / "again.csv.gz", gzip.compress(csv_text(rows[::-1], columns).encode()), age=1)
    assert [(item.status, item.delivery_id) for item in land(focus)] == [("unchanged", before[0].manifest.delivery_id)]
    assert landed(focus) == before


@quickly
def test_ten_and_twenty_and_minus_five_delivered_twice_are_25(focus: Settings, drop: Path) -> None:
    rows = focus_rows(["10.00", "20.00", "-5.00"])
    write_csv(drop / "one.csv", rows)
    write_csv(drop / "two.csv", rows, age=1)
    assert statuses(land(focus)) == ["landed", "unchanged"]
    used = select(focus).used
    assert [(package.manifest.row_count, _billed(package)) for package in used] == [(3, Decimal("25.00"))]


@quickly
def test_two_equal_rows_of_one_file_are_two_charges(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [focus_row(BilledCost="5"), focus_row(BilledCost="5")])
    land(focus)
    assert _billed(_current(focus)) == Decimal(10)
    write_csv(drop / "bill.csv", [focus_row(BilledCost="5")] * 3, age=1)
    assert statuses(land(focus)) == ["landed"]
    assert _billed(_current(focus)) == Decimal(15)


@quickly
def test_changed_data_of_a_period_is_a_new_sequence_and_the_newest_wins(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    write_csv(drop / "bill.csv", focus_rows([*TEN, "0.01"]), age=1)
    assert statuses(land(focus)) == ["landed"]
    roles = {package.manifest.sequence: role for package, role in select(focus).roles}
    assert roles == {1: "superseded", 2: "current"}
    assert _billed(_current(focus)) == Decimal("55.01")


@quickly
def test_a_then_b_then_a_again_ends_with_a(focus: Settings, drop: Path) -> None:
    one, other = focus_rows(TEN), focus_rows([*TEN[:9], "99"])
    for age, rows in enumerate((one, other, one)):
        write_csv(drop / "bill.csv", rows, age=age)
        assert statuses(land(focus)) == ["landed"]
    assert _billed(_current(focus)) == Decimal(55)
    assert _current(focus).manifest.sequence == 3
    assert len({package.manifest.delivery_id for package in landed(focus)}) == 3


@quickly
def test_a_file_that_is_put_back_with_its_old_time_is_the_newest_again(focus: Settings, drop: Path) -> None:
    # rsync -t and cp -p keep the time: the receipt of the first state is still there.
    for age, cost in ((0, "1"), (1, "2"), (0, "1")):
        write_csv(drop / "bill.csv", focus_rows([cost]), age=age)
        land(focus)
    assert _billed(_current(focus)) == Decimal(1)


@quickly
def test_the_newest_of_one_period_leaves_other_periods_alone(focus: Settings, drop: Path) -> None:
    write_csv(drop / "both.csv", [*focus_rows(["1"], SEPTEMBER), *focus_rows(["2"], OCTOBER)])
    land(focus)
    september = _current(focus, SEPTEMBER)
    write_csv(drop / "october.csv", focus_rows(["3"], OCTOBER), age=1)
    land(focus)
    assert _current(focus, SEPTEMBER) == september
    assert _billed(_current(focus, OCTOBER)) == Decimal(3)


@quickly
def test_a_removed_package_is_landed_anew_under_its_id(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    before = landed(focus)[0]
    shutil.rmtree(before.folder)
    assert [(item.status, item.delivery_id) for item in land(focus)] == [("landed", before.manifest.delivery_id)]
    assert landed(focus)[0].manifest.parts == before.manifest.parts


@quickly
def test_repairing_one_period_brings_no_older_data_of_another_back(focus: Settings, drop: Path) -> None:
    # The old file speaks for both periods; only October was delivered again. Moving September's folder away, which is
    # what a damaged package advises, reads the old file again, and its October must not become the newest.
    write_csv(drop / "both.csv", [*focus_rows(["1"], SEPTEMBER), *focus_rows(["2"], OCTOBER)])
    land(focus)
    write_csv(drop / "october.csv", focus_rows(["3"], OCTOBER), age=1)
    land(focus)
    shutil.rmtree(_current(focus, SEPTEMBER).folder)
    land(focus)
    assert _billed(_current(focus, SEPTEMBER)) == Decimal(1)
    assert _billed(_current(focus, OCTOBER)) == Decimal(3)


@quickly
def test_a_changed_contract_does_not_read_history_again(
    focus: Settings, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two snapshots of one period lie in the folder; read together they would clash, or end with the older one.
    write_csv(drop / "first.csv", focus_rows(TEN))
    land(focus)
    write_csv(drop / "second.csv", focus_rows([*TEN, "1"]), age=1)
    land(focus)
    before = _current(focus)
    changed = replace(landing.landing_contract("focus", "charges"), version="9.0.0")
    monkeypatch.setattr(landing, "landing_contract", lambda *_: changed)
    assert statuses(land(focus)) == ["nothing_new"]
    assert _current(focus) == before


@quickly
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
def test_any_order_of_independent_periods_gives_the_same_deliveries(tmp_path: Path, at_once: bool) -> None:
    months = ("2024-08", SEPTEMBER, OCTOBER)
    found = set()
    for number, order in enumerate(permutations(months)):
        drop = tmp_path / f"drop-{number}"
        settings = settings_of(tmp_path / f"home-{number}", focus_source(drop))
        for age, month in enumerate(order):
            write_csv(drop / f"{month}.csv", focus_rows([month.replace("-", ".")], month), age=age)
            if not at_once or age == 2:
                land(settings, months=months)
        found.add(
            (
                tuple(sorted(item["delivery_id"] for item in select(settings).named)),
                tuple(_facts(package) for package in landed(settings)),
            )
        )
    assert [len(ids) for ids, _ in found] == [3]


def _facts(package: Package) -> tuple[str, str, int]:
    manifest = package.manifest
    return manifest.partition, manifest.data_fingerprint, manifest.row_count


@quickly
def test_two_homes_that_are_told_the_same_are_the_same(tmp_path: Path, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    texts = []
    for name in ("one", "two"):
        settings = settings_of(tmp_path / name, focus_source(drop))
        land(settings)
        texts.append((landed(settings)[0].folder / MANIFEST).read_text())
    assert texts[0] == texts[1]


# Held.


@quickly
def test_fewer_than_seven_rows_of_ten_are_held_and_never_selected(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [focus_row(BilledCost=cost) for cost in TEN])
    land(focus)
    write_csv(drop / "bill.csv", [focus_row(BilledCost=cost) for cost in TEN[:6]], age=1)
    outcome = land(focus)[0]
    assert (outcome.status, outcome.message) == ("held", "6 rows where 10 were accepted before")
    assert not outcome.is_failure
    assert _billed(_current(focus)) == Decimal(55)
    assert sorted(role for _, role in select(focus).roles) == ["current", "held"]


@quickly
def test_seven_rows_of_ten_land(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [focus_row(BilledCost=cost) for cost in TEN])
    land(focus)
    write_csv(drop / "bill.csv", [focus_row(BilledCost=cost) for cost in TEN[:7]], age=1)
    assert statuses(land(focus)) == ["landed"]


@quickly
def test_a_missing_day_is_held_and_named(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    write_csv(drop / "bill.csv", [*focus_rows(TEN)[:4], *focus_rows(TEN)[5:]], age=1)
    outcome = land(focus)[0]
    assert (outcome.status, outcome.message) == ("held", "1 days are gone, the first is 2024-09-05")


@quickly
def test_a_lost_column_is_held_and_named(focus: Settings, drop: Path) -> None:
    rows = focus_rows(TEN)
    write_csv(drop / "bill.csv", rows)
    land(focus)
    write_csv(drop / "bill.csv", rows, [name for name in rows[0] if name != "Tags"], age=1)
    outcome = land(focus)[0]
    assert (outcome.status, outcome.message) == ("held", "columns are gone: Tags")


@quickly
def test_an_accepted_delivery_becomes_the_newest(focus: Settings, drop: Path) -> None:
    _hold(focus, drop)
    held = next(package for package, role in select(focus).roles if role == "held")
    manifest = accept(Home(focus.home), held.manifest.delivery_id, ticking_clock("2024-12-01T00:00:00+00:00"))
    assert (manifest.sequence, manifest.accepted_at) == (2, "2024-12-01T00:00:01.000000Z")
    assert manifest.accepted_by
    assert _billed(_current(focus)) == Decimal(3)
    assert statuses(land(focus)) == ["nothing_new"]


def _hold(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    write_csv(drop / "bill.csv", focus_rows(["1", "2"]), age=1)
    assert statuses(land(focus)) == ["held"]


@quickly
def test_a_held_delivery_that_comes_again_stays_held_once(focus: Settings, drop: Path) -> None:
    _hold(focus, drop)
    write_csv(drop / "copy.csv", focus_rows(["1", "2"]), age=2)
    outcome = land(focus)[0]
    assert (outcome.status, outcome.message[:6]) == ("held", "2 rows")
    assert len(landed(focus)) == 2


@quickly
def test_only_a_held_delivery_can_be_accepted(focus: Settings, drop: Path) -> None:
    _hold(focus, drop)
    home = Home(focus.home)
    with pytest.raises(MeterhouseError, match="is not in landing/"):
        accept(home, "0" * 16)
    with pytest.raises(MeterhouseError, match="is accepted already"):
        accept(home, _current(focus).manifest.delivery_id)


@quickly
def test_a_held_delivery_whose_bytes_changed_cannot_be_accepted(focus: Settings, drop: Path) -> None:
    _hold(focus, drop)
    held = next(package for package, role in select(focus).roles if role == "held")
    part = held.folder / "part-0000.parquet"
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(IntegrityError):
        accept(Home(focus.home), held.manifest.delivery_id)


@quickly
def test_growing_from_a_snapshot_that_shrank_keeps_the_largest(focus: Settings, drop: Path) -> None:
    for age, (days, cost) in enumerate(((9, "100.00"), (30, "310.00"), (5, "50.00"))):
        rows = [focus_row(day=day, BilledCost="0") for day in range(1, days + 1)]
        write_csv(drop / "bill.csv", [*rows, focus_row(BilledCost=cost)], age=age)
        land(focus)
    assert _billed(_current(focus)) == Decimal("310.00")


# Rejected.


def test_a_broken_rule_rejects_the_delivery_with_its_rows(focus: Settings, drop: Path) -> None:
    rows = focus_rows(["1", "2", "3"])
    rows[1]["BillingCurrency"] = "usd"
    content = write_csv(drop / "bill.csv", rows).read_bytes()
    outcome = land(focus)[0]
    assert (outcome.status, outcome.partition, outcome.is_failure) == ("rejected", SEPTEMBER, True)
    folder = _rejected_folders(focus)[0]
    assert (folder / "raw" / "0000-bill.csv").read_bytes() == content
    report = json.loads((folder / "report.json").read_text())
    assert report["error"]["column"] == "BillingCurrency"
    broken = [check for check in report["checks"] if check["severity"] == "error"]
    assert [(check["name"], check["found"]) for check in broken] == [("BillingCurrency has the agreed form", "1")]
    assert broken[0]["rows"] == [{"_row_number": "2", "BillingCurrency": "usd"}]
    assert landed(focus) == []


def test_a_warning_is_reported_and_the_delivery_lands(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [focus_row(ServiceCategory="Alchemy", Tags="not json")])
    outcome = land(focus)[0]
    assert outcome.status == "landed"
    warned = {result.name for result in outcome.checks if not result.passed}
    assert warned == {"ServiceCategory has an agreed value", "tags are JSON objects"}
    assert {check["name"] for check in landed(focus)[0].manifest.checks if not check["passed"]} == warned


@quickly
def test_a_report_names_source_file_line_column_and_the_next_step(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [focus_row(), focus_row(BilledCost="about 5")])
    outcome = land(focus)[0]
    folder = _rejected_folders(focus)[0]
    error = json.loads((folder / "report.json").read_text())["error"]
    assert (error["source"], error["file"], error["line"], error["column"]) == (
        "focus/billing",
        "bill.csv",
        3,
        "BilledCost",
    )
    assert (error["expected"], error["found"]) == ("decimal(35,18)", "'about 5'")
    page = (folder / "report.md").read_text()
    for text in (str(outcome.message).split("\n  report:")[0], "bill.csv", sha256_of(drop / "bill.csv")):
        assert text in page
    assert all(word in page for word in ("expected:", "found:", "next:"))


@quickly
def test_a_rejection_that_comes_again_keeps_one_folder(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [focus_row(BilledCost="about 5")])
    ids = [land(focus)[0].delivery_id for _ in range(3)]
    assert len(set(ids)) == 1
    assert len(_rejected_folders(focus)) == 1


@quickly
def test_one_bad_period_rejects_the_whole_file(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [focus_row(SEPTEMBER), focus_row(OCTOBER, ChargeCategory="Gift")])
    assert [(item.status, item.partition) for item in land(focus)] == [("rejected", OCTOBER)]
    assert landed(focus) == []


@quickly
def test_a_bad_file_keeps_no_good_file_out(focus: Settings, drop: Path) -> None:
    write_bytes(drop / "1.csv", b"")
    write_csv(drop / "2.csv", focus_rows(["1"]), age=1)
    write_bytes(drop / "3.csv.gz", b"\x1f\x8b cut", age=2)
    assert statuses(land(focus)) == ["rejected", "rejected", "landed"]


@quickly
def test_a_bad_source_keeps_no_other_source_out(tmp_path: Path, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(["1"]))
    write_bytes(tmp_path / "bad" / "bill.csv", b"\x00\xff\x00")
    settings = settings_of(
        tmp_path / "home",
        focus_source(tmp_path / "nowhere", "gone"),
        focus_source(tmp_path / "bad", "broken"),
        focus_source(drop, "good"),
        focus_source(drop, "resting", paused=True),
    )
    outcomes = land(settings)
    assert [(item.source_name, item.status) for item in outcomes] == [
        ("gone", "failed"),
        ("broken", "rejected"),
        ("good", "landed"),
        ("resting", "paused"),
    ]
    assert "expected: a readable file, folder or glob" in outcomes[0].message


BAD_FILES: dict[str, bytes] = {
    "empty": b"",
    "a header alone": csv_text([focus_row()]).splitlines()[0].encode() + b"\n",
    "no period": csv_text([focus_row(BillingPeriodStart="")]).encode(),
    "random bytes": bytes(random.Random(1).randbytes(5000)),
    "nul bytes": b"\x00" * 5000,
    "cut gzip": gzip.compress(csv_text(focus_rows(TEN)).encode(), mtime=0)[:-9],
    "gzip with a broken stream": gzip.compress(b"x" * 3000, mtime=0)[:12] + b"\xff" * 40,
    "cut parquet": b"PAR1" + b"\x00" * 100,
    "web page": b"<html><body>Please sign in, dear user</body></html>",
    "another table": b"day,amount\n2024-09-01,5\n",
    "open quote": csv_text([focus_row()]).encode() + b'"',
    "a long cell before a bad one": csv_text([focus_row(Tags="x" * 200_000), focus_row(BilledCost="?")]).encode(),
    "a sum that overflows": csv_text([focus_row(BilledCost="99999999999999999")] * 1100).encode(),
    "a date that no calendar has": csv_text([focus_row(BillingPeriodStart="2024-09-31T00:00:00Z")]).encode(),
}


@quickly
@pytest.mark.parametrize("content", BAD_FILES.values(), ids=list(BAD_FILES))
def test_a_bad_file_is_rejected_with_its_bytes_and_never_raises(focus: Settings, drop: Path, content: bytes) -> None:
    write_bytes(drop / "bill.csv", content)
    outcomes = land(focus)
    assert statuses(outcomes) == ["rejected"]
    folder = _rejected_folders(focus)[0]
    assert (folder / "raw" / "0000-bill.csv").read_bytes() == content
    assert (folder / "report.md").is_file()
    assert landed(focus) == []
    assert list((focus.home / "landing" / ".staging").iterdir()) == []


@quickly
def test_rows_without_a_period_are_named_by_line(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [focus_row(), focus_row(BillingPeriodStart="")])
    land(focus)
    error = json.loads((_rejected_folders(focus)[0] / "report.json").read_text())["error"]
    assert (error["line"], error["column"], error["found"]) == (3, "BillingPeriodStart", "nothing")


@quickly
def test_40_cuts_of_a_gzip_are_all_rejected(tmp_path: Path) -> None:
    whole = gzip.compress(csv_text(focus_rows(TEN)).encode(), mtime=0)
    for number in range(40):
        write_bytes(tmp_path / "drop" / f"{number}.csv.gz", whole[: 2 + number * (len(whole) - 3) // 39], age=number)
    settings = settings_of(tmp_path / "home", focus_source(tmp_path / "drop"))
    assert statuses(land(settings)) == ["rejected"] * 40
    assert landed(settings) == []


# Files of one period that arrive together.


def _two_files(drop: Path) -> None:
    write_csv(drop / "part-1.csv", focus_rows(["1", "2"]))
    write_csv(drop / "part-2.csv", focus_rows(["30", "40"]), age=1)


@quickly
def test_two_new_files_that_differ_about_a_period_are_refused(focus: Settings, drop: Path) -> None:
    _two_files(drop)
    outcomes = land(focus)
    assert statuses(outcomes) == ["rejected", "rejected"]
    assert all("2 that differ: part-1.csv, part-2.csv" in outcome.message for outcome in outcomes)
    assert landed(focus) == []


@quickly
def test_two_new_files_that_say_the_same_are_no_clash(focus: Settings, drop: Path) -> None:
    write_csv(drop / "one.csv", focus_rows(TEN))
    write_csv(drop / "two.csv", focus_rows(TEN)[::-1], age=1)
    assert statuses(land(focus)) == ["landed", "unchanged"]


@quickly
def test_a_clash_about_one_period_leaves_other_files_alone(focus: Settings, drop: Path) -> None:
    _two_files(drop)
    write_csv(drop / "october.csv", focus_rows(["5"], OCTOBER), age=2)
    assert statuses(land(focus)) == ["rejected", "rejected", "landed"]


@quickly
def test_newest_replaces_takes_the_youngest_file(tmp_path: Path, drop: Path) -> None:
    write_csv(drop / "a.csv", focus_rows(["1", "2"]), age=9)
    write_csv(drop / "b.csv", focus_rows(["30", "40"]), age=1)
    settings = settings_of(tmp_path / "home", focus_source(drop, same_period_files="newest_replaces"))
    assert statuses(land(settings)) == ["landed", "landed"]
    assert _billed(_current(settings)) == Decimal(3)


@quickly
def test_parts_of_a_folder_are_one_delivery_that_adds_up(tmp_path: Path, drop: Path) -> None:
    _two_files(drop)
    settings = settings_of(tmp_path / "home", focus_source(drop, same_period_files="parts"))
    assert statuses(land(settings)) == ["landed"]
    package = landed(settings)[0]
    assert (package.manifest.row_count, _billed(package)) == (4, Decimal(73))
    assert [part.name for part in package.manifest.parts] == ["part-0000.parquet", "part-0001.parquet"]
    numbers = _rows(f"select _part, _row_number from read_parquet('{package.folder}/part-*') order by all")
    assert numbers == [(0, 1), (0, 2), (1, 1), (1, 2)]


@quickly
def test_a_late_part_reads_its_folder_again_whole(tmp_path: Path, drop: Path) -> None:
    _two_files(drop)
    settings = settings_of(tmp_path / "home", focus_source(drop, same_period_files="parts"))
    land(settings)
    write_csv(drop / "part-3.csv", focus_rows(["500"]), age=2)
    assert statuses(land(settings)) == ["landed"]
    assert _billed(_current(settings)) == Decimal(573)


@quickly
def test_parts_may_differ_in_their_optional_columns(tmp_path: Path, drop: Path) -> None:
    rows = focus_rows(["1"])
    write_csv(drop / "1.csv", rows, [name for name in rows[0] if name != "Tags"])
    write_csv(drop / "2.csv", focus_rows(["2"]), age=1)
    settings = settings_of(tmp_path / "home", focus_source(drop, same_period_files="parts"))
    assert statuses(land(settings)) == ["landed"]
    assert "Tags" in landed(settings)[0].manifest.present_columns


@quickly
def test_one_bad_part_rejects_all_parts(tmp_path: Path, drop: Path) -> None:
    _two_files(drop)
    write_bytes(drop / "part-3.csv", b"", age=2)
    settings = settings_of(tmp_path / "home", focus_source(drop, same_period_files="parts"))
    assert statuses(land(settings)) == ["rejected"]
    assert len(list((_rejected_folders(settings)[0] / "raw").iterdir())) == 3


# Months.


@quickly
def test_a_month_that_was_not_asked_for_waits_until_it_is(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [*focus_rows(["1"], SEPTEMBER), *focus_rows(["2"], OCTOBER)])
    first = land(focus, months=[SEPTEMBER])
    assert [(item.status, item.partition) for item in first] == [("landed", SEPTEMBER), ("waiting", None)]
    assert OCTOBER in first[1].message
    assert statuses(land(focus, months=[SEPTEMBER])) == ["nothing_new"]
    assert statuses(land(focus, months=[SEPTEMBER, OCTOBER])) == ["landed"]
    assert statuses(land(focus, months=[SEPTEMBER, OCTOBER])) == ["nothing_new"]


@quickly
def test_another_time_stamp_alone_brings_nothing_back(focus: Settings, drop: Path) -> None:
    # A restored backup or a moved bucket gives old files new times: v1 became the truth again, or both clashed.
    write_csv(drop / "v1.csv", focus_rows(["3"]))
    land(focus)
    write_csv(drop / "v2.csv", focus_rows(["30"]), age=1)
    land(focus)
    os.utime(drop / "v1.csv", (2_000_000_000, 2_000_000_000))
    assert statuses(land(focus)) == ["unchanged"]
    assert _billed(_current(focus)) == Decimal(30)
    os.utime(drop / "v1.csv", (2_000_000_100, 2_000_000_100))
    os.utime(drop / "v2.csv", (2_000_000_100, 2_000_000_100))
    assert statuses(land(focus)) == ["unchanged", "unchanged"]
    assert _billed(_current(focus)) == Decimal(30)


@quickly
@pytest.mark.parametrize("mode", ["newest_replaces", "refuse"])
def test_months_landed_apart_do_not_forget_each_other(tmp_path: Path, drop: Path, mode: str) -> None:
    # The receipt of the second month replaced that of the first, which then landed again over a correction.
    settings = settings_of(tmp_path / "home", focus_source(drop, same_period_files=mode))
    write_csv(drop / "a.csv", [*focus_rows(["3"], SEPTEMBER), *focus_rows(["5"], OCTOBER)])
    land(settings, months=[SEPTEMBER])
    write_csv(drop / "b.csv", focus_rows(["30"], SEPTEMBER), age=1)
    land(settings, months=[SEPTEMBER])
    assert statuses(land(settings, months=[OCTOBER])) == ["landed"]
    assert statuses(land(settings, months=[SEPTEMBER, OCTOBER])) == ["nothing_new"]
    assert _billed(_current(settings, SEPTEMBER)) == Decimal(30)
    assert _billed(_current(settings, OCTOBER)) == Decimal(5)


@quickly
def test_a_held_delivery_that_was_overtaken_is_not_accepted(focus: Settings, drop: Path) -> None:
    write_csv(drop / "v1.csv", focus_rows(TEN))
    land(focus)
    write_csv(drop / "v2.csv", focus_rows(["1"]), age=1)
    held = land(focus)[0]
    assert held.status == "held"
    write_csv(drop / "v3.csv", focus_rows([*TEN, "75"]), age=2)
    assert statuses(land(focus)) == ["landed"]
    with pytest.raises(MeterhouseError, match="overtaken"):
        accept(Home(focus.home), str(held.delivery_id))
    assert _billed(_current(focus)) > Decimal(75)


@quickly
def test_a_rejection_is_marked_as_mended_when_its_file_lands(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [focus_row(BilledCost="twelve")])
    land(focus)
    first = json.loads((_rejected_folders(focus)[0] / "report.json").read_text())
    land(focus)
    again = json.loads((_rejected_folders(focus)[0] / "report.json").read_text())
    assert (again["rejected_at"], again["mended_at"]) == (first["rejected_at"], None)
    write_csv(drop / "bill.csv", [focus_row(BilledCost="12")], age=1)
    assert statuses(land(focus)) == ["landed"]
    assert json.loads((_rejected_folders(focus)[0] / "report.json").read_text())["mended_at"]


@quickly
def test_line_ends_of_two_kinds_are_named(focus: Settings, drop: Path) -> None:
    header, *rows = csv_text([focus_row(), focus_row()]).encode().split(b"\n")
    write_bytes(drop / "bill.csv", header + b"\r\n" + b"\n".join(rows))
    outcome = land(focus)[0]
    assert outcome.status == "rejected"
    assert "line ends of two kinds (CR LF and LF)" in outcome.message


@quickly
def test_a_file_of_other_months_alone_is_no_failure(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(["1"], "2023-01"))
    assert statuses(land(focus)) == ["waiting"]
    assert landed(focus) == []


@quickly
def test_a_folder_that_never_had_a_file_is_worth_a_word(focus: Settings, drop: Path) -> None:
    assert land(focus)[0].message == f"nothing was ever delivered at {drop}"
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    assert [(outcome.status, outcome.message) for outcome in land(focus)] == [("nothing_new", "")]


def test_a_vendor_without_a_source_is_unconfigured(tmp_path: Path) -> None:
    assert statuses(land(settings_of(tmp_path / "home"))) == ["unconfigured"]


@quickly
def test_a_source_that_nobody_configures_any_more_is_not_selected(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(["1"]))
    land(focus)
    other = settings_of(focus.home, focus_source(drop, "renamed"))
    assert [role for _, role in select(other).roles] == ["unconfigured"]
    assert select(other).used == []


# Manual lines.


def test_manual_lines_land_by_period(tmp_path: Path, drop: Path) -> None:
    rows = [manual_row(), manual_row(line_id="2", period=OCTOBER, amount="7.5"), manual_row(line_id="3")]
    settings = settings_of(tmp_path / "home", manual_source(write_csv(drop / "lines.csv", rows)))
    outcomes = land(settings, "manual")
    assert [(item.status, item.partition, item.row_count) for item in outcomes] == [
        ("landed", SEPTEMBER, 2),
        ("landed", OCTOBER, 1),
    ]
    totals = {item.cost_column: Decimal(item.total) for item in landed(settings)[0].manifest.control_totals}
    assert totals == dict.fromkeys(COST_COLUMNS, Decimal(200))


@quickly
@pytest.mark.parametrize("period", ["2024-9", "2024-13", "Sept", "2024-09-01", " 2024-09"])
def test_a_manual_period_that_is_no_month_is_rejected_and_does_not_wait_forever(
    tmp_path: Path, drop: Path, period: str
) -> None:
    path = write_csv(drop / "lines.csv", [manual_row(), manual_row(line_id="2", period=period)])
    settings = settings_of(tmp_path / "home", manual_source(path))
    assert statuses(land(settings, "manual")) == ["rejected"]


# Broken off in the middle.


class _Killed(BaseException):
    """Ends a run where it stands, as a kill would: nothing in the product catches it."""


def _rename_of_package(number: int) -> Callable[[pytest.MonkeyPatch], None]:
    def arm(patch: pytest.MonkeyPatch) -> None:
        real, seen = Path.rename, []

        def rename(path: Path, target: Path) -> Path:
            if path.name.startswith("package-"):
                seen.append(path)
                if len(seen) == number:
                    raise _Killed
            return real(path, target)

        patch.setattr(Path, "rename", rename)

    return arm


def _fsync(number: int) -> Callable[[pytest.MonkeyPatch], None]:
    def arm(patch: pytest.MonkeyPatch) -> None:
        real, seen = os.fsync, []

        def fsync(handle: int) -> None:
            seen.append(handle)
            if len(seen) == number:
                raise _Killed
            real(handle)

        patch.setattr(os, "fsync", fsync)

    return arm


def _manifest_replace(patch: pytest.MonkeyPatch) -> None:
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if Path(target).name == MANIFEST:
            raise _Killed
        return real(path, target)

    patch.setattr(Path, "replace", replace)


POINTS = {
    **{f"rename of package {number}": _rename_of_package(number) for number in (1, 2)},
    **{f"fsync {number}": _fsync(number) for number in range(1, 17, 2)},
    "manifest": _manifest_replace,
}


@quickly
@pytest.mark.parametrize("arm", POINTS.values(), ids=list(POINTS))
def test_a_run_that_was_killed_leaves_whole_packages_only_and_the_next_run_is_clean(
    tmp_path: Path, drop: Path, arm: Callable[[pytest.MonkeyPatch], None]
) -> None:
    write_csv(drop / "bill.csv", [*focus_rows(TEN, SEPTEMBER), *focus_rows(["2"], OCTOBER)])
    clean = settings_of(tmp_path / "clean", focus_source(drop))
    land(clean)
    settings = settings_of(tmp_path / "home", focus_source(drop))
    with pytest.MonkeyPatch.context() as patch:
        arm(patch)
        with pytest.raises(_Killed):
            land(settings)
    for package in landed(settings):
        package.verify(with_raw=True)
    land(settings)
    assert [_facts(package) for package in landed(settings)] == [_facts(package) for package in landed(clean)]
    assert select(settings).named == select(clean).named
    assert statuses(land(settings)) == ["nothing_new"]


@quickly
def test_a_folder_without_a_manifest_does_not_exist(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    (landed(focus)[0].folder / MANIFEST).unlink()
    assert landed(focus) == []
    assert select(focus).used == []


@quickly
def test_a_rerun_replaces_a_folder_that_lost_its_manifest(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    before = landed(focus)[0]
    (before.folder / MANIFEST).unlink()
    assert [(item.status, item.delivery_id) for item in land(focus)] == [("landed", before.manifest.delivery_id)]
    landed(focus)[0].verify(with_raw=True)


# Bytes that changed after landing.


@pytest.fixture
def package(focus: Settings, drop: Path, quick_judge: None) -> Package:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    found = landed(focus)[0]
    found.verify(with_raw=True)
    return found


def test_40_flipped_bits_are_all_found(package: Package) -> None:
    chance = random.Random(40)
    files = [package.folder / file.name for file in (*package.manifest.parts, *package.manifest.raw)]
    for number in range(40):
        path = files[number % 2]
        whole = path.read_bytes()
        place = chance.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
        with pytest.raises(IntegrityError, match="SHA-256"):
            package.verify(with_raw=True)
        path.write_bytes(whole)
    package.verify(with_raw=True)


def test_40_cuts_are_all_found(package: Package) -> None:
    path = package.folder / "part-0000.parquet"
    whole = path.read_bytes()
    for number in range(40):
        path.write_bytes(whole[: number * len(whole) // 40])
        with pytest.raises(IntegrityError, match="bytes"):
            package.verify()


def test_a_missing_part_is_found_and_named(package: Package) -> None:
    (package.folder / "part-0000.parquet").unlink()
    with pytest.raises(IntegrityError, match=r"part-0000\.parquet\n(.*\n)*  found:    no such file"):
        package.verify()


def test_a_manifest_that_is_not_one_is_named(focus: Settings, package: Package) -> None:
    (package.folder / MANIFEST).write_text('{"vendor": "focus"')
    with pytest.raises(IntegrityError, match=MANIFEST):
        list(packages(Home(focus.home)))


def test_a_build_is_refused_while_a_landed_part_is_not_what_was_landed(focus: Settings, package: Package) -> None:
    part = package.folder / "part-0000.parquet"
    part.write_bytes(part.read_bytes().replace(b"PAR1", b"PAR2"))
    with pytest.raises(IntegrityError, match="restore this file from a backup"):
        lay_out(focus, select(focus))


# What dbt is given.


@quickly
def test_the_input_folder_holds_links_to_current_parts_only(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    write_csv(drop / "bill.csv", focus_rows([*TEN, "1"]), age=1)
    land(focus)
    write_csv(drop / "bill.csv", focus_rows(["1"]), age=2)
    assert statuses(land(focus)) == ["held"]
    lay_out(focus, select(focus))
    inputs = Home(focus.home).inputs / "focus" / "charges"
    parts = list(inputs.glob("role=current/**/*.parquet"))
    current = _current(focus)
    assert [path.stat().st_ino for path in parts] == [(current.folder / "part-0000.parquet").stat().st_ino]
    assert parts[0].parent.parent.name == f"delivery_id={current.manifest.delivery_id}"
    assert len(list(inputs.glob("role=none/**/empty.parquet"))) == 1


@quickly
def test_every_delivery_has_a_row_with_its_role_also_a_rejected_one(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", focus_rows(TEN))
    land(focus)
    write_csv(drop / "bill.csv", focus_rows([*TEN, "1"]), age=1)
    land(focus)
    write_csv(drop / "bill.csv", focus_rows(["1"]), age=2)
    land(focus)
    write_csv(drop / "bill.csv", [focus_row(BilledCost="?")], age=3)
    land(focus)
    lay_out(focus, select(focus))
    table = Home(focus.home).inputs / "landing" / "deliveries.parquet"
    rows = _rows(f"select role, row_count, reason from '{table}' order by role")
    assert [row[:2] for row in rows] == [("current", 11), ("held", 1), ("rejected", None), ("superseded", 10)]
    assert rows[2][2] == "line 2, column BilledCost: expected decimal(35,18); found '?'"


@quickly
def test_control_totals_of_the_build_are_those_of_the_manifests(focus: Settings, drop: Path) -> None:
    write_csv(drop / "bill.csv", [*focus_rows(TEN, SEPTEMBER), *focus_rows(["0.000000000000000001"], OCTOBER)])
    land(focus)
    lay_out(focus, select(focus))
    table = Home(focus.home).inputs / "landing" / "control_totals.parquet"
    query = f"select billing_period, total from '{table}' where cost_column = 'billed_cost' order by all"
    assert _rows(query) == [(SEPTEMBER, Decimal(55)), (OCTOBER, Decimal("1E-18"))]


@quickly
def test_a_delivery_that_came_twice_is_counted_as_received_twice(focus: Settings, drop: Path) -> None:
    write_csv(drop / "one.csv", focus_rows(TEN))
    land(focus)
    write_csv(drop / "two.csv", focus_rows(TEN), age=1)
    land(focus)
    lay_out(focus, select(focus))
    table = Home(focus.home).inputs / "landing" / "deliveries.parquet"
    assert _rows(f"select role, received_count from '{table}'") == [("current", 2)]


def test_of_no_packages_none_is_the_newest() -> None:
    assert newest_accepted([]) is None


def test_a_failed_outcome_is_a_failure_and_a_held_one_is_not() -> None:
    failing = [status for status in ("landed", "held", "waiting", "rejected", "failed") if _outcome(status).is_failure]
    assert failing == ["rejected", "failed"]


def _outcome(status: str) -> Outcome:
    return Outcome("focus", "charges", "billing", status)

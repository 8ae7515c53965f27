"""Azure's exports: which run is the truth of a month, what is refused, and what is kept of the bill of actual cost."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing import Outcome
from orchestration.sources import azure_manifests, files
from tests import buckets
from tests.azure import MCA_ROWS, azure_focus_row, ea_row, write_run
from tests.deliveries import write_csv
from tests.vendor import land, landed_rows, texts_below

MONTHS = ("2026-09", "2026-10")
DAYS = [azure_focus_row(day) for day in range(1, 11)]


class Place:
    """A container on disk and the home it is landed in."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.container, self.home, self.monkeypatch = folder / "container", folder / "home", monkeypatch

    def land(self, vendor: str = "focus", below: str = "", **options: str) -> list[Outcome]:
        table, default = ("charges", {"manifests": "azure"}) if vendor == "focus" else ("actual_costs", {})
        location = str(self.container / below)
        return land(self.home, self.monkeypatch, vendor, table, location, months=MONTHS, options={**default, **options})

    def current(self, month: str = "2026-10") -> tuple[int, int]:
        """Rows of the newest accepted delivery of a month, and how many deliveries it has."""
        found = [
            json.loads(path.read_text()) for path in self.home.glob(f"landing/focus/*/*/*/{month}/*/manifest.json")
        ]
        newest = max(found, key=lambda manifest: manifest["sequence"] or 0)
        return newest["row_count"], len(found)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def statuses(outcomes: list[Outcome]) -> list[tuple[str | None, str, int]]:
    return [(outcome.partition, outcome.status, outcome.row_count) for outcome in outcomes]


def test_a_run_lands_whole_with_its_manifest_beside_it(place: Place) -> None:
    write_run(place.container, DAYS, parts=2)
    assert statuses(place.land()) == [("2026-10", "landed", 10)]
    (manifest,) = [json.loads(path.read_text()) for path in place.home.glob("landing/focus/*/*/*/*/*/manifest.json")]
    assert [file["name"] for file in manifest["received"]] == ["part_0_0001.csv", "part_0_0002.csv"]
    assert [file["name"] for file in manifest["raw"]][-1] == "raw/0002-manifest.json"
    assert manifest["watermark"] == "2026-10-15T03:12:45.980000+00:00 run-1"
    assert manifest["vendor_version"] == "FOCUS 1.0"
    assert [outcome.status for outcome in place.land()] == ["nothing_new"]


def test_create_new_report_keeps_old_runs_and_the_last_submitted_is_the_truth(place: Place) -> None:
    write_run(place.container, DAYS[:5], run="run-z", submitted="2026-10-06T03:00:00Z")
    write_run(place.container, DAYS, run="run-a", submitted="2026-10-11T03:00:00Z")
    assert statuses(place.land()) == [("2026-10", "landed", 10)]


def test_two_runs_of_two_days_land_one_after_the_other(place: Place) -> None:
    write_run(place.container, DAYS[:5], run="run-1", submitted="2026-10-06T03:00:00Z")
    assert statuses(place.land()) == [("2026-10", "landed", 5)]
    write_run(place.container, DAYS, run="run-2", submitted="2026-10-11T03:00:00Z")
    assert statuses(place.land()) == [("2026-10", "landed", 10)]
    assert place.current() == (10, 2)


def test_a_run_that_comes_late_replaces_no_later_one(place: Place) -> None:
    write_run(place.container, DAYS, run="run-2", submitted="2026-10-11T03:00:00Z")
    place.land()
    write_run(place.container, DAYS[:5], run="run-1", submitted="2026-10-06T03:00:00Z")
    assert [outcome.status for outcome in place.land()] == ["nothing_new"]
    assert place.current() == (10, 1)


def test_an_overwritten_report_replaces_the_month(place: Place) -> None:
    write_run(place.container, DAYS[:5], run="run-1", submitted="2026-10-06T03:00:00Z", folder="")
    place.land()
    write_run(place.container, DAYS, run="run-2", submitted="2026-10-11T03:00:00Z", folder="", age=1)
    assert statuses(place.land()) == [("2026-10", "landed", 10)]
    assert place.current() == (10, 2)


def test_a_month_written_anew_with_fewer_rows_is_not_held(place: Place) -> None:
    write_run(place.container, DAYS, run="run-1", submitted="2026-10-11T03:00:00Z", folder="")
    place.land()
    write_run(place.container, DAYS[:2], run="run-2", submitted="2026-10-12T03:00:00Z", folder="", age=1)
    (outcome,) = place.land()
    assert (outcome.status, outcome.row_count) == ("landed", 2)
    assert "the vendor wrote it anew: 2 rows where 10 were accepted before" in outcome.message


def test_the_month_before_is_regenerated_on_day_three(place: Place) -> None:
    september = [azure_focus_row(day, "2026-09") for day in range(1, 4)]
    write_run(place.container, september, month="2026-09", run="run-30", submitted="2026-09-30T03:00:00Z")
    write_run(place.container, DAYS[:1], run="run-1", submitted="2026-10-02T03:00:00Z")
    assert statuses(place.land()) == [("2026-09", "landed", 3), ("2026-10", "landed", 1)]
    september[0]["BilledCost"] = "2.00"
    write_run(place.container, september, month="2026-09", run="run-3", submitted="2026-10-03T03:00:00Z")
    assert statuses(place.land()) == [("2026-09", "landed", 3)]
    assert place.current("2026-09") == (3, 2)


def test_a_final_run_that_says_the_same_again_changes_nothing(place: Place) -> None:
    write_run(place.container, DAYS, run="run-1", submitted="2026-11-04T03:00:00Z")
    place.land()
    write_run(place.container, DAYS, run="run-2", submitted="2026-11-05T03:00:00Z")
    assert [(outcome.partition, outcome.status) for outcome in place.land()] == [("2026-10", "unchanged")]
    assert place.current() == (10, 1)


@pytest.mark.parametrize("version", ["1.0", "1.0r2", "1.2-preview"])
def test_an_empty_month_is_landed_as_empty(place: Place, version: str) -> None:
    write_run(place.container, [], version=version)
    assert statuses(place.land()) == [("2026-10", "landed", 0)]


def test_an_empty_month_replaces_a_full_one(place: Place) -> None:
    write_run(place.container, DAYS, run="run-1", submitted="2026-10-11T03:00:00Z")
    place.land()
    write_run(place.container, [], run="run-2", submitted="2026-10-12T03:00:00Z")
    assert statuses(place.land()) == [("2026-10", "landed", 0)]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "rows in total": ({"dataRowCount": 11}, "expected: dataRowCount 11, as the manifest says in total"),
    "bytes in total": ({"byteCount": 1}, "expected: byteCount 1, as the manifest says in total"),
    "a blob too few": ({"blobCount": 2}, "found:    1 over its blobs"),
    "no blobs": ({"blobs": None}, "a list of objects as blobs of a Cost Management manifest"),
    "a blob without a name": ({"blobs": [{"byteCount": 1, "dataRowCount": 1}]}, "blobs[].blobName"),
    "a count that is none": ({"dataRowCount": "10"}, "a whole number as dataRowCount"),
    "no run": ({"runInfo": None}, "as runInfo."),
    "a time that is none": ({"runInfo.submittedTime": "yesterday"}, "a time (ISO 8601) as runInfo.submittedTime"),
    "half a month": ({"runInfo.startDate": "2026-10-05T00:00:00"}, "a run over one calendar month"),
    "two months": ({"runInfo.endDate": "2026-11-30T00:00:00"}, "found:    2026-10-01 to 2026-11-30"),
    "another type": ({"exportConfig.type": "AmortizedCost"}, "found:    type AmortizedCost (export focus-mtd)"),
    "no type": ({"exportConfig.type": None}, "found:    nothing"),
}


@pytest.mark.parametrize(("change", "words"), WRONG.values(), ids=WRONG)
def test_a_manifest_that_cannot_be_is_refused_and_other_months_land(
    place: Place, change: dict[str, Any], words: str
) -> None:
    write_run(place.container, DAYS, change=change)
    write_run(place.container, [azure_focus_row(1, "2026-09")], month="2026-09")
    landed, failed = place.land()
    assert (landed.partition, landed.status) == ("2026-09", "landed")
    assert failed.status == "failed"
    assert words in failed.message
    assert "manifest.json" in failed.message


def test_a_manifest_that_is_no_json_is_refused(place: Place) -> None:
    folder = write_run(place.container, DAYS)
    (folder / "manifest.json").write_text("<html>")
    (failed,) = place.land()
    assert "expected: a manifest as JSON" in failed.message


def test_another_row_count_than_the_manifest_says_is_rejected(place: Place) -> None:
    folder = write_run(place.container, DAYS)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["dataRowCount"] = manifest["blobs"][0]["dataRowCount"] = 9
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (outcome,) = place.land()
    assert outcome.status == "rejected"
    assert "expected: 9 rows, as the vendor's manifest says" in outcome.message


def test_another_size_than_the_manifest_says_lands_nothing(place: Place) -> None:
    folder = write_run(place.container, DAYS, parts=2)
    part = folder / "part_0_0002.csv.gz"
    part.write_bytes(part.read_bytes()[:-1])
    (failed,) = place.land()
    assert failed.status == "failed"
    assert "bytes of part_0_0002.csv.gz, as the manifest says" in failed.message


def test_a_blob_that_is_not_there_lands_nothing_of_its_month(place: Place) -> None:
    folder = write_run(place.container, DAYS, parts=2)
    write_run(place.container, [azure_focus_row(1, "2026-09")], month="2026-09")
    (folder / "part_0_0002.csv.gz").unlink()
    landed, failed = place.land()
    assert (landed.partition, landed.status) == ("2026-09", "landed")
    assert "part_0_0002.csv.gz, which the manifest names" in failed.message
    assert "found:    no such file" in failed.message


def test_a_blob_of_another_run_is_not_taken_for_a_missing_one(place: Place) -> None:
    write_run(place.container, DAYS, run="run-1", submitted="2026-10-11T03:00:00Z")
    folder = write_run(place.container, DAYS, run="run-2", submitted="2026-10-12T03:00:00Z")
    (folder / "part_0_0001.csv.gz").unlink()
    (failed,) = place.land()
    assert "finops/focus-mtd/20261001-20261031/run-2/part_0_0001.csv.gz" in failed.message


def test_two_exports_below_one_place_are_refused_by_name(place: Place) -> None:
    write_run(place.container, DAYS, export="focus-mtd")
    write_run(place.container, DAYS, export="focus-last-month")
    (failed,) = place.land()
    assert failed.status == "failed"
    assert "focus-last-month" in failed.message
    assert "focus-mtd" in failed.message
    assert statuses(place.land(below="finops/focus-mtd")) == [("2026-10", "landed", 10)]


def test_one_name_in_two_scopes_is_two_exports(place: Place) -> None:
    write_run(place.container, DAYS, run="run-1")
    write_run(place.container, DAYS, run="run-2", change={"exportConfig.resourceId": "/subscriptions/other/exports/x"})
    (failed,) = place.land()
    assert "found:    focus-mtd (/providers/" in failed.message


@pytest.mark.parametrize(
    "below",
    [
        "",
        "finops",
        "finops/focus-mtd",
        "finops/focus-mtd/20261001-20261031",
        "finops/focus-mtd/20261001-20261031/run-1",
    ],
)
def test_the_place_may_begin_anywhere_in_the_container(place: Place, below: str) -> None:
    write_run(place.container, DAYS, parts=2)
    assert statuses(place.land(below=below)) == [("2026-10", "landed", 10)]


def test_a_copy_may_lack_the_first_folders_of_the_container(place: Place) -> None:
    write_run(place.container, DAYS, parts=2)
    (place.container / "finops" / "focus-mtd").rename(place.container / "focus-mtd")
    assert statuses(place.land()) == [("2026-10", "landed", 10)]


def test_a_manifest_may_lie_above_its_blobs_under_another_name(place: Place) -> None:
    folder = write_run(place.container, DAYS)
    (folder / "manifest.json").rename(folder.parent / "_manifest.json")
    assert statuses(place.land()) == [("2026-10", "landed", 10)]


def test_an_export_that_is_rewritten_while_it_is_read_lands_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_run(place.container, DAYS, folder="")
    copied = files.copied

    def rewritten_after(*arguments: Any) -> Any:
        received = copied(*arguments)
        (folder / "manifest.json").write_text((folder / "manifest.json").read_text() + " ")
        return received

    monkeypatch.setattr(files, "copied", rewritten_after)
    (failed,) = place.land()
    assert "it was written anew" in failed.message


def test_a_container_is_read_like_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path / "container", DAYS, parts=2)
    with buckets.azure() as location:
        buckets.put(location, tmp_path / "container")
        found = [
            land(tmp_path / "home", monkeypatch, "focus", "charges", location, options={"manifests": "azure"})
            for _ in range(2)
        ]
    assert [[outcome.status for outcome in outcomes] for outcomes in found] == [["landed"], ["nothing_new"]]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_who_owns_an_account_is_kept_nowhere(place: Place, form: str) -> None:
    owner = {
        "x_AccountOwnerId": "ada.archer@example.org",
        "x_AccountName": "Ada Archer",
        "ChargeDescription": 'a "b", c',
    }
    folder = write_run(place.container, [azure_focus_row(day, **owner) for day in (1, 2)])
    if form == "parquet":
        part = folder / "part_0_0001.csv.gz"
        plain = part.with_suffix("")
        plain.write_bytes(gzip.decompress(part.read_bytes()))
        with duckdb.connect() as connection:
            connection.execute(f"copy (from read_csv('{plain}', all_varchar = true)) to '{plain}.parquet'")
        part.write_bytes(Path(f"{plain}.parquet").read_bytes())
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["byteCount"] = manifest["blobs"][0]["byteCount"] = part.stat().st_size
        (folder / "manifest.json").write_text(json.dumps(manifest))
    assert statuses(place.land()) == [("2026-10", "landed", 2)]
    kept = texts_below(place.home)
    assert b"rcher" not in kept
    columns = "ChargeDescription, json_extract_string(_unknown_columns, '$.x_SkuMeterName')"
    assert landed_rows(place.home, "focus", "charges", columns) == [('a "b", c', "5.4 inp Gl 1M Tokens")] * 2
    (manifest,) = [json.loads(path.read_text()) for path in place.home.glob("landing/focus/*/*/*/*/*/manifest.json")]
    assert {"x_AccountName", "x_AccountOwnerId"} <= set(manifest["unknown_columns"])
    assert manifest["received"][0]["received_sha256"] != manifest["received"][0]["sha256"]


def test_each_column_set_of_an_empty_month_is_of_its_version() -> None:
    from orchestration.contracts import landing_contract

    columns = {
        version: azure_manifests._columns(landing_contract("focus", "charges"), version)
        for version in ("1.0r2", "1.2-preview")
    }
    assert "InvoiceId" not in columns["1.0r2"]
    assert {"InvoiceId", "ProviderName"} <= set(columns["1.2-preview"])
    assert "ServiceProviderName" not in columns["1.2-preview"]


def test_actual_cost_is_kept_as_agreed_and_nobody_is_named(place: Place) -> None:
    rows = [ea_row(), ea_row(Date="2026-10-15", Tags='"owner": "bob@example.org"', AccountName="bob@example.org")]
    write_run(place.container, rows, export="actual", kind="ActualCost")
    assert statuses(place.land("azure")) == [("2026-10", "landed", 2)]
    columns = "Date::varchar, CostInBillingCurrency, BillingCurrency, MeterName"
    assert landed_rows(place.home, "azure", "actual_costs", columns) == [
        ("2026-10-14", Decimal("41.8275"), "EUR", "5.4 inp Gl 1M Tokens"),
        ("2026-10-15", Decimal("41.8275"), "EUR", "5.4 inp Gl 1M Tokens"),
    ]
    kept = texts_below(place.home)
    assert b"bob@example.org" not in kept
    assert b"ada.archer" not in kept
    assert [outcome.status for outcome in place.land("azure")] == ["nothing_new"]


def test_both_agreements_spell_their_columns_as_they_like(place: Place) -> None:
    write_csv(place.container / "ea.csv", [ea_row()])
    write_csv(place.container / "mca.csv", [{**row, "billingPeriodStartDate": "09/01/2026"} for row in MCA_ROWS[:1]])
    outcomes = place.land("azure", delivery="files")
    assert {(outcome.partition, outcome.status) for outcome in outcomes} == {
        ("2026-10", "landed"),
        ("2026-09", "landed"),
    }, outcomes
    currencies = landed_rows(place.home, "azure", "actual_costs", "BillingCurrency, PricingCurrency")
    assert currencies == [("EUR", "USD"), ("EUR", None)]
    versions = [
        json.loads(path.read_text())["vendor_version"]
        for path in sorted(place.home.glob("landing/azure/*/*/*/*/*/manifest.json"))
    ]
    assert versions == ["actual cost, Microsoft Customer Agreement", "actual cost, Enterprise Agreement"]


def test_an_export_of_the_wrong_type_is_refused_by_name(place: Place) -> None:
    write_run(place.container, DAYS)
    (failed,) = place.land("azure")
    assert "expected: an export of type ActualCost, which azure actual_costs reads" in failed.message
    assert "found:    type FocusCost (export focus-mtd)" in failed.message


def test_an_unknown_way_of_delivery_is_refused(place: Place) -> None:
    (failed,) = place.land("azure", delivery="mail")
    assert "expected: options.delivery as one of manifest, files" in failed.message


ROWS_THAT_CANNOT_BE = {
    "an export of amortised cost": ({"PricingModel": "Reservation"}, "this is an export of amortised cost"),
    "a day of another order": ({"Date": "14/10/2026"}, "column Date"),
    "no cost": ({"CostInBillingCurrency": ""}, "CostInBillingCurrency is never null"),
    "a comma": ({"CostInBillingCurrency": "41,8275"}, "column CostInBillingCurrency"),
    "no currency": ({"BillingCurrencyCode": "euro"}, "BillingCurrency has the agreed form"),
    "a period that ends first": ({"BillingPeriodEndDate": "09/30/2026"}, "do not end before they start"),
}


@pytest.mark.parametrize(("cells", "words"), ROWS_THAT_CANNOT_BE.values(), ids=ROWS_THAT_CANNOT_BE)
def test_actual_cost_that_cannot_be_is_rejected(place: Place, cells: dict[str, str], words: str) -> None:
    write_run(place.container, [ea_row(**cells)], export="actual", kind="ActualCost")
    (outcome,) = place.land("azure")
    assert outcome.status == "rejected"
    assert words in outcome.message


ODD = {
    "a charge type nobody knows": ({"ChargeType": "Gift"}, "ChargeType has an agreed value"),
    "quantities in single tokens": ({"Quantity": "16900000"}, "quantities count units of measure"),
    "tags that are no pairs": ({"Tags": "team=search"}, "tags are pairs of JSON"),
    "a day after the period": ({"Date": "11/01/2026"}, "no charge is dated after"),
}


@pytest.mark.parametrize(("cells", "words"), ODD.values(), ids=ODD)
def test_what_is_odd_is_landed_and_said(place: Place, cells: dict[str, str], words: str) -> None:
    write_run(place.container, [ea_row(**cells)], export="actual", kind="ActualCost")
    (outcome,) = place.land("azure")
    assert outcome.status == "landed"
    (check,) = [check for check in outcome.checks if not check.passed]
    assert words in check.name


def test_an_empty_month_of_actual_cost_is_landed_as_empty(place: Place) -> None:
    write_run(place.container, [], export="actual", kind="ActualCost", version="2024-08-01")
    assert statuses(place.land("azure")) == [("2026-10", "landed", 0)]


def test_a_missing_column_is_named(place: Place) -> None:
    row = {name: cell for name, cell in ea_row().items() if name != "MeterName"}
    write_csv(place.container / "ea.csv", [row])
    (outcome,) = place.land("azure", delivery="files")
    assert outcome.status == "rejected"
    assert "found:    no MeterName" in outcome.message

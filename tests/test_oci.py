"""OCI's cost reports: files that add up by day, one that is delivered again, people, and a real one the whole way."""

import csv
import gzip
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.landing import idle_fetch
from orchestration.packages import packages
from orchestration.paths import Home, sha256_of
from orchestration.scrubbing import PersonHasher
from orchestration.settings import SourceSettings
from orchestration.sources import files, oci
from tests.deliveries import csv_text, write_bytes
from tests.support import NO_SAMPLE, SAMPLES, meterhouse, published, query, write_config
from tests.vendor import PERSON_KEY, land, landed_rows, texts_below

REPORT = Path(__file__).parent / "samples" / "oci_cost_report.csv"
REAL_REPORT = SAMPLES / "native_oci_cost_report_506.csv"
ROWS = list(csv.DictReader(io.StringIO(REPORT.read_text())))
DAY_BEFORE, DAY = "2026-10-13", "2026-10-14"
HASHER = PersonHasher(PERSON_KEY)
START, COST = "lineItem/intervalUsageStart", "cost/myCost"


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    return tmp_path / "bucket" / "reports" / "cost-csv"


def put(bucket: Path, name: str, *rows: dict[str, str], age: int = 0) -> Path:
    text = csv_text(rows or [ROWS[0]]) if rows else REPORT.read_text().splitlines()[0] + "\n"
    return write_bytes(bucket / f"{name}.csv.gz", gzip.compress(text.encode(), mtime=0), age)


def landing(bucket: Path, monkeypatch: pytest.MonkeyPatch, **source: Any) -> list[Any]:
    home = bucket.parents[2] / "home"
    return land(home, monkeypatch, "oci", "cost_reports", str(bucket.parents[1]), **source)


def said(outcomes: list[Any]) -> list[tuple[str | None, str, int]]:
    return [(outcome.partition, outcome.status, outcome.row_count) for outcome in outcomes]


def newest(bucket: Path, day: str) -> Any:
    """The manifest that is the truth of a day."""
    found = [item.manifest for item in packages(Home(bucket.parents[2] / "home")) if item.manifest.partition == day]
    return max(found, key=lambda manifest: manifest.sequence or 0)


def billed(manifest: Any) -> Decimal:
    return sum(
        (Decimal(total.total) for total in manifest.control_totals if total.cost_column == "billed_cost"), Decimal(0)
    )


# Files add up, day by day.


def test_a_report_becomes_the_days_of_its_hours(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "0001", *ROWS)
    assert said(landing(bucket, monkeypatch)) == [(DAY_BEFORE, "landed", 3), (DAY, "landed", 2)]
    # All 18 decimals, exponents too; the overage is in the cost and the correction beside it.
    assert billed(newest(bucket, DAY_BEFORE)) == Decimal("70.00000000000626609")
    assert billed(newest(bucket, DAY)) == Decimal("84.012264277499950943")
    assert said(landing(bucket, monkeypatch)) == [(None, "nothing_new", 0)]


def test_a_new_report_delivers_its_days_anew_and_reads_no_other(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "0001", ROWS[0])
    put(bucket, "0002", ROWS[2], age=1)
    landing(bucket, monkeypatch)
    read = []
    copied = files.copied

    def counted(fetch: Any, filesystem: Any, entry: Any, number: int) -> Any:
        read.append(entry.name)
        return copied(fetch, filesystem, entry, number)

    monkeypatch.setattr(files, "copied", counted)
    put(bucket, "0003", ROWS[3], ROWS[1], age=2)
    assert said(landing(bucket, monkeypatch)) == [(DAY_BEFORE, "landed", 2), (DAY, "landed", 2)]
    assert read == ["0003.csv.gz"]
    assert [file["name"] for file in newest(bucket, DAY).received] == [f"0002.{DAY}.csv.gz", f"0003.{DAY}.csv.gz"]
    # A day that no new report touches stays as it was delivered.
    put(bucket, "0004", ROWS[2] | {"lineItem/referenceNo": "line-09"}, age=3)
    assert said(landing(bucket, monkeypatch)) == [(DAY, "landed", 3)]


def test_a_report_delivered_again_under_its_name_replaces_itself(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "0001", ROWS[0])
    put(bucket, "0002", ROWS[1])
    landing(bucket, monkeypatch)
    put(bucket, "0001", ROWS[0] | {COST: "81.5"}, age=1)
    assert said(landing(bucket, monkeypatch)) == [(DAY_BEFORE, "landed", 2)]
    assert billed(newest(bucket, DAY_BEFORE)) == Decimal("81.50000000000626609")
    # The same bytes under another time say nothing new.
    put(bucket, "0001", ROWS[0] | {COST: "81.5"}, age=2)
    assert said(landing(bucket, monkeypatch)) == [(None, "nothing_new", 0)]


def test_a_report_that_the_vendor_no_longer_keeps_takes_nothing_back(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, "0001", ROWS[2])
    landing(bucket, monkeypatch)
    (bucket / "0001.csv.gz").unlink()
    put(bucket, "0002", ROWS[3])
    assert said(landing(bucket, monkeypatch)) == [(DAY, "landed", 2)]
    assert billed(newest(bucket, DAY)) == Decimal("84.012264277499950943")


def test_bytes_that_are_lost_are_read_again_or_asked_for(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "0001", ROWS[2])
    landing(bucket, monkeypatch)
    kept = newest(bucket, DAY).raw[0].sha256
    store = bucket.parents[2] / "home" / "landing" / ".raw" / kept
    store.write_bytes(b"rotten")
    put(bucket, "0002", ROWS[3])
    assert said(landing(bucket, monkeypatch)) == [(DAY, "landed", 2)]
    assert sha256_of(store) == kept
    store.unlink()
    (bucket / "0001.csv.gz").unlink()
    put(bucket, "0003", ROWS[3] | {"lineItem/referenceNo": "line-09"})
    (outcome,) = landing(bucket, monkeypatch)
    assert outcome.status == "failed"
    assert "restore landing/ from a backup" in outcome.message


def test_one_report_under_two_names_is_refused_and_mended_by_removing_one(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, "0001", *ROWS)
    put(bucket, "0001-copy", *ROWS)
    (outcome,) = landing(bucket, monkeypatch)
    assert outcome.status == "failed"
    assert "the rows of 0001 again" in outcome.message
    (bucket / "0001.csv.gz").unlink()
    assert said(landing(bucket, monkeypatch)) == [(DAY_BEFORE, "landed", 3), (DAY, "landed", 2)]


def test_a_downloaded_report_has_the_name_that_the_vendor_gave_it(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, "0001", ROWS[2])
    landing(bucket, monkeypatch)
    write_bytes(bucket / "reports_cost-csv_0001.csv", csv_text([ROWS[2] | {COST: "1"}]).encode(), age=1)
    assert said(landing(bucket, monkeypatch)) == [(DAY, "landed", 1)]
    assert billed(newest(bucket, DAY)) == 1


def test_other_reports_of_the_bucket_are_left_alone(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "0001", ROWS[2])
    for other in ("reports/usage-csv/0001.csv.gz", "FOCUS Reports/2026/10/14/0001.csv.gz", ".tmp/0002.csv.gz"):
        write_bytes(bucket.parents[1] / other, b"not,ours\n1,2\n")
    assert said(landing(bucket, monkeypatch)) == [(DAY, "landed", 1)]


def test_an_empty_report_says_nothing(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "0001")
    assert said(landing(bucket, monkeypatch)) == [(None, "nothing_new", 0)]


def test_months_that_no_run_asks_for_are_read_when_one_does(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(
        bucket,
        "0001",
        ROWS[2],
        ROWS[3] | {START: "2026-09-30T23:00Z", "lineItem/intervalUsageEnd": "2026-10-01T00:00Z"},
    )
    assert said(landing(bucket, monkeypatch)) == [(DAY, "landed", 1)]
    assert said(landing(bucket, monkeypatch, months=("2026-09",))) == [("2026-09-30", "landed", 1)]


def test_looking_at_the_place_reads_nothing(bucket: Path, tmp_path: Path) -> None:
    put(bucket, "0001", ROWS[0])
    source = SourceSettings(vendor="oci", name="main", location=str(bucket))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert list(oci.cost_reports(idle_fetch(source, "cost_reports", scratch))) == []
    assert list(scratch.iterdir()) == []


# People.


def test_people_are_hashed_and_resources_are_not(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "0001", *ROWS)
    landing(bucket, monkeypatch, options={"personal_tags": "Operations.Owner"})
    kept = texts_below(bucket.parents[2] / "home").lower()
    for person in (b"archer", b"jdoe", b"bruno bell", b"ocid1.user.oc1..ada"):
        assert person not in kept
    rows = landed_rows(bucket.parents[2] / "home", "oci", "cost_reports", "reference_no, _unknown_columns")
    tags = {name: json.loads(unknown) for name, unknown in rows}
    ada = HASHER.hash("ada.archer@example.org")
    # Whatever the identity domain, a person has one hash.
    assert tags["line-01"]["tags/Oracle-Tags.CreatedBy"] == ada
    assert tags["line-04"]["tags/Oracle-Tags.CreatedBy"] == ada
    assert tags["line-01"]["tags/Operations.Owner"] == HASHER.hash("Bruno Bell")
    assert tags["line-02"]["tags/Oracle-Tags.CreatedBy"] == "ocid1.instance.oc1.eu-frankfurt-1.aaa"
    assert tags["line-01"]["tags/Operations.team"] == "search"


def test_more_tags_that_name_people_are_hashed_in_what_was_landed_too(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, "0001", ROWS[0])
    landing(bucket, monkeypatch)
    assert said(landing(bucket, monkeypatch, options={"personal_tags": "operations.owner"})) == [
        (DAY_BEFORE, "landed", 1)
    ]
    manifest = newest(bucket, DAY_BEFORE)
    (folder,) = (bucket.parents[2] / "home").glob(f"landing/oci/*/*/*/{DAY_BEFORE}/{manifest.delivery_id}")
    assert HASHER.hash("Bruno Bell").encode() in texts_below(folder)
    assert b"Bruno Bell" not in texts_below(folder)


def test_a_mail_address_anywhere_is_hashed(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ROWS[2] | {
        "product/compartmentName": "home of canary@example.org",
        "tags/canary@example.org": "1",
        "tags/key": "sk-canary-0123456789abcdef",
    }
    put(bucket, "0001", row)
    landing(bucket, monkeypatch)
    assert b"canary" not in texts_below(bucket.parents[2] / "home")


# What is no report.

BROKEN = {
    "no time": (ROWS[2] | {START: ""}, "a time in UTC"),
    "another zone": (ROWS[2] | {START: "2026-10-14T00:00+02:00"}, "a time in UTC"),
    "another table": ({"a": "1"}, "no lineItem/referenceNo"),
}
REFUSED = {
    "no cost": (ROWS[2] | {COST: ""}, "never null"),
    "words for a cost": (ROWS[2] | {COST: "much"}, "'much'"),
    "no currency": (ROWS[2] | {"cost/currencyCode": "Dollars"}, "agreed form"),
    "ends before it starts": (ROWS[2] | {"lineItem/intervalUsageEnd": "2026-10-13T00:00Z"}, "ends after it starts"),
}


@pytest.mark.parametrize(("row", "words"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_report_keeps_no_other_from_landing(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, row: dict[str, str], words: str
) -> None:
    put(bucket, "0001", row)
    put(bucket, "0002", ROWS[3])
    outcomes = landing(bucket, monkeypatch)
    assert [outcome.status for outcome in outcomes] == ["landed", "failed"]
    assert words in outcomes[1].message
    assert "0001.csv.gz" in outcomes[1].message


@pytest.mark.parametrize(("row", "words"), REFUSED.values(), ids=REFUSED)
def test_a_day_that_breaks_the_contract_is_rejected_whole_and_mended_by_the_report(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, row: dict[str, str], words: str
) -> None:
    put(bucket, "0001", row)
    put(bucket, "0002", ROWS[3])
    (outcome,) = landing(bucket, monkeypatch)
    assert (outcome.status, words in outcome.message) == ("rejected", True), outcome.message
    put(bucket, "0001", ROWS[2], age=1)
    assert said(landing(bucket, monkeypatch)) == [(DAY, "landed", 2)]


def test_a_cut_short_file_is_refused_and_the_good_one_of_before_stays(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = put(bucket, "0001", ROWS[2]).read_bytes()
    landing(bucket, monkeypatch)
    write_bytes(bucket / "0001.csv.gz", good[:-20], age=1)
    put(bucket, "0002", ROWS[3])
    outcomes = landing(bucket, monkeypatch)
    assert [outcome.status for outcome in outcomes] == ["landed", "failed"]
    assert outcomes[0].row_count == 2
    assert "a whole gzip file" in outcomes[1].message


def test_older_reports_without_the_newer_columns_land(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = ("cost/skuUnitDescription", "cost/overageFlag", "cost/myCostOverage", "lineItem/backreferenceNo")
    row = {name.replace("tenantId", "TenantId"): cell for name, cell in ROWS[2].items() if name not in newer}
    put(bucket, "0001", row)
    assert said(landing(bucket, monkeypatch)) == [(DAY, "landed", 1)]


def test_corrections_are_counted_and_named_odd(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "0001", ROWS[0], ROWS[4])
    (outcome,) = landing(bucket, monkeypatch)
    odd = [(check.name, check.found) for check in outcome.checks if not check.passed]
    assert odd == [("no line corrects another one", "1")]


# The whole way.


@pytest.mark.skipif(not REAL_REPORT.exists(), reason=NO_SAMPLE)
def test_a_real_report_arrives_whole(tmp_path: Path) -> None:
    source = {"vendor": "oci", "name": "tenancy", "location": str(REAL_REPORT)}
    config = write_config(tmp_path / "meterhouse.toml", source, first_month="2023-01")
    home = tmp_path / "var"
    finished = meterhouse(home, "run", "--config", str(config), METERHOUSE_PERSON_KEY=PERSON_KEY)
    assert finished.code == 0, finished.output
    assert "difference 0" in finished.output
    database = published(home).database

    # A plain decimal sum over the text of the CSV, which shares no code with the pipeline.
    with REAL_REPORT.open(newline="") as file:
        rows = list(csv.DictReader(file))
    total = sum((Decimal(row[COST]) for row in rows), Decimal(0))
    quantity = sum((Decimal(row["usage/billedQuantity"]) for row in rows), Decimal(0))
    assert len(rows) == 506
    proof = query(
        database,
        "select cost_column, layer, landed_total, layer_total, difference, layer_row_count "
        "from operations.conservation_proof where service_provider_name = 'Oracle' and billing_period = '2023-11'",
    )
    for cost_column, layer, landed, of_layer, difference, row_count in proof:
        expected = Decimal(0) if cost_column == "list_cost" else total
        assert (layer, of_layer, difference, row_count) == (layer, expected, 0, 506)
        assert landed == expected
    # No list price is told, so nothing of it is landed.
    assert len(proof) == 3 * 5 + 4

    costs = ", ".join(f"sum({name})" for name in ("BilledCost", "EffectiveCost", "ContractedCost", "ConsumedQuantity"))
    # What stands in for a list price says so.
    listed = "count(*) filter (where x_ListCostBasis = 'list price')"
    assert query(database, f"select {costs}, {listed} from focus.cost_and_usage") == [
        (total, total, total, quantity, 0)
    ]
    services = query(
        database,
        "select ServiceName, any_value(ServiceCategory), count(*) from focus.cost_and_usage group by 1 order by 1",
    )
    expected_counts: dict[str, int] = {}
    for row in rows:
        expected_counts[row["product/service"]] = expected_counts.get(row["product/service"], 0) + 1
    assert {str(name): count for name, _, count in services} == expected_counts
    assert all(category for _, category, _ in services)
    # The price times the quantity is the cost, to the last of 18 decimals, wherever a price is said.
    (priced,) = query(
        database,
        "select count(ContractedUnitPrice), count(*) filter (where (ResourceId is null) <> (ResourceType is null)) "
        "from focus.cost_and_usage",
    )
    assert priced == (506, 0)
    assert b"@example.com" not in texts_below(home / "landing")

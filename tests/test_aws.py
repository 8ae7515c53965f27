"""AWS bills: what a manifest announces, who is kept out, which amounts land, and what they are in FOCUS terms."""

import csv
import gzip
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

from orchestration import preparing
from orchestration.contracts import landing_contract
from orchestration.landing import idle_fetch
from orchestration.paths import PROJECT, Home
from orchestration.scrubbing import PersonHasher
from orchestration.settings import SourceSettings
from orchestration.sources import aws, files
from tests.deliveries import csv_text, focus_row, plain_judge, write_bytes
from tests.support import NO_SAMPLE, SAMPLES, Finished, meterhouse, published, query
from tests.vendor import PERSON_KEY, land, landed_rows, texts_below

SAMPLE_FOLDER = Path(__file__).parent / "samples"
METERS = SAMPLE_FOLDER / "aws_bedrock_meters.csv"
LEGACY_SAMPLE = SAMPLES / "native_aws_cur_anonymous_1281.csv"
HASHER = PersonHasher(PERSON_KEY)
OCTOBER, NOVEMBER = "2026-10", "2026-11"
MONTHS = (OCTOBER, NOVEMBER)
BUCKET = "s3://billing-bucket/exports/cur"
ROWS = list(csv.DictReader((SAMPLE_FOLDER / "aws_line_items.csv").open(encoding="utf-8", newline="")))
LEGACY_ROWS = list(csv.DictReader((SAMPLE_FOLDER / "aws_legacy_line_items.csv").open(encoding="utf-8", newline="")))
TOTALS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")

Row = dict[str, str]


def usage(cost: str, month: str = OCTOBER, day: int = 14, **cells: str) -> Row:
    """One Usage line item of a day."""
    following = NOVEMBER if month == OCTOBER else "2026-12"
    row = ROWS[0] | {
        "bill_billing_period_start_date": f"{month}-01T00:00:00.000Z",
        "bill_billing_period_end_date": f"{following}-01T00:00:00.000Z",
        "line_item_usage_start_date": f"{month}-{day:02d}T09:00:00.000Z",
        "line_item_usage_end_date": f"{month}-{day:02d}T10:00:00.000Z",
        "line_item_unblended_cost": cost,
    }
    return row | cells


def gz(rows: Sequence[Row], columns: Sequence[str] | None = None) -> bytes:
    return gzip.compress(csv_text(rows, columns).encode(), mtime=0)


def parquet(rows: Sequence[Row]) -> bytes:
    """The rows as AWS types them: costs are doubles, times timestamps, maps maps."""
    maps = [column.name for column in landing_contract("aws", "line_items").columns if column.physical_type == "json"]
    kinds = {column.name: column.sql_type for column in landing_contract("aws", "line_items").columns}
    values = []
    for name in rows[0]:
        value = f"nullif(\"{name}\", '')"
        if name in maps:
            value = f"cast(cast({value} as json) as map(varchar, varchar))"
        elif kinds.get(name, "varchar").startswith("decimal"):
            value = f"cast({value} as double)"
        elif kinds.get(name) == "timestamp":
            value = f"cast(cast({value} as timestamptz) at time zone 'UTC' as timestamp_ms)"
        values.append(f'{value} as "{name}"')
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        columns = ", ".join(f'"{name}" varchar' for name in rows[0])
        connection.execute(f"create table given ({columns})")
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(f"insert into given values ({marks})", [list(row.values()) for row in rows])
        with tempfile.TemporaryDirectory() as folder:
            connection.execute(f"copy (select {', '.join(values)} from given) to '{folder}/a.parquet' (format parquet)")
            return Path(f"{folder}/a.parquet").read_bytes()


def export(
    root: Path,
    *chunks: bytes,
    period: str = OCTOBER,
    execution: str = "execution-1",
    is_new_folder: bool = False,
    suffix: str = "csv.gz",
    age: int = 0,
    **said: Any,
) -> Path:
    """One refresh of a data export, as AWS writes it. Returns the partition's manifest."""
    partition = f"BILLING_PERIOD={period}"
    folder = f"20261015T000000Z-{execution}/" if is_new_folder else ""
    names = [f"data/{partition}/{folder}cur-{number:05d}.{suffix}" for number in range(1, len(chunks) + 1)]
    for name, chunk in zip(names, chunks, strict=True):
        write_bytes(root / name, chunk, age)
    manifest = {
        "executionId": execution,
        "exportArn": "arn:aws:bcm-data-exports:us-east-1:123456789012:export/cur",
        "billingPeriod": {"start": f"{period}-01T00:00:00.000Z"},
        "columns": [{"name": name, "type": "string"} for name in ROWS[0]],
        "dataFiles": [f"{BUCKET}/{name}" for name in names],
        "additionalOutputFiles": [],
    } | said
    content = json.dumps(manifest).encode()
    if is_new_folder:
        write_bytes(root / "metadata" / partition / folder / "cur-Manifest.json", content, age)
    return write_bytes(root / "metadata" / partition / "cur-Manifest.json", content, age)


def report(root: Path, *chunks: bytes, assembly: str = "a1", is_new_folder: bool = True, age: int = 0) -> Path:
    """One refresh of a legacy report. Returns the manifest of the period."""
    period = "20261001-20261101"
    folder = f"{assembly}/" if is_new_folder else ""
    names = [f"{period}/{folder}hourly-{number:05d}.csv.gz" for number in range(1, len(chunks) + 1)]
    for name, chunk in zip(names, chunks, strict=True):
        write_bytes(root / name, chunk, age)
    manifest = {
        "assemblyId": assembly,
        "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"},
        "columns": [dict(zip(("category", "name"), name.split("/", 1), strict=True)) for name in LEGACY_ROWS[0]],
        "reportKeys": [f"finance/cur/hourly/{name}" for name in names],
        "bucket": "billing-bucket",
        "reportName": "hourly",
    }
    content = json.dumps(manifest).encode()
    if is_new_folder:
        write_bytes(root / period / folder / "hourly-Manifest.json", content, age)
    return write_bytes(root / period / "hourly-Manifest.json", content, age)


@dataclass(frozen=True)
class Account:
    """A place for an export, and a home into which it lands."""

    root: Path
    home: Path
    patch: pytest.MonkeyPatch

    def land(self, table: str = "line_items", **source: Any) -> list[Any]:
        return land(
            self.home, self.patch, "aws", table, str(source.pop("location", self.root)), months=MONTHS, **source
        )

    def statuses(self, **source: Any) -> list[tuple[str, str | None, int]]:
        return [(outcome.status, outcome.partition, outcome.row_count) for outcome in self.land(**source)]

    def current(self, table: str = "line_items", partition: str = OCTOBER) -> dict[str, Any]:
        """The manifest of the newest accepted delivery."""
        paths = (self.home / "landing" / "aws" / table).glob(f"*/*/{partition}/*/manifest.json")
        manifests = [json.loads(path.read_text()) for path in paths]
        found: dict[str, Any] = max(
            (item for item in manifests if item["accepted_at"]), key=lambda item: int(item["sequence"])
        )
        return found

    def totals(self, table: str = "line_items", partition: str = OCTOBER) -> dict[str, Decimal]:
        """The control totals of the newest accepted delivery, all currencies and providers."""
        found = dict.fromkeys(TOTALS, Decimal(0))
        for total in self.current(table, partition)["control_totals"]:
            found[total["cost_column"]] += Decimal(total["total"])
        return found


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    # Great Expectations takes 0.3 s a delivery and has tests of its own; `books` asks it.
    monkeypatch.setattr(preparing, "judge", plain_judge)
    return Account(tmp_path / "bucket" / "cur", tmp_path / "home", monkeypatch)


# What a manifest announces.


def test_a_month_that_is_overwritten_has_one_truth_each_time(account: Account) -> None:
    export(account.root, gz([usage("1.5"), usage("2.5", day=15)]))
    assert account.statuses() == [("landed", OCTOBER, 2)]
    assert account.statuses() == [("nothing_new", None, 0)]
    export(account.root, gz([usage("7")]), execution="execution-2", age=10)
    (outcome,) = account.land()
    assert (outcome.status, outcome.row_count) == ("landed", 1)
    assert "the vendor wrote it anew" in outcome.message
    assert account.totals()["billed_cost"] == 7
    assert account.current()["watermark"] == "execution-2"


def test_a_month_in_new_folders_is_read_from_the_newest(account: Account) -> None:
    export(account.root, gz([usage("1")]), is_new_folder=True)
    assert account.statuses() == [("landed", OCTOBER, 1)]
    export(account.root, gz([usage("2")]), gz([usage("3")]), execution="execution-2", is_new_folder=True, age=10)
    assert len(list(account.root.rglob("*.csv.gz"))) == 3
    assert account.statuses() == [("landed", OCTOBER, 2)]
    assert account.totals()["billed_cost"] == 5


def test_what_two_executions_left_before_the_first_run_lands_once(account: Account) -> None:
    export(account.root, gz([usage("1")]), is_new_folder=True)
    export(account.root, gz([usage("2")]), execution="execution-2", is_new_folder=True, age=10)
    assert account.statuses() == [("landed", OCTOBER, 1)]
    assert account.totals()["billed_cost"] == 2


def test_a_late_month_lands_beside_the_next(account: Account) -> None:
    export(account.root, gz([usage("1", NOVEMBER)]), period=NOVEMBER)
    assert account.statuses() == [("landed", NOVEMBER, 1)]
    export(account.root, gz([usage("2")]), age=10)
    assert account.statuses() == [("landed", OCTOBER, 1)]
    assert (account.totals()["billed_cost"], account.totals(partition=NOVEMBER)["billed_cost"]) == (2, 1)


def test_a_chunk_that_the_manifest_does_not_list_is_not_read(account: Account) -> None:
    export(account.root, gz([usage("1")]), gz([usage("100")]))
    export(account.root, gz([usage("1")]), execution="execution-2", age=10)
    assert (account.root / f"data/BILLING_PERIOD={OCTOBER}/cur-00002.csv.gz").exists()
    assert account.statuses() == [("landed", OCTOBER, 1)]
    assert account.totals()["billed_cost"] == 1


def test_a_finalised_month_that_says_the_same_again_changes_nothing(account: Account) -> None:
    rows = [usage("1"), usage("2")]
    export(account.root, gz(rows))
    account.land()
    export(account.root, gz(rows[:1]), gz(rows[1:]), execution="final", age=10)
    assert [status for status, _, _ in account.statuses()] == ["unchanged"]
    assert account.totals()["billed_cost"] == 3


def test_a_missing_data_file_lands_nothing_and_names_it(account: Account) -> None:
    export(account.root, gz([usage("1")]), gz([usage("2")]))
    export(account.root, gz([usage("3", NOVEMBER)]), period=NOVEMBER)
    (account.root / f"data/BILLING_PERIOD={OCTOBER}/cur-00002.csv.gz").unlink()
    landed, failed = account.land()
    assert (landed.status, landed.partition) == ("landed", NOVEMBER)
    assert (failed.status, failed.partition) == ("failed", OCTOBER)
    assert "cur-00002.csv.gz, which the manifest names" in failed.message


@pytest.mark.parametrize("chunks", [(), (gz([], list(ROWS[0])),)], ids=["no file", "a header"])
def test_an_empty_month_is_a_month(account: Account, chunks: tuple[bytes, ...]) -> None:
    export(account.root, *chunks)
    assert account.statuses() == [("landed", OCTOBER, 0)]
    export(account.root, gz([usage("1")]), execution="execution-2", age=10)
    assert account.statuses() == [("landed", OCTOBER, 1)]
    export(account.root, *chunks, execution="execution-3", age=20)
    assert account.statuses() == [("landed", OCTOBER, 0)]


def test_what_is_rewritten_while_it_is_read_is_no_delivery(account: Account) -> None:
    export(account.root, gz([usage("1")]))
    copied = files.copied

    def slowly(fetch: Any, filesystem: Any, listed: Any, number: int) -> Any:
        received = copied(fetch, filesystem, listed, number)
        if listed.name.endswith(".gz"):
            export(account.root, gz([usage("2")]), execution="execution-2", age=10)
        return received

    account.patch.setattr(files, "copied", slowly)
    (failed,) = account.land()
    assert failed.status == "failed"
    assert "written anew" in failed.message
    account.patch.setattr(files, "copied", copied)
    assert account.statuses() == [("landed", OCTOBER, 1)]
    assert account.totals()["billed_cost"] == 2


def test_the_location_may_be_the_bucket_or_the_export(account: Account) -> None:
    export(account.root, gz([usage("1")]))
    assert account.statuses(location=account.root.parent) == [("landed", OCTOBER, 1)]
    shutil.rmtree(account.home)
    elsewhere = account.root.rename(account.root.parent / "renamed by whoever copied it")
    assert account.statuses(location=elsewhere) == [("landed", OCTOBER, 1)]


def test_two_exports_below_one_location_are_refused(account: Account) -> None:
    export(account.root, gz([usage("1")]))
    shutil.copytree(account.root, account.root.parent / "other")
    (failed,) = account.land(location=account.root.parent)
    assert failed.status == "failed"
    assert "cur in cur/, cur in other/" in failed.message
    assert "a [[sources]] table of its own" in failed.message


SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "no list of files": ({"dataFiles": None, "files": []}, "dataFiles, a list of paths, and executionId, a text"),
    "files as objects": ({"dataFiles": [{"key": "a"}]}, "dataFiles, a list of paths"),
    "no execution": ({"executionId": ""}, "executionId, a text"),
    "a file twice": ({"dataFiles": [f"{BUCKET}/data/a.csv.gz"] * 2}, "each data file once"),
    "another month": ({"billingPeriod": {"start": "2026-09-01"}}, f"a manifest of {OCTOBER}"),
    "nothing at all": ({"dataFiles": [], "columns": []}, "the columns of an export without data files"),
}


@pytest.mark.parametrize(("said", "words"), SHAPES.values(), ids=SHAPES)
def test_a_manifest_of_another_shape_is_refused(account: Account, said: dict[str, Any], words: str) -> None:
    export(account.root, gz([usage("1")]), **said)
    (failed,) = account.land()
    assert (failed.status, failed.partition) == ("failed", OCTOBER)
    assert words in failed.message
    assert "cur-Manifest.json" in failed.message


def test_data_without_a_manifest_is_refused(account: Account) -> None:
    export(account.root, gz([usage("1")]))
    (failed,) = account.land(location=account.root / "data")
    assert failed.status == "failed"
    assert "1 data files, the first is cur-00001.csv.gz, and no manifest" in failed.message
    shutil.rmtree(account.root / "data" / f"BILLING_PERIOD={OCTOBER}")
    (outcome,) = account.land(location=account.root / "data")
    assert outcome.status == "nothing_new"


def test_the_copy_of_an_execution_alone_is_not_enough(account: Account) -> None:
    export(account.root, gz([usage("1")]), is_new_folder=True).unlink()
    (failed,) = account.land()
    assert "only the copy of one execution" in failed.message


def test_a_focus_export_is_announced_the_same_way(account: Account) -> None:
    bill = csv_text([focus_row(OCTOBER, BilledCost="12.5")]).encode()
    export(account.root, gzip.compress(bill, mtime=0))
    (outcome,) = land(
        account.home, account.patch, "focus", "charges", str(account.root), months=MONTHS, options={"manifests": "aws"}
    )
    assert (outcome.status, outcome.partition, outcome.row_count) == ("landed", OCTOBER, 1)


@pytest.mark.parametrize("is_new_folder", [True, False], ids=["new folders", "overwritten"])
def test_a_legacy_report_is_announced_by_its_manifest(account: Account, is_new_folder: bool) -> None:
    options = {"report": "legacy"}
    report(account.root, gz(LEGACY_ROWS[:1]), gz(LEGACY_ROWS[1:]), is_new_folder=is_new_folder)
    (outcome,) = account.land("legacy_line_items", options=options)
    assert (outcome.status, outcome.row_count) == ("landed", len(LEGACY_ROWS))
    report(account.root, gz(LEGACY_ROWS[:1]), assembly="a2", is_new_folder=is_new_folder, age=10)
    (outcome,) = account.land("legacy_line_items", options=options)
    assert (outcome.status, outcome.row_count) == ("landed", 1)
    assert account.current("legacy_line_items")["watermark"] == "a2"
    report(account.root, assembly="a3", is_new_folder=is_new_folder, age=20)
    (outcome,) = account.land("legacy_line_items", options=options)
    assert (outcome.status, outcome.row_count) == ("landed", 0)
    (other,) = account.land("line_items", options=options)
    assert other.status == "unconfigured"


def test_the_parquet_files_of_a_legacy_report_lie_elsewhere(account: Account) -> None:
    names = {column.path: column.name for column in landing_contract("aws", "legacy_line_items").columns}
    snake = [
        {
            names.get(name, name.replace("resourceTags/user:", "resource_tags_user_").lower()): cell
            for name, cell in row.items()
        }
        for row in LEGACY_ROWS
    ]
    manifest = report(account.root, is_new_folder=False)
    said = json.loads(manifest.read_text())
    for month in (9, 10):
        write_bytes(account.root / f"hourly/year=2026/month={month}/hourly-00001.snappy.parquet", parquet(snake))
    said["reportKeys"] = ["finance/cur/hourly/hourly/year=2026/month=10/hourly-00001.snappy.parquet"]
    write_bytes(manifest, json.dumps(said).encode(), 5)
    options = {"report": "legacy"}
    (outcome,) = account.land("legacy_line_items", options=options)
    assert (outcome.status, outcome.row_count) == ("landed", len(LEGACY_ROWS)), outcome.message
    by_parquet = account.totals("legacy_line_items")
    report(account.root, gz(LEGACY_ROWS), assembly="a2", age=10)
    account.land("legacy_line_items", options=options)
    assert account.totals("legacy_line_items") == by_parquet


@pytest.mark.parametrize(("name", "value"), [("report", "cur3"), ("delivery", "folder")])
def test_an_option_that_nobody_knows_is_refused(account: Account, name: str, value: str) -> None:
    (failed,) = account.land(options={name: value})
    assert failed.status == "failed"
    assert f"options.{name} as one of" in failed.message


def test_the_wrong_report_is_named(account: Account) -> None:
    export(account.root, gz(LEGACY_ROWS))
    (outcome,) = account.land()
    assert outcome.status == "rejected"
    assert "options.report" in outcome.message


def test_plain_files_speak_for_themselves(account: Account) -> None:
    write_bytes(account.root / "october.csv", csv_text([usage("1")]).encode())
    assert account.statuses(options={"delivery": "files"}) == [("landed", OCTOBER, 1)]


# Amounts, as they land.


def test_csv_and_parquet_and_any_split_come_to_the_same(account: Account) -> None:
    export(account.root, gz(ROWS))
    assert account.statuses() == [("landed", OCTOBER, len(ROWS))]
    as_csv = account.totals()
    for number, chunks in enumerate(((parquet(ROWS),), (parquet(ROWS[:9]), parquet(ROWS[9:]))), start=1):
        export(account.root, *chunks, execution=f"parquet-{number}", suffix="snappy.parquet", age=10 * number)
        account.land()
        assert account.totals() == as_csv
    export(account.root, *(gz([row]) for row in ROWS), execution="split", age=50)
    account.land()
    assert account.totals() == as_csv


def plain(cell: str) -> Decimal:
    return Decimal(cell or "0")


def test_a_bill_comes_to_what_its_invoice_says(account: Account) -> None:
    """Unblended cost of every line is the invoice; what savings plans cover is in it twice, with both signs."""
    export(account.root, gz(ROWS))
    account.land()
    assert account.totals()["billed_cost"] == sum(plain(row["line_item_unblended_cost"]) for row in ROWS)
    assert [check for check in account.current()["checks"] if not check["passed"]] == []


def test_coverage_that_is_not_taken_back_is_refused(account: Account) -> None:
    covered = usage(
        "5", line_item_line_item_type="SavingsPlanCoveredUsage", savings_plan_savings_plan_effective_cost="3"
    )
    taken_back = usage("-4.995", line_item_line_item_type="SavingsPlanNegation")
    export(account.root, gz([covered, taken_back]))
    (outcome,) = account.land()
    assert outcome.status == "landed"
    export(account.root, gz([covered, taken_back | {"line_item_unblended_cost": "-4.9"}]), execution="odd", age=10)
    (outcome,) = account.land()
    assert outcome.status == "landed"
    assert "what savings plans cover is taken back to the cent" in {
        check["name"] for check in account.current()["checks"] if not check["passed"]
    }
    export(account.root, gz([covered]), execution="wrong", age=20)
    (outcome,) = account.land()
    assert outcome.status == "rejected"
    assert "taken back in full" in outcome.message


def test_a_discount_beside_net_costs_counts_once(account: Account) -> None:
    rows = [usage("10", line_item_net_unblended_cost="9"), usage("-1", line_item_line_item_type="EdpDiscount")]
    export(account.root, gz([rows[0], rows[1] | {"line_item_net_unblended_cost": "0"}]))
    account.land()
    assert account.totals() == {"billed_cost": 9, "effective_cost": 9, "contracted_cost": 9, "list_cost": Decimal("12")}
    export(account.root, gz(rows), execution="wrong", age=10)
    (outcome,) = account.land()
    assert outcome.status == "rejected"
    assert "discounts have net costs where other lines have" in outcome.message


def test_money_keeps_its_digits_and_exponents(account: Account) -> None:
    cost = "0.0000055000000001"
    export(account.root, gz([usage(cost), usage("5.5E-6", pricing_public_on_demand_cost="9.92071E-5")]))
    account.land()
    assert account.totals()["billed_cost"] == Decimal(cost) + Decimal("5.5E-6")


# People.

PEOPLE = {
    "arn:aws:iam::210987654321:user/alice": f"arn:aws:iam::210987654321:user/{HASHER.hash('alice')}",
    "arn:aws:iam::210987654321:user/people/alice": f"arn:aws:iam::210987654321:user/people/{HASHER.hash('alice')}",
    "arn:aws:sts::210987654321:assumed-role/Analyst/canary@example.org": (
        f"arn:aws:sts::210987654321:assumed-role/Analyst/{HASHER.hash('canary@example.org')}"
    ),
    "arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Power_0a1b/1234": (
        f"arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Power_0a1b/{HASHER.hash('1234')}"
    ),
    "arn:aws:sts::210987654321:federated-user/jo": f"arn:aws:sts::210987654321:federated-user/{HASHER.hash('jo')}",
    "arn:aws:sts::210987654321:assumed-role/of-canary@example.org/jane": (
        f"arn:aws:sts::210987654321:assumed-role/{HASHER.hash('of-canary@example.org')}/{HASHER.hash('jane')}"
    ),
    "AIDAEXAMPLE:alice": HASHER.hash("AIDAEXAMPLE:alice"),
}
NOBODY = (
    "arn:aws:sts::210987654321:assumed-role/ChatBackend/i-0abc12345678def90",
    "arn:aws:sts::210987654321:assumed-role/ChatBackend/botocore-session-1699999999",
    "arn:aws:sts::210987654321:assumed-role/ChatBackend/1699999999",
    "arn:aws:iam::210987654321:user/BedrockAPIKey-234s",
    "arn:aws:iam::210987654321:role/ChatBackend",
    "arn:aws:iam::210987654321:root",
    "bedrock.amazonaws.com",
)


@pytest.mark.parametrize(("principal", "kept"), [*PEOPLE.items(), *((name, name) for name in NOBODY)])
def test_a_caller_is_kept_without_the_person(principal: str, kept: str) -> None:
    assert aws.caller(principal, HASHER) == kept
    assert aws.caller(kept, HASHER) == kept


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet"])
def test_callers_are_hashed_before_anything_is_kept(account: Account, form: str) -> None:
    rows = [
        usage(
            f"0.{number:02d}0000000000000001" if form != "parquet" else f"0.{number:02d}",
            line_item_iam_principal=principal,
            tags=json.dumps({"iamPrincipal/team": "chat", "iamPrincipal/mail": "canary@example.org"}),
        )
        for number, principal in enumerate([*PEOPLE, *NOBODY, ""], start=1)
    ]
    text = csv_text(rows).encode()
    content = {"csv": text, "csv.gz": gzip.compress(text), "parquet": parquet(rows)}[form]
    export(account.root, content, suffix=form)
    (outcome,) = account.land()
    assert (outcome.status, outcome.row_count) == ("landed", len(rows)), outcome.message
    assert account.totals()["billed_cost"] == sum(plain(row["line_item_unblended_cost"]) for row in rows)
    found = landed_rows(account.home, "aws", "line_items", "_row_number, line_item_iam_principal, tags")
    assert [principal for _, principal, _ in found] == [*PEOPLE.values(), *NOBODY, None]
    mail = HASHER.hash("canary@example.org")
    assert {json.dumps(json.loads(tags)) for _, _, tags in found} == {
        json.dumps({"iamPrincipal/team": "chat", "iamPrincipal/mail": mail})
    }
    kept = texts_below(account.home)
    assert b"canary@" not in kept
    assert b"alice" not in kept
    manifest = account.current()
    assert manifest["person_key"] == HASHER.fingerprint
    assert manifest["received"][0]["received_sha256"]


def test_a_file_without_callers_is_kept_as_it_came(account: Account) -> None:
    content = gz([usage("1")], [name for name in ROWS[0] if name != "line_item_iam_principal"])
    export(account.root, content)
    account.land()
    assert "received_sha256" not in account.current()["received"][0]
    assert any(path.read_bytes() == content for path in (account.home / "landing" / ".raw").iterdir())
    assert account.current()["person_key"] is None


def test_callers_without_a_key_are_refused(account: Account) -> None:
    export(account.root, gz([usage("1", line_item_iam_principal="arn:aws:iam::1:user/alice")]))
    idle = idle_fetch(SourceSettings(vendor="aws", name="main", location=str(account.root)), "line_items", account.root)
    account.patch.delenv("METERHOUSE_PERSON_KEY", raising=False)
    account.home.mkdir()
    fetch = replace(idle, scratch=account.home, is_known=lambda *_: False)
    with pytest.raises(Exception, match="METERHOUSE_PERSON_KEY"):
        list(aws.deliveries(fetch))


@pytest.mark.parametrize("content", [gz([usage("1", line_item_iam_principal="alice")])[:-20], b"PAR1 alice"])
def test_a_broken_file_leaves_nothing_behind(account: Account, content: bytes) -> None:
    export(account.root, content)
    (failed,) = account.land()
    assert failed.status == "failed"
    assert b"alice" not in texts_below(account.home)


def test_a_rejected_file_is_scrubbed_too(account: Account) -> None:
    export(account.root, gz([usage("no amount", line_item_iam_principal="arn:aws:iam::1:user/alice")]))
    (outcome,) = account.land()
    assert outcome.status == "rejected"
    assert list((account.home / "rejected").rglob("*.csv.gz"))
    assert b"alice" not in texts_below(account.home)


# The names of meters.


def test_bedrock_meters_are_read_as_the_cases_say() -> None:
    model = PROJECT / "dbt_project" / "models" / "focus" / "int_bedrock_meters.sql"
    sql = jinja2.Template(model.read_text(encoding="utf-8")).render(
        ref=lambda name: name,
        matches_pattern=lambda text, pattern: f"regexp_matches({text}, {pattern})",
        json_text=lambda column, key: f"json_extract_string(try_cast({column} as json), '$.\"{key}\"')",
    )
    cases = list(csv.DictReader(METERS.open(encoding="utf-8", newline="")))
    names = list(cases[0])
    given = [[case[name] or None for name in names[:4]] for case in cases]
    with duckdb.connect() as connection:
        connection.execute(
            "create table stg_aws__line_items (usage_type varchar, product_name varchar, pricing_unit varchar, "
            "described_unit varchar, product_code varchar default 'AmazonBedrock')"
        )
        connection.execute("create table stg_aws__legacy_line_items as from stg_aws__line_items")
        connection.execute(
            "create table stg_focus__charges (sku_meter varchar, service_name varchar, pricing_unit varchar, "
            "charge_description varchar, unknown_columns varchar)"
        )
        for table, key in (("stg_aws__line_items", 0), ("stg_aws__legacy_line_items", 0), ("stg_focus__charges", 3)):
            changed = [[*row[:3], f"software|us-east-1|{row[3]}" if key and row[3] else row[3]] for row in given]
            place = "" if key else " (usage_type, product_name, pricing_unit, described_unit)"
            marks = "?, ?, ?, ?" + (", null" if key else "")
            connection.executemany(f"insert into {table}{place} values ({marks})", changed)
        rows = connection.execute(f"select {', '.join(names)} from ({sql})").fetchall()
    found = [
        {name: "" if value is None else str(value) for name, value in zip(names, row, strict=True)} for row in rows
    ]
    assert sorted(found, key=str) == sorted(cases, key=str)


def test_every_meter_of_bedrock_is_in_the_seed() -> None:
    with (PROJECT / "seeds" / "sku_meters.csv").open(encoding="utf-8", newline="") as file:
        known = {row["sku_meter"] for row in csv.DictReader(file)}
    with METERS.open(encoding="utf-8", newline="") as file:
        assert {row["metered_as"] for row in csv.DictReader(file)} - {""} <= known


def test_every_service_has_one_category() -> None:
    with (PROJECT / "seeds" / "aws_services.csv").open(encoding="utf-8", newline="") as file:
        kinds = {
            (row["service_name"], row["service_category"], row["service_subcategory"]) for row in csv.DictReader(file)
        }
    assert len({name for name, _, _ in kinds}) == len(kinds)


# The whole walk: one CUR 2.0, one legacy report, one FOCUS export of the same tokens, and the real report where it is.


@dataclass(frozen=True)
class Books:
    """A home after a run over AWS bills."""

    home: Path
    run: Finished

    def charges(self, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        sql = f"select {columns} from hubs.focus_charges where {where} order by all"
        return query(Home(self.home).build_file, sql)


# The same million and 234,567 tokens, as each route says them.
ROUTES = {
    "classic": {
        "line_item_product_code": "AmazonBedrock",
        "line_item_usage_type": "USE1-Claude4.6Sonnet-input-tokens",
        "product": '{"product_name": "Amazon Bedrock"}',
        "pricing_unit": "1K tokens",
        "line_item_usage_amount": "1234.567",
    },
    "mantle": {
        "line_item_product_code": "AmazonBedrock",
        "line_item_usage_type": "USW2-anthropic.claude-opus-4-8-mantle-input-tokens-global-standard",
        "product": '{"product_name": "Amazon Bedrock"}',
        "pricing_unit": "1K tokens",
        "line_item_usage_amount": "1234.567",
    },
    "marketplace": {
        "line_item_product_code": "4a1b2c3d4e5f6a7b8c9d",
        "line_item_usage_type": "USW2-MP:USW2_InputTokenCount_Global-Units",
        "product": '{"product_name": "Claude Opus 5.5 (Amazon Bedrock Edition)"}',
        "bill_billing_entity": "AWS Marketplace",
        "line_item_legal_entity": "Anthropic, PBC",
        "line_item_line_item_description": "AWS Marketplace software usage|us-west-2|Million Input Tokens Global",
        "pricing_unit": "Units",
        "line_item_usage_amount": "1.234567",
    },
}


def focus_of(route: str, cells: Row, version: str) -> Row:
    """The same line as AWS's own FOCUS export has it."""
    usage_type = {"x_UsageType": cells["line_item_usage_type"]} if version == "1.0" else {}
    return focus_row(
        OCTOBER,
        ServiceName=json.loads(cells["product"])["product_name"],
        SkuMeter=cells["line_item_usage_type"] if version == "1.2" else "",
        PricingUnit=cells["pricing_unit"],
        PricingQuantity=cells["line_item_usage_amount"],
        ChargeDescription=cells.get("line_item_line_item_description", route),
        ProviderName="AWS",
        InvoiceIssuerName="AWS",
        x_UsageType=usage_type.get("x_UsageType", ""),
    )


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("aws")
    routes = [usage("3", **cells, line_item_resource_id=f"arn:aws:x:::{name}") for name, cells in ROUTES.items()]
    export(folder / "cur2", gz([*ROWS, *routes], [*ROWS[0]]))
    report(folder / "legacy", gz(LEGACY_ROWS))
    bills = [focus_of(name, cells, version) for name, cells in ROUTES.items() for version in ("1.0", "1.2")]
    write_bytes(folder / "focus" / "bill.csv", csv_text(bills).encode())
    sources = [
        ("aws", "main", "cur2", "{}"),
        ("aws", "old", "legacy", '{ report = "legacy" }'),
        ("focus", "bills", "focus", "{}"),
    ]
    if LEGACY_SAMPLE.exists():
        sources.append(("aws", "real", str(LEGACY_SAMPLE), '{ report = "legacy", delivery = "files" }'))
    text = 'first_month = "2023-01"\n' + "".join(
        f'\n[[sources]]\nvendor = "{vendor}"\nname = "{name}"\nlocation = "{location}"\noptions = {options}\n'
        for vendor, name, location, options in sources
    )
    config = folder / "meterhouse.toml"
    config.write_text(text)
    home = folder / "var"
    environment = {"METERHOUSE_PERSON_KEY": PERSON_KEY, "METERHOUSE_TODAY": "2026-11-15"}
    finished = meterhouse(home, "run", "--config", str(config), timeout=400, **environment)
    assert finished.code == 0, finished.output
    return Books(home, finished)


def test_every_landed_cent_of_aws_is_published(books: Books) -> None:
    assert "difference 0" in books.run.output
    proof = query(
        published(books.home).database, "select bool_and(is_conserved), count(*) from operations.conservation_proof"
    )
    assert proof[0][0] is True
    assert proof[0][1] >= 60


def test_the_three_routes_of_bedrock_count_the_same_tokens(books: Books) -> None:
    tokens = Decimal(1234567)
    found = books.charges(
        "resource_id, model_id, meter, serving_scope, service_tier, token_quantity, consumed_quantity, consumed_unit, "
        "pricing_quantity, pricing_unit, service_provider_name, host_provider_name, invoice_issuer_name",
        "resource_id like 'arn:aws:x:::%'",
    )
    same = ("standard", tokens, tokens, "Tokens", Decimal("1.234567"), "1000000 Tokens")
    assert [(*row[:4], row[4:10], row[10:]) for row in found] == [
        ("arn:aws:x:::classic", "claude-sonnet-4-6", "input_uncached", "Regional", same, ("AWS", "AWS", "AWS")),
        ("arn:aws:x:::mantle", "claude-opus-4-8", "input_uncached", "Global", same, ("AWS", "AWS", "AWS")),
        ("arn:aws:x:::marketplace", "claude-opus-5-5", "input_uncached", "Global", same, ("Anthropic", "AWS", "AWS")),
    ]


def test_a_focus_export_counts_the_same_tokens(books: Books) -> None:
    found = books.charges("model_id, meter, token_quantity, count(*)", "vendor = 'focus' group by all")
    tokens = Decimal(1234567)
    assert found == [
        (model, "input_uncached", tokens, 2) for model in ("claude-opus-4-8", "claude-opus-5-5", "claude-sonnet-4-6")
    ]


@pytest.mark.parametrize("source", ["main", "old"])
def test_used_and_unused_add_up_to_what_was_bought(books: Books, source: str) -> None:
    """Over the month, since nothing was paid upfront: FOCUS asks it of the whole term."""
    found = books.charges(
        "commitment_discount_category, sum(effective_cost) filter (where commitment_discount_status = 'Used'), "
        "sum(effective_cost) filter (where commitment_discount_status = 'Unused'), "
        "sum(billed_cost) filter (where charge_category = 'Purchase')",
        f"source_name = '{source}' and commitment_discount_id is not null group by all",
    )
    assert [category for category, *_ in found] == ["Spend", "Usage"]
    for _, used, unused, bought in found:
        assert used > 0
        assert unused > 0
        assert used + unused == bought


def test_line_item_types_have_their_category(books: Books) -> None:
    found = books.charges(
        "charge_description, charge_category, charge_frequency, pricing_category, charge_class, sku_id is not null",
        "source_name = 'main' and charge_description like 'type %' and charge_description not in "
        "('type GPU', 'type training', 'type tokens')",
    )
    assert {row[0].removeprefix("type "): row[1:] for row in found} == {
        "Usage": ("Usage", "Usage-Based", "Standard", None, True),
        "SpotUsage": ("Usage", "Usage-Based", "Dynamic", None, True),
        "SavingsPlanCoveredUsage": ("Usage", "Usage-Based", "Committed", None, True),
        "SavingsPlanNegation": ("Adjustment", "One-Time", None, None, False),
        "SavingsPlanRecurringFee": ("Purchase", "Recurring", "Standard", None, True),
        "DiscountedUsage": ("Usage", "Usage-Based", "Committed", None, True),
        "RIFee": ("Purchase", "Recurring", "Standard", None, True),
        "Fee": ("Purchase", "One-Time", "Standard", None, True),
        "Tax": ("Tax", "One-Time", None, None, False),
        "Credit": ("Credit", "One-Time", None, None, False),
        "Refund": ("Adjustment", "One-Time", None, "Correction", False),
        "EdpDiscount": ("Adjustment", "One-Time", None, None, False),
        "BundledDiscount": ("Adjustment", "One-Time", None, None, False),
    }


def test_focus_holds_for_aws(books: Books) -> None:
    """Rules of FOCUS that cross columns and rows, over all that AWS billed."""
    price = "cast({}_unit_price as decimal(19, 9)) * cast(pricing_quantity as decimal(19, 9))"
    broken = {
        "a resource has a type": "(resource_id is null) <> (resource_type is null)",
        "a region has a name": "(region_id is null) <> (region_name is null)",
        "a price gives its cost": f"{price.format('list')} <> list_cost",
        "a contracted price gives its cost": f"{price.format('contracted')} <> contracted_cost",
        "what is sold has a price id": "charge_category in ('Usage', 'Purchase') and sku_price_id is null",
        "tax has no price": "charge_category = 'Tax' and (sku_id is not null or pricing_quantity is not null)",
        "a quantity has a unit": "(pricing_quantity is null) <> (pricing_unit is null)",
        "consumption has a unit": "(consumed_quantity is null) <> (consumed_unit is null)",
        "only usage consumes": "charge_category <> 'Usage' and consumed_quantity is not null",
        "a commitment has a type": "(commitment_discount_id is null) <> (commitment_discount_type is null)",
        "covered usage says so": "charge_category = 'Usage' and commitment_discount_id is not null "
        "and commitment_discount_status is null",
        "a committed quantity has a unit": "(commitment_discount_quantity is null) "
        "<> (commitment_discount_unit is null)",
        "a credit has one cost": "charge_category = 'Credit' and not (billed_cost = effective_cost "
        "and billed_cost = list_cost and billed_cost = contracted_cost)",
        "covered usage is not billed": "commitment_discount_status = 'Used' and billed_cost <> 0",
        "tags are an object": "tags is not null and json_type(try_cast(tags as json)) is distinct from 'OBJECT'",
    }
    found = {name: books.charges("count(*)", f"vendor = 'aws' and ({sql})")[0][0] for name, sql in broken.items()}
    assert {name: count for name, count in found.items() if count} == {}
    names = "select count(*) from (select service_name from hubs.focus_charges where vendor = 'aws' "
    names += "group by service_name having count(distinct service_category) > 1)"
    assert query(Home(books.home).build_file, names) == [(0,)]


def test_tags_and_callers_arrive(books: Books) -> None:
    found = books.charges("principal_id, tags", "source_name = 'main' and tags like '%iamPrincipal%'")
    assert found == [
        (
            "arn:aws:sts::210987654321:assumed-role/ChatBackend/" + HASHER.hash("prod-7"),
            '{"team":"search","costCategory/Team":"Search","iamPrincipal/project":"ChatBackend"}',
        )
    ]
    legacy = books.charges("tags, count(*)", "source_name = 'old' and tags is not null group by all")
    assert legacy == [('{"team":"search"}', 1)]


def test_gpus_and_models_are_ai(books: Books) -> None:
    found = books.charges(
        "sku_meter, is_ai, workload_phase",
        "source_name = 'main' and regexp_matches(sku_meter, 'BoxUsage|Train|tokens$')",
    )
    kinds = {meter: (is_ai, phase) for meter, is_ai, phase in found}
    assert kinds["USE1-BoxUsage:p5.48xlarge"] == (True, None)
    assert kinds["USE1-Train:ml.p4d.24xlarge"] == (True, "initial training")
    assert kinds["USE1-Claude4.6Sonnet-output-tokens"] == (True, "inference")
    assert kinds["USE1-BoxUsage:m7i.large"] == (None, None)


@pytest.mark.skipif(not LEGACY_SAMPLE.exists(), reason=NO_SAMPLE)
def test_the_real_report_comes_to_the_sum_of_its_text(books: Books) -> None:
    with LEGACY_SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    unblended = sum(plain(row["lineItem/UnblendedCost"]) for row in rows)
    listed = sum(
        plain(row["pricing/publicOnDemandCost"])
        if row["lineItem/LineItemType"] == "Usage"
        else plain(row["lineItem/UnblendedCost"])
        for row in rows
    )
    assert len(rows) == 1281
    found = books.charges(
        "count(*), sum(billed_cost), sum(effective_cost), sum(list_cost), sum(contracted_cost), count(list_cost)",
        "source_name = 'real'",
    )
    assert found == [(1281, unblended, unblended, listed, unblended, 1281)]
    sql = "select sum(BilledCost), count(*) from focus.cost_and_usage where x_SourceName = 'real'"
    assert query(published(books.home).database, sql) == [(unblended, 1281)]

"""Google Cloud's billing tables in folders by invoice month: what is landed, replaced, held and refused."""

import gzip
import json
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.contracts import landing_contract
from orchestration.errors import DeliveryError
from orchestration.landing import Outcome, accept
from orchestration.packages import Manifest, packages
from orchestration.paths import DBT_PROJECT, Home
from orchestration.sources import files
from orchestration.sources.base import Fetch, ReceivedFile
from orchestration.sources.focus import OF_GOOGLE, mandatory_columns, recognise
from tests.deliveries import write_bytes
from tests.support import meterhouse, published, query, write_config
from tests.vendor import land

SAMPLES = Path(__file__).parent / "samples"
SAMPLE = SAMPLES / "gcp_detailed_usage.jsonl"
FOCUS_SAMPLE = SAMPLES / "gcp_focus.jsonl"
ROWS = [json.loads(line, parse_float=Decimal) for line in SAMPLE.read_text().splitlines()]
MONTHS = ("2026-09", "2026-10", "2026-11")
OCTOBER = "invoice_month=202610"
ON_ONE_FILE = "rows-000000000000.jsonl"
Row = dict[str, Any]
Land = Callable[..., list[Outcome]]

# The types of BigQuery's own table.
_LABELS = "struct(key varchar, value varchar)[]"
TYPES = {
    "service": "struct(id varchar, description varchar)",
    "sku": "struct(id varchar, description varchar)",
    "usage_start_time": "timestamptz",
    "usage_end_time": "timestamptz",
    "project": f"struct(id varchar, number varchar, name varchar, labels {_LABELS}, "
    "ancestors struct(resource_name varchar, display_name varchar)[], ancestry_numbers varchar)",
    "labels": _LABELS,
    "system_labels": _LABELS,
    "location": "struct(location varchar, country varchar, region varchar, zone varchar)",
    "tags": "struct(key varchar, value varchar, inherited boolean, namespace varchar)[]",
    "resource": "struct(name varchar, global_name varchar)",
    "price": "struct(effective_price decimal(38,9), tier_start_amount decimal(38,9), unit varchar, "
    "pricing_unit_quantity decimal(38,9), list_price decimal(38,9), effective_price_default decimal(38,9), "
    "list_price_consumption_model decimal(38,9))",
    "subscription": "struct(instance_id varchar)",
    "export_time": "timestamptz",
    "cost": "double",
    "cost_at_list": "decimal(38,9)",
    "cost_at_effective_price_default": "decimal(38,9)",
    "cost_at_list_consumption_model": "decimal(38,9)",
    "currency_conversion_rate": "double",
    "usage": "struct(amount double, unit varchar, amount_in_pricing_units double, pricing_unit varchar)",
    "credits": "struct(name varchar, amount double, full_name varchar, id varchar, type varchar)[]",
    "invoice": "struct(month varchar, publisher_type varchar)",
    "adjustment_info": "struct(id varchar, description varchar, mode varchar, type varchar)",
    "consumption_model": "struct(id varchar, description varchar)",
}
COLUMNS = {
    column.name: TYPES.get(column.name, "varchar") for column in landing_contract("gcp", "detailed_usage").columns
}


def lines(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row, default=float) + "\n" for row in rows).encode()


def parquet(path: Path, source: Path = SAMPLE, where: str = "true") -> Path:
    """Rows as BigQuery extracts its table: records, lists, decimals and floats."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create table rows as select * from read_json(?, columns = ?)", [str(source), COLUMNS])
        connection.execute(f"copy (from rows where {where}) to '{path}' (format parquet)")
    return path


def row(**cells: Any) -> Row:
    """A plain row of October; any cell can be said otherwise."""
    return ROWS[1] | cells


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    return tmp_path / "drop"


@pytest.fixture
def landing(tmp_path: Path, drop: Path, monkeypatch: pytest.MonkeyPatch) -> Land:
    def run(**options: Any) -> list[Outcome]:
        settings = {"location": str(drop), "months": MONTHS} | options
        return land(tmp_path / "home", monkeypatch, "gcp", "detailed_usage", **settings)

    return run


def manifests(tmp_path: Path) -> list[Manifest]:
    return [package.manifest for package in packages(Home(tmp_path / "home"))]


def totals(manifest: Manifest, column: str = "billed_cost") -> Decimal:
    found = [Decimal(total.total) for total in manifest.control_totals if total.cost_column == column]
    return sum(found, Decimal(0))


def typed_rows(home: Path) -> list[Row]:
    """The landed rows, records unpacked: what is null or not there is the same, and a number is a number."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(f"select * exclude (_part) from '{home}/landing/gcp/*/*/*/*/*/part-*.parquet'")
        names = [column[0] for column in found.description or []]
        return [
            {
                name: plain(json.loads(value) if str(value)[:1] in ("{", "[") else value)
                for name, value in zip(names, cells, strict=True)
            }
            for cells in found.fetchall()
        ]


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    try:
        return Decimal(str(value)).normalize()
    except InvalidOperation:
        return value


# Forms.


def test_parquet_and_json_lines_are_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for form in ("jsonl", "parquet"):
        place = tmp_path / form
        if form == "parquet":
            parquet(place / OCTOBER / "rows.parquet")
        else:
            write_bytes(place / OCTOBER / ON_ONE_FILE, SAMPLE.read_bytes())
        home = tmp_path / f"home of {form}"
        (outcome,) = land(home, monkeypatch, "gcp", "detailed_usage", str(place), months=MONTHS)
        assert (outcome.status, outcome.partition, outcome.row_count) == ("landed", "2026-10", len(ROWS)), (
            outcome.message
        )
        (package,) = packages(Home(home))
        found[form] = (package.manifest, typed_rows(home))
    (of_lines, rows_of_lines), (of_parquet, rows_of_parquet) = found["jsonl"], found["parquet"]
    assert rows_of_lines == rows_of_parquet
    assert of_lines.control_totals == of_parquet.control_totals
    assert of_lines.charge_days == of_parquet.charge_days
    assert of_parquet.float_columns == ["cost", "currency_conversion_rate"]


def test_landed_totals_are_the_exact_sums_of_costs_and_credits(tmp_path: Path, drop: Path, landing: Land) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, SAMPLE.read_bytes())
    (outcome,) = landing()
    (manifest,) = manifests(tmp_path)
    unit = Decimal("1e-18")
    costs = sum((row["cost"].quantize(unit) for row in ROWS), Decimal(0))
    credits = [(credit["type"], credit["amount"]) for row in ROWS for credit in row["credits"]]
    promotions = sum((amount for kind, amount in credits if kind == "PROMOTION"), Decimal(0))
    assert promotions == -1
    assert totals(manifest) == costs + sum(amount for _, amount in credits)
    assert totals(manifest, "effective_cost") == totals(manifest) - promotions
    assert totals(manifest, "contracted_cost") == costs
    # What was born a float with more than 18 decimals is rounded once, and said.
    assert "cost rounded on 1 rows" in outcome.message
    assert [(rounding["column"], rounding["row_count"]) for rounding in manifest.roundings] == [("cost", 1)]
    assert [check.name for check in outcome.checks if not check.passed] == []
    assert {total.provider for total in manifest.control_totals} == {"Google Cloud", "Anthropic, PBC"}


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".ndjson", ".jsonl.gz", ".json.gz", ".ndjson.gz"])
def test_json_lines_have_many_names(tmp_path: Path, drop: Path, landing: Land, suffix: str) -> None:
    content = gzip.compress(SAMPLE.read_bytes()) if suffix.endswith(".gz") else SAMPLE.read_bytes()
    write_bytes(drop / OCTOBER / f"rows{suffix}", content)
    (outcome,) = landing()
    assert (outcome.status, outcome.row_count) == ("landed", len(ROWS)), outcome.message
    assert manifests(tmp_path)[0].vendor_version == "detailed usage"


def test_the_standard_usage_export_lands_too(tmp_path: Path, drop: Path, landing: Land) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([{k: v for k, v in row().items() if k != "price"}]))
    assert [outcome.status for outcome in landing()] == ["landed"]
    assert manifests(tmp_path)[0].vendor_version == "standard usage"


def test_an_extraction_without_credits_is_refused(drop: Path, landing: Land) -> None:
    """What is invoiced is the cost with its credits: without them every amount would be too high."""
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([{k: v for k, v in row().items() if k != "credits"}]))
    (outcome,) = landing()
    assert outcome.status == "rejected"
    assert "no credits" in outcome.message


# Months and folders.


def test_the_second_extraction_of_a_month_replaces_the_first(tmp_path: Path, drop: Path, landing: Land) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(cost=1), row(cost=2)]), age=1)
    landing()
    assert [outcome.status for outcome in landing()] == ["nothing_new"]
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(cost=1), row(cost=5)]), age=2)
    (outcome,) = landing()
    assert (outcome.status, outcome.row_count) == ("landed", 2)
    assert outcome.message.startswith("replaces 2 rows, 3.00 EUR billed")
    newest = max(manifests(tmp_path), key=lambda manifest: manifest.sequence or 0)
    assert totals(newest) == 6


def test_rows_that_arrive_late_make_a_new_delivery_of_the_month(tmp_path: Path, drop: Path, landing: Land) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(cost=1)]), age=1)
    landing()
    late = row(cost=2, usage_start_time="2026-09-30T22:00:00Z", usage_end_time="2026-09-30T23:00:00Z")
    write_bytes(drop / OCTOBER / "rows-000000000001.jsonl", lines([late]), age=2)
    (outcome,) = landing()
    assert (outcome.status, outcome.partition, outcome.row_count) == ("landed", "2026-10", 2)
    newest = max(manifests(tmp_path), key=lambda manifest: manifest.sequence or 0)
    assert totals(newest) == 3
    assert newest.charge_days == ["2026-09-30", "2026-10-14"]


def test_a_month_with_fewer_rows_is_held(tmp_path: Path, drop: Path, landing: Land) -> None:
    """A folder cannot say that it was written anew, so it may be an extraction that was cut short."""
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(cost=cost) for cost in range(10)]), age=1)
    landing()
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(cost=cost) for cost in range(6)]), age=2)
    (outcome,) = landing()
    assert outcome.status == "held"
    assert "6 rows where 10 were accepted before" in outcome.message
    assert outcome.delivery_id
    accept(Home(tmp_path / "home"), outcome.delivery_id)
    assert max(manifests(tmp_path), key=lambda manifest: manifest.sequence or 0).row_count == 6


def test_a_folder_that_names_no_month_is_refused_by_name_and_others_land(drop: Path, landing: Land) -> None:
    write_bytes(drop / "invoice_month=202613" / ON_ONE_FILE, lines([row()]))
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row()]))
    landed, failed = landing()
    assert (landed.status, landed.partition) == ("landed", "2026-10")
    assert failed.status == "failed"
    assert "invoice_month=202613" in failed.message
    assert "a folder invoice_month=YYYYMM" in failed.message


def test_files_outside_of_a_month_are_refused_by_name(drop: Path, landing: Land) -> None:
    write_bytes(drop / ON_ONE_FILE, lines([row()]))
    (failed,) = landing()
    assert failed.status == "failed"
    assert f"1 files in {drop}" in failed.message


def test_a_row_of_another_month_refuses_the_folder(drop: Path, landing: Land) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(), row(invoice={"month": "202609"})]))
    (outcome,) = landing()
    assert (outcome.status, outcome.partition) == ("rejected", "2026-09")
    assert "rows of 2026-09" in outcome.message


@pytest.mark.parametrize("month", [None, "", "2026/10", "202613", 202610.5])
def test_a_row_without_a_month_refuses_the_folder(drop: Path, landing: Land, month: object) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(), row(invoice={"month": month})]))
    (outcome,) = landing()
    assert outcome.status == "rejected"
    assert f"{ON_ONE_FILE}, line 2, column invoice" in outcome.message


@pytest.mark.parametrize("form", ["parquet", "jsonl", "jsonl.gz"])
def test_a_folder_of_empty_files_is_an_empty_month(tmp_path: Path, drop: Path, landing: Land, form: str) -> None:
    place = drop / OCTOBER / f"rows.{form}"
    if form == "parquet":
        parquet(place, where="false")
    else:
        write_bytes(place, gzip.compress(b"") if form.endswith("gz") else b"")
    (outcome,) = landing()
    assert (outcome.status, outcome.partition, outcome.row_count) == ("landed", "2026-10", 0), outcome.message
    assert [manifest.covers for manifest in manifests(tmp_path)] == [["2026-10"]]


def test_a_month_that_becomes_empty_is_held(drop: Path, landing: Land) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row()]), age=1)
    landing()
    write_bytes(drop / OCTOBER / ON_ONE_FILE, b"", age=2)
    assert [outcome.status for outcome in landing()] == ["held"]


def test_an_empty_file_beside_others_takes_nothing_away(tmp_path: Path, drop: Path, landing: Land) -> None:
    write_bytes(drop / OCTOBER / "a.jsonl", lines([row()]))
    write_bytes(drop / OCTOBER / "b.jsonl", b"")
    assert [(outcome.status, outcome.row_count) for outcome in landing()] == [("landed", 1)]
    present = manifests(tmp_path)[0].present_columns
    assert "price" in present
    assert "resource" not in present


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["rows.avro"], "rows.avro (of 1): Avro cannot be read here"),
        (["rows.csv"], "rows.csv (of 1)"),
        (["rows.jsonl", "rows.parquet"], "JSON Lines and Parquet"),
    ],
)
def test_a_folder_that_cannot_be_read_as_one_extraction_is_refused(
    drop: Path, landing: Land, names: list[str], found: str
) -> None:
    for name in names:
        write_bytes(drop / OCTOBER / name, b"something")
    write_bytes(drop / "invoice_month=202611" / ON_ONE_FILE, lines([row(invoice={"month": "202611"})]))
    landed, failed = landing()
    assert (landed.status, landed.partition) == ("landed", "2026-11")
    assert (failed.status, failed.partition) == ("failed", "2026-10")
    assert found in failed.message
    assert "JSON Lines" in failed.message or "older extraction" in failed.message


def test_two_folders_of_one_month_are_refused(drop: Path, landing: Land) -> None:
    for prefix in ("first", "second"):
        write_bytes(drop / prefix / OCTOBER / ON_ONE_FILE, lines([row()]))
    (failed,) = landing()
    assert (failed.status, failed.partition) == ("failed", "2026-10")
    assert f"{drop}/first/{OCTOBER}, {drop}/second/{OCTOBER}" in failed.message


def test_what_tools_leave_beside_data_is_no_data(drop: Path, landing: Land) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row()]))
    for name in ("_SUCCESS", ".part.crc", "marker"):
        write_bytes(drop / OCTOBER / name, b"")
    assert [outcome.status for outcome in landing()] == ["landed"]


@pytest.mark.parametrize("change", ["added", "removed", "written anew"])
def test_a_folder_that_changes_while_it_is_read_is_not_landed(
    tmp_path: Path, drop: Path, landing: Land, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    folder = drop / OCTOBER
    for name in ("a.jsonl", "b.jsonl"):
        write_bytes(folder / name, lines([row()]), age=1)
    copied = files.copied

    def meanwhile(fetch: Fetch, filesystem: Any, listed: files.Entry, number: int) -> ReceivedFile:
        received = copied(fetch, filesystem, listed, number)
        if listed.name == "b.jsonl":
            if change == "added":
                write_bytes(folder / "c.jsonl", lines([row()]), age=2)
            elif change == "removed":
                (folder / "a.jsonl").unlink()
            else:
                write_bytes(folder / "a.jsonl", lines([row(cost=7)]), age=2)
        return received

    monkeypatch.setattr(files, "copied", meanwhile)
    (failed,) = landing()
    assert (failed.status, failed.partition) == ("failed", "2026-10")
    assert "run again when the export is at rest" in failed.message
    assert manifests(tmp_path) == []
    monkeypatch.setattr(files, "copied", copied)
    assert [outcome.status for outcome in landing()] == ["landed"]


# What a row must hold.


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"labels": [{"key": "team", "value": "a"}, {"key": "team", "value": "b"}]}, "a label has a key"),
        ({"labels": [{"key": None, "value": "a"}]}, "a label has a key"),
        ({"project": {"id": "p", "labels": [{"key": "t", "value": "a"}] * 2}}, "a label has a key"),
        ({"tags": [{"key": "env", "value": "a", "namespace": "1"}] * 2}, "a label has a key"),
        ({"labels": {"list": [{"element": {"key": "team", "value": "a"}}]}}, "credits, labels and tags are lists"),
        ({"credits": {"amount": -1}}, "credits, labels and tags are lists"),
        ({"credits": [{"type": "PROMOTION"}]}, "every credit has an amount"),
        ({"credits": [{"type": "PROMOTION", "amount": "much"}]}, "every credit has an amount"),
        ({"cost_type": "gift"}, "cost_type has an agreed value"),
        ({"currency": "euro"}, "currency has the agreed form"),
    ],
)
def test_rows_that_would_lose_tags_or_money_are_rejected(drop: Path, landing: Land, cells: Row, rule: str) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(), row(**cells)]))
    (outcome,) = landing()
    assert outcome.status == "rejected"
    assert rule in outcome.message


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"credits": [{"type": "SOMETHING_NEW", "amount": -1}]}, "every credit is of a type we know"),
        ({"credits": [{"amount": -1}]}, "every credit is of a type we know"),
        ({"credits": [{"type": "DISCOUNT", "amount": 1.2345678901234567e-7}]}, "credits have at most 18 decimals"),
        ({"usage": {"amount": 2.6e21, "unit": "byte-seconds"}}, "quantities and prices fit their type"),
        ({}, "no row is another one again"),
    ],
)
def test_rows_that_are_odd_are_landed_and_counted(drop: Path, landing: Land, cells: Row, rule: str) -> None:
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(), row(**cells)]))
    (outcome,) = landing()
    assert outcome.status == "landed", outcome.message
    assert [(check.name, check.found) for check in outcome.checks if not check.passed] == [(rule, "1")]


def test_a_tag_of_two_namespaces_is_two_tags(drop: Path, landing: Land) -> None:
    tags = [{"key": "env", "value": "a", "namespace": "1"}, {"key": "env", "value": "b", "namespace": "2"}]
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([row(tags=tags)]))
    assert [outcome.status for outcome in landing()] == ["landed"]


def test_contract_and_staging_agree_on_what_a_discount_is() -> None:
    """The proof of conservation finds a difference only where a bill has such a credit."""
    expression = landing_contract("gcp", "detailed_usage").properties["landedTotals"]["effective_cost"]
    staged = (DBT_PROJECT / "models" / "staging" / "gcp" / "stg_gcp__detailed_usage.sql").read_text()
    listed = staged[staged.index("discounts = [") : staged.index("] -%}")]
    in_contract = set(expression.split("(")[-1].replace("'", " ").replace(",", " ").split(")")[0].split())
    assert in_contract
    assert {word.strip("',\n ") for word in listed.split("[")[1].split()} == in_contract


# Google's FOCUS export.

FOCUS = landing_contract("focus", "charges")
FOCUS_COLUMNS = list(json.loads(FOCUS_SAMPLE.read_text().splitlines()[0]))


def test_what_google_leaves_out_of_focus_may_be_missing() -> None:
    left_out = {name for name in mandatory_columns(FOCUS, "1.2") if name not in FOCUS_COLUMNS}
    assert left_out == {"BillingAccountName", "InvoiceIssuerName", "ServiceCategory", "ChargeClass"}
    assert recognise("focus/google", "rows.jsonl", FOCUS, FOCUS_COLUMNS) == "FOCUS 1.2"


@pytest.mark.parametrize("name", sorted(OF_GOOGLE))
def test_nobody_else_may_leave_them_out(name: str) -> None:
    columns = [column for column in FOCUS_COLUMNS if column != name]
    with pytest.raises(DeliveryError) as refusal:
        recognise("focus/other", "rows.jsonl", FOCUS, columns)
    assert refusal.value.found == "no BillingAccountName, ChargeClass, InvoiceIssuerName, ServiceCategory"


def test_google_must_not_leave_out_more() -> None:
    with pytest.raises(DeliveryError) as refusal:
        recognise("focus/google", "rows.jsonl", FOCUS, [name for name in FOCUS_COLUMNS if name != "BilledCost"])
    assert refusal.value.column == "BilledCost"


def test_a_label_that_stands_twice_in_googles_focus_export_is_rejected(
    tmp_path: Path, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.loads(FOCUS_SAMPLE.read_text().splitlines()[0])
    content["x_Labels"] *= 2
    write_bytes(drop / OCTOBER / ON_ONE_FILE, lines([content]))
    options = {"manifests": "gcp"}
    home = tmp_path / "home"
    (outcome,) = land(home, monkeypatch, "focus", "charges", str(drop), months=MONTHS, options=options)
    assert outcome.status == "rejected"
    assert "a label of Google's export has a key" in outcome.message


# The whole walk.


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Both of Google's tables through one run."""
    place = tmp_path_factory.mktemp("google")
    write_bytes(place / "usage" / OCTOBER / ON_ONE_FILE, SAMPLE.read_bytes())
    write_bytes(place / "focus" / OCTOBER / ON_ONE_FILE, FOCUS_SAMPLE.read_bytes())
    usage = {"vendor": "gcp", "name": "usage", "location": str(place / "usage")}
    focus = {"vendor": "focus", "name": "google", "location": str(place / "focus")}
    config = write_config(place / "meterhouse.toml", usage, focus)
    config.write_text(config.read_text() + 'options = { manifests = "gcp" }\n')
    finished = meterhouse(place / "var", "run", "--config", str(config))
    assert finished.code == 0, finished.output
    return place / "var", finished.output


def test_every_cent_of_both_tables_is_conserved(company: tuple[Path, str]) -> None:
    home, output = company
    assert "difference 0" in output
    found = query(
        published(home).database,
        "select cost_column, layer_total from operations.conservation_proof "
        "where layer = 'published' and vendor = 'gcp' and service_provider_name = 'Google Cloud' and is_landed "
        "order by all",
    )
    assert found == [
        ("billed_cost", Decimal("126.292331000000000012")),
        ("contracted_cost", Decimal("159.595956123456789012")),
        ("effective_cost", Decimal("127.292331000000000012")),
    ]


def test_charges_of_googles_focus_export_have_what_it_leaves_out(company: tuple[Path, str]) -> None:
    home, _ = company
    found = query(
        published(home).database,
        "select ChargeCategory, ServiceCategory, InvoiceIssuerName, ChargeFrequency, ResourceType, SubAccountType, "
        "Tags, x_ModelId, x_Meter, x_InvoiceIdBasis, x_ProviderProjectId "
        "from focus.cost_and_usage where x_Vendor = 'focus' order by 2",
    )
    tags = '{"feature":"answers","project:team":"search","tag:7001/environment":"prod"}'
    ai, google = "AI and Machine Learning", "Google Cloud"
    assert found == [
        (
            "Usage",
            ai,
            google,
            "Usage-Based",
            None,
            "Project",
            tags,
            "gemini-2.5-pro",
            "input_uncached",
            "provisional",
            "search-prod",
        ),
        (
            "Usage",
            "Compute",
            google,
            "Usage-Based",
            "compute.googleapis.com/instances",
            "Project",
            None,
            None,
            None,
            "provisional",
            "search-prod",
        ),
        ("Tax", "Other", google, "One-Time", None, None, None, None, None, "provisional", None),
    ]


def test_tokens_tier_and_band_of_both_tables_are_known(company: tuple[Path, str]) -> None:
    home, _ = company
    found = query(
        Home(home).build_file,
        "select vendor, token_quantity, service_tier, context_band, workload_phase from hubs.focus_charges "
        "where charge_description like 'Gemini 2.5 Pro%' order by vendor",
    )
    assert found == [
        ("focus", Decimal(1394505), "standard", "200k-", "inference"),
        ("gcp", Decimal(240000), "standard", "200k-", "inference"),
    ]


def test_credits_stand_beside_their_charge(company: tuple[Path, str]) -> None:
    home, _ = company
    found = query(
        published(home).database,
        "select x_Vendor, BilledCost - EffectiveCost, "
        "json_extract_string(json_extract_string(x_SourceColumns, '$.x_Credits'), '$[#-1].' || "
        "case x_Vendor when 'gcp' then 'amount' else 'Amount' end) from focus.cost_and_usage "
        "where BilledCost <> EffectiveCost order by 1",
    )
    assert [(vendor, paid, Decimal(str(said))) for vendor, paid, said in found] == [
        ("focus", Decimal(-1), Decimal(-1)),
        ("gcp", Decimal(-1), Decimal(-1)),
    ]


def test_phases_of_models_are_told_by_the_sku(company: tuple[Path, str]) -> None:
    home, _ = company
    found = query(
        published(home).database,
        "select distinct ChargeDescription, x_WorkloadPhase, x_IsAi from focus.cost_and_usage "
        "where ChargeDescription like 'Gemini%' or ChargeDescription like 'Claude%' order by 1",
    )
    assert found == [
        ("Claude Sonnet 5 Input Tokens", "inference", True),
        ("Gemini 2.5 Flash GA Text Input - Predictions", "inference", True),
        ("Gemini 2.5 Flash GA Thinking Text Output - Predictions", "inference", True),
        ("Gemini 2.5 Flash tuning", "fine-tuning", True),
        ("Gemini 2.5 Pro Text Input (Long) - Predictions", "inference", True),
    ]

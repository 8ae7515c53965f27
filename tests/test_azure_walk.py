"""Azure's bills the whole way: what the meters' names say, what each charge costs, and that no cent is lost.

The names are tested against Azure's own price list, as the package `azure-genai-prices` 0.2.0 bundles it. The reader of
names in that package is another's work, and only compared with ours.
"""

import csv
import importlib.resources
import importlib.util
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.paths import Home
from tests.azure import EA_ROWS, FOCUS_ROWS, MCA_ROWS, SAMPLES, ea_row, write_run
from tests.deliveries import write_csv
from tests.support import meterhouse, published
from tests.vendor import PERSON_KEY

HAS_PRICE_LIST = importlib.util.find_spec("azure_genai_prices") is not None
NO_PRICE_LIST = "azure-genai-prices, which bundles Azure's retail meters, is not installed (a development requirement)"
COLUMNS = (
    "meter_subcategory, meter_name, unit, provider_model_id, metered_as, service_tier, serving_scope, context_band, "
    "tokens_per_unit"
)
METERS, CHARGES = "hubs.int_azure_openai_meters", "hubs.focus_charges"
Query = Callable[[str], list[tuple[Any, ...]]]


def price_list() -> set[tuple[str, str, str]]:
    """Product, name and unit of every meter in Azure's price list; nothing where the package is not installed."""
    if not HAS_PRICE_LIST:
        return set()
    text = (importlib.resources.files("azure_genai_prices") / "data" / "snapshot.json").read_text(encoding="utf-8")
    return {(item["productName"], item["meterName"], item["unitOfMeasure"]) for item in json.loads(text)["items"]}


def checked_by_hand() -> list[tuple[str | None, ...]]:
    with (SAMPLES / "azure_meter_names.csv").open(newline="") as file:
        return [tuple(cell or None for cell in row) for row in list(csv.reader(file))[1:]]


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """Rows of a build of four sources: both agreements, a FOCUS export, and a bill with each name of the price list."""
    folder = tmp_path_factory.mktemp("azure")
    names = {*price_list(), *((str(row[0]), str(row[1]), str(row[2])) for row in checked_by_hand())}
    free = {"CostInBillingCurrency": "0", "UnitPrice": "0", "PayGPrice": "0", "EffectivePrice": "0"}
    write_csv(folder / "enterprise" / "actual.csv", EA_ROWS)
    write_csv(
        folder / "names" / "actual.csv",
        [
            # The category is one that holds more than models: the subcategory has to tell.
            ea_row(
                MeterCategory="Cognitive Services", MeterSubCategory=product, MeterName=name, UnitOfMeasure=unit, **free
            )
            for product, name, unit in sorted(names)
        ],
    )
    write_run(folder / "customer", MCA_ROWS, export="actual", kind="ActualCost")
    write_run(folder / "focus", FOCUS_ROWS, version="1.2-preview")
    config = folder / "meterhouse.toml"
    sources = (
        ("azure", "enterprise", 'delivery = "files"'),
        ("azure", "names", 'delivery = "files"'),
        ("azure", "customer", ""),
        ("focus", "focus", 'manifests = "azure"'),
    )
    config.write_text(
        "".join(
            f'[[sources]]\nvendor = "{vendor}"\nname = "{name}"\nlocation = "{name}"\noptions = {{ {options} }}\n'
            for vendor, name, options in sources
        )
    )
    home = folder / "var"
    run = meterhouse(
        home,
        "run",
        "--config",
        str(config),
        METERHOUSE_PERSON_KEY=PERSON_KEY,
        METERHOUSE_TODAY="2026-11-10",
        timeout=500,
    )
    assert run.code == 0, run.output
    assert "totals in 5 layers, difference 0" in run.output
    assert published(home).manifest["tables"]

    def rows(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(Home(home).build_file), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return rows


def test_names_are_read_as_a_person_reads_them(query: Query) -> None:
    expected = checked_by_hand()
    found = {row[:3]: row for row in query(f"select {COLUMNS} from hubs.int_azure_openai_meters")}
    readings = [tuple(None if cell is None else str(cell) for cell in found[row[:3]]) for row in expected]
    assert readings == expected
    assert len(expected) > 60


@pytest.mark.skipif(not HAS_PRICE_LIST, reason=NO_PRICE_LIST)
def test_every_meter_of_the_price_list_is_read_but_one(query: Query) -> None:
    listed = price_list()
    assert len(listed) == 1562
    read = {
        row[:3]: row[3] for row in query(f"select meter_subcategory, meter_name, unit, unparsed_reason from {METERS}")
    }
    unread: dict[str, list[str]] = {}
    for meter in listed:
        if read[meter]:
            unread.setdefault(read[meter], []).append(meter[1])
    assert unread == {"nothing says what is metered": ["Standard Unit"]}
    share = Decimal(len(listed) - sum(map(len, unread.values()))) / len(listed)
    assert round(share, 4) == Decimal("0.9994")


@pytest.mark.skipif(not HAS_PRICE_LIST, reason=NO_PRICE_LIST)
def test_another_reader_of_the_same_names_says_the_same(query: Query) -> None:
    """Direction, cache, tier, scope and band, over every name that it reads. Where they differ, it misses a word."""
    from azure_genai_prices import meters

    directions = {
        "input": "Input",
        "output": "Output",
        "cache_read": "Cache Read",
        "cache_write": "Cache Write",
        "search_unit": "Rerank Searches",
    }
    scopes = {"regional": "Regional", "global": "Global", "data_zone": "DataZone"}
    compared, differing, listed = 0, [], price_list()
    for product, name, unit, _, metered_as, tier, scope, band, _ in query(f"select {COLUMNS} from {METERS}"):
        theirs = None if meters._is_skippable(name, product) else meters.parse_meter_name(name, product)
        # What it does not price it does not read; a bill has names that the price list lacks.
        if theirs is None or (product, name, unit) not in listed:
            continue
        compared += 1
        # It takes a name without a scope for a regional one.
        same = (
            str(metered_as).startswith(directions[theirs.kind.value])
            and tier == theirs.mode.value
            and scope in (None, scopes[theirs.deployment.value])
            and (band == "long") == (theirs.context.value == "long")
        )
        if not same:
            differing.append(name)
    assert compared == 1201
    words_it_misses = ("ccchd", "cched", "DZn", "glb ")
    assert len(differing) == 20
    assert [name for name in differing if not any(word in name for word in words_it_misses)] == []


def test_a_model_that_nobody_knows_has_no_reading_and_is_counted(query: Query) -> None:
    name = "5.9 aurora inp Gl 1M Tokens"
    assert query(f"select * exclude (meter_subcategory, unit) from {METERS} where meter_name = '{name}'") == [
        (name, None, None, None, None, None, "a word that is not in azure_meter_words", None)
    ]
    charges = f"select billed_cost, provider_model_id, token_quantity, meter from {CHARGES} where sku_meter = '{name}'"
    assert query(charges) == [(Decimal("5.52"), None, None, None)]


def test_what_is_used_and_unused_of_a_reservation_is_its_purchase(query: Query) -> None:
    found = query(
        f"""
        select charge_category, commitment_discount_status, sum(billed_cost), sum(effective_cost),
            count(token_quantity), list(distinct meter), list(distinct service_tier), list(distinct serving_scope)
        from {CHARGES} where source_name = 'focus' and commitment_discount_id is not null group by all order by all
        """
    )
    assert found == [
        ("Purchase", None, 7440, 0, 0, ["provisioned_unit_month"], ["provisioned"], [None]),
        ("Usage", "Unused", 0, 2310, 0, ["provisioned_unit_hour"], ["provisioned"], ["Global"]),
        ("Usage", "Used", 0, 5130, 0, ["provisioned_unit_hour"], ["provisioned"], ["Global"]),
    ]
    assert found[1][3] + found[2][3] == found[0][2]


def test_tokens_are_counted_whatever_unit_azure_counts_in(query: Query) -> None:
    found = query(
        f"""
        select sku_meter, consumed_unit, token_quantity, model_id, meter, serving_scope
        from {CHARGES} where source_name = 'focus' and token_quantity is not null order by token_quantity
        """
    )
    assert found == [
        ("gpt 4o 0513 Input global Tokens", "1K", 1_200_500, "gpt-4o", "input_uncached", "Global"),
        ("5.4 opt Gl 1M Tokens", "1M", 3_250_000, "gpt-5.4", "output", "Global"),
        ("5.4 mini Inp Gl 1M Tokens", "Units", 4_000_000, "gpt-5.4-mini", "input_uncached", "Global"),
        ("5.4 inp Gl 1M Tokens", "1M", 16_900_000, "gpt-5.4", "input_uncached", "Global"),
        ("V4 Flash Inp DZ Tokens", "1K", 40_000_000, "deepseek-v4-flash", "input_uncached", "DataZone"),
        ("5.4 cd inp Gl 1M Tokens", "1M", 100_000_000, "gpt-5.4", "cache_read", "Global"),
    ]


def test_the_holes_of_azures_focus_are_mended(query: Query) -> None:
    found = query(
        f"""
        select charge_description, service_name, billed_cost, list_unit_price, contracted_unit_price, contracted_cost
        from {CHARGES} where source_name = 'focus' and charge_category <> 'Usage' order by 1
        """
    )
    assert found == [
        ("Provisioned throughput, 10 units, 1 month", "Azure OpenAI", 7440, None, 744, 7440),
        ("Rounding", "Rounding", Decimal("-0.01"), None, None, 0),
        ("Vector search, marketplace", "Weavely", 120, None, None, 0),
    ]


def test_actual_cost_says_the_same_as_focus_of_the_same_usage(query: Query) -> None:
    same = "billed_cost, effective_cost, list_cost, contracted_cost, token_quantity, model_id, meter, service_tier"
    usage = f"select {same} from {CHARGES} where sku_meter = '5.4 inp Gl 1M Tokens' and billed_cost <> 0"
    one, other = query(f"{usage} and vendor = 'azure'"), query(f"{usage} and vendor = 'focus'")
    assert one == other
    assert len(one) == 1


def test_a_refund_of_an_earlier_month_was_incurred_then(query: Query) -> None:
    found = query(
        f"""
        select source_name, charge_class, billing_period, strftime(charge_date, '%Y-%m'), sum(billed_cost)
        from {CHARGES} where vendor = 'azure' and charge_category = 'Purchase' and billed_cost < 0
        group by all order by all
        """
    )
    assert found == [
        ("customer", "Correction", "2026-10", "2026-09", Decimal("-9.2")),
        ("enterprise", "Correction", "2026-10", "2026-09", Decimal("-130.5")),
        ("enterprise", None, "2026-10", "2026-10", Decimal("-260")),
    ]


def test_lists_and_prices_make_costs_to_the_last_digit(query: Query) -> None:
    found = query(
        f"""
        select count(*), count(list_unit_price), count(contracted_unit_price),
            count(*) filter (
                abs(list_unit_price::double * pricing_quantity::double - list_cost::double) > 1e-12
                or abs(contracted_unit_price::double * pricing_quantity::double - contracted_cost::double) > 1e-12
            )
        from {CHARGES} where vendor = 'azure' and source_name <> 'names' and charge_category in ('Usage', 'Purchase')
        """
    )
    assert found[0][3] == 0
    assert found[0][1] > 4
    assert found[0][2] > 7


def test_tuning_throughput_and_inference_are_different_phases(query: Query) -> None:
    found = query(
        f"""
        select sku_meter, workload_phase, is_ai from {CHARGES} where source_name = 'names' and sku_meter in (
            'gpt-4.1 FT Training global Tokens', 'o4-mini-ft hosting regional Unit',
            'gpt-4.1-ft mdl grdr cchd inpt Tokens', 'Ministral 3bFTregnl Tokens', 'GPT-OSS-20b-IN-FT Tokens',
            'Provisioned Managed Global Unit',
            'Assistants-File Search-glbl GB', '5.4 mini Inp Gl 1M Tokens'
        ) group by all order by 2, 1
        """
    )
    assert found == [
        ("Ministral 3bFTregnl Tokens", "fine-tuning", True),
        ("gpt-4.1 FT Training global Tokens", "fine-tuning", True),
        ("gpt-4.1-ft mdl grdr cchd inpt Tokens", "fine-tuning", True),
        ("o4-mini-ft hosting regional Unit", "fine-tuning", True),
        ("5.4 mini Inp Gl 1M Tokens", "inference", True),
        ("GPT-OSS-20b-IN-FT Tokens", "inference", True),
        ("Provisioned Managed Global Unit", "inference", True),
        ("Assistants-File Search-glbl GB", "storage", True),
    ]


def test_every_word_says_something_that_the_reader_asks_for() -> None:
    sql = (Path(__file__).parents[1] / "dbt_project/models/focus/int_azure_openai_meters.sql").read_text()
    with (SAMPLES.parents[1] / "seeds" / "azure_meter_words.csv").open(newline="") as file:
        meanings = {row["says"] for row in csv.DictReader(file)}
    assert {meaning for meaning in meanings if f"'{meaning}'" not in sql} == {"nothing"}

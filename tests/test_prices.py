"""Price catalogues: wheels read as data, flattened to prices, and the one price that SQL finds for a usage."""

import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

from orchestration.contracts import landing_contract, measure
from orchestration.errors import DeliveryError
from orchestration.paths import PROJECT
from orchestration.settings import SourceSettings
from orchestration.sources import SOURCES, prices
from orchestration.sources.base import Fetch
from orchestration.sources.prices import PRICES, Call, Catalogue, Place, Row
from tests.vendor import land

TODAY = date(2026, 11, 21)
DBT = PROJECT / "dbt_project"
CATALOGUES = PROJECT / "catalogues"
MILLION = Decimal(1_000_000)

# Facts of the public price lists, in the form of genai-prices: a price that lost its long-context band, batch prices
# that carry the day on which somebody entered them, a price by time of day, ids that exclude each other.
GENAI_SOURCE = """
import datetime
from decimal import Decimal
from .types import *

providers: list[Provider] = [
    Provider(
        id='anthropic', name='Anthropic', api_pattern='x', model_match=ClauseContains(contains='claude'),
        models=[
            ModelInfo(
                id='claude-opus-4-6',
                match=ClauseOr(or_=[
                    ClauseStartsWith(starts_with='claude-opus-4-6'), ClauseEquals(equals='claude-opus-4.6')
                ]),
                prices=[
                    ConditionalPrice(prices=ModelPrice(
                        input_mtok=TieredPrices(base=Decimal('5'), tiers=[Tier(start=200000, price=Decimal('10'))]),
                        cache_write_mtok=TieredPrices(
                            base=Decimal('6.25'), tiers=[Tier(start=200000, price=Decimal('12.5'))]
                        ),
                        cache_read_mtok=TieredPrices(
                            base=Decimal('0.5'), tiers=[Tier(start=200000, price=Decimal('1'))]
                        ),
                        output_mtok=TieredPrices(
                            base=Decimal('25'), tiers=[Tier(start=200000, price=Decimal('37.5'))]
                        ),
                        cache_write_1h_mtok=TieredPrices(
                            base=Decimal('10'), tiers=[Tier(start=200000, price=Decimal('20'))]
                        ),
                        web_searches_kcount=Decimal('10'),
                    )),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 3, 13)),
                        prices=ModelPrice(
                            input_mtok=Decimal('5'), cache_write_mtok=Decimal('6.25'), cache_read_mtok=Decimal('0.5'),
                            output_mtok=Decimal('25'), cache_write_1h_mtok=Decimal('10'),
                            web_searches_kcount=Decimal('10'),
                        ),
                    ),
                ],
                price_variants=[
                    PriceVariant(
                        when={'processing': 'batch'},
                        prices=ModelPrice(input_mtok=Decimal('2.5'), output_mtok=Decimal('12.5')),
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 10, 14)),
                    )
                ],
            ),
        ],
    ),
    Provider(
        id='x-ai', name='X AI', api_pattern='x',
        models=[
            ModelInfo(
                id='talk', match=ClauseAnd(and_=[
                    ClauseStartsWith(starts_with='Talk-2.5'), ClauseRegex(regex='^(?!.*-[tT][tT][sS](?:$|-))')
                ]),
                prices=[
                    ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('1'))),
                    ConditionalPrice(
                        constraint=TimeOfDateConstraint(
                            start_time=datetime.time(0, 30, tzinfo=datetime.UTC),
                            end_time=datetime.time(16, 30, tzinfo=datetime.UTC),
                        ),
                        prices=ModelPrice(input_mtok=Decimal('2')),
                    ),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 8, 1)),
                        prices=ModelPrice(input_mtok=Decimal('3')),
                    ),
                ],
                price_variants=[PriceVariant(when={'route': 'far'}, prices=ModelPrice(input_mtok=Decimal('9')))],
            ),
            ModelInfo(
                id='late', match=ClauseEquals(equals='late'),
                prices=[
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 5, 1)),
                        prices=ModelPrice(input_mtok=Decimal('7')),
                    ),
                ],
            ),
            ModelInfo(
                id='a-wide-one', match=ClauseStartsWith(starts_with='la'), prices=ModelPrice(output_mtok=Decimal('6'))
            ),
            ModelInfo(id='talk-tts', match=ClauseRegex(regex='^talk-\\\\d\\\\.\\\\d-tts$'),
                      prices=ModelPrice(audio_hours=Decimal('0.36'), surprise_kcount=Decimal('1'))),
        ],
    ),
]
"""
LITELLM_SOURCE = """{
    "sample_spec": {"litellm_provider": "one of", "input_cost_per_token": 0.0},
    "claude-opus-4-6": {
        "litellm_provider": "anthropic", "mode": "chat", "deprecation_date": "2027-02-05",
        "input_cost_per_token": 5e-06, "output_cost_per_token": 2.6e-05,
        "cache_read_input_token_cost": 5e-07, "provider_specific_entry": {"us": 1.1, "fast": 6.0},
        "search_context_cost_per_query": {
            "search_context_size_low": 0.01, "search_context_size_medium": 0.01, "search_context_size_high": 0.01
        }
    },
    "xai/grok-new": {
        "litellm_provider": "xai", "mode": "chat", "max_input_tokens": 1000,
        "input_cost_per_token": 1e-06, "input_cost_per_token_above_128k_tokens": 2e-06,
        "input_cost_per_token_above_256k_tokens": 4e-06,
        "input_cost_per_token_batches": 5e-07, "input_cost_per_token_priority": 1.75e-06,
        "output_cost_per_token": 3e-06, "regional_processing_uplift_multiplier_eu": 1.1,
        "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_high": 0.02},
        "cost_per_moon": 0.000000000000000000001
    },
    "dashscope/qwen": {
        "litellm_provider": "dashscope", "mode": "chat", "input_cost_per_token": 5e-08,
        "tiered_pricing": [
            {"range": [0, 256000.0], "input_cost_per_token": 5e-08},
            {"range": [256000.0, 1000000.0], "input_cost_per_token": 2.5e-07}
        ]
    }
}"""


def _wheel(folder: Path, package: str, version: str, member: str, text: str) -> Path:
    path = folder / f"{package}-{version}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{package}-{version}.dist-info/METADATA", f"Version: {version}")
        archive.writestr(member, text)
    return path


def _genai_wheel(folder: Path, text: str = GENAI_SOURCE, version: str = "0.2.3") -> Path:
    return _wheel(folder, "genai_prices", version, prices.GENAI_FILE, text)


def _litellm_wheel(folder: Path, text: str = LITELLM_SOURCE, version: str = "1.109.1") -> Path:
    return _wheel(folder, "litellm", version, prices.LITELLM_FILE, text)


def _catalogue(text: str, version: str = "0.2.3", seen: date = TODAY) -> Catalogue:
    return Catalogue(Place("prices/public", "some.whl"), version, seen, text.encode())


def _genai(expression: str) -> list[Call]:
    return prices.genai_providers(_catalogue(f"providers = [{expression}]"))


# Reading: literals and nothing else.


@pytest.mark.parametrize(
    "expression",
    [
        "open('/etc/passwd')",
        "Provider(id=__import__('os').getcwd())",
        "Provider(**{'id': 'x'})",
        "Provider('x')",
        "Provider(id=f'{1}')",
        "Provider(id=[name for name in 'x'])",
        "Provider(id='a' + 'b')",
        "Provider(id=Decimal(1.5))",
        "Provider(id={**{}})",
        "Surprise(id='x')",
        "Provider(id=datetime.time(1, 0, tzinfo=somewhere))",
        "Provider(id=-1)",
    ],
)
def test_anything_but_a_known_literal_is_refused_with_its_line(expression: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        prices.genai_providers(_catalogue(f"import datetime\n\nproviders = [\n    {expression}\n]"))
    assert (caught.value.file, caught.value.line) == ("some.whl", 4)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-1", "ten"])
def test_a_price_is_a_number_of_zero_or_more(text: str) -> None:
    with pytest.raises(DeliveryError, match=r"decimal number|zero or more"):
        _genai(f"Tier(start=1, price=Decimal('{text}'))")


@pytest.mark.parametrize("source", ["providers = [", "models = []", "providers = make()", "providers = [" * 5000])
def test_a_source_without_a_list_of_providers_is_refused(source: str) -> None:
    with pytest.raises(DeliveryError):
        prices.genai_providers(_catalogue(source))


# Recognising models.


def _matches(clause: str, model_id: str) -> bool:
    def fits(match: prices.Match) -> bool:
        return all(re.search(pattern, model_id) for pattern in match.required) and not any(
            re.search(pattern, model_id) for pattern in match.excluded
        )

    return any(fits(match) for match in prices.alternatives(Place("prices/public", "some.whl"), _genai(clause)[0]))


@pytest.mark.parametrize(
    ("clause", "yes", "no"),
    [
        ("ClauseEquals(equals='GPT-5.1')", ["gpt-5.1"], ["gpt-5x1", "gpt-5.1-mini", "my-gpt-5.1"]),
        ("ClauseStartsWith(starts_with='o3')", ["o3", "o3-mini"], ["gpt-o3"]),
        ("ClauseEndsWith(ends_with='-v1:0')", ["us.a-v1:0"], ["a-v1:00", "a-v1:0x"]),
        ("ClauseContains(contains='opus.4')", ["claude-opus.4-x"], ["claude-opus-4-x"]),
        ("ClauseRegex(regex='^a-\\\\d{8}$')", ["a-20260101"], ["a-2026"]),
        (
            "ClauseOr(or_=[ClauseEquals(equals='a|b'), ClauseOr(or_=[ClauseStartsWith(starts_with='c')])])",
            ["a|b", "cc"],
            ["a", "b", "bc"],
        ),
        (
            "ClauseAnd(and_=[ClauseContains(contains='ab'), ClauseContains(contains='ba')])",
            ["aba", "ba-ab"],
            ["ab", "ba"],
        ),
        (
            "ClauseAnd(and_=[ClauseOr(or_=[ClauseEquals(equals='x'), ClauseStartsWith(starts_with='y')]), "
            "ClauseRegex(regex='^(?!.*-tts)')])",
            ["x", "y-1"],
            ["y-tts", "z"],
        ),
    ],
)
def test_match_clauses_say_the_same_as_expressions(clause: str, yes: list[str], no: list[str]) -> None:
    assert [_matches(clause, model_id) for model_id in yes] == [True] * len(yes)
    assert [_matches(clause, model_id) for model_id in no] == [False] * len(no)


@pytest.mark.parametrize("regex", ["a(?=b)", "(?<!a)b", "^(?!a)b(?!c)", r"(a)\\1"])
def test_an_expression_that_sql_cannot_say_is_refused(regex: str) -> None:
    with pytest.raises(DeliveryError, match="look-around"):
        _matches(f"ClauseRegex(regex={regex!r})", "ab")


# Flattening.


def _rows(rows: Iterable[Row], **wanted: str) -> list[Row]:
    return [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]


def _prices(rows: Iterable[Row]) -> list[tuple[str | None, ...]]:
    columns = ("context_from_tokens", "context_to_tokens", "valid_from", "valid_to", "unit_price")
    return [tuple(row.get(column) for column in columns) for row in rows]


def test_bands_and_dates_of_a_price_do_not_overlap() -> None:
    rows = _rows(prices.genai_price_rows(_catalogue(GENAI_SOURCE)), model_id="claude-opus-4-6", meter="input_uncached")
    assert _prices(rows) == [
        ("0", "200000", None, "2026-03-13", "5"),
        ("200000", None, None, "2026-03-13", "10"),
        ("0", None, "2026-03-13", None, "5"),
        ("0", None, "2026-10-14", None, "2.5"),
    ]
    assert [row["processing"] for row in rows] == [None, None, None, "batch"]


def test_prices_by_time_of_day_keep_their_hours_and_end_where_a_later_price_starts() -> None:
    rows = _rows(prices.genai_price_rows(_catalogue(GENAI_SOURCE)), model_id="talk")
    by_hour = [row for row in rows if row.get("time_from")]
    assert [(row["time_from"], row["time_to"], row["valid_to"]) for row in by_hour] == [
        ("00:30+00:00", "16:30+00:00", "2026-08-01")
    ]
    assert _prices([row for row in rows if not row.get("time_from") and not row["other_context"]]) == [
        ("0", None, None, "2026-08-01", "1"),
        ("0", None, "2026-08-01", None, "3"),
    ]


def test_a_model_without_an_undated_price_has_its_first_price_from_the_beginning() -> None:
    rows = _rows(prices.genai_price_rows(_catalogue(GENAI_SOURCE)), model_id="late")
    assert _prices(rows) == [("0", None, None, "2026-05-01", "7"), ("0", None, "2026-05-01", None, "7")]


def test_a_condition_that_we_do_not_meter_is_kept_beside_its_price() -> None:
    rows = _rows(prices.genai_price_rows(_catalogue(GENAI_SOURCE)), other_context='{"route": "far"}')
    assert [(row["model_id"], row["unit_price"]) for row in rows] == [("talk", "9")]


def test_a_key_without_a_meter_keeps_its_row() -> None:
    rows = _rows(prices.genai_price_rows(_catalogue(GENAI_SOURCE)), model_id="talk-tts")
    assert [(row["price_key"], row["meter"], row["per"]) for row in rows] == [
        ("audio_hours", "audio_second", "3600"),
        ("surprise_kcount", None, "1000"),
    ]


def test_a_price_key_of_unknown_unit_is_refused() -> None:
    source = GENAI_SOURCE.replace("surprise_kcount", "surprise_dozens")
    with pytest.raises(DeliveryError, match="surprise_dozens"):
        list(prices.genai_price_rows(_catalogue(source)))


D1, D2 = date(2026, 1, 1), date(2026, 2, 1)


@pytest.mark.parametrize(
    ("options", "is_open", "expected"),
    [
        ([(None, "a")], True, [(None, None, "a")]),
        ([(None, "a"), (D1, "b")], True, [(None, D1, "a"), (D1, None, "b")]),
        # The last one listed wins, whatever its date.
        ([(D2, "a"), (D1, "b")], True, [(None, D1, "a"), (D1, D2, "b"), (D2, None, "b")]),
        ([(D1, "a"), (None, "b")], True, [(None, D1, "b"), (D1, None, "b")]),
        # Without one that has started the first holds, but a variant does not.
        ([(D1, "a")], True, [(None, D1, "a"), (D1, None, "a")]),
        ([(D1, "a")], False, [(D1, None, "a")]),
        ([], True, []),
    ],
)
def test_periods(options: list[Any], is_open: bool, expected: list[Any]) -> None:
    assert list(prices.periods(options, is_open=is_open)) == expected


def _litellm_rows(**wanted: str) -> list[Row]:
    return _rows(prices.litellm_price_rows(_catalogue(LITELLM_SOURCE, "1.109.1")), **wanted)


def test_litellm_keys_are_meter_band_and_tier() -> None:
    rows = _litellm_rows(model_id="xai/grok-new", meter="input_uncached")
    found = {(row["processing"] or row["service_tier"], *_prices([row])[0][:2], row["unit_price"]) for row in rows}
    assert found == {
        (None, "0", "128000", "0.000001"),
        (None, "128000", "256000", "0.000002"),
        (None, "256000", None, "0.000004"),
        ("batch", "0", None, "0.0000005"),
        ("priority", "0", None, "0.00000175"),
    }


def test_litellm_keeps_every_digit_and_every_cost() -> None:
    assert [row["unit_price"] for row in _litellm_rows(price_key="cost_per_moon")] == ["0.000000000000000000001"]
    assert _litellm_rows(model_id="sample_spec") == []


def test_litellm_tiers_of_a_list_are_bands_and_count_once() -> None:
    rows = _litellm_rows(model_id="dashscope/qwen", meter="input_uncached")
    assert _prices(rows) == [("0", "256000", None, None, "0.00000005"), ("256000", "1000000", None, None, "0.00000025")]


def test_a_search_costs_one_price_or_depends_on_its_size() -> None:
    one = _litellm_rows(model_id="claude-opus-4-6", meter="web_search_request")
    assert [(row["unit_price"], row["other_context"]) for row in one] == [("0.01", None)]
    two = _litellm_rows(model_id="xai/grok-new", meter="web_search_request")
    assert [row["other_context"] for row in two] == [
        '{"search_context_size": "search_context_size_low"}',
        '{"search_context_size": "search_context_size_high"}',
    ]


def test_regional_multipliers_are_rows_of_their_own() -> None:
    found = [(row["model_id"], row["region"], row["multiplier"]) for row in _litellm_rows(price_key="regional_uplift")]
    assert found == [("claude-opus-4-6", "us", "1.1"), ("xai/grok-new", "eu", "1.1")]


@pytest.mark.parametrize("text", ["[]", "{", '{"m": {"litellm_provider": "x", "input_cost_per_token": NaN}}'])
def test_a_list_that_is_no_list_of_models_is_refused(text: str) -> None:
    with pytest.raises(DeliveryError):
        list(prices.litellm_price_rows(_catalogue(text)))


# Fetching.


def _fetch(location: Path, scratch: Path, table: str = "genai_prices", known: tuple[str, ...] = ()) -> Fetch:
    scratch.mkdir(exist_ok=True)

    def nothing() -> Any:
        raise AssertionError("a catalogue needs no secret")

    return Fetch(
        source=SourceSettings.model_construct(
            vendor="prices", name="public", location=str(location), same_period_files="refuse"
        ),
        scratch=scratch,
        is_known=lambda _origin, state: state in known,
        contract=landing_contract("prices", table),
        today=TODAY,
        due_days=(),
        wanted=(),
        key=nothing,
        hasher=nothing,
    )


def test_every_version_is_a_delivery_of_its_own_and_its_bytes_are_kept(tmp_path: Path) -> None:
    for version in ("0.2.9", "0.2.10"):
        _genai_wheel(tmp_path / "wheels", version=version)
    found = list(prices.genai_prices(_fetch(tmp_path / "wheels", tmp_path / "scratch")))
    assert sorted(delivery.covers for delivery in found) == [("0.2.10",), ("0.2.9",)]
    rows = [json.loads(delivery.files[0].rows.read_text().splitlines()[0]) for delivery in found]
    orders = {row["catalogue_version"]: row["version_order"] for row in rows}
    assert orders["0.2.9"] < orders["0.2.10"]
    assert {row["snapshot_date"] for row in rows} == {TODAY.isoformat()}


def test_a_wheel_that_is_known_is_not_opened(tmp_path: Path) -> None:
    wheel = _genai_wheel(tmp_path / "wheels")
    (delivery,) = prices.genai_prices(_fetch(tmp_path / "wheels", tmp_path / "one"))
    facts = wheel.stat()
    wheel.write_bytes(b"x" * facts.st_size)
    os.utime(wheel, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert list(prices.genai_prices(_fetch(tmp_path / "wheels", tmp_path / "two", known=(delivery.state,)))) == []


def test_the_kept_bytes_do_not_depend_on_the_hour(tmp_path: Path) -> None:
    hashes = set()
    for name in ("one", "two"):
        wheel = _litellm_wheel(tmp_path / name)
        os.utime(wheel, (0, 1_000_000 + len(hashes)))
        (delivery,) = prices.litellm_prices(_fetch(tmp_path / name, tmp_path / "raw", "litellm_prices"))
        hashes.add(delivery.files[0].sha256)
        # Where gzip writes the time of packing.
        assert delivery.files[0].path.read_bytes()[4:8] == bytes(4)
        (tmp_path / "raw").rename(tmp_path / f"raw-{name}")
    assert len(hashes) == 1


@pytest.mark.parametrize("content", [b"no archive", None])
def test_a_wheel_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    wheel = _wheel(tmp_path, "genai_prices", "0.2.3", "genai_prices/other.py", "")
    if content:
        wheel.write_bytes(content)
    with pytest.raises(DeliveryError) as caught:
        list(prices.genai_prices(_fetch(tmp_path, tmp_path / "scratch")))
    assert caught.value.file == wheel.name


def test_a_new_form_of_a_catalogue_is_a_delivery_error(tmp_path: Path) -> None:
    _litellm_wheel(tmp_path, '{"m": ["a list"]}')
    with pytest.raises(DeliveryError, match="AttributeError"):
        list(prices.litellm_prices(_fetch(tmp_path, tmp_path / "scratch", "litellm_prices")))


def test_a_folder_that_is_not_there_is_an_error_and_one_without_contracts_is_not(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="no such folder"):
        list(prices.contract_prices(_fetch(tmp_path / "nowhere", tmp_path / "scratch")))
    assert list(prices.contract_prices(_fetch(tmp_path, tmp_path / "scratch"))) == []


# Landing, with the contracts.

CONTRACT_HEADER = (
    "contract_id,provider,model_id,meter,service_tier,context_band,unit_price,per,currency,valid_from,valid_to"
)
CONTRACT_LINE = "msa-1,Anthropic,claude-opus-4-6,output,,,20,1000000,USD,2026-06-01,2026-09-01"


def _land(home: Path, folder: Path, table: str, monkeypatch: pytest.MonkeyPatch) -> dict[str | None, str]:
    monkeypatch.setitem(SOURCES, "prices", PRICES)
    outcomes = land(home, monkeypatch, "prices", table, str(folder), months=("2026-11",), since=None)
    return {outcome.partition: f"{outcome.status} {outcome.message}".strip() for outcome in outcomes}


@pytest.mark.parametrize("table", ["genai_prices", "genai_models", "litellm_prices"])
def test_a_catalogue_lands_by_its_version_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    _genai_wheel(tmp_path / "wheels")
    _litellm_wheel(tmp_path / "wheels")
    version = "1.109.1" if table == "litellm_prices" else "0.2.3"
    (found,) = _land(tmp_path / "var", tmp_path / "wheels", table, monkeypatch).items()
    # Money has 18 decimals; landing says what it rounded.
    is_rounded = table == "litellm_prices"
    rounded = " unit_price rounded on 1 rows, by 0.000000000000000000001 in all" if is_rounded else ""
    assert found == (version, f"landed{rounded}")
    assert list(_land(tmp_path / "var", tmp_path / "wheels", table, monkeypatch).values()) == ["nothing_new"]


def _land_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> dict[str | None, str]:
    folder = tmp_path / "wheels" / prices.CONTRACTS_FOLDER
    folder.mkdir(parents=True)
    (folder / "prices.csv").write_text("\n".join([CONTRACT_HEADER, *lines, ""]))
    return _land(tmp_path / "var", tmp_path / "wheels", "contract_prices", monkeypatch)


def test_contract_prices_land_by_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = CONTRACT_LINE.replace("msa-1", "msa-2").replace("output,,", "output,batch,0-200k")
    found = _land_contracts(tmp_path, monkeypatch, CONTRACT_LINE, other)
    assert found == {"msa-1": "landed", "msa-2": "landed"}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (CONTRACT_LINE.replace("2026-06-01", "2026-08-01"), "one price at a time"),
        (CONTRACT_LINE.replace("output,,,20", "output,,all,20"), "context band"),
        (CONTRACT_LINE.replace("output,,,20", "output,cheap,,20"), "service_tier has an agreed value"),
        (CONTRACT_LINE.replace("output", "image").replace("1000000", "100"), "1, 1000 or 1000000"),
        (CONTRACT_LINE.replace("2026-09-01", "2026-06-01").replace("output", "input"), "ends after it starts"),
    ],
)
def test_a_contract_that_contradicts_itself_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, rule: str
) -> None:
    (found,) = _land_contracts(tmp_path, monkeypatch, CONTRACT_LINE, line).values()
    assert found.startswith("rejected")
    assert rule in found


# The price in force. The models are run as they are, with their references put in by jinja.

USAGE = {
    "service_provider_name": "Anthropic",
    "provider_model_id": "claude-opus-4-6-20260205",
    "service_tier": "standard",
    "context_band": None,
    "region": "global",
    "usage_date": "2026-03-20",
}
MODELS = (
    "stg_prices__genai_prices",
    "stg_prices__genai_models",
    "stg_prices__litellm_prices",
    "stg_prices__contract_prices",
    "int_catalogue_prices",
    "int_list_prices",
    "int_keys_to_price",
    "int_priced_models",
    "int_model_prices",
    "price_disagreements",
)


@dataclass(frozen=True)
class Found:
    """What a usage of one unit costs on its day; `price` and `list_price` are of a million units."""

    price: Decimal
    currency: str
    basis: str
    flags: str
    price_id: str
    list_price: Decimal | None


@dataclass(frozen=True)
class PriceBook:
    """The price models, built over some landed rows and some usage."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def price(self, number: int = 0) -> Found | None:
        """What the hub's join finds for one usage: at most one price."""
        rows = self.rows(
            "select prices.unit_price, prices.currency, prices.price_basis, prices.price_flags, prices.price_id, "
            f"prices.list_unit_price * {MILLION} "
            "from int_usage_rollup as usage inner join int_model_prices as prices "
            "on usage.service_provider_name = prices.service_provider_name "
            "and usage.provider_model_id = prices.provider_model_id and usage.meter = prices.meter "
            "and usage.service_tier is not distinct from prices.service_tier "
            "and usage.context_band is not distinct from prices.context_band "
            "and usage.region is not distinct from prices.region "
            "and usage.usage_date >= prices.valid_from and usage.usage_date < prices.valid_to "
            f"where usage.number = {number}"
        )
        assert len(rows) < 2, rows
        return Found(rows[0][0] * MILLION, *rows[0][1:]) if rows else None

    def cost(self, quantities: Mapping[int, int]) -> Decimal:
        """The cost of some usage, by its number."""
        found = {number: self.price(number) for number in quantities}
        return sum((quantities[number] * price.price / MILLION for number, price in found.items() if price), Decimal(0))


def _render(path: Path) -> str:
    macros = "".join(path.read_text() for path in sorted((DBT / "macros" / "engine").glob("*.sql")))
    environment = jinja2.Environment(autoescape=False)
    environment.globals |= {
        "ref": lambda name: name,
        "source": lambda vendor, table: f'"{vendor}.{table}"',
        "config": lambda **_: "",
    }
    return environment.from_string(macros + path.read_text()).render()


def _land_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, str | None]]) -> None:
    columns = landing_contract("prices", table).columns
    names = {"source_name": "varchar", "scope": "varchar", "delivery_id": "varchar"}
    names |= {column.name: column.sql_type for column in columns} | {"_part": "integer", "_row_number": "bigint"}
    connection.execute(f'create table "prices.{table}" ({", ".join(f"{key} {kind}" for key, kind in names.items())})')
    facts = {"source_name": "public", "scope": "all", "delivery_id": "d", "_part": "0"}
    lines = [json.dumps({"_row_number": str(number)} | facts | dict(row)) for number, row in enumerate(rows)]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("\n".join(lines))
        file.flush()
        casts = ", ".join(f"cast({name} as {kind})" for name, kind in names.items())
        connection.execute(
            f'insert into "prices.{table}" select {casts} from read_json(?, columns = ?)',
            [file.name, dict.fromkeys(names, "varchar")],
        )


def _contract_row(**changes: str) -> Row:
    return (
        dict(zip(CONTRACT_HEADER.split(","), (cell or None for cell in CONTRACT_LINE.split(",")), strict=True))
        | changes
    )


def _book(
    *usages: Mapping[str, str | None],
    genai: Iterable[Catalogue] = (_catalogue(GENAI_SOURCE),),
    litellm: Iterable[Catalogue] = (_catalogue(LITELLM_SOURCE, "1.109.1"),),
    contracts: Iterable[Row] = (),
    aliases: Iterable[tuple[str, str]] = (),
) -> PriceBook:
    connection = duckdb.connect()
    genai, litellm = list(genai), list(litellm)
    _land_rows(
        connection, "genai_prices", (item.facts | row for item in genai for row in prices.genai_price_rows(item))
    )
    _land_rows(
        connection, "genai_models", (item.facts | row for item in genai for row in prices.genai_model_rows(item))
    )
    _land_rows(
        connection, "litellm_prices", (item.facts | row for item in litellm for row in prices.litellm_price_rows(item))
    )
    _land_rows(connection, "contract_prices", contracts)
    connection.execute("create table model_aliases (provider_model_id varchar, model_id varchar)")
    connection.execute("create table sku_meters as select 'Output Tokens' as sku_meter, 'output' as meter")
    connection.execute(
        "create table stg_openai__costs as select provider_model_id, sku_meter, service_tier, context_band "
        "from (values ('gpt-1', 'Output Tokens', null, null), ('gpt-1', 'Output Tokens', 'batch', '272k-'), "
        "('gpt-1', 'Unheard Tokens', null, null), (null, 'Output Tokens', null, null)) "
        "as lines (provider_model_id, sku_meter, service_tier, context_band)"
    )
    for alias in aliases:
        connection.execute("insert into model_aliases values (?, ?)", alias)
    columns = [*USAGE, "meter"]
    kinds = ", ".join(f"{name} {'date' if name == 'usage_date' else 'varchar'}" for name in columns)
    connection.execute(f"create table int_usage_rollup (number integer, {kinds})")
    for number, usage in enumerate(usages):
        row = {**USAGE, "meter": "output", **usage}
        marks = ", ".join("?" for _ in columns)
        connection.execute(f"insert into int_usage_rollup values ({number}, {marks})", [row[name] for name in columns])
    for name in MODELS:
        (path,) = (DBT / "models").rglob(f"{name}.sql")
        connection.execute(f"create table {name} as {_render(path)}")
    book = PriceBook(connection)
    for name in ("no_two_list_prices_hold_on_one_day", "every_usage_has_at_most_one_price_a_day"):
        assert book.rows(_render(DBT / "tests" / "reconciliation" / f"{name}.sql")) == []
    return book


def _price_of(**usage: str | None) -> Found | None:
    return _book(usage).price()


WORKED = {
    "input_uncached": 550_000,
    "cache_read": 300_000,
    "cache_write_5m": 100_000,
    "cache_write_1h": 50_000,
    "output": 200_000,
    "web_search_request": 10,
}


@pytest.mark.parametrize(
    ("day", "band", "expected"),
    [("2026-03-20", "200k-1M", "9.125"), ("2026-03-12", "200k-1M", "15.65"), ("2026-03-01", "0-200k", "9.125")],
)
def test_a_request_of_a_million_tokens_costs_what_it_did_on_its_day(day: str, band: str, expected: str) -> None:
    book = _book(*({"meter": meter, "usage_date": day, "context_band": band} for meter in WORKED))
    assert book.cost(dict(enumerate(WORKED.values()))) == Decimal(expected)


def test_a_whole_band_is_needed_to_be_long() -> None:
    on = {"usage_date": "2026-03-01"}
    bands = ["0-200k", "200k-", "200k-272k", "100k-128k", "100k-272k", None]
    book = _book(*({**on, "context_band": band} for band in bands))
    found = [book.price(number) for number in range(len(bands))]
    # Of a band that lies on both sides nobody knows; without one the lowest is taken, and that is said.
    assert [item and item.price for item in found] == [25, Decimal("37.5"), Decimal("37.5"), 25, None, 25]
    assert [item.flags for item in found if item] == ["", "", "", "", "context_band_unknown"]


def test_batch_prices_hold_before_the_day_they_were_entered() -> None:
    batch = {"service_tier": "batch"}
    days = ["2026-10-14", "2026-09-30", "2026-03-13"]
    book = _book(*({**batch, "usage_date": day} for day in days))
    found = [book.price(number) for number in range(len(days))]
    assert [item and (item.price, item.flags) for item in found] == [
        (Decimal("12.5"), ""),
        (Decimal("12.5"), "variant_backdated"),
        (Decimal("12.5"), "variant_backdated"),
    ]


def test_batch_prices_are_not_carried_back_past_another_standard_price() -> None:
    batch = {"service_tier": "batch", "usage_date": "2026-03-01"}
    book = _book({**batch, "context_band": "0-200k"}, {**batch, "context_band": "200k-"})
    low = book.price(0)
    assert low is not None
    assert (low.price, low.flags) == (Decimal("12.5"), "variant_backdated")
    assert book.price(1) is None


def test_what_a_tier_does_not_list_costs_what_it_costs_else() -> None:
    found = _price_of(service_tier="batch", meter="web_search_request")
    assert found is not None
    assert (found.price, found.flags) == (10_000, "standard_price_in_tier")


@pytest.mark.parametrize(
    "usage",
    [
        {"service_tier": "priority"},
        {"meter": "image"},
        {"provider_model_id": "claude-unheard-of"},
        {"service_provider_name": "AWS Bedrock"},
    ],
)
def test_what_no_catalogue_knows_has_no_price(usage: dict[str, str]) -> None:
    assert _price_of(**usage) is None


def test_usage_without_a_tier_is_taken_as_standard_and_flagged() -> None:
    found = _price_of(service_tier=None)
    assert found is not None
    assert (found.price, found.flags) == (25, "service_tier_unknown")


def test_a_cache_write_of_unknown_lifetime_costs_the_five_minutes_price_and_is_flagged() -> None:
    found = _price_of(meter="cache_write_other")
    assert found is not None
    assert (found.price, found.flags) == (Decimal("6.25"), "cache_lifetime_unknown")


def test_a_price_by_time_of_day_is_left_out_and_flagged() -> None:
    found = _price_of(service_provider_name="xAI", provider_model_id="talk-2.5-large", meter="input_uncached")
    assert found is not None
    assert (found.price, found.flags) == (1, "time_of_day_price_left_out")


def test_an_hour_of_audio_is_3600_seconds() -> None:
    found = _price_of(service_provider_name="xAI", provider_model_id="talk-2.5-tts", meter="audio_second")
    assert found is not None
    assert found.price == 100


def test_litellm_prices_what_the_first_catalogue_lacks() -> None:
    new = {"service_provider_name": "xAI", "provider_model_id": "grok-new", "meter": "input_uncached"}
    book = _book({**new, "context_band": "128k-200k"}, {**new, "service_tier": "batch"})
    found = [book.price(0), book.price(1)]
    assert [item and (item.price, item.flags) for item in found] == [
        (2, "no_price_history"),
        (Decimal("0.5"), "no_price_history"),
    ]
    assert found[0] is not None
    assert found[0].price_id == "litellm/1.109.1/xai/grok-new/input_uncached/standard/128000/1970-01-01"


def test_a_region_makes_tokens_dearer_and_searches_not() -> None:
    searches = {"meter": "web_search_request"}
    usages = [{"region": "US"}, {"region": "global"}, {"region": None}]
    usages += [usage | searches for usage in ({"region": "us"}, {"region": None})]
    book = _book(*usages)
    found = [book.price(number) for number in range(len(usages))]
    assert [item and (item.price, item.flags) for item in found] == [
        (Decimal("27.5"), "regional_uplift"),
        (25, ""),
        (25, "region_unknown"),
        (10_000, ""),
        (10_000, ""),
    ]


def test_a_model_with_a_fast_price_is_taken_as_standard_and_flagged() -> None:
    fast = GENAI_SOURCE.replace("when={'processing': 'batch'}", "when={'speed': 'fast'}")
    usages = [{}, {"service_tier": "fast"}, {"meter": "web_search_request"}]
    usages += [{"service_provider_name": "xAI", "provider_model_id": "late", "meter": "input_uncached"}]
    book = _book(*usages, genai=[_catalogue(fast)])
    found = [book.price(number) for number in range(len(usages))]
    assert [item and (item.price, item.flags) for item in found] == [
        (25, "speed_unknown"),
        (Decimal("12.5"), "variant_backdated"),
        (10_000, ""),
        (7, ""),
    ]


def test_a_bill_without_list_prices_asks_for_those_of_its_lines() -> None:
    found = _book({}).rows("from int_keys_to_price order by service_provider_name, service_tier")
    assert found == [
        ("Anthropic", "claude-opus-4-6-20260205", "output", "standard", None, "global"),
        ("OpenAI", "gpt-1", "output", "batch", "272k-", None),
        ("OpenAI", "gpt-1", "output", "standard", "0-272k", None),
    ]


def test_an_alias_finds_a_model_by_its_other_name() -> None:
    book = _book({"provider_model_id": "our-opus"}, aliases=[("our-opus", "claude-opus-4-6")])
    found = book.price()
    assert found is not None
    assert (found.price, found.flags) == (25, "model_by_alias")


def test_the_first_model_that_matches_is_the_model() -> None:
    late = {"service_provider_name": "xAI", "provider_model_id": "late"}
    book = _book({**late, "meter": "input_uncached"}, {**late, "provider_model_id": "lately"})
    first, wide = book.price(0), book.price(1)
    assert first is not None
    assert wide is not None
    assert (first.price, wide.price) == (7, 6)


def test_a_models_own_name_goes_before_its_alias() -> None:
    speech = {"service_provider_name": "xAI", "provider_model_id": "talk-2.5-tts", "meter": "audio_second"}
    found = _book(speech, aliases=[("talk-2.5-tts", "talk-2.5-large")]).price()
    assert found is not None
    assert (found.price, found.flags) == (100, "")


def test_a_contract_goes_before_the_catalogues_while_it_lasts() -> None:
    days = ["2025-12-31", "2026-01-01", "2026-08-31", "2026-09-01"]
    usages = [{"usage_date": day} for day in days] + [{"usage_date": "2026-07-01", "service_tier": "batch"}]
    book = _book(*usages, contracts=[_contract_row(valid_from="2026-01-01")])
    found = [book.price(number) for number in range(len(usages))]
    assert [item and (item.price, item.basis, item.list_price) for item in found] == [
        (25, "catalogue", 25),
        (20, "contract", 25),
        (20, "contract", 25),
        (25, "catalogue", 25),
        (Decimal("12.5"), "catalogue", Decimal("12.5")),
    ]


def test_a_contract_prices_a_model_that_no_catalogue_knows() -> None:
    book = _book(
        {"provider_model_id": "private-model", "usage_date": "2026-07-01"},
        contracts=[_contract_row(model_id="Private-Model", provider="anthropic", currency="EUR", per="1000")],
    )
    found = book.price()
    assert found is not None
    assert (found.price, found.currency, found.basis, found.list_price) == (20_000, "EUR", "contract", None)


def test_two_contracts_for_one_thing_on_one_day_are_found() -> None:
    with pytest.raises(AssertionError, match="msa-2"):
        _book(contracts=[_contract_row(), _contract_row(contract_id="msa-2", valid_from="2026-07-01")])


def test_the_newest_version_that_knows_a_model_tells_its_price() -> None:
    newer = GENAI_SOURCE.replace("id='claude-opus-4-6'", "id='claude-opus-9'").replace("claude-opus-4", "claude-opus-9")
    dearer = GENAI_SOURCE.replace("Decimal('25')", "Decimal('26')")
    book = _book(
        {}, genai=[_catalogue(GENAI_SOURCE, "0.2.9"), _catalogue(dearer, "0.2.10"), _catalogue(newer, "0.3.0")]
    )
    found = book.price()
    assert found is not None
    assert found.price == 26
    assert found.price_id.startswith("genai-prices/0.2.10/anthropic/claude-opus-4-6/")


def test_litellm_versions_follow_each_other_by_the_day_they_were_first_read() -> None:
    dearer = LITELLM_SOURCE.replace('"output_cost_per_token": 3e-06', '"output_cost_per_token": 9e-06')
    new = {"service_provider_name": "xAI", "provider_model_id": "grok-new"}
    book = _book(
        {**new, "usage_date": "2026-11-20"},
        {**new, "usage_date": "2026-11-21"},
        litellm=[_catalogue(LITELLM_SOURCE, "1.9.0", date(2026, 1, 1)), _catalogue(dearer, "1.10.0", TODAY)],
    )
    assert [item and item.price for item in (book.price(0), book.price(1))] == [3, 9]


def test_two_catalogues_disagree_about_output_only() -> None:
    columns = "provider_model_id, meter, service_tier, context_from_tokens, litellm_to_genai_prices_ratio"
    assert _book().rows(f"select {columns} from price_disagreements") == [
        ("claude-opus-4-6", "output", "standard", 0, Decimal("1.04"))
    ]


# The real catalogues.


def _real(package: str, member: str) -> Catalogue:
    wheels = sorted(CATALOGUES.glob(f"{package}-*.whl"))
    if not wheels:
        pytest.skip(f"no wheel of {package} in {CATALOGUES}; `make run` downloads it")
    with zipfile.ZipFile(wheels[-1]) as archive:
        return Catalogue(
            Place("prices/public", wheels[-1].name), wheels[-1].name.split("-")[1], TODAY, archive.read(member)
        )


def test_the_real_catalogues_keep_their_contracts_and_price_the_worked_example() -> None:
    genai, litellm = _real("genai_prices", prices.GENAI_FILE), _real("litellm", prices.LITELLM_FILE)
    book = _book(
        *({"meter": meter, "context_band": "200k-1M"} for meter in WORKED),
        *({"meter": meter, "context_band": "200k-1M", "usage_date": "2026-03-01"} for meter in WORKED),
        {"service_provider_name": "OpenAI", "provider_model_id": "gpt-5.1-2025-11-13", "service_tier": "batch"},
        genai=[genai],
        litellm=[litellm],
    )
    for table in ("genai_prices", "genai_models", "litellm_prices"):
        rules = [rule for rule in landing_contract("prices", table).rules if rule.maximum == 0]
        assert {
            name: count for name, count in measure(book.connection, f'"prices.{table}"', rules).items() if count
        } == {}
    quantities = list(WORKED.values())
    assert book.cost(dict(enumerate(quantities))) == Decimal("9.125")
    assert book.cost(dict(enumerate(quantities, start=len(quantities)))) == Decimal("15.65")
    batch = book.price(2 * len(quantities))
    assert batch is not None
    assert (batch.price, batch.flags) == (5, "variant_backdated")
    assert book.rows("select count(*) > 5000 from int_list_prices") == [(True,)]

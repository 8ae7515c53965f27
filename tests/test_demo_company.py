"""The made-up company: the same bytes every time, a truth that its bills add up to, and a stub."""

import base64
import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import duckdb
import pydantic
import pytest
from anthropic.types.beta.organization.analytics import BetaAnalyticsCostItem, BetaAnalyticsUsageItem
from anthropic.types.beta.organization.beta_api_key import BetaAPIKey
from anthropic.types.beta.organization.beta_workspace import BetaWorkspace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.admin.organization import (
    Project,
    UsageCompletionsResponse,
    UsageCostsResponse,
    UsageEmbeddingsResponse,
    UsageImagesResponse,
    UsageWebSearchCallsResponse,
)
from openai.types.admin.organization.projects import ProjectAPIKey

from orchestration.demo_company import CUT, RESTATED_DAY, SWITCH_NAMES, TODAY, Switches, create, only
from orchestration.demo_company.causes import plan
from orchestration.demo_company.company import (
    ANTHROPIC_GATEWAY_KEY,
    DELETED_KEY,
    OPENAI_GATEWAY_KEY,
    ROUTES,
    UNMAPPED_KEY,
)
from orchestration.demo_company.drops import deliver
from orchestration.demo_company.prices import METERS, all_prices
from orchestration.demo_company.server import ANALYTICS_BETA, RATE_LIMIT_EVERY, Stub
from tests import demo_clouds

# What is billed by files, and not by the vendors that are asked.
ELSEWHERE = ("seats", "manual", "focus", "aws", "gcp")
SMALL: dict[str, Any] = {"months": 1, "requests": 2_000}
NOTHING = only()
FIRST, END = date(2026, 10, 1), date(2026, 11, 1)
BEARER = {"Authorization": "Bearer demo-key"}
ANTHROPIC = {"x-api-key": "demo-key", "anthropic-version": "2023-06-01", "anthropic-beta": ANALYTICS_BETA}
BASIC = {"Authorization": "Basic " + base64.b64encode(b"demo-key:").decode()}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("larkfield") / "company"
    create(folder, **SMALL)
    return folder


@pytest.fixture(scope="module")
def stub(company: Path) -> Iterator[Stub]:
    with Stub(company, TODAY) as running:
        yield running


def rows(query: str) -> list[Any]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def send(url: str, headers: dict[str, str], body: Any = None) -> tuple[int, Any, dict[str, str]]:
    content = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, content, headers)) as answer:
            status, raw, received = answer.status, answer.read(), dict(answer.headers)
    except HTTPError as error:
        status, raw, received = error.code, error.read(), dict(error.headers)
    return status, json.loads(raw, parse_float=Decimal), received


def ask(stub: Stub, path: str, headers: dict[str, str], body: Any = None, **query: Any) -> Any:
    """An answer that must be good; one request to wait is obeyed."""
    url = f"{stub.url}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    status, answer, _ = send(url, headers, body)
    if status == 429:
        status, answer, _ = send(url, headers, body)
    assert status == 200, answer
    return answer


def status_of(stub: Stub, path: str, headers: dict[str, str], **query: Any) -> int:
    url = f"{stub.url}{path}?{urlencode(query, doseq=True)}"
    status, _, _ = send(url, headers)
    return send(url, headers)[0] if status == 429 else status


def epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def pages(stub: Stub, path: str, headers: dict[str, str], **query: Any) -> Iterator[Any]:
    answer = ask(stub, path, headers, **query)
    yield answer
    while answer["has_more"]:
        answer = ask(stub, path, headers, page=answer["next_page"], **query)
        yield answer


Totals = dict[tuple[str, date, str], Decimal]


def served_totals(stub: Stub, first: date = FIRST, end: date = END) -> Totals:
    """Everything that the four vendors bill, per vendor, day and currency, over pages of different sizes."""
    totals: Totals = defaultdict(Decimal)
    window = {"start_time": epoch(first), "end_time": epoch(end)}
    for page in pages(
        stub, "/openai/v1/organization/costs", BEARER, limit=5, **{"group_by[]": ["line_item", "api_key_id"]}, **window
    ):
        for bucket in page["data"]:
            for result in bucket["results"]:
                day = datetime.fromtimestamp(bucket["start_time"], UTC).date()
                amount = result["amount"]
                totals["openai", day, amount["currency"].upper()] += Decimal(amount["value"])
    grouping = {"group_by[]": ["workspace_id", "api_key_id", "model", "cost_type", "token_type"]}
    span = {"starting_at": f"{first}T00:00:00Z", "ending_at": f"{end}T00:00:00Z"}
    path = "/anthropic/v1/organizations/analytics/cost"
    for page in pages(stub, path, ANTHROPIC, time_bucket_width="1d", limit=30, **grouping, **span):
        for row in page["data"]:
            day = date.fromisoformat(row["starting_at"][:10])
            totals["anthropic", day, row["cost"]["currency"]] += Decimal(row["cost"]["amount"]) / 100
    day = first
    while day < end:
        credits = ask(
            stub,
            "/github/organizations/larkfield/settings/billing/ai_credit/usage",
            BEARER,
            year=day.year,
            month=day.month,
            day=day.day,
        )
        for item in credits["usageItems"]:
            totals["github", day, "USD"] += Decimal(item["netAmount"])
        day += timedelta(days=1)
    body = {"startDate": epoch(first) * 1000, "endDate": epoch(end) * 1000, "page": 1, "pageSize": 100}
    while True:
        events = ask(stub, "/cursor/teams/filtered-usage-events", BASIC, body)
        for event in events["usageEvents"]:
            day = datetime.fromtimestamp(int(event["timestamp"]) / 1000, UTC).date()
            totals["cursor", day, "USD"] += Decimal(event["chargedCents"]) / 100
        if not events["pagination"]["hasNextPage"]:
            return {key: amount for key, amount in totals.items() if amount}
        body = body | {"page": body["page"] + 1}


def true_totals(company: Path) -> Totals:
    found = rows(
        f"select vendor, charge_date, currency, sum(billed_amount) from '{company}/truth/billed_totals.parquet' "
        f"where vendor not in {ELSEWHERE} group by all"
    )
    return {(vendor, day, currency): amount for vendor, day, currency, amount in found if amount}


def findings(company: Path) -> dict[str, Any]:
    entries = json.loads((company / "truth" / "findings.json").read_text())
    return {entry["switch"]: entry for entry in entries}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(company: Path, tmp_path: Path) -> None:
    create(tmp_path / "again", **SMALL)
    assert hashes(tmp_path / "again") == hashes(company)
    create(tmp_path / "other", seed=8, **SMALL)
    other = hashes(tmp_path / "other")
    assert other.keys() == hashes(company).keys()
    for name in (
        "causes/requests/2026-10-14.parquet",
        "truth/billed_units.parquet",
        "exports/api/openai_costs.parquet",
    ):
        assert other[name] != hashes(company)[name]


def test_a_second_call_changes_nothing_and_other_parameters_write_anew(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    create(folder, switches=NOTHING, **SMALL)
    touched = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    create(folder, switches=NOTHING, **SMALL)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == touched
    create(folder, months=1, requests=2_100, switches=NOTHING)
    assert rows(f"select count(*) from '{folder}/causes/requests/*.parquet'") == [(2_100,)]
    assert [path.name for path in tmp_path.iterdir()] == ["company"]


def test_what_cannot_be_made_is_refused(tmp_path: Path) -> None:
    for wrong in ({"months": 0}, {"months": 25}, {"seed": -1}, {"requests": 100}):
        with pytest.raises(ValueError, match=r"."):
            create(tmp_path / "company", **(SMALL | wrong))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(FileExistsError, match="mine"):
        create(tmp_path / "mine", **SMALL)


def test_requests_are_as_many_as_asked_and_weekends_are_quiet() -> None:
    days = plan(6, 200_000, Switches())
    assert sum(day.requests for day in days) == 200_000
    assert (days[0].day, days[-1].day, len(days)) == (date(2026, 5, 1), date(2026, 10, 31), 184)
    by_day = {day.day: day.requests for day in days}
    assert by_day[date(2026, 9, 12)] < by_day[date(2026, 9, 11)] / 2 < by_day[date(2026, 9, 10)]
    assert by_day[date(2026, 9, 10)] > by_day[date(2026, 5, 14)]


def test_every_request_has_one_price_on_every_day() -> None:
    prices = all_prices()
    models = {(price.model, price.service_tier, price.context_band) for price in prices}
    assert {(route.model, "standard", "base") for route in ROUTES} <= models
    for price in prices:
        same = [other for other in prices if _place(other) == _place(price) and other is not price]
        assert all(other.valid_from == price.valid_to or other.valid_to == price.valid_from for other in same)


def _place(price: Any) -> tuple[str, ...]:
    return (price.model, price.meter, price.service_tier, price.context_band)


def conserves(company: Path) -> None:
    """Billed units, credits, seats and manual lines are the billed totals, and the bills served are they too."""
    units = f"'{company}/truth/billed_units.parquet'"
    assert rows(f"select count(*) from {units} where billed_amount is null or list_amount is null") == [(0,)]
    difference = rows(
        "with units as (select vendor, charge_date, currency, sum(billed_amount) as amount "
        f"from {units} group by all), "
        "totals as (select vendor, charge_date, currency, sum(billed_amount) as amount "
        f"from '{company}/truth/billed_totals.parquet' where vendor not in {ELSEWHERE} group by all) "
        "select vendor, charge_date, coalesce(totals.amount, 0) - coalesce(units.amount, 0) from units "
        "full join totals using (vendor, charge_date, currency) "
        "where coalesce(totals.amount, 0) <> coalesce(units.amount, 0)"
    )
    credit = findings(company).get("credit")
    expected = [("openai", date(2026, 10, 15), Decimal(credit["billed_amount"]))] if credit else []
    assert difference == expected
    with Stub(company, TODAY) as stub:
        assert served_totals(stub) == true_totals(company)


def tokens_agree(company: Path) -> None:
    """The vendors' usage and the gateway's log say the tokens that the truth says, per model and day."""
    truth = rows(
        f"select model, usage_date, sum(quantity)::bigint from '{company}/truth/tokens.parquet' "
        "where observer = 'provider' and meter not in ('request', 'web_search') group by all order by all"
    )
    api = company / "exports" / "api"
    served = rows(
        "select model, usage_date, sum(tokens)::bigint from ("
        f"select model, usage_date, input_tokens + output_tokens as tokens from '{api}/openai_usage.parquet' "
        "where endpoint in ('completions', 'embeddings') union all "
        "select model, usage_date, uncached_input_tokens + cache_read_input_tokens + ephemeral_5m_input_tokens "
        f"+ ephemeral_1h_input_tokens + output_tokens from '{api}/anthropic_usage.parquet' where known_until is null) "
        "group by all having sum(tokens) > 0 order by all"
    )
    assert served == truth
    logged: dict[tuple[str, str], int] = defaultdict(int)
    for path in sorted((company / "exports" / "drop" / "litellm").glob("*/gateway-????-??-??.ndjson.gz")):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            record = json.loads(line)
            logged[record["model"], path.parent.name] += record["total_tokens"]
    seen = rows(
        f"select model, usage_date::varchar, sum(quantity)::bigint from '{company}/truth/tokens.parquet' "
        "where observer = 'gateway' and meter not in ('request', 'web_search') group by all"
    )
    assert {key: count for key, count in logged.items() if count} == {(model, day): count for model, day, count in seen}


def test_truth_and_bills_are_the_same_to_the_last_digit(company: Path) -> None:
    conserves(company)
    tokens_agree(company)


@pytest.mark.parametrize("name", SWITCH_NAMES)
def test_each_switch_works_alone_and_says_what_it_did(tmp_path: Path, name: str) -> None:
    create(tmp_path / "company", switches=only(name), **SMALL)
    found = findings(tmp_path / "company")
    assert list(found) == [name]
    assert found[name]["expected"]
    assert _leaves_a_trace(found[name]), found[name]
    conserves(tmp_path / "company")
    clouds_agree(tmp_path / "company", tmp_path / "drop")


def clouds_agree(company: Path, drop: Path) -> None:
    """The clouds' bills say the truth, read by their manifests once the last of them has arrived."""
    deliver(company, drop, TODAY)
    demo_clouds.agree(company, drop)


def _leaves_a_trace(entry: dict[str, Any]) -> bool:
    """Whether what was injected is there: some number of the finding is not zero."""
    numbers = [value for key, value in entry.items() if key in _NUMBERS]
    nested = [row for key in ("spend", "by_vendor", "by_model", "by_provider") for row in entry.get(key, [])]
    numbers += [value for row in nested for key, value in row.items() if key in _NUMBERS]
    return any(Decimal(str(number)) != 0 for number in numbers)


_NUMBERS = {"requests", "unseen_requests", "billed_amount", "difference", "unused_amount", "idle_hours"}


def test_without_switches_nothing_is_odd(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    create(folder, switches=NOTHING, **SMALL)
    assert findings(folder) == {}
    conserves(folder)
    tokens_agree(folder)
    clouds_agree(folder, tmp_path / "drop")
    assert rows(f"select sum(unused) from '{folder}/truth/commitments.parquet'") == [(0,)]
    requests = f"'{folder}/causes/requests/*.parquet'"
    gateway = (OPENAI_GATEWAY_KEY, ANTHROPIC_GATEWAY_KEY)
    assert rows(f"select count(*) from {requests} where provider_key in {gateway} and gateway_key is null") == [(0,)]
    assert rows(f"select count(*) from {requests} where status = 'blocked'") == [(0,)]
    assert rows(f"select count(*) from {requests} where provider_key = '{UNMAPPED_KEY}'") == [(0,)]
    assert rows(f"select distinct currency from '{folder}/truth/billed_totals.parquet'") == [("USD",)]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), chosen=st.sets(st.sampled_from(SWITCH_NAMES)), months=st.sampled_from([1, 2]))
def test_any_seed_and_any_switches_conserve(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chosen: set[str], months: int
) -> None:
    folder = tmp_path_factory.mktemp("any") / "company"
    create(folder, seed, months, 1_500 * months, only(*chosen))
    assert set(findings(folder)) == chosen
    with Stub(folder, TODAY) as stub:
        first = FIRST if months == 1 else date(2026, 9, 1)
        served = {key: amount for key, amount in _all_windows(stub, first).items() if amount}
    assert served == true_totals(folder)
    tokens_agree(folder)
    clouds_agree(folder, folder.parent / "drop")


def _all_windows(stub: Stub, first: date) -> Totals:
    """Anthropic takes at most 31 days in one request."""
    totals: Totals = {}
    for start, end in ((first, FIRST), (FIRST, END)):
        totals |= served_totals(stub, start, end) if start < end else {}
    return totals


def test_a_restated_day_and_late_days_depend_on_the_day_of_asking(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    create(folder, months=2, requests=4_000, switches=only("restated_day"))
    day = RESTATED_DAY
    entry = findings(folder)["restated_day"]
    with Stub(folder, CUT) as early:
        before = served_totals(early, day, day + timedelta(days=1))
        assert before["anthropic", day, "USD"] == Decimal(entry["first_amount"])
        late = served_totals(early, date(2026, 10, 10), CUT + timedelta(days=1))
        assert max(charged for _, charged, _ in late) == CUT - timedelta(days=1)
    with Stub(folder, TODAY) as now:
        after = served_totals(now, day, day + timedelta(days=1))
    assert after["anthropic", day, "USD"] == Decimal(entry["true_amount"]) != Decimal(entry["first_amount"])
    assert after["openai", day, "USD"] == before["openai", day, "USD"]


def test_files_arrive_in_their_time(company: Path, tmp_path: Path) -> None:
    assert deliver(company, tmp_path, CUT) > 0
    there = {path.name for path in tmp_path.rglob("*")}
    assert {"gateway-2026-10-20.ndjson.gz", "lines.csv", "contract_prices.csv"} <= there
    assert not there & {"gateway-2026-10-21.ndjson.gz", "late_prices.csv", "seats-2026-10.csv"}
    assert not [name for name in there if "again" in name]
    assert deliver(company, tmp_path, CUT) == 0
    assert deliver(company, tmp_path, TODAY) > 0
    delivered = hashes(tmp_path)
    assert {name: delivered[name] for name in hashes(company / "exports" / "drop")} == hashes(
        company / "exports" / "drop"
    )
    assert deliver(company, tmp_path, TODAY) == 0
    day = tmp_path / "litellm" / "2026-10-14"
    assert (day / "gateway-2026-10-14.ndjson.gz").read_bytes() == (
        day / "gateway-2026-10-14-again.ndjson.gz"
    ).read_bytes()


def test_the_clouds_write_a_running_month_anew_and_keep_what_their_mode_keeps(company: Path, tmp_path: Path) -> None:
    deliver(company, tmp_path, CUT)
    manifest = tmp_path / "aws/exports/larkfield-focus/metadata/BILLING_PERIOD=2026-10/larkfield-focus-Manifest.json"
    before = json.loads(manifest.read_text())["executionId"]
    early = list(demo_clouds.lines(tmp_path))
    assert {line.vendor for line in early} == {"focus", "aws", "gcp"}
    assert max(line.day for line in early) == CUT - timedelta(days=1)
    deliver(company, tmp_path, TODAY)
    assert json.loads(manifest.read_text())["executionId"] != before
    # Each run of the FOCUS export has its own folder, the bank's has its files overwritten.
    assert len(list(tmp_path.glob("aws/exports/larkfield-focus/data/*/*"))) == 2
    assert len(list(tmp_path.glob("aws_bank/exports/bank-usage/data/*/*"))) == 2
    assert len(list(tmp_path.rglob("azure/**/manifest.json"))) == 2
    late = list(demo_clouds.lines(tmp_path))
    assert len(late) > len(early) * 1.4
    assert max(line.day for line in late) == END - timedelta(days=1)


def test_the_same_prompts_are_the_same_tokens_on_each_of_bedrocks_routes(company: Path, tmp_path: Path) -> None:
    deliver(company, tmp_path, TODAY)
    with duckdb.connect() as connection:
        counts = connection.execute(
            """
            with evaluations as (
                select
                    ChargePeriodStart, ConsumedUnit, regexp_extract(lower(SkuMeter), 'input|output') as direction,
                    round(ConsumedQuantity * case ConsumedUnit when 'Units' then 1000000 else 1000 end) as tokens
                from read_parquet(?) where contains(ResourceId, 'evaluation')
            )
            select direction, count(*), count(distinct tokens), count(distinct ConsumedUnit), min(tokens) > 1000
            from evaluations group by ChargePeriodStart, direction
            """,
            [[str(path) for path in demo_clouds.aws_files(tmp_path / "aws")]],
        ).fetchall()
    assert sorted(set(counts)) == [("input", 3, 1, 2, True), ("output", 3, 1, 2, True)]
    assert len(counts) == 2 * 31


def test_gpu_hours_are_those_that_the_nodes_are_billed_for(company: Path, tmp_path: Path) -> None:
    deliver(company, tmp_path, TODAY)
    with duckdb.connect() as connection:
        billed = connection.execute(
            "select ChargePeriodStart::date, ResourceId, sum(ConsumedQuantity) from read_parquet(?) "
            "where ResourceType = 'Instance' group by all order by all",
            [[str(path) for path in demo_clouds.aws_files(tmp_path / "aws")]],
        ).fetchall()
    hours = rows(
        f"select usage_date, instance, sum(hours)::double from '{company}/truth/gpu_hours.parquet' "
        "group by all order by all"
    )
    assert billed == hours
    assert rows(
        "select bool_and(hours >= 0 and used_hours >= 0 and hours = used_hours + idle_hours), sum(used_hours) > 0 "
        f"from '{company}/truth/gpu_hours.parquet'"
    ) == [(True, True)]


def test_the_clusters_tools_say_the_hours_that_are_true(stub: Stub, company: Path) -> None:
    day, following = date(2026, 10, 14), date(2026, 10, 15)
    truth = {
        (node, namespace): (held, used)
        for node, namespace, held, used in rows(
            "select node, coalesce(namespace, 'nobody'), hours, used_hours "
            f"from '{company}/truth/gpu_hours.parquet' where usage_date = '{day}' and hours > 0"
        )
    }
    window = f"{day}T00:00:00Z,{following}T00:00:00Z"
    query = {"window": window, "accumulate": "false", "includeIdle": "true", "idleByNode": "true"}
    allocations = ask(stub, "/opencost/allocation", {}, **query)["data"][0].values()
    held = {
        (entry["properties"]["node"], entry["properties"].get("namespace", "nobody")): entry["gpuHours"]
        for entry in allocations
    }
    # As from OpenCost, what is idle has a cost and no hours.
    assert held == {key: hours if key[1] != "nobody" else 0 for key, (hours, _) in truth.items()}
    assert all(entry["gpuCost"] > 0 for entry in allocations)
    used: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    seen: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for metric, whole in (("DCGM_FI_PROF_GR_ENGINE_ACTIVE", 1), ("DCGM_FI_DEV_GPU_UTIL", 100)):
        query = {"query": f"avg_over_time({metric}[1h])", "start": epoch(day) + 3600, "end": epoch(following)}
        for series in ask(stub, "/prometheus/api/v1/query_range", {}, step=3600, **query)["data"]["result"]:
            key = (series["metric"]["Hostname"], series["metric"].get("namespace", "nobody"))
            used[key] += sum(Decimal(value) for _, value in series["values"]) / whole
            seen[key] += len(series["values"])
    assert {key: (seen[key], used[key]) for key in seen} == truth


def test_the_clusters_tools_refuse_what_they_do_not_take_and_know_no_day_to_come(stub: Stub, company: Path) -> None:
    assert status_of(stub, "/opencost/allocation", {}, window="yesterday", accumulate="false") == 400
    assert status_of(stub, "/prometheus/api/v1/query_range", {}, query="up", start=0, end=1, step=60) == 400
    window = "2026-10-21T00:00:00Z,2026-10-22T00:00:00Z"
    with Stub(company, CUT) as early:
        assert ask(early, "/opencost/allocation", {}, window=window, accumulate="false")["data"] == [{}]
    assert ask(stub, "/opencost/allocation", {}, window=window, accumulate="false")["data"] != [{}]


def test_invoices_are_the_bill_with_credits_and_tax_in_whole_cents(company: Path) -> None:
    invoices = rows(
        f"select invoice_id, issuer, net_amount::{MONEY}, tax_amount::{MONEY}, credit_amount::{MONEY}, "
        f"total_amount::{MONEY}, billing_account_id, currency "
        f"from read_csv('{company}/exports/drop/invoices/*.csv', all_varchar = true)"
    )
    assert all(net + tax + credit == total for _, _, net, tax, credit, total, _, _ in invoices)
    billed = {
        (name, currency): amount
        for name, currency, amount in rows(
            f"select provider_name, currency, sum(billed_amount) from '{company}/truth/billed_totals.parquet' "
            "where provider_name in ('OpenAI', 'Anthropic', 'GitHub', 'Cursor') group by all"
        )
    }
    invoiced: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for _, issuer, _, _, _, total, _, currency in invoices:
        invoiced[issuer, currency] += total
    assert invoiced.keys() == billed.keys()
    assert all(abs(invoiced[key] - billed[key]) <= Decimal("0.01") for key in billed)


def test_seats_name_the_account_that_their_seller_bills(company: Path) -> None:
    seats = f"read_csv('{company}/exports/drop/seats/*.csv', all_varchar = true)"
    assert rows(f"select distinct vendor, currency, billing_account_id from {seats} order by all") == [
        ("Cursor", "USD", "larkfield-team"),
        ("GitHub", "USD", "larkfield"),
        ("OpenAI", "EUR", "chatgpt-larkfield-bank"),
        ("OpenAI", "USD", "chatgpt-larkfield"),
    ]


MONEY = "decimal(35, 18)"


def test_a_gateway_record_has_the_documented_shape(company: Path) -> None:
    path = company / "exports" / "drop" / "litellm" / "2026-10-14" / "gateway-2026-10-14.ndjson.gz"
    records = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    assert records
    for record in records:
        usage, details = record["metadata"]["usage_object"], record["metadata"]["usage_object"]["prompt_tokens_details"]
        assert record["total_tokens"] == record["prompt_tokens"] + record["completion_tokens"] == usage["total_tokens"]
        assert details["cached_tokens"] + usage["cache_creation_input_tokens"] <= usage["prompt_tokens"]
        assert record["endTime"] >= record["startTime"] > 1_790_000_000
        assert len(record["metadata"]["user_api_key_hash"]) == 64
        assert record["request_tags"][0] == f"feature:{record['metadata']['spend_logs_metadata']['feature']}"
        parts = ("input_cost", "cache_read_cost", "cache_creation_cost", "output_cost", "tool_usage_cost")
        assert sum(record["cost_breakdown"][part] for part in parts) == pytest.approx(record["response_cost"])
        assert record["messages"] is None


def test_the_stub_wants_a_key(stub: Stub) -> None:
    window = {"start_time": epoch(FIRST)}
    assert status_of(stub, "/openai/v1/organization/costs", {}, **window) == 401
    assert status_of(stub, "/openai/v1/organization/costs", {"Authorization": "Bearer sk-x"}, **window) == 401
    assert status_of(stub, "/anthropic/v1/organizations/workspaces", {"anthropic-version": "2023-06-01"}) == 401
    assert status_of(stub, "/github/orgs/larkfield/copilot/billing/seats", {}) == 401
    assert status_of(stub, "/cursor/teams/members", BEARER) == 401
    _, answer, _ = send(f"{stub.url}/anthropic/v1/organizations/workspaces", {})
    assert answer["error"]["type"] == "authentication_error"


OPENAI_COSTS = "/openai/v1/organization/costs"
ANALYTICS = "/anthropic/v1/organizations/analytics/cost"
DAYS = {"starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-11-01T00:00:00Z", "time_bucket_width": "1d"}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"start_time": epoch(FIRST), "limit": 181},
        {"start_time": epoch(FIRST), "end_time": epoch(TODAY + timedelta(days=2))},
        {"start_time": 1_764_979_199, "group_by": "api_key_id"},
        {"start_time": epoch(FIRST), "group_by": "model"},
        {"start_time": epoch(FIRST), "bucket_width": "1h"},
        {"start_time": epoch(FIRST), "page": "nonsense"},
    ],
)
def test_openai_refuses_what_it_does_not_take(stub: Stub, query: dict[str, Any]) -> None:
    assert status_of(stub, OPENAI_COSTS, BEARER, **query) == 400


@pytest.mark.parametrize(
    "query",
    [
        {},
        DAYS | {"ending_at": "2026-11-02T00:00:00Z"},
        DAYS | {"starting_at": "2025-12-31T00:00:00Z", "ending_at": "2026-01-05T00:00:00Z"},
        DAYS | {"starting_at": "2026-10-01"},
        DAYS | {"limit": 1001},
        DAYS | {"group_by[]": ["model", "api_key_id", "workspace_id", "speed", "product", "service_tier"]},
        DAYS | {"group_by[]": "line_item"},
        {"starting_at": "2026-10-01T00:00:00Z", "time_bucket_width": "1d"},
    ],
)
def test_anthropic_refuses_what_it_does_not_take(stub: Stub, query: dict[str, Any]) -> None:
    assert status_of(stub, ANALYTICS, ANTHROPIC, **query) == 400


def test_anthropic_wants_its_beta_header(stub: Stub) -> None:
    without = {name: value for name, value in ANTHROPIC.items() if name != "anthropic-beta"}
    assert status_of(stub, ANALYTICS, without, **DAYS) == 400
    assert status_of(stub, ANALYTICS, ANTHROPIC, **DAYS) == 200


def test_costs_come_in_pages_of_buckets_and_an_empty_day_is_a_bucket(stub: Stub) -> None:
    window = {"start_time": epoch(date(2026, 9, 29)), "end_time": epoch(date(2026, 10, 9))}
    found = list(pages(stub, OPENAI_COSTS, BEARER, limit=4, group_by=["project_id", "line_item"], **window))
    assert [len(page["data"]) for page in found] == [4, 4, 2]
    buckets = [bucket for page in found for bucket in page["data"]]
    assert [bucket["start_time"] for bucket in buckets] == [window["start_time"] + 86_400 * n for n in range(10)]
    assert buckets[0]["results"] == []
    result = buckets[2]["results"][0]
    assert result["api_key_id"] is None
    assert result["project_id"].startswith("proj_")
    assert result["quantity_unit"] == "tokens"
    whole = ask(stub, OPENAI_COSTS, BEARER, limit=10, **window)
    for bucket, total in zip(buckets, whole["data"], strict=True):
        parts = sum(Decimal(row["amount"]["value"]) for row in bucket["results"])
        assert parts == sum(Decimal(row["amount"]["value"]) for row in total["results"])
    mark = found[0]["next_page"]
    assert status_of(stub, OPENAI_COSTS, BEARER, limit=5, page=mark, **window) == 400


def test_every_usage_endpoint_answers(stub: Stub) -> None:
    window = {"start_time": epoch(FIRST), "end_time": epoch(date(2026, 10, 8)), "group_by[]": ["project_id"]}
    base = "/openai/v1/organization/usage"
    for name in ("moderations", "images", "audio_speeches", "audio_transcriptions", "vector_stores", "decisions"):
        page = ask(stub, f"{base}/{name}", BEARER, **window)
        assert [bucket["results"] for bucket in page["data"]] == [[]] * 7
    for name in ("completions", "embeddings", "web_search_calls"):
        page = ask(stub, f"{base}/{name}", BEARER, **window)
        assert any(bucket["results"] for bucket in page["data"])
    for name in ("code_interpreter_sessions", "file_search_calls"):
        assert len(ask(stub, f"{base}/{name}", BEARER, **window)["data"]) == 7
    completion = ask(stub, f"{base}/completions", BEARER, **window)["data"][0]["results"][0]
    assert completion["input_tokens"] == completion["input_uncached_tokens"] + completion["input_cached_tokens"]
    assert status_of(stub, f"{base}/completions", BEARER, start_time=epoch(FIRST), limit=32) == 400


def test_the_older_reports_say_the_same_cents(stub: Stub) -> None:
    grouping = {"group_by[]": ["workspace_id", "description"]}
    report = "/anthropic/v1/organizations/cost_report"
    days = {"starting_at": DAYS["starting_at"], "ending_at": DAYS["ending_at"]}
    older = [
        Decimal(row["amount"])
        for page in pages(stub, report, ANTHROPIC, limit=9, **grouping, **days)
        for bucket in page["data"]
        for row in bucket["results"]
    ]
    newer = ask(stub, ANALYTICS, ANTHROPIC, **days)["data"]
    assert len(newer) == 1
    assert sum(older) == Decimal(newer[0]["cost"]["amount"]) != Decimal(newer[0]["cost"]["list_amount"])
    assert newer[0]["cost"]["requests"] > 0
    usage = ask(stub, "/anthropic/v1/organizations/analytics/usage", ANTHROPIC, **days)["data"][0]["usage"]
    messages = "/anthropic/v1/organizations/usage_report/messages"
    results = [
        row
        for page in pages(stub, messages, ANTHROPIC, **{"group_by[]": ["model"]}, **days)
        for bucket in page["data"]
        for row in bucket["results"]
    ]
    assert sum(row["output_tokens"] for row in results) == usage["output_tokens"]


def test_blocked_requests_have_tokens_and_no_cost(stub: Stub, company: Path) -> None:
    usage = ask(stub, "/anthropic/v1/organizations/analytics/usage", ANTHROPIC, **DAYS, limit=1000)["data"]
    cost = ask(stub, ANALYTICS, ANTHROPIC, **DAYS, limit=1000)["data"]
    blocked = sum(row["requests"] for row in findings(company)["blocked_requests"]["by_model"])
    metered, billed = (sum(row[kind]["requests"] for row in rows) for kind, rows in (("usage", usage), ("cost", cost)))
    assert metered - billed == blocked > 0


def test_lists_of_names_are_paged_and_a_deleted_key_is_gone(stub: Stub) -> None:
    projects: list[str] = []
    answer = ask(stub, "/openai/v1/organization/projects", BEARER, limit=3)
    projects += [entry["id"] for entry in answer["data"]]
    while answer["has_more"]:
        answer = ask(stub, "/openai/v1/organization/projects", BEARER, limit=3, after=answer["last_id"])
        projects += [entry["id"] for entry in answer["data"]]
    assert len(projects) == len(set(projects)) == 7
    keys = ask(stub, "/openai/v1/organization/projects/proj_merchant/api_keys", BEARER)
    assert DELETED_KEY not in [key["id"] for key in keys["data"]]
    assert status_of(stub, "/openai/v1/organization/projects/proj_none/api_keys", BEARER) == 404
    assert len(ask(stub, "/openai/v1/organization/users", BEARER, limit=100)["data"]) == 60
    workspaces = ask(stub, "/anthropic/v1/organizations/workspaces", ANTHROPIC)["data"]
    assert len(workspaces) == 4
    keys = ask(stub, "/anthropic/v1/organizations/api_keys", ANTHROPIC)["data"]
    assert {key["scope"]["type"] for key in keys} == {"workspace", "organization"}


def test_copilot_seats_are_linked_pages(stub: Stub) -> None:
    url = f"{stub.url}/github/orgs/larkfield/copilot/billing/seats?per_page=25"
    logins: list[str] = []
    while url:
        _, answer, headers = send(url, BEARER)
        logins += [seat["assignee"]["login"] for seat in answer.get("seats", [])]
        following = re.search(r'<([^>]*)>; rel="next"', headers.get("Link", ""))
        # Without seats the answer was to wait, and the same page is asked for again.
        url = (following[1] if following else "") if answer.get("seats") else url
    assert len(logins) == len(set(logins)) == 40
    assert status_of(stub, "/github/orgs/other/copilot/billing/seats", BEARER) == 404


def test_a_rate_limit_fires_now_and_then_and_not_twice_in_a_row(company: Path) -> None:
    with Stub(company, TODAY) as stub:
        url = f"{stub.url}/cursor/teams/members"
        answers = [send(url, BASIC) for _ in range(RATE_LIMIT_EVERY * 2)]
    limited = [place for place, (status, _, _) in enumerate(answers, start=1) if status == 429]
    assert limited == [RATE_LIMIT_EVERY, RATE_LIMIT_EVERY * 2]
    assert [answers[place - 1][2]["Retry-After"] for place in limited] == ["1", "0"]


def test_the_list_prices_are_whole_at_eighteen_digits() -> None:
    for price in all_prices():
        for amount in (price.listed / price.per, price.charged / price.per):
            assert amount == amount.quantize(Decimal("1e-15"))
        assert price.meter in METERS
        assert asdict(price)["charged"] <= price.listed


# The stub speaks as the vendors' own SDKs expect it.


def fits(kind: type[pydantic.BaseModel], content: Any) -> None:
    """Raises when a required field is missing, of another type, or unknown to the vendor's SDK, all the way down."""

    def refuse_unknown(value: Any) -> None:
        for item in value if isinstance(value, list) else ():
            refuse_unknown(item)
        if isinstance(value, pydantic.BaseModel):
            # The live answers have this field too; the SDK does not know it.
            unknown = set(value.model_extra or ()) - {"start_time_iso"}
            assert not unknown, f"{kind.__name__}: {sorted(unknown)}"
            for name in type(value).model_fields:
                refuse_unknown(getattr(value, name))

    refuse_unknown(kind.model_validate(content))


def test_the_stubs_costs_and_usage_of_openai_fit_the_types_of_its_sdk(stub: Stub) -> None:
    window = {"start_time": epoch(FIRST), "end_time": epoch(FIRST + timedelta(days=5))}
    groups = {"group_by[]": ["project_id", "line_item", "api_key_id"]}
    for page in pages(stub, "/openai/v1/organization/costs", BEARER, limit=2, **groups, **window):
        fits(UsageCostsResponse, page)
    kinds = {
        "completions": UsageCompletionsResponse,
        "embeddings": UsageEmbeddingsResponse,
        "web_search_calls": UsageWebSearchCallsResponse,
        "images": UsageImagesResponse,
    }
    for endpoint, kind in kinds.items():
        for page in pages(stub, f"/openai/v1/organization/usage/{endpoint}", BEARER, limit=3, **window):
            fits(kind, page)
    with pytest.raises(AssertionError, match="surprise"):
        fits(UsageCostsResponse, ask(stub, "/openai/v1/organization/costs", BEARER, **window) | {"surprise": 1})
    names = ask(stub, "/openai/v1/organization/projects", BEARER)["data"]
    for project in names:
        fits(Project, project)
        for key in ask(stub, f"/openai/v1/organization/projects/{project['id']}/api_keys", BEARER)["data"]:
            fits(ProjectAPIKey, key)


def test_the_stubs_rows_of_anthropic_fit_the_types_of_its_sdk(stub: Stub) -> None:
    span = {"starting_at": f"{FIRST}T00:00:00Z", "ending_at": f"{FIRST + timedelta(days=3)}T00:00:00Z"}
    kinds = {"cost": BetaAnalyticsCostItem, "usage": BetaAnalyticsUsageItem}
    for name, kind in kinds.items():
        path = f"/anthropic/v1/organizations/analytics/{name}"
        rows = ask(stub, path, ANTHROPIC, time_bucket_width="1d", **{"group_by[]": ["workspace_id", "model"]}, **span)
        assert rows["data"]
        for row in rows["data"]:
            fits(kind, row)
    for workspace in ask(stub, "/anthropic/v1/organizations/workspaces", ANTHROPIC)["data"]:
        fits(BetaWorkspace, workspace)
    for key in ask(stub, "/anthropic/v1/organizations/api_keys", ANTHROPIC)["data"]:
        fits(BetaAPIKey, key)

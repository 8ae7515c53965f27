"""OpenAI's admin API through the real connector: what is asked, what is landed, and what is refused."""

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pydantic
import pytest
import simplejson
import yaml
from openai.types.admin.organization import (
    Project,
    UsageAudioSpeechesResponse,
    UsageAudioTranscriptionsResponse,
    UsageCodeInterpreterSessionsResponse,
    UsageCompletionsResponse,
    UsageCostsResponse,
    UsageDecisionsResponse,
    UsageEmbeddingsResponse,
    UsageFileSearchCallsResponse,
    UsageImagesResponse,
    UsageModerationsResponse,
    UsageVectorStoresResponse,
    UsageWebSearchCallsResponse,
)
from openai.types.admin.organization.projects import ProjectAPIKey

from orchestration.contracts import landing_contract
from orchestration.landing import Outcome
from orchestration.packages import packages
from orchestration.paths import DBT_PROJECT, PROJECT, Home
from orchestration.sources.openai import USAGE_DIMENSIONS
from tests.vendor import KEY, Answer, Question, Vendor, land, landed_rows, texts_below, vendor

TODAY, YESTERDAY, TWO_DAYS_AGO = "2026-10-15", "2026-10-14", "2026-10-13"
COSTS, USAGE = "/organization/costs", "/organization/usage/"
PROJECTS = "/organization/projects"
SAMPLES = PROJECT / "tests" / "samples"
STAGED_COSTS = DBT_PROJECT / "models" / "staging" / "openai" / "stg_openai__costs"
Say = Callable[[Question], Answer]
Landed = tuple[list[Outcome], Vendor]
Land = Callable[..., Landed]

USAGE_TYPES: dict[str, type[pydantic.BaseModel]] = {
    "completions": UsageCompletionsResponse,
    "embeddings": UsageEmbeddingsResponse,
    "moderations": UsageModerationsResponse,
    "images": UsageImagesResponse,
    "audio_speeches": UsageAudioSpeechesResponse,
    "audio_transcriptions": UsageAudioTranscriptionsResponse,
    "vector_stores": UsageVectorStoresResponse,
    "code_interpreter_sessions": UsageCodeInterpreterSessionsResponse,
    "file_search_calls": UsageFileSearchCallsResponse,
    "web_search_calls": UsageWebSearchCallsResponse,
    "decisions": UsageDecisionsResponse,
}


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"openai_{name}.json").read_text(encoding="utf-8"))


def epoch(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def bucket(day: str, *results: dict[str, Any]) -> dict[str, Any]:
    start = epoch(day)
    return {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": list(results)}


def cost(value: Any = 1.25, currency: str = "usd", **group: Any) -> dict[str, Any]:
    """A result of the costs endpoint, grouped as it is asked for."""
    names = {"line_item": "gpt-5.1, input", "project_id": "proj_search", "api_key_id": "key_s1"}
    money = {"amount": {"value": value, "currency": currency}, "quantity": 2, "quantity_unit": "tokens"}
    return {"object": "organization.costs.result", "user_id": None, "api_source": None} | names | money | group


def page(*buckets: dict[str, Any], next_page: str | None = None) -> dict[str, Any]:
    return {"object": "page", "data": list(buckets), "has_more": next_page is not None, "next_page": next_page}


def buckets_of(question: Question, results: dict[str, list[dict[str, Any]]]) -> Answer:
    """The buckets that a question asks for, two a page, with the results of their days."""
    start, end = (int(question.query.get(name, ["0"])[0]) for name in ("start_time", "end_time"))
    end = end or epoch(TODAY) + 1
    days = [datetime.fromtimestamp(second, UTC).date().isoformat() for second in range(start, end, 86400)]
    first = int(question.query.get("page", ["0"])[0])
    found = [bucket(day, *results.get(day, [])) for day in days[first : first + 2]]
    return Answer(page(*found, next_page=str(first + 2) if first + 2 < len(days) else None))


def costs_of(results: dict[str, list[dict[str, Any]]]) -> Say:
    return lambda question: buckets_of(question, results)


def usage_of(results: dict[str, list[dict[str, Any]]], day: str = YESTERDAY) -> Say:
    """Every endpoint answers with its results of one day."""
    return lambda question: buckets_of(question, {day: results.get(question.path.removeprefix(USAGE), [])})


@pytest.fixture
def land_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Land:
    """Lands one table from a stub that gives the answer, in the same home each time."""

    def _land(say: Say, table: str = "costs", **source: Any) -> Landed:
        with vendor(say) as running:
            return land(tmp_path, monkeypatch, "openai", table, running.url, scope="org-larkfield", **source), running

    return _land


def statuses(outcomes: list[Outcome]) -> list[tuple[str | None, str]]:
    return [(outcome.partition, outcome.status) for outcome in outcomes]


# What is asked.


def test_costs_are_asked_for_by_day_and_by_project_line_item_and_key(land_answer: Land) -> None:
    _, asked = land_answer(costs_of({}), since=date(2026, 9, 29), months=("2026-09", "2026-10"))
    september, *october = asked.questions
    assert september.path == COSTS
    assert september.headers["authorization"] == f"Bearer {KEY}"
    assert september.query == {
        "start_time": [str(epoch("2026-09-29"))],
        "end_time": [str(epoch("2026-10-01"))],
        "bucket_width": ["1d"],
        "limit": ["31"],
        "group_by": ["project_id", "line_item", "api_key_id"],
    }
    # The window of the running day has no end: one in the future is refused.
    assert {question.query["start_time"][0] for question in october} == {str(epoch("2026-10-01"))}
    assert not any("end_time" in question.query for question in october)
    assert [question.query.get("page") for question in october[:3]] == [None, ["2"], ["4"]]


def test_costs_of_days_before_keys_could_be_grouped_are_asked_for_without_them(land_answer: Land) -> None:
    ended = {"today": date(2025, 12, 9), "months": ("2025-12",), "since": date(2025, 12, 4), "settle_days": 1}
    outcomes, asked = land_answer(costs_of({"2025-12-05": [cost(api_key_id=None)]}), **ended)
    first = {question.query["start_time"][0]: question.query["group_by"] for question in asked.questions}
    assert first == {
        str(epoch("2025-12-04")): ["project_id", "line_item"],
        str(epoch("2025-12-06")): ["project_id", "line_item", "api_key_id"],
    }
    assert statuses(outcomes) == [(f"2025-12-0{day}", "landed") for day in (4, 5, 6, 7, 8)]


def test_every_usage_endpoint_is_asked_with_its_own_dimensions(land_answer: Land) -> None:
    _, asked = land_answer(usage_of({}), "usage")
    groups = {question.path.removeprefix(USAGE): question.query["group_by"] for question in asked.questions}
    assert groups == {endpoint: list(dimensions) for endpoint, dimensions in USAGE_DIMENSIONS.items()}
    assert groups["completions"] == ["project_id", "api_key_id", "model", "batch", "service_tier"]
    assert not any("user_id" in dimensions for dimensions in groups.values())


def test_people_are_a_dimension_of_usage_when_they_are_asked_for(land_answer: Land, tmp_path: Path) -> None:
    result = sample("usage")["embeddings"][0] | {"user_id": "user-abc"}
    _, asked = land_answer(usage_of({"embeddings": [result]}), "usage", options={"usage_by_user": "yes"})
    groups = {question.path.removeprefix(USAGE): question.query["group_by"] for question in asked.questions}
    assert sorted(endpoint for endpoint, names in groups.items() if "user_id" not in names) == [
        "code_interpreter_sessions",
        "vector_stores",
    ]
    ((user_id,),) = landed_rows(tmp_path, "openai", "usage", "user_id")
    assert user_id.startswith("hmac:")
    assert b"user-abc" not in texts_below(tmp_path)


# What is landed.


def test_the_recorded_costs_are_landed_with_every_digit(land_answer: Land, tmp_path: Path) -> None:
    text = (SAMPLES / "openai_costs.json").read_text(encoding="utf-8")
    pages = [simplejson.dumps(item, use_decimal=True) for item in simplejson.loads(text, use_decimal=True)]
    outcomes, _ = land_answer(lambda question: Answer(pages["page" in question.query]), since=date(2026, 10, 13))
    assert statuses(outcomes) == [(TWO_DAYS_AGO, "landed"), (YESTERDAY, "landed"), (TODAY, "landed")]
    assert [outcome.row_count for outcome in outcomes] == [3, 0, 1]
    columns = "amount, upper(currency), line_item, project_id, api_key_id, quantity, quantity_unit"
    assert sorted(landed_rows(tmp_path, "openai", "costs", columns)) == [
        (Decimal("-2.5"), "USD", "Promotional credit", None, None, None, None),
        (
            Decimal("0.00000015"),
            "USD",
            "priority | gpt-5.6-sol, output, long context",
            "proj_search",
            None,
            Decimal("12.5"),
            "1000_tokens",
        ),
        (Decimal("0.1"), "USD", "web search tool calls", "proj_assistant", "key_a1", None, None),
        (
            Decimal("18.423100000000000001"),
            "USD",
            "gpt-5.1-2025-11-13, input",
            "proj_search",
            "key_s1",
            Decimal(9211550),
            "tokens",
        ),
    ]
    amounts = [Decimal(value) for value in re.findall(r'"value": ([^,]+),', text)]
    manifests = [item.manifest for item in packages(Home(tmp_path))]
    totals = [total for manifest in manifests for total in manifest.control_totals]
    assert {(total.provider, total.currency) for total in totals} == {("OpenAI", "USD")}
    for name in ("billed_cost", "effective_cost", "contracted_cost"):
        assert sum(Decimal(total.total) for total in totals if total.cost_column == name) == sum(amounts)
    assert not any(manifest.roundings for manifest in manifests)


def test_an_amount_of_more_than_18_decimals_is_rounded_once_and_said(land_answer: Land, tmp_path: Path) -> None:
    said = json.dumps(page(bucket(YESTERDAY, cost(7)), bucket(TODAY)))
    land_answer(lambda _: Answer(said.replace('"value": 7', '"value": 1.1234567890123456785')))
    assert landed_rows(tmp_path, "openai", "costs", "amount") == [(Decimal("1.123456789012345679"),)]
    (rounding,) = next(item.manifest.roundings for item in packages(Home(tmp_path)) if item.manifest.roundings)
    assert (rounding["column"], rounding["currency"]) == ("amount", "USD")
    assert Decimal(str(rounding["difference"])) == Decimal("-0.0000000000000000005")


def test_a_day_is_replaced_when_it_changes_and_only_then(land_answer: Land, tmp_path: Path) -> None:
    first = costs_of({YESTERDAY: [cost(1)], TODAY: [cost(2)]})
    assert statuses(land_answer(first)[0]) == [(YESTERDAY, "landed"), (TODAY, "landed")]
    assert statuses(land_answer(first)[0]) == [(YESTERDAY, "unchanged"), (TODAY, "unchanged")]
    restated = costs_of({YESTERDAY: [cost(1)], TODAY: [cost(2.5)]})
    assert statuses(land_answer(restated)[0]) == [(YESTERDAY, "unchanged"), (TODAY, "landed")]
    newest = max((item.manifest for item in packages(Home(tmp_path))), key=lambda item: item.sequence or 0)
    assert (newest.partition, newest.sequence, newest.control_totals[0].total) == (TODAY, 2, "2.500000000000000000")


def test_the_recorded_usage_of_every_endpoint_is_one_delivery(land_answer: Land, tmp_path: Path) -> None:
    recorded = sample("usage")
    outcomes, _ = land_answer(usage_of(recorded), "usage")
    assert statuses(outcomes) == [(YESTERDAY, "landed"), (TODAY, "landed")]
    assert {outcome.file_names for outcome in outcomes} == {("usage.jsonl.gz",)}
    assert not [result for outcome in outcomes for result in outcome.checks if not result.passed]
    names = [name for name in _columns_of("usage") if name not in ("start_time", "end_time")]
    landed = {}
    for row in landed_rows(tmp_path, "openai", "usage", ", ".join(names)):
        values = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        landed.setdefault(values.pop("endpoint"), []).append(values)
    said = {
        endpoint: [{name: value for name, value in result.items() if value is not None} for result in results]
        for endpoint, results in recorded.items()
    }
    assert {endpoint: sorted(rows, key=str) for endpoint, rows in landed.items()} == {
        endpoint: sorted(({name: row[name] for name in names if name in row} for row in rows), key=str)
        for endpoint, rows in said.items()
    }


def test_a_window_without_images_is_no_lost_column(land_answer: Land) -> None:
    """The columns of a window are those that its endpoints answered with; fewer of them are no change of the format."""
    recorded = sample("usage")
    land_answer(usage_of(recorded), "usage")
    fewer = recorded["completions"][0] | {"output_tokens": 251, "output_text_tokens": 251}
    without_images = recorded | {"images": [], "completions": [fewer, recorded["completions"][1]]}
    outcomes, _ = land_answer(usage_of(without_images), "usage")
    assert statuses(outcomes) == [(YESTERDAY, "landed"), (TODAY, "unchanged")]


def test_usage_of_a_window_is_landed_whole_or_not_at_all(land_answer: Land, tmp_path: Path) -> None:
    def say(question: Question) -> Answer:
        if question.path.endswith("/decisions"):
            return Answer({"error": {"message": "no permission"}}, status=403)
        return usage_of(sample("usage"))(question)

    outcomes, _ = land_answer(say, "usage")
    assert statuses(outcomes) == [(None, "failed")]
    assert not list(packages(Home(tmp_path)))


def test_usage_without_its_own_quantity_is_rejected(land_answer: Land) -> None:
    result = sample("usage")["images"][0] | {"images": None}
    outcomes, _ = land_answer(usage_of({"images": [result]}), "usage")
    assert (YESTERDAY, "rejected") in statuses(outcomes)
    assert "every result says what its endpoint meters" in outcomes[0].message


def names_of(names: dict[str, Any]) -> Say:
    """The lists of names, one a page; the cursor is the last id."""

    def say(question: Question) -> Answer:
        project = question.path.removeprefix(PROJECTS).strip("/").split("/")[0]
        records = names["api_keys"][project] if project else names["projects"]
        ids = [record["id"] for record in records]
        start = ids.index(question.query["after"][0]) + 1 if "after" in question.query else 0
        found = records[start : start + 1]
        ends = (
            {"first_id": found[0]["id"], "last_id": found[-1]["id"]} if found else {"first_id": None, "last_id": None}
        )
        return Answer({"object": "list", "data": found, "has_more": start + 1 < len(records)} | ends)

    return say


def test_projects_are_a_snapshot_of_today_with_the_archived_ones(land_answer: Land, tmp_path: Path) -> None:
    outcomes, asked = land_answer(names_of(sample("names")), "projects")
    assert statuses(outcomes) == [(TODAY, "landed")]
    assert [question.query for question in asked.questions] == [
        {"include_archived": ["true"], "limit": ["100"]},
        {"include_archived": ["true"], "limit": ["100"], "after": ["proj_search"]},
    ]
    columns = "project_id, name, status, residency, created_at, archived_at, cast(snapshot_date as varchar)"
    assert landed_rows(tmp_path, "openai", "projects", columns) == [
        ("proj_old", "Old prototype", "archived", None, 1711471000, 1751471533, TODAY),
        ("proj_search", "Search", "active", "GLOBAL", 1711471533, None, TODAY),
    ]


def test_keys_of_every_project_are_landed_without_their_values_and_people(land_answer: Land, tmp_path: Path) -> None:
    outcomes, asked = land_answer(names_of(sample("names")), "api_keys")
    assert statuses(outcomes) == [(TODAY, "landed")]
    assert {question.path for question in asked.questions} == {
        PROJECTS,
        f"{PROJECTS}/proj_search/api_keys",
        f"{PROJECTS}/proj_old/api_keys",
    }
    asked_for_keys = [question for question in asked.questions if question.path != PROJECTS]
    assert {question.query["owner_project_access"][0] for question in asked_for_keys} == {"any"}
    columns = "api_key_id, project_id, name, owner_type, owner_service_account_id, owner_email[:5], owner_user_id[:5]"
    assert landed_rows(tmp_path, "openai", "api_keys", columns) == [
        ("key_s1", "proj_search", "search production", "user", None, "hmac:", "hmac:"),
        ("key_s2", "proj_search", "search batch", "service_account", "svc_acct_1", None, None),
    ]
    kept = texts_below(tmp_path)
    for canary in (b"sk-proj", b"sk-svcacct", b"example.org", b"Jane", b"user-abc", KEY.encode()):
        assert canary not in kept


def test_a_canary_in_any_field_lands_nowhere(land_answer: Land, tmp_path: Path) -> None:
    mail, secret, prompt = "canary@example.org", "sk-proj-canary0123456789", "tell me about the canary"
    result = cost(
        line_item=f"for {mail}",
        project_id=secret,
        api_key_id=mail,
        user_id=mail,
        api_source=secret,
        quantity_unit=mail,
        prompt=prompt,
        messages=[{"content": prompt}],
    )
    result["amount"] |= {"note": prompt}
    said = page(bucket(YESTERDAY, result) | {"actor": mail}, bucket(TODAY)) | {"organization_name": prompt}
    outcomes, _ = land_answer(lambda _: Answer(said))
    assert statuses(outcomes) == [(YESTERDAY, "landed"), (TODAY, "landed")]
    assert b"canary" not in texts_below(tmp_path)
    (manifest,) = (item.manifest for item in packages(Home(tmp_path)) if item.manifest.row_count)
    assert {"organization_name", "data.results.prompt", "data.results.messages"} <= set(manifest.unknown_columns)


# What is refused.

GOOD = page(bucket(YESTERDAY, cost()), bucket(TODAY))
FAULTS: dict[str, tuple[Say, str]] = {
    "a wrong key": (lambda _: Answer({"error": {"message": "no"}}, status=401), "status 401"),
    "a refused combination": (lambda _: Answer({"error": {"message": "no"}}, status=400), "status 400"),
    "too many requests": (lambda _: Answer({"error": {}}, status=429, headers={"Retry-After": "0"}), "status 429"),
    "too many requests, no wait said": (lambda _: Answer({"error": {}}, status=429), "status 429"),
    "a broken server": (lambda _: Answer("oops", status=500), "status 500"),
    "a cut connection": (lambda _: Answer(drop=True), "after 5 tries"),
    "a page of HTML": (lambda _: Answer("<html>maintenance</html>"), "an answer in JSON"),
    "half an answer": (lambda _: Answer(json.dumps(GOOD)[:-20]), "an answer in JSON"),
    "NaN": (lambda _: Answer(json.dumps(GOOD).replace("1.25", "NaN")), "JSON"),
    "no data": (lambda _: Answer({"object": "page", "has_more": False}), "an answer with 'data'"),
    "data of another kind": (lambda _: Answer(GOOD | {"data": ["bucket"]}), "a list of objects named data"),
    "no word on a next page": (lambda _: Answer({"object": "page", "data": GOOD["data"]}), "has_more"),
    "no cursor": (lambda _: Answer(page(bucket(YESTERDAY)) | {"has_more": True}), "a cursor beside has_more"),
    "the same page again": (lambda _: Answer(page(bucket(YESTERDAY, cost()), next_page="again")), "repeats"),
    "a day left out": (lambda _: Answer(page(bucket(YESTERDAY, cost()))), f"no bucket of {TODAY}"),
    "a day twice": (lambda _: Answer(page(bucket(YESTERDAY, cost(1)), bucket(YESTERDAY, cost(2)))), "not awaited"),
    "a day that nobody asked for": (lambda _: Answer(page(bucket(TWO_DAYS_AGO), *GOOD["data"])), "not awaited"),
    "a bucket without results": (
        lambda _: Answer(page(*GOOD["data"][:1], {key: GOOD["data"][1][key] for key in ("start_time", "end_time")})),
        "without results",
    ),
    "a cost without an amount": (
        lambda _: Answer(page(bucket(YESTERDAY, cost(None)), bucket(TODAY))),
        "amount is never null",
    ),
    "costs without any amount": (
        lambda _: Answer(page(bucket(YESTERDAY, {"line_item": "x"}), bucket(TODAY))),
        "amount.value",
    ),
    "a cost without a currency": (
        lambda _: Answer(page(bucket(YESTERDAY, cost(1, "")), bucket(TODAY))),
        "currency is never null",
    ),
    "an amount in words": (lambda _: Answer(page(bucket(YESTERDAY, cost("one")), bucket(TODAY))), "'one'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_of_a_broken_answer_is_landed(fault: str, land_answer: Land, tmp_path: Path) -> None:
    say, words = FAULTS[fault]
    outcomes, asked = land_answer(say)
    assert any(outcome.is_failure for outcome in outcomes), statuses(outcomes)
    assert words in "".join(outcome.message for outcome in outcomes)
    assert not [item for item in packages(Home(tmp_path)) if item.manifest.row_count]
    retried = {"too many requests", "too many requests, no wait said", "a broken server", "a cut connection"}
    assert len(asked.questions) == (5 if fault in retried else 2 if fault == "the same page again" else 1)


@pytest.mark.parametrize("headers", [{"Retry-After": "0"}, {}])
def test_a_vendor_that_is_busy_for_a_moment_is_asked_again(headers: dict[str, str], land_answer: Land) -> None:
    answers = iter([Answer({"error": {}}, status=429, headers=headers), Answer("oops", status=500), Answer(GOOD)])
    outcomes, asked = land_answer(lambda _: next(answers))
    assert statuses(outcomes) == [(YESTERDAY, "landed"), (TODAY, "landed")]
    assert len(asked.questions) == 3


def test_a_list_of_keys_that_is_no_list_is_refused_and_shows_no_person(land_answer: Land, tmp_path: Path) -> None:
    listed = sample("names")["api_keys"]["proj_search"]
    good = names_of(sample("names"))
    outcomes, _ = land_answer(
        lambda question: Answer({"data": listed}) if question.path.endswith("api_keys") else good(question), "api_keys"
    )
    assert statuses(outcomes) == [(None, "failed")]
    assert "example.org" not in outcomes[0].message
    assert b"example.org" not in texts_below(tmp_path)


# The recorded answers are what the vendor's own types say.


def strictly(kind: type[pydantic.BaseModel], content: Any) -> None:
    """Raises ValidationError or AssertionError when a field is missing, of another type, or unknown to the SDK."""

    def no_extra(value: Any) -> None:
        if isinstance(value, pydantic.BaseModel):
            assert not value.model_extra, f"{type(value).__name__} does not know {sorted(value.model_extra)}"
            for name in type(value).model_fields:
                no_extra(getattr(value, name))
        for item in value if isinstance(value, list) else ():
            no_extra(item)

    no_extra(kind.model_validate(content))


def test_the_recorded_costs_are_of_the_sdk_type() -> None:
    for recorded in sample("costs"):
        strictly(UsageCostsResponse, recorded)


@pytest.mark.parametrize("endpoint", USAGE_DIMENSIONS)
def test_the_recorded_usage_is_of_the_sdk_type(endpoint: str) -> None:
    results = sample("usage")[endpoint]
    strictly(USAGE_TYPES[endpoint], page(bucket(YESTERDAY, *results)))
    unknown = [results[0] | {"surprise": 1}]
    with pytest.raises(AssertionError, match="surprise"):
        strictly(USAGE_TYPES[endpoint], page(bucket(YESTERDAY, *unknown)))
    missing = [{name: value for name, value in results[0].items() if name != "object"}]
    with pytest.raises(pydantic.ValidationError):
        strictly(USAGE_TYPES[endpoint], page(bucket(YESTERDAY, *missing)))


def test_the_recorded_names_are_of_the_sdk_types() -> None:
    names = sample("names")
    for project in names["projects"]:
        strictly(Project, project)
    for key in names["api_keys"]["proj_search"]:
        strictly(ProjectAPIKey, key)


# Line items. The same cases are a unit test of dbt beside the model.


def line_items() -> list[dict[str, str]]:
    with (SAMPLES / "openai_line_items.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_line_items_are_read_as_the_cases_say() -> None:
    sql = jinja2.Template(STAGED_COSTS.with_suffix(".sql").read_text(encoding="utf-8")).render(
        source=lambda *_: "costs", money=lambda value: f"cast({value} as decimal(35, 18))"
    )
    cases = line_items()
    names = list(cases[0])
    others = [*_columns_of("costs"), "delivery_id", "_part", "_row_number", "source_name", "scope", "role"]
    with duckdb.connect() as connection:
        empty = ", ".join(f"null as {name}" for name in others if name not in names)
        connection.execute("create table cases (line_item varchar, quantity_unit varchar)")
        given = [[case["line_item"] or None, case["quantity_unit"] or None] for case in cases]
        connection.executemany("insert into cases values (?, ?)", given)
        connection.execute(f"create table costs as select *, {empty}, '{YESTERDAY}' as partition_key from cases")
        rows = connection.execute(f"select {', '.join(names)} from ({sql})").fetchall()
    found = [{name: _csv_text(value) for name, value in zip(names, row, strict=True)} for row in rows]
    assert sorted(found, key=str) == sorted(cases, key=str)


def test_the_unit_test_beside_the_model_has_the_same_cases() -> None:
    unit_test = yaml.safe_load(STAGED_COSTS.with_suffix(".yml").read_text(encoding="utf-8"))["unit_tests"][0]
    expected = [{name: _csv_text(value) for name, value in row.items()} for row in unit_test["expect"]["rows"]]
    assert expected == line_items()


def _csv_text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _columns_of(table: str) -> list[str]:
    return [column.name for column in landing_contract("openai", table).columns]

"""Anthropic's reports through the real connector: what is asked, what is landed, and what is refused."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pydantic
import pytest
from anthropic.types.beta.organization.analytics import BetaAnalyticsCostItem, BetaAnalyticsUsageItem
from anthropic.types.beta.organization.beta_api_key import BetaAPIKey
from anthropic.types.beta.organization.beta_workspace import BetaWorkspace

from orchestration.landing import Outcome
from orchestration.packages import packages
from orchestration.paths import PROJECT, Home
from tests.vendor import KEY, Answer, Question, Vendor, land, landed_rows, texts_below, vendor

DAY = "2026-10-14"
CURRENCY = "USD"
ANALYTICS = "/v1/organizations/analytics/"
Landed = tuple[list[Outcome], Vendor]
Land = Callable[..., Landed]


def sample(name: str) -> Any:
    return json.loads((PROJECT / "tests" / "samples" / f"anthropic_{name}.json").read_text(encoding="utf-8"))


def cost_row(amount: str, day: str = DAY, **group: Any) -> dict[str, Any]:
    """A row of the cost report, as in the sample, with another amount; other keys of the group on request."""
    row = sample("cost")["data"][0]
    row["starting_at"], row["ending_at"] = f"{day}T00:00:00Z", f"{day[:8]}{int(day[8:]) + 1:02d}T00:00:00Z"
    row["group"] |= group
    row["cost"] |= {"amount": amount, "list_amount": amount}
    return dict(row)


def page(*rows: dict[str, Any], next_page: str | None = None, **more: Any) -> dict[str, Any]:
    answer = {"data": list(rows), "has_more": next_page is not None, "next_page": next_page}
    return answer | {"data_refreshed_at": "2026-10-15T03:40:00Z"} | more


@pytest.fixture
def land_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Land:
    """Lands one table from a stub that gives the answer, in the same home each time."""

    def _land(answer: Any, table: str = "cost", **source: Any) -> Landed:
        say = answer if callable(answer) else lambda _: answer if isinstance(answer, Answer) else Answer(answer)
        with vendor(say) as running:
            return land(tmp_path, monkeypatch, "anthropic", table, running.url, **source), running

    return _land


def statuses(outcomes: list[Outcome]) -> list[tuple[str | None, str]]:
    return [(outcome.partition, outcome.status) for outcome in outcomes]


# What is asked.


def test_the_analytics_reports_are_asked_by_day_and_by_five_groups(land_answer: Land) -> None:
    _, asked = land_answer(page(), since=date(2026, 9, 29), months=("2026-09", "2026-10"))
    first, second = asked.questions
    assert first.path == ANALYTICS + "cost"
    assert {"x-api-key": KEY, "anthropic-version": "2023-06-01"}.items() <= first.headers.items()
    assert first.headers["anthropic-beta"] == "analytics-usage-cost-2026-08-24"
    assert first.query == {
        "starting_at": ["2026-09-29T00:00:00Z"],
        "ending_at": ["2026-10-01T00:00:00Z"],
        "time_bucket_width": ["1d"],
        "group_by[]": [
            *("workspace_id", "model", "service_tier", "context_window", "api_key_id"),
            *("cost_type", "token_type"),
        ],
        "order_by": ["time"],
        "order": ["asc"],
        "limit": ["1000"],
    }
    # The running day is not over: 15 October is not asked for.
    assert (second.query["starting_at"], second.query["ending_at"]) == (
        ["2026-10-01T00:00:00Z"],
        ["2026-10-15T00:00:00Z"],
    )


def test_no_person_is_asked_for_in_any_report(land_answer: Land) -> None:
    for table in ("cost", "usage", "legacy_cost", "legacy_usage"):
        options = {"reports": "legacy"} if table.startswith("legacy") else {}
        _, asked = land_answer(page(), table, options=options)
        groups = {group for question in asked.questions for group in question.query["group_by[]"]}
        assert groups
        assert not groups & {"actor", "account_id", "user_profile_id", "claude_tag_user_id", "service_account_id"}


def test_a_source_asks_one_generation_of_reports(land_answer: Land) -> None:
    for table, options in (("cost", {"reports": "legacy"}), ("legacy_cost", {}), ("legacy_usage", {})):
        outcomes, asked = land_answer(page(), table, options=options)
        assert [outcome.status for outcome in outcomes] == ["nothing_new"]
        assert asked.questions == []
    (refused,), asked = land_answer(page(), options={"reports": "both"})
    assert refused.status == "failed"
    assert "analytics or legacy" in refused.message
    assert asked.questions == []


def test_the_last_day_of_a_history_ends_it(land_answer: Land) -> None:
    history: dict[str, Any] = {
        "since": date(2025, 12, 30),
        "months": ("2025-12", "2026-01"),
        "today": date(2026, 1, 15),
    }
    options = {"reports": "legacy", "until": "2025-12-31"}
    days: list[dict[str, Any]] = [
        {"starting_at": f"2025-12-{day}T00:00:00Z", "ending_at": None, "results": []} for day in (30, 31)
    ]
    outcomes, asked = land_answer(page(*days), "legacy_cost", options=options, **history)
    assert statuses(outcomes) == [("2025-12-30", "landed"), ("2025-12-31", "landed")]
    assert len(asked.questions) == 1
    (refused,), _ = land_answer(page(), "legacy_cost", options=options | {"until": "last year"}, **history)
    assert "option until: a UTC day" in refused.message


@pytest.mark.parametrize(
    ("today", "since", "first"),
    [(date(2026, 1, 3), date(2025, 12, 31), "2026-01-01"), (date(2027, 1, 2), date(2026, 1, 2), "2027-01-01")],
)
def test_days_that_the_reports_do_not_answer_for_are_named_after_the_others_landed(
    land_answer: Land, today: date, since: date, first: str
) -> None:
    months = (f"{since:%Y-%m}", f"{today:%Y-%m}")
    outcomes, asked = land_answer(page(), today=today, since=since, months=months)
    *landed, failed = outcomes
    assert landed[0].partition == ("2026-01-03" if today.year == 2027 else first)
    assert {outcome.status for outcome in landed} == {"landed"}
    assert failed.status == "failed"
    assert "1 earlier days that were never landed" in failed.message
    assert f"set `since = {landed[0].partition}`" in failed.message
    assert asked.questions[0].query["starting_at"] == [f"{landed[0].partition}T00:00:00Z"]


# What is landed.


def test_two_pages_are_one_day_and_every_digit_of_the_cents_is_kept(land_answer: Land, tmp_path: Path) -> None:
    amounts = ["184213.55", "0.1234567890123456", "99999999999999999.0000000000000001"]

    def answer(question: Question) -> Answer:
        if "page" not in question.query:
            return Answer(page(cost_row(amounts[0]), cost_row(amounts[1], model="a"), next_page="two"))
        return Answer(page(cost_row(amounts[2], model="b"), data_refreshed_at="2026-10-15T09:00:00Z"))

    (outcome,), asked = land_answer(answer)
    assert (outcome.partition, outcome.status, outcome.row_count) == (DAY, "landed", 3)
    assert [question.query.get("page") for question in asked.questions] == [None, ["two"]]
    landed = [row[0] for row in landed_rows(tmp_path, "anthropic", "cost", "amount_cents")]
    assert landed == sorted(Decimal(amount) for amount in amounts)
    (package,) = packages(Home(tmp_path))
    billed = next(total for total in package.manifest.control_totals if total.cost_column == "billed_cost")
    assert billed.total == "1000000000001842.126734567890123457"
    assert (billed.provider, billed.currency) == ("Anthropic", CURRENCY)
    assert package.manifest.watermark == "2026-10-15T09:00:00Z"
    assert all(check["passed"] for check in package.manifest.checks)


def test_an_amount_finer_than_the_money_type_is_rounded_once_and_reported(land_answer: Land, tmp_path: Path) -> None:
    (outcome,), _ = land_answer(page(cost_row("0.12345678901234567")))
    assert outcome.status == "landed"
    assert [check.name for check in outcome.checks if not check.passed] == ["no amount is finer than the money type"]
    (package,) = packages(Home(tmp_path))
    assert {total.total for total in package.manifest.control_totals} == {"0.001234567890123457"}


def test_the_same_answer_is_unchanged_an_empty_day_is_landed_and_a_restated_day_replaces(
    land_answer: Land, tmp_path: Path
) -> None:
    days = {"since": date(2026, 10, 13)}
    first, _ = land_answer(page(cost_row("100"), data_refreshed_at="2026-10-15T01:00:00Z"), **days)
    assert statuses(first) == [("2026-10-13", "landed"), (DAY, "landed")]
    assert [outcome.row_count for outcome in first] == [0, 1]
    again, _ = land_answer(page(cost_row("100"), data_refreshed_at="2026-10-15T02:00:00Z"), **days)
    assert statuses(again) == [("2026-10-13", "unchanged"), (DAY, "unchanged")]
    restated, _ = land_answer(page(cost_row("101")), **days)
    assert statuses(restated) == [("2026-10-13", "unchanged"), (DAY, "landed")]
    assert restated[1].message.startswith("replaces 1 rows, 1.00 USD billed")
    newest = max(packages(Home(tmp_path)), key=lambda package: package.manifest.sequence or 0)
    assert newest.manifest.control_totals[0].total == "1.010000000000000000"


def test_a_code_execution_row_has_no_key_and_no_model(land_answer: Land, tmp_path: Path) -> None:
    (outcome,), _ = land_answer(sample("cost"))
    assert (outcome.status, outcome.row_count) == ("landed", 2)
    columns = "workspace_id, api_key_id, model, service_tier, context_window, cost_type, token_type, amount_cents"
    assert landed_rows(tmp_path, "anthropic", "cost", columns) == [
        (
            *("wrkspc_01Search", "apikey_01Search", "claude-opus-5-5", "standard", "0-200k", "tokens", "output_tokens"),
            Decimal("184213.55"),
        ),
        (None, None, None, None, None, "code_execution", None, Decimal("0.0000000000000123")),
    ]


def test_usage_lands_whole_counts_of_disjoint_classes(land_answer: Land, tmp_path: Path) -> None:
    (outcome,), _ = land_answer(sample("usage"), "usage")
    assert outcome.status == "landed"
    assert all(check.passed for check in outcome.checks)
    columns = """uncached_input_tokens, cache_read_input_tokens, cache_creation_5m_input_tokens,
        cache_creation_1h_input_tokens, output_tokens, web_search_requests, total_tokens, requests"""
    assert landed_rows(tmp_path, "anthropic", "usage", columns) == [
        (1_500_000, 200_000, 50_000, 10_000, 90_000_000, 10, 91_760_000, 4_200)
    ]


def test_the_older_reports_unpack_their_buckets(land_answer: Land, tmp_path: Path) -> None:
    history = {"since": date(2025, 10, 13), "months": ("2025-10",), "today": date(2025, 10, 15)}
    legacy = {"options": {"reports": "legacy"}, **history}
    costs, asked = land_answer(sample("legacy_cost"), "legacy_cost", **legacy)
    assert [(outcome.status, outcome.row_count) for outcome in costs] == [("landed", 0), ("landed", 2)]
    assert asked.questions[0].path == "/v1/organizations/cost_report"
    assert "anthropic-beta" not in asked.questions[0].headers
    assert asked.questions[0].query["group_by[]"] == ["workspace_id", "description"]
    columns = "cast(starting_at as date), workspace_id, model, token_type, inference_geo, amount_cents, currency"
    of_default = (None, "claude-sonnet-4-5-20250929", "output_tokens", "global", Decimal("412.8"), CURRENCY)
    assert landed_rows(tmp_path, "anthropic", "legacy_cost", columns) == [
        (date(2025, 10, 14), "wrkspc_01Search", None, None, None, Decimal("3.5"), CURRENCY),
        (date(2025, 10, 14), *of_default),
    ]
    usage, asked = land_answer(sample("legacy_usage"), "legacy_usage", **legacy)
    assert [(outcome.status, outcome.row_count) for outcome in usage] == [("landed", 0), ("landed", 1)]
    assert asked.questions[0].path == "/v1/organizations/usage_report/messages"
    columns = "api_key_id, service_tier, uncached_input_tokens, cache_creation_1h_input_tokens, output_tokens"
    assert landed_rows(tmp_path, "anthropic", "legacy_usage", columns) == [(None, "priority", 1500, 1000, 500)]


def test_a_day_without_a_bucket_is_a_skipped_page_and_lands_nothing(land_answer: Land) -> None:
    history = {"since": date(2025, 10, 12), "months": ("2025-10",), "today": date(2025, 10, 15)}
    (failed,), _ = land_answer(sample("legacy_cost"), "legacy_cost", options={"reports": "legacy"}, **history)
    assert (failed.status, failed.row_count) == ("failed", 0)
    assert "none for 2025-10-12" in failed.message


def test_names_are_kept_a_day_and_paged_by_the_last_id(land_answer: Land, tmp_path: Path) -> None:
    workspaces = sample("workspaces")
    other = workspaces["data"][0] | {"id": "wrkspc_02", "name": "Old", "archived_at": "2026-01-01T00:00:00Z"}

    def answer(question: Question) -> Answer:
        if "after_id" not in question.query:
            return Answer(workspaces | {"has_more": True})
        return Answer(workspaces | {"data": [other], "last_id": "wrkspc_02"})

    (outcome,), asked = land_answer(answer, "workspaces")
    assert (outcome.partition, outcome.status, outcome.row_count) == ("2026-10-15", "landed", 2)
    assert asked.questions[0].query == {"include_archived": ["true"], "include_default": ["true"], "limit": ["1000"]}
    assert asked.questions[1].query["after_id"] == ["wrkspc_01Search"]
    columns = "snapshot_date, workspace_id, workspace_name, tags, archived_at is not null"
    assert landed_rows(tmp_path, "anthropic", "workspaces", columns) == [
        (date(2026, 10, 15), "wrkspc_01Search", "Search", '{"team": "search"}', False),
        (date(2026, 10, 15), "wrkspc_02", "Old", '{"team": "search"}', True),
    ]


def test_a_key_is_its_id_name_and_place_in_both_shapes_of_the_answer(land_answer: Land, tmp_path: Path) -> None:
    keys = sample("api_keys")
    older = {name: value for name, value in keys["data"][0].items() if name not in ("scope", "principal")}
    keys["data"].append(older | {"id": "apikey_02", "workspace_id": "wrkspc_01Search"})
    (outcome,), _ = land_answer(keys, "api_keys")
    assert outcome.status == "landed"
    columns = "api_key_id, coalesce(scope_workspace_id, workspace_id), created_by_id like 'hmac:%'"
    assert landed_rows(tmp_path, "anthropic", "api_keys", columns) == [
        ("apikey_01Search", "wrkspc_01Search", True),
        ("apikey_02", "wrkspc_01Search", True),
    ]
    kept = texts_below(tmp_path)
    assert b"sk-ant" not in kept
    assert b"user_01Ada" not in kept


def test_people_prompts_and_secrets_land_nowhere(land_answer: Land, tmp_path: Path) -> None:
    mail, prompt, secret = "ada.canary@example.org", "canary: what is my diagnosis", "sk-ant-canary-0123456789"
    row = cost_row("1", workspace_id=f"wrkspc {mail}", model=f"model {secret}", actor={"email": mail, "name": prompt})
    row |= {"prompt": prompt, "messages": [{"content": prompt}], mail: secret, prompt: mail}
    row["cost"]["note"] = f"{mail} {secret}"
    (outcome,), _ = land_answer(page(row, organization=mail, system=prompt))
    assert outcome.status == "landed"
    kept = texts_below(tmp_path)
    for canary in (mail, prompt, secret):
        assert canary.encode() not in kept


# What is refused.


def two_pages(second: dict[str, Any]) -> Callable[[Question], Answer]:
    first = page(cost_row("1"), next_page="two")
    return lambda question: Answer(second if "page" in question.query else first)


REFUSALS: dict[str, tuple[Any, str]] = {
    "a wrong key": (Answer({"error": {"message": "no"}}, 401), "the key is wrong or expired"),
    "a bad request": (Answer({"error": {"message": "no"}}, 400), "status 400"),
    "a page in HTML": (Answer("<html>login</html>"), "an answer in JSON"),
    "JSON cut short": (Answer('{"data": ['), "an answer in JSON"),
    "no number": (Answer('{"data": [], "has_more": false, "next_page": null, "x": NaN}'), "an answer in JSON"),
    "no list": ({"has_more": False, "next_page": None}, "an answer with 'data'"),
    "no word on more pages": ({"data": [cost_row("1")]}, "an answer in JSON"),
    "more pages and no cursor": (page(cost_row("1"), has_more=True), "a cursor beside has_more: true"),
    "the same page twice": (two_pages(page(cost_row("1"))), "repeats an earlier page"),
    "a cursor that stays": (page(cost_row("1"), next_page="two"), "repeats an earlier page"),
    "always busy": (Answer({}, 429, {"Retry-After": "0"}), "status 429"),
    "always broken": (Answer({}, 500), "status 500"),
    "always cut off": (Answer(drop=True), "after 5 tries"),
    "a day that was not asked for": (page(cost_row("1", "2026-10-13")), "rows of 2026-10-13"),
    "no amount": (page(cost_row("")), "amount_cents is never null"),
    "an amount that is none": (page(cost_row("12,50")), "decimal(35,18)"),
    "another currency": (page(cost_row("1") | {"cost": cost_row("1")["cost"] | {"currency": "JPY"}}), "currency has"),
    "a combination twice": (page(cost_row("1"), cost_row("2")), "a combination stands once in a day"),
    "a group that is gone": (page({**cost_row("1"), "group": {"model": "m"}}), "the fields group.workspace_id"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_an_answer_that_is_none_lands_nothing_and_says_why(land_answer: Land, tmp_path: Path, name: str) -> None:
    answer, words = REFUSALS[name]
    (outcome,), _ = land_answer(answer)
    assert outcome.is_failure
    assert words in outcome.message
    assert list(packages(Home(tmp_path))) == []


@pytest.mark.parametrize(
    "trouble", [Answer({}, 429, {"Retry-After": "0"}), Answer({}, 429), Answer({}, 503), Answer(drop=True)]
)
def test_trouble_that_passes_is_tried_again(land_answer: Land, trouble: Answer) -> None:
    troubles = iter([trouble, trouble])
    (outcome,), asked = land_answer(lambda _: next(troubles, Answer(page(cost_row("1")))))
    assert (outcome.status, outcome.row_count, len(asked.questions)) == ("landed", 1, 3)


# The vendor's own types.


def has_every_field(model: Any) -> bool:
    """Whether a validated answer has all fields of its type and no other, all the way down."""
    if isinstance(model, list):
        return all(has_every_field(item) for item in model)
    if not isinstance(model, pydantic.BaseModel):
        return True
    names = {field.alias or name for name, field in type(model).model_fields.items()}
    is_whole = not model.model_extra and set(model.model_fields_set) == names
    return is_whole and all(has_every_field(value) for _, value in model)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cost", BetaAnalyticsCostItem),
        ("usage", BetaAnalyticsUsageItem),
        ("workspaces", BetaWorkspace),
        ("api_keys", BetaAPIKey),
    ],
)
def test_the_samples_are_what_the_vendors_types_say(name: str, kind: type[pydantic.BaseModel]) -> None:
    for item in sample(name)["data"]:
        assert has_every_field(kind.model_validate(item))
        assert not has_every_field(kind.model_validate(item | {"unknown": 1}))
        missing = dict(item)
        missing.popitem()
        with pytest.raises((pydantic.ValidationError, AssertionError)):
            assert has_every_field(kind.model_validate(missing))

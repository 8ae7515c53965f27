"""Cursor's usage events and members: what is asked, what is kept, and what is no answer."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.scrubbing import PersonHasher
from tests.vendor import PERSON_KEY, Answer, Question, land, landed_rows, texts_below, vendor

SAMPLES = Path(__file__).parent / "samples"
EVENTS = (SAMPLES / "cursor_usage_events.json").read_text()
MEMBERS = json.loads((SAMPLES / "cursor_members.json").read_text())
HASHER = PersonHasher(PERSON_KEY)
# The first millisecond of 2026-10-14.
MIDNIGHT = 1791936000000


def landing(
    home: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Question], Answer], table: str = "usage_events"
) -> tuple[list[Any], list[Question]]:
    with vendor(answer) as running:
        return land(home, monkeypatch, "cursor", table, running.url, scope="acme"), running.questions


def paged(question: Question, size: int = 2) -> Answer:
    """The sample's events, `size` a page. Every digit stays as it is."""
    said = json.loads(EVENTS, parse_float=str)
    number, events = question.body["page"], said["usageEvents"]
    here = events[size * (number - 1) : size * number]
    pagination = {"currentPage": number, "hasNextPage": size * number < len(events)}
    text = json.dumps(said | {"usageEvents": here, "pagination": pagination})
    for digits in (
        "20.18232",
        "1.18",
        "21.3623212345678901",
        "0.0101",
        "0.0000123456789012",
        "0.0101123456789012",
        "1.4",
    ):
        text = text.replace(f'"{digits}"', digits)
    return Answer(text)


def test_two_pages_of_an_ended_day_are_kept_to_the_last_digit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (outcome,), questions = landing(tmp_path, monkeypatch, paged)
    assert (outcome.status, outcome.partition, outcome.row_count) == ("landed", "2026-10-14", 3)
    assert [question.body for question in questions] == [
        {"startDate": 1791936000000, "endDate": 1792022399999, "page": page, "pageSize": 1000} for page in (1, 2)
    ]
    assert questions[0].headers["authorization"] == "Basic dGVzdC1rZXk6"
    rows = landed_rows(tmp_path, "cursor", "usage_events", "charged_cents, model_cents, token_fee_cents, user_email")
    ada, bruno = HASHER.hash("ada.archer@example.org"), HASHER.hash("bruno.bell@example.org")
    assert rows == [
        (Decimal("0.0101123456789012"), Decimal("0.0101"), Decimal("0.0000123456789012"), ada),
        (Decimal("21.3623212345678901"), Decimal("20.18232"), Decimal("1.18"), ada),
        (None, None, None, bruno),
    ]
    manifest = json.loads(next(tmp_path.glob("landing/cursor/*/*/*/*/*/manifest.json")).read_text())
    totals = {total["cost_column"]: Decimal(total["total"]) for total in manifest["control_totals"]}
    assert totals["billed_cost"] == (Decimal("21.3623212345678901") + Decimal("0.0101123456789012")) / 100
    assert totals["list_cost"] == (Decimal("21.36232") + Decimal("0.0101123456789012")) / 100
    assert [check["name"] for check in manifest["checks"] if not check["passed"]] == []


def test_a_window_is_one_question_and_events_fall_into_their_utc_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = EVENTS.replace("1791970400000", str(MIDNIGHT)).replace('"1791970325854"', f'"{MIDNIGHT - 1}"', 1)
    empty = json.dumps(json.loads(EVENTS) | {"totalUsageEventsCount": 0, "usageEvents": []})

    def answer(question: Question) -> Answer:
        return Answer(said if question.body["startDate"] <= MIDNIGHT <= question.body["endDate"] else empty)

    with vendor(answer) as running:
        arguments = {"scope": "acme", "months": ("2026-08", "2026-09", "2026-10"), "since": date(2026, 8, 1)}
        outcomes = land(tmp_path, monkeypatch, "cursor", "usage_events", running.url, **arguments)
    days = 24 * 60 * 60 * 1000
    asked = [(question.body["startDate"], question.body["endDate"]) for question in running.questions]
    first = MIDNIGHT - 74 * days
    assert asked == [
        (first, first + 30 * days - 1),
        (first + 30 * days, first + 31 * days - 1),
        (first + 31 * days, first + 61 * days - 1),
        (first + 61 * days, MIDNIGHT + days - 1),
    ]
    assert {outcome.status for outcome in outcomes} == {"landed"}
    assert len(outcomes) == 75
    counts = {outcome.partition: outcome.row_count for outcome in outcomes if outcome.row_count}
    assert counts == {"2026-10-13": 1, "2026-10-14": 2}


def test_a_day_said_again_is_unchanged_and_a_restated_one_replaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restated = EVENTS.replace("21.3623212345678901", "22.36232")
    found = [
        landing(tmp_path, monkeypatch, lambda _, text=text: Answer(text))[0] for text in (EVENTS, EVENTS, restated)
    ]
    assert [outcomes[0].status for outcomes in found] == ["landed", "unchanged", "landed"]


def test_a_day_without_events_is_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {"totalUsageEventsCount": 0, "pagination": {"hasNextPage": False}, "usageEvents": []}
    (outcome,), _ = landing(tmp_path, monkeypatch, lambda _: Answer(empty))
    assert (outcome.status, outcome.row_count) == ("landed", 0)


def test_cents_that_dollars_cannot_hold_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (outcome,), _ = landing(
        tmp_path, monkeypatch, lambda _: Answer(EVENTS.replace("21.3623212345678901", "21.36232123456789012"))
    )
    assert outcome.status == "landed"
    assert [check.name for check in outcome.checks if not check.passed] == [
        "cents have at most 16 decimals, so that dollars hold them"
    ]


NO_ANSWERS = {
    "events moved": (EVENTS.replace('Count": 3', 'Count": 4'), "totalUsageEventsCount"),
    "no count": (EVENTS.replace("totalUsageEventsCount", "total"), "totalUsageEventsCount"),
    "no next page word": (EVENTS.replace("hasNextPage", "more"), "JSON"),
    "more, for ever": (EVENTS.replace('hasNextPage": false', 'hasNextPage": true'), "every page once"),
    "a chargeable event without a charge": (
        EVENTS.replace('"chargedCents": 21.3623212345678901,', ""),
        "says its charge",
    ),
    "another day": (EVENTS.replace("1791970400000", "1792970400000"), "2026-10-25"),
    "an error with 200": ('{"error": "team not found"}', "hasNextPage"),
    "no list": (EVENTS.replace("usageEvents", "events"), "usageEvents"),
    "half an answer": (EVENTS[:500], "JSON"),
    "infinity": (EVENTS.replace("20.18232", "Infinity"), "JSON"),
}


@pytest.mark.parametrize(("text", "words"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_answer_lands_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    (outcome,), _ = landing(tmp_path, monkeypatch, lambda _: Answer(text))
    assert outcome.is_failure
    assert words in outcome.message
    assert "example.org" not in outcome.message
    assert not list(tmp_path.glob("landing/cursor/*/*/*/2026*"))


def test_members_are_hashed_and_removed_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (outcome,), questions = landing(tmp_path, monkeypatch, lambda _: Answer(MEMBERS), "members")
    assert (outcome.status, outcome.partition) == ("landed", "2026-10-15")
    assert (questions[0].method, questions[0].path) == ("GET", "/teams/members")
    rows = landed_rows(tmp_path, "cursor", "members", "is_removed, email, member_role")
    assert rows == [
        (False, HASHER.hash("ada.archer@example.org"), "owner"),
        (True, HASHER.hash("bruno.bell@example.org"), "member"),
    ]
    kept = texts_below(tmp_path)
    assert b"Archer" not in kept
    assert b"7001" not in kept


def test_nothing_personal_and_no_secret_reaches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canaries = ("canary@example.org", "a prompt that nobody may read", "crsr_0123456789abcdefghij")
    mail, prompt, secret = canaries
    said = json.loads(EVENTS)
    said["usageEvents"][0] |= {"userEmail": mail, "kind": f"{mail} {secret}", "prompt": prompt, "owner": mail}
    said["usageEvents"][0]["tokenUsage"] |= {"note": prompt}
    said["usageEvents"][1] |= {"model": f"model-of-{mail}", "messages": [prompt]}
    (outcome,), _ = landing(tmp_path, monkeypatch, lambda _: Answer(said | {"period": {"by": mail}}))
    assert outcome.status == "landed"
    kept = texts_below(tmp_path)
    assert not [canary for canary in canaries if canary.encode() in kept]

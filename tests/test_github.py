"""GitHub's AI credits and seats: what is asked, what is kept, and what is no answer."""

import copy
import hashlib
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.scrubbing import PersonHasher
from orchestration.sources.api import TRIES
from tests.vendor import PERSON_KEY, Answer, Question, land, landed_rows, texts_below, vendor

SAMPLES = Path(__file__).parent / "samples"
CREDITS = (SAMPLES / "github_ai_credit_usage.json").read_text()
SEATS = json.loads((SAMPLES / "github_copilot_seats.json").read_text())
HASHER = PersonHasher(PERSON_KEY)
CANARIES = ("canary@example.org", "a prompt that nobody may read", "ghp_0123456789abcdefghij")


def of_day(question: Question, text: str = CREDITS) -> str:
    """The sample, for the day that was asked for."""
    return text.replace('"day": 14', f'"day": {question.query["day"][0]}')


def landing(
    home: Path, monkeypatch: pytest.MonkeyPatch, table: str, answer: Callable[[Question], Answer]
) -> tuple[list[Any], list[Question]]:
    with vendor(answer) as running:
        return land(home, monkeypatch, "github", table, running.url, scope="acme"), running.questions


def test_a_day_is_asked_for_by_its_numbers_and_kept_to_the_last_digit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes, questions = landing(tmp_path, monkeypatch, "ai_credit_usage", lambda asked: Answer(of_day(asked)))
    assert [(outcome.status, outcome.partition) for outcome in outcomes] == [("landed", "2026-10-14")]
    (question,) = questions
    assert question.path == "/organizations/acme/settings/billing/ai_credit/usage"
    assert question.query == {"year": ["2026"], "month": ["10"], "day": ["14"]}
    assert question.headers["authorization"] == "Bearer test-key"
    assert question.headers["x-github-api-version"] == "2026-03-10"
    amounts = landed_rows(tmp_path, "github", "ai_credit_usage", "model, net_amount, gross_quantity, currency")
    sent = json.loads(CREDITS, parse_float=Decimal)["usageItems"]
    said = [(item["model"], item["netAmount"], Decimal(item["grossQuantity"]), "USD") for item in sent]
    assert amounts == said
    manifest = json.loads(next(tmp_path.glob("landing/github/*/*/*/*/*/manifest.json")).read_text())
    page = hashlib.sha256(of_day(question).encode()).hexdigest()
    assert manifest["received"][0]["received_sha256"] == hashlib.sha256(page.encode()).hexdigest()


def test_a_day_said_again_is_unchanged_a_restated_one_replaces_and_an_empty_one_is_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restated = CREDITS.replace('"netAmount": 12.0', '"netAmount": 12.5')
    empty = json.dumps(json.loads(CREDITS) | {"usageItems": []})
    said = [CREDITS, CREDITS, restated]
    found = [
        landing(tmp_path, monkeypatch, "ai_credit_usage", lambda asked, text=text: Answer(of_day(asked, text)))[0]
        for text in said
    ]
    assert [outcomes[0].status for outcomes in found] == ["landed", "unchanged", "landed"]
    assert "replaces 2 rows" in found[2][0].message
    (outcome,), _ = landing(tmp_path / "other", monkeypatch, "ai_credit_usage", lambda _: Answer(empty))
    assert (outcome.status, outcome.row_count) == ("landed", 0)


def test_the_days_of_a_window_are_asked_one_by_one_and_land_as_one_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(question: Question) -> Answer:
        month, day = question.query["month"][0], question.query["day"][0]
        said = json.loads(of_day(question).replace('"month": 10', f'"month": {month}'))
        return Answer(said | {"usageItems": []} if day == "13" else said)

    with vendor(answer) as running:
        arguments = {"scope": "acme", "months": ("2026-09", "2026-10"), "since": date(2026, 9, 30)}
        outcomes = land(tmp_path, monkeypatch, "github", "ai_credit_usage", running.url, **arguments)
    days = ["2026-09-30", *(f"2026-10-{day:02}" for day in range(1, 15))]
    assert [(item.status, item.partition, item.row_count) for item in outcomes] == [
        ("landed", day, 0 if day == "2026-10-13" else 2) for day in days
    ]
    assert len(running.questions) == 15
    assert {item.file_names for item in outcomes} == {
        ("ai-credits-2026-09-30.jsonl.gz",),
        ("ai-credits-2026-10-01.jsonl.gz",),
    }
    rows = landed_rows(tmp_path, "github", "ai_credit_usage", "distinct cast(usage_date as varchar)")
    assert [day for (day,) in rows] == [day for day in days if day != "2026-10-13"]


BUSY = {"a time to wait": {"Retry-After": "0"}, "nothing remains": {"X-RateLimit-Remaining": "0"}}


@pytest.mark.parametrize("headers", BUSY.values(), ids=BUSY)
def test_a_403_that_asks_to_wait_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    refusals = iter([Answer({"message": "secondary rate limit"}, 403, headers)] * (TRIES - 1))
    outcomes, questions = landing(
        tmp_path, monkeypatch, "ai_credit_usage", lambda asked: next(refusals, Answer(of_day(asked)))
    )
    assert [outcome.status for outcome in outcomes] == ["landed"]
    assert len(questions) == TRIES


@pytest.mark.parametrize(
    ("headers", "tries", "words"),
    [({"Retry-After": "0"}, TRIES, "run again later"), ({"X-RateLimit-Remaining": "41"}, 1, "permission")],
    ids=["too many requests", "no permission"],
)
def test_a_403_that_stays_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], tries: int, words: str
) -> None:
    (outcome,), questions = landing(tmp_path, monkeypatch, "ai_credit_usage", lambda _: Answer({}, 403, headers))
    assert outcome.status == "failed"
    assert words in outcome.message
    assert len(questions) == tries


NO_ANSWERS = {
    "another day": (lambda asked: Answer(CREDITS.replace('"day": 14', '"day": 13')), "timePeriod"),
    "no list": (lambda asked: Answer({"message": "Not Found"}), "usageItems"),
    "refused": (lambda asked: Answer({"message": "Bad credentials"}, 401), "key is wrong"),
    "HTML": (lambda asked: Answer("<html>sign in</html>"), "JSON"),
    "a field gone": (lambda asked: Answer(CREDITS.replace("netAmount", "net")), "netAmount"),
    "no number": (lambda asked: Answer(CREDITS.replace("12.0", "NaN")), "JSON"),
}


@pytest.mark.parametrize(("answer", "words"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_answer_lands_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Question], Answer], words: str
) -> None:
    (outcome,), _ = landing(tmp_path, monkeypatch, "ai_credit_usage", answer)
    assert outcome.is_failure
    assert words in outcome.message
    assert not list(tmp_path.glob("landing/github/*/*/*/2026*"))


def seats(number: int, *logins: str, total: int) -> dict[str, Any]:
    """A page of seats, a copy of the sample's for each login."""
    items = []
    for login in logins:
        item = copy.deepcopy(SEATS["seats"][0])
        item["assignee"] |= {"login": login, "id": 9000 + len(login)}
        items.append(item)
    return {"total_seats": total, "seats": items}


def paged(*pages: dict[str, Any]) -> Callable[[Question], Answer]:
    """Pages that GitHub links to one another."""

    def answer(question: Question) -> Answer:
        number = int(question.query.get("page", ["1"])[0])
        link = f'<http://{question.headers["host"]}{question.path}?page={number + 1}>; rel="next"'
        return Answer(pages[number - 1], headers={"Link": link} if number < len(pages) else {})

    return answer


def test_two_pages_of_seats_are_one_snapshot_of_hashed_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = paged(seats(1, "Ada-Archer", total=2), seats(2, "bruno-bell", total=2))
    (outcome,), questions = landing(tmp_path, monkeypatch, "copilot_seats", pages)
    assert (outcome.status, outcome.partition, outcome.row_count) == ("landed", "2026-10-15", 2)
    assert questions[0].query["per_page"] == ["100"]
    columns = "login, assigning_team, cast(created_at as varchar), cast(snapshot_date as varchar)"
    people = sorted(HASHER.hash(login) for login in ("ada-archer", "bruno-bell"))
    assert landed_rows(tmp_path, "github", "copilot_seats", columns) == [
        (person, "search", "2026-01-12 14:00:00", "2026-10-15") for person in people
    ]
    assert b"9010" not in texts_below(tmp_path)
    assert b"archer" not in texts_below(tmp_path).lower()


@pytest.mark.parametrize(
    "pages",
    [
        (seats(1, "ada", total=2),),
        (seats(1, "ada", total=1), seats(2, "bruno", total=2)),
        (seats(1, "ada", total=2), seats(2, "ada", total=2)),
    ],
    ids=["a page is missing", "they moved", "a page twice"],
)
def test_seats_that_do_not_add_up_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages: tuple[dict[str, Any], ...]
) -> None:
    (outcome,), _ = landing(tmp_path, monkeypatch, "copilot_seats", paged(*pages))
    assert outcome.status == "failed"
    assert "run again" in outcome.message


def test_nothing_personal_and_no_secret_reaches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mail, prompt, secret = CANARIES
    page = seats(1, mail, total=1) | {"messages": [prompt], "token": secret}
    page["seats"][0] |= {"last_activity_editor": f"{mail} {secret}", "note": prompt}
    page["seats"][0]["assigning_team"] = {"slug": mail, "description": prompt}
    (outcome,), _ = landing(tmp_path, monkeypatch, "copilot_seats", paged(page))
    assert outcome.status == "landed"
    kept = texts_below(tmp_path)
    assert not [canary for canary in CANARIES if canary.encode() in kept]

"""Asking an API: what counts as an answer, what is kept of it, and what happens when it is none."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.contracts import load_contract
from orchestration.errors import DeliveryError
from orchestration.landing import idle_fetch
from orchestration.scrubbing import PersonHasher
from orchestration.settings import SourceSettings
from orchestration.sources.api import TRIES, Api
from orchestration.sources.base import Delivery, Fetch
from tests.vendor import Answer, Question, Vendor, vendor

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: meterhouse.landing.test.amounts
version: 1.0.0
status: active
description: {purpose: One row per amount.}
customProperties:
  - {property: partition, value: day}
  - {property: partitionColumn, value: day}
  - {property: partitionKind, value: day}
  - {property: unknownColumns, value: dropped}
  - {property: records, value: data.results}
schema:
  - name: amounts
    physicalType: parquet
    properties:
      - {name: day, physicalType: varchar, physicalName: ../day, required: true}
      - {name: endpoint, physicalType: varchar, physicalName: $endpoint}
      - {name: amount, physicalType: "decimal(35,18)", physicalName: amount.value, required: true}
      - name: person
        physicalType: varchar
        physicalName: actor.mail
        customProperties: [{property: personal, value: hmac}]
      - {name: note, physicalType: varchar}
      - {name: is_batch, physicalType: boolean}
      - {name: detail, physicalType: json}
      - {name: refreshed_at, physicalType: varchar, physicalName: /data_refreshed_at}
"""
HASHER = PersonHasher("a key of this test")


def bucket(day: str, *results: dict[str, Any]) -> dict[str, Any]:
    return {"day": day, "results": list(results)}


def page(number: int, last: int, *buckets: dict[str, Any], **more: Any) -> dict[str, Any]:
    has_more = number < last
    return {
        "data": list(buckets),
        "has_more": has_more,
        "next_page": f"cursor-{number + 1}" if has_more else None,
    } | more


def number_of(question: Question) -> int:
    return int(question.query.get("page", ["cursor-1"])[0].removeprefix("cursor-"))


Ask = Callable[[Callable[[Question], Answer]], tuple[Delivery, Vendor]]


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[[str], Fetch]:
    contract_file = tmp_path / "amounts.odcs.yaml"
    contract_file.write_text(CONTRACT)

    def _fetch(location: str) -> Fetch:
        source = SourceSettings(vendor="focus", name="main", location=location, options={"backoff_seconds": "0"})
        idle = idle_fetch(source, "charges", tmp_path)
        return replace(idle, contract=load_contract(contract_file), today=date(2026, 10, 2), hasher=lambda: HASHER)

    return _fetch


def newest(content: Any) -> str | None:
    """The vendor's own word on how fresh a page is."""
    refreshed: str | None = content.get("data_refreshed_at")
    return refreshed


@pytest.fixture
def ask(fetch: Callable[[str], Fetch]) -> Ask:
    def _ask(answer: Callable[[Question], Answer]) -> tuple[Delivery, Vendor]:
        from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
        from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

        with vendor(answer) as running:
            api = Api(fetch(running.url), auth=BearerTokenAuth("sk-secret-of-this-test"))
            paginator = JSONResponseCursorPaginator("next_page", "page", has_more_path="has_more")
            pages = api.pages("/amounts", paginator, params={"limit": 7})
            constants = ((one, {"endpoint": "amounts"}) for one in pages)
            return api.delivery("amounts", constants, ("2026-10-01", "2026-10-02"), newest), running

    return _ask


def rows(delivery: Delivery) -> list[dict[str, str]]:
    path = delivery.files[0].rows
    assert path is not None
    return [json.loads(line) for line in path.read_text().splitlines()]


def raw(delivery: Delivery) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(delivery.files[0].path.read_bytes()).splitlines()]


def test_two_pages_become_one_delivery_with_every_digit(ask: Ask) -> None:
    digits = "0.123456789012345678"

    def answer(question: Question) -> Answer:
        number = number_of(question)
        said = json.dumps(
            page(number, 2, bucket(f"2026-10-0{number}", {"amount": {"value": 7}}), data_refreshed_at=f"T{number}")
        )
        return Answer(said.replace('"value": 7', f'"value": {digits}'))

    delivery, asked = ask(answer)
    assert [row["amount"] for row in rows(delivery)] == [digits, digits]
    assert [row["day"] for row in rows(delivery)] == ["2026-10-01", "2026-10-02"]
    assert rows(delivery)[0]["endpoint"] == "amounts"
    assert delivery.watermark == "T2"
    assert delivery.covers == ("2026-10-01", "2026-10-02")
    assert [question.headers["authorization"] for question in asked.questions] == ["Bearer sk-secret-of-this-test"] * 2
    kept = gzip.decompress(delivery.files[0].path.read_bytes()).decode()
    assert kept.count(digits) == 2
    assert "sk-secret" not in kept


def test_what_was_not_agreed_is_dropped_and_people_are_hashed(ask: Ask) -> None:
    result = {
        "amount": {"value": 1, "prompt": "tell me a secret"},
        "actor": {"mail": "Jane.Doe@example.org", "phone": "555"},
        "note": "ask jane.doe@example.org, she has sk-live-0123456789abcdef",
        "messages": [{"content": "tell me a secret"}],
        "detail": {"tags": ["feature:search", "jane.doe@example.org"]},
    }
    delivery, _ = ask(lambda _: Answer(page(1, 1, bucket("2026-10-01", result), organization="acme")))
    (row,) = rows(delivery)
    assert row["person"] == HASHER.hash("jane.doe@example.org")
    assert row["note"] == f"ask {row['person']}, she has {HASHER.hash('sk-live-0123456789abcdef')}"
    assert json.loads(row["detail"]) == {"tags": ["feature:search", row["person"]]}
    kept = json.dumps(raw(delivery)) + json.dumps(rows(delivery))
    for canary in ("tell me a secret", "example.org", "sk-live", "555", "acme"):
        assert canary not in kept
    assert set(delivery.dropped) == {
        "organization",
        "data.results.amount.prompt",
        "data.results.actor.phone",
        "data.results.messages",
    }


def test_an_empty_answer_is_data(ask: Ask) -> None:
    delivery, _ = ask(lambda _: Answer(page(1, 1, bucket("2026-10-01"), bucket("2026-10-02"))))
    assert rows(delivery) == []
    assert delivery.files[0].columns is not None
    assert "amount" in delivery.files[0].columns


def good(question: Question) -> Answer:
    number = number_of(question)
    return Answer(page(number, 2, bucket(f"2026-10-0{number}", {"amount": {"value": number}})))


def failing(times: int, failure: Answer) -> Callable[[Question], Answer]:
    """Every page fails so often before it is answered."""
    counts: dict[int, int] = {}

    def answer(question: Question) -> Answer:
        number = number_of(question)
        counts[number] = counts.get(number, 0) + 1
        return failure if counts[number] <= times else good(question)

    return answer


TEMPORARY = {
    "429 with Retry-After": Answer({}, 429, {"Retry-After": "0"}),
    "429 without": Answer({}, 429),
    "500": Answer({}, 500),
    "503 as HTML": Answer("<html>busy</html>", 503, {"Content-Type": "text/html"}),
    "reset": Answer(drop=True),
}


@pytest.mark.parametrize("failure", TEMPORARY.values(), ids=TEMPORARY)
def test_a_vendor_that_recovers_gives_everything_once(ask: Ask, failure: Answer) -> None:
    delivery, asked = ask(failing(TRIES - 1, failure))
    assert [Decimal(row["amount"]) for row in rows(delivery)] == [1, 2]
    assert len(asked.questions) == 2 * TRIES


@pytest.mark.parametrize("failure", TEMPORARY.values(), ids=TEMPORARY)
def test_a_vendor_that_does_not_is_asked_at_most_five_times(fetch: Any, ask: Ask, failure: Answer) -> None:
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        return failure

    with pytest.raises(DeliveryError) as refused:
        ask(answer)
    assert len(asked) == TRIES
    assert "focus/main" in str(refused.value)
    assert "next:" in str(refused.value)
    assert "sk-secret" not in str(refused.value)


ENDS = {
    "401": (Answer({"error": {"message": "bad key sk-live-0123456789abcdef"}}, 401), "key is wrong or expired", 1),
    "403": (Answer({}, 403), "permission", 1),
    "400": (Answer({"error": {"message": "group_by before epoch 1764979200"}}, 400), "1764979200", 1),
    "a redirect": (Answer({}, 302, {"Location": "http://169.254.169.254/"}), "status 302", 1),
    "HTML with 200": (Answer("<html>sign in</html>"), "JSON", 1),
    "half an answer": (Answer('{"data": [{"day": "2026-10-01"'), "JSON", 1),
    "NaN": (
        Answer('{"data": [{"day": "2026-10-01", "results": [{"amount": {"value": NaN}}]}], "has_more": false}'),
        "JSON",
        1,
    ),
    "a word": (Answer('"ok"'), "JSON", 1),
    "more, and no cursor": (Answer({"data": [], "has_more": True, "next_page": None}), "cursor", 1),
    "no has_more": (Answer({"data": []}), "has_more", 1),
}


@pytest.mark.parametrize(("answer", "words", "tries"), ENDS.values(), ids=ENDS)
def test_an_answer_that_is_none_ends_the_question(ask: Ask, answer: Answer, words: str, tries: int) -> None:
    asked: list[Question] = []

    def say(question: Question) -> Answer:
        asked.append(question)
        return answer

    with pytest.raises(DeliveryError) as refused:
        ask(say)
    assert words in str(refused.value)
    assert "sk-live" not in str(refused.value)
    assert len(asked) == tries


@pytest.mark.parametrize("cursors", [["cursor-2", "cursor-1"], ["cursor-2", "cursor-2"]], ids=["a circle", "no end"])
def test_a_page_that_comes_again_is_refused(ask: Ask, cursors: Sequence[str]) -> None:
    def answer(question: Question) -> Answer:
        number = number_of(question)
        content = page(number, 9, bucket("2026-10-01", {"amount": {"value": number}}))
        return Answer(content | {"next_page": cursors[min(number, 2) - 1]})

    with pytest.raises(DeliveryError, match="every page once"):
        ask(answer)


def test_a_plain_address_is_asked_only_on_this_machine(fetch: Callable[[str], Fetch]) -> None:
    for location in ("http://api.example.org", "file:///etc/passwd", "ftp://127.0.0.1", "api.example.org"):
        with pytest.raises(DeliveryError, match="https"):
            Api(fetch(location))
    Api(fetch("https://api.example.org"))

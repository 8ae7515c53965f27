"""The gateway's requests: the same rows from its database and from its storage logger, and nobody's words in them."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import psycopg
import pytest
from psycopg.types.json import Jsonb

from orchestration.landing import Outcome, idle_fetch
from orchestration.paths import sha256_of
from orchestration.settings import SourceSettings
from orchestration.sources.base import hash_of_hashes
from orchestration.sources.litellm import spend_logs
from tests.postgres import PASSWORD, postgres
from tests.vendor import PERSON_KEY, land, landed_rows, texts_below

SAMPLES = Path(__file__).parent / "samples"
PAYLOADS = (SAMPLES / "litellm_payloads.ndjson").read_text(encoding="utf-8")
DAY = "2024-10-14"
OCTOBER: dict[str, Any] = {"today": date(2024, 10, 20), "months": ["2024-10"], "since": None}
CANARIES = (b"CANARY", b"canary.person", b"sk-canary", b"made-up/1.0", b"192.0.2.7", PERSON_KEY.encode())
SPEND_LOGS = '"LiteLLM_SpendLogs"'


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture
def database(server: str) -> Iterator[psycopg.Connection[Any]]:
    """A database of its own with LiteLLM's tables, empty."""
    with psycopg.connect(server, password=PASSWORD, autocommit=True) as root:
        root.execute("drop database if exists litellm with (force)")
        root.execute("create database litellm")
    with psycopg.connect(_address(server), password=PASSWORD, autocommit=True) as connection:
        connection.execute((SAMPLES / "litellm_schema.sql").read_text(encoding="utf-8"))
        yield connection


def _address(server: str) -> str:
    return server.replace("/postgres?", "/litellm?")


def _location(database: psycopg.Connection[Any]) -> str:
    return f"postgresql://reader@/litellm?host={database.info.host}"


def _payloads() -> list[dict[str, Any]]:
    return [json.loads(line) for line in PAYLOADS.splitlines()]


def _as_row(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What LiteLLM's proxy keeps of a payload in its database."""
    said = payload["metadata"]
    moments = {
        name: datetime.fromtimestamp(payload[name], UTC).replace(tzinfo=None) for name in ("startTime", "endTime")
    }
    metadata = said | {"cost_breakdown": payload["cost_breakdown"], "error_information": payload["error_information"]}
    return moments | {
        "request_id": payload["id"],
        "litellm_call_id": payload["litellm_call_id"],
        "call_type": payload["call_type"],
        "api_key": said["user_api_key_hash"],
        "spend": payload["response_cost"],
        "total_tokens": payload["total_tokens"],
        "prompt_tokens": payload["prompt_tokens"],
        "completion_tokens": payload["completion_tokens"],
        "model": payload["model"],
        "model_id": payload["model_id"],
        "model_group": payload["model_group"],
        "custom_llm_provider": payload["custom_llm_provider"],
        "user": said["user_api_key_user_id"],
        "metadata": Jsonb(metadata),
        "cache_hit": str(payload["cache_hit"]),
        "request_tags": Jsonb(payload["request_tags"]),
        "team_id": said["user_api_key_team_id"],
        "organization_id": said["user_api_key_org_id"],
        "end_user": payload["end_user"] or "",
        "requester_ip_address": payload["requester_ip_address"],
        "messages": Jsonb(payload["messages"]),
        "response": Jsonb(payload["response"]),
        "proxy_server_request": Jsonb({"body": payload["messages"]}),
        "status": payload["status"],
        "updated_at": moments["endTime"],
    }


def _insert(database: psycopg.Connection[Any], table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, row))
        marks = psycopg.sql.SQL(", ").join(psycopg.sql.Placeholder() * len(row))
        query = psycopg.sql.SQL("insert into {} ({}) values ({})")
        database.execute(query.format(psycopg.sql.Identifier(table), names, marks), list(row.values()))


def _log_rows(database: psycopg.Connection[Any], payloads: Sequence[Mapping[str, Any]] | None = None) -> None:
    """The payloads as rows; request_id is the table's key, so that a repeat is logged once."""
    rows = {payload["id"]: _as_row(payload) for payload in reversed(payloads or _payloads())}
    _insert(database, "LiteLLM_SpendLogs", list(rows.values()))


def _folder(root: Path, name: str = "00/log.ndjson", text: str | bytes = PAYLOADS, day: str = DAY) -> Path:
    path = root / "litellm" / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root / "litellm"


def _statuses(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


COLUMNS = """
    log_date::varchar, request_id, status, cache_hit, started_at::varchar, ended_at::varchar,
    custom_llm_provider, model, service_tier, key_alias, team_id, user_id like 'hmac:%', end_user_id like 'hmac:%',
    tag_feature, tag_environment, metadata_feature, metadata_environment, metadata_customer,
    spend, prompt_tokens, completion_tokens, cached_tokens, cache_creation_input_tokens, cache_write_5m_tokens,
    cache_write_1h_tokens, reasoning_tokens, web_search_requests
"""


def test_a_payload_is_landed_field_by_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = land(tmp_path / "var", monkeypatch, "litellm", "spend_logs", str(_folder(tmp_path)), **OCTOBER)
    assert _statuses(outcomes) == ["landed"], outcomes[0].message
    assert outcomes[0].row_count == 7
    landed = landed_rows(tmp_path / "var", "litellm", "spend_logs", COLUMNS)
    rows = {row[1]: row for row in landed if row[13] or row[16]}
    assert rows["chatcmpl-1"] == (
        *(DAY, "chatcmpl-1", "success", None, "2024-10-14 09:12:03.12", "2024-10-14 09:12:05.904"),
        *("anthropic", "claude-sonnet-4-5", None, "search-production", "team-search", True, True),
        *("answers", "production", "from metadata", None, "acme"),
        *(Decimal("0.0211"), 3900, 200, 1500, 300, 200, 100, None, 1),
    )
    assert rows["chatcmpl-2"] == (
        *(DAY, "chatcmpl-2", "success", None, "2024-10-14 11:06:40.5", "2024-10-14 11:06:40.6"),
        *("openai", "gpt-5-mini", "priority", "search-production", "team-search", True, None),
        *(None, None, None, "staging", None),
        *(Decimal("0.00001485"), 9, 3, 0, None, None, None, 2, None),
    )


def test_money_is_landed_to_the_last_digit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["1e-07", "1.2345678901234567e-05", "12.345678901234567", "0.1", "3", "0.000000000000000001"]
    payloads = "".join(
        json.dumps(_payloads()[0] | {"id": f"id-{number}", "response_cost": 0.5}).replace(": 0.5,", f": {text},", 1)
        + "\n"
        for number, text in enumerate(said)
    )
    location = str(_folder(tmp_path, text=payloads))
    assert _statuses(land(tmp_path / "var", monkeypatch, "litellm", "spend_logs", location, **OCTOBER)) == ["landed"]
    landed = landed_rows(tmp_path / "var", "litellm", "spend_logs", "request_id, spend")
    exact = Decimal("1e-18")
    assert landed == [(f"id-{number}", Decimal(text).quantize(exact)) for number, text in enumerate(said)]


def test_the_database_and_the_storage_logger_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any]
) -> None:
    payloads = {payload["id"]: payload for payload in reversed(_payloads())}
    _log_rows(database)
    text = "\n".join(json.dumps(payload) for payload in payloads.values())
    land(tmp_path / "one", monkeypatch, "litellm", "spend_logs", str(_folder(tmp_path, text=text)), **OCTOBER)
    outcomes = land(tmp_path / "two", monkeypatch, "litellm", "spend_logs", _location(database), **OCTOBER)
    assert (_statuses(outcomes), outcomes[0].row_count) == (["landed"], 6)
    # The database says "None" of a cache where the payload says nothing.
    columns = "* exclude (_row_number, cache_hit)"
    one, two = (landed_rows(tmp_path / home, "litellm", "spend_logs", columns) for home in ("one", "two"))
    assert one == two


def test_parquet_and_other_file_systems_give_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Names that are globs to others: log*.json would be all of them.
    names = [f"11/log{'*' * number}.json.gz" for number in range(7)]
    objects = {name: json.dumps(payload, indent=1) for name, payload in zip(names, _payloads(), strict=True)}
    for name, text in objects.items():
        _folder(tmp_path, name, gzip.compress(text.encode(), mtime=0))
    bucket = fsspec.filesystem("memory")
    bucket.pipe_file(f"/litellm-test/{DAY}/all.jsonl", PAYLOADS.encode())
    rows = [_as_row(payload) for payload in _payloads()]
    plain = [{name: getattr(value, "obj", value) for name, value in row.items()} for row in rows]
    (tmp_path / "rows.json").write_text("\n".join(json.dumps(row, default=str) for row in plain))
    (tmp_path / "exported" / DAY).mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"""copy (select * replace (to_json(metadata)::varchar as metadata)
            from read_json('{tmp_path}/rows.json', format = 'newline_delimited')) to
            '{tmp_path}/exported/{DAY}/rows.parquet'""")
    found = []
    places = {"gz": f"{tmp_path}/litellm", "bucket": "memory://litellm-test", "parquet": f"{tmp_path}/exported"}
    for name, location in places.items():
        outcomes = land(tmp_path / name, monkeypatch, "litellm", "spend_logs", location, **OCTOBER)
        assert _statuses(outcomes) == ["landed"], outcomes[0].message
        found.append(landed_rows(tmp_path / name, "litellm", "spend_logs", "* exclude (_row_number, cache_hit)"))
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 7
    bucket.rm("/litellm-test", recursive=True)


def test_only_touched_days_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any]
) -> None:
    def again(**source: Any) -> list[tuple[str, str | None, int]]:
        arguments = OCTOBER | source
        outcomes = land(tmp_path, monkeypatch, "litellm", "spend_logs", _location(database), **arguments)
        return [(outcome.status, outcome.partition, outcome.row_count) for outcome in outcomes]

    nothing = [("nothing_new", None, 0)]
    assert again() == nothing
    _log_rows(database)
    assert again(options={"lag_minutes": "100000000"}) == nothing
    assert again(months=["2024-09"]) == nothing
    assert again(since=date(2024, 10, 15)) == nothing
    assert again() == [("landed", DAY, 6)]
    assert again() == nothing
    database.execute(
        f'insert into {SPEND_LOGS} (request_id, call_type, "startTime", "endTime") values '
        "('late', 'x', '2024-10-14 23:59:59.999', '2024-10-15 00:00:01'), ('next', 'x', '2024-10-15', '2024-10-15')"
    )
    assert again() == [("landed", DAY, 7), ("landed", "2024-10-15", 1)]
    database.execute(f"update {SPEND_LOGS} set spend = 7 where request_id = 'chatcmpl-5'")
    assert again() == [("landed", DAY, 7)]
    # Touched in a column that nobody asks for: the same data.
    database.execute(f"update {SPEND_LOGS} set response = '1', updated_at = now() where request_id = 'next'")
    assert again() == [("unchanged", "2024-10-15", 0)]
    # Old rows that the gateway cleans away do not take what was landed with them.
    database.execute(f"delete from {SPEND_LOGS} where request_id <> 'late'")
    assert again() == [("held", DAY, 1)]


def test_an_object_that_comes_later_touches_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = str(_folder(tmp_path))
    _folder(tmp_path, "notes.txt", "no log")
    _folder(tmp_path, "x.ndjson", PAYLOADS, day="2024-09-30")

    def again() -> list[tuple[str, str | None, int]]:
        outcomes = land(tmp_path / "var", monkeypatch, "litellm", "spend_logs", location, **OCTOBER)
        return [(outcome.status, outcome.partition, outcome.row_count) for outcome in outcomes]

    assert again() == [("landed", DAY, 7)]
    assert again() == [("nothing_new", None, 0)]
    _folder(tmp_path, "23/late.json", json.dumps(_payloads()[0]))
    _folder(tmp_path, "00/empty.ndjson", "", day="2024-10-16")
    assert again() == [("landed", DAY, 8), ("landed", "2024-10-16", 0)]
    assert again() == [("nothing_new", None, 0)]


def test_other_versions_of_the_table_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any]
) -> None:
    _log_rows(database)
    for column in ("updated_at", "litellm_call_id", "organization_id", "status", "session_id", "request_tags"):
        database.execute(f"alter table {SPEND_LOGS} drop column {column}")
    database.execute(f"alter table {SPEND_LOGS} add column prompt_of_tomorrow text default 'CANARY'")
    outcomes = land(tmp_path, monkeypatch, "litellm", "spend_logs", _location(database), **OCTOBER)
    assert _statuses(outcomes) == ["landed"], outcomes[0].message
    columns = "distinct status, organization_id, tag_feature, metadata_customer"
    assert landed_rows(tmp_path, "litellm", "spend_logs", columns) == [(None, None, None, "acme"), (None,) * 4]
    assert "prompt_of_tomorrow" in texts_below(tmp_path).decode(errors="replace")
    assert b"CANARY" not in texts_below(tmp_path)
    database.execute(f"alter table {SPEND_LOGS} rename column spend to cost")
    [failed] = land(tmp_path, monkeypatch, "litellm", "spend_logs", _location(database), **OCTOBER)
    assert failed.status == "failed"
    assert "startTime, endTime and spend" in failed.message


@pytest.mark.parametrize("kind", ["folder", "database"])
def test_no_words_and_no_people_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any], kind: str
) -> None:
    _log_rows(database)
    location = _location(database) if kind == "database" else str(_folder(tmp_path / "source"))
    land(tmp_path / "var", monkeypatch, "litellm", "spend_logs", location, **OCTOBER)
    # A delivery that is refused is kept scrubbed too.
    database.execute(f"update {SPEND_LOGS} set prompt_tokens = -1, updated_at = now()")
    _folder(tmp_path / "source", text=PAYLOADS.replace('"prompt_tokens": 3900', '"prompt_tokens": -3900'))
    outcomes = land(tmp_path / "var", monkeypatch, "litellm", "spend_logs", location, **OCTOBER)
    assert _statuses(outcomes) == ["rejected"]
    assert "token counts are not negative" in outcomes[0].message
    kept = texts_below(tmp_path / "var")
    assert b"chatcmpl-1" in kept
    assert [canary for canary in CANARIES if canary in kept] == []
    people = landed_rows(tmp_path / "var", "litellm", "spend_logs", "distinct user_id")
    assert len(people) == 2
    masked = landed_rows(tmp_path / "var", "litellm", "spend_logs", "distinct tag_customer, key_alias")
    customers, aliases = ({row[number] for row in masked} for number in (0, 1))
    assert all(customer is None or customer.startswith("hmac:") for customer in customers)
    assert any(alias.startswith("hmac:") for alias in aliases)


@pytest.mark.parametrize("kind", ["folder", "bucket", "database"])
def test_nothing_unscrubbed_outlives_its_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any], kind: str
) -> None:
    """Not even in the scratch folder, which a run that is killed leaves behind."""
    _log_rows(database)
    _folder(tmp_path / "source")
    here = f"{tmp_path}/source/litellm"
    location = {"folder": here, "bucket": f"file://{here}", "database": _location(database)}[kind]
    monkeypatch.setenv("METERHOUSE_PERSON_KEY", PERSON_KEY)
    monkeypatch.setenv("LITELLM_DATABASE_PASSWORD", PASSWORD)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source = SourceSettings(vendor="litellm", name="main", location=location)
    fetch = replace(idle_fetch(source, "spend_logs", scratch), is_known=lambda _origin, _state: False, wanted=(DAY,))
    for delivery in spend_logs(fetch):
        assert [path for path in scratch.rglob("*") if path.is_file()] == [delivery.files[0].path]
        kept = texts_below(scratch)
        assert b"chatcmpl-1" in kept
        assert [canary for canary in CANARIES if canary in kept] == []


def test_tags_may_have_other_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any]
) -> None:
    payload = _payloads()[0]
    payload["request_tags"] = ["feat: b", "feat:a:1", "stage:canary", "feature:unasked", None, 7, "plain"]
    payload["metadata"]["spend_logs_metadata"] = {"squad": "blue", "team": "unasked", "stage": {"x": 1}}
    options = {"tag_keys": "feature=feat, team=squad, environment=stage|env"}
    _log_rows(database, [payload])
    location = str(_folder(tmp_path, text=json.dumps(payload)))
    columns = "tag_feature, tag_environment, tag_team, metadata_team, metadata_feature, metadata_environment"
    for home, place in (("one", location), ("two", _location(database))):
        land(tmp_path / home, monkeypatch, "litellm", "spend_logs", place, options=options, **OCTOBER)
        said = landed_rows(tmp_path / home, "litellm", "spend_logs", columns)
        assert [tuple(row[:5]) for row in said] == [("a:1", "canary", None, "blue", None)]
        assert json.loads(said[0][5]) == {"x": 1}


@pytest.mark.parametrize("options", [{"tag_keys": "colour=blue"}, {"tag_keys": "feature"}, {"lag_minutes": "an hour"}])
def test_options_that_cannot_be_read_are_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any], options: dict[str, str]
) -> None:
    _log_rows(database)
    location = _location(database)
    [failed] = land(tmp_path, monkeypatch, "litellm", "spend_logs", location, options=options, **OCTOBER)
    assert (failed.status, *(option in failed.message for option in options)) == ("failed", True)


FIRST = PAYLOADS.splitlines()[0]
BROKEN = {
    "a page": ("x.json", b"<html>CANARY-PROMPT</html>", "failed"),
    "half an object": ("x.ndjson", PAYLOADS[:900].encode(), "failed"),
    "a list": ("x.json", f"[{FIRST}]".encode(), "failed"),
    "half a gzip": ("x.ndjson.gz", gzip.compress(PAYLOADS.encode())[:900], "failed"),
    "no Parquet": ("x.parquet", b"CANARY-PROMPT", "failed"),
    "not a number": ("x.json", FIRST.replace('"response_cost": 0.0211', '"response_cost": NaN').encode(), "rejected"),
    "no tokens": ("x.json", FIRST.replace('"prompt_tokens"', '"tokens_in"').encode(), "rejected"),
    "no id": ("x.json", FIRST.replace('"id"', '"identity"').encode(), "rejected"),
    "no time": ("x.json", FIRST.replace('"startTime": 1728897123.12', '"startTime": "CANARY"').encode(), "rejected"),
}


@pytest.mark.parametrize("broken", list(BROKEN))
def test_a_broken_object_lands_nothing_of_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    name, content, status = BROKEN[broken]
    _folder(tmp_path)
    location = str(_folder(tmp_path, name, content))
    outcomes = land(tmp_path / "var", monkeypatch, "litellm", "spend_logs", location, **OCTOBER)
    assert _statuses(outcomes) == [status]
    assert "CANARY-PROMPT" not in outcomes[0].message
    assert not list((tmp_path / "var").glob("landing/litellm/spend_logs/main/all/*"))
    assert b"CANARY-PROMPT" not in texts_below(tmp_path / "var")
    assert not list((tmp_path / "var" / "landing" / ".staging").glob("*"))


def test_a_broken_day_stops_no_other_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day, content in (("14", "<html>"), ("15", PAYLOADS), ("16", "{")):
        location = str(_folder(tmp_path, "x.json", content, f"2024-10-{day}"))
    outcomes = land(tmp_path / "var", monkeypatch, "litellm", "spend_logs", location, **OCTOBER)
    failed, landed = sorted(outcomes, key=lambda outcome: outcome.status)
    assert (landed.status, landed.partition) == ("landed", "2024-10-15")
    assert (failed.status, "spend_logs 2024-10-14" in failed.message) == ("failed", True)
    assert "x.json, record/value" in failed.message
    assert "(and 1 more days)" in failed.message


def test_a_source_that_cannot_be_read_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any]
) -> None:
    socket = database.info.host
    said = {
        str(tmp_path / "nowhere"): "no such folder",
        "s3://bucket-without-driver/logs": "mend `location`",
        f"postgresql://reader@/nowhere?host={socket}": "does not exist",
        f"postgresql://nobody@/litellm?host={socket}": "password authentication failed",
        f"postgresql://reader:{PASSWORD}@/litellm?host={socket}": "a location without a password",
        "postgresql://reader@192.0.2.1/litellm?sslmode=prefer": "an encrypted connection",
    }
    for location, message in said.items():
        [outcome] = land(tmp_path / "var", monkeypatch, "litellm", "spend_logs", location, **OCTOBER)
        assert (outcome.status, message in outcome.message) == ("failed", True), outcome.message
        assert PASSWORD not in outcome.message.replace(location, "")


def test_the_connection_may_only_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any]
) -> None:
    """A function that the reader would call may not write either: the transaction says so, not our good will."""
    _log_rows(database)
    database.execute(f"alter table {SPEND_LOGS} drop column litellm_call_id")
    database.execute(f"alter table {SPEND_LOGS} rename to kept")
    database.execute("create table touched (at timestamp)")
    database.execute(
        "create function touch() returns text language sql as 'insert into touched values (now()) returning 1'"
    )
    database.execute(f"create view {SPEND_LOGS} as select *, touch() as litellm_call_id from kept")
    [outcome] = land(tmp_path, monkeypatch, "litellm", "spend_logs", _location(database), **OCTOBER)
    assert outcome.status == "failed"
    assert "read-only transaction" in outcome.message


def test_names_are_landed_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: psycopg.Connection[Any]
) -> None:
    moment = datetime(2024, 10, 1)
    by = {"created_by": "canary.person@example.org", "updated_by": "canary.person@example.org"}
    team = {
        "team_id": "team-search",
        "team_alias": "Search",
        "max_budget": 12.5,
        "members": ["canary.person@example.org"],
    }
    key = {
        "key_name": "sk-canary-...",
        "user_id": "canary.person@example.org",
        "team_id": "team-search",
        "created_at": moment,
    }
    _insert(database, "LiteLLM_TeamTable", [team])
    _insert(
        database, "LiteLLM_VerificationToken", [key | {"token": "a" * 64, "key_alias": "canary.person@example.org"}]
    )
    deleted = key | {"id": "1", "token": "b" * 64, "key_alias": "old", "deleted_at": moment}
    _insert(database, "LiteLLM_DeletedVerificationToken", [deleted])
    _insert(
        database,
        "LiteLLM_ProjectTable",
        [by | {"project_id": "p-1", "project_alias": "Index", "team_id": "team-search"}],
    )
    tag = {"tag_name": "feature:search", "description": "ask canary.person@example.org", "created_by": by["created_by"]}
    _insert(database, "LiteLLM_TagTable", [tag])
    database.execute('drop table "LiteLLM_OrganizationTable"')

    def names(table: str, columns: str) -> list[tuple[Any, ...]]:
        first = land(tmp_path, monkeypatch, "litellm", table, _location(database), **OCTOBER)
        second = land(tmp_path, monkeypatch, "litellm", table, _location(database), **OCTOBER)
        assert (_statuses(first), _statuses(second)) == (["landed"], ["unchanged"]), first[0].message
        return landed_rows(tmp_path, "litellm", table, f"snapshot_date::varchar, {columns}")

    today = "2024-10-20"
    assert names("teams", "team_id, team_alias, max_budget") == [(today, "team-search", "Search", Decimal("12.5"))]
    keys = names("keys", "left(token, 1), left(key_alias, 5), left(user_id, 5), deleted_at")
    assert keys == [(today, "a", "hmac:", "hmac:", None), (today, "b", "old", "hmac:", moment)]
    assert names("projects", "project_id, project_alias, team_id") == [(today, "p-1", "Index", "team-search")]
    assert names("tags", "tag_name, description like '%hmac:%'") == [(today, "feature:search", True)]
    nothing = land(tmp_path, monkeypatch, "litellm", "organizations", _location(database), **OCTOBER)
    assert _statuses(nothing) == ["nothing_new"]
    assert [canary for canary in CANARIES if canary in texts_below(tmp_path)] == []


def test_names_may_lie_beside_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = _folder(tmp_path)
    tables = location / "tables"
    tables.mkdir()
    (tables / "keys.csv").write_text(
        f"token,key_alias,user_id,key_name\n{'a' * 64},search,canary.person@example.org,sk-canary\n"
    )
    (tables / "teams.json").write_text(
        '{"team_id": "t", "team_alias": "T", "members": ["canary.person@example.org"]}\n'
    )
    home = tmp_path / "var"
    for table, status in (("projects", "nothing_new"), ("keys", "landed"), ("teams", "landed")):
        (outcome,) = land(home, monkeypatch, "litellm", table, str(location), **OCTOBER)
        # A gateway's log need not have every table of names beside it.
        assert (outcome.status, outcome.message) == (status, "")
    manifest = json.loads(next(home.glob("landing/litellm/keys/*/*/*/*/manifest.json")).read_text())
    assert manifest["received"][0]["received_sha256"] == hash_of_hashes([sha256_of(tables / "keys.csv")])
    assert landed_rows(home, "litellm", "keys", "left(token, 2), key_alias, left(user_id, 5)") == [
        ("aa", "search", "hmac:")
    ]
    assert landed_rows(home, "litellm", "teams", "team_id, team_alias") == [("t", "T")]
    assert [canary for canary in CANARIES if canary in texts_below(home)] == []

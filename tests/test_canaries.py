"""Canaries through the whole product: a mail address, a name, a prompt and keys, put wherever vendors leave room.

Each canary contains the word "canaryfinch". After a whole run that word is nowhere below the home but in the folder of
the vendors. Files of finance (manual lines, invoices) are kept as they are, by decision 0013, so none is put there.
"""

import csv
import gzip
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.scrubbing import PersonHasher
from tests.support import Finished, copy_of_the_project, meterhouse, published
from tests.vendor import texts_below

CANARY = b"canaryfinch"
MAIL = "jane.canaryfinch@nest.example"
NAME = "Jane Canaryfinch"
PROMPT = "Write a poem about the canaryfinch that left the coal mine"
SECRET = "sk-canaryfinch-0123456789abcdef"
CLOUD_SECRET = "AKIACANARYFINCH01234"
PERSON_KEY = "a canaryfinch knows who is who"
EVERYTHING = f"{PROMPT}; {NAME} <{MAIL}> has {SECRET} and {CLOUD_SECRET}"

# Words in text that was agreed on: the search must find each where it was put.
PROJECT_WORD, LINE_WORD, PRICE_WORD = "magpieproject", "magpieline", "magpieprice"

TABLES_WITH_PEOPLE = (
    "openai/api_keys",
    "anthropic/api_keys",
    "github/copilot_seats",
    "cursor/usage_events",
    "cursor/members",
    "seats/seat_months",
    "drivers/principals",
    "drivers/product_usage_daily",
    "litellm/spend_logs",
)

# What a stub of a copied project adds: on every object that it sends, three fields that nobody agreed on. Not in the
# span of time of GitHub's answer, which is compared as a whole, nor in the tags of a workspace, which are agreed on
# with any key that the company chose.
TALKATIVE = f"""

def _talkative(body: Any) -> Any:
    if isinstance(body, list):
        return [_talkative(item) for item in body]
    if not isinstance(body, dict):
        return body
    said = {{"prompt": {PROMPT!r}, "contact": {{"mail": {MAIL!r}, "name": {NAME!r}}}, "secrets": [{SECRET!r}]}}
    as_agreed = ("timePeriod", "tags")
    return said | {{name: value if name in as_agreed else _talkative(value) for name, value in body.items()}}
"""

# Minutes of whole builds: `make drill` runs them, as .ci/run does.
pytestmark = pytest.mark.drill


@dataclass(frozen=True)
class Nest:
    """The home after a run over a company full of canaries, and all text that is kept in it, folder by folder."""

    home: Path
    run: Finished
    texts: dict[str, bytes]


@pytest.fixture(scope="module")
def nest(tmp_path_factory: pytest.TempPathFactory) -> Nest:
    folder = tmp_path_factory.mktemp("nest")
    home, project = folder / "var", copy_of_the_project(folder)
    size = ("--months", "1", "--requests", "1000")
    made = meterhouse(home, "demo", *size, project=project, METERHOUSE_CONFIG="")
    assert made.code == 0, made.output
    exports = home / "demo" / "company" / "exports"
    plant_in_answers(exports / "api", project / "orchestration" / "demo_company" / "server.py")
    plant_in_gateway_log(exports / "drop" / "litellm")
    plant_in_files(exports / "drop")
    deliver_broken_files(exports / "drop")
    run = meterhouse(home, "run", timeout=400, project=project, METERHOUSE_CONFIG="", METERHOUSE_PERSON_KEY=PERSON_KEY)
    kept = sorted(path for path in home.iterdir() if path.name != "demo")
    return Nest(home, run, {path.name: all_text(path) for path in kept})


def test_the_run_goes_on_and_says_which_deliveries_it_refused(nest: Nest) -> None:
    assert nest.run.code == 3, nest.run.output
    assert published(nest.home).generation == 1
    for refused in ("seats-word.csv", "seats-mail.csv", "seats-negative.csv", "drivers/", "spend_logs 2026-10-07"):
        assert refused in nest.run.output


def test_no_canary_is_in_anything_that_is_kept(nest: Nest) -> None:
    assert {"landing", "rejected", "builds", "published", "books", "dagster"} <= set(nest.texts)
    found = {folder: places(text) for folder, text in nest.texts.items() if CANARY in text}
    assert found == {}


def test_no_canary_is_on_the_screen(nest: Nest) -> None:
    assert places(nest.run.output.lower().encode()) == []


def test_canaries_were_delivered(nest: Nest) -> None:
    """Every place was read: people and secrets left their hash there, everything else its place in a manifest."""
    hasher = PersonHasher(PERSON_KEY)
    hashes = [hasher.hash(person).encode() for person in (MAIL, "jane-canaryfinch")]
    for table in TABLES_WITH_PEOPLE:
        text = texts_below(nest.home / "landing" / table)
        assert any(found in text for found in hashes), table
    for table in (*TABLES_WITH_PEOPLE, "openai/costs", "openai/usage", "anthropic/cost", "github/ai_credit_usage"):
        manifests = (nest.home / "landing" / table).glob("*/*/*/*/manifest.json")
        unknown = {name for path in manifests for name in json.loads(path.read_text())["unknown_columns"]}
        assert any(name.rsplit(".")[-1] in ("prompt", "messages") for name in unknown), table


def test_the_search_sees_text_in_every_kind_of_store(nest: Nest) -> None:
    """What was agreed on is kept, and found: in gzip, Parquet, DuckDB, SQLite, JSON and Markdown."""
    home = nest.home
    project, line, price = PROJECT_WORD.encode(), LINE_WORD.encode(), PRICE_WORD.encode()
    assert project in texts_below(home / "landing" / ".raw")
    assert project not in b"".join(path.read_bytes() for path in (home / "landing" / ".raw").iterdir())
    assert line in texts_below(home / "published" / "000001" / "parquet")
    for database in (home / "builds" / "work", home / "published" / "000001"):
        assert line in texts_of_databases(database), database
    assert price in texts_of_databases(home / "dagster")
    for suffix in ("json", "md"):
        assert any(price in path.read_bytes() for path in (home / "rejected").rglob(f"report.{suffix}"))
    for folder, word in {"landing": project, "builds": line, "published": line, "dagster": price}.items():
        assert word in nest.texts[folder], folder
    assert b"publication" in nest.texts["books"]


def all_text(place: Path) -> bytes:
    """Every byte of a file or folder in lower case, and what packed files hold."""
    return (place.read_bytes() if place.is_file() else texts_below(place) + texts_of_databases(place)).lower()


def texts_of_databases(folder: Path) -> bytes:
    """Every value of every table and view in the DuckDB and SQLite files below a folder; their bytes are packed."""
    found = []
    for path in sorted(folder.rglob("*.duckdb")):
        with duckdb.connect(str(path), read_only=True) as packed:
            names = "select table_schema, table_name from information_schema.tables"
            for schema, table in packed.execute(names).fetchall():
                found.append(str(packed.execute(f'select * from "{schema}"."{table}"').fetchall()))
    for path in sorted(folder.rglob("*.db")):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as cut_up:
            for (table,) in cut_up.execute("select name from sqlite_master where type = 'table'").fetchall():
                found.append(str(cut_up.execute(f'select * from "{table}"').fetchall()))
        cut_up.close()
    return "\n".join(found).encode()


def places(text: bytes) -> list[bytes]:
    """The first few canaries with what stands around them: a failing test shows where they sit."""
    parts = text.split(CANARY)
    return [before[-60:] + CANARY + after[:60] for before, after in pairwise(parts[:6])]


def plant_in_answers(api: Path, server: Path) -> None:
    """In the names and lists that vendors serve, in lines of a bill, and around everything that they say."""
    text = server.read_text()
    assert text.count("_json(answer.body)") == 1
    server.write_text(text.replace("_json(answer.body)", "_json(_talkative(answer.body))") + TALKATIVE)

    def project(entry: dict[str, Any]) -> None:
        entry["name"] = f"{PROJECT_WORD} of {MAIL}, key {SECRET}"

    def openai_key(entry: dict[str, Any]) -> None:
        entry |= {"name": f"{CLOUD_SECRET} of {MAIL}", "redacted_value": SECRET}
        entry["owner"] = {"type": "user", "user": {"id": MAIL, "email": MAIL, "name": NAME}}

    def workspace(entry: dict[str, Any]) -> None:
        entry |= {"name": f"of {MAIL}", "tags": {"contact": MAIL, "key": SECRET}}

    def anthropic_key(entry: dict[str, Any]) -> None:
        entry |= {"name": SECRET, "partial_key_hint": SECRET, "actor": {"email_address": MAIL}}
        entry["created_by"] = {"id": MAIL, "type": "user", "name": NAME}

    def seat(entry: dict[str, Any]) -> None:
        entry["assignee"] = {"login": "jane-canaryfinch", "id": MAIL, "html_url": f"https://nest.example/{MAIL}"}
        entry["last_activity_editor"] = f"vscode {CLOUD_SECRET}"

    def member(entry: dict[str, Any]) -> None:
        entry |= {"name": NAME, "email": MAIL}

    edits: dict[str, Callable[[dict[str, Any]], None]] = {
        "openai_projects": project,
        "openai_keys": openai_key,
        "anthropic_workspaces": workspace,
        "anthropic_keys": anthropic_key,
        "github_seats": seat,
        "cursor_members": member,
    }
    for name, edit in edits.items():
        path = api / f"{name}.json"
        entries = json.loads(path.read_text())
        edit(entries[0])
        path.write_text(json.dumps(entries))
    first_row = "rowid = 0"
    replace_values(api / "cursor_events.parquet", f"case when {first_row} then '{MAIL}' else person end as person")
    replace_values(
        api / "openai_costs.parquet",
        f"case when {first_row} then line_item || ' for {MAIL}, {SECRET}' else line_item end as line_item",
    )


def replace_values(path: Path, values: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table rows as from read_parquet(?)", [str(path)])
        connection.execute(f"copy (select * replace ({values}) from rows) to '{path}' (format parquet)")


def plant_in_gateway_log(folder: Path) -> None:
    """In the first request of every day; in one day's file also a record that is cut off in the middle."""
    for path in sorted(folder.glob("*/*.ndjson.gz")):
        first, *others = gzip.decompress(path.read_bytes()).decode().splitlines()
        record = json.loads(first)
        metadata = record["metadata"]
        tags = (EVERYTHING, SECRET, f"customer:{MAIL}", f"project:{CLOUD_SECRET}", f"who:{NAME}")
        record |= {
            "messages": [{"role": "user", "content": EVERYTHING}],
            "response": {"choices": [{"message": {"content": EVERYTHING}}]},
            "proxy_server_request": {"body": {"messages": EVERYTHING}, "headers": {"authorization": SECRET}},
            "error_str": EVERYTHING,
            "api_base": f"https://gate.example/v1?key={CLOUD_SECRET}&user={MAIL}",
            "requester_ip_address": MAIL,
            "end_user": MAIL,
            "request_tags": [*record["request_tags"], *tags],
            MAIL: EVERYTHING,
        }
        metadata |= {
            "user_api_key_user_email": MAIL,
            "user_api_key_user_id": NAME,
            # What stands here when somebody calls with a key of another house.
            "user_api_key_hash": SECRET,
            "user_api_key_alias": f"key of {MAIL}",
            "user_api_key_team_alias": CLOUD_SECRET,
            "spend_logs_metadata": {"customer": MAIL, "note": EVERYTHING, "cost_centre": f"ask {MAIL}"},
            "requester_metadata": {"user": MAIL, "prompt": PROMPT, "key": SECRET},
            "requester_custom_headers": {"x-user": MAIL, "authorization": SECRET},
            "error_information": {"error_message": EVERYTHING, "traceback": EVERYTHING},
            "mcp_tool_call_metadata": {"arguments": EVERYTHING},
            "guardrail_information": [{"guardrail_request": EVERYTHING}],
        }
        metadata["usage_object"]["prompt"] = EVERYTHING
        path.write_bytes(gzip.compress("\n".join((json.dumps(record), *others, "")).encode(), mtime=0))
    broken = folder / "2026-10-07" / "gateway-cut-off.ndjson"
    broken.write_text(json.dumps({"id": EVERYTHING, "startTime": MAIL, "messages": EVERYTHING})[:-30] + "\n")


def plant_in_files(drop: Path) -> None:
    """In the first line of files that people deliver, and in a column more than was agreed on."""
    drivers = drop / "drivers"
    line = {"prompt": EVERYTHING, MAIL: NAME}
    edits = {
        "seats/seats-*.csv": {
            "principal_email": MAIL,
            "principal_id": NAME,
            "team_id": f"team of {MAIL}",
            "cost_centre": CLOUD_SECRET,
            "source": SECRET,
        },
        "drivers/principals/*.csv": {"email": MAIL, "principal_id": f"directory/{NAME}", "external_id": NAME},
        "drivers/org_units/*.csv": {"owner": MAIL},
        "drivers/commitments/*.csv": {},
        "drivers/product_usage_daily/*.csv": {"customer_id": MAIL},
        "drivers/revenue_daily/*.csv": {"customer_id": MAIL, "plan": SECRET},
        "drivers/stripe_balance_transactions/*.csv": {"description": f"{SECRET} of {MAIL}"},
    }
    for pattern, cells in edits.items():
        (path,) = drop.glob(pattern)
        rows = list(csv.DictReader(path.read_text().splitlines()))
        assert set(cells) <= set(rows[0]), path
        rows[0] |= cells
        write_rows(path, [row | line for row in rows])
    # Its header line is lost, so that people stand where names of columns do.
    budgets = drivers / "budgets" / "headless.csv"
    budgets.write_text(f"{MAIL},{MAIL},{NAME},{PROMPT}\n{MAIL},{SECRET},{NAME},{PROMPT}\n")
    lines = drop / "manual" / "lines.csv"
    rows = list(csv.DictReader(lines.read_text().splitlines()))
    rows[0]["description"] = LINE_WORD
    write_rows(lines, rows)


def deliver_broken_files(drop: Path) -> None:
    """Seat files that are refused: a word for a price, a person for a price, and a price below zero."""
    (good,) = (drop / "seats").glob("*.csv")
    row = next(csv.DictReader(good.read_text().splitlines()))
    # Another month than the good file's, which is not to blame.
    row |= {"period": "2026-11", "seat_start": "2026-11-01", "seat_end": "2026-12-01"}
    row |= {"principal_email": MAIL, "prompt": EVERYTHING}
    prices = {"seats-word.csv": PRICE_WORD, "seats-mail.csv": f"{MAIL} {SECRET}", "seats-negative.csv": "-1"}
    for name, price in prices.items():
        write_rows(drop / "seats" / name, [row | {"unit_price": price}])


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)

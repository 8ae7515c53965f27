"""A vendor on loopback for tests: a test says what it answers, the real connectors ask it."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest

from orchestration.landing import Outcome, land_table, landing_tables
from orchestration.settings import Settings, SourceSettings

KEY = "test-key"
PERSON_KEY = "a key for the people of tests"


@dataclass(frozen=True)
class Question:
    """One request as the vendor received it. `query` has lists; `body` is the decoded JSON."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any = None


@dataclass(frozen=True)
class Answer:
    """What the vendor says: an object becomes JSON, bytes and text stay as they are; `drop` cuts the connection."""

    content: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass
class Vendor:
    """A running stub: its address and every question it was asked."""

    url: str
    questions: list[Question]


@contextmanager
def vendor(answer: Callable[[Question], Answer]) -> Iterator[Vendor]:
    """Serves `answer` on a port of 127.0.0.1 until the block ends."""
    questions: list[Question] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without this each answer waits 40 ms for the other side.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(sent) if sent else None
            question = Question(self.command, address.path, parse_qs(address.query), headers, body)
            questions.append(question)
            said = answer(question)
            if said.drop:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            is_raw = isinstance(said.content, bytes | str)
            text = said.content if is_raw else json.dumps(said.content)
            payload = text if isinstance(text, bytes) else text.encode()
            self.send_response(said.status)
            for name, value in ({"Content-Type": "application/json"} | said.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_POST = do_GET  # noqa: N815 - the base class names it so

        def log_message(self, format: str, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Vendor(f"http://127.0.0.1:{server.server_port}", questions)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def land(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    vendor_name: str,
    table: str,
    location: str,
    *,
    today: date = date(2026, 10, 15),
    months: Sequence[str] = ("2026-10",),
    since: date | None = date(2026, 10, 14),
    **source: Any,
) -> list[Outcome]:
    """Lands one table of one source through the real connector, with both keys set and no waiting between tries."""
    from orchestration.sources import SOURCES

    monkeypatch.setenv("METERHOUSE_PERSON_KEY", PERSON_KEY)
    variable = source.get("key_variable") or SOURCES[vendor_name].key_variable
    if variable:
        monkeypatch.setenv(variable, KEY)
    options = {"backoff_seconds": "0"} | source.pop("options", {})
    settings = Settings(
        home=home,
        today=today,
        sources=(
            SourceSettings(vendor=vendor_name, name="main", location=location, since=since, options=options, **source),
        ),
    )
    found = next(item for name, item in landing_tables() if (name, item.name) == (vendor_name, table))
    return land_table(settings, vendor_name, found, months)


def landed_rows(home: Path, vendor_name: str, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    """The typed rows of every package of a table, ordered."""
    pattern = f"{home}/landing/{vendor_name}/{table}/*/*/*/*/part-*.parquet"
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        sql = f"select {columns} from read_parquet(?, union_by_name = true) order by all"
        return connection.execute(sql, [pattern]).fetchall()


def texts_below(folder: Path) -> bytes:
    """Every byte that lies below a folder, gzip unpacked and Parquet read as text: what a search for a canary reads."""
    import gzip

    found = []
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        content = path.read_bytes()
        found.append(content)
        if content[:2] == b"\x1f\x8b":
            found.append(gzip.decompress(content))
        if content[:4] == b"PAR1":
            with duckdb.connect() as connection:
                found.append(str(connection.execute("select * from read_parquet(?)", [str(path)]).fetchall()).encode())
    return b"\n".join(found)

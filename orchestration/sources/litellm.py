"""A LiteLLM gateway's requests, from its PostgreSQL database or from the objects of its storage logger.

A watermark finds the days that were touched; each is read whole. Only the contract's columns are selected, people are
hashed and secrets masked before a row is kept. DuckDB does all of it by column, since a day may have millions of rows.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import duckdb
import fsspec

from orchestration import casting
from orchestration.contracts import Column, Contract
from orchestration.errors import DeliveryError
from orchestration.paths import sha256_of
from orchestration.scrubbing import PERSONAL, hidden
from orchestration.sources import files
from orchestration.sources.api import LOOPBACK, answers_with
from orchestration.sources.base import Delivery, Fetch, ReceivedFile, SourceTable, Vendor, hash_of_hashes

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.sql import Composed

MEMORY = "2GB"
LARGEST_RECORD_BYTES = 64 * 1024**2
SPEND_LOGS = "LiteLLM_SpendLogs"
SNAPSHOTS = {
    "teams": ("LiteLLM_TeamTable",),
    "keys": ("LiteLLM_VerificationToken", "LiteLLM_DeletedVerificationToken"),
    "projects": ("LiteLLM_ProjectTable",),
    "organizations": ("LiteLLM_OrganizationTable",),
    "tags": ("LiteLLM_TagTable",),
}
# Under which keys callers say something, where it is not the name itself. The option `tag_keys` may say otherwise.
TAG_KEYS = {"environment": ("environment", "env")}
DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
JSON_FORMATS = {".json": "unstructured", ".jsonl": "newline_delimited", ".ndjson": "newline_delimited"}
ENCRYPTED = ("require", "verify-ca", "verify-full")


@dataclass(frozen=True)
class _Select:
    """A question to the database: its names in order, and the columns of the table that it leaves alone."""

    query: "Composed"
    names: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class _Received:
    """Rows as DuckDB reads them: SQL of text columns under the contract's names, and the columns that it leaves out.

    `sha256s` are of the bytes that came, object by object.
    """

    query: str
    dropped: tuple[str, ...]
    sha256s: tuple[str, ...] = ()


# Reads rows by way of a folder that is deleted at once.
_Reader = Callable[[duckdb.DuckDBPyConnection, Path], _Received]


def spend_logs(fetch: Fetch) -> Iterator[Delivery]:
    """Every wanted day whose watermark is not known, whole. Raises DeliveryError when the source cannot be read; a day
    that cannot be read stops no other day, so that is said last.

    Options: `tag_keys` ("environment=stage|env, feature=widget": under which keys callers say it); of a database also
    `lag_minutes` (60: younger requests alone do not touch a day, so that a day is read again once they are all there).
    """
    failures = []
    days = _days_of_database(fetch) if _is_database(fetch) else _days_of_folder(fetch)
    for day, state, reader in days:
        try:
            delivery = _delivery(fetch, f"spend_logs {day}", day, state, reader)
        except DeliveryError as error:
            failures.append(error)
        else:
            yield delivery
    if failures:
        others = f" (and {len(failures) - 1} more days)" if failures[1:] else ""
        raise replace(failures[0], found=failures[0].found + others)


def snapshot(fetch: Fetch) -> Iterator[Delivery]:
    """What one of the gateway's tables says today; of a folder, the file `tables/<table>.csv` or `.json`, if any."""
    table = fetch.contract.table
    for day in fetch.due_days:
        origin = f"{table} {day}"
        if not _is_database(fetch):
            reader = _file_reader(fetch, table)
            if reader:
                yield _delivery(fetch, origin, day.isoformat(), "?", reader)
            continue
        with _database(fetch) as connection:
            found = [(name, _columns_of(connection, name)) for name in SNAPSHOTS[table]]
            selects = [_select(fetch, name, columns) for name, columns in found if columns]
            if selects:
                yield _delivery(fetch, origin, day.isoformat(), "?", _database_reader(connection, selects))


def _is_database(fetch: Fetch) -> bool:
    return fetch.source.location.startswith(("postgresql://", "postgres://"))


def _delivery(fetch: Fetch, origin: str, day: str, state: str, reader: _Reader) -> Delivery:
    """One day's rows, scrubbed, as one Parquet file of text. Nothing else of them is left on the disk."""
    folder = fetch.scratch / origin.replace(" ", "-")
    folder.mkdir()
    target = folder / f"{origin.replace(' ', '-')}.parquet"
    hasher = fetch.hasher()
    with tempfile.TemporaryDirectory(dir=fetch.scratch) as working:
        readable = [fetch.scratch] + ([] if "://" in fetch.source.location else [Path(fetch.source.location)])
        connection = casting.ingest_connection(readable, Path(working) / "spill", MEMORY)
        try:
            connection.create_function("hash_of_person", hasher.hash, ["VARCHAR"], "VARCHAR")
            connection.create_function("masked_text", hasher.mask, ["VARCHAR"], "VARCHAR")
            received = reader(connection, Path(working))
            unscrubbed = Path(working) / "unscrubbed.parquet"
            dated = f"select '{day}' as {_day_column(fetch.contract)}, * from ({received.query})"
            connection.execute(f"copy ({dated}) to '{_escaped(unscrubbed)}' (format parquet, compression snappy)")
            _write_scrubbed(connection, fetch.contract, unscrubbed, target)
        except duckdb.Error as error:
            raise _unreadable(fetch, origin, error) from None
        finally:
            connection.close()
    file = ReceivedFile(
        target.name,
        target,
        target.stat().st_size,
        sha256_of(target),
        None,
        received_sha256=hash_of_hashes(received.sha256s),
    )
    return Delivery((file,), origin, state, covers=(day,), dropped=received.dropped)


def _write_scrubbed(connection: duckdb.DuckDBPyConnection, contract: Contract, unscrubbed: Path, target: Path) -> None:
    """Each person is hashed once; each text that holds an address or a secret is masked, whatever its column."""
    rows = f"read_parquet('{_escaped(unscrubbed)}')"
    names = [row[0] for row in connection.execute(f"describe select * from {rows}").fetchall()]
    people = [column.name for column in contract.columns if column.is_personal and column.name in names]
    each = " union all ".join(f'select "{name}" as person from {rows}' for name in people) or "select '' as person"
    everybody = f"select distinct person from ({each})"
    connection.execute(f"create table people as select person, hash_of_person(person) as hash from ({everybody})")
    shown = []
    for name in names:
        masked = f'case when regexp_matches("{name}", \'{_escaped(PERSONAL.pattern)}\') then masked_text("{name}")'
        shown.append(f'"of {name}".hash as "{name}"' if name in people else f'{masked} else "{name}" end as "{name}"')
    joins = " ".join(f'left join people as "of {name}" on "of {name}".person = received."{name}"' for name in people)
    casting.parquet_copy(connection, f"select {', '.join(shown)} from {rows} as received {joins}", target)


def _unreadable(fetch: Fetch, origin: str, error: duckdb.Error) -> DeliveryError:
    """DuckDB's message may quote a prompt, so only its kind and the place are told."""
    place = re.search(r'in file "([^"]+)".*?((?:line|record/value) \d+)', str(error), re.DOTALL)
    where = f" in {Path(place[1]).name}, {place[2]}" if place else ""
    return DeliveryError(
        source=fetch.label,
        file=origin,
        expected="whole files of JSON objects or Parquet rows, as LiteLLM writes them",
        found=f"{type(error).__name__}{where}",
        next_step="mend or remove the object and run again; nothing of this day was landed",
    )


# The database.


@contextmanager
def _database(fetch: Fetch) -> Iterator["Connection[Any]"]:
    """A connection that may only read. Raises DeliveryError when there is none, or when it breaks."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    def refusal(expected: str, found: str, next_step: str) -> DeliveryError:
        return DeliveryError(source=fetch.label, expected=expected, found=found, next_step=next_step)

    try:
        said = conninfo_to_dict(fetch.source.location)
        if said.get("password"):
            raise refusal("a location without a password", "a password", "move it to its environment variable")
        host = str(said.get("host") or "")
        is_local = host.startswith("/") or host in ("", *LOOPBACK)
        encryption = str(said.get("sslmode") or ("prefer" if is_local else "require"))
        if not is_local and encryption not in ENCRYPTED:
            found = f"sslmode={encryption}"
            raise refusal("an encrypted connection to another host", found, "take sslmode=verify-full")
        address = make_conninfo(
            fetch.source.location,
            password=fetch.key(),
            sslmode=encryption,
            application_name="meterhouse",
            connect_timeout=10,
        )
        with psycopg.connect(address, autocommit=True) as connection:
            connection.read_only = True
            yield connection
    except psycopg.Error as error:
        reason = hidden((str(error).strip() or type(error).__name__).splitlines()[0])
        raise refusal(
            "an answer of LiteLLM's database", reason, "mend `location`, the rights or the password"
        ) from None


@contextmanager
def _asking(connection: "Connection[Any]") -> Iterator[None]:
    """A transaction that reads only and writes times and numbers as we expect, whatever the database prefers."""
    with connection.transaction():
        connection.execute("set local datestyle to iso")
        connection.execute("set local extra_float_digits to 1")
        yield


def _days_of_database(fetch: Fetch) -> Iterator[tuple[str, str, _Reader]]:
    """Touched days with their watermark: requests, estimated cost, last end and, where there is one, last update."""
    from psycopg import sql

    with _database(fetch) as connection:
        columns = _columns_of(connection, SPEND_LOGS)
        if not {"startTime", "endTime", "spend"} <= set(columns):
            raise DeliveryError(
                source=fetch.label,
                expected=f'a table "{SPEND_LOGS}" with the columns startTime, endTime and spend',
                found=", ".join(columns) or "no such table",
                next_step="name LiteLLM's own database and schema in `location`",
            )
        bounds = sql.SQL('select min("startTime"), max("startTime") from {}').format(sql.Identifier(SPEND_LOGS))
        with _asking(connection):
            first, last = connection.execute(bounds).fetchone() or (None, None)
        if first is None or last is None:
            return
        since = max(first.date(), fetch.source.since or date.min)
        days = [since + timedelta(days=number) for number in range((last.date() - since).days + 1)]
        wanted = [day for day in days if day.isoformat() in fetch.wanted]
        if not wanted:
            return
        watermark = sql.SQL(
            'select cast("startTime" as date), concat_ws(\' \', count(*), sum(cast(cast("spend" as text) as numeric)), '
            'max("endTime"), {updated}) from {table} where "startTime" >= {first} and "startTime" < {end} '
            "and \"startTime\" < now() at time zone 'UTC' - {lag} group by 1 order by 1"
        ).format(
            updated=sql.SQL('max("updated_at")' if "updated_at" in columns else "null"),
            table=sql.Identifier(SPEND_LOGS),
            first=wanted[0],
            end=wanted[-1] + timedelta(days=1),
            lag=timedelta(minutes=_lag_minutes(fetch)),
        )
        with _asking(connection):
            touched = connection.execute(watermark).fetchall()
        for day, state in touched:
            is_wanted = day.isoformat() in fetch.wanted
            if is_wanted and not fetch.is_known(f"spend_logs {day}", state):
                select = _select(fetch, SPEND_LOGS, columns, day)
                yield day.isoformat(), state, _database_reader(connection, [select])


def _lag_minutes(fetch: Fetch) -> int:
    said = fetch.source.options.get("lag_minutes", "60")
    if not re.fullmatch(r"\d{1,9}", said):
        raise _misconfigured(fetch, "lag_minutes", "a whole number of minutes", said)
    return int(said)


def _columns_of(connection: "Connection[Any]", table: str) -> tuple[str, ...]:
    """The columns that a table has, in its order; none when there is no such table."""
    query = (
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped "
        "order by attnum"
    )
    with _asking(connection):
        return tuple(row[0] for row in connection.execute(query, [f'"{table}"']).fetchall())


def _select(fetch: Fetch, table: str, columns: Sequence[str], day: date | None = None) -> _Select:
    """The agreed columns that this version of the table has; of JSON only the agreed keys leave the database."""
    from psycopg import sql

    shown = {}
    for column in fetch.contract.columns:
        path = _database_path(column)
        if path[0] in columns:
            shown[column.name] = _database_value(fetch, column, path)
    query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(shown.values()), sql.Identifier(table))
    if day:
        of_day = sql.SQL(' where "startTime" >= {} and "startTime" < {}').format(day, day + timedelta(days=1))
        query = sql.Composed([query, of_day])
    used = {_database_path(column)[0] for column in fetch.contract.columns}
    return _Select(query, tuple(shown), tuple(f"{table}.{name}" for name in columns if name not in used))


def _database_path(column: Column) -> list[str]:
    return str(column.properties.get("databaseName", column.path)).split(".")


def _database_value(fetch: Fetch, column: Column, path: list[str]) -> "Composed":
    from psycopg import sql

    name = sql.Identifier(path[0])
    caller_keys = _caller_keys(fetch, column)
    if caller_keys and path[1:]:
        said = [sql.SQL("{} #>> {}").format(name, [*path[1:], key]) for key in caller_keys]
        return sql.SQL("coalesce({})").format(sql.SQL(", ").join(said))
    if caller_keys:
        return sql.SQL(
            "(select min(trim(substr(tag, strpos(tag, ':') + 1)) collate \"C\") "
            "from jsonb_array_elements_text(case jsonb_typeof({name}) when 'array' then {name} end) as tag "
            "where split_part(tag, ':', 1) = any({keys}))"
        ).format(name=name, keys=list(caller_keys))
    if path[1:]:
        return sql.SQL("{} #>> {}").format(name, path[1:])
    if column.sql_type.startswith("decimal"):
        # The shortest digits of the double, without an exponent.
        return sql.SQL("cast(cast({} as text) as numeric)").format(name)
    return sql.Composed([name])


def _database_reader(connection: "Connection[Any]", selects: Sequence[_Select]) -> _Reader:
    def read(duck: duckdb.DuckDBPyConnection, working: Path) -> _Received:
        from psycopg import sql

        tables, hashes = [], []
        for number, select in enumerate(selects):
            path = working / f"{number}.csv"
            copying = sql.SQL("copy ({}) to stdout (format csv)").format(select.query)
            with _asking(connection), connection.cursor().copy(copying) as blocks, path.open("wb") as file:
                for block in blocks:
                    file.write(block)
            hashes.append(sha256_of(path))
            types = ", ".join(f"'{name}': 'VARCHAR'" for name in select.names)
            tables.append(
                f"select * from read_csv('{_escaped(path)}', auto_detect = false, header = false, "
                f"columns = {{{types}}}, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
                f"max_line_size = {LARGEST_RECORD_BYTES})"
            )
        dropped = tuple(sorted({name for select in selects for name in select.dropped}))
        return _Received(" union all by name ".join(tables), dropped, tuple(hashes))

    return read


# The folder.


def _days_of_folder(fetch: Fetch) -> Iterator[tuple[str, str, _Reader]]:
    """Touched days with the listing of their objects as the watermark: names, sizes and marks of content."""
    filesystem, root = _open(fetch)
    try:
        with files.reading():
            folders = sorted(item["name"] for item in filesystem.ls(root, detail=True) if item["type"] == "directory")
        for folder in folders:
            day = PurePosixPath(folder).name
            is_since = fetch.source.since is None or day >= fetch.source.since.isoformat()
            if not (DAY.fullmatch(day) and is_since and day in fetch.wanted):
                continue
            with files.reading():
                found = sorted(filesystem.find(folder, detail=True).items())
            objects = {path: info for path, info in found if _suffix(path) in (*JSON_FORMATS, ".parquet")}
            marks = [_mark(info) for info in objects.values()]
            listing = "\n".join(f"{path} {mark}" for path, mark in zip(objects, marks, strict=True))
            state = "?" if None in marks else hashlib.sha256(listing.encode()).hexdigest()
            if objects and not fetch.is_known(f"spend_logs {day}", state):
                yield day, state, _objects_reader(fetch, filesystem, list(objects))
    except OSError as error:
        raise _unlisted(fetch, error) from None


def _file_reader(fetch: Fetch, table: str) -> _Reader | None:
    filesystem, root = _open(fetch)
    with files.reading():
        found = [path for suffix in (".csv", ".json") if filesystem.exists(path := f"{root}/tables/{table}{suffix}")]
    if not found:
        return None

    def read(duck: duckdb.DuckDBPyConnection, working: Path) -> _Received:
        local = working / PurePosixPath(found[0]).name
        with files.reading():
            filesystem.get_file(found[0], str(local))
        if local.suffix == ".json":
            received = _records(fetch, duck, [str(local)], "unstructured")
        else:
            text = casting.text_table(duck, local, local.name, fetch.label, fetch.contract, 0)
            received = _rows(fetch, duck, text.relation)
        return replace(received, sha256s=(sha256_of(local),))

    return read


def _open(fetch: Fetch) -> tuple[Any, str]:
    try:
        with files.reading():
            filesystem, path = fsspec.core.url_to_fs(fetch.source.location)
            root = str(path).rstrip("/")
            # A long-lived process keeps listings; new objects must be seen.
            filesystem.invalidate_cache()
            if not filesystem.isdir(root):
                raise FileNotFoundError("no such folder")
    except (OSError, ValueError, ImportError) as error:
        raise _unlisted(fetch, error) from None
    return filesystem, root


def _unlisted(fetch: Fetch, error: Exception) -> DeliveryError:
    return DeliveryError(
        source=fetch.label,
        expected=f"a readable folder of the storage logger at {fetch.source.location}, or a postgresql:// address",
        found=f"{type(error).__name__}: {error}",
        next_step="mend `location` in the configuration, or the access rights, and run again",
    )


def _suffix(path: str) -> str:
    return PurePosixPath(path.removesuffix(".gz")).suffix.lower()


def _mark(info: dict[str, Any]) -> str | None:
    """What tells one content of an object from another; None when the file system knows nothing."""
    values = (info.get(key) for key in ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created"))
    mark = next((value for value in values if value), None)
    if isinstance(mark, datetime):
        mark = mark.astimezone(UTC).isoformat()
    return None if mark is None else f"{info['size']} {mark}"


def _objects_reader(fetch: Fetch, filesystem: Any, paths: Sequence[str]) -> _Reader:
    def read(duck: duckdb.DuckDBPyConnection, working: Path) -> _Received:
        local = _local_paths(fetch, filesystem, paths, working)
        received = []
        for form in sorted(set(JSON_FORMATS.values())):
            of_form = [path for path in local if JSON_FORMATS.get(_suffix(path)) == form]
            received += [_records(fetch, duck, of_form, form)] if of_form else []
        rows = [path for path in local if _suffix(path) == ".parquet"]
        if rows:
            listed = ", ".join(f"'{_escaped(path)}'" for path in rows)
            received.append(_rows(fetch, duck, f"read_parquet([{listed}], union_by_name = true)"))
        dropped = tuple(sorted({name for item in received for name in item.dropped}))
        hashes = tuple(sha256_of(Path(path)) for path in local)
        return _Received(" union all by name ".join(item.query for item in received), dropped, hashes)

    return read


def _local_paths(fetch: Fetch, filesystem: Any, paths: Sequence[str], working: Path) -> list[str]:
    """A bucket's objects are copied; files of this machine are read where they lie, unless a name looks like a glob."""
    is_here = "://" not in fetch.source.location
    local = {path: path for path in paths if is_here and not set("*?[") & set(path)}
    copies = {path: str(working / f"{number}{_ending(path)}") for number, path in enumerate(paths) if path not in local}
    try:
        if copies:
            with files.reading():
                filesystem.get(list(copies), list(copies.values()))
    except OSError as error:
        raise _unlisted(fetch, error) from None
    return [(local | copies)[path] for path in paths]


def _ending(path: str) -> str:
    return _suffix(path) + (".gz" if path.endswith(".gz") else "")


def _records(fetch: Fetch, duck: duckdb.DuckDBPyConnection, paths: Sequence[str], form: str) -> _Received:
    """Payloads of the storage logger. Fields that are not agreed are passed over by the reader itself."""
    listed = "[" + ", ".join(f"'{_escaped(path)}'" for path in paths) + "]"
    options = f"format = '{form}', maximum_object_size = {LARGEST_RECORD_BYTES}"
    places = [(column, column.path.split(".")) for column in fetch.contract.columns]
    nested = {path[0] for column, path in places if path[1:] or "caller" in column.properties}
    fields = {path[0]: "JSON" if path[0] in nested else "VARCHAR" for _, path in places if path[0][0] != "$"}
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in fields.items())
    # Which fields there are is seen in the first records: all of them would be read for it, prompts too.
    seen = duck.execute(
        "select distinct unnest(json_keys(json)) from "
        f"(select json from read_json_objects({listed}, {options}) limit 1000)"
    ).fetchall()
    dropped = tuple(sorted(hidden(row[0]) for row in seen if row[0] not in fields))
    return _Received(_unpacked(fetch, f"read_json({listed}, {options}, columns = {{{types}}})", places), dropped)


def _rows(fetch: Fetch, duck: duckdb.DuckDBPyConnection, relation: str) -> _Received:
    """Rows of a table of the database that somebody exported as Parquet or CSV."""
    described = duck.execute(f"describe select * from {relation}").fetchall()
    shown = [
        f'"{name}"' if kind == "VARCHAR" else f'{_as_text(name, kind)} as "{name}"' for name, kind, *_ in described
    ]
    names = {row[0] for row in described}
    paths = [(column, _database_path(column)) for column in fetch.contract.columns]
    places = [(column, path) for column, path in paths if path[0] in names]
    dropped = tuple(sorted(map(hidden, names - {path[0] for _, path in places} - {"_row_number"})))
    return _Received(_unpacked(fetch, f"(select {', '.join(shown)} from {relation})", places), dropped)


def _as_text(name: str, kind: str) -> str:
    is_nested = kind.startswith(("STRUCT", "MAP")) or kind.endswith("]")
    return f'cast({"to_json" if is_nested else ""}("{name}") as varchar)'


def _unpacked(fetch: Fetch, relation: str, places: Sequence[tuple[Column, list[str]]]) -> str:
    """SQL of the agreed values as text. Each JSON field is taken apart once, for all its paths."""
    inside: dict[str, list[str]] = {}
    shown = []
    for column, path in places:
        field = path[0]
        keys = _caller_keys(fetch, column)
        if field.startswith("$"):
            continue
        if keys and not path[1:]:
            value = _tag(field, keys)
        elif path[1:]:
            found = []
            for inner in [[*path[1:], key] for key in keys] or [path[1:]]:
                inside.setdefault(field, []).append("$" + "".join(f'."{part}"' for part in inner))
                found.append(f'"values of {field}"[{len(inside[field])}]')
            value = f"coalesce({', '.join(found)})" if keys else found[0]
        else:
            value = _plain(column, f'"{field}"')
        shown.append(f"nullif({value}, '') as \"{column.name}\"")
    taken_apart = "".join(
        f', json_extract_string("{field}", [{", ".join(_literal(path) for path in paths)}]) as "values of {field}"'
        for field, paths in inside.items()
    )
    return f"select {', '.join(shown)} from (select *{taken_apart} from {relation})"


def _tag(field: str, keys: Sequence[str]) -> str:
    """The value of a tag `key:value`; of two, the one that sorts first."""
    tags = f'try_cast(try_cast("{field}" as json) as varchar[])'
    wanted = ", ".join(_literal(key) for key in keys)
    matching = f"list_filter({tags}, lambda tag: split_part(tag, ':', 1) in ({wanted}))"
    return f"list_min(list_transform({matching}, lambda tag: trim(substr(tag, strpos(tag, ':') + 1))))"


def _plain(column: Column, value: str) -> str:
    """The payload's seconds since 1970 as a time, and a small number without its exponent: the same digits.

    A price of one request is small, and landing would have to take each exponent away in Python.
    """
    if column.sql_type == "timestamp":
        moment = f"make_timestamp(cast(round(cast({value} as double) * 1000000) as bigint))"
        return f"case when regexp_full_match({value}, '\\d+(\\.\\d+)?') then cast({moment} as varchar) else {value} end"
    if column.sql_type.startswith("decimal"):
        digits = f"replace(split_part({value}, 'e-', 1), '.', '')"
        small = f"'0.' || repeat('0', cast(split_part({value}, 'e-', 2) as integer) - 1) || {digits}"
        return f"case when regexp_full_match({value}, '\\d(\\.\\d+)?e-\\d{{1,3}}') then {small} else {value} end"
    return value


def _caller_keys(fetch: Fetch, column: Column) -> tuple[str, ...]:
    """Under which keys callers say what a column holds; none when it is not said by callers."""
    if "caller" not in column.properties:
        return ()
    callers = {str(other.properties.get("caller")) for other in fetch.contract.columns}
    keys: dict[str, tuple[str, ...]] = dict(TAG_KEYS)
    for pair in filter(None, fetch.source.options.get("tag_keys", "").split(",")):
        said = re.fullmatch(r"\s*(\w+)\s*=([^=\"]+)", pair)
        if said is None or said[1] not in callers:
            raise _misconfigured(fetch, "tag_keys", 'pairs such as "environment=stage|env, feature=widget"', pair)
        keys[said[1]] = tuple(key.strip() for key in said[2].split("|"))
    name = str(column.properties["caller"])
    return keys.get(name) or (name,)


def _misconfigured(fetch: Fetch, option: str, expected: str, found: str) -> DeliveryError:
    next_step = "mend the options of this source in the configuration"
    return DeliveryError(source=f"{fetch.label}, {option}", expected=expected, found=found, next_step=next_step)


def _day_column(contract: Contract) -> str:
    return str(contract.properties["partitionColumn"])


def _literal(text: str) -> str:
    return "'" + _escaped(text) + "'"


def _escaped(text: object) -> str:
    return str(text).replace("'", "''")


LITELLM = Vendor(
    "litellm",
    (
        SourceTable("spend_logs", spend_logs, answers_with("LiteLLM spend logs", "request_id", "started_at", "spend")),
        *(
            SourceTable(table, snapshot, answers_with("LiteLLM tables", key), is_snapshot=True)
            for table, key in (
                ("teams", "team_id"),
                ("keys", "token"),
                ("projects", "project_id"),
                ("organizations", "organization_id"),
                ("tags", "tag_name"),
            )
        ),
    ),
    "LITELLM_DATABASE_PASSWORD",
    ("lag_minutes", "tag_keys"),
)

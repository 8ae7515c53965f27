"""Turns received bytes into typed rows by the contract, and loses nothing in silence.

Every value is first text, found by its column's name; nothing is sniffed. A value that does not cast refuses the whole
delivery. Money with more than 18 decimals, or born as a float, is rounded once here and the rounding is reported.
Nothing here knows a vendor.
"""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, localcontext
from itertools import islice
from pathlib import Path
from typing import IO, Any

import duckdb
import simplejson

from orchestration.contracts import Column, Contract
from orchestration.errors import DeliveryError
from orchestration.scrubbing import hidden

# A gzip that unpacks to more is refused before it fills the disk.
LARGEST_RATIO = 200
LARGEST_UNPACKED_BYTES = 5 * 1024**3
LONGEST_LINE_BYTES = 64 * 1024**2

LARGEST_ROUNDING = Decimal("5e-19")
NESTED_DECIMAL = re.compile(r"DECIMAL\(\d+,\s*\d+\)")
JSON_LINES = re.compile(r"\.(jsonl|ndjson|json)(\.gz)?$", re.IGNORECASE)

DECIMAL_TEXT = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"
INTEGER_TEXT = r"[+-]?\d+"
TIME_TEXT = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?"
DATE_TEXT = r"\d{4}-\d{2}-\d{2}"
US_DATE = r"^(\d{2})/(\d{2})/(\d{4})$"
MIDNIGHT = r"^(\d{4}-\d{2}-\d{2})[T ]00:00(:00(\.0+)?)?Z?$"
BOOLEAN_TEXT = r"(?i)true|false"


@dataclass(frozen=True)
class TextTable:
    """A received file as text: `relation` has one varchar column per name and `_row_number` from 1."""

    relation: str
    columns: tuple[str, ...]
    float_columns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rounding:
    """What rounding to the money type changed in one column and currency, exactly (text minus stored)."""

    column: str
    row_count: int
    difference: Decimal
    currency: str | None = None


def ingest_connection(folders: Sequence[Path], scratch: Path, memory: str) -> duckdb.DuckDBPyConnection:
    """A DuckDB that can read and write only `folders`, in UTC, with no extensions and a locked configuration."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.create_function("plain_decimal", _plain_decimal, ["VARCHAR"], "VARCHAR")
    connection.execute("set memory_limit = ?", [memory])
    connection.execute("set temp_directory = ?", [str(scratch)])
    connection.execute("set autoinstall_known_extensions = false")
    connection.execute("set autoload_known_extensions = false")
    allowed = [str(folder) + "/" for folder in (*folders, scratch)]
    connection.execute("set allowed_directories = ?", [allowed])
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def unpacked(path: Path, source: str, scratch: Path) -> Path:
    """The file itself, or its unpacked copy when it is gzip (by its first bytes, not its name)."""
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return path
    target = scratch / (path.name + ".unpacked")
    limit = min(LARGEST_UNPACKED_BYTES, max(1024**2, path.stat().st_size * LARGEST_RATIO))
    try:
        with gzip.open(path, "rb") as packed, target.open("wb") as plain:
            _copy_at_most(packed, plain, limit)
    except (EOFError, zlib.error, OSError, ValueError) as error:
        target.unlink(missing_ok=True)
        raise DeliveryError(
            source=source,
            file=path.name,
            expected=f"a whole gzip file that unpacks to at most {limit:,} bytes",
            found=str(error),
            next_step="deliver the file again; the transfer was probably cut short",
        ) from None
    return target


def text_table(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, source: str, contract: Contract, number: int
) -> TextTable:
    """Loads one received CSV, JSON Lines or Parquet file as text, by column name. Raises DeliveryError when it is none.

    JSON Lines without a line are a table without rows and without columns.
    """
    relation = f"text_{number}"
    if JSON_LINES.search(name):
        return _text_from_json_lines(connection, path, name, source, number)
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise DeliveryError(
            source=source,
            file=name,
            expected="a CSV with a header line, or a Parquet file",
            found="an empty file (0 bytes)",
            next_step="deliver the file again, or remove it if nothing is to be said",
        )
    if start == b"PAR1":
        return _text_from_parquet(connection, path, name, source, relation)
    return _text_from_csv(connection, path, name, source, contract, relation)


def rows_table(connection: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str], number: int) -> TextTable:
    """Loads unpacked records (JSON Lines, every value a text) as a text table with exactly `columns`."""
    relation = f"text_{number}"
    names = ", ".join(f'nullif("{name}", \'\') as "{name}"' for name in columns)
    if path.stat().st_size == 0:
        empty = [f'cast(null as varchar) as "{name}"' for name in columns]
        query = f"select {', '.join([*empty, 'cast(null as bigint) as _row_number'])} where false"
        connection.execute(f"create table {relation} as {query}")
    else:
        connection.execute(
            f"create table {relation} as select {names}, row_number() over () as _row_number from read_json(?, "
            "format = 'newline_delimited', columns = ?, maximum_object_size = ?, compression = 'none')",
            [str(path), dict.fromkeys(columns, "VARCHAR"), LONGEST_LINE_BYTES],
        )
    return TextTable(relation, tuple(columns))


def renamed(connection: duckdb.DuckDBPyConnection, text: TextTable, contract: Contract) -> TextTable:
    """The same table with columns under the contract's names, where a file has the `physicalName` of one instead."""
    present = set(text.columns)
    names = {
        column.path: column.name for column in contract.columns if column.path in present and column.name not in present
    }
    if not names:
        return text
    relation = f"{text.relation}_renamed"
    values = ", ".join(f'"{name}" as "{names.get(name, name)}"' for name in text.columns)
    connection.execute(f"create view {relation} as select {values}, _row_number from {text.relation}")
    columns = tuple(names.get(name, name) for name in text.columns)
    return TextTable(relation, columns, frozenset(names.get(name, name) for name in text.float_columns))


def cast_table(
    connection: duckdb.DuckDBPyConnection, text: TextTable, contract: Contract, path: Path, name: str, source: str
) -> str:
    """Casts a text table by the contract into a table of its own and returns that table's name.

    Columns: the contract's, then `_unknown_columns` (JSON text of what the contract does not name) and `_row_number`.
    Raises DeliveryError that names line and column of the first value that does not cast.
    """
    present = set(text.columns)
    expressions, failing = [], {}
    for column in contract.columns:
        if column.name not in present:
            expressions.append(f'cast(null as {column.sql_type}) as "{column.name}"')
            continue
        value = f'"{column.name}"'
        cast_sql = _cast_expression(column, value)
        failing[column.name] = f"{value} is not null and {cast_sql} is null"
        expressions.append(f'{cast_sql} as "{column.name}"')
    known = {column.name for column in contract.columns}
    unknown = [column for column in text.columns if column not in known and not contract.drops_unknown_columns]
    fields = ", ".join(f"'{_quoted(column)}', \"{column}\"" for column in unknown)
    expressions.append(f"cast(json_object({fields}) as varchar) as _unknown_columns" if unknown else _NO_UNKNOWN)

    typed = text.relation.replace("text_", "typed_")
    connection.execute(f"create table {typed} as select {', '.join(expressions)}, _row_number from {text.relation}")
    if failing:
        # A value that did not cast is null now and was not before.
        counts = ", ".join(f'count("{name}")' for name in failing)
        before, after = (
            connection.execute(f"select {counts} from {name}").fetchone() for name in (text.relation, typed)
        )
        for (name_of_column, condition), was, now in zip(failing.items(), before or (), after or (), strict=True):
            if was != now:
                _refuse_value(connection, text, contract, path, name, source, name_of_column, condition, was - now)
    return typed


def roundings(
    connection: duckdb.DuckDBPyConnection, text: TextTable, typed: str, contract: Contract
) -> dict[str, list[Rounding]]:
    """What the casts rounded, by partition and column. The candidates are few, so Python adds them exactly."""
    found: dict[str, list[Rounding]] = {}
    decimals = [column for column in contract.columns if column.sql_type.startswith("decimal")]
    currency = contract.properties.get("currency", "null")
    partition_sql = contract.properties.get("partition", "'all'")
    facts = f"select *, {partition_sql} as _partition, {currency} as _currency from {typed}"
    for column in decimals:
        if column.name not in text.columns:
            continue
        value = f'text_rows."{column.name}"'
        long = f"regexp_matches({value}, '[eE]') or length(split_part({value}, '.', 2)) > 18"
        rows = connection.execute(
            f'select _partition, _currency, {value}, cast(typed_rows."{column.name}" as varchar) '
            f"from (select * from {text.relation} as text_rows where {long}) as text_rows "
            f"inner join ({facts}) as typed_rows using (_row_number)"
        ).fetchall()
        with localcontext(Context(prec=10_000, traps=[Inexact])):
            changed: dict[tuple[str, str | None], list[Decimal]] = {}
            for partition, of_currency, received, stored in rows:
                difference = Decimal(received) - Decimal(stored)
                if abs(difference) > LARGEST_ROUNDING:
                    raise OSError(f"{column.name}: a cast changed an amount by more than its rounding")
                if difference:
                    changed.setdefault((partition, of_currency), []).append(difference)
            for (partition, of_currency), differences in sorted(changed.items(), key=str):
                rounding = Rounding(column.name, len(differences), sum(differences, Decimal(0)), of_currency)
                found.setdefault(partition, []).append(rounding)
    return found


_NO_UNKNOWN = "cast(null as varchar) as _unknown_columns"


def _copy_at_most(source: IO[bytes] | gzip.GzipFile, target: IO[bytes], limit: int) -> None:
    copied = 0
    while block := source.read(1024**2):
        copied += len(block)
        if copied > limit:
            raise ValueError(f"more than {limit:,} bytes")
        target.write(block)


def _text_from_csv(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, source: str, contract: Contract, relation: str
) -> TextTable:
    columns = header(path, name, source)
    null_tokens = ["", *contract.properties.get("nullTokens", [])]
    try:
        connection.execute(
            f"create table {relation} as select *, row_number() over () as _row_number "
            "from read_csv(?, auto_detect = false, header = true, columns = ?, delim = ',', quote = '\"', "
            "escape = '\"', nullstr = ?, allow_quoted_nulls = false, max_line_size = ?, "
            "compression = 'none', encoding = 'utf-8')",
            [str(path), dict.fromkeys(columns, "VARCHAR"), null_tokens, LONGEST_LINE_BYTES],
        )
    except duckdb.Error as error:
        line = re.search(r"Line: (\d+)", str(error))
        reason = next((part for part in str(error).splitlines() if part.strip()), "unreadable")
        reason = "line ends of two kinds (CR LF and LF)" if _has_mixed_line_ends(path) else reason
        raise DeliveryError(
            source=source,
            file=name,
            line=int(line.group(1)) if line else None,
            expected=f"UTF-8 CSV, comma, double quotes, {len(columns)} columns a line",
            found=reason,
            next_step="mend the export and deliver the file again",
        ) from None
    empty_to_null = ", ".join(f'nullif("{column}", \'\') as "{column}"' for column in columns)
    connection.execute(f"create view {relation}_values as select {empty_to_null}, _row_number from {relation}")
    return TextTable(f"{relation}_values", tuple(columns))


def _text_from_json_lines(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, source: str, number: int
) -> TextTable:
    """One object a line. What is nested becomes JSON text; a number stays the digits that were written."""
    columns: dict[str, None] = {}
    rows = path.with_name(f"{path.name}.rows")

    def refusal(line: int, expected: str, found: str) -> DeliveryError:
        next_step = "mend the export and deliver the file again"
        return DeliveryError(source, expected, found, next_step, file=name, line=line)

    with path.open("rb") as lines, rows.open("w", encoding="utf-8") as unpacked_rows:
        for line_number, line in _filled(lines):
            try:
                record = simplejson.loads(
                    line.decode("utf-8-sig"), parse_float=_Digits, parse_int=_Digits, object_pairs_hook=_once
                )
            except ValueError as error:
                raise refusal(line_number, "one JSON object a line, in UTF-8", hidden(str(error))) from None
            if not isinstance(record, dict):
                raise refusal(line_number, "one JSON object a line", "a list or a single value")
            row = {column: text for column, value in record.items() if (text := _text_of(value)) is not None}
            columns.update(dict.fromkeys(record))
            unpacked_rows.write(json.dumps(row) + "\n")
    if columns:
        _refuse_twins(list(columns), lambda expected, found: refusal(1, expected, found))
    return rows_table(connection, rows, tuple(columns), number)


class _Digits(str):
    """A JSON number, as it was written."""

    __slots__ = ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return record


def _filled(lines: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each line that is not blank, with its number."""
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _text_of(value: Any) -> str | None:
    """The text of one value; null for null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return simplejson.dumps(_nested(value), separators=(",", ":"), ensure_ascii=False)


def _nested(value: Any) -> Any:
    """A number inside a record stays one where a double holds all its digits, else it becomes a text of them."""
    if isinstance(value, list):
        return [_nested(item) for item in value]
    if isinstance(value, dict):
        return {key: _nested(item) for key, item in value.items()}
    if isinstance(value, _Digits):
        # Asks only which form keeps the digits; the number that is kept is the text.
        is_held = Decimal(value) == Decimal(repr(float(value)))
        return simplejson.RawJSON(str(value)) if is_held else str(value)
    return value


def _has_mixed_line_ends(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(1024**2)
    windows = start.count(b"\r\n")
    return 0 < windows < start.count(b"\n")


def header(path: Path, name: str, source: str) -> list[str]:
    """The columns of a CSV's header line. Raises DeliveryError when it has none, or one twice."""

    def refusal(expected: str, found: str) -> DeliveryError:
        next_step = "mend the header line and deliver the file again"
        return DeliveryError(source=source, file=name, line=1, expected=expected, found=found, next_step=next_step)

    csv.field_size_limit(LONGEST_LINE_BYTES)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            columns = next(csv.reader(file, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise refusal("a header line in UTF-8", str(error)) from None
    _refuse_twins(columns, refusal)
    return columns


def _refuse_twins(columns: Sequence[str], refusal: Any) -> None:
    folded = [column.casefold() for column in columns]
    twins = sorted({column for column in columns if folded.count(column.casefold()) > 1})
    if twins:
        raise refusal("each column once (upper and lower case are one name)", hidden(", ".join(twins)))
    broken = [
        column for column in columns if not column.strip() or '"' in column or column.casefold().startswith("_row")
    ]
    if broken or not columns:
        raise refusal("a name for every column, without double quotes", hidden(repr(broken)))


def _text_from_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, source: str, relation: str
) -> TextTable:
    def refusal(expected: str, found: str) -> DeliveryError:
        next_step = "deliver the file again"
        return DeliveryError(source=source, file=name, expected=expected, found=found, next_step=next_step)

    try:
        described = connection.execute("describe select * from read_parquet(?)", [str(path)]).fetchall()
        columns = [row[0] for row in described]
        _refuse_twins(columns, refusal)
        values = ", ".join(_parquet_text(row[0], row[1]) for row in described)
        connection.execute(
            f"create table {relation} as select {values}, row_number() over () as _row_number from read_parquet(?)",
            [str(path)],
        )
    except duckdb.Error as error:
        raise refusal("a whole Parquet file", str(error).splitlines()[0]) from None
    floats = frozenset(row[0] for row in described if row[1] in ("DOUBLE", "FLOAT"))
    return TextTable(relation, tuple(columns), floats)


def _parquet_text(name: str, kind: str) -> str:
    value = f'"{name}"'
    if kind.startswith("TIMESTAMP"):
        value = f"strftime({value} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%f')" if "ZONE" in kind else value
    elif kind.startswith(("MAP", "STRUCT")) or kind.endswith("]"):
        if NESTED_DECIMAL.search(kind):
            # Who reads a number out of JSON makes a double of it; a text keeps the digits.
            value = f"cast({value} as {NESTED_DECIMAL.sub('VARCHAR', kind)})"
        value = f"to_json({value})"
    return f"nullif(cast({value} as varchar), '') as \"{name}\""


def _cast_expression(column: Column, value: str) -> str:
    """SQL that is null when the text is not of the column's type; money is never read by way of a double."""
    kind = column.sql_type
    if kind == "varchar":
        return value
    if kind == "timestamp":
        as_utc = (
            f"case when length({value}) = 10 then {value} || ' 00:00:00+00' "
            f"when regexp_matches({value}, '(Z|[+-]\\d{{2}}(:?\\d{{2}})?)$') and length({value}) > 10 then {value} "
            f"else {value} || '+00' end"
        )
        return _if_text(
            value, TIME_TEXT, f"try_cast(try_cast({as_utc} as timestamptz) at time zone 'UTC' as timestamp)"
        )
    if kind == "date" and column.properties.get("alsoUsDates"):
        # 10/14/2026 has the month first; a midnight is its day.
        value = f"regexp_replace({value}, '{US_DATE}', '\\3-\\1-\\2')"
        value = f"regexp_replace({value}, '{MIDNIGHT}', '\\1')"
    forms = {"date": DATE_TEXT, "boolean": BOOLEAN_TEXT}
    form = forms.get(kind, DECIMAL_TEXT if kind.startswith("decimal") else INTEGER_TEXT)
    if form == DECIMAL_TEXT:
        # DuckDB's own cast of an exponent is wrong for many digits.
        value_text = f"case when regexp_matches({value}, '[eE]') then plain_decimal({value}) else {value} end"
        return _if_text(value, form, f"try_cast({value_text} as {kind})")
    return _if_text(value, form, f"try_cast({value} as {kind})")


def _plain_decimal(text: str) -> str:
    """A number with an exponent, written without it."""
    return f"{Decimal(text):f}"


def _if_text(value: str, form: str, cast_sql: str) -> str:
    return f"case when regexp_full_match({value}, '{form}') then {cast_sql} end"


def _refuse_value(
    connection: duckdb.DuckDBPyConnection,
    text: TextTable,
    contract: Contract,
    path: Path,
    name: str,
    source: str,
    column_name: str,
    condition: str,
    count: int,
) -> None:
    row = connection.execute(
        f'select _row_number, "{column_name}" from {text.relation} where {condition} order by _row_number limit 1'
    ).fetchone()
    column = contract.column(column_name)
    assert row is not None
    assert column is not None
    others = f" (and {count - 1} more rows)" if count > 1 else ""
    raise DeliveryError(
        source=source,
        file=name,
        line=line_of_row(path, row[0]),
        column=column_name,
        expected=f"{column.physical_type}",
        found=f"{row[1]!r}{others}",
        next_step="mend the value at its origin and deliver the file again",
    )


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does, whatever its name."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def line_of_row(path: Path, row_number: int) -> int | None:
    """The line of a CSV on which a data row ends (cells may span lines), or of JSON Lines; None for Parquet."""
    with path.open("rb") as file:
        start = file.read(4)
        if start == b"PAR1":
            return None
        if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
            file.seek(0)
            return next((number for number, _ in islice(_filled(file), row_number - 1, None)), None)
    csv.field_size_limit(LONGEST_LINE_BYTES)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        columns = next(reader, [])
        position = 0
        for cells in reader:
            # DuckDB passes over a blank line, unless the one column of the table may be empty.
            position += bool(cells) or len(columns) == 1
            if position == row_number:
                return reader.line_num
    return None


def parquet_copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Writes a query's rows as Parquet, in order."""
    connection.execute(f"copy ({query}) to '{_quoted(str(path))}' (format parquet, compression zstd)")


def _quoted(text: str) -> str:
    return text.replace("'", "''")

"""What becomes of received bytes on their way to typed rows. No source, no package, no gate here."""

import gzip
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import MAX_EMAX, MAX_PREC, Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration import casting
from orchestration.contracts import Column, Contract
from orchestration.errors import DeliveryError
from tests.deliveries import Row, csv_text

CONTRACT = Contract(
    id="test.charges",
    version="1.0.0",
    table="charges",
    description="",
    grain="One row per charge.",
    columns=(
        Column("account_id", "varchar", "", {}),
        Column("cost", "decimal(35,18)", "", {}),
        Column("at", "timestamp", "", {}),
        Column("day", "date", "", {}),
        Column("months", "integer", "", {}),
        Column("is_ai", "boolean", "", {}),
        Column("tags", "json", "", {}),
    ),
    rules=(),
    properties={"nullTokens": ["NULL"], "partition": "coalesce(strftime(day, '%Y-%m'), 'none')"},
)
# Half of the last place that money keeps: no single rounding is larger.
HALF_UNIT = Decimal("5E-19")


@dataclass
class Bench:
    """One connection and one scratch folder, as landing has them for a delivery."""

    scratch: Path
    connection: duckdb.DuckDBPyConnection
    reads: int = field(default=0)

    def read(self, content: bytes | Path, name: str = "charges.csv") -> "Read":
        """Bytes (or a file) through unpacking, reading and casting."""
        self.reads += 1
        path = content if isinstance(content, Path) else self.scratch / f"{self.reads}-{name}"
        if isinstance(content, bytes):
            path.write_bytes(content)
        plain = casting.unpacked(path, "vendor/source", self.scratch)
        text = casting.text_table(self.connection, plain, name, "vendor/source", CONTRACT, self.reads)
        typed = casting.cast_table(self.connection, text, CONTRACT, plain, name, "vendor/source")
        return Read(self.connection, text, typed)


@dataclass(frozen=True)
class Read:
    """A file as text and as typed rows."""

    connection: duckdb.DuckDBPyConnection
    text: casting.TextTable
    typed: str

    def values(self, column: str) -> list[Any]:
        query = f'select "{column}" from {self.typed} order by _row_number'
        return [row[0] for row in self.connection.execute(query).fetchall()]

    def times(self) -> list[str]:
        query = f'select cast("at" as varchar) from {self.typed} order by _row_number'
        return [row[0] for row in self.connection.execute(query).fetchall()]

    def roundings(self, partition: str | None = None) -> list[casting.Rounding]:
        found = casting.roundings(self.connection, self.text, self.typed, CONTRACT)
        return found.get(partition, []) if partition else [each for month in found.values() for each in month]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with _bench(tmp_path) as opened:
        yield opened


@contextmanager
def _bench(folder: Path) -> Iterator[Bench]:
    connection = casting.ingest_connection([folder], folder / "spill", "1GB")
    try:
        yield Bench(folder, connection)
    finally:
        connection.close()


def _csv(*rows: Row) -> bytes:
    return csv_text(rows).encode()


def _refusal(bench: Bench, content: bytes, name: str = "charges.csv") -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        bench.read(content, name)
    return caught.value


def _parquet(bench: Bench, query: str) -> Path:
    path = bench.scratch / "charges.parquet"
    casting.parquet_copy(bench.connection, query, path)
    return path


# Bytes that are not a whole file.


def test_a_gzip_file_is_unpacked_by_its_bytes_and_not_by_its_name(bench: Bench) -> None:
    packed = gzip.compress(_csv({"cost": "1.5"}))
    assert bench.read(packed, "charges.csv").values("cost") == [Decimal("1.5")]


def test_a_gzip_that_was_cut_short_is_refused_and_leaves_no_half_of_it(bench: Bench) -> None:
    packed = gzip.compress(_csv(*({"cost": str(number)} for number in range(1000))))
    refusal = _refusal(bench, packed[:-20], "charges.csv.gz")
    assert "cut short" in refusal.next_step
    assert list(bench.scratch.glob("*.unpacked")) == []


@pytest.mark.parametrize("place", [12, 40, 90])
def test_a_gzip_with_a_broken_byte_is_refused(bench: Bench, place: int) -> None:
    packed = bytearray(gzip.compress(_csv(*({"cost": str(number)} for number in range(100)))))
    packed[place] ^= 0xFF
    refusal = _refusal(bench, bytes(packed), "charges.csv.gz")
    assert refusal.expected.startswith("a whole gzip file")


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(bench: Bench) -> None:
    packed = gzip.compress(b"0" * 4_000_000)
    assert len(packed) * casting.LARGEST_RATIO < 4_000_000
    refusal = _refusal(bench, packed, "bomb.csv.gz")
    assert "more than 1,048,576 bytes" in refusal.found
    assert list(bench.scratch.glob("*.unpacked")) == []


def test_an_empty_file_is_refused_by_its_name(bench: Bench) -> None:
    refusal = _refusal(bench, b"", "nothing.csv")
    assert (refusal.file, refusal.found) == ("nothing.csv", "an empty file (0 bytes)")


def test_an_empty_file_inside_a_gzip_is_refused_too(bench: Bench) -> None:
    assert _refusal(bench, gzip.compress(b"")).found == "an empty file (0 bytes)"


def test_a_parquet_file_that_was_cut_short_is_refused(bench: Bench) -> None:
    whole = _parquet(bench, "select '1' as cost from range(100)").read_bytes()
    assert _refusal(bench, whole[:-30], "charges.parquet").expected == "a whole Parquet file"


# The header.


@pytest.mark.parametrize("header", ["cost,cost", "cost,Cost", "COST,tags,cost"])
def test_a_column_that_is_there_twice_is_refused_in_any_case(bench: Bench, header: str) -> None:
    cells = ",".join("1" for _ in header.split(","))
    refusal = _refusal(bench, f"{header}\n{cells}\n".encode())
    assert refusal.line == 1
    assert "cost" in refusal.found.casefold()


@pytest.mark.parametrize("header", ["cost,", "cost,  ", ",cost"])
def test_a_column_without_a_name_is_refused(bench: Bench, header: str) -> None:
    refusal = _refusal(bench, f"{header}\n1,2\n".encode())
    assert (refusal.line, refusal.expected) == (1, "a name for every column, without double quotes")


@pytest.mark.parametrize("name", ["_row_number", "_ROW_NUMBER"])
def test_a_column_named_as_our_own_row_number_is_refused_in_any_case(bench: Bench, name: str) -> None:
    assert _refusal(bench, f"{name},cost\n9,1\n".encode()).line == 1


def test_a_byte_order_mark_is_not_part_of_the_first_name(bench: Bench) -> None:
    read = bench.read(b"\xef\xbb\xbf" + b"cost,account_id\n1.5,a\n")
    assert read.text.columns == ("cost", "account_id")
    assert read.values("cost") == [Decimal("1.5")]


def test_a_header_that_is_not_utf_8_is_refused_on_line_1(bench: Bench) -> None:
    assert _refusal(bench, "cost,größe\n1,2\n".encode("latin-1")).line == 1


def test_a_file_in_utf_16_is_refused(bench: Bench) -> None:
    assert _refusal(bench, "cost\n1\n".encode("utf-16")).line == 1


def test_the_order_of_columns_changes_nothing(bench: Bench) -> None:
    one = bench.read(b"cost,account_id,day\n1.5,007,2024-09-01\n")
    other = bench.read(b"day,cost,account_id\n2024-09-01,1.5,007\n")
    for column in ("cost", "account_id", "day", "_unknown_columns"):
        assert one.values(column) == other.values(column)


def test_columns_that_the_contract_does_not_name_are_kept_as_json(bench: Bench) -> None:
    read = bench.read(b'x_note,cost,Id\'s\n"say ""hi""",1,42\n,2,\n')
    kept = [json.loads(value) for value in read.values("_unknown_columns")]
    assert kept == [{"x_note": 'say "hi"', "Id's": "42"}, {"x_note": None, "Id's": None}]


def test_without_unknown_columns_there_is_nothing_to_keep(bench: Bench) -> None:
    assert bench.read(b"cost\n1\n").values("_unknown_columns") == [None]


def test_a_column_that_is_not_there_is_null_in_its_own_type(bench: Bench) -> None:
    read = bench.read(b"cost\n1\n")
    kinds = bench.connection.execute(f"describe {read.typed}").fetchall()
    assert {row[0]: row[1] for row in kinds}["at"] == "TIMESTAMP"
    assert read.values("at") == [None]


# Text.


def test_the_word_null_is_null_without_quotes_and_a_word_within_them(bench: Bench) -> None:
    read = bench.read(b'account_id,cost\nNULL,NULL\n"NULL",1\n')
    assert read.values("account_id") == [None, "NULL"]
    assert read.values("cost") == [None, Decimal(1)]


def test_an_empty_cell_is_null_with_and_without_quotes(bench: Bench) -> None:
    assert bench.read(b'account_id,cost\n,1\n"",1\n').values("account_id") == [None, None]


def test_leading_zeros_and_long_digits_of_an_account_stay_text(bench: Bench) -> None:
    rows = [{"account_id": str(number), "cost": "1"} for number in range(30_000)]
    late = [{"account_id": "012345678901", "cost": "1"}, {"account_id": "1e5", "cost": "1"}]
    assert bench.read(_csv(*rows, *late)).values("account_id")[-2:] == ["012345678901", "1e5"]


HOSTILE = [
    "'; drop table typed_1; --",
    'a""b"',
    "{{ env_var('HOME') }}",
    "{% raw %}",
    '=HYPERLINK("http://localhost","x")',
    "+cmd|' /C calc'!A0",
    "../../../etc/passwd",
    "\u202egnp.exe",
    "a\r\nb",
    "a\rb",
    "a\x00b",
    "\x1f\x1e",
    "  padded  ",
    "NaN",
    "\\N",
    "é\u0301🧾",
    ",;\t|",
    "x" * 300_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_passes_unchanged(bench: Bench, text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    read = bench.read(f"account_id,cost,x_note\n{quoted},1,{quoted}\n".encode())
    assert read.values("account_id") == [text]
    assert [json.loads(value)["x_note"] for value in read.values("_unknown_columns")] == [text]


def test_windows_line_ends_change_no_value(bench: Bench) -> None:
    read = bench.read(b"cost,account_id\r\n1.5,a\r\n2.5,b\r\n")
    assert (read.values("cost"), read.values("account_id")) == ([Decimal("1.5"), Decimal("2.5")], ["a", "b"])


def test_a_last_line_without_an_end_is_read(bench: Bench) -> None:
    assert bench.read(b"cost,account_id\n1,a\n2,b").values("cost") == [Decimal(1), Decimal(2)]


# Lines that are named.


def test_text_in_a_decimal_column_is_refused_with_line_column_and_value(bench: Bench) -> None:
    refusal = _refusal(bench, b"account_id,cost\na,1\nb,1.2.3\nc,n/a\n")
    assert (refusal.line, refusal.column, refusal.expected) == (3, "cost", "decimal(35,18)")
    assert refusal.found == "'1.2.3' (and 1 more rows)"


def test_lines_inside_cells_are_counted_as_an_editor_counts_them(bench: Bench) -> None:
    refusal = _refusal(bench, b'account_id,cost\n"one\ntwo\nthree",1\nb,wrong\n')
    assert refusal.line == 5


def test_blank_lines_do_not_move_the_line_that_is_named(bench: Bench) -> None:
    refusal = _refusal(bench, b"account_id,cost\na,1\n\n\nb,wrong\n")
    assert refusal.line == 5


def test_a_long_cell_before_a_bad_value_does_not_hide_its_line(bench: Bench) -> None:
    # csv.field_size_limit is 131,072 characters: a long tag made the search for the line fail instead.
    refusal = _refusal(bench, _csv({"account_id": "x" * 200_000, "cost": "1"}, {"account_id": "b", "cost": "?"}))
    assert (refusal.line, refusal.column) == (3, "cost")


@pytest.mark.parametrize("line", [b"b", b"b,1,2", b'"b,1'])
def test_a_line_with_another_number_of_cells_is_refused(bench: Bench, line: bytes) -> None:
    refusal = _refusal(bench, b"account_id,cost\na,1\n" + line + b"\n")
    assert refusal.expected == "UTF-8 CSV, comma, double quotes, 2 columns a line"
    assert refusal.line == 3


def test_a_cell_that_is_not_utf_8_is_refused(bench: Bench) -> None:
    refusal = _refusal(bench, b"account_id,cost\na,1\n\xff\xfe,2\n")
    assert refusal.file == "charges.csv"


def test_a_bad_value_of_parquet_has_a_column_and_no_line(bench: Bench) -> None:
    path = _parquet(bench, "select 'twelve' as cost")
    with pytest.raises(DeliveryError) as caught:
        bench.read(path, "charges.parquet")
    assert (caught.value.line, caught.value.column, caught.value.found) == (None, "cost", "'twelve'")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("cost", "1,5"),
        ("cost", " 1"),
        ("cost", "NaN"),
        ("cost", "Infinity"),
        ("cost", "$5"),
        ("cost", "0x10"),
        ("cost", "1_000"),
        ("cost", "\u0661"),
        ("at", "2024-13-01"),
        ("at", "2023-02-29"),
        ("at", "09/01/2024"),
        ("at", "1725148800"),
        ("at", "2024-09-01T25:00:00Z"),
        ("at", "infinity"),
        ("day", "2024-09-31"),
        ("day", "2024-09-01T00:00:00Z"),
        ("months", "1.5"),
        ("months", "2147483648"),
        ("is_ai", "1"),
        ("is_ai", "yes"),
    ],
)
def test_a_value_of_another_type_is_refused_and_never_guessed(bench: Bench, column: str, value: str) -> None:
    refusal = _refusal(bench, _csv({"account_id": "a", column: value}))
    assert (refusal.line, refusal.column, refusal.found) == (2, column, repr(value))


# Times.


@pytest.mark.parametrize(
    ("received", "stored"),
    [
        ("2024-01-01", "2024-01-01 00:00:00"),
        ("2024-01-01T00:00Z", "2024-01-01 00:00:00"),
        ("2024-01-01 10:20", "2024-01-01 10:20:00"),
        ("2024-01-01 10:20:30", "2024-01-01 10:20:30"),
        ("2024-01-01T10:20:30.5", "2024-01-01 10:20:30.5"),
        ("2024-01-01T10:20:30.123456Z", "2024-01-01 10:20:30.123456"),
        ("2024-01-01T00:00:00+02:00", "2023-12-31 22:00:00"),
        ("2024-01-01T00:00:00+0530", "2023-12-31 18:30:00"),
        ("2024-01-01 00:00:00-08", "2024-01-01 08:00:00"),
        ("2024-02-29T23:59:59Z", "2024-02-29 23:59:59"),
        ("2024-03-31T02:30:00", "2024-03-31 02:30:00"),
    ],
)
def test_times_are_utc_whether_or_not_they_say_a_zone(bench: Bench, received: str, stored: str) -> None:
    assert bench.read(_csv({"at": received, "cost": "1"})).times() == [stored]


def test_times_do_not_depend_on_the_zone_of_the_process(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for zone in ("Asia/Kolkata", "America/Los_Angeles", "Pacific/Auckland"):
        monkeypatch.setenv("TZ", zone)
        with _bench(bench.scratch) as other:
            assert other.read(_csv({"at": "2024-09-01 00:00:00", "cost": "1"})).times() == ["2024-09-01 00:00:00"]


def test_parquet_times_with_and_without_zone_are_utc(bench: Bench) -> None:
    query = "select timestamptz '2024-01-01 00:00:00+02' as at, 1 as cost union all select '2024-06-01 12:00:00Z', 2"
    assert bench.read(_parquet(bench, query)).times() == ["2023-12-31 22:00:00", "2024-06-01 12:00:00"]
    query = "select timestamp '2024-01-01 00:00:00.25' as at, 1 as cost"
    assert bench.read(_parquet(bench, query)).times() == ["2024-01-01 00:00:00.25"]


# Parquet values.


def test_parquet_maps_and_structs_are_json_text(bench: Bench) -> None:
    path = _parquet(bench, "select map {'team': 'search'} as tags, 1 as cost")
    assert [json.loads(value) for value in bench.read(path).values("tags")] == [{"team": "search"}]
    path = _parquet(bench, "select {'team': 'search', 'n': 1} as tags, 1 as cost")
    assert [json.loads(value) for value in bench.read(path).values("tags")] == [{"team": "search", "n": 1}]


def test_a_parquet_decimal_passes_exactly(bench: Bench) -> None:
    path = _parquet(bench, "select cast('-12345678901234567.123456789012345678' as decimal(38,18)) as cost")
    read = bench.read(path)
    assert read.values("cost") == [Decimal("-12345678901234567.123456789012345678")]
    assert read.roundings() == []


def test_money_that_was_born_a_float_is_its_shortest_text(bench: Bench) -> None:
    path = _parquet(bench, "select unnest([0.1::double, 1e-5::double, 123456.75::double]) as cost")
    read = bench.read(path)
    assert read.values("cost") == [Decimal("0.1"), Decimal("0.00001"), Decimal("123456.75")]
    assert read.text.float_columns == frozenset({"cost"})


def test_a_float_that_has_more_decimals_than_money_is_reported_as_rounded(bench: Bench) -> None:
    path = _parquet(bench, "select 1.25e-18::double as cost union all select 2.0::double")
    read = bench.read(path)
    assert sum(read.values("cost")) == Decimal("2.000000000000000001")
    assert read.roundings() == [casting.Rounding("cost", 1, Decimal("2.5E-19"))]


def test_a_float_that_is_no_number_is_refused(bench: Bench) -> None:
    path = _parquet(bench, "select 'nan'::double as cost")
    with pytest.raises(DeliveryError) as caught:
        bench.read(path, "charges.parquet")
    assert caught.value.column == "cost"


# Money.


@pytest.mark.parametrize(
    ("received", "stored"),
    [
        ("1", "1"),
        ("+5", "5"),
        ("-0.00", "0"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("-99999999999999999.999999999999999999", "-99999999999999999.999999999999999999"),
        ("1E-5", "0.00001"),
        ("1.5e+3", "1500"),
        ("12345.678e-2", "123.45678"),
        ("000000000000000000000000000000000001.5", "1.5"),
    ],
)
def test_money_that_fits_is_stored_exactly_and_nothing_is_reported(bench: Bench, received: str, stored: str) -> None:
    read = bench.read(_csv({"cost": received, "account_id": "a"}))
    assert read.values("cost") == [Decimal(stored)]
    assert read.roundings() == []


@pytest.mark.parametrize("received", ["100000000000000000", "-1e17", "99999999999999999.9999999999999999995", "1e999"])
def test_money_that_does_not_fit_is_refused(bench: Bench, received: str) -> None:
    refusal = _refusal(bench, _csv({"cost": received, "account_id": "a"}))
    assert (refusal.line, refusal.column, refusal.found) == (2, "cost", repr(received))


@pytest.mark.parametrize(
    ("received", "stored", "difference"),
    [
        ("1.0000000000000000004", "1", "4E-19"),
        ("1.0000000000000000005", "1.000000000000000001", "-5E-19"),
        ("-1.0000000000000000005", "-1.000000000000000001", "5E-19"),
        ("4.9e-19", "0", "4.9E-19"),
        ("1e-999", "0", "1E-999"),
    ],
)
def test_longer_money_is_rounded_once_and_the_difference_is_reported(
    bench: Bench, received: str, stored: str, difference: str
) -> None:
    read = bench.read(_csv({"cost": received, "account_id": "a"}))
    assert read.values("cost") == [Decimal(stored)]
    assert read.roundings() == [casting.Rounding("cost", 1, Decimal(difference))]


def test_roundings_are_reported_by_partition(bench: Bench) -> None:
    content = _csv(
        {"day": "2024-09-30", "cost": "0.1234567890123456781"},
        {"day": "2024-10-01", "cost": "0.1234567890123456782"},
        {"day": "2024-10-02", "cost": "0.1234567890123456783"},
        {"day": "2024-10-02", "cost": "1.5"},
    )
    read = bench.read(content)
    september = read.roundings("2024-09")
    october = read.roundings("2024-10")
    assert september == [casting.Rounding("cost", 1, Decimal("1E-19"))]
    assert october == [casting.Rounding("cost", 2, Decimal("5E-19"))]


def test_a_value_of_very_many_decimals_is_reported_to_its_last_one(bench: Bench) -> None:
    received = "0." + "1" * 300
    read = bench.read(_csv({"cost": received, "account_id": "a"}))
    with localcontext(prec=1000):
        assert read.roundings()[0].difference == Decimal(received) - Decimal("0." + "1" * 18)


def test_an_exponent_never_moves_money_by_more_than_rounding(bench: Bench) -> None:
    # DuckDB 2.0 casts this text, which is 10, to 0, and the 10 was reported as a rounding.
    received = "0." + "0" * 58 + "1e60"
    found = None
    with suppress(DeliveryError):
        found = bench.read(_csv({"cost": received, "account_id": "a"})).values("cost")
    assert found in (None, [Decimal(10)])


def test_money_with_an_exponent_that_fits_is_not_refused(bench: Bench) -> None:
    read = bench.read(_csv({"cost": "100000000000000000000000e-10", "account_id": "a"}))
    assert read.values("cost") == [Decimal("10000000000000")]


def _plain_numbers() -> st.SearchStrategy[str]:
    sign, whole = st.sampled_from(["", "-", "+"]), st.integers(0, 10**16).map(str)
    fraction = st.text("0123456789", min_size=0, max_size=60)
    return st.builds("{}{}.{}".format, sign, whole, fraction)


def _numbers_with_exponents() -> st.SearchStrategy[str]:
    sign, whole = st.sampled_from(["", "-"]), st.integers(0, 9).map(str)
    fraction = st.text("0123456789", min_size=0, max_size=16)
    return st.builds("{}{}.{}e{}".format, sign, whole, fraction, st.integers(-40, 15))


def test_stored_money_and_reported_rounding_are_the_received_text_exactly(bench: Bench) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.one_of(_plain_numbers(), _numbers_with_exponents()), min_size=1, max_size=20))
    def is_exact(texts: list[str]) -> None:
        read = bench.read(_csv(*({"cost": text, "account_id": "a"} for text in texts)))
        stored, reported = read.values("cost"), read.roundings()
        with localcontext(prec=1000):
            assert _sum(stored) + _sum(item.difference for item in reported) == _sum(map(Decimal, texts))
            assert all(abs(Decimal(text) - value) <= HALF_UNIT for text, value in zip(texts, stored, strict=True))
            assert sum(item.row_count for item in reported) == sum(map(_is_long, texts))

    is_exact()


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))


def _is_long(text: str) -> bool:
    with localcontext(prec=MAX_PREC, Emax=MAX_EMAX):
        return Decimal(text) % Decimal("1E-18") != 0


# What a reading connection may do.


def test_a_reading_connection_opens_no_other_file(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    other.write_text("cost\n1\n")
    with pytest.raises(duckdb.PermissionException):
        bench.connection.execute("select * from read_csv(?)", [str(other)])


def test_a_reading_connection_cannot_be_opened_up_again(bench: Bench) -> None:
    with pytest.raises(duckdb.Error):
        bench.connection.execute("set enable_external_access = true")


# JSON Lines.


def test_json_lines_are_read_like_any_table(bench: Bench) -> None:
    content = b'\xef\xbb\xbf{"account_id":"a","cost":1.5,"is_ai":true,"months":12}\n\n{"cost":"2","other":null}\n'
    read = bench.read(content, "charges.jsonl")
    assert read.text.columns == ("account_id", "cost", "is_ai", "months", "other")
    assert read.values("cost") == [Decimal("1.5"), Decimal(2)]
    assert read.values("account_id") == ["a", None]
    assert read.values("is_ai") == [True, None]
    assert read.values("months") == [12, None]


@pytest.mark.parametrize(
    "digits",
    ["0.123456789012345678", "12345678901234567.000000000000000001", "-1.5e-7", "1E2", "99999999999999999", "-0.0"],
)
def test_a_json_number_keeps_its_digits(bench: Bench, digits: str) -> None:
    read = bench.read(f'{{"cost":{digits}}}'.encode(), "charges.jsonl")
    assert read.values("cost") == [Decimal(digits)]


@settings(max_examples=200)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**16), max_value=10**16))
def test_a_number_inside_a_record_keeps_its_digits_for_whoever_reads_it(amount: Decimal) -> None:
    """DuckDB reads a JSON number as a double: what one cannot hold is a text."""
    nested = casting._nested({"amounts": [casting._Digits(f"{amount:f}")]})
    text = casting._text_of(nested)
    with duckdb.connect() as connection:
        found = connection.execute("select json_extract_string(?, '$.amounts[0]')", [text]).fetchone()
    assert found
    assert Decimal(found[0]) == amount


def test_what_is_nested_becomes_json_text(bench: Bench) -> None:
    content = '{"tags":{"größe":[1.50,{"n":null,"b":false,"t":"1.50"}],"n":0.12345678901234567890}}'.encode()
    (text,) = bench.read(content, "charges.jsonl").values("tags")
    assert text == '{"größe":[1.50,{"n":null,"b":false,"t":"1.50"}],"n":"0.12345678901234567890"}'


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_json_lines_without_a_line_are_a_table_without_rows_and_columns(bench: Bench, content: bytes) -> None:
    read = bench.read(content, "charges.jsonl")
    assert read.text.columns == ()
    assert read.values("cost") == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"{", "Expecting"),
        (b"[1]", "a list or a single value"),
        (b"1", "a list or a single value"),
        (b'{"cost":NaN}', "Expecting value"),
        (b'{"cost":-Infinity}', "Expecting value"),
        (b'{"cost":1,"cost":2}', "a name stands twice in one object"),
        (b'{"tags":{"a":1,"a":2}}', "a name stands twice in one object"),
        (b'{"account_id":"\xff"}', "utf-8"),
    ],
)
def test_a_line_that_is_no_object_is_refused_with_its_number(bench: Bench, line: bytes, found: str) -> None:
    refusal = _refusal(bench, b'{"cost":1}\n\n' + line + b"\n", "charges.jsonl")
    assert refusal.line == 3
    assert found in refusal.found


def test_a_value_of_json_lines_that_is_not_of_its_type_is_refused_with_its_line(bench: Bench) -> None:
    refusal = _refusal(bench, b'{"cost":1}\n\n{"cost":"much"}\n', "charges.ndjson.gz")
    assert (refusal.line, refusal.column, refusal.found) == (3, "cost", "'much'")


def test_names_of_json_lines_that_differ_in_case_only_are_refused(bench: Bench) -> None:
    assert "each column once" in _refusal(bench, b'{"cost":1}\n{"Cost":2}\n', "charges.jsonl").expected


def test_a_decimal_inside_a_parquet_record_keeps_its_digits(bench: Bench) -> None:
    amount = "12345678901234567890.123456789"
    query = f"select {{'amount': cast('{amount}' as decimal(38, 9)), 'share': 0.25::double}} as tags"
    (text,) = bench.read(_parquet(bench, query), "charges.parquet").values("tags")
    assert text == f'{{"amount":"{amount}","share":0.25}}'

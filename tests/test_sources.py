"""Which FOCUS version a set of columns is, what a manual header needs, and which files a location gives."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem

from orchestration.contracts import Column, landing_contract
from orchestration.errors import DeliveryError
from orchestration.landing import idle_fetch
from orchestration.settings import SourceSettings
from orchestration.sources import SOURCES, files, manual
from orchestration.sources.base import Delivery
from orchestration.sources.focus import VERSIONS, mandatory_columns, recognise
from tests.deliveries import FOCUS_ROW, MANUAL_ROW, focus_source, write_bytes

FOCUS = landing_contract("focus", "charges")
MANUAL = landing_contract("manual", "lines")
LATER_THAN_ALL = "9"


def _columns_of(version: str) -> list[str]:
    """All columns that a version has, by the contract's own properties."""
    return [column.name for column in FOCUS.columns if _since(column) <= version < _removed(column)]


def _since(column: Column) -> str:
    return str(column.properties["focusSince"])


def _removed(column: Column) -> str:
    return str(column.properties.get("focusRemoved", LATER_THAN_ALL))


def _recognise(columns: list[str]) -> str:
    return recognise("focus/billing", "bill.csv", FOCUS, columns)


def _refusal(columns: list[str]) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        _recognise(columns)
    return caught.value


# FOCUS versions.


@pytest.mark.parametrize("version", VERSIONS)
def test_the_full_column_set_of_a_version_is_that_version(version: str) -> None:
    assert _recognise(_columns_of(version)) == f"FOCUS {version}"


@pytest.mark.parametrize("version", VERSIONS)
def test_order_and_unknown_columns_do_not_change_the_version(version: str) -> None:
    assert _recognise([*_columns_of(version)[::-1], "x_cost_centre", "Id"]) == f"FOCUS {version}"


# Without ProviderName an export of 1.3 is taken for 1.4, which has no such column: nothing is lost by it.
MANDATORY = [
    (version, name)
    for version in VERSIONS
    for name in mandatory_columns(FOCUS, version)
    if (version, name) != ("1.3", "ProviderName")
]


@pytest.mark.parametrize(("version", "name"), MANDATORY)
def test_a_missing_mandatory_column_is_refused_by_name(version: str, name: str) -> None:
    refusal = _refusal([column for column in _columns_of(version) if column != name])
    assert (refusal.column, refusal.found) == (name, f"no {name}")
    assert f"FOCUS {version}" in refusal.expected


@pytest.mark.parametrize("name", ["BilledCost", "ServiceName"])
def test_a_column_in_another_case_is_missing_and_its_spelling_is_named(name: str) -> None:
    columns = [name.lower() if column == name else column for column in _columns_of("1.0")]
    refusal = _refusal(columns)
    assert refusal.column == name
    assert refusal.found == f"no {name}; spelled {name.lower()} (for {name})"


def test_an_optional_column_may_be_left_out() -> None:
    optional = [column.name for column in FOCUS.columns if column.properties["focusLevel"] != "mandatory"]
    assert "Tags" in optional
    assert _recognise([name for name in _columns_of("1.0") if name not in optional]) == "FOCUS 1.0"


def test_columns_that_are_not_focus_at_all_are_refused() -> None:
    assert _refusal(["lineItem/UnblendedCost", "bill/PayerAccountId"]).column == mandatory_columns(FOCUS, "1.0")[0]


def test_every_focus_column_says_its_level_and_its_first_version() -> None:
    for column in FOCUS.columns:
        assert _since(column) in VERSIONS, column.name
        assert column.properties["focusLevel"] in ("mandatory", "conditional", "recommended", "optional"), column.name
        assert _since(column) < _removed(column), column.name


def test_the_rows_of_these_tests_are_focus_1_0() -> None:
    assert set(FOCUS_ROW) == {*mandatory_columns(FOCUS, "1.0"), "Tags"}


# Manual lines.


def test_the_manual_header_may_have_any_order_and_more_columns() -> None:
    columns = ["note", *list(MANUAL_ROW)[::-1]]
    assert manual.recognise("manual/finance", "lines.csv", MANUAL, columns) == "manual lines"


@pytest.mark.parametrize("name", [column.name for column in MANUAL.columns])
def test_a_missing_manual_column_is_refused_by_name(name: str) -> None:
    columns = [column for column in MANUAL_ROW if column != name]
    with pytest.raises(DeliveryError) as caught:
        manual.recognise("manual/finance", "lines.csv", MANUAL, columns)
    assert (caught.value.line, caught.value.column, caught.value.found) == (1, name, f"no {name}")


# The list of sources.


def test_every_source_has_a_landing_contract_for_each_of_its_tables() -> None:
    for name, vendor in SOURCES.items():
        assert name == vendor.name
        for table in vendor.tables:
            assert landing_contract(vendor.name, table.name).table == table.name


# Files.


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[..., list[Delivery]]:
    """Fetches all deliveries of a location into a scratch folder of its own."""
    calls = iter(range(100))

    def _fetch(location: Path | str, known: frozenset[str] = frozenset(), **options: str) -> list[Delivery]:
        scratch = tmp_path / f"scratch-{next(calls)}"
        scratch.mkdir()
        source: SourceSettings = focus_source(location, **options)
        idle = idle_fetch(source, "charges", scratch)
        return list(files.deliveries(replace(idle, is_known=lambda _, state: state in known)))

    return _fetch


def _names(deliveries: list[Delivery]) -> list[list[str]]:
    return [[file.name for file in delivery.files] for delivery in deliveries]


def test_a_folder_gives_its_exports_oldest_first(fetch: Callable[..., list[Delivery]], tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    write_bytes(drop / "b.csv", b"b", age=1)
    write_bytes(drop / "a.parquet", b"a", age=2)
    write_bytes(drop / "below" / "c.csv.gz", b"c", age=0)
    write_bytes(drop / "same-age.csv", b"d", age=1)
    assert _names(fetch(drop)) == [["c.csv.gz"], ["b.csv"], ["same-age.csv"], ["a.parquet"]]


def test_a_received_file_is_a_copy_with_size_hash_and_time(
    fetch: Callable[..., list[Delivery]], tmp_path: Path
) -> None:
    path = write_bytes(tmp_path / "drop" / "bill.csv", b"bytes", age=60)
    file = fetch(path)[0].files[0]
    assert (file.name, file.path.read_bytes(), file.size) == ("bill.csv", b"bytes", 5)
    assert file.path != path
    assert file.sha256 == hashlib.sha256(b"bytes").hexdigest()
    assert file.modified_at == datetime(2023, 11, 14, 22, 14, 20, tzinfo=UTC)


def test_a_single_file_may_have_any_name(fetch: Callable[..., list[Delivery]], tmp_path: Path) -> None:
    assert _names(fetch(write_bytes(tmp_path / "drop" / "export.dat", b"x"))) == [["export.dat"]]


def test_a_glob_gives_what_it_matches(fetch: Callable[..., list[Delivery]], tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    for name in ("aws-1.csv", "aws-2.csv", "azure-1.csv", "aws-notes.txt"):
        write_bytes(drop / name, name.encode())
    assert _names(fetch(f"{drop}/aws-*")) == [["aws-1.csv"], ["aws-2.csv"]]


def test_a_folder_without_exports_gives_nothing(fetch: Callable[..., list[Delivery]], tmp_path: Path) -> None:
    write_bytes(tmp_path / "drop" / "readme.txt", b"")
    assert fetch(tmp_path / "drop") == []
    assert fetch(f"{tmp_path}/drop/*.csv") == []


@pytest.mark.parametrize("location", ["{0}/nowhere", "{0}/nowhere/bill.csv", "nosuchscheme://bucket/x"])
def test_a_location_that_is_not_there_is_an_error_that_names_it(
    fetch: Callable[..., list[Delivery]], tmp_path: Path, location: str
) -> None:
    place = location.format(tmp_path)
    with pytest.raises(DeliveryError) as caught:
        fetch(place)
    assert caught.value.source == "focus/billing"
    assert place in caught.value.expected


def test_hidden_and_underscored_files_are_ignored(fetch: Callable[..., list[Delivery]], tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    for name in (".bill.csv", "_bill.csv", "bill.csv", "bill.csv.tmp"):
        write_bytes(drop / name, name.encode())
    assert _names(fetch(drop)) == [["bill.csv"]]


def test_a_glob_ignores_hidden_and_underscored_files_too(fetch: Callable[..., list[Delivery]], tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    for name in (".bill.csv", "_bill.csv", "bill.csv"):
        write_bytes(drop / name, name.encode())
    assert _names(fetch(f"{drop}/*.csv")) == [["bill.csv"]]


def test_a_folder_named_like_a_file_gives_its_exports_only(
    fetch: Callable[..., list[Delivery]], tmp_path: Path
) -> None:
    # Spark writes bill.parquet/ with _SUCCESS and checksums beside the parts.
    drop = tmp_path / "bill.parquet"
    for name in ("part-0.snappy.parquet", "_SUCCESS", ".part-0.snappy.parquet.crc"):
        write_bytes(drop / name, name.encode())
    assert _names(fetch(drop)) == [["part-0.snappy.parquet"]]


@pytest.mark.parametrize("folder", ["_temporary/0", ".staging"])
def test_files_of_hidden_folders_are_ignored(fetch: Callable[..., list[Delivery]], tmp_path: Path, folder: str) -> None:
    drop = tmp_path / "drop"
    write_bytes(drop / folder / "half.csv", b"half")
    write_bytes(drop / "whole.csv", b"whole")
    assert _names(fetch(drop)) == [["whole.csv"]]


def test_parts_are_the_files_of_one_folder_together(fetch: Callable[..., list[Delivery]], tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    for age, name in enumerate(("one/b.csv", "one/a.csv", "two/c.csv")):
        write_bytes(drop / name, name.encode(), age)
    assert _names(fetch(drop, same_period_files="parts")) == [["b.csv", "a.csv"], ["c.csv"]]


def test_a_known_state_is_not_copied_again(fetch: Callable[..., list[Delivery]], tmp_path: Path) -> None:
    write_bytes(tmp_path / "drop" / "bill.csv", b"x")
    state = fetch(tmp_path / "drop")[0].state
    assert fetch(tmp_path / "drop", frozenset({state})) == []


@pytest.mark.parametrize(("content", "age"), [(b"longer", 0), (b"y", 1)])
def test_a_change_of_size_or_time_is_another_state(
    fetch: Callable[..., list[Delivery]], tmp_path: Path, content: bytes, age: int
) -> None:
    path = write_bytes(tmp_path / "drop" / "bill.csv", b"x")
    state = fetch(path)[0].state
    write_bytes(path, content, age)
    assert fetch(path)[0].state != state


def test_a_file_that_changes_while_it_is_read_is_refused(
    fetch: Callable[..., list[Delivery]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_bytes(tmp_path / "drop" / "bill.csv", b"x" * 100)
    real = files.listing

    def grows(*question: Any) -> object:
        found = real(*question)
        path.write_bytes(b"x" * 150)
        return found

    monkeypatch.setattr(files, "listing", grows)
    with pytest.raises(DeliveryError, match="150 bytes where the listing said 100"):
        fetch(path)


def test_a_file_that_may_not_be_read_is_named(
    fetch: Callable[..., list[Delivery]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise PermissionError("no")

    write_bytes(tmp_path / "drop" / "bill.csv", b"x")
    monkeypatch.setattr(LocalFileSystem, "open", refuses)
    with pytest.raises(DeliveryError, match=r"bill\.csv"):
        fetch(tmp_path / "drop")


# Buckets.


@pytest.fixture
def bucket() -> Iterator[fsspec.AbstractFileSystem]:
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]
    yield filesystem
    filesystem.store.clear()


def test_a_bucket_is_read_like_a_folder(
    fetch: Callable[..., list[Delivery]], bucket: fsspec.AbstractFileSystem
) -> None:
    bucket.pipe({"/billing/2024/a.csv": b"a", "/billing/b.csv.gz": b"bb", "/billing/notes.txt": b"c"})
    found = fetch("memory://billing")
    assert sorted(_names(found)) == [["a.csv"], ["b.csv.gz"]]
    assert sorted(delivery.files[0].path.read_bytes() for delivery in found) == [b"a", b"bb"]


def test_a_glob_and_one_file_of_a_bucket_work(
    fetch: Callable[..., list[Delivery]], bucket: fsspec.AbstractFileSystem
) -> None:
    bucket.pipe({"/billing/a.csv": b"a", "/billing/b.csv": b"b"})
    assert _names(fetch("memory://billing/a*.csv")) == [["a.csv"]]
    assert _names(fetch("memory://billing/b.csv")) == [["b.csv"]]


def test_a_bucket_that_is_not_there_is_an_error(
    fetch: Callable[..., list[Delivery]], bucket: fsspec.AbstractFileSystem
) -> None:
    assert not bucket.store
    with pytest.raises(DeliveryError, match="memory://nowhere"):
        fetch("memory://nowhere")


def test_a_changed_object_of_equal_size_is_another_state(
    fetch: Callable[..., list[Delivery]], bucket: fsspec.AbstractFileSystem
) -> None:
    # Memory files say their time as `created` only; without it the same size would hide the change.
    bucket.pipe("/billing/a.csv", b"a")
    state = fetch("memory://billing")[0].state
    bucket.pipe("/billing/a.csv", b"b")
    assert fetch("memory://billing")[0].state != state

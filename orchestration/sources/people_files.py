"""Files that may name people: fetched like any file, then kept only as far as their contract agrees.

Each file is rewritten once as CSV with the agreed columns, people hashed and secrets masked, and the original copy is
deleted; only the rewritten bytes reach `raw/`, `landing/` or `rejected/`. Nothing is typed or checked here.
"""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from orchestration import casting
from orchestration.contracts import Column, Contract
from orchestration.errors import DeliveryError
from orchestration.paths import sha256_of
from orchestration.scrubbing import PERSONAL, PersonHasher, hidden
from orchestration.sources import files
from orchestration.sources.base import Delivery, Fetch, ReceivedFile

MEMORY = "1GB"


def deliveries(fetch: Fetch) -> Iterator[Delivery]:
    """New files as `files.deliveries` finds them, scrubbed."""
    return scrubbed(fetch, files.deliveries(fetch))


def scrubbed(fetch: Fetch, received: Iterable[Delivery]) -> Iterator[Delivery]:
    """The same deliveries, their files kept only as far as the contract agrees.

    A column is found by its `physicalName` or a name of its property `alsoNamed` (with the contract's property
    `headerCase: any` in upper or lower case) and kept under its name. One with the property `personal: hmac` is hashed
    in every row, one with `personalUnless` where that SQL condition does not hold. A file that is no table keeps no
    other from landing: its DeliveryError is raised after the last. There is one too when there is no key to hash with.
    """
    hasher = fetch.hasher()
    failure: DeliveryError | None = None
    for delivery in received:
        try:
            kept = [_scrubbed(fetch, file, hasher) for file in delivery.files]
        except DeliveryError as error:
            failure = failure or error
            continue
        dropped = {name for _, names in kept for name in names}
        yield replace(delivery, files=tuple(file for file, _ in kept), dropped=tuple(sorted(dropped)))
    if failure:
        raise failure


def without(fetch: Fetch, received: Iterable[Delivery], names: Collection[str]) -> Iterator[Delivery]:
    """The same deliveries, their files without the columns `names`, which name people. A file that has none stays.

    For files that are otherwise kept as they came. One that is no table keeps no other from landing: its DeliveryError
    is raised after the last.
    """
    failure: DeliveryError | None = None
    for delivery in received:
        try:
            kept = [_without(fetch, file, names) for file in delivery.files]
        except DeliveryError as error:
            failure = failure or error
            continue
        dropped = {name for _, left_out in kept for name in left_out}
        yield replace(delivery, files=tuple(file for file, _ in kept), dropped=tuple(sorted(dropped)))
    if failure:
        raise failure


def agreed_columns(version: str) -> Callable[[str, str, Contract, Sequence[str]], str]:
    """A `version_of` for files: `version`, once every column of the contract is in the header.

    A column with the property `mayBeAbsent` need not be.
    """

    def version_of(source: str, file: str, contract: Contract, columns: Sequence[str]) -> str:
        agreed = [column for column in contract.columns if not column.properties.get("mayBeAbsent")]
        missing = [column.path for column in agreed if column.name not in set(columns)]
        if missing:
            raise DeliveryError(
                source=source,
                file=file,
                line=1,
                column=missing[0],
                expected=f"the columns of the contract {contract.id} in data_contracts/landing/ (cells may be empty)",
                found=f"no {', '.join(missing)}",
                next_step="add the columns to the header line and deliver the file again",
            )
        return version

    return version_of


def _scrubbed(fetch: Fetch, file: ReceivedFile, hasher: PersonHasher) -> tuple[ReceivedFile, list[str]]:
    """The file as it is kept, and the names of the columns that were left out. A manifest without rows is no table."""
    if file.rows is not None:
        return file, []
    folder = file.path.parent
    name = file.name.removesuffix(".gz")
    target = folder / "kept" / (name if name.lower().endswith(".csv") else f"{name}.csv")
    target.parent.mkdir()
    connection = casting.ingest_connection([folder], folder / "spill", MEMORY)
    try:
        connection.create_function("hash_person", hasher.hash, ["VARCHAR"], "VARCHAR")
        connection.create_function("mask_text", hasher.mask, ["VARCHAR"], "VARCHAR")
        plain = casting.unpacked(file.path, fetch.label, folder)
        text = casting.text_table(connection, plain, file.name, fetch.label, fetch.contract, 0)
        agreed = _agreed(fetch.contract, text.columns)
        kept_values = (f'{_kept_value(column, name)} as "{column.name}"' for name, column in agreed.items())
        values = ", ".join(kept_values) or "null as nothing"
        # A file without one agreed column is refused by its header; nothing of its rows is needed for that.
        rows = f"from {text.relation} order by _row_number" if agreed else "where false"
        path = str(target).replace("'", "''")
        connection.execute(f"copy (select {values} {rows}) to '{path}' (format csv, header true)")
    finally:
        connection.close()
        shutil.rmtree(folder / "spill", ignore_errors=True)
        for original in (item for item in folder.iterdir() if item.is_file()):
            original.unlink()
    left_out = [hidden(name) for name in text.columns if name not in agreed]
    return _kept(file, target), left_out


def _without(fetch: Fetch, file: ReceivedFile, names: Collection[str]) -> tuple[ReceivedFile, list[str]]:
    if file.rows is not None:
        return file, []
    folder = file.path.parent
    plain = casting.unpacked(file.path, fetch.label, folder)
    connection = casting.ingest_connection([folder], folder / "spill", MEMORY)
    try:
        is_parquet = casting.is_parquet(plain)
        if is_parquet:
            described = connection.execute("describe select * from read_parquet(?)", [str(plain)]).fetchall()
            columns = [str(row[0]) for row in described]
        else:
            columns = casting.header(plain, file.name, fetch.label)
        left_out = [name for name in columns if name in names]
        if not left_out:
            return file, []
        kept = ", ".join(f'"{name}"' for name in columns if name not in names)
        target = folder / "kept" / file.name.removesuffix(".gz")
        target.parent.mkdir()
        path = str(target).replace("'", "''")
        if is_parquet:
            source = str(plain).replace("'", "''")
            connection.execute(f"copy (select {kept} from read_parquet('{source}')) to '{path}' (format parquet)")
        else:
            text = casting.text_table(connection, plain, file.name, fetch.label, fetch.contract, 0)
            # Quoted, a word that means null where it stands unquoted stays a word.
            rows = f"select {kept} from {text.relation} order by _row_number"
            connection.execute(f"copy ({rows}) to '{path}' (format csv, header true, force_quote *)")
    except duckdb.Error as error:
        raise DeliveryError(
            source=fetch.label,
            file=file.name,
            expected="a whole CSV or Parquet file",
            found=str(error).splitlines()[0],
            next_step="deliver the file again",
        ) from None
    finally:
        connection.close()
        shutil.rmtree(folder / "spill", ignore_errors=True)
        if plain != file.path:
            plain.unlink()
    file.path.unlink()
    return _kept(file, target), left_out


def _kept(file: ReceivedFile, target: Path) -> ReceivedFile:
    """The received file as it is kept at `target`; the hash of what came stays beside it."""
    return replace(
        file,
        name=target.name,
        path=target,
        size=target.stat().st_size,
        sha256=sha256_of(target),
        received_sha256=file.sha256,
    )


def _agreed(contract: Contract, header: Sequence[str]) -> dict[str, Column]:
    """The contract's columns that a file has, in the contract's order, by the name that the file gives them."""
    is_any_case = contract.properties.get("headerCase") == "any"
    by_name = {name.casefold() if is_any_case else name: name for name in header}
    found = {}
    for column in contract.columns:
        names = [column.path, *column.properties.get("alsoNamed", [])]
        spelled = [by_name[name] for name in (map(str.casefold, names) if is_any_case else names) if name in by_name]
        if spelled:
            found[spelled[0]] = column
    return found


def _kept_value(column: Column, name: str) -> str:
    """SQL of what is kept of a value. Text that cannot hold a secret is not handed to Python."""
    value = f'"{name}"'
    if column.is_personal:
        return f"hash_person({value})"
    masked = f"case when regexp_matches({value}, '{PERSONAL.pattern}') then mask_text({value}) else {value} end"
    unless = column.properties.get("personalUnless")
    return f"case when {unless} then {masked} else hash_person({value}) end" if unless else masked

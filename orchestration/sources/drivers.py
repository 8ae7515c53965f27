"""What the business knows beside the bills: revenue, product usage, budgets, organisation, people, rates, contracts.

The location is a folder (local or in a bucket) with one folder a table, each with CSV or Parquet files; a table
without a folder has nothing to say. `fx_rates` holds the European Central Bank's history file, unpacked
(`eurofxref-hist.csv`: a column a currency). Joins and sums of these tables come later.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import fsspec

from orchestration import casting
from orchestration.errors import DeliveryError
from orchestration.sources import files, people_files
from orchestration.sources.base import Delivery, Fetch, ReceivedFile, SourceTable, Vendor

RATE_COLUMNS = ("rate_date", "currency", "rate")
NOT_QUOTED = ("", "N/A")


def table_files(fetch: Fetch) -> Iterator[Delivery]:
    """New files of the table's folder, scrubbed; none when there is no such folder."""
    return people_files.deliveries(_of_table(fetch)) if _has_folder(fetch) else iter(())


def fx_rates(fetch: Fetch) -> Iterator[Delivery]:
    """New rate files, kept as they are; their rows are one a day and currency. A rate that is `N/A` is no row.

    Raises DeliveryError when a file has another shape.
    """
    for delivery in files.deliveries(_of_table(fetch)) if _has_folder(fetch) else ():
        yield replace(delivery, files=tuple(_unpivoted(fetch, file) for file in delivery.files))


def _folder(fetch: Fetch) -> str:
    return f"{fetch.source.location.rstrip('/')}/{fetch.contract.table}"


def _of_table(fetch: Fetch) -> Fetch:
    return replace(fetch, source=fetch.source.model_copy(update={"location": _folder(fetch)}))


def _has_folder(fetch: Fetch) -> bool:
    """Whether the table has a folder. Raises DeliveryError when the folder of all tables cannot be read."""
    try:
        with files.reading():
            filesystem, path = fsspec.core.url_to_fs(_folder(fetch))
            above = path.rsplit("/", 1)[0]
            is_there, has_parent = bool(filesystem.isdir(path)), filesystem.isdir(above)
    except (OSError, ValueError, ImportError) as error:
        is_there, has_parent, found = False, False, f"{type(error).__name__}: {error}"
    else:
        found = "no such folder"
    if not has_parent:
        raise DeliveryError(
            source=fetch.label,
            expected=f"a folder with one folder a table at {fetch.source.location}",
            found=found,
            next_step="mend `location` in the configuration, or the access rights, and run again",
        )
    return is_there


def _unpivoted(fetch: Fetch, file: ReceivedFile) -> ReceivedFile:
    plain = casting.unpacked(file.path, fetch.label, file.path.parent)
    rows = file.path.parent / "rates.jsonl"
    try:
        with plain.open(encoding="utf-8-sig", newline="") as wide, rows.open("w", encoding="utf-8") as long:
            lines = csv.reader(wide, strict=True)
            header = next(lines, [])
            currencies = _currencies(fetch, file.name, header)
            for cells in lines:
                if len(cells) != len(header):
                    found = f"{len(cells)} cells where the header has {len(header)}"
                    raise _no_rates(fetch, file.name, found, lines.line_num)
                for currency, cell in zip(currencies, cells[1:], strict=False):
                    rate = cell.strip()
                    if rate not in NOT_QUOTED:
                        row = dict(zip(RATE_COLUMNS, (cells[0], currency, rate), strict=True))
                        long.write(json.dumps(row) + "\n")
    except (UnicodeDecodeError, csv.Error) as error:
        raise _no_rates(fetch, file.name, str(error)) from None
    return replace(file, rows=rows, columns=RATE_COLUMNS)


def _currencies(fetch: Fetch, name: str, header: Sequence[str]) -> list[str]:
    """The currencies of the header, which ends in a comma."""
    currencies = [cell.strip() for cell in header[1:]]
    if currencies and not currencies[-1]:
        currencies.pop()
    is_known = bool(header) and header[0].strip() == "Date"
    if not is_known or not currencies or not all(len(code) == 3 and code.isupper() for code in currencies):
        raise _no_rates(fetch, name, ", ".join(header)[:100] or "nothing")
    return currencies


def _no_rates(fetch: Fetch, name: str, found: str, line: int = 1) -> DeliveryError:
    return DeliveryError(
        source=fetch.label,
        file=name,
        line=line,
        expected="the ECB's history of rates: Date, then one column a currency",
        found=found,
        next_step="unpack eurofxref-hist.zip and deliver its CSV",
    )


def _table(name: str) -> SourceTable:
    return SourceTable(name, table_files, people_files.agreed_columns(name.replace("_", " ")))


DRIVERS = Vendor(
    "drivers",
    (
        _table("revenue_daily"),
        _table("product_usage_daily"),
        _table("budgets"),
        _table("org_units"),
        _table("principals"),
        SourceTable("fx_rates", fx_rates, people_files.agreed_columns("ECB reference rates")),
        _table("commitments"),
        _table("stripe_balance_transactions"),
    ),
)

"""When which cloud writes its bill anew, and how such files are written: one folder a day below `exports/clouds/`.

`<folder>/exports/clouds/<day>/<cloud>/...` holds what that day's run of an export wrote; a later day's file of the same
path takes the place of an earlier one, as in a bucket. What a bill looks like is in `aws_exports.py`,
`azure_exports.py` and `google_exports.py`. A month is written once after its end, and the last one while it runs too.
"""

import csv
import gzip
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import simplejson

from orchestration.demo_company import company
from orchestration.demo_company.causes import months_of
from orchestration.demo_company.cloud_charges import Charge
from orchestration.demo_company.fixed_charges import next_month

# A finished month is written once more on this day of the next one.
DAYS_AFTER_THE_MONTH = 3


@dataclass(frozen=True)
class Run:
    """One run of an export: the month it is of, the day on which it ran, and the lines that the bill had then."""

    month: date
    day: date
    charges: tuple[Charge, ...]

    @property
    def is_finished(self) -> bool:
        """Whether the month was over."""
        return self.day >= next_month(self.month)

    @property
    def identifier(self) -> str:
        """The cloud's id of the run."""
        digits = hashlib.md5(f"{self.month} {self.day}".encode(), usedforsecurity=False).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def write_clouds(connection: duckdb.DuckDBPyConnection, folder: Path, months: int, lines: Sequence[Charge]) -> None:
    """Every run of every cloud's export, below `<folder>/clouds/`."""
    from orchestration.demo_company import aws_exports, azure_exports, google_exports
    from orchestration.demo_company.clouds import AWS, AWS_BANK, AZURE, GOOGLE

    writers = {
        AWS: aws_exports.write_focus,
        AWS_BANK: aws_exports.write_usage_report,
        AZURE: azure_exports.write,
        GOOGLE: google_exports.write,
    }
    for cloud, write in writers.items():
        of_cloud = [line for line in lines if line.cloud == cloud]
        for month in months_of(months):
            days = run_days(month)
            if cloud == AZURE and next_month(month) == company.LAST_MONTH:
                # The month to date of the day before the end; the run after the end stands beside it.
                days = (next_month(month) - timedelta(days=1), *days)
            for day in days:
                shown = tuple(line for line in of_cloud if line.month == month and line.shown_from <= day)
                write(connection, folder / "clouds" / str(day) / cloud, Run(month, day, shown))


def run_days(month: date) -> tuple[date, ...]:
    """The days on which a month's bill is written: after its end, and for the last month on both landing days."""
    if month == company.LAST_MONTH:
        return (company.CUT, company.TODAY)
    return (next_month(month) + timedelta(days=DAYS_AFTER_THE_MONTH),)


def identifier(text: str, length: int = 16) -> str:
    """A made-up id of a thing with this name, in capitals and digits."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:length].upper()


def write_bytes(path: Path, content: bytes) -> None:
    """A whole file, and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_json(path: Path, content: Any) -> None:
    """A JSON file, with every digit of its decimals."""
    write_bytes(path, (json_line(content, indent=1) + "\n").encode())


def json_line(content: Any, indent: int | None = None) -> str:
    """JSON with every digit of its decimals."""
    return str(simplejson.dumps(content, use_decimal=True, indent=indent))


def packed_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A gzipped CSV with a header, the same bytes for the same rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return gzip.compress(text.getvalue().encode(), mtime=0)


def plain(value: Decimal | None) -> str | None:
    """A number with all its digits, without an exponent."""
    return None if value is None else f"{value.normalize():f}"


def halves(rows: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """Rows as the two chunks that a large export comes in."""
    middle = (len(rows) + 1) // 2
    return rows[:middle], rows[middle:]

"""One number for the content of a table, whatever the order of its rows.

Why this and not a hash of a file: docs/decisions/0003-fingerprints.md.
"""

import hashlib
from collections.abc import Sequence

import duckdb

LOWER_HALF = "18446744073709551615::uhugeint"


def row_set_fingerprint(connection: duckdb.DuckDBPyConnection, relation: str, leave_out: Sequence[str] = ()) -> str:
    """SHA-256 over column names, types, the row count and the sums of both halves of each row's MD5.

    A sum does not depend on order, sees a doubled row (an exclusive or does not), and is the same on every DuckDB.
    """
    return grouped_fingerprints(connection, relation, "0", leave_out)[0]


def grouped_fingerprints(
    connection: duckdb.DuckDBPyConnection, relation: str, group: str, leave_out: Sequence[str] = ()
) -> tuple[str, dict[str | None, str]]:
    """The fingerprint of a table, and of the rows of each value of an SQL expression, in one pass."""
    described = connection.execute(f"describe select * from {relation}").fetchall()
    columns = [(row[0], row[1]) for row in described if row[0] not in leave_out]
    values = ", ".join(f'coalesce(cast("{name}" as varchar), chr(30))' for name, _ in columns)
    rows = connection.execute(
        f"select group_name, count(*), sum(cast(hash >> 64 as hugeint)), sum(cast(hash & {LOWER_HALF} as hugeint)) "
        f"from (select {group} as group_name, md5_number(concat_ws(chr(31), {values})) as hash from {relation}) "
        "group by group_name order by group_name"
    ).fetchall()
    shape = "\n".join(f"{name} {kind}" for name, kind in columns)

    def fingerprint(counts: Sequence[int]) -> str:
        return hashlib.sha256(f"{shape}\n{tuple(counts)}".encode()).hexdigest()

    total = [sum(row[position] for row in rows) for position in (1, 2, 3)]
    return fingerprint(total), {row[0]: fingerprint(row[1:]) for row in rows}

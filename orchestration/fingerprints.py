"""One number for the content of a table, whatever the order of its rows.

Why this and not a hash of a file: docs/decisions/0003-fingerprints.md.
"""

import hashlib
from collections.abc import Sequence

import duckdb


def row_set_fingerprint(connection: duckdb.DuckDBPyConnection, relation: str, leave_out: Sequence[str] = ()) -> str:
    """SHA-256 over column names, types, the row count and the sums of both halves of each row's MD5.

    A sum does not depend on order, sees a doubled row (an exclusive or does not), and is the same on every DuckDB.
    """
    described = connection.execute(f"describe select * from {relation}").fetchall()
    columns = [(row[0], row[1]) for row in described if row[0] not in leave_out]
    values = ", ".join(f'coalesce(cast("{name}" as varchar), chr(30))' for name, _ in columns)
    row = connection.execute(
        "select count(*), sum(cast(md5_number_upper(row_text) as hugeint)), "
        "sum(cast(md5_number_lower(row_text) as hugeint)) "
        f"from (select concat_ws(chr(31), {values}) as row_text from {relation})"
    ).fetchone()
    shape = "\n".join(f"{name} {kind}" for name, kind in columns)
    return hashlib.sha256(f"{shape}\n{row}".encode()).hexdigest()

"""The company's constants as DuckDB tables, and how its Parquet files are written: one connection, exact money.

`prices` (per unit, decimal(18,15)), `price_columns` (list prices, one column a meter), `provider_keys` and
`gateway_keys`. No file is read here and no rule of the company is decided here.
"""

from dataclasses import astuple
from pathlib import Path

import duckdb

from orchestration.demo_company.company import GATEWAY_ALIASES, PROVIDER_KEYS, ROUTES, gateway_hash
from orchestration.demo_company.prices import METERS, all_prices

MONEY = "decimal(35, 18)"


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory database with the tables. One thread a query, so that the same rows give the same bytes."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(
        "create table prices "
        "(vendor varchar, model varchar, meter varchar, service_tier varchar, context_band varchar, "
        "listed decimal(18, 15), charged decimal(18, 15), valid_from date, valid_to date)"
    )
    connection.executemany(
        "insert into prices values "
        "(?, ?, ?, ?, ?, ?, ?, coalesce(?, date '1970-01-01'), coalesce(?, date '9999-12-31'))",
        [
            (*astuple(price)[:5], price.listed / price.per, price.charged / price.per, price.valid_from, price.valid_to)
            for price in all_prices()
        ],
    )
    columns = ", ".join(
        f"coalesce(max(listed) filter (where meter = '{meter}'), 0)::decimal(18, 15) as {meter}_price"
        for meter in METERS
    )
    connection.execute(
        f"create table price_columns as select model, service_tier, context_band, valid_from, valid_to, {columns} "
        "from prices group by all order by all"
    )
    connection.execute("create table provider_keys (provider_key varchar, user_id varchar)")
    connection.executemany(
        "insert into provider_keys values (?, ?)", [(key.key, user_id(key.person)) for key in PROVIDER_KEYS]
    )
    teams = {route.gateway_alias: route.team for route in ROUTES}
    connection.execute("create table gateway_keys (gateway_key varchar, alias varchar, team varchar)")
    connection.executemany(
        "insert into gateway_keys values (?, ?, ?)",
        [(gateway_hash(alias), alias, teams[alias]) for alias in GATEWAY_ALIASES],
    )
    return connection


def user_id(mail: str | None) -> str | None:
    """The OpenAI user id of a person, or None for a service account."""
    return None if mail is None else f"user_{mail.split('@')[0].replace('.', '_')}"


def write_parquet(connection: duckdb.DuckDBPyConnection, path: Path, query: str) -> None:
    """The rows of a query, in its order, as one Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"copy ({query}) to '{quoted(path)}' (format parquet)")


def join_parts(connection: duckdb.DuckDBPyConnection, parts: Path, path: Path) -> None:
    """Day files as one file, in order of their names, which are days."""
    files = ", ".join(f"'{quoted(part)}'" for part in sorted(parts.glob("*.parquet")))
    write_parquet(connection, path, f"select * from read_parquet([{files}])")


def quoted(path: Path) -> str:
    """A path as the inside of an SQL text."""
    return str(path).replace("'", "''")

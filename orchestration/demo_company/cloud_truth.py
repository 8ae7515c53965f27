"""What the clouds' bills add up to, how many tokens and GPU hours were used there, and what was injected.

Computed from the charges and the cluster's hours, before any bill is rendered; read by tests only. Below
`<folder>/truth/`, beside what `truth.py` writes (`billed_totals.parquet` has the clouds' totals too):

- `effective_totals.parquet`: vendor, provider_name, billing_month (its first day), currency, effective_amount. The
  clouds' alone; one row for the commitments' covered use, where nothing is billed.
- `cloud_tokens.parquet`: vendor, provider_name, model, meter, usage_date, quantity. What a correction takes back and
  says anew is nought.
- `commitments.parquet`: provider_name, commitment, billing_month, currency, purchased, used, unused.
- `gpu_hours.parquet`: usage_date, node, instance, namespace and workload_phase (null: nobody held the GPU), hours,
  used_hours, idle_hours. The hours of a node and day are those that it ran.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.demo_company import company, switches
from orchestration.demo_company.cloud_charges import PURCHASE, UNUSED, Charge
from orchestration.demo_company.clouds import AWS, AWS_BANK, AZURE, GOOGLE
from orchestration.demo_company.gpu_cluster import PHASES, SERVE_2, NodeDay
from orchestration.demo_company.switches import Switches
from orchestration.demo_company.tables import MONEY, write_parquet

# Whose delivery carries a cloud's bill, and who sells.
VENDORS = {AWS: "focus", AWS_BANK: "aws", AZURE: "focus", GOOGLE: "gcp"}
PROVIDERS = {AWS: "AWS", AWS_BANK: "AWS", AZURE: "Microsoft", GOOGLE: "Google Cloud"}
CURRENCY = "USD"
_NOTHING = Decimal(0)


def billed(lines: Sequence[Charge]) -> Iterator[tuple[Any, ...]]:
    """The clouds' part of the billed totals: vendor, provider, charge date, currency and amount."""
    for line in lines:
        yield VENDORS[line.cloud], PROVIDERS[line.cloud], line.start, CURRENCY, line.billed


def write(
    connection: duckdb.DuckDBPyConnection, truth: Path, lines: Sequence[Charge], node_days: Sequence[NodeDay]
) -> None:
    """The clouds' own truth, into the folder of all of it."""
    _write_sums(
        connection,
        truth / "effective_totals.parquet",
        "vendor varchar, provider_name varchar, billing_month date, currency varchar",
        f"effective_amount {MONEY}",
        (((VENDORS[line.cloud], PROVIDERS[line.cloud], line.month, CURRENCY), (line.effective,)) for line in lines),
    )
    _write_sums(
        connection,
        truth / "cloud_tokens.parquet",
        "vendor varchar, provider_name varchar, model varchar, meter varchar, usage_date date",
        "quantity bigint",
        (
            (
                (
                    VENDORS[line.cloud],
                    PROVIDERS[line.cloud],
                    line.use.workload.model,
                    line.use.metered.meter,
                    line.use.day,
                ),
                (line.use.tokens if (line.quantity or 0) > 0 else -line.use.tokens,),
            )
            for line in lines
            if line.use
        ),
    )
    _write_sums(
        connection,
        truth / "commitments.parquet",
        "provider_name varchar, commitment varchar, billing_month date, currency varchar",
        f"purchased {MONEY}, used {MONEY}, unused {MONEY}",
        (
            ((PROVIDERS[line.cloud], line.commitment.identifier, line.month, CURRENCY), _parts(line))
            for line in lines
            if line.commitment
        ),
    )
    _write_sums(
        connection,
        truth / "gpu_hours.parquet",
        "usage_date date, node varchar, instance varchar, namespace varchar, workload_phase varchar",
        "hours decimal(18, 2), used_hours decimal(18, 2), idle_hours decimal(18, 2)",
        (row for node_day in node_days for row in _hours(node_day)),
    )


def _parts(line: Charge) -> tuple[Decimal, ...]:
    if line.category == PURCHASE:
        return line.billed, _NOTHING, _NOTHING
    return (_NOTHING, _NOTHING, line.effective) if line.status == UNUSED else (_NOTHING, line.effective, _NOTHING)


def _hours(node_day: NodeDay) -> Iterator[tuple[tuple[Any, ...], tuple[Decimal, ...]]]:
    place = (node_day.day, node_day.node.name, node_day.node.instance)
    for holding in node_day.holdings:
        namespace, used = holding.tenant.namespace, holding.used
        yield (*place, namespace, PHASES[namespace]), (Decimal(holding.hours), used, holding.hours - used)
    yield (*place, None, None), (Decimal(node_day.free), _NOTHING, Decimal(node_day.free))


def _write_sums(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    keys: str,
    sums: str,
    rows: Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]],
) -> None:
    """Exact sums by key, in order of the keys, as one file."""
    totals: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for key, values in rows:
        before = totals.get(key)
        totals[key] = values if before is None else tuple(a + b for a, b in zip(before, values, strict=True))
    connection.execute(f"create or replace temporary table sums ({keys}, {sums})")
    content = [(*key, *values) for key, values in totals.items()]
    connection.executemany(f"insert into sums values ({', '.join('?' * len(content[0]))})", content)
    write_parquet(connection, path, "from sums order by all")
    connection.execute("drop table sums")


def findings(
    lines: Sequence[Charge], node_days: Sequence[NodeDay], chosen: Switches
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each switch of the clouds did: where, how much exactly, and what a reader must come to see."""
    if chosen.unused_commitments:
        unused: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for line in lines:
            if line.commitment and line.status == UNUSED:
                unused[PROVIDERS[line.cloud], line.commitment.identifier] += line.effective
        yield (
            "unused_commitments",
            {
                "what": "a savings plan and a reservation of throughput are larger than what they cover",
                "where": {"commitments": sorted(identifier for _, identifier in unused)},
                "currency": CURRENCY,
                "unused_amount": sum(unused.values(), _NOTHING),
                "by_commitment": [
                    {"provider": provider, "commitment": identifier, "unused_amount": amount}
                    for (provider, identifier), amount in sorted(unused.items())
                ],
                "expected": "used and unused add up to the purchase; the unused part is waste and nobody's use",
            },
        )
    if chosen.cloud_correction:
        corrections = [line for line in lines if line.is_correction]
        yield (
            "cloud_correction",
            {
                "what": "two clouds mend on October's bill what they billed wrongly in September",
                "where": {
                    "billing_month": company.LAST_MONTH,
                    "days": [switches.REFUNDED_DAY, switches.REBILLED_DAY],
                    "from": switches.CORRECTED_FROM,
                },
                "currency": CURRENCY,
                "difference": sum((line.billed for line in corrections), _NOTHING),
                "by_provider": [
                    {
                        "provider": provider,
                        "lines": len(mine),
                        "billed_amount": sum((line.billed for line in mine), _NOTHING),
                    }
                    for provider in sorted({PROVIDERS[line.cloud] for line in corrections})
                    for mine in ([line for line in corrections if PROVIDERS[line.cloud] == provider],)
                ],
                "expected": "October's bill changes September's cost; no token is counted twice or taken away",
            },
        )
    if chosen.gpu_idle:
        first, end = switches.IDLE_GPU
        idle = [row for row in node_days if row.node == SERVE_2 and first <= row.day < end]
        yield (
            "gpu_idle",
            {
                "what": "a deployment holds a GPU that is paid for, and nobody calls it",
                "where": {
                    "node": SERVE_2.name,
                    "instance": SERVE_2.instance,
                    "first_day": first,
                    "last_day": idle[-1].day,
                },
                "idle_hours": sum((holding.hours - holding.used for row in idle for holding in row.holdings), _NOTHING),
                "expected": "the hours of these days are held and idle, and the node's cost shows as waste",
            },
        )

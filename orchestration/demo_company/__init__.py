"""A made-up company whose truth is known: `create` writes what happened, the truth about it, and what vendors say.

The causes come first; the truth is computed from them; bills, usage and logs are rendered last. `server.Stub` serves
the vendors' part over HTTP, `drops.deliver` hands over the files. Nothing here reads what the product lands or builds.
"""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from orchestration.demo_company.company import CUT, TODAY
from orchestration.demo_company.switches import RESTATED_DAY, SWITCH_NAMES, Switches, only

__all__ = ["CUT", "RESTATED_DAY", "SWITCH_NAMES", "TODAY", "Switches", "create", "only"]

# Another version writes other bytes for the same parameters.
VERSION = 3
MOST_MONTHS = 24
FEWEST_REQUESTS_A_DAY = 20


def create(
    folder: Path, seed: int = 7, months: int = 6, requests: int = 200_000, switches: Switches | None = None
) -> None:
    """Writes the company's last `months` months, up to and with 2026-10, with `requests` requests in all.

    Below the folder: `causes/`, `truth/`, `exports/api/`, `exports/drop/`, `exports/clouds/`, and `company.json` last.
    A folder that holds the same parameters is left alone; one with others is replaced as a whole, and any other folder
    that is not empty is refused with FileExistsError. Raises ValueError for a negative seed, for months outside 1 to
    24, and for fewer than 20 requests a day. No switches given: all are on.
    """
    chosen = Switches() if switches is None else switches
    parameters = {
        "version": VERSION,
        "seed": seed,
        "months": months,
        "requests": requests,
        "switches": asdict(chosen),
    }
    _refuse(seed, months, requests)
    record = folder / "company.json"
    if record.exists() and json.loads(record.read_text()) == parameters:
        return
    if folder.exists() and any(folder.iterdir()) and not record.exists():
        raise FileExistsError(f"{folder} is not empty and holds no demo company")
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        _write(temporary, seed, months, requests, chosen)
        (temporary / "company.json").write_text(json.dumps(parameters, indent=2) + "\n")
        if folder.exists():
            shutil.rmtree(folder)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _refuse(seed: int, months: int, requests: int) -> None:
    if seed < 0:
        raise ValueError(f"seed {seed} is negative")
    if not 1 <= months <= MOST_MONTHS:
        raise ValueError(f"{months} months: from 1 to {MOST_MONTHS} are possible")
    if requests < months * 31 * FEWEST_REQUESTS_A_DAY:
        raise ValueError(f"{requests} requests in {months} months are fewer than {FEWEST_REQUESTS_A_DAY} a day")


def _write(folder: Path, seed: int, months: int, requests: int, chosen: Switches) -> None:
    # numpy, pandas and DuckDB are heavy, and most commands need none of them.
    from orchestration.demo_company import (
        causes,
        cloud_charges,
        cloud_exports,
        cluster_exports,
        drops,
        exports,
        gpu_cluster,
        tables,
        truth,
    )

    parts = folder / "parts"
    restated = RESTATED_DAY if chosen.restated_day else None
    with tables.connect() as connection:

        def write_day(day: causes.Day) -> None:
            with connection.cursor() as cursor:
                causes.load_requests(cursor, seed, day)
                tables.write_parquet(cursor, folder / "causes" / "requests" / f"{day.day}.parquet", "from requests")
                truth.write_day(cursor, parts, day)
                exports.write_day(cursor, folder / "exports", parts, day, restated)

        days = causes.plan(months, requests, chosen)
        # Days do not depend on each other; numpy and DuckDB let go of the interpreter while they work.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(write_day, days):
                pass
        causes.write_tools(connection, folder, seed, days)
        lines = tuple(cloud_charges.charges(seed, months, chosen))
        node_days = tuple(row for day in days for row in gpu_cluster.node_days(seed, day.day, chosen))
        truth.finish(connection, folder, parts, months, chosen, lines, node_days)
        exports.finish(connection, folder / "exports", folder / "causes", parts, chosen)
        cloud_exports.write_clouds(connection, folder / "exports", months, lines)
        cluster_exports.write(folder / "exports" / "api", node_days)
        taxes = truth.taxes(connection, folder, months)
        drops.write_drops(connection, folder, months, requests, chosen, taxes)
    shutil.rmtree(parts)

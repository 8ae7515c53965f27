"""Larkfield's detailed usage at Google Cloud, as the billing table is extracted to files: JSON Lines, a folder an
invoice month, which speaks for itself.

A row's credits stand beside its cost and are not in it. What is corrected is taken back and said anew on a later
invoice, with the time at which it was used.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.demo_company import clouds
from orchestration.demo_company.cloud_charges import ADJUSTMENT, TAX, Charge
from orchestration.demo_company.cloud_exports import Run, identifier, json_line, write_bytes

_COST_TYPES = {TAX: "tax", ADJUSTMENT: "rounding_error"}


def write(connection: duckdb.DuckDBPyConnection, folder: Path, run: Run) -> None:
    """The rows of an invoice month as they were on a day, in the place of those of earlier days."""
    lines = "".join(json_line(_row(run, line)) + "\n" for line in run.charges)
    write_bytes(folder / f"invoice_month={run.month:%Y%m}" / "rows-000000000000.jsonl", lines.encode())


def _row(run: Run, line: Charge) -> dict[str, Any]:
    sku = line.sku
    labels = dict(line.tags) if line.use else {}
    # The project tells the team; a request's labels tell what it was for.
    labels.pop("team", None)
    return {
        "billing_account_id": clouds.GOOGLE_ACCOUNT,
        "service": {"id": line.service.code, "description": line.service.name},
        "sku": {"id": _sku_id(line), "description": sku.name if sku else line.description},
        "usage_start_time": f"{line.start}T00:00:00Z",
        "usage_end_time": f"{line.end}T00:00:00Z",
        "project": _project(line.account) if line.account else None,
        "labels": [{"key": name, "value": value} for name, value in labels.items()],
        "system_labels": [],
        "location": {"location": clouds.GOOGLE_REGION, "country": "US", "region": clouds.GOOGLE_REGION, "zone": None},
        "tags": [],
        "resource": {
            "name": line.resource.rpartition("/")[2] if line.resource else None,
            "global_name": line.resource,
        },
        "price": _price(line),
        "subscription": {"instance_id": None},
        "transaction_type": "GOOGLE",
        "seller_name": None,
        "export_time": f"{run.day}T06:30:00Z",
        "cost": line.cost,
        "cost_at_list": line.listed,
        "currency": "USD",
        "currency_conversion_rate": 1,
        "usage": _usage(line),
        "credits": [
            {"name": name, "full_name": name, "id": identifier(name), "type": kind, "amount": amount}
            for kind, name, amount in line.credits
        ],
        "invoice": {"month": f"{line.month:%Y%m}", "publisher_type": "GOOGLE"},
        "cost_type": _COST_TYPES.get(line.category, "regular"),
        "adjustment_info": _adjustment(line),
    }


def _sku_id(line: Charge) -> str:
    digits = identifier(line.sku.name if line.sku else line.description, 12)
    return "-".join((digits[:4], digits[4:8], digits[8:]))


def _project(project: str) -> dict[str, Any]:
    return {
        "id": project,
        "number": str(int(identifier(project, 10), 16)),
        "name": project,
        "labels": [{"key": "team", "value": clouds.GOOGLE_TEAMS[project]}],
        "ancestry_numbers": "/51000/",
        "ancestors": [{"resource_name": "organizations/51000", "display_name": "larkfield"}],
    }


def _price(line: Charge) -> dict[str, Any] | None:
    if line.sku is None:
        return None
    return {
        "effective_price": line.sku.price,
        "list_price": line.sku.list_price,
        "tier_start_amount": 0,
        "unit": line.sku.unit,
        "pricing_unit_quantity": 1,
    }


def _usage(line: Charge) -> dict[str, Any] | None:
    if line.sku is None:
        return None
    amount = line.quantity if line.quantity is not None else Decimal(0)
    return {
        "amount": amount,
        "unit": line.sku.unit,
        "amount_in_pricing_units": amount,
        "pricing_unit": line.sku.unit,
    }


def _adjustment(line: Charge) -> dict[str, Any]:
    if not line.is_correction:
        return {"id": None, "description": None, "type": None, "mode": None}
    return {
        "id": identifier(f"correction of {line.start}"),
        "description": "Price correction",
        "type": "PRICE_CORRECTION",
        "mode": "COMPLETE_NEGATION_WITH_REMONETIZATION",
    }

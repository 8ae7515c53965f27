"""Azure as a test sees it: an export's container on disk, and the rows of its bills.

A run is written as Cost Management writes it: parts, then `manifest.json`. Nothing here asserts anything.
"""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.deliveries import csv_text, focus_row

Row = Mapping[str, str]
OCTOBER = "2026-10"
EXPORT = "focus-mtd"
SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> list[dict[str, str]]:
    """The rows of a file in `tests/samples/`."""
    with (SAMPLES / name).open(newline="") as file:
        return list(csv.DictReader(file))


EA_ROWS, MCA_ROWS = sample("azure_actual_costs_ea.csv"), sample("azure_actual_costs_mca.csv")
FOCUS_ROWS = sample("azure_focus_1.2-preview.csv")


def ea_row(**cells: str) -> dict[str, str]:
    """A usage row of the Enterprise Agreement; any cell can be said otherwise."""
    return {**EA_ROWS[0], **cells}


def azure_focus_row(day: int = 14, month: str = OCTOBER, **cells: str) -> dict[str, str]:
    """A FOCUS row as Azure writes it; any cell can be said otherwise."""
    azure = {
        "BillingAccountId": "8611537",
        "BillingCurrency": "EUR",
        "ProviderName": "Microsoft",
        "PublisherName": "Microsoft",
        "InvoiceIssuerName": "Microsoft",
        "ServiceName": "Azure OpenAI",
        "Tags": "",
        "x_SkuMeterCategory": "Azure OpenAI",
        "x_SkuMeterSubcategory": "Azure OpenAI GPT5",
        "x_SkuMeterName": "5.4 inp Gl 1M Tokens",
        "x_AccountOwnerId": "",
    }
    return {**focus_row(month, day), **azure, **cells}


def write_run(
    container: Path,
    rows: Sequence[Row],
    *,
    submitted: str = "2026-10-15T03:12:45.98Z",
    run: str = "run-1",
    month: str = OCTOBER,
    export: str = EXPORT,
    kind: str = "FocusCost",
    version: str = "1.0",
    parts: int = 1,
    folder: str | None = None,
    age: int = 0,
    change: Mapping[str, Any] | None = None,
) -> Path:
    """Writes one run of an export below the container's `finops/` and returns its folder.

    With `folder` the run overwrites what lies there. `change` is laid over the manifest, by dotted path.
    """
    first = date.fromisoformat(f"{month}-01")
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    period = f"{first:%Y%m%d}-{last:%Y%m%d}"
    place = Path("finops") / export / period / (run if folder is None else folder)
    (container / place).mkdir(parents=True, exist_ok=True)
    blobs = []
    size = -(-len(rows) // parts) if rows else 0
    for number in range(parts if rows else 0):
        share = rows[number * size : (number + 1) * size]
        content = gzip.compress(csv_text(share, list(rows[0])).encode(), mtime=age)
        name = place / f"part_0_{number + 1:04d}.csv.gz"
        (container / name).write_bytes(content)
        blobs.append({"blobName": str(name), "byteCount": len(content), "dataRowCount": len(share)})
    manifest: dict[str, Any] = {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(blob["byteCount"] for blob in blobs),
        "blobCount": len(blobs),
        "dataRowCount": len(rows),
        "exportConfig": {
            "exportName": export,
            "resourceId": f"/providers/Microsoft.Billing/billingAccounts/8611537/exports/{export}",
            "dataVersion": version,
            "apiVersion": "2023-07-01-preview",
            "type": kind,
            "timeFrame": "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "OverwritePreviousReport" if folder is not None else "CreateNewReport",
            "fileFormat": "Csv",
            "compressionMode": "gzip",
            "rootFolderPath": "finops",
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": submitted,
            "runId": run,
            "startDate": f"{first}T00:00:00",
            "endDate": f"{last}T00:00:00",
        },
        "blobs": blobs,
    }
    for path, value in (change or {}).items():
        *above, name = path.split(".")
        target = manifest
        for part in above:
            target = target[part]
        if value is None:
            del target[name]
        else:
            target[name] = value
    (container / place / "manifest.json").write_text(json.dumps(manifest))
    return container / place

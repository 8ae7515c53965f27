"""Google Cloud's detailed usage export (`gcp_billing_export_resource_v1_...`), extracted to files by invoice month.

The table is BigQuery's own: nested records stay JSON text, and no row is unpacked here. The standard usage export has
the same columns without prices and resources and lands too.
"""

from collections.abc import Sequence

from orchestration.contracts import Contract
from orchestration.errors import DeliveryError
from orchestration.sources import gcp_folders, manifests
from orchestration.sources.base import SourceTable, Vendor

# Only the detailed export has them.
OF_DETAILS = ("price", "resource")


def recognise(source: str, file: str, contract: Contract, columns: Sequence[str]) -> str:
    """Which of Google's two usage exports a column set is. Raises DeliveryError when a column is missing."""
    present = set(columns)
    missing = [
        column.name for column in contract.columns if column.properties.get("always") and column.name not in present
    ]
    if missing:
        raise DeliveryError(
            source=source,
            file=file,
            column=missing[0],
            expected="every column that the usage export always has",
            found=f"no {', '.join(missing)}",
            next_step="extract the table with all its columns (JSON Lines leave out what is null on every row)",
        )
    return "detailed usage" if present.intersection(OF_DETAILS) else "standard usage"


GCP = Vendor("gcp", (SourceTable("detailed_usage", manifests.deliveries(gcp_folders.announcements), recognise),))

"""Lines that finance keeps by hand, as CSV: hardware, licences, people and contracts that no vendor exports."""

from collections.abc import Sequence

from orchestration.contracts import Contract
from orchestration.errors import DeliveryError
from orchestration.sources import files
from orchestration.sources.base import SourceTable, Vendor


def recognise(source: str, file: str, contract: Contract, columns: Sequence[str]) -> str:
    """Always "manual lines"; raises DeliveryError when a column that the contract names is missing."""
    missing = [column.name for column in contract.columns if column.name not in set(columns)]
    if missing:
        raise DeliveryError(
            source=source,
            file=file,
            line=1,
            column=missing[0],
            expected="the columns of data_contracts/landing/manual_lines.odcs.yaml (their cells may be empty)",
            found=f"no {', '.join(missing)}",
            next_step="add the columns to the header line and deliver the file again",
        )
    return "manual lines"


MANUAL = Vendor("manual", (SourceTable("lines", files.deliveries, recognise),))

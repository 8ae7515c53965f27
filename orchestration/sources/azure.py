"""Azure's own bill: `ActualCost` exports of an Enterprise Agreement or a Microsoft Customer Agreement.

The option `delivery` says how it comes: `manifest` (a Cost Management export; the default) or `files` (CSV or Parquet
that somebody downloaded). Column names differ between the agreements in case and in spelling; what is kept has the
names of `data_contracts/landing/azure_actual_costs.odcs.yaml`. FOCUS exports are read by `focus.py`.
"""

from collections.abc import Iterator, Sequence

from orchestration.contracts import Contract
from orchestration.errors import DeliveryError
from orchestration.sources import azure_manifests, files, manifests, people_files
from orchestration.sources.base import Delivery, Fetch, SourceTable, Vendor

READERS = {"manifest": manifests.deliveries(azure_manifests.actual_costs), "files": files.deliveries}


def deliveries(fetch: Fetch) -> Iterator[Delivery]:
    """New months, or new files, kept as far as the contract agrees. Raises DeliveryError."""
    how = fetch.source.options.get("delivery", "manifest")
    if how not in READERS:
        raise DeliveryError(
            source=fetch.label,
            expected=f"options.delivery as one of {', '.join(READERS)}",
            found=repr(how),
            next_step="mend the configuration and run again",
        )
    return people_files.scrubbed(fetch, READERS[how](fetch))


def recognise(source: str, file: str, contract: Contract, columns: Sequence[str]) -> str:
    """The agreement that the columns are of; raises DeliveryError when an agreed one is missing."""
    # Only where prices and invoices may have two currencies is the one of the prices said.
    agreement = "Microsoft Customer Agreement" if "PricingCurrency" in columns else "Enterprise Agreement"
    return people_files.agreed_columns(f"actual cost, {agreement}")(source, file, contract, columns)


AZURE = Vendor("azure", (SourceTable("actual_costs", deliveries, recognise),), options=("delivery",))

"""FOCUS Cost and Usage exports, versions 1.0 to 1.4, as CSV (plain or gzip) or Parquet files.

One reader for all clouds. The option `manifests` says who announces the files: `aws` (Data Exports), `azure` (Cost
Management exports) or `gcp` (one folder an invoice month); without it each file speaks for itself.
Column names, levels and the versions that have them: FOCUS specification, dataset Cost and Usage; kept in
`data_contracts/landing/focus_charges.odcs.yaml`.
"""

from collections.abc import Iterator, Sequence

from orchestration.contracts import Contract
from orchestration.errors import DeliveryError
from orchestration.sources import aws_manifests, azure_manifests, files, gcp_folders, manifests, people_files
from orchestration.sources.base import Delivery, Fetch, SourceTable, Vendor

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")


def recognise(source: str, file: str, contract: Contract, columns: Sequence[str]) -> str:
    """The FOCUS version of a column set, as "FOCUS 1.2": the oldest that has all its FOCUS columns.

    An export without ProviderName that has ServiceProviderName is 1.4, where ProviderName was removed. Raises
    DeliveryError when a column is missing that this version makes mandatory, also when only its spelling differs.
    """
    present = set(columns)
    known = [column for column in contract.columns if column.name in present]
    since = max((str(column.properties["focusSince"]) for column in known), default="1.0")
    is_after_removal = "ServiceProviderName" in present and "ProviderName" not in present
    version = "1.4" if is_after_removal else since
    missing = [name for name in mandatory_columns(contract, version) if name not in present]
    if missing:
        by_fold = {column.casefold(): column for column in columns}
        spelled = [f"{by_fold[name.casefold()]} (for {name})" for name in missing if name.casefold() in by_fold]
        raise DeliveryError(
            source=source,
            file=file,
            column=missing[0],
            expected=f"every mandatory column of FOCUS {version}, which the other columns point to",
            found=f"no {', '.join(missing)}" + (f"; spelled {', '.join(spelled)}" if spelled else ""),
            next_step="export with the missing columns selected and deliver the file again",
        )
    return f"FOCUS {version}"


def mandatory_columns(contract: Contract, version: str) -> list[str]:
    """The columns that a version of FOCUS makes mandatory, in the contract's order."""
    return [
        column.name
        for column in contract.columns
        if column.properties["focusLevel"] == "mandatory"
        and str(column.properties["focusSince"]) <= version < str(column.properties.get("focusRemoved", "9"))
    ]


def deliveries(fetch: Fetch) -> Iterator[Delivery]:
    """Deliveries of a FOCUS export, by the manifests that the source's options name. Raises DeliveryError."""
    cloud = fetch.source.options.get("manifests")
    if cloud is None:
        return files.deliveries(fetch)
    if cloud not in READERS:
        raise DeliveryError(
            source=fetch.label,
            expected=f"options.manifests as one of {', '.join(READERS)}, or no such option",
            found=repr(cloud),
            next_step="mend the configuration and run again",
        )
    return READERS[cloud](fetch)


def of_azure(fetch: Fetch) -> Iterator[Delivery]:
    """Deliveries of a Cost Management export, without the name and the mail address of who owns an account."""
    received = manifests.deliveries(azure_manifests.announcements)(fetch)
    return people_files.without(fetch, received, azure_manifests.PERSONAL)


READERS = {
    "aws": manifests.deliveries(aws_manifests.announcements),
    "azure": of_azure,
    "gcp": manifests.deliveries(gcp_folders.announcements),
}
FOCUS = Vendor("focus", (SourceTable("charges", deliveries, recognise),), options=("manifests",))

"""What FOCUS wants to be told beside its data: who made it, which datasets, which columns, how recent and how complete.

It describes published tables and reads nothing else. `publish.py` writes it for FOCUS 1.4, `focus_export.py` for the
version that was asked for.
"""

import hashlib
import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from orchestration.contracts import Column

VERSION = "1.4"
# The datasets of the specification, by the name of the published table in the schema `focus`.
DATASETS = {
    "billing_period": ("BillingPeriod", "Billing Period"),
    "contract_commitment": ("ContractCommitment", "Contract Commitment"),
    "cost_and_usage": ("CostAndUsage", "Cost and Usage"),
    "invoice_detail": ("InvoiceDetail", "Invoice Detail"),
}
# Contracts have no period of their own: they are delivered whole.
WITHOUT_TIME = ("contract_commitment",)
JSON_COLUMNS = (
    "AllocatedMethodDetails",
    "AllocatedTags",
    "CommitmentProgramEligibilityDetails",
    "ContractApplied",
    "ContractCommitmentApplicability",
    "InvoiceDetailGrain",
    "SkuPriceDetails",
    "Tags",
)
# Named by FOCUS 1.3 as on their way out; 1.4 has them no more.
DEPRECATED = {"ProviderName": "ServiceProviderName", "PublisherName": "HostProviderName"}
TIME_SECTORS = """
    select
        "BillingPeriodStart", max("BillingPeriodEnd"), max("BillingPeriodLastUpdated"),
        bool_and("BillingPeriodStatus" = 'Closed')
    from {relation}
    group by all
    order by all
"""


@dataclass(frozen=True)
class TimeSector:
    """One billing period: when something of it was last delivered, and whether more is to come."""

    start: datetime
    end: datetime
    last_updated: datetime | None
    is_complete: bool


def read_time_sectors(connection: duckdb.DuckDBPyConnection, relation: str) -> list[TimeSector]:
    """The billing periods of `focus.billing_period`; one is complete when every issuer's is closed."""
    return [TimeSector(*row) for row in connection.execute(TIME_SECTORS.format(relation=relation)).fetchall()]


def describe(
    version: str,
    tables: Mapping[str, Sequence[Column]],
    sectors: Sequence[TimeSector],
    moment: datetime,
    created: Mapping[str, str],
) -> dict[str, Any]:
    """The four artefacts by file name. `created` has the creation dates of structures that were published before."""
    return {
        "data_generator.json": {"DataGenerator": "Meterhouse"},
        "dataset_instance.json": [_instance(table) for table in tables],
        "schema.json": [_schema(version, table, columns, moment, created) for table, columns in tables.items()],
        "recency.json": [_recency(table, sectors, moment) for table in tables],
    }


def schema_id(version: str, table: str, columns: Iterable[Column]) -> str:
    """One name for one structure: another column, type or order is another name."""
    text = "\n".join(f"{column.name} {column.physical_type}" for column in columns)
    return f"{DATASETS[table][0]}-{version}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def creation_dates(schemas: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """When each structure first appeared, as the schemas of an earlier publication say."""
    return {str(schema["SchemaId"]): str(schema["CreationDate"]) for schema in schemas}


def _instance(table: str) -> dict[str, str]:
    identifier, name = DATASETS[table]
    return {
        "DatasetInstanceId": _instance_id(table),
        "DatasetInstanceName": f"{name} of Meterhouse",
        "FocusDatasetId": identifier,
    }


def _instance_id(table: str) -> str:
    return f"meterhouse-{table.replace('_', '-')}"


def _schema(
    version: str, table: str, columns: Sequence[Column], moment: datetime, created: Mapping[str, str]
) -> dict[str, Any]:
    identifier = schema_id(version, table, columns)
    return {
        "SchemaId": identifier,
        "FocusVersion": version,
        "CreationDate": created.get(identifier, _instant(moment)),
        "DataGeneratorVersion": importlib.metadata.version("meterhouse"),
        "DatasetInstanceId": _instance_id(table),
        "ColumnDefinition": [_definition(version, column) for column in columns],
    }


def _definition(version: str, column: Column) -> dict[str, Any]:
    definition: dict[str, Any] = {"ColumnName": column.name}
    if column.physical_type.startswith("decimal"):
        precision, scale = column.physical_type.removeprefix("decimal(").rstrip(")").split(",")
        definition |= {"DataType": "Decimal", "NumericPrecision": int(precision), "NumberScale": int(scale)}
    elif column.physical_type == "timestamp":
        definition |= {"DataType": "Date/Time"}
    elif column.physical_type == "boolean":
        definition |= {"DataType": "Boolean"}
    else:
        definition |= {"DataType": "JSON" if column.name in JSON_COLUMNS else "String", "StringEncoding": "UTF-8"}
    if version == "1.3" and column.name in DEPRECATED:
        definition["Deprecated"] = True
    return definition


def _recency(table: str, sectors: Sequence[TimeSector], moment: datetime) -> dict[str, Any]:
    updates = [sector.last_updated for sector in sectors if sector.last_updated]
    recency: dict[str, Any] = {
        "DatasetInstanceId": _instance_id(table),
        "RecencyLastUpdated": _instant(moment),
        "DatasetInstanceLastUpdated": _instant(max(updates)) if updates else _instant(moment),
    }
    if table in WITHOUT_TIME:
        return recency | {"DatasetInstanceComplete": True}
    return recency | {
        "TimeSectors": [
            {
                "TimeSectorStart": _instant(sector.start),
                "TimeSectorEnd": _instant(sector.end),
                "TimeSectorLastUpdated": _instant(sector.last_updated) if sector.last_updated else None,
                "TimeSectorComplete": sector.is_complete,
            }
            for sector in sectors
        ]
    }


def _instant(moment: datetime) -> str:
    """ISO 8601 in UTC. The warehouse's timestamps have no zone and are UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")

"""Larkfield's Cost Management export at Azure, in Azure's own words: FOCUS 1.2-preview, a folder a run.

Every run keeps its folder (`CreateNewReport`), and the one that was submitted last is the truth of its month. Two
gzipped CSV files a run, and `manifest.json` after them.
"""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.demo_company import clouds
from orchestration.demo_company.aws_exports import FOCUS_COLUMNS
from orchestration.demo_company.cloud_charges import PURCHASE, UNUSED, USAGE, Charge
from orchestration.demo_company.cloud_exports import (
    Run,
    halves,
    identifier,
    json_line,
    packed_csv,
    plain,
    write_bytes,
    write_json,
)
from orchestration.demo_company.fixed_charges import next_month

ROOT, EXPORT = "finops", "larkfield-focus"
COLUMNS = (
    *(name for name in FOCUS_COLUMNS if not name.startswith("x_") and name != "AvailabilityZone"),
    "x_BilledCostInUsd",
    "x_BillingExchangeRate",
    "x_BillingExchangeRateDate",
    "x_CostAllocationRuleName",
    "x_CostCenter",
    "x_EffectiveCostInUsd",
    "x_InvoiceSectionId",
    "x_InvoiceSectionName",
    "x_ListCostInUsd",
    "x_PricingBlockSize",
    "x_PricingUnitDescription",
    "x_PublisherCategory",
    "x_ResourceGroupName",
    "x_ResourceType",
    "x_SkuDetails",
    "x_SkuMeterCategory",
    "x_SkuMeterId",
    "x_SkuMeterName",
    "x_SkuMeterSubcategory",
    "x_SkuOrderId",
    "x_SkuRegion",
    "x_SkuTerm",
    "x_SkuTier",
)
_TYPES = {
    "microsoft.cognitiveservices": "Azure AI services",
    "microsoft.compute": "Virtual machine",
    "microsoft.storage": "Storage account",
}


def write(connection: duckdb.DuckDBPyConnection, folder: Path, run: Run) -> None:
    """One run of the export: its two parts, then its manifest."""
    last_day = next_month(run.month) - timedelta(days=1)
    place = f"{ROOT}/{EXPORT}/{run.month:%Y%m%d}-{last_day:%Y%m%d}/{run.identifier}"
    blobs = []
    for number, chunk in enumerate(halves(run.charges), start=1):
        content = packed_csv(COLUMNS, (_row(run, line) for line in chunk))
        name = f"{place}/part_{number - 1}_0001.csv.gz"
        write_bytes(folder / name, content)
        blobs.append({"blobName": name, "byteCount": len(content), "dataRowCount": len(chunk)})
    manifest = {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(int(str(blob["byteCount"])) for blob in blobs),
        "blobCount": len(blobs),
        "dataRowCount": len(run.charges),
        "exportConfig": {
            "exportName": EXPORT,
            "resourceId": f"{clouds.AZURE_ACCOUNT}/providers/Microsoft.CostManagement/exports/{EXPORT}",
            "dataVersion": "1.2-preview",
            "apiVersion": "2023-07-01-preview",
            "type": "FocusCost",
            "timeFrame": "TheLastMonth" if run.is_finished else "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Csv",
            "compressionMode": "gzip",
            "containerUri": "/subscriptions/shared/storageAccounts/larkfiles/containers/costs",
            "rootFolderPath": ROOT,
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{run.day}T03:12:45.98Z",
            "runId": run.identifier,
            "startDate": f"{run.month}T00:00:00",
            "endDate": f"{last_day}T00:00:00",
        },
        "blobs": blobs,
    }
    write_json(folder / place / "manifest.json", manifest)


def _row(run: Run, line: Charge) -> list[str | None]:
    sku, commitment = line.sku, line.commitment
    is_usage, is_unused = line.category == USAGE, line.status == UNUSED
    sku_id = identifier(sku.name, 12) if sku else None
    is_covered = commitment is not None and is_usage
    price = (Decimal(0) if is_covered else sku.price) if sku else None
    contracted = line.billed if line.quantity is not None and not is_covered else Decimal(0)
    resource_group = (line.resource or "").partition("/resourceGroups/")[2].partition("/")[0] or None
    provider = (line.resource or "").partition("/providers/")[2].partition("/")[0].lower()
    subcategory = "Azure OpenAI GPT5" if line.use and "gpt-5" in line.use.workload.model else line.service.name
    known: dict[str, str | None] = {
        "BilledCost": plain(line.billed),
        "BillingAccountId": clouds.AZURE_ACCOUNT,
        "BillingAccountName": "Larkfield Inc",
        "BillingAccountType": "Billing Profile",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": f"{next_month(line.month)}T00:00:00Z",
        "BillingPeriodStart": f"{line.month}T00:00:00Z",
        "ChargeCategory": line.category,
        "ChargeDescription": line.description,
        "ChargeFrequency": {USAGE: "Usage-Based", PURCHASE: "Recurring"}.get(line.category, "One-Time"),
        "ChargePeriodEnd": f"{line.end}T00:00:00Z",
        "ChargePeriodStart": f"{line.start}T00:00:00Z",
        "CommitmentDiscountCategory": commitment.category if commitment else None,
        "CommitmentDiscountId": commitment.identifier if commitment else None,
        "CommitmentDiscountName": commitment.name if commitment else None,
        "CommitmentDiscountStatus": line.status,
        "CommitmentDiscountType": commitment.kind if commitment else None,
        "ConsumedQuantity": plain(line.quantity) if is_usage and not is_unused else None,
        "ConsumedUnit": sku.unit if sku and is_usage and not is_unused else None,
        "ContractedCost": plain(contracted),
        # Where there is none, Azure says 0.
        "ContractedUnitPrice": plain(price),
        "EffectiveCost": plain(line.effective),
        "InvoiceId": f"G{line.month:%Y%m}01" if run.is_finished else None,
        "InvoiceIssuerName": "Microsoft",
        "ListCost": plain(line.listed),
        "ListUnitPrice": plain(sku.list_price) if sku else None,
        "PricingCategory": "Committed" if is_covered else "Standard",
        "PricingCurrency": "USD",
        "PricingCurrencyContractedUnitPrice": plain(price),
        "PricingCurrencyEffectiveCost": plain(line.effective),
        "PricingCurrencyListUnitPrice": plain(sku.list_price) if sku else None,
        "PricingQuantity": plain(line.quantity),
        "PricingUnit": sku.unit if sku else None,
        "ProviderName": "Microsoft",
        "PublisherName": "Microsoft",
        "RegionId": clouds.AZURE_REGION[0],
        "RegionName": clouds.AZURE_REGION[1],
        "ResourceId": line.resource,
        "ResourceName": line.resource and line.resource.rpartition("/")[2],
        "ResourceType": line.resource and _TYPES.get(provider, "Reservation"),
        "ServiceCategory": line.service.category,
        "ServiceName": line.service.name,
        "ServiceSubcategory": line.service.subcategory,
        "SkuId": sku_id,
        "SkuMeter": sku.name if sku else None,
        "SkuPriceId": sku_id and f"{sku_id}/0001",
        "SubAccountId": line.account,
        "SubAccountName": clouds.AZURE_NAMES[line.account],
        "SubAccountType": "Subscription",
        "Tags": json_line(dict(line.tags)),
        "x_BilledCostInUsd": plain(line.billed),
        "x_BillingExchangeRate": "1",
        "x_CostCenter": None,
        "x_EffectiveCostInUsd": plain(line.effective),
        "x_InvoiceSectionId": "5410001-01",
        "x_InvoiceSectionName": "Engineering",
        "x_ListCostInUsd": plain(line.listed),
        "x_PricingBlockSize": "1",
        "x_PricingUnitDescription": sku.unit if sku else None,
        "x_PublisherCategory": "Cloud Provider",
        "x_ResourceGroupName": resource_group,
        "x_ResourceType": "/".join((provider, *(line.resource or "").split("/")[-2:-1])) if provider else None,
        "x_SkuDetails": "{}",
        "x_SkuMeterCategory": line.service.code,
        "x_SkuMeterId": sku_id,
        "x_SkuMeterName": sku.name if sku else None,
        "x_SkuMeterSubcategory": subcategory,
        "x_SkuOrderId": commitment.identifier.rpartition("/")[2] if commitment else None,
        "x_SkuRegion": clouds.AZURE_REGION[0],
        "x_SkuTerm": "1" if commitment else None,
    }
    return [known.get(column) for column in COLUMNS]

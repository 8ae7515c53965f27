"""The two Data Exports at AWS, in AWS's own words: FOCUS 1.2 for Larkfield Inc, CUR 2.0 for its bank.

The FOCUS export keeps every run (a folder each, Parquet in two chunks, a manifest of its own, and one for the period
that names the newest run); the bank's overwrites its files. Manifests name files by their `s3://` address. Costs are
doubles in Parquet, as at AWS: they have at most 15 digits, so that nothing is lost.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from orchestration.demo_company import clouds
from orchestration.demo_company.cloud_charges import (
    ADJUSTMENT,
    BANK_DATABASE,
    BEDROCK,
    BEDROCK_MARKET,
    CREDIT,
    PURCHASE,
    RDS,
    TAX,
    UNUSED,
    USAGE,
    Charge,
)
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
from orchestration.demo_company.tables import quoted

BUCKET = "s3://larkfield-billing"
FOCUS_EXPORT, USAGE_EXPORT = "exports/larkfield-focus", "exports/bank-usage"
ISSUER = "Amazon Web Services, Inc."
_DOUBLE, _TEXT, _TIME, _MAP = "double", "varchar", "timestamp", "map(varchar, varchar)"

# The columns of the table FOCUS_1_2_AWS, in its order.
FOCUS_COLUMNS = {
    "AvailabilityZone": _TEXT,
    "BilledCost": _DOUBLE,
    "BillingAccountId": _TEXT,
    "BillingAccountName": _TEXT,
    "BillingAccountType": _TEXT,
    "BillingCurrency": _TEXT,
    "BillingPeriodEnd": _TIME,
    "BillingPeriodStart": _TIME,
    "CapacityReservationId": _TEXT,
    "CapacityReservationStatus": _TEXT,
    "ChargeCategory": _TEXT,
    "ChargeClass": _TEXT,
    "ChargeDescription": _TEXT,
    "ChargeFrequency": _TEXT,
    "ChargePeriodEnd": _TIME,
    "ChargePeriodStart": _TIME,
    "CommitmentDiscountCategory": _TEXT,
    "CommitmentDiscountId": _TEXT,
    "CommitmentDiscountName": _TEXT,
    "CommitmentDiscountQuantity": _DOUBLE,
    "CommitmentDiscountStatus": _TEXT,
    "CommitmentDiscountType": _TEXT,
    "CommitmentDiscountUnit": _TEXT,
    "ConsumedQuantity": _DOUBLE,
    "ConsumedUnit": _TEXT,
    "ContractedCost": _DOUBLE,
    "ContractedUnitPrice": _DOUBLE,
    "EffectiveCost": _DOUBLE,
    "InvoiceId": _TEXT,
    "InvoiceIssuerName": _TEXT,
    "ListCost": _DOUBLE,
    "ListUnitPrice": _DOUBLE,
    "PricingCategory": _TEXT,
    "PricingCurrency": _TEXT,
    "PricingCurrencyContractedUnitPrice": _DOUBLE,
    "PricingCurrencyEffectiveCost": _DOUBLE,
    "PricingCurrencyListUnitPrice": _DOUBLE,
    "PricingQuantity": _DOUBLE,
    "PricingUnit": _TEXT,
    "ProviderName": _TEXT,
    "PublisherName": _TEXT,
    "RegionId": _TEXT,
    "RegionName": _TEXT,
    "ResourceId": _TEXT,
    "ResourceName": _TEXT,
    "ResourceType": _TEXT,
    "ServiceCategory": _TEXT,
    "ServiceName": _TEXT,
    "ServiceSubcategory": _TEXT,
    "SkuId": _TEXT,
    "SkuMeter": _TEXT,
    "SkuPriceDetails": _MAP,
    "SkuPriceId": _TEXT,
    "SubAccountId": _TEXT,
    "SubAccountName": _TEXT,
    "SubAccountType": _TEXT,
    "Tags": _MAP,
    "x_Discounts": _MAP,
    "x_Operation": _TEXT,
    "x_ServiceCode": _TEXT,
}
# What the bank's export selects of COST_AND_USAGE_REPORT, with principals and resources.
USAGE_COLUMNS = (
    "bill_bill_type",
    "bill_billing_entity",
    "bill_billing_period_end_date",
    "bill_billing_period_start_date",
    "bill_invoice_id",
    "bill_invoicing_entity",
    "bill_payer_account_id",
    "bill_payer_account_name",
    "cost_category",
    "discount",
    "identity_line_item_id",
    "identity_time_interval",
    "line_item_availability_zone",
    "line_item_currency_code",
    "line_item_iam_principal",
    "line_item_legal_entity",
    "line_item_line_item_description",
    "line_item_line_item_type",
    "line_item_operation",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_tax_type",
    "line_item_unblended_cost",
    "line_item_unblended_rate",
    "line_item_usage_account_id",
    "line_item_usage_account_name",
    "line_item_usage_amount",
    "line_item_usage_end_date",
    "line_item_usage_start_date",
    "line_item_usage_type",
    "pricing_currency",
    "pricing_public_on_demand_cost",
    "pricing_public_on_demand_rate",
    "pricing_rate_code",
    "pricing_term",
    "pricing_unit",
    "product",
    "product_region_code",
    "product_servicecode",
    "product_sku",
    "reservation_effective_cost",
    "reservation_recurring_fee_for_usage",
    "reservation_reservation_a_r_n",
    "reservation_unused_recurring_fee",
    "resource_tags",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_savings_plan_a_r_n",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_savings_plan_rate",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "tags",
)


def write_focus(connection: duckdb.DuckDBPyConnection, folder: Path, run: Run) -> None:
    """One run of Larkfield's FOCUS export: its chunks, its manifest, and the period's, which now names this run."""
    name, period = FOCUS_EXPORT.rpartition("/")[2], f"BILLING_PERIOD={run.month:%Y-%m}"
    execution = f"{run.day}T04:12:33.101Z-{run.identifier}"
    files = []
    for number, chunk in enumerate(halves([_focus_row(run, line) for line in run.charges]), start=1):
        path = f"{FOCUS_EXPORT}/data/{period}/{execution}/{name}-{number:05d}.snappy.parquet"
        _write_parquet(connection, folder / path, [list(row.values()) for row in chunk])
        files.append(f"{BUCKET}/{path}")
    manifest = {
        "executionId": run.identifier,
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{clouds.AWS_PAYER}:export/{name}-0f0c05",
        "columns": [{"name": column, "type": kind.split("(")[0]} for column, kind in FOCUS_COLUMNS.items()],
        "dataFiles": files,
        "additionalOutputFiles": [],
    }
    metadata = folder / FOCUS_EXPORT / "metadata" / period
    for place in (metadata / execution, metadata):
        write_json(place / f"{name}-Manifest.json", manifest)


def _write_parquet(connection: duckdb.DuckDBPyConnection, path: Path, rows: list[list[str | None]]) -> None:
    """Rows of text, each column cast to its type: a double is the one nearest to its digits."""
    frame = pd.DataFrame(rows, columns=list(FOCUS_COLUMNS), dtype=object)
    values = ", ".join(
        f'cast(cast("{name}" as json) as {kind}) as "{name}"'
        if kind == _MAP
        else f'cast("{name}" as {kind}) as "{name}"'
        for name, kind in FOCUS_COLUMNS.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.register("exported", frame)
    connection.execute(f"copy (select {values} from exported) to '{quoted(path)}' (format parquet)")
    connection.unregister("exported")


def _focus_row(run: Run, line: Charge) -> dict[str, str | None]:
    sku, commitment = line.sku, line.commitment
    is_usage, is_priced = line.category == USAGE, line.category in (USAGE, PURCHASE)
    is_unused = line.status == UNUSED
    has_price = sku is not None and is_priced
    sku_id = identifier(sku.name) if sku else None
    known: dict[str, str | None] = {
        "BilledCost": plain(line.billed),
        "BillingAccountId": clouds.AWS_PAYER,
        "BillingAccountName": clouds.AWS_NAMES[clouds.AWS_PAYER],
        "BillingAccountType": "BillingAccount",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": str(next_month(line.month)),
        "BillingPeriodStart": str(line.month),
        "ChargeCategory": line.category,
        "ChargeClass": "Correction" if line.is_correction else None,
        "ChargeDescription": _description(line),
        "ChargeFrequency": {USAGE: "Usage-Based", PURCHASE: "Recurring"}.get(line.category, "One-Time"),
        "ChargePeriodEnd": str(line.end),
        "ChargePeriodStart": str(line.start),
        "CommitmentDiscountCategory": commitment.category if commitment else None,
        "CommitmentDiscountId": commitment.identifier if commitment else None,
        "CommitmentDiscountName": commitment.name if commitment else None,
        "CommitmentDiscountQuantity": plain(line.effective if is_usage else line.billed) if commitment else None,
        "CommitmentDiscountStatus": line.status,
        "CommitmentDiscountType": commitment.kind if commitment else None,
        "CommitmentDiscountUnit": "USD" if commitment else None,
        "ConsumedQuantity": plain(line.quantity) if is_usage and not is_unused else None,
        "ConsumedUnit": sku.unit if sku and is_usage and not is_unused else None,
        "ContractedCost": plain(line.listed),
        "ContractedUnitPrice": plain(sku.price) if sku and has_price else None,
        "EffectiveCost": plain(line.effective),
        "InvoiceId": f"INV-AWS-{line.month:%Y%m}" if run.is_finished else None,
        "InvoiceIssuerName": ISSUER,
        "ListCost": plain(line.listed),
        "ListUnitPrice": plain(sku.list_price) if sku and has_price else None,
        "PricingCategory": ("Committed" if commitment else "Standard")
        if is_usage
        else "Standard"
        if is_priced
        else None,
        "PricingCurrency": "USD",
        "PricingCurrencyContractedUnitPrice": plain(sku.price) if sku and has_price else None,
        "PricingCurrencyEffectiveCost": plain(line.effective),
        "PricingCurrencyListUnitPrice": plain(sku.list_price) if sku and has_price else None,
        "PricingQuantity": plain(line.quantity) if has_price else None,
        "PricingUnit": sku.unit if sku and has_price else None,
        "ProviderName": "AWS",
        "PublisherName": "Anthropic" if line.service == BEDROCK_MARKET else ISSUER,
        "RegionId": clouds.AWS_REGION[0] if has_price else None,
        "RegionName": clouds.AWS_REGION[1] if has_price else None,
        "ResourceId": line.resource,
        "ResourceType": line.resource_type,
        "ServiceCategory": line.service.category,
        "ServiceName": line.service.name,
        "ServiceSubcategory": line.service.subcategory,
        "SkuId": sku_id,
        "SkuMeter": sku.name if sku else None,
        "SkuPriceDetails": "{}",
        "SkuPriceId": f"{sku_id}.{identifier(str(sku.price), 10)}.6YS6EN2CT7" if sku else None,
        "SubAccountId": line.account,
        "SubAccountName": clouds.AWS_NAMES[line.account],
        "SubAccountType": "SubAccount",
        "Tags": json_line(dict(line.tags)),
        "x_Discounts": "{}",
        "x_Operation": _operation(line),
        "x_ServiceCode": line.service.code,
    }
    return {column: known.get(column) for column in FOCUS_COLUMNS}


def _description(line: Charge) -> str:
    """A marketplace line says its unit in the third part of its description, and nowhere else."""
    if line.service == BEDROCK_MARKET and line.use:
        words = "Output" if line.use.metered.meter == clouds.OUTPUT else "Input"
        length = " Long Context" if "long_ctx" in line.use.metered.sku.name else ""
        return f"AWS Marketplace software usage|{clouds.AWS_REGION[0]}|Million {words} Tokens{length} Global"
    return line.description


def _operation(line: Charge) -> str | None:
    if line.use:
        return "Usage" if line.service == BEDROCK_MARKET else "InvokeModelInference"
    return {"Instance": "RunInstances", "Bucket": "StandardStorage", "Database": "CreateDBInstance"}.get(
        line.resource_type or ""
    )


def write_usage_report(connection: duckdb.DuckDBPyConnection, folder: Path, run: Run) -> None:
    """One run of the bank's CUR 2.0 export: the same files as before, overwritten, and the manifest after them."""
    name, period = USAGE_EXPORT.rpartition("/")[2], f"BILLING_PERIOD={run.month:%Y-%m}"
    rows = [row for number, line in enumerate(run.charges) for row in _usage_rows(run, line, number)]
    files = []
    for number, chunk in enumerate(halves(rows), start=1):
        path = f"{USAGE_EXPORT}/data/{period}/{name}-{number:05d}.csv.gz"
        write_bytes(
            folder / path, packed_csv(USAGE_COLUMNS, ([row.get(column) for column in USAGE_COLUMNS] for row in chunk))
        )
        files.append(f"{BUCKET}/{path}")
    manifest = {
        "executionId": run.identifier,
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{clouds.AWS_BANK_PAYER}:export/{name}-0ba0c5",
        "columns": [{"name": column, "type": "string"} for column in USAGE_COLUMNS],
        "dataFiles": files,
        "additionalOutputFiles": [],
    }
    write_json(folder / USAGE_EXPORT / "metadata" / period / f"{name}-Manifest.json", manifest)


def _usage_rows(run: Run, line: Charge, number: int) -> list[dict[str, Any]]:
    """A charge as line items: what a savings plan covers is shown at its price, and taken back by a second item."""
    row = _usage_row(run, line, number)
    kind = _line_item_type(line)
    row["line_item_line_item_type"] = kind
    if line.commitment:
        row |= _commitment_columns(line)
    if kind != "SavingsPlanCoveredUsage":
        return [row]
    negation = row | {
        "identity_line_item_id": f"{row['identity_line_item_id']}-negation",
        "line_item_line_item_type": "SavingsPlanNegation",
        "line_item_line_item_description": "SavingsPlanNegation used by AccountId : " + line.account,
        "line_item_unblended_cost": plain(-line.listed),
        "line_item_iam_principal": None,
        "pricing_public_on_demand_cost": "0",
        "savings_plan_savings_plan_effective_cost": "0",
        "savings_plan_savings_plan_rate": "0",
    }
    return [row | {"line_item_unblended_cost": plain(line.listed)}, negation]


def _line_item_type(line: Charge) -> str:
    is_plan = line.commitment is not None and line.commitment != BANK_DATABASE
    if line.commitment and line.category == PURCHASE:
        return "SavingsPlanRecurringFee" if is_plan else "RIFee"
    if line.commitment:
        return "SavingsPlanCoveredUsage" if is_plan else "DiscountedUsage"
    return {TAX: "Tax", CREDIT: "Credit", ADJUSTMENT: "Refund"}.get(line.category, "Usage")


def _commitment_columns(line: Charge) -> dict[str, Any]:
    commitment, sku = line.commitment, line.sku
    assert commitment
    assert sku
    is_fee = line.category == PURCHASE
    if commitment == BANK_DATABASE:
        return {
            "reservation_reservation_a_r_n": commitment.identifier,
            "reservation_effective_cost": plain(line.effective),
            "reservation_recurring_fee_for_usage": None if is_fee else plain(line.effective),
            "reservation_unused_recurring_fee": "0" if is_fee else None,
        }
    return {
        "savings_plan_savings_plan_a_r_n": commitment.identifier,
        "savings_plan_savings_plan_effective_cost": "0" if is_fee else plain(line.effective),
        "savings_plan_savings_plan_rate": plain(sku.price if is_fee else line.effective / (line.quantity or 1)),
        "savings_plan_total_commitment_to_date": plain(line.billed) if is_fee else "0",
        "savings_plan_used_commitment": plain(line.billed) if is_fee else "0",
        "savings_plan_recurring_commitment_for_billing_period": plain(line.billed) if is_fee else "0",
    }


def _usage_row(run: Run, line: Charge, number: int) -> dict[str, Any]:
    sku, use = line.sku, line.use
    start, end = f"{line.start}T00:00:00Z", f"{line.end}T00:00:00Z"
    principal = use and use.workload.place
    owner = dict(line.tags)
    # The bank tags roles and sessions, not resources; what has no principal has a resource's tag.
    tags = {f"iamPrincipal/{name}": value for name, value in owner.items()} if principal else {}
    resource_tags = {} if principal else {f"user_{name}": value for name, value in owner.items()}
    rate = sku.list_price if sku else None
    sku_id = identifier(sku.name) if sku else None
    return {
        "bill_bill_type": "Anniversary",
        "bill_billing_entity": "AWS",
        "bill_billing_period_end_date": f"{next_month(line.month)}T00:00:00Z",
        "bill_billing_period_start_date": f"{line.month}T00:00:00Z",
        "bill_invoice_id": f"INV-BANK-{line.month:%Y%m}" if run.is_finished else None,
        "bill_invoicing_entity": ISSUER,
        "bill_payer_account_id": clouds.AWS_BANK_PAYER,
        "bill_payer_account_name": clouds.AWS_NAMES[clouds.AWS_BANK_PAYER],
        "cost_category": "{}",
        "discount": "{}",
        "identity_line_item_id": identifier(f"{line.month} {number}", 26).lower(),
        "identity_time_interval": f"{start}/{end}",
        "line_item_currency_code": "USD",
        "line_item_iam_principal": f"arn:aws:sts::{line.account}:{principal}" if principal else None,
        "line_item_legal_entity": ISSUER,
        "line_item_line_item_description": line.description,
        "line_item_operation": _operation(line),
        "line_item_product_code": line.service.code,
        "line_item_resource_id": line.resource,
        "line_item_tax_type": "USSalesTax" if line.category == TAX else None,
        "line_item_unblended_cost": plain(line.billed),
        "line_item_unblended_rate": plain(rate),
        "line_item_usage_account_id": line.account,
        "line_item_usage_account_name": clouds.AWS_NAMES[line.account],
        "line_item_usage_amount": plain(line.quantity if line.quantity is not None else Decimal(1)),
        "line_item_usage_end_date": end,
        "line_item_usage_start_date": start,
        "line_item_usage_type": sku.name if sku else None,
        "pricing_currency": "USD",
        "pricing_public_on_demand_cost": plain(line.listed) if line.category == USAGE else None,
        "pricing_public_on_demand_rate": plain(rate) if line.category == USAGE else None,
        "pricing_rate_code": f"{sku_id}.JRTCKXETXF.6YS6EN2CT7" if sku else None,
        "pricing_term": "Reserved" if line.service == RDS else "OnDemand" if line.category == USAGE else None,
        "pricing_unit": sku.unit if sku else None,
        "product": json_line({"product_name": line.service.name}),
        "product_region_code": clouds.AWS_REGION[0] if sku else None,
        "product_servicecode": line.service.code,
        "product_sku": sku_id,
        "resource_tags": json_line(resource_tags),
        "tags": json_line(tags),
    } | ({"line_item_resource_id": None} if line.service == BEDROCK else {})

"""What the clouds charge Larkfield, line by line, with exact amounts: from what was used and what was promised.

Plain rows, derived from the seed, the months and the switches. `cloud_truth.py` counts them and `cloud_exports.py`
writes them in each cloud's own words; neither invents one. The used and unused parts of a commitment add up to its
purchase exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from orchestration.demo_company import clouds, company
from orchestration.demo_company.causes import months_of
from orchestration.demo_company.clouds import AWS, AWS_BANK, AZURE, GOOGLE, Sku, TokenUse
from orchestration.demo_company.fixed_charges import next_month
from orchestration.demo_company.gpu_cluster import CLUSTER, PHASES, NodeDay, node_days
from orchestration.demo_company.switches import CORRECTED_FROM, REBILLED_DAY, REFUNDED_DAY, Switches

USAGE, PURCHASE, TAX, CREDIT, ADJUSTMENT = "Usage", "Purchase", "Tax", "Credit", "Adjustment"
USED, UNUSED = "Used", "Unused"
CENT, NOTHING = Decimal("0.01"), Decimal(0)
TAX_RATE = Decimal("0.07")
Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Service:
    """One service of a cloud, by its name on the bill, its code, and its FOCUS category and subcategory."""

    name: str
    code: str
    category: str
    subcategory: str


@dataclass(frozen=True)
class Commitment:
    """What is promised for a lower price. `kind` is the cloud's word for it."""

    identifier: str
    name: str
    kind: str
    category: str


@dataclass(frozen=True)
class Charge:
    """One line of one cloud's bill. `end` is exclusive; `shown_from` is the first day on which the bill has it.

    `effective` and `listed` stand beside what is `billed`. `cost` is Google's amount before its `credits` (type, name,
    amount); the others have none. `use` is set where tokens are billed.
    """

    cloud: str
    month: date
    start: date
    end: date
    category: str
    service: Service
    account: str
    description: str
    billed: Decimal
    effective: Decimal
    listed: Decimal
    shown_from: date
    sku: Sku | None = None
    quantity: Decimal | None = None
    resource: str | None = None
    resource_type: str | None = None
    tags: Tags = ()
    commitment: Commitment | None = None
    status: str | None = None
    is_correction: bool = False
    use: TokenUse | None = None
    credits: tuple[tuple[str, str, Decimal], ...] = ()

    @property
    def cost(self) -> Decimal:
        """The billed amount before credits."""
        return self.billed - sum((amount for _, _, amount in self.credits), NOTHING)


BEDROCK = Service("Amazon Bedrock", "AmazonBedrock", "AI and Machine Learning", "Generative AI")
BEDROCK_MARKET = Service(
    clouds.MARKETPLACE_PRODUCT, "AmazonBedrockFoundationModels", "AI and Machine Learning", "Generative AI"
)
EC2 = Service("Amazon Elastic Compute Cloud", "AmazonEC2", "Compute", "Virtual Machines")
EKS = Service("Amazon Elastic Kubernetes Service", "AmazonEKS", "Compute", "Containers")
S3 = Service("Amazon Simple Storage Service", "AmazonS3", "Storage", "Object Storage")
TRANSFER = Service("AWS Data Transfer", "AWSDataTransfer", "Networking", "Network Infrastructure")
SAGEMAKER = Service("Amazon SageMaker", "AmazonSageMaker", "AI and Machine Learning", "Machine Learning")
SAVINGS_PLANS = Service("AWS Compute Savings Plans", "ComputeSavingsPlans", "Compute", "Virtual Machines")
SUPPORT = Service("AWS Support (Business)", "AWSSupportBusiness", "Management and Governance", "Support")
RDS = Service("Amazon Relational Database Service", "AmazonRDS", "Databases", "Relational Databases")
AZURE_OPENAI = Service("Azure OpenAI", "Azure OpenAI", "AI and Machine Learning", "Generative AI")
AZURE_MACHINES = Service("Virtual Machines", "Virtual Machines", "Compute", "Virtual Machines")
AZURE_STORAGE = Service("Storage Accounts", "Storage", "Storage", "Object Storage")
VERTEX = Service("Vertex AI", "C7E2-9256-1C43", "AI and Machine Learning", "Generative AI")
BIGQUERY = Service("BigQuery", "24E6-581D-38E5", "Analytics", "Data Processing")
CLOUD_STORAGE = Service("Cloud Storage", "95FF-2EF5-5EA1", "Storage", "Object Storage")
COMPUTE_ENGINE = Service("Compute Engine", "6F81-5844-456A", "Compute", "Virtual Machines")
INVOICE = Service("Invoice", "A1B2-0000-0000", "Other", "Other (Other)")

PLAN = Commitment(
    "arn:aws:savingsplans::410000000001:savingsplan/5f1a0c00-1111-4222-8333-0000000c0de1",
    "larkfield compute plan",
    "Compute Savings Plan",
    "Spend",
)
# US dollars an hour: what the always-on node draws, or twice of it.
PLAN_HOURLY, PLAN_HOURLY_TOO_LARGE = Decimal("4.50"), Decimal("9.00")
BANK_PLAN = Commitment(
    "arn:aws:savingsplans::410000000002:savingsplan/5f1a0c00-1111-4222-8333-0000000c0de2",
    "bank compute plan",
    "Compute Savings Plan",
    "Spend",
)
BANK_PLAN_HOURLY = Decimal("0.2620")
BANK_DATABASE = Commitment(
    "arn:aws:rds:us-east-1:410000000021:ri:ri-2026-01-01-00-00-00-001", "bank database", "Standard", "Usage"
)
BANK_DATABASE_HOURLY = Decimal("0.145")
PTU = Commitment(
    "/providers/Microsoft.Capacity/reservationOrders/7e0c1a00-0000-4000-8000-000000000015",
    "ptu-assistant",
    "Reservation",
    "Usage",
)
PTU_UNITS, PTU_UNITS_AT_WEEKENDS, PTU_MONTHLY = 15, 5, Decimal("3900.00")

_HOURS = "Hrs"
_EKS_SKU = Sku("USE1-AmazonEKS-Hours:perCluster", "Hours", Decimal("0.10"), Decimal("0.10"))
_S3_SKU = Sku("USE1-TimedStorage-ByteHrs", "GB-Mo", Decimal("0.023"), Decimal("0.023"))
_TRANSFER_SKU = Sku("USE1-DataTransfer-Out-Bytes", "GB", Decimal("0.09"), Decimal("0.09"))
_TRAINING_SKU = Sku("USE1-Train:ml.g5.2xlarge", "Hours", Decimal("1.515"), Decimal("1.515"))
_SUPPORT_SKU = Sku("USE1-Dollar", "Months", Decimal("1200.00"), Decimal("1200.00"))
_BANK_MACHINE_SKU = Sku("USE1-BoxUsage:m7i.2xlarge", _HOURS, Decimal("0.4032"), Decimal("0.4032"))
_BANK_PLAN_SKU = Sku("ComputeSP:1yrNoUpfront", _HOURS, BANK_PLAN_HOURLY, BANK_PLAN_HOURLY)
_BANK_DATABASE_SKU = Sku("USE1-InstanceUsage:db.r6g.large", _HOURS, Decimal("0.225"), Decimal("0.225"))
_BANK_DATABASE_FEE_SKU = Sku("USE1-HeavyUsage:db.r6g.large", _HOURS, BANK_DATABASE_HOURLY, BANK_DATABASE_HOURLY)
_PTU_SKU = Sku("Provisioned Managed Global Unit", "1 Hour", Decimal("1.00"), Decimal("1.00"))
_PTU_PURCHASE_SKU = Sku("Provisioned Throughput Units", "1/Month", Decimal("260.00"), Decimal("260.00"))
_AZURE_MACHINE_SKU = Sku("D8s v5", "1 Hour", Decimal("0.384"), Decimal("0.3456"))
_AZURE_STORAGE_SKU = Sku("Hot LRS Data Stored", "1 GB/Month", Decimal("0.0184"), Decimal("0.01656"))
_BIGQUERY_SKU = Sku("Analysis (us-central1)", "tebibyte", Decimal("6.25"), Decimal("6.25"))
_CLOUD_STORAGE_SKU = Sku("Standard Storage Iowa", "gibibyte month", Decimal("0.02"), Decimal("0.02"))
_COMPUTE_SKU = Sku("N2 Instance Core running in Iowa", "hour", Decimal("0.032"), Decimal("0.032"))
COMMITTED_USE = ("COMMITTED_USAGE_DISCOUNT", "Committed use discount: CPU")
PROMOTION = ("PROMOTION", "Larkfield launch credit")
CREDITED_DAYS = 5


def charges(seed: int, months: int, chosen: Switches) -> Iterator[Charge]:
    """Every line of the four bills, oldest month first."""
    for month in months_of(months):
        yield from _aws(seed, month, chosen)
        yield from _bank(seed, month)
        yield from _azure(seed, month, chosen)
        yield from _google(seed, month)
    if chosen.cloud_correction:
        yield from _corrections(seed)


def days_of(month: date) -> list[date]:
    """The days of a month."""
    return [month + timedelta(days=number) for number in range((next_month(month) - month).days)]


def _aws(seed: int, month: date, chosen: Switches) -> Iterator[Charge]:
    lines: list[Charge] = []
    for day in days_of(month):
        lines += [_of_tokens(use) for use in clouds.token_uses(seed, day) if use.workload.cloud == AWS]
        lines += _aws_nodes(day, tuple(node_days(seed, day, chosen)), chosen)
        lines += _aws_rest(seed, day)
    monthly = _monthly(AWS, month)
    hourly = _plan_hourly(chosen)
    hours = Decimal(len(days_of(month)) * 24)
    lines.append(
        replace(
            monthly,
            category=PURCHASE,
            service=SAVINGS_PLANS,
            description=f"{hourly} USD an hour, 1 year, no upfront",
            billed=hourly * hours,
            listed=hourly * hours,
            sku=Sku("ComputeSP:1yrNoUpfront", _HOURS, hourly, hourly),
            quantity=hours,
            resource=PLAN.identifier,
            resource_type="Savings Plan",
            commitment=PLAN,
        )
    )
    price = _SUPPORT_SKU.price
    lines.append(
        replace(
            monthly,
            category=PURCHASE,
            service=SUPPORT,
            description="AWS Support (Business)",
            billed=price,
            effective=price,
            listed=price,
            sku=_SUPPORT_SKU,
            quantity=Decimal(1),
        )
    )
    taxes = _taxes(monthly, lines)
    credit = Decimal("-200.00")
    yield from (*lines, *taxes)
    yield replace(
        monthly,
        category=CREDIT,
        service=BEDROCK,
        description="AWS Activate promotional credit",
        billed=credit,
        effective=credit,
        listed=credit,
    )


def _plan_hourly(chosen: Switches) -> Decimal:
    return PLAN_HOURLY_TOO_LARGE if chosen.unused_commitments else PLAN_HOURLY


def _aws_nodes(day: date, nodes: tuple[NodeDay, ...], chosen: Switches) -> Iterator[Charge]:
    """The cluster's instances: hour by hour the plan covers the nodes that save most, and the rest is on demand.

    The plan is worth one training node or two, so that each hour covers whole nodes, or leaves something unused.
    """
    left = _plan_hourly(chosen) * 24
    for node_day in nodes:
        node = node_day.node
        usage = _on_demand(
            AWS,
            day,
            EC2,
            clouds.AWS_CLUSTER,
            Sku(f"USE1-BoxUsage:{node.kind}", _HOURS, node.price, node.price),
            Decimal(node_day.hours),
            node.instance,
            "Instance",
            (
                ("team", "data-platform"),
                ("cluster", CLUSTER),
                ("environment", "prod"),
                ("workload-phase", _phase_tag(node_day)),
            ),
        )
        is_training = node.kind.startswith("p5")
        covered = node_day.hours if is_training and left >= node.plan_price * node_day.hours else 0
        # In an hour without the second training node, the larger plan has room for both others.
        if not is_training and chosen.unused_commitments:
            covered = 24 - sum(other.hours for other in nodes if other.node.is_elastic)
        if covered:
            effective = node.plan_price * covered
            left -= effective
            yield replace(
                usage,
                quantity=Decimal(covered),
                billed=NOTHING,
                effective=effective,
                listed=node.price * covered,
                commitment=PLAN,
                status=USED,
            )
        if node_day.hours > covered:
            cost = node.price * (node_day.hours - covered)
            yield replace(usage, quantity=Decimal(node_day.hours - covered), billed=cost, effective=cost, listed=cost)
    if left:
        unused = _unused(AWS, day, SAVINGS_PLANS, clouds.AWS_PAYER, PLAN, left)
        # What is unused is counted in the money that was promised.
        yield replace(unused, sku=Sku("ComputeSP:1yrNoUpfront-Unused", "USD", Decimal(1), Decimal(1)), quantity=left)


def _phase_tag(node_day: NodeDay) -> str:
    phase = PHASES[node_day.holdings[0].tenant.namespace]
    return {"initial training": "training"}.get(phase, phase)


def _unused(cloud: str, day: date, service: Service, account: str, commitment: Commitment, amount: Decimal) -> Charge:
    return replace(
        _on_day(cloud, day, service, account, f"Unused part of {commitment.name}"),
        effective=amount,
        listed=amount,
        resource=commitment.identifier,
        resource_type=commitment.kind,
        commitment=commitment,
        status=UNUSED,
    )


def _aws_rest(seed: int, day: date) -> Iterator[Charge]:
    random = _random(seed, day, 4)
    lake, index, transfer, training = (
        int(random.integers(*span)) for span in ((90, 130), (20, 30), (300, 900), (6, 15))
    )
    yield _on_demand(
        AWS, day, EKS, clouds.AWS_CLUSTER, _EKS_SKU, Decimal(24), CLUSTER, "Cluster", _team("data-platform")
    )
    for bucket, team, amount in (("larkfield-lake", "data-platform", lake), ("larkfield-index", "search", index)):
        tags = (*_team(team), ("workload-phase", "data pipeline"))
        yield _on_demand(AWS, day, S3, clouds.AWS_LAKE, _S3_SKU, Decimal(amount), bucket, "Bucket", tags)
    # Nobody tags what flows out.
    yield _on_demand(AWS, day, TRANSFER, clouds.AWS_SANDBOX, _TRANSFER_SKU, Decimal(transfer) / 100, None, None, ())
    if day.weekday() in (1, 4):
        job = f"arn:aws:sagemaker:us-east-1:{clouds.AWS_TRAINING}:training-job/scorecard-{day:%Y%m%d}"
        tags = (*_team("risk-models"), ("workload-phase", "training" if day.weekday() == 1 else "fine-tuning"))
        yield _on_demand(
            AWS, day, SAGEMAKER, clouds.AWS_TRAINING, _TRAINING_SKU, Decimal(training), job, "Training job", tags
        )


def _bank(seed: int, month: date) -> Iterator[Charge]:
    """The bank's own account at AWS. Both of its commitments are used in full."""
    lines: list[Charge] = []
    for day in days_of(month):
        lines += [_of_tokens(use) for use in clouds.token_uses(seed, day) if use.workload.cloud == AWS_BANK]
        account, tags = clouds.AWS_BANK_PRODUCTION, _team("fraud")
        machine = _on_demand(
            AWS_BANK, day, EC2, account, _BANK_MACHINE_SKU, Decimal(24), "i-0bba4be7000000b01", "Instance", tags
        )
        database = _on_demand(
            AWS_BANK,
            day,
            RDS,
            account,
            _BANK_DATABASE_SKU,
            Decimal(24),
            f"arn:aws:rds:us-east-1:{account}:db:payments",
            "Database",
            _team("compliance"),
        )
        effective = BANK_PLAN_HOURLY * 24
        lines.append(replace(machine, billed=NOTHING, effective=effective, commitment=BANK_PLAN, status=USED))
        effective = BANK_DATABASE_HOURLY * 24
        lines.append(replace(database, billed=NOTHING, effective=effective, commitment=BANK_DATABASE, status=USED))
        stored = Decimal(int(_random(seed, day, 5).integers(8, 14)))
        lines.append(
            _on_demand(
                AWS_BANK, day, S3, account, _S3_SKU, stored, "larkfield-bank-files", "Bucket", _team("compliance")
            )
        )
    monthly = _monthly(AWS_BANK, month)
    hours = Decimal(len(days_of(month)) * 24)
    for service, commitment, sku in (
        (SAVINGS_PLANS, BANK_PLAN, _BANK_PLAN_SKU),
        (RDS, BANK_DATABASE, _BANK_DATABASE_FEE_SKU),
    ):
        lines.append(
            replace(
                monthly,
                category=PURCHASE,
                service=service,
                description=f"{commitment.name}, 1 year, no upfront",
                billed=sku.price * hours,
                listed=sku.price * hours,
                sku=sku,
                quantity=hours,
                resource=commitment.identifier,
                resource_type=commitment.kind,
                commitment=commitment,
            )
        )
    yield from (*lines, *_taxes(monthly, lines))


def _azure(seed: int, month: date, chosen: Switches) -> Iterator[Charge]:
    days = days_of(month)
    cents = int(PTU_MONTHLY * 100)
    for number, day in enumerate(days):
        yield from (_of_tokens(use) for use in clouds.token_uses(seed, day) if use.workload.cloud == AZURE)
        # The reservation's days add up to its month; what is not deployed is unused.
        share = (cents * (number + 1) // len(days) - cents * number // len(days)) * CENT
        is_short = chosen.unused_commitments and day.weekday() >= 5
        units = PTU_UNITS_AT_WEEKENDS if is_short else PTU_UNITS
        used = (share * units / PTU_UNITS).quantize(CENT, ROUND_HALF_EVEN)
        account = azure_resource("assistant-prod")
        hours = Decimal(units * 24)
        covered = _on_demand(
            AZURE, day, AZURE_OPENAI, clouds.AZURE_APPS, _PTU_SKU, hours, account, "Azure OpenAI", _team("assistant")
        )
        yield replace(covered, billed=NOTHING, effective=used, commitment=PTU, status=USED)
        if share > used:
            yield replace(
                _unused(AZURE, day, AZURE_OPENAI, clouds.AZURE_APPS, PTU, share - used),
                tags=_team("assistant"),
                sku=_PTU_SKU,
                quantity=Decimal((PTU_UNITS - units) * 24),
                listed=_PTU_SKU.list_price * (PTU_UNITS - units) * 24,
            )
        random = _random(seed, day, 6)
        stored = Decimal(int(random.integers(400, 700)))
        machine = f"{clouds.AZURE_SHARED}/resourceGroups/shared/providers/Microsoft.Compute/virtualMachines/gateway"
        storage = f"{clouds.AZURE_SHARED}/resourceGroups/shared/providers/Microsoft.Storage/storageAccounts/larkfiles"
        for service, sku, quantity, resource in (
            (AZURE_MACHINES, _AZURE_MACHINE_SKU, Decimal(24), machine),
            (AZURE_STORAGE, _AZURE_STORAGE_SKU, stored, storage),
        ):
            yield _on_demand(
                AZURE, day, service, clouds.AZURE_SHARED, sku, quantity, resource, service.name, _team("data-platform")
            )
    yield replace(
        _monthly(AZURE, month),
        category=PURCHASE,
        service=AZURE_OPENAI,
        account=clouds.AZURE_APPS,
        description=f"{PTU_UNITS} provisioned throughput units, 1 month",
        billed=PTU_MONTHLY,
        listed=PTU_MONTHLY,
        sku=_PTU_PURCHASE_SKU,
        quantity=Decimal(PTU_UNITS),
        resource=PTU.identifier,
        resource_type=PTU.kind,
        commitment=PTU,
        tags=_team("assistant"),
    )


def azure_resource(name: str) -> str:
    """The id of an account of Azure OpenAI."""
    return f"{clouds.AZURE_APPS}/resourceGroups/ai/providers/Microsoft.CognitiveServices/accounts/{name}"


def _google(seed: int, month: date) -> Iterator[Charge]:
    lines: list[Charge] = []
    for day in days_of(month):
        for use in clouds.token_uses(seed, day):
            if use.workload.cloud == GOOGLE:
                line = _of_tokens(use)
                # A launch credit on the first days of a month, a tenth of what Gemini Flash costs.
                is_credited = use.workload.model == clouds.GEMINI_FLASH and day.day <= CREDITED_DAYS
                credit = (*PROMOTION, -line.billed / 10)
                lines.append(_credited(line, credit, NOTHING) if is_credited else line)
        random = _random(seed, day, 7)
        scanned, stored = Decimal(int(random.integers(150, 400))) / 100, Decimal(int(random.integers(60, 90)))
        lake, team = clouds.GOOGLE_LAKE, _team("data-platform")
        lines.append(_on_demand(GOOGLE, day, BIGQUERY, lake, _BIGQUERY_SKU, scanned, None, None, team))
        bucket = "//storage.googleapis.com/projects/_/buckets/larkfield-lake"
        lines.append(_on_demand(GOOGLE, day, CLOUD_STORAGE, lake, _CLOUD_STORAGE_SKU, stored, bucket, "Bucket", team))
        machine = f"//compute.googleapis.com/projects/{lake}/zones/us-central1-a/instances/loader"
        cores = _on_demand(GOOGLE, day, COMPUTE_ENGINE, lake, _COMPUTE_SKU, Decimal(8 * 24), machine, "Instance", team)
        discount = -cores.billed / 5
        lines.append(_credited(cores, (*COMMITTED_USE, discount), discount))
    monthly = _monthly(GOOGLE, month)
    yield from (*lines, *_taxes(monthly, lines))
    rounding = Decimal("0.004")
    yield replace(
        monthly,
        category=ADJUSTMENT,
        description="Rounding error",
        billed=rounding,
        effective=rounding,
        listed=rounding,
    )


def _credited(line: Charge, credit: tuple[str, str, Decimal], off_effective: Decimal) -> Charge:
    return replace(line, billed=line.billed + credit[2], effective=line.effective + off_effective, credits=(credit,))


def _corrections(seed: int) -> Iterator[Charge]:
    """What two clouds mend a month later: AWS gives money back, Google takes lines back and bills them anew."""
    billed_in = company.LAST_MONTH
    amount = Decimal("-148.50")
    yield replace(
        _on_day(AWS, REFUNDED_DAY, EC2, clouds.AWS_CLUSTER, "Refund for an impaired instance"),
        month=billed_in,
        category=ADJUSTMENT,
        billed=amount,
        effective=amount,
        listed=amount,
        tags=_team("data-platform"),
        is_correction=True,
        shown_from=CORRECTED_FROM,
    )
    for use in clouds.token_uses(seed, REBILLED_DAY):
        if use.metered.sku == clouds.CORRECTED_SKU:
            line = replace(_of_tokens(use), month=billed_in, is_correction=True, shown_from=CORRECTED_FROM)
            quantity = line.quantity or NOTHING
            yield replace(line, quantity=-quantity, billed=-line.billed, effective=-line.effective, listed=-line.listed)
            right = replace(use.metered.sku, price=use.metered.sku.price * 3 / 4)
            yield replace(line, sku=right, billed=quantity * right.price, effective=quantity * right.price)


def _of_tokens(use: TokenUse) -> Charge:
    workload, sku = use.workload, use.metered.sku
    is_market = sku.name.endswith("-Units")
    service = {GOOGLE: VERTEX, AZURE: AZURE_OPENAI}.get(workload.cloud, BEDROCK_MARKET if is_market else BEDROCK)
    tags = (
        *((name, value) for name, value in (("team", workload.team), ("feature", workload.feature)) if value),
        *((("environment", _ENVIRONMENT_TAGS[workload.environment]),) if workload.team else ()),
        *workload.tags,
    )
    resource, kind = None, None
    if workload.cloud == AWS and workload.place:
        profile = f"application-inference-profile/{workload.place}"
        resource, kind = f"arn:aws:bedrock:us-east-1:{workload.account}:{profile}", "Inference profile"
    elif workload.cloud == AZURE and workload.place:
        resource, kind = azure_resource(workload.place), "Azure OpenAI"
    quantity = Decimal(use.tokens) / sku.block
    line = _on_demand(workload.cloud, use.day, service, workload.account, sku, quantity, resource, kind, tags)
    return replace(line, use=use)


_ENVIRONMENT_TAGS = {company.PRODUCTION: "prod", company.STAGING: "staging", company.DEVELOPMENT: "dev"}


def _team(team: str) -> Tags:
    return (("team", team),)


def _random(seed: int, day: date, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, day.toordinal(), stream])))


def _on_day(cloud: str, day: date, service: Service, account: str, description: str) -> Charge:
    following = day + timedelta(days=1)
    return Charge(
        cloud, day.replace(day=1), day, following, USAGE, service, account, description, NOTHING, NOTHING, NOTHING,
        following,
    )  # fmt: skip


def _on_demand(
    cloud: str,
    day: date,
    service: Service,
    account: str,
    sku: Sku,
    quantity: Decimal,
    resource: str | None,
    resource_type: str | None,
    tags: Tags,
) -> Charge:
    """A day's use of something at its price."""
    description = f"{sku.price.normalize():f} USD per {sku.unit} of {sku.name}"
    return replace(
        _on_day(cloud, day, service, account, description),
        billed=quantity * sku.price,
        effective=quantity * sku.price,
        listed=quantity * sku.list_price,
        sku=sku,
        quantity=quantity,
        resource=resource,
        resource_type=resource_type,
        tags=tags,
    )


def _monthly(cloud: str, month: date) -> Charge:
    """An empty line of the whole account for a month, known from its second day on."""
    account = {AWS: clouds.AWS_PAYER, AWS_BANK: clouds.AWS_BANK_PAYER, AZURE: clouds.AZURE_SHARED}.get(cloud, "")
    line = _on_day(cloud, month, INVOICE, account, "")
    return replace(line, end=next_month(month))


def _taxes(monthly: Charge, lines: list[Charge]) -> Iterator[Charge]:
    """The tax on a month's lines, in whole cents, once the month is over."""
    amount = (sum((line.billed for line in lines), NOTHING) * TAX_RATE).quantize(CENT, ROUND_HALF_EVEN)
    yield replace(
        monthly,
        category=TAX,
        description="Sales tax",
        billed=amount,
        effective=amount,
        listed=amount,
        shown_from=monthly.end,
    )

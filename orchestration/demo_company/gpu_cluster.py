"""The GPU cluster at AWS, day by day: how long each node ran, and who used its GPU for how long.

Nodes are billed by AWS as instances, used or not (`cloud_charges.py`). What the cluster's own tools say of them is
rendered from the same hours by `cluster_exports.py`. Every node has one GPU; hours are decimals with two places, so
that a day's use and idleness add up to the hours that the node ran.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from orchestration.demo_company.switches import IDLE_GPU, Switches

CLUSTER = "larkfield-eks"
TRAINING, SERVING, EVALUATION = "training", "llm-serving", "evaluation"
PHASES = {TRAINING: "initial training", SERVING: "inference", EVALUATION: "evaluation"}
HUNDREDTHS = 100


@dataclass(frozen=True)
class Node:
    """One instance. `price` is an hour on demand, `plan_price` an hour under the savings plan."""

    instance: str
    name: str
    kind: str
    gpu: str
    price: Decimal
    plan_price: Decimal
    is_elastic: bool = False


@dataclass(frozen=True)
class Tenant:
    """One deployment on one node: its namespace, its owner, and its share of the node's hours in per cent."""

    namespace: str
    controller: str
    team: str
    least: int
    most: int


@dataclass(frozen=True)
class NodeDay:
    """The hours that a node ran on a day, and those in which each tenant used its GPU, in this order of the day."""

    day: date
    node: Node
    hours: int
    used: tuple[tuple[Tenant, Decimal], ...]

    @property
    def idle(self) -> Decimal:
        return self.hours - sum((hours for _, hours in self.used), Decimal(0))


TRAIN_1 = Node("i-0a4be70000000f001", "gpu-train-1", "p5.4xlarge", "NVIDIA H100", Decimal("6.88"), Decimal("4.50"))
TRAIN_2 = Node(
    "i-0a4be70000000f002", "gpu-train-2", "p5.4xlarge", "NVIDIA H100", Decimal("6.88"), Decimal("4.50"), True
)
SERVE_1 = Node("i-0a4be70000000f003", "gpu-serve-1", "g6.xlarge", "NVIDIA L4", Decimal("0.8048"), Decimal("0.55"))
SERVE_2 = Node("i-0a4be70000000f004", "gpu-serve-2", "g6.xlarge", "NVIDIA L4", Decimal("0.8048"), Decimal("0.55"))
TENANTS = {
    TRAIN_1: (Tenant(TRAINING, "scorecard-trainer", "risk-models", 70, 96),),
    TRAIN_2: (
        Tenant(TRAINING, "ranker-trainer", "search", 50, 70),
        Tenant(EVALUATION, "model-evaluation", "data-platform", 10, 28),
    ),
    SERVE_1: (Tenant(SERVING, "vllm-ranking", "search", 40, 80),),
    SERVE_2: (Tenant(SERVING, "vllm-answers", "assistant", 30, 70),),
}
NODES = tuple(TENANTS)


def node_days(seed: int, day: date, chosen: Switches) -> Iterator[NodeDay]:
    """Every node that ran on a day. The elastic one sleeps at weekends and for some hours of a night."""
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, day.toordinal(), 3])))
    for node, tenants in TENANTS.items():
        # Drawn also where it is not used, so that a switch changes nothing else.
        elastic_hours = int(random.integers(14, 22))
        hours = 24 if not node.is_elastic else elastic_hours if day.weekday() < 5 else 0
        shares = [int(random.integers(tenant.least * HUNDREDTHS, tenant.most * HUNDREDTHS)) for tenant in tenants]
        is_idle = chosen.gpu_idle and node == SERVE_2 and IDLE_GPU[0] <= day < IDLE_GPU[1]
        used = tuple(
            (tenant, Decimal(0 if is_idle else hours * share // HUNDREDTHS) / HUNDREDTHS)
            for tenant, share in zip(tenants, shares, strict=True)
        )
        if hours:
            yield NodeDay(day, node, hours, used)

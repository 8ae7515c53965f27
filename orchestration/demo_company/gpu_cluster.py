"""The GPU cluster at AWS, day by day: how long each node ran, who held its GPU, and how busy it was meanwhile.

Nodes are billed by AWS as instances, used or not (`cloud_charges.py`). What the cluster's own tools say of them is
rendered from the same hours by `cluster_exports.py`. Every node has one GPU, which one tenant after the other holds for
whole hours; a tenant's utilisation is in whole per cent, so that used and idle hours have two places.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from orchestration.demo_company.switches import IDLE_GPU, Switches

CLUSTER = "larkfield-eks"
LARGE_GPU = "NVIDIA H100"
TRAINING, SERVING, EVALUATION = "training", "llm-serving", "evaluation"
PHASES = {TRAINING: "initial training", SERVING: "inference", EVALUATION: "evaluation"}


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
    """One deployment on one node: its namespace, its owner, and from how many per cent to how many it takes.

    `held` is of the node's hours, `busy` of the hours that it holds.
    """

    namespace: str
    controller: str
    team: str
    held: tuple[int, int]
    busy: tuple[int, int]


@dataclass(frozen=True)
class Holding:
    """The hours of a day in which a tenant held a GPU, and how busy the GPU was, in per cent."""

    tenant: Tenant
    hours: int
    busy: int

    @property
    def used(self) -> Decimal:
        return Decimal(self.hours * self.busy) / 100


@dataclass(frozen=True)
class NodeDay:
    """The hours that a node ran on a day, from midnight on, and who held its GPU, in this order of the day."""

    day: date
    node: Node
    hours: int
    holdings: tuple[Holding, ...]

    @property
    def free(self) -> int:
        """The hours in which nobody held the GPU."""
        return self.hours - sum(holding.hours for holding in self.holdings)


TRAIN_1 = Node("i-0a4be70000000f001", "gpu-train-1", "p5.4xlarge", LARGE_GPU, Decimal("6.88"), Decimal("4.50"))
TRAIN_2 = Node("i-0a4be70000000f002", "gpu-train-2", "p5.4xlarge", LARGE_GPU, Decimal("6.88"), Decimal("4.50"), True)
SERVE_1 = Node("i-0a4be70000000f003", "gpu-serve-1", "g6.xlarge", "NVIDIA L4", Decimal("0.8048"), Decimal("0.55"))
SERVE_2 = Node("i-0a4be70000000f004", "gpu-serve-2", "g6.xlarge", "NVIDIA L4", Decimal("0.8048"), Decimal("0.55"))
TENANTS = {
    TRAIN_1: (Tenant(TRAINING, "scorecard-trainer", "risk-models", (70, 96), (75, 97)),),
    TRAIN_2: (
        Tenant(TRAINING, "ranker-trainer", "search", (50, 70), (70, 95)),
        Tenant(EVALUATION, "model-evaluation", "data-platform", (15, 28), (40, 80)),
    ),
    SERVE_1: (Tenant(SERVING, "vllm-ranking", "search", (100, 100), (35, 75)),),
    SERVE_2: (Tenant(SERVING, "vllm-answers", "assistant", (100, 100), (25, 60)),),
}


def node_days(seed: int, day: date, chosen: Switches) -> Iterator[NodeDay]:
    """Every node that ran on a day. The elastic one sleeps at weekends and for some hours of a night."""
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, day.toordinal(), 3])))
    for node, tenants in TENANTS.items():
        # Drawn also where it is not used, so that a switch changes nothing else.
        elastic_hours = int(random.integers(14, 22))
        hours = 24 if not node.is_elastic else elastic_hours if day.weekday() < 5 else 0
        is_idle = chosen.gpu_idle and node == SERVE_2 and IDLE_GPU[0] <= day < IDLE_GPU[1]
        holdings = []
        for tenant in tenants:
            held, busy = (int(random.integers(least, most + 1)) for least, most in (tenant.held, tenant.busy))
            holdings.append(Holding(tenant, hours * held // 100, 0 if is_idle else busy))
        if hours:
            yield NodeDay(day, node, hours, tuple(holdings))

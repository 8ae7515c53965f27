"""What the cluster's own tools say of the GPU nodes: OpenCost's allocations and the samples of the GPU exporter.

For the stub server, below `<folder>/exports/api/`: `opencost_allocations.json` holds the allocations of each day by
name, `gpu_samples.json` the series of each metric, with the end of each hour, its average and how many samples that is
of. Both tools were installed on the first day of the last month. OpenCost's costs are its own estimates, at the price
on demand: they split what AWS bills, and come to nothing of their own.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from orchestration.demo_company import company
from orchestration.demo_company.cloud_exports import plain, write_json
from orchestration.demo_company.gpu_cluster import CLUSTER, LARGE_GPU, PHASES, SERVING, Node, NodeDay, Tenant

IDLE = "__idle__"
# What OpenCost makes of a node's price, in per cent, and its decimals.
SHARES = {"gpu": 85, "cpu": 10, "ram": 5}
STEP = Decimal("0.00001")
CORES, MEMORY_BYTES = 16, 256 * 1024**3
ENGINE, UTILISATION = "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_GPU_UTIL"
SAMPLES_AN_HOUR = 120


def write(folder: Path, node_days: Sequence[NodeDay]) -> None:
    """Both files, from the hours of the nodes since the tools are there."""
    seen = [node_day for node_day in node_days if node_day.day >= company.LAST_MONTH]
    allocations: dict[str, dict[str, Any]] = {}
    for node_day in seen:
        of_day = allocations.setdefault(str(node_day.day), {})
        of_day |= {entry["name"]: entry for entry in _allocations(node_day)}
    write_json(folder / "opencost_allocations.json", allocations)
    series: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {ENGINE: {}, UTILISATION: {}}
    for node_day in seen:
        for metric, labels, ended_at, average in _samples(node_day):
            entry = series[metric].setdefault(tuple(labels.values()), {"metric": labels, "samples": []})
            entry["samples"].append([ended_at, average, SAMPLES_AN_HOUR])
    write_json(folder / "gpu_samples.json", {metric: list(entries.values()) for metric, entries in series.items()})


def _allocations(node_day: NodeDay) -> Iterator[dict[str, Any]]:
    """An allocation for each tenant that held the node's GPU, and one without hours for when nobody did."""
    node, place = node_day.node, {"cluster": CLUSTER, "node": node_day.node.name}
    for holding in node_day.holdings:
        tenant = holding.tenant
        names = (CLUSTER, node.name, tenant.namespace, _pod(tenant), tenant.controller)
        properties: dict[str, Any] = place | {
            "container": tenant.controller,
            "controller": tenant.controller,
            "controllerKind": "deployment" if tenant.namespace == SERVING else "job",
            "namespace": tenant.namespace,
            "pod": _pod(tenant),
            "providerID": f"aws:///us-east-1a/{node.instance}",
            "labels": {"team": tenant.team, "workload_phase": PHASES[tenant.namespace]},
        }
        if holding.hours:
            yield _allocation("/".join(names), properties, node_day, holding.hours, holding.hours)
    if node_day.free:
        properties = place | {"providerID": f"aws:///us-east-1a/{node.instance}"}
        yield _allocation("/".join((CLUSTER, node.name, IDLE)), properties, node_day, node_day.free, 0)


def _pod(tenant: Tenant) -> str:
    return f"{tenant.controller}-0"


def _allocation(
    name: str, properties: dict[str, Any], node_day: NodeDay, hours: int, held_hours: int
) -> dict[str, Any]:
    start, end = f"{node_day.day}T00:00:00Z", f"{node_day.day + timedelta(days=1)}T00:00:00Z"
    cost = node_day.node.price * hours
    parts = {f"{part}Cost": (cost * share / 100).quantize(STEP, ROUND_HALF_EVEN) for part, share in SHARES.items()}
    return {
        "name": name,
        "properties": properties,
        "window": {"start": start, "end": end},
        "start": start,
        "end": end,
        "minutes": 1440,
        "cpuCoreHours": held_hours * CORES,
        "cpuCostAdjustment": 0,
        "gpuCount": 1 if held_hours else 0,
        "gpuHours": held_hours,
        "gpuCostAdjustment": 0,
        "ramByteHours": held_hours * MEMORY_BYTES,
        "ramCostAdjustment": 0,
        "pvCost": 0,
        "networkCost": 0,
        "loadBalancerCost": 0,
        "sharedCost": 0,
        "externalCost": 0,
        **parts,
        "totalCost": sum(parts.values(), Decimal(0)),
    }


def _samples(node_day: NodeDay) -> Iterator[tuple[str, dict[str, str], int, str]]:
    """Metric, labels, end of the hour and average. One tenant follows the other; after them the GPU does nothing.

    The better metric is there for the larger GPU only.
    """
    node = node_day.node
    midnight = datetime(node_day.day.year, node_day.day.month, node_day.day.day, tzinfo=UTC)
    first_end = int(midnight.timestamp()) + 3600
    hours = [(holding.tenant, holding.busy) for holding in node_day.holdings for _ in range(holding.hours)] + [
        (None, 0)
    ] * node_day.free
    for number, (tenant, busy) in enumerate(hours):
        labels, ended_at = _labels(node, tenant), first_end + number * 3600
        if node.gpu == LARGE_GPU:
            yield ENGINE, labels, ended_at, plain(Decimal(busy) / 100) or ""
        else:
            yield UTILISATION, labels, ended_at, str(busy)


def _labels(node: Node, tenant: Tenant | None) -> dict[str, str]:
    known = {
        "gpu": "0",
        "UUID": f"GPU-{node.instance[2:]}",
        "device": "nvidia0",
        "modelName": node.gpu,
        "Hostname": node.name,
    }
    of_tenant = {"namespace": tenant.namespace, "pod": _pod(tenant), "container": tenant.controller} if tenant else {}
    return known | of_tenant

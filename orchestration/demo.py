"""Puts the demo company in the place of a real one: its exports below the home, its vendors on loopback.

The only module of the pipeline that knows `demo_company`; connectors meet an address and a key, as everywhere.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from orchestration import demo_company
from orchestration.demo_company.company import (
    ANTHROPIC_ACCOUNT,
    CURSOR_TEAM,
    GITHUB_ORGANIZATION,
    LAST_MONTH,
    OPENAI_ACCOUNT,
)
from orchestration.demo_company.gpu_cluster import CLUSTER
from orchestration.errors import MeterhouseError
from orchestration.packages import packages
from orchestration.paths import CATALOGUES, Home
from orchestration.settings import PERSON_KEY, Settings, SourceSettings

KEY_VARIABLE = "METERHOUSE_DEMO_KEY"
# No source of a real company is called so, or with this before an underscore, so that what the demo landed never counts
# in its books.
NAME = "larkfield"
# Vendors that are asked over HTTP: name, path on the stub, the account that a source speaks for.
APIS = (
    ("openai", "/openai/v1", OPENAI_ACCOUNT),
    ("anthropic", "/anthropic", ANTHROPIC_ACCOUNT),
    ("github", "/github", GITHUB_ORGANIZATION),
    ("cursor", "/cursor", CURSOR_TEAM),
)
# Vendors that leave files in a folder of their name.
FOLDERS = ("litellm", "seats", "manual", "drivers", "invoices", "prices")
# Clouds that leave exports in a bucket: vendor, name of the source, folder, and how its export is read.
CLOUDS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("focus", f"{NAME}_aws", "aws", {"manifests": "aws"}),
    ("focus", f"{NAME}_azure", "azure", {"manifests": "azure"}),
    ("aws", NAME, "aws_bank", {}),
    ("gcp", NAME, "google", {}),
)
# The tools of the GPU cluster, on the stub.
OPENCOST, PROMETHEUS = "/opencost", "/prometheus"


def create_demo(settings: Settings, seed: int, months: int, requests: int, without: Sequence[str]) -> Path:
    """Writes the demo company with these parameters. Raises MeterhouseError when another one was landed already."""
    folder = _company(settings)
    switches = {name: name not in without for name in demo_company.SWITCH_NAMES}
    wanted = {"seed": seed, "months": months, "requests": requests, "switches": switches}
    record = folder / "company.json"
    known = json.loads(record.read_text()) if record.exists() else {}
    is_same = all(known.get(name) == value for name, value in wanted.items())
    if not is_same and not is_new(settings):
        raise MeterhouseError(
            f"{settings.home} holds the books of another company\n"
            "  expected: a home without landed deliveries\n"
            "  next:     set METERHOUSE_HOME to a new folder, or remove this one"
        )
    try:
        demo_company.create(folder, seed, months, requests, demo_company.Switches(**switches))
    except (ValueError, FileExistsError) as error:
        raise MeterhouseError(f"meterhouse demo: {error}") from None
    return folder


def prepare_demo(settings: Settings) -> Settings:
    """Creates the demo company unless it is there, and returns settings that name its exports as sources."""
    from orchestration.demo_company.causes import months_of

    folder = _company(settings)
    if not (folder / "company.json").exists():
        demo_company.create(folder)
    months = json.loads((folder / "company.json").read_text())["months"]
    since = months_of(months)[0]
    drop = _drop(settings)
    drop.joinpath("prices").mkdir(parents=True, exist_ok=True)
    for wheel in CATALOGUES.glob("*.whl"):
        link = drop / "prices" / wheel.name
        if not link.exists():
            link.symlink_to(wheel)
    apis = [
        SourceSettings(
            vendor=vendor,
            name=NAME,
            location=path,
            scope=scope,
            since=since,
            key_variable=KEY_VARIABLE,
            options={"backoff_seconds": "0"},
        )
        for vendor, path, scope in APIS
    ]
    files = [SourceSettings(vendor=vendor, name=NAME, location=str(drop / vendor)) for vendor in FOLDERS]
    exports = [
        SourceSettings(vendor=vendor, name=name, location=str(drop / folder), options=options)
        for vendor, name, folder, options in CLOUDS
    ]
    cluster = SourceSettings(
        vendor="kubernetes",
        name=NAME,
        location=OPENCOST,
        scope=CLUSTER,
        # They were installed with the last month.
        since=LAST_MONTH,
        options={"currency": "USD", "prometheus": PROMETHEUS, "backoff_seconds": "0"},
    )
    os.environ.setdefault(KEY_VARIABLE, "demo-key")
    os.environ.setdefault(PERSON_KEY, "the people of the demo company are made up")
    return settings.model_copy(
        update={
            "sources": (*apis, *files, *exports, cluster),
            "is_demo": True,
            "first_month": f"{since:%Y-%m}",
            "today": demo_company.TODAY,
        }
    )


def is_new(settings: Settings) -> bool:
    """Whether nothing of the company was landed yet."""
    return next(packages(Home(settings.home)), None) is None


@contextmanager
def serving(settings: Settings, today: date) -> Iterator[Settings]:
    """The company as it is on a day: its files have arrived, its vendors listen on 127.0.0.1 until the block ends."""
    from orchestration.demo_company.drops import deliver
    from orchestration.demo_company.server import Stub

    deliver(_company(settings), _drop(settings), today)
    with Stub(_company(settings), today) as stub:
        sources = tuple(_on_the_stub(source, stub.url) for source in settings.sources)
        yield settings.model_copy(update={"sources": sources, "today": today})


def _on_the_stub(source: SourceSettings, url: str) -> SourceSettings:
    """The source with addresses that answer, where it has any."""
    paths = {vendor: path for vendor, path, _ in APIS} | {"kubernetes": OPENCOST}
    if source.vendor not in paths:
        return source
    address = {"location": url + paths[source.vendor]}
    if "prometheus" not in source.options:
        return source.model_copy(update=address)
    return source.model_copy(update=address | {"options": source.options | {"prometheus": url + PROMETHEUS}})


def _company(settings: Settings) -> Path:
    """Where the company's causes and exports lie."""
    return Home(settings.home).root / "demo" / "company"


def _drop(settings: Settings) -> Path:
    """Where the company's files arrive, day by day."""
    return Home(settings.home).root / "demo" / "drop"

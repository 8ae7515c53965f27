"""Puts the demo company in the place of a real one: its exports below the home, its vendors on loopback.

The only module of the pipeline that knows `demo_company`; connectors meet an address and a key, as everywhere.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from orchestration import demo_company
from orchestration.demo_company.company import (
    ANTHROPIC_ACCOUNT,
    CURSOR_TEAM,
    CUT,
    GITHUB_ORGANIZATION,
    OPENAI_ACCOUNT,
    TODAY,
)
from orchestration.demo_company.server import KEY, Stub
from orchestration.packages import packages
from orchestration.paths import CATALOGUES, Home
from orchestration.settings import PERSON_KEY, Settings, SourceSettings

KEY_VARIABLE = "METERHOUSE_DEMO_KEY"
# Vendors that are asked over HTTP: name, path on the stub, the account that a source speaks for.
APIS = (
    ("openai", "/openai/v1", OPENAI_ACCOUNT),
    ("anthropic", "/anthropic", ANTHROPIC_ACCOUNT),
    ("github", "/github", GITHUB_ORGANIZATION),
    ("cursor", "/cursor", CURSOR_TEAM),
)
# Vendors that leave files in a folder of the exports.
FOLDERS = ("litellm", "seats", "manual", "drivers", "invoices", "prices")


def company_folder(settings: Settings) -> Path:
    """Where the demo company's exports and its truth lie."""
    return Home(settings.home).root / "demo"


def prepare_demo(settings: Settings) -> Settings:
    """Creates the demo company unless it is there, and returns settings that name its exports as sources."""
    folder = company_folder(settings)
    company = demo_company.existing(folder) or demo_company.create(folder)
    for wheel in CATALOGUES.glob("*.whl"):
        link = folder / "prices" / wheel.name
        if not link.exists():
            shutil.copyfile(wheel, link)
    apis = [
        SourceSettings(
            vendor=vendor,
            name="main",
            location=path,
            scope=scope,
            since=company.first_day,
            key_variable=KEY_VARIABLE,
            options={"backoff_seconds": "0"},
        )
        for vendor, path, scope in APIS
    ]
    files = [SourceSettings(vendor=vendor, name="main", location=str(folder / vendor)) for vendor in FOLDERS]
    changes = {"sources": (*apis, *files), "is_demo": True, "first_month": f"{company.first_day:%Y-%m}", "today": TODAY}
    os.environ.setdefault(KEY_VARIABLE, KEY)
    os.environ.setdefault(PERSON_KEY, "the people of the demo company are made up")
    return settings.model_copy(update=changes)


def landings(settings: Settings, vendor: str, table: str) -> Iterator[Settings]:
    """The settings of each landing that a run does: one, as configured.

    The demo company is landed twice when nothing of a table is there yet, on an earlier day and today, so that its
    vendors have restated something in between; while it lands, its vendors listen on 127.0.0.1.
    """
    if not settings.is_demo:
        yield settings
        return
    is_new = next(packages(Home(settings.home), vendor, table), None) is None
    for today in (CUT, TODAY) if is_new else (TODAY,):
        with _served(settings, today) as served:
            yield served


@contextmanager
def _served(settings: Settings, today: date) -> Iterator[Settings]:
    with Stub(company_folder(settings), now=today) as stub:
        sources = tuple(
            source.model_copy(update={"location": stub.url + source.location})
            if source.location.startswith("/") and source.key_variable
            else source
            for source in settings.sources
        )
        yield settings.model_copy(update={"sources": sources, "today": today})

"""Runs the two Dagster jobs in this process, in order, under one lock: what `meterhouse run` and the tests call.

The jobs are those of `definitions.py`; this module adds nothing to them but an environment and a result.
"""

import contextlib
import io
import json
import logging
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.errors import GateError
from orchestration.gates import require_passed
from orchestration.locks import run_lock
from orchestration.logs import logger
from orchestration.paths import PROJECT, Home
from orchestration.publish import Publication, current_publication
from orchestration.settings import Settings, load_settings

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RunResult:
    """What a run came to. `problems` are messages for a person, in the order in which they happened."""

    settings: Settings
    is_landed: bool
    is_published: bool
    publication: Publication | None
    problems: tuple[str, ...]


def prepare_environment(config: Path | None) -> Settings:
    """Settings, with the environment that Dagster, dbt and Great Expectations read set to match."""
    settings = load_settings(config)
    if config:
        os.environ["METERHOUSE_CONFIG"] = str(config.absolute())
    home = Home(settings.home)
    home.make()
    if settings.is_demo:
        from orchestration.demo import prepare_demo

        settings = prepare_demo(settings)
    os.environ["METERHOUSE_HOME"] = str(settings.home)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    shutil.copyfile(PROJECT / "orchestration" / "dagster.yaml", home.dagster / "dagster.yaml")
    return settings


def run(config: Path | None, steps: tuple[str, ...] = ("land", "build"), progress: Progress | None = None) -> RunResult:
    """Lands and builds. A failing source is a problem and stops no build; a failed build publishes nothing."""
    settings = prepare_environment(config)
    home = Home(settings.home)
    before = current_publication(home)
    problems: list[str] = []
    with run_lock(home), _collected_errors(problems), _quiet(home, progress or (lambda _: None)):
        import dagster as dg  # two seconds, and it needs the environment that is set above

        from orchestration import definitions, reporting

        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        with dg.DagsterInstance.get() as instance:
            is_landed = is_built = True
            if "land" in steps and definitions.configured:
                tags = reporting.range_tags(definitions.months, datetime.now(UTC))
                job = definitions.defs.resolve_job_def("land")
                for day in _days_to_land(settings):
                    if day:
                        logger.info("land  as on %s, when some of it was not known yet", day)
                    tagged = tags | ({reporting.TODAY_TAG: day} if day else {})
                    landed = job.execute_in_process(
                        quiet,
                        instance=instance,
                        tags=tagged,
                        asset_selection=definitions.configured,
                        raise_on_error=False,
                    )
                    is_landed = is_landed and landed.success
            if "build" in steps:
                job = definitions.defs.resolve_job_def("build")
                built = job.execute_in_process(quiet, instance=instance, raise_on_error=False)
                is_built = built.success
                problems += [] if is_built else _build_problems(home, built)
    after = current_publication(home)
    is_published = "build" in steps and is_built and after is not None and after != before
    return RunResult(settings, is_landed, is_published, after, tuple(problems))


def _days_to_land(settings: Settings) -> list[str | None]:
    """One landing, today. The demo company was landed before, so that its vendors have restated something since."""
    if settings.is_demo:
        from orchestration.demo import is_new
        from orchestration.demo_company import CUT

        return [CUT.isoformat(), None] if is_new(settings) else [None]
    return [None]


def _build_problems(home: Home, result: Any) -> list[str]:
    """Why a build failed: the dbt nodes that did, else the error of the step, in its own words."""
    found = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            step = event.step_key or ""
            if step == "warehouse" and (nodes := _failed_nodes(home)):
                found += nodes
            elif step == "publish_gate" and (refusal := _gate_refusal(home)):
                found.append(refusal)
            elif error is not None:
                # Dagster puts the name of the exception's class before its message.
                found.append(re.sub(r"^[\w.]+(Error|Failure|Interruption): ", "", error.message.strip()))
    return found


def _failed_nodes(home: Home) -> list[str]:
    path = home.dbt_target / "run_results.json"
    if not path.is_file():
        return []
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return [
        f"dbt {node['status']}: {node['unique_id'].split('.')[2]}\n  found:    {node['message']}\n"
        f"  next:     run its SQL on {home.build_file}: {_compiled(home, node['unique_id'].split('.')[2])}"
        for node in results
        if node["status"] in ("error", "fail")
    ]


def _compiled(home: Home, name: str) -> Path:
    folder = home.dbt_target / "compiled"
    return next(folder.rglob(f"{name}.sql"), folder)


def _gate_refusal(home: Home) -> str | None:
    try:
        require_passed(home)
    except GateError as error:
        return str(error)
    return None


@contextlib.contextmanager
def _collected_errors(problems: list[str]) -> Iterator[None]:
    """What was logged as an error is a problem of the run."""

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            problems.append(record.getMessage())

    handler = Collector(logging.ERROR)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextlib.contextmanager
def _quiet(home: Home, progress: Progress) -> Iterator[None]:
    """Keeps the libraries' own output in a file, and turns dbt's lines into progress."""
    log = home.work / "logs" / "run.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        screen = _Screen(file, progress)
        with warnings.catch_warnings(), contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
            warnings.simplefilter("ignore")
            yield


class _Screen(io.TextIOBase):
    def __init__(self, file: io.TextIOBase, progress: Progress) -> None:
        self.file, self.progress = file, progress

    def write(self, text: str) -> int:
        self.file.write(text)
        match = re.search(r"(\d+) of (\d+) (?:OK|PASS|FAIL|WARN|ERROR)", text)
        if match:
            self.progress(f"dbt {match.group(1)} of {match.group(2)}")
        return len(text)

    def flush(self) -> None:
        self.file.flush()

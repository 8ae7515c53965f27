"""`meterhouse`: every verb is a thin call of a plain function that Dagster calls too.

Exit codes: 0 all went well; 1 nothing was published, or the verb failed; 3 published, but a source was rejected or
failed.
"""

import logging
import os
import sys
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from orchestration.errors import MeterhouseError
from orchestration.logs import logger, mute_teardown
from orchestration.paths import Home
from orchestration.settings import load_settings

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The configuration file (default: ./meterhouse.toml, else a demo).",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """AI meters and bills into one closed, penny-exact ledger."""


@cli.command()
@CONFIG
def run(config: Path | None) -> None:
    """Land what is new, build, check, publish, and say what came of it."""
    _run(config, ("land", "build"))


@cli.command()
@click.option("--seed", default=7, show_default=True, help="Same seed, same bytes.")
@click.option("--months", default=6, show_default=True, help="Months of history, up to October 2026.")
@click.option("--requests", default=200_000, show_default=True, help="Model requests in all.")
@click.option("--without", multiple=True, metavar="SWITCH", help="Leave one injected fault out; 'all' leaves out all.")
def demo(seed: int, months: int, requests: int, without: tuple[str, ...]) -> None:
    """Make up a company whose truth is known; `meterhouse run` without a configuration lands it."""
    from orchestration.demo import create_demo
    from orchestration.demo_company import SWITCH_NAMES

    unknown = [name for name in without if name not in (*SWITCH_NAMES, "all")]
    if unknown:
        raise click.BadParameter(f"{unknown[0]}: one of all, {', '.join(SWITCH_NAMES)}", param_hint="--without")
    left_out = SWITCH_NAMES if "all" in without else without
    settings = load_settings(None)
    settings.home.mkdir(parents=True, exist_ok=True)
    folder = create_demo(settings, seed, months, requests, left_out)
    click.echo(f"{requests:,} requests in {months} months with seed {seed}: {folder}")
    click.echo("next: meterhouse run")


@cli.command("hash-people")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--column", "columns", multiple=True, required=True, help="A column that names people.")
def hash_people(file: Path, columns: tuple[str, ...]) -> None:
    """Print a CSV with people replaced by their keyed hash, as landing writes it: for seeds that name people."""
    from orchestration.scrubbing import PersonHasher, hash_columns
    from orchestration.settings import person_key

    hasher = PersonHasher(person_key("hash-people"))
    click.echo(hash_columns(file, columns, hasher), nl=False)


@cli.command()
@CONFIG
def land(config: Path | None) -> None:
    """Land what is new and stop there."""
    _run(config, ("land",))


@cli.command()
@CONFIG
def build(config: Path | None) -> None:
    """Build and publish from what has been accepted."""
    _run(config, ("build",))


@cli.command()
@CONFIG
def status(config: Path | None) -> None:
    """What is published, and which deliveries wait for somebody."""
    from orchestration.summary import print_status

    print_status(Console(), load_settings(config))


@cli.command()
@CONFIG
def doctor(config: Path | None) -> None:
    """Check this machine and the configuration, and say how to mend what is wrong."""
    from orchestration.doctor import examine

    console = Console(soft_wrap=True, highlight=False)
    findings = examine(config)
    for finding in findings:
        mark = "[green]ok[/]  " if finding.is_good else "[red]bad[/] "
        console.print(f"{mark} {finding.subject}: {finding.found}")
        if not finding.is_good:
            console.print(f"      mend: {finding.mend}")
    sys.exit(0 if all(finding.is_good for finding in findings) else 1)


@cli.command()
@click.argument("delivery_id")
@CONFIG
def accept(delivery_id: str, config: Path | None) -> None:
    """Accept a held delivery: from the next build on it is the truth for its period."""
    from orchestration.landing import accept as accept_delivery
    from orchestration.locks import run_lock

    home = Home(load_settings(config).home)
    with run_lock(home):
        manifest = accept_delivery(home, delivery_id)
    click.echo(f"accepted {manifest.source_name} {manifest.partition}, {manifest.row_count:,} rows, as the newest")


@cli.command()
@click.option("--to", "generation", type=int, help="The generation to serve (default: the one before).")
@CONFIG
def rollback(generation: int | None, config: Path | None) -> None:
    """Serve an earlier kept generation again."""
    from orchestration.locks import run_lock
    from orchestration.publish import rollback as roll_back

    home = Home(load_settings(config).home)
    with run_lock(home):
        published = roll_back(home, generation)
    click.echo(f"readers are served generation {published.generation}: {published.database}")


@cli.command()
@CONFIG
def verify(config: Path | None) -> None:
    """Compare every landed and published byte with its manifest, and the run ledger with its chain."""
    from orchestration.books import verify_books
    from orchestration.packages import packages
    from orchestration.publish import publications

    home = Home(load_settings(config).home)
    found = list(packages(home))
    for package in found:
        package.verify(with_raw=True)
    kept = publications(home)
    for publication in kept:
        publication.verify()
    lines = verify_books(home)
    click.echo(f"{len(found)} packages, {len(kept)} publications and {lines} lines of the run ledger are as written")


@cli.group()
def export() -> None:
    """Write what is published for tools that read another form."""


@export.command()
@click.option("--version", type=click.Choice(["1.2", "1.3", "1.4"]), default="1.4", show_default=True)
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Default: exports/ in the home.")
@CONFIG
def focus(version: str, folder: Path | None, config: Path | None) -> None:
    """FOCUS tables and metadata of one version, from the current publication."""
    from orchestration.focus_export import export_focus

    written = export_focus(Home(load_settings(config).home), version, folder)
    for table, path in written.files.items():
        click.echo(f"FOCUS {version} {table}: {written.row_counts[table]:,} rows, {path}")
    click.echo(f"metadata: {written.folder / 'focus_metadata'}")


@cli.command()
@click.option("--port", default=3000, show_default=True)
@CONFIG
def ui(port: int, config: Path | None) -> NoReturn:
    """Open Dagster's web page on 127.0.0.1."""
    from orchestration.runs import prepare_environment

    prepare_environment(config)
    program = str(Path(sys.executable).with_name("dagster"))
    arguments = ["dev", "--host", "127.0.0.1", "--port", str(port), "--module-name", "orchestration.definitions"]
    os.execv(program, [program, *arguments])  # noqa: S606 - our own Dagster, no shell


def _run(config: Path | None, steps: tuple[str, ...]) -> None:
    from orchestration import runs
    from orchestration.summary import print_summary

    screen = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    with screen.status("starting") as spinner:
        handler = _ScreenHandler(screen)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        result = runs.run(config, steps, progress=spinner.update)
        logger.removeHandler(handler)
    for problem in result.problems:
        screen.print(f"\n[red]problem[/] {problem}", markup=True)
    if steps == ("land",):
        sys.exit(0 if result.is_landed else 1)
    print_summary(screen, result)
    sys.exit(1 if not result.is_published else 0 if result.is_landed else 3)


class _ScreenHandler(logging.Handler):
    """Prints the run's own lines; errors wait for the end, where they are printed whole."""

    def __init__(self, screen: Console) -> None:
        super().__init__(logging.INFO)
        self.screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR:
            self.screen.print(record.getMessage(), markup=False)


def main() -> None:
    """The console script. Prints what a MeterhouseError says and exits 1; anything else is a bug and shows itself."""
    mute_teardown()
    try:
        cli.main()
    except MeterhouseError as error:
        click.echo(f"{error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

"""Publishing: whole generations only, for readers of both DuckDB lines; a failed gate changes nothing; rollback."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from orchestration import publish as publishing
from orchestration.books import verify_books
from orchestration.errors import GateError, IntegrityError, MeterhouseError
from orchestration.gates import check_build, require_passed
from orchestration.paths import PROJECT, Home
from orchestration.publish import Publication, current_publication, publications, publish, rollback
from orchestration.runs import prepare_environment
from orchestration.settings import Settings
from tests.conftest import Demo
from tests.support import OLD_DUCKDB, query

# A reader that opens the real path again and again, as a BI tool would, and compares two tables that each generation
# changes together. It prints what it saw as JSON.
READER = """
import duckdb, json, os, sys, time
link, stop = sys.argv[1], sys.argv[2]
seen, errors, mixed, reads = set(), [], 0, 0
while not os.path.exists(stop):
    try:
        path = os.path.realpath(link)
        with duckdb.connect(os.path.join(path, 'meterhouse.duckdb'), read_only=True) as connection:
            one = connection.execute("select sum(charge_count) from finance.ledger_entries").fetchone()[0]
            time.sleep(0.01)
            other = connection.execute("select sum(charge_count) from engineering.daily_spend_by_team").fetchone()[0]
        reads += 1
        mixed += one != other
        seen.add(int(one))
    except Exception as error:
        errors.append(repr(error))
print(json.dumps({'version': duckdb.__version__, 'reads': reads, 'seen': len(seen), 'mixed': mixed, 'errors': errors}))
"""


@pytest.fixture
def settings(demo_copy: Home, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("METERHOUSE_HOME", str(demo_copy.root))
    monkeypatch.delenv("METERHOUSE_CONFIG", raising=False)
    monkeypatch.chdir(PROJECT)
    return prepare_environment(None)


def change_build(settings: Settings, statement: str) -> None:
    """Breaks or changes the build file, as a wrong model would."""
    with duckdb.connect(str(Home(settings.home).build_file)) as connection:
        for part in statement.split(";"):
            connection.execute(part)


def publish_again(settings: Settings) -> Publication:
    assert check_build(settings).is_passed
    return publish(settings, "test")


@pytest.mark.skipif(not OLD_DUCKDB.exists(), reason="make test prepares .venv-duckdb1, which is not here")
def test_readers_of_both_duckdb_lines_see_only_whole_generations(settings: Settings, tmp_path: Path) -> None:
    home, stop = Home(settings.home), tmp_path / "stop"
    readers = [
        subprocess.Popen(
            [str(python), "-c", READER, str(home.published / "current"), str(stop)], stdout=subprocess.PIPE, text=True
        )
        for python in (sys.executable, OLD_DUCKDB)
    ]
    try:
        time.sleep(1)
        for _ in range(20):
            change_build(
                settings,
                "update finance.ledger_entries set charge_count = charge_count + 1; "
                "create or replace table engineering.daily_spend_by_team as select * replace (cast(charge_count + "
                "(select sum(charge_count) from finance.ledger_entries) - (select sum(charge_count) from "
                "engineering.daily_spend_by_team) as bigint) as charge_count) from engineering.daily_spend_by_team "
                "where rowid = 0 union all select * from engineering.daily_spend_by_team where rowid > 0",
            )
            publish_again(settings)
    finally:
        stop.touch()
        results = [json.loads(reader.communicate(timeout=60)[0]) for reader in readers]
    assert [result["version"][0] for result in results] == ["2", "1"]
    for result in results:
        assert result["errors"] == []
        assert result["mixed"] == 0
        assert result["seen"] >= 10, result
    assert len(publications(home)) == settings.generations


def test_a_reader_keeps_the_generation_that_it_opened(settings: Settings) -> None:
    current = current_publication(Home(settings.home))
    assert current is not None
    with duckdb.connect(str(current.database.resolve()), read_only=True) as connection:
        before = connection.execute("select sum(billed_cost) from finance.ledger_entries").fetchone()
        for _ in range(6):
            publish_again(settings)
        assert not current.folder.exists()
        assert connection.execute("select sum(billed_cost) from finance.ledger_entries").fetchone() == before


@pytest.mark.parametrize(
    ("break_", "table", "rule"),
    [
        ("delete from engineering.daily_spend_by_team", "engineering.daily_spend_by_team", "the table has rows"),
        (
            "update finance.chargeback_by_cost_centre set cost_centre = null",
            "finance.chargeback_by_cost_centre",
            "cost_centre is never null",
        ),
        (
            "update operations.conservation_proof set difference = 0.01 where rowid = 3",
            "operations.conservation_proof",
            "every layer holds what was landed",
        ),
        (
            "alter table engineering.daily_spend_by_team alter effective_cost type double",
            "engineering.daily_spend_by_team",
            "columns and types are as agreed",
        ),
        ("drop table operations.deliveries", "operations.deliveries", "columns and types are as agreed"),
    ],
)
def test_a_failed_gate_publishes_nothing_and_says_why(settings: Settings, break_: str, table: str, rule: str) -> None:
    home = Home(settings.home)
    before = current_publication(home)
    assert before is not None
    listing = sorted(path.name for path in home.published.iterdir())
    change_build(settings, break_)
    report = check_build(settings)
    assert not report.is_passed
    assert rule in {result.name for result in report.results[table] if not result.passed}
    with pytest.raises(GateError, match=rule):
        publish(settings, "test")
    after = current_publication(home)
    assert after == before
    assert sorted(path.name for path in home.published.iterdir()) == listing


def test_a_build_that_no_gate_has_seen_is_not_published(settings: Settings) -> None:
    publish_again(settings)
    change_build(settings, "update finance.ledger_entries set team = 'nobody'")
    with pytest.raises(GateError, match="none, or another's"):
        publish(settings, "test")


def test_a_raising_gate_is_a_failed_gate(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration import gates

    def broken(*_: object) -> None:
        raise RuntimeError("the judge is ill")

    monkeypatch.setattr(gates, "judge", broken)
    change_build(settings, "update finance.ledger_entries set team = 'nobody'")
    with pytest.raises(RuntimeError):
        check_build(settings)
    with pytest.raises(GateError):
        require_passed(Home(settings.home))


def test_an_unallocated_share_over_the_limit_fails_the_gate(settings: Settings) -> None:
    strict = settings.model_copy(update={"gates": settings.gates.model_copy(update={"unallocated_fail_share": 0.001})})
    report = check_build(strict)
    broken = [result.name for result in report.results["finance.ledger_entries"] if not result.passed]
    assert broken == ["the unallocated share is within the limit"]


@pytest.mark.parametrize("step", ["sync_tree", "_swap", "_write_tables"])
def test_a_publication_that_dies_midway_leaves_the_last_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    home = Home(settings.home)
    before = current_publication(home)
    assert check_build(settings).is_passed

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(publishing, step, dies)
        with pytest.raises(KeyboardInterrupt):
            publish(settings, "test")
    assert current_publication(home) == before
    again = publish_again(settings)
    again.verify()
    assert current_publication(home) == again


def test_rollback_serves_the_generation_before_and_the_next_publication_goes_on(settings: Settings) -> None:
    home = Home(settings.home)
    assert rollback(home).generation == 1
    current = current_publication(home)
    assert current is not None
    assert current.generation == 1
    assert publish_again(settings).generation == 3
    with pytest.raises(MeterhouseError, match="found:    1, 2, 3"):
        rollback(home, generation=7)


def test_rollback_goes_to_what_was_served_before_and_not_to_what_was_rolled_away(settings: Settings) -> None:
    home = Home(settings.home)
    rollback(home)
    assert publish_again(settings).generation == 3
    assert rollback(home).generation == 1


def test_a_damaged_parquet_is_not_carried_into_the_next_generation(settings: Settings) -> None:
    home = Home(settings.home)
    current = current_publication(home)
    assert current is not None
    name = next(iter(current.manifest["tables"]["focus.cost_and_usage"]["parquet"]))
    content = bytearray((current.folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (current.folder / name).unlink()
    (current.folder / name).write_bytes(bytes(content))
    again = publish_again(settings)
    again.verify()
    assert duckdb.execute("select count(*) from read_parquet(?)", [str(again.folder / name)]).fetchone() == (225,)


def test_generations_go_on_when_publications_are_deleted_and_the_books_keep_every_one(settings: Settings) -> None:
    home = Home(settings.home)
    for path in home.published.iterdir():
        path.unlink() if path.is_symlink() else shutil.rmtree(path)
    before = (home.books / "publications" / "000001.json").read_bytes()
    assert publish_again(settings).generation == 3
    assert (home.books / "publications" / "000001.json").read_bytes() == before
    assert verify_books(home) == 3
    (home.books / "publications" / "000001.json").write_bytes(before.replace(b'"run_id"', b'"RUN_ID"'))
    with pytest.raises(IntegrityError, match="as the run ledger names it"):
        verify_books(home)


def test_a_publication_names_what_the_build_was_made_from(settings: Settings) -> None:
    # Something lands between the build and its publication.
    from orchestration.landing import land_table, landing_tables

    home = Home(settings.home)
    lines = home.root / "demo" / "manual" / "lines.csv"
    lines.write_text(lines.read_text().replace("9600.00", "9700.00"))
    source = next(item for item in settings.sources if item.vendor == "manual")
    settings = settings.model_copy(update={"sources": (source.model_copy(update={"location": str(lines)}),)})
    vendor, table = next(item for item in landing_tables() if item[0] == "manual")
    outcomes = land_table(settings, vendor, table, ("2026-08", "2026-09", "2026-10"))
    assert {outcome.status for outcome in outcomes} == {"landed"}
    before = current_publication(home)
    assert before is not None
    assert publish_again(settings).manifest["deliveries"] == before.manifest["deliveries"]


def test_a_generation_that_was_changed_is_never_rolled_back_to(settings: Settings) -> None:
    home = Home(settings.home)
    first = publications(home)[0]
    content = bytearray(first.database.read_bytes())
    content[5000] ^= 1
    first.database.write_bytes(bytes(content))
    with pytest.raises(IntegrityError, match="SHA-256"):
        rollback(home)
    current = current_publication(home)
    assert current is not None
    assert current.generation == 2


def test_the_published_file_holds_tables_only_with_their_grain_as_comment(demo: Demo) -> None:
    assert query(demo.publication.database, "select count(*) from duckdb_views() where not internal") == [(0,)]
    comments = query(demo.publication.database, "select comment from duckdb_tables() order by all")
    assert len(comments) == len(demo.publication.manifest["tables"])
    assert all(str(comment[0]).startswith("One row per") for comment in comments)


def test_published_contracts_and_dbt_contracts_say_the_same(demo: Demo) -> None:
    from orchestration.contracts import published_contracts

    manifest = json.loads((demo.home / "builds" / "work" / "target" / "manifest.json").read_text())
    models = {f"{node['schema']}.{node['name']}": node for node in manifest["nodes"].values()}
    for table, contract in published_contracts().items():
        columns = [(name, facts["data_type"]) for name, facts in models[table]["columns"].items()]
        assert [(column.name, column.physical_type) for column in contract.columns] == columns, table
        assert " ".join(contract.grain.split()) == " ".join(models[table]["description"].split()), table

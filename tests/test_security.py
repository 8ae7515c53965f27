"""What a delivery may not do: leave the staging area, load code, or reach the network."""

from pathlib import Path

import duckdb
import pytest

from orchestration.casting import ingest_connection
from orchestration.paths import PROJECT


@pytest.fixture
def connection(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "bill.csv").write_text("a\n1\n")
    (tmp_path / "outside.csv").write_text("a\n1\n")
    return ingest_connection([tmp_path / "allowed"], tmp_path / "spill", "1GB")


def test_the_staging_area_can_be_read(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = connection.execute("select * from read_csv(?)", [str(tmp_path / "allowed" / "bill.csv")]).fetchall()
    assert found == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('{outside}')",
        "select * from read_csv('{inside}/../outside.csv')",
        "copy (select 1) to '{folder}/written.csv'",
        "attach '{folder}/other.duckdb'",
        "install httpfs",
        "load httpfs",
        "select * from read_csv('https://127.0.0.1/x.csv')",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set memory_limit = '90GB'",
        "export database '{folder}/dump'",
    ],
)
def test_nothing_else_can_be_reached(connection: duckdb.DuckDBPyConnection, tmp_path: Path, statement: str) -> None:
    text = statement.format(folder=tmp_path, outside=tmp_path / "outside.csv", inside=tmp_path / "allowed")
    with pytest.raises(duckdb.Error):
        connection.execute(text).fetchall()
    assert not (tmp_path / "written.csv").exists()


def test_a_hostile_file_name_is_only_a_name(tmp_path: Path) -> None:
    from orchestration.landing import land_table
    from orchestration.sources import SOURCES
    from tests.deliveries import focus_row, focus_source, settings_of, write_csv

    drop = tmp_path / "drop"
    name = "x'); drop table charges; --{{ 1 }}\".csv"
    write_csv(drop / name, [focus_row()])
    settings = settings_of(tmp_path / "home", focus_source(drop))
    outcomes = land_table(settings, "focus", SOURCES["focus"].tables[0], ("2024-09",))
    assert [outcome.status for outcome in outcomes] == ["landed"]
    assert outcomes[0].file_names == (name,)


def test_telemetry_and_sign_up_are_off() -> None:
    dagster = (PROJECT / "orchestration" / "dagster.yaml").read_text()
    assert "telemetry:\n  enabled: false" in dagster
    assert "nux:\n  enabled: false" in dagster
    assert "send_anonymous_usage_stats: false" in (PROJECT / "dbt_project" / "dbt_project.yml").read_text()


def test_no_server_listens_to_the_world() -> None:
    everywhere = "0.0.0" + ".0"
    shipped = [*PROJECT.glob("*"), *(PROJECT / "orchestration").rglob("*"), *(PROJECT / ".ci").rglob("*")]
    files = [path for path in shipped if path.is_file() and path.suffix not in (".lock", ".pyc")]
    assert [path.name for path in files if everywhere in path.read_text(errors="ignore")] == []

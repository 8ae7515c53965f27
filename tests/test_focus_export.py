"""FOCUS of an exact version, cut from the current publication: its columns, its values, its metadata."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.contracts import published_contracts
from orchestration.errors import MeterhouseError
from orchestration.focus_export import COMMITMENTS_IN_1_3, VERSIONS, columns_of, export_focus
from orchestration.focus_metadata import DATASETS, schema_id
from orchestration.paths import Home, sha256_of
from tests.conftest import Demo
from tests.support import meterhouse, published


def names(file: Path) -> list[str]:
    return [row[0] for row in duckdb.execute(f"describe from '{file}'").fetchall()]


@pytest.mark.parametrize(("version", "count"), [("1.2", 57), ("1.3", 65), ("1.4", 65)])
def test_a_version_has_the_columns_of_its_specification_and_then_ours(
    demo: Demo, tmp_path: Path, version: str, count: int
) -> None:
    export = export_focus(Home(demo.home), version, tmp_path)
    found = names(export.files["cost_and_usage"])
    specified = [name for name in found if not name.startswith("x_")]
    assert len(specified) == count
    assert found[:count] == sorted(specified)
    assert {"ProviderName", "PublisherName"} & set(found) == (
        set() if version == "1.4" else {"ProviderName", "PublisherName"}
    )
    assert ("ServiceProviderName" in found) == (version != "1.2")
    assert ("InvoiceDetailId" in found) == (version == "1.4")
    assert all(len(name) <= 50 and name[2].isupper() for name in found[count:])


def test_commitments_of_1_3_are_thirteen_columns(demo: Demo, tmp_path: Path) -> None:
    found = names(export_focus(Home(demo.home), "1.3", tmp_path).files["contract_commitment"])
    assert tuple(name for name in found if not name.startswith("x_")) == COMMITMENTS_IN_1_3


def test_an_export_says_what_the_publication_says(demo: Demo, tmp_path: Path) -> None:
    export = export_focus(Home(demo.home), "1.2", tmp_path)
    with duckdb.connect(str(demo.publication.database.resolve()), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        file = export.files["cost_and_usage"]
        columns = "x_ChargeId, BilledCost, ListCost, Tags, PricingQuantity"
        difference = (
            f"(select {columns}, timezone('UTC', ChargePeriodStart), InvoiceIssuerName from focus.cost_and_usage) "
            f"except all (select {columns}, ChargePeriodStart, ProviderName from '{file}')"
        )
        assert connection.execute(f"select count(*) from ({difference})").fetchone() == (0,)
        types = dict(connection.execute(f"select column_name, column_type from (describe from '{file}')").fetchall())
    assert types["BilledCost"] == "DECIMAL(35,18)"
    assert types["ChargePeriodStart"] == "TIMESTAMP WITH TIME ZONE"
    assert export.row_counts == {"cost_and_usage": 666}


def test_an_export_reads_the_publication_and_not_the_build(demo_copy: Home, tmp_path: Path) -> None:
    demo_copy.build_file.unlink()
    assert export_focus(demo_copy, "1.4", tmp_path).generation == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_metadata_describes_the_files_that_it_lies_beside(demo: Demo, tmp_path: Path, version: str) -> None:
    export = export_focus(Home(demo.home), version, tmp_path)
    read = {path.name: json.loads(path.read_text()) for path in (tmp_path / "focus_metadata").iterdir()}
    assert read["data_generator.json"] == {"DataGenerator": "Meterhouse"}
    assert {item["FocusDatasetId"] for item in read["dataset_instance.json"]} == {
        DATASETS[table][0] for table in export.files
    }
    for table, schema in zip(export.files, read["schema.json"], strict=True):
        assert schema["FocusVersion"] == version
        assert [column["ColumnName"] for column in schema["ColumnDefinition"]] == names(export.files[table])
        metadata = duckdb.execute(
            f"select decode(value) from parquet_kv_metadata('{export.files[table]}') where decode(key) = 'SchemaId'"
        )
        assert metadata.fetchone() == (schema["SchemaId"],)
    for recency in read["recency.json"]:
        if "contract-commitment" in recency["DatasetInstanceId"]:
            assert recency["DatasetInstanceComplete"] is True
        else:
            sectors = recency["TimeSectors"]
            assert [sector["TimeSectorStart"] for sector in sectors] == [
                f"2026-{month}-01T00:00:00Z" for month in ("08", "09", "10")
            ]
            assert all(sector["TimeSectorComplete"] in (True, False) for sector in sectors)
    manifest = json.loads((tmp_path / "export.json").read_text())
    assert {name: facts["sha256"] for name, facts in manifest["files"].items()} == {
        name: sha256_of(tmp_path / name) for name in manifest["files"]
    }
    assert len(manifest["files"]) == len(export.files) + 4


def test_a_publication_carries_its_metadata_and_a_structure_keeps_its_day(demo: Demo) -> None:
    schemas = []
    for publication in (demo.first_publication, demo.publication):
        path = publication.folder / "focus_metadata" / "schema.json"
        assert publication.manifest["files"]["focus_metadata/schema.json"]["sha256"] == sha256_of(path)
        schemas.append(json.loads(path.read_text()))
    first, second = schemas
    assert [item["CreationDate"] for item in first] == [item["CreationDate"] for item in second]
    assert {item["CreationDate"] for item in first} == {
        demo.first_publication.manifest["published_at"].replace("+00:00", "Z")
    }


def test_another_column_is_another_schema() -> None:
    columns = columns_of("1.4", "cost_and_usage")
    assert schema_id("1.4", "cost_and_usage", columns) != schema_id("1.4", "cost_and_usage", columns[:-1])
    assert schema_id("1.4", "cost_and_usage", columns) != schema_id("1.4", "cost_and_usage", columns[::-1])


def test_every_published_focus_table_is_a_dataset_of_the_specification() -> None:
    counts = {"billing_period": 6, "contract_commitment": 30, "cost_and_usage": 65, "invoice_detail": 22}
    for table, count in counts.items():
        columns = published_contracts()[f"focus.{table}"].columns
        assert sum(not column.name.startswith("x_") for column in columns) == count
    assert set(counts) == set(DATASETS)


def test_without_a_publication_there_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(MeterhouseError, match="meterhouse run"):
        export_focus(Home(tmp_path), "1.4")


def test_a_version_that_does_not_exist_is_refused(demo: Demo) -> None:
    with pytest.raises(MeterhouseError, match=r"1\.2, 1\.3, 1\.4"):
        export_focus(Home(demo.home), "2.0")


def test_an_older_publication_is_refused_by_name(demo_copy: Home, tmp_path: Path) -> None:
    publication = published(demo_copy.root)
    with duckdb.connect(str(publication.database)) as connection:
        connection.execute("drop table focus.invoice_detail")
    with pytest.raises(MeterhouseError, match=r"focus\.invoice_detail\.BilledCost"):
        export_focus(demo_copy, "1.2", tmp_path)


def test_the_verb_writes_where_it_is_told(demo: Demo, tmp_path: Path) -> None:
    finished = meterhouse(demo.home, "export", "focus", "--version", "1.3", "--to", str(tmp_path / "out"))
    assert finished.code == 0, finished.output
    assert "FOCUS 1.3 cost_and_usage: 666 rows" in finished.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "contract_commitment.parquet",
        "cost_and_usage.parquet",
        "export.json",
        "focus_metadata",
    ]
    shutil.rmtree(tmp_path / "out")

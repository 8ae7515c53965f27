"""Bad input and broken files: a clear message each, a report, other sources go on, the last publication stays."""

import csv
import gzip
import json
import shutil
from pathlib import Path

import pytest

from orchestration.packages import packages
from orchestration.paths import Home
from tests.small_company import write_small_company
from tests.support import Finished, copy_of_the_project, fingerprints, meterhouse, published, query, write_config


def broken_sources(folder: Path) -> list[dict[str, str]]:
    """Four sources, each broken in its own way, made from the demo's own export."""
    write_small_company(folder / "demo")
    good = (folder / "demo" / "focus" / "2026-08.csv").read_bytes()
    rows = list(csv.reader(good.decode().splitlines()))
    header = rows[0]
    without = [[cell for name, cell in zip(header, row, strict=True) if name != "BilledCost"] for row in rows]
    worded = [list(row) for row in rows]
    worded[7][header.index("BilledCost")] = "twelve dollars"
    contents = {
        "truncated": gzip.compress(good)[:-400],
        "dropped_column": _csv(without),
        "text_in_cost": _csv(worded),
        "empty_file": b"",
    }
    sources = []
    for name, content in contents.items():
        suffix = ".csv.gz" if name == "truncated" else ".csv"
        (folder / name).mkdir()
        (folder / name / f"bill{suffix}").write_bytes(content)
        sources.append({"vendor": "focus", "name": name, "location": str(folder / name)})
    return sources


def _csv(rows: list[list[str]]) -> bytes:
    return ("\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows) + "\n").encode()


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    folder = tmp_path_factory.mktemp("faulty")
    sources = broken_sources(folder)
    missing = {"vendor": "focus", "name": "missing", "location": str(folder / "nowhere")}
    manual = {"vendor": "manual", "name": "lines", "location": str(folder / "demo" / "manual")}
    config = write_config(folder / "meterhouse.toml", *sources, missing, manual)
    return folder, meterhouse(folder / "var", "run", "--config", str(config))


def test_a_rejected_source_gives_exit_code_3_and_the_other_source_is_published(faulty: tuple[Path, Finished]) -> None:
    folder, finished = faulty
    assert finished.code == 3, finished.output
    rows = query(published(folder / "var").database, 'select count(*), min("x_Vendor") from focus.cost_and_usage')
    assert rows == [(13, "manual")]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("truncated", ["bill.csv.gz", "a whole gzip file", "ended before the end-of-stream marker"]),
        ("dropped_column", ["bill.csv", "column BilledCost", "no BilledCost", "FOCUS 1.2"]),
        ("text_in_cost", ["bill.csv", "line 8", "column BilledCost", "decimal(35,18)", "'twelve dollars'"]),
        ("empty_file", ["bill.csv", "an empty file (0 bytes)"]),
    ],
)
def test_each_fault_is_named_and_its_bytes_are_kept(
    faulty: tuple[Path, Finished], source: str, said: list[str]
) -> None:
    folder, finished = faulty
    pages = list((folder / "var" / "rejected" / "focus" / "charges" / source).rglob("report.md"))
    assert len(pages) == 1
    page = pages[0].read_text()
    for text in [f"focus/{source}", *said, "expected:", "found:", "next:"]:
        assert text in page
        assert text in finished.output.replace("\n  ", "\n  ")
    report = json.loads((pages[0].parent / "report.json").read_text())
    assert report["error"]["next_step"]
    received = next((folder / source).iterdir())
    assert next((pages[0].parent / "raw").iterdir()).read_bytes() == received.read_bytes()
    assert not list((folder / "var" / "landing" / "focus" / "charges" / source).rglob("manifest.json"))


def test_a_location_that_is_not_there_is_a_failure_and_not_an_empty_source(faulty: tuple[Path, Finished]) -> None:
    folder, finished = faulty
    assert "focus/missing" in finished.output
    assert f"a readable file, folder or glob at {folder / 'nowhere'}" in finished.output


def test_the_deliveries_table_tells_the_story_of_what_was_rejected(faulty: tuple[Path, Finished]) -> None:
    folder, _ = faulty
    rows = query(
        published(folder / "var").database,
        "select source_name, reason from operations.deliveries where role = 'rejected' order by source_name",
    )
    assert [row[0] for row in rows] == ["dropped_column", "empty_file", "text_in_cost", "truncated"]
    assert "line 8, column BilledCost" in str(rows[2][1])


def test_a_flipped_byte_in_landing_stops_the_build_and_the_last_publication_stays(demo_copy: Home) -> None:
    before = published(demo_copy.root)
    bytes_before = before.database.read_bytes()
    package = next(packages(demo_copy))
    part = package.folder / package.manifest.parts[0].name
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 0x10
    part.unlink()
    part.write_bytes(bytes(content))

    finished = meterhouse(demo_copy.root, "run")

    assert finished.code == 1
    assert str(part) in finished.output
    assert "SHA-256" in finished.output
    assert "next:" in finished.output
    after = published(demo_copy.root)
    assert after.generation == before.generation
    assert after.database.read_bytes() == bytes_before

    # Repair as the message says: move the package away, and its source is read anew.
    shutil.move(package.folder, demo_copy.root / "moved-away")
    repaired = meterhouse(demo_copy.root, "run")
    assert repaired.code == 0, repaired.output
    assert (
        fingerprints(published(demo_copy.root))["finance.ledger_entries"]
        == fingerprints(before)["finance.ledger_entries"]
    )


def test_less_is_never_published(demo_copy: Home) -> None:
    # A period disappears from landing and its source no longer has it.
    package = next(item for item in packages(demo_copy) if item.manifest.partition == "2026-09")
    shutil.rmtree(package.folder)
    config = write_config(
        demo_copy.root / "meterhouse.toml",
        {"vendor": "focus", "name": "demo_bills", "location": str(demo_copy.root / "nothing-here"), "paused": "X"},
        {"vendor": "manual", "name": "demo_lines", "location": str(demo_copy.root / "demo" / "manual")},
    )
    config.write_text(config.read_text().replace('paused = "X"', "paused = true"))
    finished = meterhouse(demo_copy.root, "run", "--config", str(config))
    assert finished.code == 1
    assert package.manifest.delivery_id in finished.output
    assert "restore them from a backup" in finished.output
    assert published(demo_copy.root).generation == 2


def test_contradicting_seeds_stop_the_build_with_file_and_line(demo_copy: Home, tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    seed = project / "seeds" / "ownership.csv"
    seed.write_text(seed.read_text() + "again,500,,,,,,,team,search,assistant,,,,,,,,,,,2023-01-01,\n")
    finished = meterhouse(demo_copy.root, "build", project=project)
    assert finished.code == 1
    last = len(seed.read_text().splitlines())
    assert f"seeds/ownership.csv, line {last}" in finished.output
    assert published(demo_copy.root).generation == 2

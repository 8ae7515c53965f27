"""The verbs, as a person meets them: exit codes and messages."""

from pathlib import Path

from orchestration.paths import Home
from orchestration.sources import SOURCES
from tests.conftest import Demo
from tests.small_company import write_small_company
from tests.support import fingerprints, meterhouse, published, query, write_config


def test_doctor_finds_nothing_wrong_with_a_home_that_works(demo: Demo) -> None:
    finished = meterhouse(demo.home, "doctor")
    assert finished.code == 0, finished.output
    for subject in ("Python:", "duckdb:", "configuration:", "home:", "disk:", "lock:", "seeds:"):
        assert f"ok   {subject}" in finished.output
    assert "bad" not in finished.output


def test_doctor_says_how_to_mend_what_is_wrong(tmp_path: Path) -> None:
    source = {"vendor": "focus", "name": "bills", "location": str(tmp_path / "nowhere")}
    config = write_config(tmp_path / "meterhouse.toml", source)
    (tmp_path / "var").write_text("a file where the home should be")
    finished = meterhouse(tmp_path / "var", "doctor", "--config", str(config))
    assert finished.code == 1
    assert "bad  home:" in finished.output
    assert "bad  source focus/bills:" in finished.output
    assert finished.output.count("mend:") == finished.output.count("bad ")


def test_a_bad_configuration_is_named_by_line_key_expected_and_found(tmp_path: Path) -> None:
    config = tmp_path / "meterhouse.toml"
    config.write_text('first_month = "2024-01"\n\n[[sources]]\nvendor = "fokus"\nname = "bills"\nlocation = "x"\n')
    finished = meterhouse(tmp_path / "var", "run", "--config", str(config))
    assert finished.code == 1
    assert f"{config}, line 4: sources.1.vendor" in finished.output
    assert f"expected: one of {', '.join(sorted(SOURCES))}" in finished.output
    assert "found:    'fokus'" in finished.output
    assert "Traceback" not in finished.output


def test_status_rollback_and_verify(demo_copy: Home) -> None:
    assert "generation 2" in meterhouse(demo_copy.root, "status").output
    rolled = meterhouse(demo_copy.root, "rollback")
    assert rolled.code == 0
    assert published(demo_copy.root).generation == 1
    verified = meterhouse(demo_copy.root, "verify")
    assert verified.code == 0
    assert "6 packages, 2 publications and 3 lines" in verified.output
    part = next((demo_copy.root / "landing").glob("focus/*/*/*/*/*/part-0000.parquet"))
    content = part.read_bytes()
    part.unlink()
    part.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    broken = meterhouse(demo_copy.root, "verify")
    assert broken.code == 1
    assert str(part) in broken.output


def test_a_shrinking_delivery_waits_for_accept_and_then_counts(tmp_path: Path) -> None:
    write_small_company(tmp_path / "demo")
    bill = tmp_path / "demo" / "focus" / "2026-08.csv"
    config = write_config(tmp_path / "meterhouse.toml", {"vendor": "focus", "name": "bills", "location": str(bill)})
    home = tmp_path / "var"
    assert meterhouse(home, "run", "--config", str(config)).code == 0
    before = fingerprints(published(home))
    lines = bill.read_text().splitlines(keepends=True)
    bill.write_text("".join(lines[:60]))

    held = meterhouse(home, "run", "--config", str(config))
    assert held.code == 0, held.output
    assert "59 rows where 220 were accepted before" in held.output
    assert fingerprints(published(home))["finance.ledger_entries"] == before["finance.ledger_entries"]
    rows = query(published(home).database, "select delivery_id from operations.deliveries where role = 'held'")
    delivery_id = str(rows[0][0])
    assert f"meterhouse accept {delivery_id}" in held.output

    assert meterhouse(home, "accept", "0" * 16).code == 1
    accepted = meterhouse(home, "accept", delivery_id)
    assert accepted.code == 0, accepted.output
    assert meterhouse(home, "build", "--config", str(config)).code == 0
    assert query(published(home).database, "select count(*) from focus.cost_and_usage") == [(59,)]
    roles = query(published(home).database, "select role, row_count from operations.deliveries order by sequence")
    assert roles == [("superseded", 220), ("current", 59)]


def test_a_source_that_left_the_configuration_is_shown_and_not_counted(demo_copy: Home) -> None:
    manual = {"vendor": "manual", "name": "demo_lines", "location": str(demo_copy.root / "demo" / "manual")}
    config = write_config(demo_copy.root / "meterhouse.toml", manual)
    finished = meterhouse(demo_copy.root, "run", "--config", str(config))
    assert finished.code == 0, finished.output
    assert (
        "unconfigured: focus/demo_bills 2026-08 to 2026-10 3 deliveries, not in the configuration, not counted"
        in finished.output
    )
    assert query(published(demo_copy.root).database, "select count(*) from focus.cost_and_usage") == [(13,)]


def test_nothing_at_all_is_not_published(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    config = write_config(
        tmp_path / "meterhouse.toml", {"vendor": "focus", "name": "bills", "location": str(tmp_path / "empty")}
    )
    finished = meterhouse(tmp_path / "var", "run", "--config", str(config))
    assert finished.code == 1
    assert "the table has rows" in finished.output
    assert "there is no publication yet" in finished.output

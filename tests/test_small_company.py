"""The small company of files: the same bytes every time, in the formats that real exports have."""

import hashlib
from pathlib import Path

from tests.conftest import Demo
from tests.small_company import write_small_company
from tests.support import query


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_small_company_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_small_company(tmp_path / name)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert {Path(name).suffix for name in hashes(tmp_path / "one")} == {".csv", ".gz", ".parquet"}


def test_the_small_company_shows_what_a_real_company_has(demo: Demo) -> None:
    rows = query(
        demo.publication.database,
        'select count(*), count(distinct "BillingCurrency"), count(distinct "ChargeCategory"), '
        'count(*) filter (where "x_Posting" = \'memo\'), count(*) filter (where "BilledCost" < 0), '
        'count(distinct "ServiceProviderName") from focus.cost_and_usage',
    )
    assert rows == [(666, 2, 4, 6, 3, 6)]


def test_a_little_of_it_is_unallocated_and_shown(demo: Demo) -> None:
    rows = query(
        demo.publication.database,
        "select sum(abs(effective_cost)) filter (where basis = 'unallocated') / sum(abs(effective_cost)) "
        "from finance.ledger_entries where billing_currency = 'USD'",
    )
    assert 0 < float(str(rows[0][0])) < 0.05

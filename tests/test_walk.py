"""One row of money, the whole way: land, check, stage, FOCUS, allocate, book, mart, publish."""

import csv
import json
from decimal import Decimal

import duckdb

from orchestration.packages import packages
from orchestration.paths import Home
from tests.conftest import Demo
from tests.support import fingerprints, query


def test_one_row_of_money_walks_the_whole_way(demo: Demo) -> None:
    # The vendor says: on 3 August the ranking feature's project used input tokens.
    with (demo.home / "demo" / "focus" / "2026-08.csv").open(newline="") as file:
        said = next(
            row
            for row in csv.DictReader(file)
            if row["SubAccountId"] == "proj_search" and row["ChargePeriodStart"].startswith("2026-08-03")
        )
    cost = Decimal(said["BilledCost"])
    assert cost > 0

    # land: the package holds the bytes as received, and the typed row.
    package = next(item for item in packages(Home(demo.home)) if item.manifest.partition == "2026-08")
    assert package.manifest.vendor == "focus"
    raw = package.folder / package.manifest.raw[0].name
    assert raw.read_bytes() == (demo.home / "demo" / "focus" / "2026-08.csv").read_bytes()

    # check: the contract was judged before the package was promoted.
    assert package.manifest.checks
    assert all(check["passed"] for check in package.manifest.checks)

    build = Home(demo.home).build_file
    where = "sub_account_id = 'proj_search' and charge_date = date '2026-08-03'"
    # stage, FOCUS: the same cost under FOCUS names.
    staged = query(build, "select billed_cost from staging.stg_focus__charges where sub_account_id = 'proj_search' "
                          "and charge_period_start = timestamp '2026-08-03'")  # fmt: skip
    assert staged == [(cost,)]
    focus = query(build, f"select billed_cost, meter, model_id, is_ai from hubs.focus_charges where {where}")
    assert focus == [(cost, "input_uncached", "gpt-5.1-mini", True)]

    # allocate: the project's team bears it, the tags name feature and environment.
    owner = query(build, "select effective_cost, team, cost_centre, feature, environment, basis, rule_id "
                         f"from hubs.allocated_charges where {where}")  # fmt: skip
    assert owner == [(cost, "search", "CC-1100", "ranking", "production", "direct", "openai-search")]

    # book, publish: the entry that readers see.
    entry = query(
        demo.publication.database,
        f"select effective_cost, booked_period, incurred_period, entry_class, cost_class from finance.ledger_entries "
        f"where {where}",
    )
    assert entry == [(cost, "2026-08", "2026-08", "original", "cost of revenue")]

    # mart: it is part of its team's day.
    mart = query(
        demo.publication.database,
        "select effective_cost from engineering.daily_spend_by_team "
        "where team = 'search' and charge_date = date '2026-08-03'",
    )
    assert mart == [(cost,)]


def test_a_second_run_changes_no_fingerprint(demo: Demo) -> None:
    assert demo.publication.generation == demo.first_publication.generation + 1
    assert fingerprints(demo.publication) == fingerprints(demo.first_publication)


def test_unchanged_parquet_is_linked_and_not_written_again(demo: Demo) -> None:
    for name in demo.publication.manifest["tables"]["focus.cost_and_usage"]["parquet"]:
        assert (demo.publication.folder / name).samefile(demo.first_publication.folder / name)


def test_the_proof_is_published_and_every_layer_is_conserved(demo: Demo) -> None:
    rows = query(
        demo.publication.database,
        "select layer, count(*), sum(abs(difference)), bool_and(is_conserved) from operations.conservation_proof "
        "group by layer order by layer",
    )
    assert [row[0] for row in rows] == ["allocated", "focus", "ledger", "published", "staged"]
    assert all(row[1] == 72 and row[2] == 0 and row[3] for row in rows)


def test_every_cut_of_the_ledger_shows_the_same_total(demo: Demo) -> None:
    totals = {
        table: query(
            demo.publication.database,
            f"select billing_currency, sum(effective_cost) from {table} group by all order by all",
        )
        for table in ("finance.ledger_entries", "finance.chargeback_by_cost_centre", "engineering.daily_spend_by_team")
    }
    assert len({tuple(total) for total in totals.values()}) == 1


def test_people_are_told_what_to_open_next(demo: Demo) -> None:
    assert "difference 0" in demo.first.output
    assert "__unallocated__" in demo.first.output
    assert "published/current/meterhouse.duckdb" in demo.first.output
    assert "leaked" not in demo.first.output


def test_a_team_that_moved_keeps_its_history(demo: Demo) -> None:
    # seeds/teams.csv: support-automation went from CC-1200 to CC-3200 on 1 September.
    rows = query(
        demo.publication.database,
        "select distinct booked_period, cost_centre from finance.ledger_entries where team = 'support-automation' "
        "order by all",
    )
    assert rows == [("2026-08", "CC-1200"), ("2026-09", "CC-3200"), ("2026-10", "CC-3200")]


def test_currencies_are_never_added(demo: Demo) -> None:
    rows = query(
        demo.publication.database,
        "select billing_currency, count(reporting_effective_cost) = count(*), count(fx_rate_id) "
        "from finance.ledger_entries group by billing_currency order by all",
    )
    assert rows[0] == ("EUR", False, 0)
    assert rows[1][:2] == ("USD", True)


def test_published_parquet_holds_the_rows_of_the_published_file(demo: Demo) -> None:
    for table, facts in demo.publication.manifest["tables"].items():
        files = [str(demo.publication.folder / name) for name in facts["parquet"]]
        with duckdb.connect(str(demo.publication.database), read_only=True) as connection:
            for one, other in (("read_parquet(?)", table), (table, "read_parquet(?)")):
                differing = connection.execute(
                    f"select count(*) from (select * from {one} except all select * from {other})", [files]
                ).fetchone()
                assert differing == (0,), table


def test_the_run_ledger_names_every_publication(demo: Demo) -> None:
    lines = [json.loads(line) for line in (demo.home / "books" / "run_ledger.jsonl").read_text().splitlines()]
    assert [(line["event"], line["generation"]) for line in lines] == [("publication", 1), ("publication", 2)]
    kept = json.loads((demo.home / "books" / "publications" / "000002.json").read_text())
    assert len(kept["deliveries"]) == 6
    assert (demo.home / "books" / "seeds" / kept["seeds_sha256"] / "ownership.csv").is_file()

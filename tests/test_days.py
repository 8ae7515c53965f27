"""Days that are landed from an API: asked again until they have settled, replaced, held, refused and mended."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing import Outcome
from orchestration.packages import packages
from orchestration.paths import Home
from tests.vendor import Answer, Question, land, landed_rows, vendor

MONTHS = ("2026-10", "2026-11")
SINCE = date(2026, 10, 11)


class Openai:
    """OpenAI's costs as a test says them: amounts by day, as text with all their digits."""

    def __init__(self) -> None:
        self.amounts: dict[str, Sequence[str]] = {}
        self.asked: list[str] = []
        self.today = SINCE

    def __call__(self, question: Question) -> Answer:
        start = int(question.query["start_time"][0])
        tonight = datetime(self.today.year, self.today.month, self.today.day, tzinfo=UTC) + timedelta(days=1)
        end = int(question.query.get("end_time", [str(int(tonight.timestamp()))])[0])
        buckets = []
        for moment in range(start, end, 86_400):
            day = datetime.fromtimestamp(moment, UTC).date().isoformat()
            self.asked.append(day)
            results = [self._result(number, amount) for number, amount in enumerate(self.amounts.get(day, ["1"]))]
            buckets.append({"object": "bucket", "start_time": moment, "end_time": moment + 86_400, "results": results})
        return Answer({"object": "page", "data": buckets, "has_more": False, "next_page": None})

    def _result(self, number: int, amount: str) -> dict[str, Any]:
        return {
            "object": "organization.costs.result",
            "amount": {"value": float(amount) if amount != "text" else "much", "currency": "usd"},
            "line_item": f"gpt-{number}, input",
            "project_id": "proj_a",
            "user_id": None,
            "api_key_id": "key_a",
            "api_source": None,
            "quantity": 7,
            "quantity_unit": "tokens",
        }


@pytest.fixture
def openai() -> Openai:
    return Openai()


Landed = list[Outcome]


def run(openai: Openai, home: Path, monkeypatch: pytest.MonkeyPatch, today: date, **source: Any) -> Landed:
    openai.asked.clear()
    openai.today = today
    with vendor(openai) as running:
        return land(
            home, monkeypatch, "openai", "costs", running.url, today=today, months=MONTHS, since=SINCE, **source
        )


def test_a_running_day_is_asked_again_after_weeks_of_silence(
    openai: Openai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day that was landed half full was once taken for whole when nobody ran in the week after."""
    openai.amounts["2026-10-11"] = ["1"]
    run(openai, tmp_path, monkeypatch, SINCE)
    openai.amounts["2026-10-11"] = ["1", "2"]
    outcomes = run(openai, tmp_path, monkeypatch, date(2026, 11, 20))
    assert "2026-10-11" in openai.asked
    restated = next(outcome for outcome in outcomes if outcome.partition == "2026-10-11")
    assert (restated.status, restated.row_count) == ("landed", 2)
    run(openai, tmp_path, monkeypatch, date(2026, 11, 21))
    assert "2026-10-11" not in openai.asked, "it was answered after it had settled"


def test_an_answer_that_says_nothing_new_counts_as_an_answer(
    openai: Openai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(openai, tmp_path, monkeypatch, SINCE)
    outcomes = run(openai, tmp_path, monkeypatch, date(2026, 11, 20))
    assert next(outcome.status for outcome in outcomes if outcome.partition == "2026-10-11") == "unchanged"
    run(openai, tmp_path, monkeypatch, date(2026, 11, 21))
    assert "2026-10-11" not in openai.asked
    package = next(item for item in packages(Home(tmp_path)) if item.manifest.partition == "2026-10-11")
    for path in sorted(package.folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    run(openai, tmp_path, monkeypatch, date(2026, 11, 21))
    assert "2026-10-11" in openai.asked, "a package that is gone is read anew"


def test_a_refused_window_stays_refused_until_all_of_it_landed(
    openai: Openai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.inputs import select
    from orchestration.settings import Settings

    openai.amounts["2026-10-11"] = ["text"]
    (refused,) = run(openai, tmp_path, monkeypatch, SINCE + timedelta(days=1))
    assert refused.status == "rejected"
    report = next((tmp_path / "rejected").rglob("report.json"))
    assert '"mended_at": null' in report.read_text()
    openai.amounts["2026-10-11"] = ["3"]
    outcomes = run(openai, tmp_path, monkeypatch, SINCE)
    assert [outcome.status for outcome in outcomes] == ["landed"]
    assert '"mended_at": null' in report.read_text(), "the second day of the refused window is still missing"
    run(openai, tmp_path, monkeypatch, SINCE + timedelta(days=1))
    assert '"mended_at": null' not in report.read_text()
    assert select(Settings(home=tmp_path)).roles


def test_an_emptied_day_is_held_again_after_it_was_overtaken(
    openai: Openai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same empty answer was once taken for its overtaken twin, which nobody could accept."""
    from orchestration.landing import accept

    openai.amounts["2026-10-11"] = ["1", "2", "3", "4"]
    run(openai, tmp_path, monkeypatch, SINCE)
    openai.amounts["2026-10-11"] = []
    (first,) = run(openai, tmp_path, monkeypatch, SINCE)
    assert first.status == "held"
    openai.amounts["2026-10-11"] = ["1", "2", "3", "5"]
    assert [outcome.status for outcome in run(openai, tmp_path, monkeypatch, SINCE)] == ["landed"]
    openai.amounts["2026-10-11"] = []
    (second,) = run(openai, tmp_path, monkeypatch, SINCE)
    assert second.status == "held"
    assert second.delivery_id != first.delivery_id
    accept(Home(tmp_path), str(second.delivery_id))
    openai.amounts["2026-10-11"] = []
    assert [outcome.status for outcome in run(openai, tmp_path, monkeypatch, SINCE)] == ["unchanged"]


def test_nothing_that_is_not_scrubbed_lies_below_landing(
    openai: Openai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(openai, tmp_path, monkeypatch, SINCE)
    assert not (tmp_path / "builds" / "work" / "fetched").exists() or not list(
        (tmp_path / "builds" / "work" / "fetched").iterdir()
    )
    assert len(landed_rows(tmp_path, "openai", "costs")) == 1


def test_another_person_key_is_refused_for_every_table_of_the_home(
    openai: Openai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(openai, tmp_path, monkeypatch, SINCE)
    monkeypatch.setattr("tests.vendor.PERSON_KEY", "another key for the same people")
    with vendor(lambda _: Answer({"object": "list", "data": [], "has_more": False})) as running:
        outcomes = land(
            tmp_path, monkeypatch, "openai", "projects", running.url, today=SINCE, months=MONTHS, since=SINCE
        )
    assert [outcome.status for outcome in outcomes] == ["failed"]
    assert "fingerprint" in outcomes[0].message


def test_a_month_of_days_that_was_damaged_is_compacted_anew(
    openai: Openai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kept file has the hash of its bytes in its name; a flipped byte was once read as it was."""
    from orchestration.inputs import lay_out, select
    from orchestration.settings import Settings, SourceSettings

    run(openai, tmp_path, monkeypatch, SINCE + timedelta(days=3))
    source = SourceSettings(vendor="openai", name="main", location="https://api.openai.com/v1")
    settings = Settings(home=tmp_path, sources=(source,))
    lay_out(settings, select(settings))
    (kept,) = Home(tmp_path).compacted.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    lay_out(settings, select(settings))
    (again,) = Home(tmp_path).compacted.iterdir()
    assert again.name.partition("-")[0] == kept.name.partition("-")[0]
    laid = Home(tmp_path).inputs / "openai" / "costs" / "main" / "all" / "2026-10.parquet"
    with duckdb.connect() as connection:
        rows = connection.execute("select count(*), count(distinct delivery_id) from read_parquet(?)", [str(laid)])
        assert rows.fetchone() == (4, 4)

"""OpenCost and Prometheus: what is asked, what is kept, what is no answer, and the GPU hours that come of it."""

import copy
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.scrubbing import PersonHasher
from tests.deliveries import write_bytes
from tests.support import meterhouse, published, query, write_config
from tests.vendor import KEY, PERSON_KEY, Answer, Question, land, landed_rows, texts_below, vendor

SAMPLES = Path(__file__).parent / "samples"
ALLOCATIONS = json.loads((SAMPLES / "opencost_allocations.json").read_text())
SAMPLES_OF_GPUS = json.loads((SAMPLES / "dcgm_gpu_utilisation.json").read_text())
EXPORT = (SAMPLES / "opencost_export.csv").read_text()
HASHER = PersonHasher(PERSON_KEY)
DAY, DAY_BEFORE = "2026-10-14", "2026-10-13"
MIDNIGHT = 1791936000
VLLM = "eu1/gpu-node-a/llm-serving/vllm-8b-0/vllm"
Say = Callable[[Question], Answer]


def of_day(day: str, content: Any = ALLOCATIONS) -> Any:
    return json.loads(json.dumps(content).replace(DAY, day).replace("2026-10-15T", f"{day[:8]}{int(day[8:]) + 1}T"))


def opencost(question: Question) -> Answer:
    """The sample for the day before yesterday's window, and an empty set for every other day."""
    assert question.path == "/allocation"
    day = question.query["window"][0][:10]
    return Answer(ALLOCATIONS if day == DAY else {"code": 200, "data": [{}]})


def prometheus(question: Question) -> Answer:
    """The samples that lie between start and end, as Prometheus cuts them."""
    assert question.path == "/api/v1/query_range"
    start, end = (int(question.query[name][0]) for name in ("start", "end"))
    said = copy.deepcopy(SAMPLES_OF_GPUS[question.query["query"][0]])
    for series in said["data"]["result"]:
        series["values"] = [pair for pair in series["values"] if start <= pair[0] <= end]
    return Answer(said)


def landing(
    home: Path, monkeypatch: pytest.MonkeyPatch, say: Say, table: str = "opencost_allocations", **source: Any
) -> tuple[list[Any], list[Question]]:
    with vendor(say) as running:
        options = {"currency": "USD", "prometheus": running.url} | source.pop("options", {})
        outcomes = land(home, monkeypatch, "kubernetes", table, running.url, scope="eu1", options=options, **source)
        return outcomes, running.questions


def statuses(outcomes: list[Any]) -> list[tuple[str | None, str, int]]:
    return [(outcome.partition, outcome.status, outcome.row_count) for outcome in outcomes]


# OpenCost.


def test_each_day_is_one_window_that_is_not_accumulated_with_idle_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes, questions = landing(tmp_path, monkeypatch, opencost, since=date(2026, 10, 13))
    # Yesterday is the last day; an empty day is data.
    assert statuses(outcomes) == [(DAY_BEFORE, "landed", 0), (DAY, "landed", 5)]
    assert questions[1].query == {
        "window": ["2026-10-14T00:00:00Z,2026-10-15T00:00:00Z"],
        "accumulate": ["false"],
        "includeIdle": ["true"],
        "idleByNode": ["true"],
    }
    assert "authorization" not in questions[0].headers
    assert [check.name for outcome in outcomes for check in outcome.checks if not check.passed] == []
    rows = landed_rows(
        tmp_path, "kubernetes", "opencost_allocations", "allocation_name, gpu_hours, gpu_cost, currency, provider_id"
    )
    assert (VLLM, Decimal(48), Decimal("96.48"), "USD", "aws:///eu-west-1a/i-0abc") in rows
    assert [name for name, *_ in rows if "__" in name] == [
        "eu1/__unmounted__/__unmounted__/__unmounted__/__unmounted__",
        "gpu-node-a/__idle__",
    ]


def test_a_key_is_sent_where_one_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, questions = landing(tmp_path, monkeypatch, opencost, key_variable="OPENCOST_TOKEN")
    assert questions[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_restated_day_replaces_and_the_same_day_is_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The cloud's bill arrived.
    restated = copy.deepcopy(ALLOCATIONS)
    restated["data"][0][VLLM] |= {"gpuCostAdjustment": -3.2, "totalCost": 94.28}
    says: list[Say] = [opencost, opencost, lambda _: Answer(restated)]
    found = [statuses(landing(tmp_path, monkeypatch, say)[0])[0][1] for say in says]
    assert found == ["landed", "unchanged", "landed"]


def test_a_day_that_prometheus_forgot_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landing(tmp_path, monkeypatch, opencost)
    outcomes, _ = landing(tmp_path, monkeypatch, lambda _: Answer({"code": 200, "data": []}))
    assert statuses(outcomes) == [(DAY, "held", 0)]


def test_what_cannot_be_computed_is_null(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = copy.deepcopy(ALLOCATIONS)
    said["data"][0][VLLM] |= {"gpuCost": None, "totalCost": None}
    (outcome,), _ = landing(tmp_path, monkeypatch, lambda _: Answer(said))
    assert outcome.status == "landed"
    where = "gpu_cost, total_cost, allocation_name"
    assert (None, None, VLLM) in landed_rows(tmp_path, "kubernetes", "opencost_allocations", where)


def test_people_in_labels_are_hashed_and_annotations_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing(tmp_path, monkeypatch, opencost)
    kept = texts_below(tmp_path)
    assert HASHER.hash("ada.archer@example.org").encode() in kept
    assert b"archer" not in kept
    assert b"bruno" not in kept
    manifest = json.loads(next(tmp_path.glob("landing/kubernetes/*/*/*/*/*/manifest.json")).read_text())
    assert "data.properties.annotations" in manifest["unknown_columns"]


ONE_DAY = ALLOCATIONS["data"][0]
NO_ANSWERS = {
    "a message with 200": ({"code": 500, "data": [], "message": "prometheus is down"}, "prometheus is down"),
    "no data": ({"code": 200, "data": None}, "'data'"),
    "two sets": ({"code": 200, "data": [ONE_DAY, ONE_DAY]}, "2 sets"),
    "another day": (of_day("2026-10-12"), "2026-10-12T00:00:00Z"),
    "a list of lists": ({"code": 200, "data": [["a"]]}, "one set of allocations"),
    "NaN": ('{"code": 200, "data": [{"a": {"totalCost": NaN}}]}', "JSON"),
    "half an answer": ('{"code": 200, "data": [{"a"', "JSON"),
}


@pytest.mark.parametrize(("content", "words"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_set_of_allocations_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any, words: str
) -> None:
    (outcome,), _ = landing(tmp_path, monkeypatch, lambda _: Answer(content))
    assert outcome.status == "failed"
    assert words in outcome.message
    assert not list(tmp_path.glob("landing/kubernetes/*/*/*/*/*/manifest.json"))


def test_a_refused_request_is_said_and_takes_nothing_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landing(tmp_path, monkeypatch, opencost)
    (outcome,), questions = landing(tmp_path, monkeypatch, lambda _: Answer("no window", status=400))
    assert (outcome.status, len(questions)) == ("failed", 1)
    assert "status 400" in outcome.message
    assert len(landed_rows(tmp_path, "kubernetes", "opencost_allocations")) == 5


def test_an_answer_that_lost_a_field_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(ALLOCATIONS).replace("totalCost", "cost")
    (outcome,), _ = landing(tmp_path, monkeypatch, lambda _: Answer(text))
    assert outcome.status == "rejected"
    assert "totalCost" in outcome.message


CONFIGURATIONS = {
    "no currency": ({"currency": ""}, "options.currency"),
    "words for a currency": ({"currency": "dollars"}, "options.currency"),
    "another delivery": ({"delivery": "pigeon"}, "options.delivery"),
}


@pytest.mark.parametrize(("options", "words"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_an_option_that_cannot_be_is_refused_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], words: str
) -> None:
    (outcome,), questions = landing(tmp_path, monkeypatch, opencost, options=options)
    assert (outcome.status, questions) == ("failed", [])
    assert words in outcome.message


def test_http_to_another_host_needs_a_word_and_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(**source: Any) -> str:
        options = {"currency": "USD"} | source.pop("options", {})
        location = "http://opencost.opencost.invalid:9003"
        table = "opencost_allocations"
        (outcome,) = land(tmp_path, monkeypatch, "kubernetes", table, location, options=options, **source)
        return str(outcome.message)

    assert "an https address" in asked()
    assert "an https address" in asked(options={"plain_http": "yes"}, key_variable="OPENCOST_TOKEN")
    assert "tries" in asked(options={"plain_http": "yes"})


# The CSV export.


def test_the_csv_export_lands_by_day_with_its_labels_and_without_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export(text: str, age: int = 0) -> list[Any]:
        write_bytes(tmp_path / "export" / "opencost.csv", text.encode(), age)
        options = {"currency": "EUR", "delivery": "files"}
        location = str(tmp_path / "export")
        return land(
            tmp_path / "home", monkeypatch, "kubernetes", "opencost_allocations", location, options=options, scope="eu1"
        )

    assert statuses(export(EXPORT)) == [(DAY_BEFORE, "landed", 1), (DAY, "landed", 1)]
    columns = "allocation_date, allocation_name, gpu_count, gpu_cost, total_cost, labels, currency"
    rows = landed_rows(tmp_path / "home", "kubernetes", "opencost_allocations", columns)
    name = "llm-serving/vllm-8b-0/vllm"
    hashed = HASHER.hash("ada.archer@example.org")
    labels = json.dumps({"team": "search", "app": f"of {hashed}"}, separators=(",", ":"))
    cost = Decimal("96.4800000001")
    assert rows == [
        (date(2026, 10, 13), name, Decimal(2), cost, cost + 1, labels, "EUR"),
        # NaN is null, and an empty label is none.
        (date(2026, 10, 14), name, Decimal(2), None, Decimal(1), None, "EUR"),
    ]
    assert b"archer" not in texts_below(tmp_path / "home")
    # The export is written anew every day; what it says of older days is unchanged.
    grown = EXPORT + EXPORT.splitlines()[2].replace(DAY, "2026-10-15") + "\n"
    assert [status for _, status, _ in statuses(export(grown, age=1))] == ["unchanged", "unchanged", "landed"]


def test_a_csv_that_opencost_did_not_write_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path / "export" / "opencost.csv", EXPORT.replace("GPUCost", "Cost").encode())
    options = {"currency": "EUR", "delivery": "files"}
    location = str(tmp_path / "export")
    (outcome,) = land(tmp_path / "home", monkeypatch, "kubernetes", "opencost_allocations", location, options=options)
    assert outcome.status == "rejected"
    assert "no GPUCost" in outcome.message


# DCGM, through Prometheus.


def test_hours_are_asked_for_by_their_ends_and_gaps_stay_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes, questions = landing(tmp_path, monkeypatch, prometheus, "gpu_utilisation", since=date(2026, 10, 13))
    averages = 12 + 2 + 10 + 22 + 6 + 18 + 12
    counts = 24 + 22 + 6 + 18 + 12
    assert statuses(outcomes) == [(DAY_BEFORE, "landed", 0), (DAY, "landed", averages + counts)]
    assert questions[0].query == {
        "query": ["avg_over_time(DCGM_FI_PROF_GR_ENGINE_ACTIVE[1h])"],
        "start": [str(MIDNIGHT - 23 * 3600)],
        "end": [str(MIDNIGHT + 24 * 3600)],
        "step": ["3600"],
    }
    assert len(questions) == 4
    rows = landed_rows(
        tmp_path,
        "kubernetes",
        "gpu_utilisation",
        "gpu_uuid, (ended_at_second - 1791936000) // 3600, value, exported_pod, pod",
    )
    first = [row for row in rows if row[0] == "GPU-1"]
    # What is no number has its row and no value; what was not sampled has no row.
    assert ("GPU-1", 13, None, "vllm-8b-0", "nvidia-dcgm-exporter-x") in first
    assert ("GPU-1", 1, Decimal("97.123456789012345"), "vllm-8b-0", "nvidia-dcgm-exporter-x") in first
    assert [row for row in rows if row[0] == "GPU-2" and row[1] in (13, 14)] == []


def test_one_cluster_of_many_is_asked_for_by_its_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def empty(_: Question) -> Answer:
        return Answer({"status": "success", "data": {"resultType": "matrix", "result": []}})

    _, questions = landing(
        tmp_path, monkeypatch, empty, "gpu_utilisation", options={"prometheus_matcher": 'cluster="eu1"'}
    )
    assert questions[1].query["query"] == ['count_over_time(DCGM_FI_PROF_GR_ENGINE_ACTIVE{cluster="eu1"}[1h])']
    broken = {"prometheus_matcher": 'cluster="eu1"}) or vector(1'}
    (outcome,), questions = landing(tmp_path, monkeypatch, empty, "gpu_utilisation", options=broken)
    assert (outcome.status, questions) == ("failed", [])


def test_without_prometheus_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (outcome,), questions = landing(tmp_path, monkeypatch, prometheus, "gpu_utilisation", options={"prometheus": ""})
    assert (outcome.status, questions) == ("nothing_new", [])


def matrix(*values: Any) -> dict[str, Any]:
    series = {"metric": {"UUID": "GPU-1"}, "values": list(values)}
    return {"status": "success", "data": {"resultType": "matrix", "result": [series]}}


NO_SAMPLES = {
    "an error with 200": ({"status": "error", "error": "too many samples", "data": {}}, "too many samples"),
    "a vector": ({"status": "success", "data": {"resultType": "vector", "result": []}}, "a matrix"),
    "no values": ({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}}]}}, "KeyError"),
    "words for a value": (matrix([MIDNIGHT + 3600, "much"]), "'much' is no number"),
    "three in a pair": (matrix([MIDNIGHT + 3600, "1", "2"]), "ValueError"),
}


@pytest.mark.parametrize(("content", "words"), NO_SAMPLES.values(), ids=NO_SAMPLES)
def test_what_is_no_matrix_of_samples_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any, words: str
) -> None:
    (outcome,), _ = landing(tmp_path, monkeypatch, lambda _: Answer(content), "gpu_utilisation")
    assert outcome.status == "failed"
    assert words in outcome.message


@pytest.mark.parametrize("moment", [MIDNIGHT + 25 * 3600, MIDNIGHT + 1800], ids=["another day", "half an hour"])
def test_samples_of_other_times_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    (outcome,), _ = landing(tmp_path, monkeypatch, lambda _: Answer(matrix([moment, "0.5"])), "gpu_utilisation")
    assert outcome.status == "rejected"


# The whole way.


def test_gpu_hours_are_published_by_who_held_them(tmp_path: Path) -> None:
    """Two days: one with work, one without. The figures are those of the samples, reckoned by hand."""

    def answer(question: Question) -> Answer:
        return opencost(question) if question.path == "/allocation" else prometheus(question)

    with vendor(answer) as running:
        source = {"vendor": "kubernetes", "name": "clusters", "location": running.url, "scope": "eu1"}
        bill = {"vendor": "oci", "name": "tenancy", "location": str(SAMPLES / "oci_cost_report.csv")}
        config = write_config(tmp_path / "meterhouse.toml", bill, source, today="2026-10-15", first_month="2026-10")
        options = f'since = 2026-10-13\n[sources.options]\ncurrency = "USD"\nprometheus = "{running.url}"\n'
        config.write_text(config.read_text() + options)
        home = tmp_path / "var"
        finished = meterhouse(home, "run", "--config", str(config), METERHOUSE_PERSON_KEY=PERSON_KEY)
    assert finished.code == 0, finished.output
    rows = query(
        published(home).database,
        "select coalesce(controller, 'idle'), team, environment, workload_phase, gpu_model, provider_resource_id, "
        "gpu_capacity_hours, gpu_requested_hours, gpu_used_hours, gpu_idle_hours, gpu_unmeasured_hours, "
        "mean_utilisation, sample_coverage, estimated_gpu_cost, estimate_currency "
        "from engineering.gpu_allocations order by 1",
    )

    def decimals(*texts: str | None) -> tuple[Decimal | None, ...]:
        return tuple(None if text is None else Decimal(text) for text in texts)

    # 12 hours at 0.5 and 10 at 0.25 on two GPUs; two hours of each have no sample.
    mean = ((12 * Decimal("0.5") + 10 * Decimal("0.25")) / 22).quantize(Decimal("0.000001"))
    used = (44 * mean).quantize(Decimal("0.000001"))
    serving = (Decimal(48), Decimal(48), used, 44 - used, Decimal(4), mean, Decimal("0.916667"), Decimal(96))
    tuning = decimals("6", "6", "5.4", "0.6", "0", "0.9", "1", "12.06")
    # The third GPU had nobody for 18 hours: three GPUs' day is 48 + 6 + 18.
    idle = decimals("18", "0", "0", "18", "0", None, None, "36.18")
    model = "NVIDIA H100 80GB HBM3"
    assert rows == [
        ("finetune-7", "risk-models", None, "fine-tuning", model, "i-0abc", *tuning, "USD"),
        ("idle", None, None, None, model, "i-0abc", *idle, "USD"),
        ("vllm-8b", "search", "prod", "inference", "NVIDIA-H100-80GB", "i-0abc", *serving, "USD"),
    ]
    # Estimates are no spend: there is what the bill says, its GPU hours are AI, and no cent more.
    spend = query(
        published(home).database,
        "select is_ai, sum(billed_cost), sum(charge_count) from finance.ledger_entries group by 1 order by 1",
    )
    assert spend == [
        (False, Decimal("0.012264277506217033"), 2),
        (True, Decimal(154), 3),
    ]

"""What runs on GPUs of our own or rented nodes: OpenCost's (or Kubecost's) allocations and DCGM's GPU utilisation.

Drivers, not charges: they say who held a node that the cloud's bill holds already. `location` is OpenCost's address, or
with the option `delivery = "files"` the folder of its CSV export; the option `prometheus` is the address that is asked
for DCGM's metrics. Neither has a key by itself; a `key_variable` is sent as a bearer token. `scope` names the cluster.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from orchestration.contracts import Column, Contract
from orchestration.errors import DeliveryError
from orchestration.schedules import Days, windows
from orchestration.sources import people_files
from orchestration.sources.api import Api, Page, answers_with
from orchestration.sources.base import Delivery, Fetch, SourceTable, Vendor

# OpenCost corrects its estimates when the cloud's bill arrives, within days.
ALLOCATION_RHYTHM = Days(reread=7, settle=1)
SAMPLE_RHYTHM = Days(reread=2, settle=1)
# The first is preferred where a GPU has it.
METRICS = ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_GPU_UTIL")
STATISTICS = {"average": "avg_over_time", "samples": "count_over_time"}
HOUR = 3600
# A thousand GPUs have half a million samples in a week.
DAYS_A_QUESTION = 7
MATCHER = re.compile(r'[A-Za-z_]\w*(=|!=|=~|!~)"[^"{}\\]*"(,[A-Za-z_]\w*(=|!=|=~|!~)"[^"{}\\]*")*', re.ASCII)
LABEL = "Label_"
OF_THE_API = answers_with("OpenCost allocation API", "allocation_name", "started_at", "ended_at", "total_cost")
CSV_COLUMNS = ("allocation_date", "namespace", "pod", "container", "gpu_count", "gpu_cost", "total_cost")


def opencost_allocations(fetch: Fetch) -> Iterator[Delivery]:
    """The allocations of each due day, a request a day; or new files of the CSV export, people and secrets masked.

    Options: `currency` (which OpenCost does not tell), `delivery` ("api" or "files"), `plain_http` ("yes": http inside
    a cluster, without a key). Raises DeliveryError when an answer is not one set of allocations of the day.
    """
    constants = {"currency": _option(fetch, "currency", "[A-Z]{3}", "a currency such as USD")}
    if _option(fetch, "delivery", "api|files", "api or files", "api") == "files":
        yield from people_files.deliveries(fetch, lambda contract, columns: _csv_values(contract, columns, constants))
        return
    for day in fetch.due_days:
        params = {
            "window": f"{day}T00:00:00Z,{day + timedelta(days=1)}T00:00:00Z",
            "accumulate": "false",
            "includeIdle": "true",
            "idleByNode": "true",
        }
        answers = _pages(fetch, "/allocation", params)
        said = constants | {"allocation_date": day.isoformat()}
        pages = ((_with_list(fetch, page, day), said) for page in answers)
        yield _api(fetch).delivery(f"opencost-allocations-{day}", pages, (day.isoformat(),))


def gpu_utilisation(fetch: Fetch) -> Iterator[Delivery]:
    """Hourly averages of the due days and of how many samples they are; nothing without the option `prometheus`.

    Options: `prometheus` (an address), `prometheus_matcher` (`cluster="eu1"`, where it knows several clusters).
    """
    address = fetch.source.options.get("prometheus")
    if not address:
        return
    matcher = _option(fetch, "prometheus_matcher", MATCHER.pattern, 'a label matcher such as cluster="eu1"', "")
    asked = replace(fetch, source=fetch.source.model_copy(update={"location": address}))
    for window in windows(fetch.due_days, DAYS_A_QUESTION):
        pages = _sample_pages(asked, window, matcher)
        delivery = _api(asked).delivery(f"gpu-utilisation-{window[0]}", pages, tuple(day.isoformat() for day in window))
        # A cluster without MIG has no column of it. That is no change of the exporter's format.
        columns = tuple(column.name for column in fetch.contract.columns)
        yield replace(delivery, files=tuple(replace(file, columns=columns) for file in delivery.files))


def recognise(source: str, file: str, contract: Contract, columns: Sequence[str]) -> str:
    """The API's answer or the CSV export, by the file's name; raises DeliveryError when a needed column is gone."""
    if not file.endswith(".csv"):
        return OF_THE_API(source, file, contract, columns)
    missing = [name for name in CSV_COLUMNS if name not in columns]
    if missing:
        headers = {column.name: str(column.properties.get("csvName", column.name)) for column in contract.columns}
        raise DeliveryError(
            source=source,
            file=file,
            line=1,
            column=headers[missing[0]],
            expected=f"the columns {', '.join(headers[name] for name in CSV_COLUMNS)}, as OpenCost exports them",
            found=f"no {', '.join(headers[name] for name in missing)}",
            next_step="deliver OpenCost's own CSV export",
        )
    return "OpenCost CSV export"


def _csv_values(contract: Contract, columns: Sequence[str], constants: Mapping[str, str]) -> dict[str, str]:
    """SQL of each column that the export has, by the contract's name."""
    found = {column.name: _header(column) for column in contract.columns if _header(column) in columns}
    values = {name: f'"{header}"' for name, header in found.items()}
    labels = [column for column in columns if column.startswith(LABEL)]
    if labels and "labels" not in values:
        # A label a column, where it was configured so; an empty cell is no label.
        entries = ", ".join(f"'{_quoted(column[len(LABEL) :])}': \"{column}\"" for column in labels)
        values["labels"] = f"nullif(cast(json_merge_patch('{{}}', to_json({{{entries}}})) as varchar), '{{}}')"
    if {"namespace", "pod", "container"} <= values.keys():
        values["allocation_name"] = 'concat_ws(\'/\', "Namespace", "Pod", "Container")'
    return values | {name: f"'{value}'" for name, value in constants.items()}


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _header(column: Column) -> str:
    return str(column.properties.get("csvName", ""))


def _with_list(fetch: Fetch, page: Page, day: date) -> Page:
    """The page with its one map of allocations as a list. Nothing is left out: the map's keys are the names."""
    content = page.content
    sets = [found for found in content["data"] if found]
    if content.get("code", 200) != 200 or len(sets) > 1 or not all(isinstance(found, dict) for found in sets):
        found = f"code {content.get('code')}, {len(sets)} sets: {str(content.get('message', ''))[:200]}"
        raise _refusal(fetch, day, "code 200 and one set of allocations", found)
    records = [({"name": name} | record) for found in sets for name, record in found.items()]
    for record in records:
        start = (record.get("window") or {}).get("start")
        if start != f"{day}T00:00:00Z":
            raise _refusal(fetch, day, f"a window that begins at {day}T00:00:00Z", f"{start} of {record['name'][:100]}")
    return replace(page, content={"data": records})


def _sample_pages(fetch: Fetch, window: Sequence[date], matcher: str) -> Iterator[tuple[Page, dict[str, str]]]:
    selector = f"{{{matcher}}}" if matcher else ""
    first = int(datetime(window[0].year, window[0].month, window[0].day, tzinfo=UTC).timestamp())
    for metric in METRICS:
        for statistic, function in STATISTICS.items():
            # A value at an hour's end is of the hour before.
            params = {
                "query": f"{function}({metric}{selector}[1h])",
                "start": str(first + HOUR),
                "end": str(first + len(window) * 24 * HOUR),
                "step": str(HOUR),
            }
            for page in _pages(fetch, "/api/v1/query_range", params):
                yield _with_samples(fetch, page, window[0]), {"metric_name": metric, "statistic": statistic}


def _with_samples(fetch: Fetch, page: Page, day: date) -> Page:
    """The page with one record a sample. What is text but no number (NaN, +Inf) is a sample without a value."""
    content, data = page.content, page.content["data"]
    result = data.get("result") if isinstance(data, dict) else None
    if content.get("status") != "success" or not isinstance(result, list) or data.get("resultType") != "matrix":
        found = f"status {content.get('status')}: {str(content.get('error', ''))[:200]}"
        raise _refusal(fetch, day, "status success and a matrix", found)
    try:
        samples = [
            {"metric": series["metric"], "at": int(moment), "value": _number(value)}
            for series in result
            for moment, value in series["values"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise _refusal(fetch, day, "series of times and values", f"{type(error).__name__}: {error}") from None
    return replace(page, content={"data": {"result": samples}})


def _number(text: str) -> str | None:
    try:
        return text if Decimal(text).is_finite() else None
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is no number") from None


def _pages(fetch: Fetch, path: str, params: Mapping[str, str]) -> Iterator[Page]:
    from dlt.sources.helpers.rest_client.paginators import SinglePagePaginator

    return _api(fetch).pages(path, SinglePagePaginator(), params)


def _api(fetch: Fetch) -> Api:
    from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

    has_key = fetch.source.key_variable is not None
    is_plain = _option(fetch, "plain_http", "yes|no", "yes or no", "no") == "yes"
    return Api(fetch, BearerTokenAuth(fetch.key()) if has_key else None, is_plain_http_fine=is_plain and not has_key)


def _option(fetch: Fetch, name: str, pattern: str, expected: str, default: str | None = None) -> str:
    said = fetch.source.options.get(name, default)
    if said is None or (said != default and not re.fullmatch(pattern, said)):
        raise DeliveryError(
            source=fetch.label,
            expected=f"options.{name} as {expected}",
            found=repr(said) if said is not None else "nothing",
            next_step="mend the configuration and run again",
        )
    return said


def _refusal(fetch: Fetch, day: date, expected: str, found: str) -> DeliveryError:
    return DeliveryError(
        source=fetch.label,
        partition=day.isoformat(),
        expected=expected,
        found=found,
        next_step="run again; look into the log of OpenCost or Prometheus if it stays so",
    )


KUBERNETES = Vendor(
    "kubernetes",
    (
        SourceTable("opencost_allocations", opencost_allocations, recognise, ALLOCATION_RHYTHM),
        SourceTable("gpu_utilisation", gpu_utilisation, answers_with("DCGM exporter"), SAMPLE_RHYTHM),
    ),
    options=("currency", "delivery", "plain_http", "prometheus", "prometheus_matcher"),
)

"""OpenAI's admin API: what the organization is charged, what it used, and the names of its projects and keys.

Only the asking is here. What is kept of an answer stands in the contracts, `data_contracts/landing/openai_*.odcs.yaml`;
what a line item means is read in staging. Parameters, groupings and page sizes are those of
https://platform.openai.com/docs/api-reference/usage and https://platform.openai.com/docs/api-reference/projects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from orchestration.errors import DeliveryError
from orchestration.schedules import Days, windows
from orchestration.sources.api import Api, Page, answers_with
from orchestration.sources.base import Delivery, Fetch, SourceTable, Vendor

# No settling time is documented, so a day is asked for again for a week, a month until it is ten days old.
RHYTHM = Days(reread=7, previous_month_until=10, deep_reread=90)
# The most buckets that a usage page may have; more is refused, not cut.
BUCKETS_A_PAGE = 31
RECORDS_A_PAGE = 100

COST_DIMENSIONS = ("project_id", "line_item", "api_key_id")
# Grouping costs by key is refused (400) for windows that begin earlier.
FIRST_DAY_WITH_KEYS = date(2025, 12, 6)

# Each usage endpoint with the dimensions it can be grouped by. A person is one of them where a key is, and is asked
# for only with the option `usage_by_user = "yes"`.
_MODEL_DIMENSIONS = ("project_id", "api_key_id", "model")
USAGE_DIMENSIONS = {
    "completions": (*_MODEL_DIMENSIONS, "batch", "service_tier"),
    "embeddings": _MODEL_DIMENSIONS,
    "moderations": _MODEL_DIMENSIONS,
    "images": (*_MODEL_DIMENSIONS, "size", "source"),
    "audio_speeches": _MODEL_DIMENSIONS,
    "audio_transcriptions": _MODEL_DIMENSIONS,
    "vector_stores": ("project_id",),
    "code_interpreter_sessions": ("project_id",),
    "file_search_calls": ("project_id", "api_key_id", "vector_store_id"),
    "web_search_calls": (*_MODEL_DIMENSIONS, "context_level"),
    "decisions": (*_MODEL_DIMENSIONS, "batch", "service_tier"),
}


def costs(fetch: Fetch) -> Iterator[Delivery]:
    """The bill of the due days, a delivery a window. Raises DeliveryError when a day has no bucket of its own."""
    days_without_keys = [day for day in fetch.due_days if day < FIRST_DAY_WITH_KEYS]
    days_with_keys = [day for day in fetch.due_days if day >= FIRST_DAY_WITH_KEYS]
    for days, dimensions in ((days_without_keys, COST_DIMENSIONS[:2]), (days_with_keys, COST_DIMENSIONS)):
        for window in windows(days, BUCKETS_A_PAGE):
            api = _api(fetch)
            pages = _buckets(api, "/organization/costs", dimensions, window)
            yield api.delivery("costs", pages, [day.isoformat() for day in window])


def usage(fetch: Fetch) -> Iterator[Delivery]:
    """What every endpoint metered on the due days. The endpoints of a window speak together: all or none is landed."""
    for window in windows(fetch.due_days, BUCKETS_A_PAGE):
        api = _api(fetch)
        delivery = api.delivery("usage", _usage_pages(api, window), [day.isoformat() for day in window])
        # A window in which nobody made an image has no column of images. That is no change of the vendor's format.
        columns = tuple(column.name for column in fetch.contract.columns)
        yield replace(delivery, files=tuple(replace(file, columns=columns) for file in delivery.files))


def projects(fetch: Fetch) -> Iterator[Delivery]:
    """All projects as they are today, archived ones too."""
    for day in fetch.due_days:
        api = _api(fetch)
        pages = ((page, {"snapshot_date": day.isoformat()}) for page, _ in _project_pages(api))
        yield api.delivery("projects", pages, (day.isoformat(),))


def api_keys(fetch: Fetch) -> Iterator[Delivery]:
    """The keys of every project as they are today. The vendor never shows the keys themselves."""
    for day in fetch.due_days:
        api = _api(fetch)
        yield api.delivery("api_keys", _key_pages(api, day), (day.isoformat(),))


def _api(fetch: Fetch) -> Api:
    from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

    return Api(fetch, auth=BearerTokenAuth(fetch.key()))


def _usage_pages(api: Api, window: Sequence[date]) -> Iterator[tuple[Page, dict[str, str]]]:
    is_by_user = api.fetch.source.options.get("usage_by_user") == "yes"
    for endpoint, dimensions in USAGE_DIMENSIONS.items():
        users = ("user_id",) if is_by_user and "api_key_id" in dimensions else ()
        for page in _buckets(api, f"/organization/usage/{endpoint}", (*dimensions, *users), window):
            yield page, {"endpoint": endpoint}


def _buckets(api: Api, path: str, dimensions: Sequence[str], window: Sequence[date]) -> Iterator[Page]:
    """The pages of one question. Each day of the window has exactly one bucket, or money would be lost or doubled."""
    params: dict[str, Any] = {
        "start_time": _epoch(window[0]),
        "bucket_width": "1d",
        "limit": BUCKETS_A_PAGE,
        "group_by": list(dimensions),
    }
    # An end in the future is refused. Without one the vendor ends at its own now.
    if window[-1] < api.fetch.today:
        params["end_time"] = _epoch(window[-1] + timedelta(days=1))
    awaited = {_epoch(day): day for day in window}
    for page, records in _records(api, path, params, cursor=("next_page", "page")):
        for bucket in records:
            start = bucket.get("start_time")
            is_awaited = isinstance(start, int) and awaited.pop(start, None) is not None
            if not is_awaited or not isinstance(bucket.get("results"), list):
                raise _refusal(api, path, window, f"a bucket that begins at {start}, not awaited or without results")
        yield page
    if awaited:
        raise _refusal(api, path, window, f"no bucket of {', '.join(map(str, awaited.values()))}")


def _project_pages(api: Api) -> Iterator[tuple[Page, list[dict[str, Any]]]]:
    params = {"include_archived": "true", "limit": RECORDS_A_PAGE}
    return _records(api, "/organization/projects", params, cursor=("last_id", "after"))


def _key_pages(api: Api, day: date) -> Iterator[tuple[Page, dict[str, str]]]:
    for _, found in _project_pages(api):
        for project in found:
            name = str(project.get("id"))
            path = f"/organization/projects/{quote(name, safe='')}/api_keys"
            # Without it, keys of people who left the project may be missing.
            params = {"owner_project_access": "any", "limit": RECORDS_A_PAGE}
            for page, _ in _records(api, path, params, cursor=("last_id", "after")):
                yield page, {"project_id": name, "snapshot_date": day.isoformat()}


def _records(
    api: Api, path: str, params: Mapping[str, Any], cursor: tuple[str, str]
) -> Iterator[tuple[Page, list[dict[str, Any]]]]:
    """Every page with the objects in its `data`; `cursor` is the field of the answer and the parameter it becomes."""
    from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

    paginator = JSONResponseCursorPaginator(*cursor, has_more_path="has_more")
    for page in api.pages(path, paginator, params):
        found = page.content.get("data") if isinstance(page.content, dict) else None
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise DeliveryError(
                source=api.fetch.label,
                expected="a list of objects named data",
                found=f"{page.request} without one",
                next_step="compare the vendor's page with orchestration/sources/openai.py",
            )
        yield page, found


def _refusal(api: Api, path: str, window: Sequence[date], found: str) -> DeliveryError:
    return DeliveryError(
        source=api.fetch.label,
        partition=window[0].isoformat(),
        expected=f"one bucket with results for each UTC day from {window[0]} to {window[-1]}",
        found=f"{path}: {found}",
        next_step="run again; ask the vendor if it stays so",
    )


def _epoch(day: date) -> int:
    """The first second of a UTC day, in Unix time."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


OPENAI = Vendor(
    "openai",
    (
        SourceTable("costs", costs, answers_with("costs", "start_time", "amount", "currency"), RHYTHM),
        SourceTable("usage", usage, answers_with("usage"), RHYTHM),
        SourceTable("projects", projects, answers_with("projects", "project_id"), is_snapshot=True),
        SourceTable("api_keys", api_keys, answers_with("project API keys", "api_key_id"), is_snapshot=True),
    ),
    key_variable="OPENAI_ADMIN_KEY",
    options=("usage_by_user",),
)

"""Anthropic's organisation reports: cost and usage of the Claude API a UTC day, and the names of workspaces and keys.

There are two generations of reports. `cost` and `usage` come from the Usage and Cost Analytics API; `legacy_cost` and
`legacy_usage` from the older Admin API, which alone knows 2025. A source asks one of them, never both. Amounts are
cents and are landed as cents; what they mean is said in `dbt_project/models/staging/anthropic/`.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from orchestration.errors import DeliveryError
from orchestration.schedules import Days, windows
from orchestration.sources.api import Api, Page, answers_with
from orchestration.sources.base import Delivery, Fetch, SourceTable, Vendor

ANALYTICS, LEGACY = "analytics", "legacy"
VERSION = {"anthropic-version": "2023-06-01"}
BETA = {"anthropic-beta": "analytics-usage-cost-2026-08-24"}

# What the analytics reports answer for: from this day on, and no start earlier than 365 days before the question.
FIRST_DAY = date(2026, 1, 1)
LONGEST_AGE = timedelta(days=364)
LONGEST_WINDOW = 31
# At most five. Region and speed are prices too, but keys and workspaces have owners; actor is a person, never asked.
GROUPS = ("workspace_id", "model", "service_tier", "context_window", "api_key_id")

# Figures move for 30 days. The running day is left out, as the vendor does not say that a range may end in the future.
RHYTHM = Days(reread=31, settle=1)


def cost(fetch: Fetch) -> Iterator[Delivery]:
    """The days that are due of the analytics cost report. Raises DeliveryError, at last for days it cannot answer."""
    # These two do not count towards the five.
    return _analytics(fetch, "cost", (*GROUPS, "cost_type", "token_type"))


def usage(fetch: Fetch) -> Iterator[Delivery]:
    """The days that are due of the analytics usage report. Raises DeliveryError, at last for days it cannot answer."""
    return _analytics(fetch, "usage", GROUPS)


def legacy_cost(fetch: Fetch) -> Iterator[Delivery]:
    """The days that are due of the older cost report. Raises DeliveryError, also when a day is missing in it.

    It knows no keys, and what is bought as Priority Tier is not in it.
    """
    return _legacy(fetch, "cost_report", ("workspace_id", "description"))


def legacy_usage(fetch: Fetch) -> Iterator[Delivery]:
    """The days that are due of the older report of messages. Raises DeliveryError, also when a day is missing in it."""
    return _legacy(fetch, "usage_report/messages", (*GROUPS, "inference_geo"))


def workspaces(fetch: Fetch) -> Iterator[Delivery]:
    """Every workspace there is today, archived ones and the default one too. Raises DeliveryError."""
    return _snapshot(fetch, "workspaces", {"include_archived": "true", "include_default": "true"})


def api_keys(fetch: Fetch) -> Iterator[Delivery]:
    """Every API key there is today: its name and place, no part of the secret. Raises DeliveryError."""
    return _snapshot(fetch, "api_keys", {})


def _analytics(fetch: Fetch, report: str, group_by: Sequence[str]) -> Iterator[Delivery]:
    days = _days(fetch, ANALYTICS)
    if not days:
        return
    api = _api(fetch, BETA)
    first = max(FIRST_DAY, fetch.today - LONGEST_AGE)
    answered = [day for day in days if day >= first]
    for window in windows(answered, LONGEST_WINDOW):
        parameters = {
            **_range(window),
            "time_bucket_width": "1d",
            "group_by[]": list(group_by),
            # By day: an amount that moves while we turn pages shifts rows of its own day only.
            "order_by": "time",
            "order": "asc",
            "limit": 1000,
        }
        pages = api.pages(f"/v1/organizations/analytics/{report}", _cursor("next_page", "page"), parameters)
        yield api.delivery(report, pages, _covers(window), watermark=_refreshed_at)
    if len(answered) < len(days):
        raise DeliveryError(
            source=fetch.label,
            partition=days[0].isoformat(),
            expected=f"days that the analytics reports answer for: {first} and later",
            found=f"{len(days) - len(answered)} earlier days that were never landed",
            next_step=f"set `since = {first}` for this source; a source of another name can ask the older reports for "
            'the days before, with options = {reports = "legacy", until = "..."}',
        )


def _legacy(fetch: Fetch, report: str, group_by: Sequence[str]) -> Iterator[Delivery]:
    days = _days(fetch, LEGACY)
    if not days:
        return
    api = _api(fetch)
    for window in windows(days, LONGEST_WINDOW):
        parameters = {**_range(window), "bucket_width": "1d", "group_by[]": list(group_by), "limit": LONGEST_WINDOW}
        pages = api.pages(f"/v1/organizations/{report}", _cursor("next_page", "page"), parameters)
        name = f"legacy_{report.replace('/', '_')}"
        yield api.delivery(name, _with_every_day(fetch, pages, window), _covers(window))


def _snapshot(fetch: Fetch, what: str, parameters: dict[str, str]) -> Iterator[Delivery]:
    for day in fetch.due_days:
        api = _api(fetch)
        path = f"/v1/organizations/{what}"
        pages = api.pages(path, _cursor("last_id", "after_id"), {**parameters, "limit": 1000})
        dated = ((page, {"snapshot_date": day.isoformat()}) for page in pages)
        yield api.delivery(what, dated, (day.isoformat(),))


def _days(fetch: Fetch, reports: str) -> list[date]:
    """The days to ask this generation of reports for: none when the source asks the other one.

    The option `until` ends a source's history, so that no day is billed by both generations.
    """
    options = fetch.source.options
    asked, until = options.get("reports", ANALYTICS), options.get("until", date.max.isoformat())
    if asked not in (ANALYTICS, LEGACY):
        raise _option_refusal(fetch, "reports", f"{ANALYTICS} or {LEGACY}", asked)
    try:
        last = date.fromisoformat(until)
    except ValueError:
        raise _option_refusal(fetch, "until", "a UTC day (YYYY-MM-DD)", until) from None
    return [day for day in fetch.due_days if day <= last] if asked == reports else []


def _option_refusal(fetch: Fetch, name: str, expected: str, found: str) -> DeliveryError:
    next_step = "mend the `options` of this source in the configuration"
    return DeliveryError(source=fetch.label, expected=f"option {name}: {expected}", found=found, next_step=next_step)


def _with_every_day(fetch: Fetch, pages: Iterable[Page], window: Sequence[date]) -> Iterator[Page]:
    """The pages as they are. Raises DeliveryError after the last when a day has no bucket; an empty day has one."""
    missing = {day.isoformat() for day in window}
    for page in pages:
        whole = [bucket for bucket in page.content["data"] if isinstance(bucket, dict) and _has_results(bucket)]
        missing -= {str(bucket.get("starting_at"))[:10] for bucket in whole}
        yield page
    if missing:
        raise DeliveryError(
            source=fetch.label,
            partition=min(missing),
            expected=f"a bucket for each day from {window[0]} to {window[-1]}",
            found=f"none for {', '.join(sorted(missing))}",
            next_step="run again; nothing of this answer was landed",
        )


def _has_results(bucket: dict[str, Any]) -> bool:
    """A bucket without its list is a new format, and no empty day."""
    return isinstance(bucket.get("results"), list)


def _api(fetch: Fetch, headers: dict[str, str] | None = None) -> Api:
    from dlt.sources.helpers.rest_client.auth import APIKeyAuth

    return Api(fetch, APIKeyAuth(name="x-api-key", api_key=fetch.key()), VERSION | (headers or {}))


def _cursor(field: str, parameter: str) -> Any:
    from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

    return JSONResponseCursorPaginator(cursor_path=field, cursor_param=parameter, has_more_path="has_more")


def _range(window: Sequence[date]) -> dict[str, str]:
    """The two bounds of a request: the first instant of the first day, and the first one after the last day."""
    after = window[-1] + timedelta(days=1)
    return {"starting_at": f"{window[0]}T00:00:00Z", "ending_at": f"{after}T00:00:00Z"}


def _covers(window: Sequence[date]) -> tuple[str, ...]:
    return tuple(day.isoformat() for day in window)


def _refreshed_at(content: Any) -> str | None:
    refreshed_at = content.get("data_refreshed_at")
    return None if refreshed_at is None else str(refreshed_at)


ANTHROPIC = Vendor(
    "anthropic",
    (
        SourceTable("cost", cost, answers_with("analytics 2026-08-24", *GROUPS, "cost_type", "token_type"), RHYTHM),
        SourceTable("usage", usage, answers_with("analytics 2026-08-24", *GROUPS, "uncached_input_tokens"), RHYTHM),
        SourceTable("legacy_cost", legacy_cost, answers_with("admin reports", "workspace_id", "description"), RHYTHM),
        SourceTable("legacy_usage", legacy_usage, answers_with("admin reports", *GROUPS), RHYTHM),
        SourceTable("workspaces", workspaces, answers_with("workspaces", "workspace_id"), is_snapshot=True),
        SourceTable("api_keys", api_keys, answers_with("api keys", "api_key_id"), is_snapshot=True),
    ),
    key_variable="ANTHROPIC_ADMIN_KEY",
    options=("reports", "until"),
)

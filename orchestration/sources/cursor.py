"""Cursor: usage events with what each was charged, and the members of the team today.

Endpoints and fields: cursor.com/docs, Admin API. Times are epoch milliseconds, money is US cents. `scope` names the
team. History is limited at the vendor, so the events of a day are kept from the first run on.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from orchestration.errors import DeliveryError
from orchestration.schedules import Days, windows
from orchestration.sources.api import Api, Page, answers_with
from orchestration.sources.base import Delivery, Fetch, SourceTable, Vendor

CURRENCY = "USD"
EVENTS_A_PAGE = 1000
# The longest stretch that the Admin API takes in one question.
DAYS_A_QUESTION = 30


def usage_events(fetch: Fetch) -> Iterator[Delivery]:
    """One delivery a window of due days, which have ended, so that its pages stand still. An event tells its own day.

    Raises DeliveryError when the events are not as many as the vendor counts: page numbers over moving data lose some.
    """
    from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

    constants = {"currency": CURRENCY}
    for window in windows(fetch.due_days, DAYS_A_QUESTION):
        first, last = _milliseconds(window)
        body = {"startDate": first, "endDate": last, "page": 1, "pageSize": EVENTS_A_PAGE}
        paginator = PageNumberPaginator(
            base_page=1,
            page_body_path="page",
            total_path=None,
            has_more_path="pagination.hasNextPage",
            stop_after_empty_page=False,
        )
        api = _api(fetch)
        answers = api.pages(
            "/teams/filtered-usage-events", paginator, method="POST", json=body, has_more=_has_next_page
        )
        pages = ((page, constants) for page in _all_events(fetch, answers, window))
        yield api.delivery(f"usage-events-{window[0]}", pages, [day.isoformat() for day in window])


def members(fetch: Fetch) -> Iterator[Delivery]:
    """Today's members of the team, removed ones included."""
    from dlt.sources.helpers.rest_client.paginators import SinglePagePaginator

    for day in fetch.due_days:
        constants = {"snapshot_date": day.isoformat()}
        api = _api(fetch)
        pages = api.pages("/teams/members", SinglePagePaginator())
        yield api.delivery(f"members-{day}", ((page, constants) for page in pages), (day.isoformat(),))


def _api(fetch: Fetch) -> Api:
    from dlt.sources.helpers.rest_client.auth import HttpBasicAuth

    return Api(fetch, HttpBasicAuth(fetch.key(), ""))


def _milliseconds(window: Sequence[date]) -> tuple[int, int]:
    """The first and the last millisecond of a window of UTC days."""
    first, end = (
        int(datetime.combine(day, time(), UTC).timestamp()) * 1000
        for day in (window[0], window[-1] + timedelta(days=1))
    )
    return first, end - 1


def _has_next_page(content: Any) -> bool | None:
    found: bool | None = content["pagination"]["hasNextPage"]
    return found


def _all_events(fetch: Fetch, pages: Iterable[Page], window: Sequence[date]) -> Iterator[Page]:
    received, announced = 0, set()
    for page in pages:
        received += len(page.content["usageEvents"])
        announced.add(page.content.get("totalUsageEventsCount"))
        yield page
    if announced != {received}:
        raise DeliveryError(
            source=fetch.label,
            partition=window[0].isoformat(),
            expected=f"as many events as totalUsageEventsCount says: {', '.join(map(str, announced))}",
            found=f"{received:,} events until {window[-1]}: they moved while the pages were read, or a page is missing",
            next_step="run again, an hour later if it happens again",
        )


CURSOR = Vendor(
    "cursor",
    (
        SourceTable(
            "usage_events",
            usage_events,
            answers_with("Cursor Admin API", "event_milliseconds", "user_email", "model", "kind"),
            Days(reread=2, settle=1),
        ),
        SourceTable("members", members, answers_with("Cursor Admin API", "email"), is_snapshot=True),
    ),
    key_variable="CURSOR_API_KEY",
)

"""GitHub Copilot: billed AI credits of each UTC day, and the seats that the organization has assigned today.

Endpoints and fields: docs.github.com, REST API, "Billing usage" and "Copilot user management". `scope` is the
organization's login. A customer whom Azure bills for GitHub finds these credits in Azure's export: such a source is
configured with `paused = true`, or the same money is counted twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from orchestration.errors import DeliveryError
from orchestration.schedules import Days, windows
from orchestration.sources.api import Api, Page, answers_with
from orchestration.sources.base import Delivery, Fetch, SourceTable, Vendor

if TYPE_CHECKING:
    from requests import Response

API_VERSION = "2026-03-10"
# What the billing reports are in; the answers do not say it.
CURRENCY = "USD"
SEATS_A_PAGE = 100
# Days that land together: a delivery costs the same for one day and for a month.
DAYS_A_DELIVERY = 31


def ai_credit_usage(fetch: Fetch) -> Iterator[Delivery]:
    """One delivery a window of due days: the answer has no dates in it, so every day of it is a question of its own.

    Raises DeliveryError when an answer speaks of another day than the one that was asked for.
    """
    for window in windows(fetch.due_days, DAYS_A_DELIVERY):
        api = _api(fetch)
        days = [day.isoformat() for day in window]
        yield api.delivery(f"ai-credits-{window[0]}", _credit_pages(api, window), days)


def copilot_seats(fetch: Fetch) -> Iterator[Delivery]:
    """Today's assigned seats. Raises DeliveryError when the pages do not add up to the number that GitHub names."""
    from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator

    path = f"/orgs/{fetch.source.scope}/copilot/billing/seats"
    for day in fetch.due_days:
        constants = {"snapshot_date": day.isoformat()}
        api = _api(fetch)
        pages = _all_seats(fetch, api.pages(path, HeaderLinkPaginator(), {"per_page": SEATS_A_PAGE}))
        yield api.delivery(f"seats-{day}", ((page, constants) for page in pages), (day.isoformat(),))


def _api(fetch: Fetch) -> Api:
    from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
    return Api(fetch, BearerTokenAuth(fetch.key()), headers, is_busy=is_rate_limited)


def is_rate_limited(response: "Response") -> bool:
    """Whether a 403 asks to wait: GitHub refuses a missing permission and too many requests with the same status."""
    said = response.headers
    return response.status_code == 403 and ("retry-after" in said or said.get("x-ratelimit-remaining") == "0")


def _credit_pages(api: Api, window: Sequence[date]) -> Iterator[tuple[Page, dict[str, str]]]:
    """The answer for each day, with what it does not say itself."""
    from dlt.sources.helpers.rest_client.paginators import SinglePagePaginator

    path = f"/organizations/{api.fetch.source.scope}/settings/billing/ai_credit/usage"
    for day in window:
        asked = {"year": day.year, "month": day.month, "day": day.day}
        constants = {"usage_date": day.isoformat(), "currency": CURRENCY}
        for page in _of_the_day(api.fetch, api.pages(path, SinglePagePaginator(), asked), day):
            yield page, constants


def _of_the_day(fetch: Fetch, pages: Iterable[Page], day: date) -> Iterator[Page]:
    for page in pages:
        said = page.content.get("timePeriod")
        if said != {"year": day.year, "month": day.month, "day": day.day}:
            raise DeliveryError(
                source=fetch.label,
                partition=day.isoformat(),
                expected=f"an answer whose timePeriod is {day}",
                found=str(said),
                next_step="run again; ask the vendor",
            )
        yield page


def _all_seats(fetch: Fetch, pages: Iterable[Page]) -> Iterator[Page]:
    received, announced = 0, set()
    for page in pages:
        received += len(page.content["seats"])
        announced.add(page.content.get("total_seats"))
        yield page
    if announced != {received}:
        raise DeliveryError(
            source=fetch.label,
            expected=f"as many seats as total_seats says: {', '.join(map(str, announced))}",
            found=f"{received:,} seats: one was assigned or taken away while the pages were read, or a page is missing",
            next_step="run again",
        )


GITHUB = Vendor(
    "github",
    (
        SourceTable(
            "ai_credit_usage",
            ai_credit_usage,
            answers_with(f"GitHub {API_VERSION}", "product", "sku", "gross_amount", "net_amount"),
            Days(reread=3, settle=1),
        ),
        SourceTable(
            "copilot_seats",
            copilot_seats,
            answers_with(f"GitHub {API_VERSION}", "login", "created_at"),
            is_snapshot=True,
        ),
    ),
    key_variable="GITHUB_TOKEN",
)

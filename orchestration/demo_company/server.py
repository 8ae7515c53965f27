"""A stub of the vendors' interfaces on 127.0.0.1 over an exports folder: paging, auth, errors and rate limits.

It sums up the rows of `exports.py` as asked and decides nothing about money. OpenAI lies below `/openai/v1`, Anthropic
below `/anthropic`, GitHub below `/github`, Cursor below `/cursor`; these accept the key `demo-key`. The tools of the
GPU cluster, OpenCost below `/opencost` and Prometheus below `/prometheus`, ask for none.
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import duckdb

from orchestration.demo_company.cluster_exports import IDLE
from orchestration.demo_company.company import GITHUB_ORGANIZATION
from orchestration.demo_company.prices import COPILOT_CREDIT
from orchestration.demo_company.tables import quoted

KEY = "demo-key"
ANALYTICS_BETA = "analytics-usage-cost-2026-08-24"
# Every so many accepted requests, one is told to wait.
RATE_LIMIT_EVERY = 97
# OpenAI refuses costs by key for older windows (2025-12-06), and Anthropic's analytics start with 2026.
FIRST_COSTS_BY_KEY = 1_764_979_200
FIRST_ANALYTICS_DAY = date(2026, 1, 1)
LONGEST_ANALYTICS = timedelta(days=31)

COST_GROUPS = ("project_id", "user_id", "line_item", "api_key_id", "api_source")
_KEYED = ("project_id", "user_id", "api_key_id", "model")
USAGE_GROUPS = {
    "completions": (*_KEYED, "batch", "service_tier", "api_source"),
    "embeddings": _KEYED,
    "moderations": _KEYED,
    "images": (*_KEYED, "size", "source"),
    "audio_speeches": _KEYED,
    "audio_transcriptions": _KEYED,
    "vector_stores": ("project_id",),
    "code_interpreter_sessions": ("project_id",),
    "file_search_calls": ("project_id", "user_id", "api_key_id", "vector_store_id"),
    "web_search_calls": (*_KEYED, "context_level", "api_source"),
    "decisions": (*_KEYED, "batch", "service_tier", "api_source"),
}
_USAGE_SUMS = {
    "completions": "input_tokens, input_cached_tokens, input_uncached_tokens, output_tokens, num_model_requests",
    "embeddings": "input_tokens, num_model_requests",
    "web_search_calls": "num_requests, num_model_requests",
}
_KNOWN_COLUMNS = ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "line_item")
_FILTERS = {
    "project_ids": "project_id",
    "user_ids": "user_id",
    "api_key_ids": "api_key_id",
    "models": "model",
    "batch": "batch",
    "line_items": "line_item",
}
ANALYTICS_GROUPS = (
    "actor", "actor_type", "agent_id", "api_key_id", "context_window", "deployment_id", "environment_id",
    "inference_geo", "model", "organization_id", "product", "rbac_group_id", "service_tier", "session_id",
    "slack_channel_id", "speed", "user_profile_id", "workspace_id",
)  # fmt: skip
TYPE_GROUPS = ("cost_type", "token_type")
MESSAGES_GROUPS = (
    "api_key_id", "workspace_id", "model", "service_tier", "context_window", "inference_geo", "speed", "account_id",
    "service_account_id",
)  # fmt: skip
_ANTHROPIC_COLUMNS = ("workspace_id", "api_key_id", "model", "service_tier", "context_window", *TYPE_GROUPS)
_ANTHROPIC_USAGE = (
    "uncached_input_tokens, cache_read_input_tokens, ephemeral_5m_input_tokens, ephemeral_1h_input_tokens, "
    "output_tokens, web_search_requests, requests"
)


@dataclass(frozen=True)
class Answer:
    """What goes back to the client."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A request that the vendor answers with an error."""

    def __init__(self, status: int, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Request:
    """One call: its path below the vendor, the repeated parameters of its query, its headers and its JSON body."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    def one(self, name: str, default: str | None = None) -> str | None:
        """A parameter that may stand once."""
        values = self.query.get(name)
        return values[-1] if values else default

    def many(self, name: str) -> list[str]:
        """A parameter that may repeat, with brackets or without."""
        return [*self.query.get(name, []), *self.query.get(f"{name}[]", [])]

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number; 400 when it is missing or none."""
        text = self.one(name)
        if text is None and default is not None:
            return default
        if text is None or not re.fullmatch(r"-?[0-9]+", text):
            raise RefusedError(400, f"{name} must be a whole number")
        return int(text)

    def limit(self, most: int, default: int) -> int:
        """The page size; over the maximum is refused, not cut."""
        limit = self.number("limit", default)
        if not 1 <= limit <= most:
            raise RefusedError(400, f"limit must be from 1 to {most}, not {limit}")
        return limit


class Vendors:
    """Answers requests from the files of an exports folder, as they were known on a day."""

    def __init__(self, folder: Path, now: date) -> None:
        self._api = folder / "exports" / "api"
        self._today = now.date() if isinstance(now, datetime) else now
        # A day without a time of day is meant as a whole.
        whole_day = datetime.combine(self._today, time.max, UTC)
        self._moment = now.astimezone(UTC) if isinstance(now, datetime) else whole_day
        self._connection = duckdb.connect()
        self._routes: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
            ("GET", r"/openai/v1/organization/costs", self._openai_costs),
            ("GET", r"/openai/v1/organization/usage/([a-z_]+)", self._openai_usage),
            ("GET", r"/openai/v1/organization/projects", self._openai_projects),
            ("GET", r"/openai/v1/organization/projects/([^/]+)/api_keys", self._openai_keys),
            ("GET", r"/openai/v1/organization/users", self._openai_users),
            ("GET", r"/anthropic/v1/organizations/analytics/usage", self._analytics_usage),
            ("GET", r"/anthropic/v1/organizations/analytics/cost", self._analytics_cost),
            ("GET", r"/anthropic/v1/organizations/usage_report/messages", self._messages_report),
            ("GET", r"/anthropic/v1/organizations/cost_report", self._cost_report),
            ("GET", r"/anthropic/v1/organizations/workspaces", self._anthropic_workspaces),
            ("GET", r"/anthropic/v1/organizations/api_keys", self._anthropic_keys),
            ("GET", r"/github/organizations/([^/]+)/settings/billing/ai_credit/usage", self._github_credits),
            ("GET", r"/github/orgs/([^/]+)/copilot/billing/seats", self._github_seats),
            ("POST", r"/cursor/teams/filtered-usage-events", self._cursor_events),
            ("GET", r"/cursor/teams/members", self._cursor_members),
            ("GET", r"/opencost/allocation", self._allocations),
            ("GET", r"/prometheus/api/v1/query_range", self._samples),
        )

    def close(self) -> None:
        """Lets go of the files."""
        self._connection.close()

    def answer(self, request: Request) -> Answer:
        """The answer to an authorised request. RefusedError for what the vendor would refuse."""
        for method, pattern, function in self._routes:
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                return function(request, *found.groups())
        raise RefusedError(404, f"{request.method} {request.path} does not exist")

    def _rows(self, table: str, query: str, conditions: Sequence[str] = (), values: Sequence[Any] = ()) -> list[Any]:
        """Rows of a query with `{source}` in the place of what is known today of a table, as dictionaries."""
        known = ["known_from <= ?", "(known_until is null or known_until > ?)", *conditions]
        path = quoted(self._api / f"{table}.parquet")
        source = f"(select * from '{path}' where {' and '.join(known)})"
        with self._connection.cursor() as cursor:
            cursor.execute(query.format(source=source), [self._today, self._today, *values])
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _known(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self._api / f"{name}.json").read_text(), parse_float=Decimal)
        return content

    def _list(self, name: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = json.loads((self._api / f"{name}.json").read_text())
        return entries

    # OpenAI

    def _openai_costs(self, request: Request) -> Answer:
        groups = _groups(request, COST_GROUPS)
        if "api_key_id" in groups and request.number("start_time") < FIRST_COSTS_BY_KEY:
            raise RefusedError(400, f"group_by api_key_id is possible from start_time {FIRST_COSTS_BY_KEY} on")
        # A quantity means something only beside the line that it counts.
        quantity = "sum(quantity)::bigint as quantity, quantity_unit" if "line_item" in groups else "null as quantity"

        def results(first: date, end: date) -> list[Any]:
            conditions, values = _conditions(request, COST_GROUPS)
            return self._rows(
                "openai_costs",
                f"select usage_date, {_selected(groups, COST_GROUPS)} currency, {quantity}, sum(amount) as amount "
                "from {source} group by all order by all",
                ["usage_date >= ?", "usage_date < ?", *conditions],
                [first, end, *values],
            )

        def result(row: dict[str, Any]) -> dict[str, Any]:
            return {
                "object": "organization.costs.result",
                "amount": {"value": row["amount"], "currency": row["currency"]},
                "quantity": row["quantity"],
                "quantity_unit": row.get("quantity_unit"),
            } | {name: row.get(name) for name in COST_GROUPS}

        return self._buckets(request, request.limit(180, 7), results, result)

    def _openai_usage(self, request: Request, endpoint: str) -> Answer:
        if endpoint not in USAGE_GROUPS:
            raise RefusedError(404, f"there is no usage of {endpoint}")
        allowed = USAGE_GROUPS[endpoint]
        groups = _groups(request, allowed)
        counted = _USAGE_SUMS.get(endpoint, "num_model_requests").split(", ")
        sums = ", ".join(f"sum({name})::bigint as {name}" for name in counted)

        def results(first: date, end: date) -> list[Any]:
            conditions, values = _conditions(request, allowed)
            return self._rows(
                "openai_usage",
                f"select usage_date, {_selected(groups, allowed)} {sums} from {{source}} group by all order by all",
                ["endpoint = ?", "usage_date >= ?", "usage_date < ?", *conditions],
                [endpoint, first, end, *values],
            )

        def result(row: dict[str, Any]) -> dict[str, Any]:
            numbers = {name: row[name] for name in counted}
            if endpoint == "completions":
                numbers |= {
                    "input_cache_write_tokens": 0,
                    "input_text_tokens": row["input_uncached_tokens"],
                    "input_audio_tokens": 0,
                    "input_image_tokens": 0,
                    "output_text_tokens": row["output_tokens"],
                    "output_audio_tokens": 0,
                    "output_image_tokens": 0,
                }
            dimensions = {name: row.get(name) for name in allowed}
            name = endpoint.replace("_search_calls", "_searches")
            return {"object": f"organization.usage.{name}.result"} | numbers | dimensions

        return self._buckets(request, request.limit(31, 7), results, result)

    def _buckets(
        self,
        request: Request,
        limit: int,
        results: Callable[[date, date], list[Any]],
        result: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> Answer:
        """One bucket for every UTC day that the window touches, `limit` of them a page."""
        if request.one("bucket_width", "1d") != "1d":
            raise RefusedError(400, "this stub has days only: bucket_width must be 1d")
        start, end = request.number("start_time"), request.number("end_time", int(self._moment.timestamp()))
        if end > self._moment.timestamp() + 1:
            raise RefusedError(400, "end_time lies in the future")
        if end <= start:
            raise RefusedError(400, "end_time must be after start_time")
        first = datetime.fromtimestamp(start, UTC).date()
        last = datetime.fromtimestamp(end - 1, UTC).date()
        done = _position(request, "page")
        page = [first + timedelta(days=number) for number in range(done, (last - first).days + 1)][:limit]
        by_day: dict[date, list[dict[str, Any]]] = {day: [] for day in page}
        for row in results(page[0], page[-1] + timedelta(days=1)) if page else []:
            by_day[row["usage_date"]].append(result(row))
        has_more = bool(page) and page[-1] < last
        return Answer(
            {
                "object": "page",
                "data": [
                    {
                        "object": "bucket",
                        "start_time": _epoch(day),
                        "end_time": _epoch(day + timedelta(days=1)),
                        "start_time_iso": f"{day}T00:00:00+00:00",
                        "results": rows,
                    }
                    for day, rows in by_day.items()
                ],
                "has_more": has_more,
                "next_page": _cursor(request, "page", done + limit) if has_more else None,
            }
        )

    def _openai_projects(self, request: Request) -> Answer:
        return _cursor_list(request, self._list("openai_projects"), "after", 100, {"object": "list"})

    def _openai_keys(self, request: Request, project: str) -> Answer:
        if project not in {entry["id"] for entry in self._list("openai_projects")}:
            raise RefusedError(404, f"there is no project {project}")
        keys = [
            {name: value for name, value in key.items() if name != "project_id"}
            for key in self._list("openai_keys")
            if key["project_id"] == project
        ]
        return _cursor_list(request, keys, "after", 100, {"object": "list"})

    def _openai_users(self, request: Request) -> Answer:
        return _cursor_list(request, self._list("openai_users"), "after", 100, {"object": "list"})

    # Anthropic

    def _analytics_usage(self, request: Request) -> Answer:
        return self._analytics(request, "anthropic_usage", ANALYTICS_GROUPS, _ANTHROPIC_USAGE, _usage_of)

    def _analytics_cost(self, request: Request) -> Answer:
        has_types = bool(set(TYPE_GROUPS) & set(request.many("group_by")))

        def cost(row: dict[str, Any]) -> dict[str, Any]:
            return {
                "cost": {
                    "amount": _cents(row["amount"]),
                    "list_amount": _cents(row["list_amount"]),
                    "currency": "USD",
                    "requests": None if has_types else int(row["requests"]),
                }
            }

        allowed = (*ANALYTICS_GROUPS, *TYPE_GROUPS)
        return self._analytics(request, "anthropic_costs", allowed, "amount, list_amount, requests", cost)

    def _analytics(
        self,
        request: Request,
        table: str,
        allowed: Sequence[str],
        sums: str,
        numbers: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> Answer:
        """One row a group and bucket, or a group when no bucket is asked for. Types of cost do not count as rows."""
        if ANALYTICS_BETA not in request.headers.get("anthropic-beta", ""):
            raise RefusedError(400, f"anthropic-beta: {ANALYTICS_BETA} is required")
        groups = _groups(request, allowed)
        plain = [name for name in groups if name not in TYPE_GROUPS]
        if len(plain) > 5:
            raise RefusedError(400, "group_by[] takes at most 5 fields")
        width, has_end = request.one("time_bucket_width"), request.one("ending_at") is not None
        if width not in (None, "1d"):
            raise RefusedError(400, "this stub has days only: time_bucket_width must be 1d")
        if width and not has_end:
            raise RefusedError(400, "ending_at is required with time_bucket_width")
        first, end = self._window(request)
        if end - first > LONGEST_ANALYTICS:
            raise RefusedError(400, "one request spans at most 31 days")
        if first < FIRST_ANALYTICS_DAY:
            raise RefusedError(400, f"starting_at must not be before {FIRST_ANALYTICS_DAY}")
        limit, done = request.limit(1_000, 20), _position(request, "page")
        rows = self._anthropic_rows(table, groups, allowed, sums, first, end, is_daily=width is not None)
        keys = list(dict.fromkeys((row.get("usage_date"), *(row[name] for name in plain)) for row in rows))
        page = set(keys[done : done + limit])
        has_more = done + limit < len(keys)
        return Answer(
            {
                "data": [
                    {
                        **_span(row.get("usage_date"), first, end),
                        "group": {name: row[name] for name in groups},
                        **numbers(row),
                    }
                    for row in rows
                    if (row.get("usage_date"), *(row[name] for name in plain)) in page
                ],
                "has_more": has_more,
                "next_page": _cursor(request, "page", done + limit) if has_more else None,
                "data_refreshed_at": f"{self._today}T00:00:00Z",
            }
        )

    def _anthropic_rows(
        self,
        table: str,
        groups: Sequence[str],
        allowed: Sequence[str],
        sums: str,
        first: date,
        end: date,
        is_daily: bool,
    ) -> list[Any]:
        summed = ", ".join(f"sum({name}) as {name}" for name in sums.split(", "))
        days = "usage_date, " if is_daily else ""
        return self._rows(
            table,
            f"select {days}{_selected(groups, allowed)} {summed} from {{source}} group by all "
            # Without a group, an empty window would still give one row of nulls.
            "having count(*) > 0 order by all",
            ["usage_date >= ?", "usage_date < ?"],
            [first, end],
        )

    def _messages_report(self, request: Request) -> Answer:
        groups = _groups(request, MESSAGES_GROUPS)

        def result(row: dict[str, Any]) -> dict[str, Any]:
            usage = {name: value for name, value in _usage_of(row)["usage"].items() if name not in _NEW_USAGE}
            return usage | {name: row.get(name) for name in MESSAGES_GROUPS}

        return self._report(request, "anthropic_usage", groups, MESSAGES_GROUPS, _ANTHROPIC_USAGE, result)

    def _cost_report(self, request: Request) -> Answer:
        asked = _groups(request, ("workspace_id", "description"))
        parsed = ("model", "service_tier", "context_window", *TYPE_GROUPS)
        groups = [name for name in asked if name != "description"]
        groups += parsed if "description" in asked else []

        def result(row: dict[str, Any]) -> dict[str, Any]:
            parts = [str(row[name]) for name in parsed if row.get(name)]
            return {
                "amount": _cents(row["amount"]),
                "currency": "USD",
                "workspace_id": row.get("workspace_id"),
                "description": ", ".join(parts) if parts else None,
                "inference_geo": None,
            } | {name: row.get(name) for name in parsed}

        return self._report(request, "anthropic_costs", groups, ("workspace_id", *parsed), "amount", result)

    def _report(
        self,
        request: Request,
        table: str,
        groups: Sequence[str],
        allowed: Sequence[str],
        sums: str,
        result: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> Answer:
        """The older reports: a bucket for every day of the window, `limit` of them a page."""
        if request.one("bucket_width", "1d") != "1d":
            raise RefusedError(400, "this stub has days only: bucket_width must be 1d")
        first, end = self._window(request)
        limit, done = request.limit(31, 7), _position(request, "page")
        page = [first + timedelta(days=number) for number in range(done, (end - first).days)][:limit]
        by_day: dict[date, list[dict[str, Any]]] = {day: [] for day in page}
        if page:
            following = page[-1] + timedelta(days=1)
            for row in self._anthropic_rows(table, groups, allowed, sums, page[0], following, is_daily=True):
                by_day[row["usage_date"]].append(result(row))
        has_more = bool(page) and page[-1] + timedelta(days=1) < end
        return Answer(
            {
                "data": [{**_span(day, first, end), "results": rows} for day, rows in by_day.items()],
                "has_more": has_more,
                "next_page": _cursor(request, "page", done + limit) if has_more else None,
            }
        )

    def _window(self, request: Request) -> tuple[date, date]:
        """First day and the day after the last; without an end, up to and with today."""
        start = _instant(request, "starting_at")
        if request.one("ending_at") is None:
            return start.date(), self._today + timedelta(days=1)
        end = _instant(request, "ending_at")
        if end <= start:
            raise RefusedError(400, "ending_at must be after starting_at")
        return start.date(), (end - timedelta(microseconds=1)).date() + timedelta(days=1)

    def _anthropic_workspaces(self, request: Request) -> Answer:
        return _cursor_list(request, self._list("anthropic_workspaces"), "after_id", 1_000, {})

    def _anthropic_keys(self, request: Request) -> Answer:
        return _cursor_list(request, self._list("anthropic_keys"), "after_id", 1_000, {})

    # GitHub

    def _github_credits(self, request: Request, organization: str) -> Answer:
        _require_organization(organization)
        asked = {name: request.number(name) for name in ("year", "month", "day") if request.one(name)}
        if not asked:
            asked = {"year": self._today.year}
        rows = self._rows(
            "github_credits",
            "select model, sum(credits)::bigint as credits, sum(included_credits)::bigint as included "
            "from {source} group by all order by all",
            [f"date_part('{name}', usage_date) = ?" for name in asked],
            list(asked.values()),
        )
        return Answer(
            {
                "timePeriod": asked,
                "organization": organization,
                "usageItems": [
                    {
                        "product": "Copilot",
                        "sku": "Copilot AI Credits",
                        "model": row["model"],
                        "unitType": "credits",
                        "pricePerUnit": COPILOT_CREDIT,
                        "grossQuantity": row["credits"],
                        "grossAmount": row["credits"] * COPILOT_CREDIT,
                        "discountQuantity": row["included"],
                        "discountAmount": row["included"] * COPILOT_CREDIT,
                        "netQuantity": row["credits"] - row["included"],
                        "netAmount": (row["credits"] - row["included"]) * COPILOT_CREDIT,
                    }
                    for row in rows
                ],
            }
        )

    def _github_seats(self, request: Request, organization: str) -> Answer:
        _require_organization(organization)
        page, size = request.number("page", 1), request.number("per_page", 50)
        if page < 1 or not 1 <= size <= 100:
            raise RefusedError(422, "page starts at 1, per_page is from 1 to 100")
        seats = self._list("github_seats")
        last = max(1, -(-len(seats) // size))
        links = {"next": page + 1, "last": last} if page < last else {}
        target = f"http://{request.headers.get('host', '')}{request.path}"
        link = ", ".join(
            f'<{target}?{urlencode({"page": number, "per_page": size})}>; rel="{name}"'
            for name, number in links.items()
        )
        return Answer(
            {"total_seats": len(seats), "seats": seats[(page - 1) * size : page * size]},
            headers={"Link": link} if link else {},
        )

    # Cursor

    def _cursor_events(self, request: Request) -> Answer:
        body = request.body
        page, size = int(body.get("page", 1)), int(body.get("pageSize", 10))
        if "startDate" not in body or "endDate" not in body or page < 1 or not 1 <= size <= 1_000:
            raise RefusedError(400, "startDate and endDate are required, page starts at 1, pageSize is at most 1000")
        rows = self._rows(
            "cursor_events",
            "select * from {source} order by timestamp_ms, person",
            ["timestamp_ms >= ?", "timestamp_ms < ?"],
            [int(body["startDate"]), int(body["endDate"])],
        )
        pages = -(-len(rows) // size)
        return Answer(
            {
                "totalUsageEventsCount": len(rows),
                "pagination": {
                    "numPages": pages,
                    "currentPage": page,
                    "pageSize": size,
                    "hasNextPage": page < pages,
                    "hasPreviousPage": page > 1,
                },
                "usageEvents": [_cursor_event(row) for row in rows[(page - 1) * size : page * size]],
                "period": {"startDate": int(body["startDate"]), "endDate": int(body["endDate"])},
            }
        )

    def _cursor_members(self, request: Request) -> Answer:
        return Answer({"teamMembers": self._list("cursor_members")})

    # The GPU cluster

    def _allocations(self, request: Request) -> Answer:
        """One map of allocations a day of the window; a day before the tool was there, or to come, has none."""
        days = re.fullmatch(r"(\d{4}-\d{2}-\d{2})T00:00:00Z,(\d{4}-\d{2}-\d{2})T00:00:00Z", request.one("window") or "")
        if days is None:
            raise RefusedError(400, "window must be two UTC midnights")
        if request.one("aggregate") is not None or request.one("accumulate") != "false":
            raise RefusedError(400, "this stub has containers of days only: accumulate=false, and no aggregate")
        has_idle = request.one("includeIdle") == "true" and request.one("idleByNode") == "true"
        day, end = (date.fromisoformat(text) for text in days.groups())
        known = self._known("opencost_allocations")
        data = []
        while day < end:
            entries = known.get(str(day), {}) if day < self._today else {}
            data.append({name: entry for name, entry in entries.items() if has_idle or not name.endswith(IDLE)})
            day += timedelta(days=1)
        return Answer({"code": 200, "data": data})

    def _samples(self, request: Request) -> Answer:
        """Averages or counts of hours, for one metric, at the ends of the hours from `start` to `end`."""
        query = re.fullmatch(r"(avg|count)_over_time\((\w+)\[1h\]\)", request.one("query") or "")
        if query is None or request.number("step") != 3600:
            raise RefusedError(400, "this stub has avg_over_time and count_over_time of 1h only, in steps of 3600")
        start, end = request.number("start"), request.number("end")
        place = 1 if query[1] == "avg" else 2
        result = [
            {"metric": series["metric"], "values": values}
            for series in self._known("gpu_samples").get(query[2], [])
            if (
                values := [
                    [sample[0], str(sample[place])]
                    for sample in series["samples"]
                    if start <= sample[0] <= min(end, self._moment.timestamp())
                ]
            )
        ]
        return Answer({"status": "success", "data": {"resultType": "matrix", "result": result}})


class Stub:
    """A running stub: `with Stub(folder, now) as stub: get(stub.url + "/openai/v1/...")`. It ends with the block.

    `folder` is one that `create` has written. `now` is the moment it pretends; a date means that whole day. Days before
    it are served, a restated day in the version that was known. Rates are limited: every 97th request is refused with
    429 and a Retry-After of 0 or 1 second, never the same request twice in a row.
    """

    def __init__(self, folder: Path, now: date) -> None:
        self._vendors = Vendors(folder, now)
        self._lock = threading.Lock()
        self._accepted = 0
        self._last_limited = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Where the stub listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Stub":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._vendors.close()

    def answer(self, request: Request, identity: str) -> Answer:
        """Checks the key and the rate, then asks the vendor. Errors come back in the vendor's form."""
        vendor = request.path.split("/")[1] if "/" in request.path else ""
        try:
            _authorise(vendor, request.headers)
            self._limit_rate(identity)
            return self._vendors.answer(request)
        except RefusedError as refused:
            headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
            return Answer(_error(vendor, refused), refused.status, headers)

    def _limit_rate(self, identity: str) -> None:
        with self._lock:
            self._accepted += 1
            if self._accepted % RATE_LIMIT_EVERY == 0 and identity != self._last_limited:
                self._last_limited = identity
                raise RefusedError(429, "too many requests", retry_after=self._accepted // RATE_LIMIT_EVERY % 2)
            self._last_limited = ""


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without this each answer waits 40 ms for the other side.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._respond({})

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                self._respond(json.loads(raw or b"{}"))
            except json.JSONDecodeError:
                self.send_error(400, "the body is no JSON")

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: the tests' output is theirs."""

        def _respond(self, body: dict[str, Any]) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, parts.path, parse_qs(parts.query), headers, body)
            answer = stub.answer(request, f"{self.command} {self.path} {json.dumps(body, sort_keys=True)}")
            content = _json(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    return Handler


def _authorise(vendor: str, headers: Mapping[str, str]) -> None:
    basic = base64.b64encode(f"{KEY}:".encode()).decode()
    expected = {
        "openai": ("authorization", f"Bearer {KEY}"),
        "anthropic": ("x-api-key", KEY),
        "github": ("authorization", f"Bearer {KEY}"),
        "cursor": ("authorization", f"Basic {basic}"),
    }
    if vendor in expected and headers.get(expected[vendor][0]) != expected[vendor][1]:
        raise RefusedError(401, "the key is missing or wrong")
    if vendor == "anthropic" and "anthropic-version" not in headers:
        raise RefusedError(400, "anthropic-version is required")
    if vendor == "github" and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", headers.get("x-github-api-version", "2026-03-10")):
        raise RefusedError(400, "X-GitHub-Api-Version must be a date")


def _error(vendor: str, refused: RefusedError) -> dict[str, Any]:
    names = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = names.get(refused.status, "invalid_request_error")
    if vendor == "anthropic":
        return {"type": "error", "error": {"type": kind, "message": str(refused)}, "request_id": "req_stub"}
    if vendor == "github":
        return {"message": str(refused), "documentation_url": "", "status": str(refused.status)}
    if vendor == "cursor":
        return {"error": kind, "message": str(refused)}
    if vendor == "opencost":
        return {"code": refused.status, "message": str(refused)}
    if vendor == "prometheus":
        return {"status": "error", "errorType": "bad_data", "error": str(refused)}
    return {"error": {"message": str(refused), "type": kind, "param": None, "code": None}}


def _groups(request: Request, allowed: Sequence[str]) -> list[str]:
    groups = list(dict.fromkeys(request.many("group_by")))
    unknown = [name for name in groups if name not in allowed]
    if unknown:
        raise RefusedError(400, f"group_by does not take {', '.join(unknown)}")
    return groups


def _selected(groups: Sequence[str], allowed: Sequence[str]) -> str:
    """Grouped columns for a select list. What the company never fills is null; the rest is left out and summed."""
    known = (*_KNOWN_COLUMNS, *_ANTHROPIC_COLUMNS)
    return "".join(f"{name}, " if name in known else f"null as {name}, " for name in allowed if name in groups)


def _conditions(request: Request, allowed: Sequence[str]) -> tuple[list[str], list[Any]]:
    conditions, values = [], []
    for name, column in _FILTERS.items():
        chosen = request.many(name)
        if chosen and column not in allowed:
            raise RefusedError(400, f"{name} is no filter here")
        if chosen:
            conditions.append(f"{column}::varchar in ({', '.join('?' * len(chosen))})")
            values += chosen
    return conditions, values


def _cursor(request: Request, name: str, position: int) -> str:
    """A page mark that means something only to the request that it continues."""
    mark = json.dumps([position, _fingerprint(request, name)])
    return base64.urlsafe_b64encode(mark.encode()).decode()


def _position(request: Request, name: str) -> int:
    mark = request.one(name)
    if mark is None:
        return 0
    try:
        position, fingerprint = json.loads(base64.urlsafe_b64decode(mark.encode()))
    except (ValueError, TypeError) as error:
        raise RefusedError(400, f"{name} is not a mark of this interface") from error
    if fingerprint != _fingerprint(request, name):
        raise RefusedError(400, f"{name} belongs to another request")
    return int(position)


def _fingerprint(request: Request, name: str) -> str:
    return json.dumps([request.path, sorted((key, value) for key, value in request.query.items() if key != name)])


def _cursor_list(
    request: Request, entries: list[dict[str, Any]], after_name: str, most: int, extra: dict[str, Any]
) -> Answer:
    limit, after = request.limit(most, 20), request.one(after_name)
    names = [entry["id"] for entry in entries]
    if after is not None and after not in names:
        raise RefusedError(400, f"{after_name} names nothing that is listed")
    start = names.index(after) + 1 if after is not None else 0
    page = entries[start : start + limit]
    return Answer(
        extra
        | {
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": start + limit < len(entries),
        }
    )


# Of a usage row, what only the newer interface has.
_NEW_USAGE = ("total_tokens", "requests")


def _usage_of(row: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: int(row[name]) for name in _ANTHROPIC_USAGE.split(", ")}
    tokens = sum(value for name, value in numbers.items() if name.endswith("_tokens"))
    return {
        "usage": {
            "uncached_input_tokens": numbers["uncached_input_tokens"],
            "cache_read_input_tokens": numbers["cache_read_input_tokens"],
            "cache_creation": {
                "ephemeral_5m_input_tokens": numbers["ephemeral_5m_input_tokens"],
                "ephemeral_1h_input_tokens": numbers["ephemeral_1h_input_tokens"],
            },
            "output_tokens": numbers["output_tokens"],
            "server_tool_use": {"web_search_requests": numbers["web_search_requests"]},
            "total_tokens": tokens,
            "requests": numbers["requests"],
        }
    }


def _cursor_event(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": str(row["timestamp_ms"]),
        "userEmail": row["person"],
        "model": row["model"],
        "kind": "Usage-based" if row["is_charged"] else "Included in Business",
        "maxMode": False,
        "isTokenBasedCall": True,
        "isChargeable": row["is_charged"],
        "requestsCosts": 1,
        "tokenUsage": {
            "inputTokens": row["input_tokens"],
            "outputTokens": row["output_tokens"],
            "cacheWriteTokens": row["cache_write_tokens"],
            "cacheReadTokens": row["cache_read_tokens"],
            "totalCents": row["total_cents"],
        },
        "cursorTokenFee": row["fee_cents"],
        "chargedCents": row["total_cents"] + row["fee_cents"] if row["is_charged"] else 0,
        "isFreeBugbot": False,
    }


def _require_organization(name: str) -> None:
    if name != GITHUB_ORGANIZATION:
        raise RefusedError(404, "Not Found")


def _instant(request: Request, name: str) -> datetime:
    try:
        instant = datetime.fromisoformat(request.one(name, "") or "")
    except ValueError as error:
        raise RefusedError(400, f"{name} must be an RFC 3339 time") from error
    if instant.tzinfo is None:
        raise RefusedError(400, f"{name} must name its zone")
    return instant.astimezone(UTC)


def _span(day: date | None, first: date, end: date) -> dict[str, str]:
    start, following = (first, end) if day is None else (day, day + timedelta(days=1))
    return {"starting_at": f"{start}T00:00:00Z", "ending_at": f"{following}T00:00:00Z"}


def _epoch(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _cents(amount: Decimal) -> str:
    return _plain(amount * 100)


def _plain(number: Decimal) -> str:
    """All digits, none of them empty, no exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _json(body: Any) -> str:
    """JSON in which a Decimal is a number with all its digits."""
    text = json.dumps(body, default=lambda number: f"number {_plain(number)}")
    return re.sub(r'"number (-?[0-9.]+)"', r"\1", text)

"""What really happened at Larkfield: every request of a day, drawn from the seed, and what its people did in tools.

No price, no bill and no vendor's format. A day is drawn from the seed and its own number alone, so days can be made in
any order and in parallel. Whole days are numpy arrays; there is no loop over requests.

`<folder>/causes/requests/<day>.parquet`, one row a request, in order of time. Token counts are what the caller saw;
the vendor meters them too, unless the gateway answered from its cache (`is_cache_hit`). A failure has none. A blocked
request has tokens that the vendor shows and does not bill. `context_band` is `base` or `long`, `service_tier`
`standard`, `batch` or `priority`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestration.demo_company import company, switches
from orchestration.demo_company.company import DEVELOPMENT, FEATURE, PROVIDER_KEY, ROUTES, Route
from orchestration.demo_company.fixed_charges import is_idle
from orchestration.demo_company.prices import BASE_CONTEXT, BATCH, LONG_CONTEXT, PRIORITY, STANDARD
from orchestration.demo_company.switches import Switches

Integers = NDArray[np.int64]

STATUSES = ("success", "failure", "blocked")
SUCCESS, FAILURE, BLOCKED = range(3)
SERVICE_TIERS = (STANDARD, BATCH, PRIORITY)
CONTEXT_BANDS = (BASE_CONTEXT, LONG_CONTEXT)
# Shares in per mille.
FAILED, FAILED_IN_STORM, CACHE_HITS, UNSEEN, BLOCKED_SHARE, RETRIED = 12, 500, 30, 70, 15, 20
# How busy an hour is, midnight first (UTC).
HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 11, 12, 12, 11, 9, 7, 6, 5, 4, 3, 2)
WEEKEND, WORKDAY, MONTHLY_GROWTH = 45, 100, 6
VIRAL_FACTOR, STORM_FACTOR = 12, 10
MODELS_IN_COPILOT = ("Claude Sonnet 5", "GPT-5.1")
INCLUDED_CREDITS = 6


@dataclass(frozen=True)
class Day:
    """One day to draw: how many requests, which weight each route has, and what is injected."""

    day: date
    requests: int
    weights: tuple[int, ...]
    switches: Switches


def plan(months: int, requests: int, chosen: Switches) -> tuple[Day, ...]:
    """The days of the last months up to `company.END`. Their requests add up to `requests` exactly."""
    days = _days(months)
    weights = [_route_weights(day, chosen) for day in days]
    busy = [
        sum(row) * (WEEKEND if day.weekday() >= 5 else WORKDAY) * (100 + MONTHLY_GROWTH * _months_since(days[0], day))
        for day, row in zip(days, weights, strict=True)
    ]
    ends = [requests * part // sum(busy) for part in accumulate(busy)]
    counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return tuple(Day(day, count, row, chosen) for day, count, row in zip(days, counts, weights, strict=True))


def months_of(months: int) -> tuple[date, ...]:
    """The first days of the last `months` months, oldest first."""
    year_months = (company.LAST_MONTH.year * 12 + company.LAST_MONTH.month - 1 - back for back in range(months))
    return tuple(date(number // 12, number % 12 + 1, 1) for number in sorted(year_months))


def _days(months: int) -> list[date]:
    first = months_of(months)[0]
    return [first + timedelta(days=number) for number in range((company.END - first).days)]


def _months_since(first: date, day: date) -> int:
    return (day.year - first.year) * 12 + day.month - first.month


def _route_weights(day: date, chosen: Switches) -> tuple[int, ...]:
    """The weight of each of `ROUTES` on a day, where switches move traffic from one to another."""
    moved = {route.name: route.weight for route in ROUTES}

    def move(old: Route, new: Route) -> None:
        moved[new.name], moved[old.name] = moved[old.name], 0

    if chosen.rotated_key and day >= switches.ROTATED_ON:
        move(company.ANSWERS_OLD_KEY, company.ANSWERS_NEW_KEY)
    if chosen.model_upgrade and day >= switches.UPGRADED_ON:
        move(company.ANSWERS_OLD_MODEL, company.ANSWERS_NEW_MODEL)
    if chosen.deleted_key and day >= switches.DELETED_ON:
        moved[company.TRIAL.name] = 0
    if chosen.late_price and day >= switches.LATE_MODEL_FROM:
        moved[company.LATE_PRICED.name] = 120
    if chosen.unmapped_key and day >= switches.UNMAPPED_FROM:
        moved[company.HACK.name] = 60
    if chosen.dev_key_in_production and _within(day, switches.DEV_KEY_IN_PRODUCTION):
        moved[company.DEVELOPMENT_KEY_IN_PRODUCTION.name] = 150
    if chosen.production_key_in_development and _within(day, switches.PRODUCTION_KEY_IN_DEVELOPMENT):
        moved[company.PRODUCTION_KEY_IN_DEVELOPMENT.name] = 120
    factors = {company.VIRAL_FEATURE: VIRAL_FACTOR if chosen.viral_feature and _within(day, switches.VIRAL) else 1}
    factors[company.STORM_FEATURE] = STORM_FACTOR if _is_storm(day, chosen) else 1
    return tuple(moved[route.name] * factors.get(route.feature, 1) for route in ROUTES)


def _within(day: date, window: tuple[date, date]) -> bool:
    return window[0] <= day < window[1]


def _is_storm(day: date, chosen: Switches) -> bool:
    return chosen.retry_storm and day == switches.STORM_ON


def _injected(day: Day) -> Integers:
    """The routes that a switch has opened today: each gets one request at least, however small the company is."""
    opened = [number for number, route in enumerate(ROUTES) if route.weight == 0 and day.weights[number]]
    return np.array(opened[: day.requests], dtype=np.int64)


def load_requests(connection: duckdb.DuckDBPyConnection, seed: int, day: Day) -> None:
    """Draws a day into the temporary table `requests`, in the columns and the order that the module promises."""
    frame = _draw(seed, day)
    connection.register("drawn", frame)
    connection.execute(
        f"""
        create or replace temporary table requests as
        select
            'req_{day.day:%Y%m%d}_' || lpad(ordinal::varchar, 8, '0') as request_id,
            timestamp '{day.day}' + to_milliseconds(started_ms) as started_at,
            * exclude (ordinal, started_ms)
        from drawn
        """
    )
    connection.unregister("drawn")


def write_tools(connection: duckdb.DuckDBPyConnection, folder: Path, seed: int, days: tuple[Day, ...]) -> None:
    """What people did in Copilot and Cursor: `<folder>/causes/copilot.parquet` and `cursor.parquet`.

    Copilot: one row a day, person and model, with whole credits and how many of them the plan includes. Cursor: one
    row an event, with its time, token counts and whether it is charged.
    """
    frames = [_draw_tools(seed, day.day) for day in days]
    for name, place in (("copilot", 0), ("cursor", 1)):
        connection.register("drawn", pd.concat([pair[place] for pair in frames], ignore_index=True))
        connection.execute(
            f"copy (select * replace (usage_date::date as usage_date) from drawn) "
            f"to '{folder / 'causes' / name}.parquet' (format parquet)"
        )
        connection.unregister("drawn")


def _draw_tools(seed: int, day: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, day.toordinal(), 1])))
    share = 80 if day.weekday() < 5 else 15
    busy = [
        (mail, team) for mail, team in company.COPILOT_PEOPLE if random.integers(0, 100) < share and not is_idle(mail)
    ]
    model = random.integers(0, len(MODELS_IN_COPILOT), len(busy))
    credits = random.integers(5, 120, len(busy))
    copilot = pd.DataFrame(
        {
            "usage_date": day.isoformat(),
            "person": [mail for mail, _ in busy],
            "team": [team for _, team in busy],
            "model": [MODELS_IN_COPILOT[number] for number in model],
            "credits": credits,
            "included_credits": credits * INCLUDED_CREDITS // 10,
        }
    )
    users = [person for person in company.CURSOR_PEOPLE if not is_idle(person[0])]
    count = 12 if day.weekday() < 5 else 2
    user = random.integers(0, len(users), count)
    midnight = (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000
    cursor = pd.DataFrame(
        {
            "usage_date": day.isoformat(),
            "timestamp_ms": midnight + np.sort(random.integers(6 * 3_600_000, 20 * 3_600_000, count)),
            "person": [users[number][0] for number in user],
            "team": [users[number][1] for number in user],
            "model": "claude-sonnet-5",
            "is_charged": random.integers(0, 100, count) < 60,
            "input_tokens": random.integers(50, 4_000, count),
            "cache_read_tokens": random.integers(0, 60_000, count),
            "cache_write_tokens": random.integers(0, 9_000, count),
            "output_tokens": random.integers(20, 3_000, count),
        }
    )
    return copilot, cursor


def _draw(seed: int, day: Day) -> pd.DataFrame:
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, day.day.toordinal()])))
    count, chosen, facts = day.requests, day.switches, _route_facts()

    route = np.searchsorted(np.cumsum(day.weights), random.integers(0, sum(day.weights), count), side="right")
    injected = _injected(day)
    route[: len(injected)] = injected
    started = np.sort(_times_of_day(random, count))

    feature = facts["feature"][route]
    has_gateway = facts["gateway"][route] >= 0
    is_unseen = has_gateway & _happens(random, count, UNSEEN * chosen.unseen_requests)
    gateway = np.where(is_unseen, -1, facts["gateway"][route])

    in_storm = _is_storm(day.day, chosen) & (feature == _position(company.STORM_FEATURE))
    failed = _happens(random, count, np.where(in_storm, FAILED_IN_STORM, FAILED))
    blocked = _happens(random, count, BLOCKED_SHARE * chosen.blocked_requests) & facts["is_anthropic"][route]
    if chosen.blocked_requests and count:
        # So that a company of a few requests has some too.
        blocked[-1] = facts["is_anthropic"][route[-1]]
    status = np.where(failed, FAILURE, np.where(blocked, BLOCKED, SUCCESS))
    is_cache_hit = _happens(random, count, CACHE_HITS) & (gateway >= 0) & (status == SUCCESS)
    retries = np.where(in_storm, random.integers(2, 6, count), _happens(random, count, RETRIED).astype(np.int64))

    tier = _service_tiers(random, count, facts, route)
    tokens = _tokens(random, count, facts, route)
    for name in tokens:
        tokens[name][failed] = 0
    total_input = sum(tokens[name] for name in tokens if name not in ("output", "web_search_count"))
    band = (total_input > facts["long_context"][route]).astype(np.int64)
    duration = 150 + tokens["output"] * 9 + random.integers(0, 400, count)

    customer = np.where(facts["has_customer"][route], _customers(random, count), -1)
    person = np.where(facts["has_person"][route], facts["first_person"][route] + random.integers(0, 5, count), -1)
    tiers = np.array([list(company.TIERS).index(name) for _, name in company.CUSTOMERS])
    return pd.DataFrame(
        {
            "ordinal": np.arange(count),
            "started_ms": started,
            "duration_ms": np.where(is_cache_hit, 12, duration),
            "team": _named(facts["team"][route], [team.name for team in company.TEAMS]),
            "feature": _named(feature, [entry.name for entry in company.FEATURES]),
            "use_case": _named(facts["use_case"][route], _use_cases()),
            "customer": _named(customer, [name for name, _ in company.CUSTOMERS]),
            "customer_tier": _named(np.where(customer < 0, -1, tiers[customer]), list(company.TIERS)),
            "environment": _named(facts["environment"][route], _environments()),
            "person": _named(person, [mail for mail, _ in company.PEOPLE]),
            "vendor": _named(facts["is_anthropic"][route].astype(np.int64), ["openai", "anthropic"]),
            "model": _named(facts["model"][route], _models()),
            "project_or_workspace": _named(facts["place"][route], _places()),
            "provider_key": _named(facts["key"][route], list(PROVIDER_KEY)),
            "gateway_key": _named(gateway, [company.gateway_hash(alias) for alias in company.GATEWAY_ALIASES]),
            "service_tier": _named(tier, list(SERVICE_TIERS)),
            "is_batch": tier == SERVICE_TIERS.index(BATCH),
            "context_band": _named(band, list(CONTEXT_BANDS)),
            "status": _named(status, list(STATUSES)),
            "is_cache_hit": is_cache_hit,
            "retries": retries,
            **tokens,
        }
    )


def _named(codes: Integers, names: list[str]) -> pd.Categorical:
    """Text as codes, so that a day of millions holds each name once. A negative code is null."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype=object))


def _happens(random: np.random.Generator, count: int, per_mille: int | Integers) -> NDArray[np.bool_]:
    return random.integers(0, 1_000, count) < per_mille


def _times_of_day(random: np.random.Generator, count: int) -> Integers:
    busy = np.cumsum((0, *HOURS)) / sum(HOURS)
    return (np.interp(random.random(count), busy, np.arange(25)) * 3_600_000).astype(np.int64)


def _customers(random: np.random.Generator, count: int) -> Integers:
    weights = np.cumsum([company.TIERS[tier][1] for _, tier in company.CUSTOMERS])
    return np.searchsorted(weights, random.integers(0, weights[-1], count), side="right")


def _service_tiers(random: np.random.Generator, count: int, facts: dict[str, Integers], route: Integers) -> Integers:
    drawn = random.integers(0, 100, count)
    batch, priority = facts["batch"][route], facts["priority"][route]
    return np.where(drawn < batch, 1, np.where(drawn < batch + priority, 2, 0))


def _tokens(
    random: np.random.Generator, count: int, facts: dict[str, Integers], route: Integers
) -> dict[str, Integers]:
    """Disjoint token classes: uncached and cached input, both kinds of cache writes, output; and web searches."""
    spread = facts["spread_percent"][route] / 100
    total = np.clip(random.lognormal(facts["log_input"][route] / 1e6, spread).astype(np.int64), 1, None)
    total = np.minimum(total, facts["window"][route])
    parts = {}
    for name in ("cache_read", "cache_write_5m", "cache_write_1h"):
        # A share between nothing and twice the profile's, so that the shares of one request never exceed the whole.
        share = np.minimum(
            facts[name][route] * random.integers(0, 200, count) // 100, 60 if name == "cache_read" else 20
        )
        parts[name] = total * share // 100
    has_output = facts["log_output"][route] > 0
    output = np.clip(random.lognormal(facts["log_output"][route] / 1e6, 0.5).astype(np.int64), 1, 32_000)
    searches = random.integers(1, 4, count) * _happens(random, count, facts["web_search"][route] * 10)
    return {
        "input_uncached": total - sum(parts.values()),
        **parts,
        "output": np.where(has_output, output, 0),
        "web_search_count": searches,
    }


@cache
def _route_facts() -> dict[str, Integers]:
    """Columns of numbers over `ROUTES`, for looking up by route number. Names are positions in their lists."""
    teams = [team.name for team in company.TEAMS]
    first_people = {team: number * 5 for number, team in enumerate(teams)}
    columns: dict[str, Iterable[int]] = {
        "team": (teams.index(route.team) for route in ROUTES),
        "feature": (_position(route.feature) for route in ROUTES),
        "use_case": (_use_cases().index(FEATURE[route.feature].use_case) for route in ROUTES),
        "environment": (_environments().index(route.environment) for route in ROUTES),
        "model": (_models().index(route.model) for route in ROUTES),
        "key": (list(PROVIDER_KEY).index(route.provider_key) for route in ROUTES),
        "place": (_code(PROVIDER_KEY[route.provider_key].place, _places()) for route in ROUTES),
        "gateway": (_code(route.gateway_alias, company.GATEWAY_ALIASES) for route in ROUTES),
        "batch": (route.batch for route in ROUTES),
        "priority": (route.priority for route in ROUTES),
        "window": (company.CONTEXT_WINDOW.get(route.model, company.LARGEST_WINDOW) for route in ROUTES),
        "long_context": (company.LONG_CONTEXT.get(route.model, company.LARGEST_WINDOW) for route in ROUTES),
        "first_person": (first_people[route.team] for route in ROUTES),
        "log_input": (round(math.log(route.profile.input_tokens) * 1e6) for route in ROUTES),
        "log_output": (round(math.log(max(route.profile.output_tokens, 1)) * 1e6) for route in ROUTES),
        "spread_percent": (round(route.profile.spread * 100) for route in ROUTES),
        "cache_read": (route.profile.cached for route in ROUTES),
        "cache_write_5m": (route.profile.written_5m for route in ROUTES),
        "cache_write_1h": (route.profile.written_1h for route in ROUTES),
        "web_search": (route.profile.web_search for route in ROUTES),
    }
    flags: dict[str, Iterable[bool]] = {
        "is_anthropic": (PROVIDER_KEY[route.provider_key].vendor == "anthropic" for route in ROUTES),
        "has_customer": (_has_customer(route) for route in ROUTES),
        "has_person": (route.environment == DEVELOPMENT or not _has_customer(route) for route in ROUTES),
    }
    return {name: np.array(list(column)) for name, column in (columns | flags).items()}


def _has_customer(route: Route) -> bool:
    return route.environment == company.PRODUCTION and FEATURE[route.feature].is_customer_facing


def _position(feature: str) -> int:
    return [entry.name for entry in company.FEATURES].index(feature)


def _code(name: str | None, names: Iterable[str]) -> int:
    return -1 if name is None else list(names).index(name)


def _use_cases() -> list[str]:
    return sorted({feature.use_case for feature in company.FEATURES})


def _environments() -> list[str]:
    return [company.PRODUCTION, company.STAGING, company.DEVELOPMENT]


def _models() -> list[str]:
    return sorted({route.model for route in ROUTES})


def _places() -> list[str]:
    return [*company.PROJECTS, *company.WORKSPACES]

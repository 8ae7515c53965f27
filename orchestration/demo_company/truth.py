"""Who truly caused each billed unit, what every bill adds up to, how many tokens flowed, and what was injected.

Computed from the causes before any bill is rendered, and read by tests only: no pipeline code may look here. Money is
decimal(35, 18) and never rounded; a currency stands beside it. Below `<folder>/truth/`:

- `billed_units.parquet`: vendor, charge_date, account, project_or_workspace (null: Anthropic's default workspace),
  provider_key, model (null for OpenAI's web searches, whose bill names none), meter, service_tier, context_band,
  currency, team, feature, customer, customer_tier, environment, quantity, billed_amount, list_amount. Vendors are
  openai, anthropic, github (meter `credit`, gross credits) and cursor (meter `token`).
- `billed_totals.parquet`: vendor (whose delivery carries it: the above, `seats`, `manual`, or a cloud's: `focus`, `aws`
  and `gcp`), provider_name, charge_date (seats, manual lines and what a cloud bills by the month: the first of the
  month), currency, billed_amount.
- `tokens.parquet`: observer (provider or gateway), vendor, model, meter, usage_date, is_cache_hit, quantity, requests.
  A meter's requests are those with a quantity of it; the meter `request` counts all. The provider counts no failures
  and no answers from the gateway's cache; the gateway counts both, and its cache hits apart.
- `findings.json`: one entry for each switch that is on.

What is true of the clouds and the cluster alone is written by `cloud_truth.py`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.demo_company import cloud_truth, company, fixed_charges, switches
from orchestration.demo_company.causes import Day, months_of
from orchestration.demo_company.cloud_charges import Charge
from orchestration.demo_company.company import ACCOUNTS, gateway_alias, gateway_hash
from orchestration.demo_company.fixed_charges import TAX_RATE
from orchestration.demo_company.gpu_cluster import NodeDay
from orchestration.demo_company.prices import COPILOT_CREDIT, CURSOR_CENTS, CURSOR_FEE_CENTS, METERS, WEB_SEARCH
from orchestration.demo_company.switches import Switches
from orchestration.demo_company.tables import MONEY, join_parts, quoted, write_parquet

PROVIDERS = {"openai": "OpenAI", "anthropic": "Anthropic", "github": "GitHub", "cursor": "Cursor"}
CENT = Decimal("0.01")

_SUMS = ", ".join(f"sum({'web_search_count' if meter == WEB_SEARCH else meter})::bigint as {meter}" for meter in METERS)
_BILLED = "status = 'success' and not is_cache_hit"


def write_day(connection: duckdb.DuckDBPyConnection, parts: Path, day: Day) -> None:
    """The day's part of the billed units and the tokens, from the table `requests`."""
    write_parquet(connection, parts / "billed_units" / f"{day.day}.parquet", _billed_units(day.day))
    write_parquet(connection, parts / "tokens" / f"{day.day}.parquet", _tokens(day.day))


def _billed_units(day: date) -> str:
    accounts = " ".join(f"when '{vendor}' then '{account}'" for vendor, account in ACCOUNTS.items())
    return f"""
        with sums as (
            select
                vendor, project_or_workspace, provider_key, model, service_tier, context_band,
                team, feature, customer, customer_tier, environment, {_SUMS}
            from requests where {_BILLED} group by all
        ),
        quantities as (
            unpivot sums on {", ".join(METERS)} into name meter value quantity
        )
        select
            quantities.vendor::varchar as vendor,
            date '{day}' as charge_date,
            case quantities.vendor {accounts} end as account,
            project_or_workspace::varchar as project_or_workspace,
            provider_key::varchar as provider_key,
            case when quantities.vendor = 'openai' and quantities.meter = '{WEB_SEARCH}' then null
                else quantities.model::varchar end as model,
            quantities.meter,
            quantities.service_tier::varchar as service_tier,
            quantities.context_band::varchar as context_band,
            'USD' as currency,
            team::varchar as team,
            feature::varchar as feature,
            customer::varchar as customer,
            customer_tier::varchar as customer_tier,
            environment::varchar as environment,
            sum(quantity)::bigint as quantity,
            sum(quantity * prices.charged)::{MONEY} as billed_amount,
            sum(quantity * prices.listed)::{MONEY} as list_amount
        from quantities
        left join prices
            on quantities.model = prices.model
            and quantities.meter = prices.meter
            and quantities.service_tier = prices.service_tier
            and quantities.context_band = prices.context_band
            and date '{day}' >= prices.valid_from
            and date '{day}' < prices.valid_to
        where quantity > 0
        group by all
        order by all
    """


def _tokens(day: date) -> str:
    seen = {
        "provider": "status <> 'failure' and not is_cache_hit",
        "gateway": "gateway_key is not null",
    }
    arms = " union all ".join(
        f"select '{observer}' as observer, vendor::varchar as vendor, model::varchar as model, is_cache_hit, "
        f"[{{'meter': 'request', 'quantity': count(*), 'requests': count(*)}}, {_pairs()}] as meters "
        f"from requests where {condition} group by all"
        for observer, condition in seen.items()
    )
    return f"""
        select
            observer, vendor, model, meter.meter as meter, date '{day}' as usage_date, is_cache_hit,
            meter.quantity::bigint as quantity, meter.requests::bigint as requests
        from (select * exclude (meters), unnest(meters) as meter from ({arms}))
        where meter.quantity > 0
        order by all
    """


def _pairs() -> str:
    columns = {meter: "web_search_count" if meter == WEB_SEARCH else meter for meter in METERS}
    return ", ".join(
        f"{{'meter': '{meter}', 'quantity': sum({column})::bigint, 'requests': count(*) filter (where {column} > 0)}}"
        for meter, column in columns.items()
    )


def finish(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    parts: Path,
    months: int,
    chosen: Switches,
    cloud_lines: Sequence[Charge],
    node_days: Sequence[NodeDay],
) -> None:
    """The whole truth, from the parts of the days, the tools, the fixed charges, the clouds and the cluster."""
    truth = folder / "truth"
    write_parquet(connection, parts / "billed_units" / "tools.parquet", _tool_units(folder / "causes"))
    join_parts(connection, parts / "billed_units", truth / "billed_units.parquet")
    join_parts(connection, parts / "tokens", truth / "tokens.parquet")
    connection.execute(
        "create table totals "
        f"(vendor varchar, provider_name varchar, charge_date date, currency varchar, amount {MONEY})"
    )
    names = " ".join(f"when '{vendor}' then '{name}'" for vendor, name in PROVIDERS.items())
    connection.execute(
        f"insert into totals select vendor, case vendor {names} end, charge_date, currency, sum(billed_amount) "
        f"from '{quoted(truth / 'billed_units.parquet')}' group by all"
    )
    connection.executemany(
        "insert into totals values (?, ?, ?, ?, ?)",
        list(_fixed_totals(months, chosen, taxes(connection, folder, months))),
    )
    cloud_totals: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for *key, amount in cloud_truth.billed(cloud_lines):
        cloud_totals[tuple(key)] += amount
    connection.executemany(
        "insert into totals values (?, ?, ?, ?, ?)", [(*key, amount) for key, amount in cloud_totals.items()]
    )
    write_parquet(
        connection,
        truth / "billed_totals.parquet",
        f"select vendor, provider_name, charge_date, currency, sum(amount)::{MONEY} as billed_amount "
        "from totals group by all order by all",
    )
    cloud_truth.write(connection, truth, cloud_lines, node_days)
    found = (
        *_findings(connection, folder, months, chosen),
        *cloud_truth.findings(cloud_lines, node_days, chosen),
    )
    entries = [{"switch": name} | entry for name, entry in found]
    (truth / "findings.json").write_text(json.dumps(entries, indent=2, default=str) + "\n")


def taxes(connection: duckdb.DuckDBPyConnection, folder: Path, months: int) -> dict[date, Decimal]:
    """The tax on Anthropic's usage of each month, in US dollars and whole cents."""
    amounts = dict(
        connection.execute(
            "select date_trunc('month', charge_date)::date, sum(billed_amount) "
            f"from '{quoted(folder / 'truth' / 'billed_units.parquet')}' where vendor = 'anthropic' group by all"
        ).fetchall()
    )
    unrounded = {month: amounts.get(month, Decimal(0)) * TAX_RATE for month in months_of(months)}
    return {month: amount.quantize(CENT, ROUND_HALF_EVEN) for month, amount in unrounded.items()}


def _fixed_totals(
    months: int, chosen: Switches, tax: dict[date, Decimal]
) -> Iterator[tuple[str, str, date, str, Decimal]]:
    for day, amount in fixed_charges.credits(chosen):
        yield "openai", "OpenAI", day, "USD", amount
    for month in months_of(months):
        for seat in fixed_charges.seats(month, chosen):
            yield "seats", seat.vendor, month, seat.currency, seat.unit_price
    for line in fixed_charges.manual_lines(months_of(months), chosen, tax):
        yield "manual", line.provider_name, line.month, line.currency, line.amount


def _tool_units(causes: Path) -> str:
    cents = " + ".join(f"{column} * {price}" for column, price in CURSOR_CENTS.items())
    tokens = " + ".join(CURSOR_CENTS)
    listed = f"({cents} + ({tokens}) * {CURSOR_FEE_CENTS}) * 0.01"
    return f"""
        with units as (
            select
                'github' as vendor, usage_date, '{company.GITHUB_ORGANIZATION}' as account, model, 'credit' as meter,
                team, credits as quantity, (credits - included_credits) * {COPILOT_CREDIT} as billed,
                credits * {COPILOT_CREDIT} as listed
            from '{quoted(causes / "copilot.parquet")}'
            union all
            select
                'cursor', usage_date, '{company.CURSOR_TEAM}', model, 'token', team, {tokens},
                case when is_charged then {listed} else 0 end, {listed}
            from '{quoted(causes / "cursor.parquet")}'
        )
        select
            vendor, usage_date as charge_date, account, account as project_or_workspace, null::varchar as provider_key,
            model, meter, 'standard' as service_tier, 'base' as context_band, 'USD' as currency, team,
            null::varchar as feature, null::varchar as customer, null::varchar as customer_tier,
            null::varchar as environment, sum(quantity)::bigint as quantity,
            sum(billed)::{MONEY} as billed_amount, sum(listed)::{MONEY} as list_amount
        from units group by all order by all
    """


def _findings(
    connection: duckdb.DuckDBPyConnection, folder: Path, months: int, chosen: Switches
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each switch did: where, how much exactly, and what a reader of the data must come to see."""
    units = f"'{quoted(folder / 'truth' / 'billed_units.parquet')}'"
    last_month = f"charge_date >= date '{company.LAST_MONTH}'"

    def rows(query: str) -> list[dict[str, Any]]:
        relation = connection.execute(query)
        names = [column[0] for column in relation.description or []]
        return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]

    def requests_of(*days: date) -> str:
        return _requests(folder, days)

    def spend(condition: str, *groups: str) -> list[dict[str, Any]]:
        keys = "".join(f"{group}, " for group in groups)
        return rows(
            f"select {keys}currency, min(charge_date) as first_day, max(charge_date) as last_day, "
            f"sum(quantity)::bigint as quantity, sum(billed_amount) as billed_amount, sum(list_amount) as list_amount "
            f"from {units} where {condition} group by all order by all"
        )

    every_day = sorted((folder / "causes" / "requests").glob("*.parquet"))
    all_requests = _requests(folder, [date.fromisoformat(path.stem) for path in every_day])

    if chosen.duplicate_delivery:
        day = switches.DUPLICATE_DAY
        seen = rows(f"select count(*) as requests from {requests_of(day)} where gateway_key is not null")[0]
        yield (
            "duplicate_delivery",
            {
                "what": "one object of the gateway's log is delivered a second time under another name",
                "where": {"day": day, "files": [f"litellm/{day}/gateway-{day}{end}" for end in switches.DELIVERED]},
                **seen,
                "expected": "each request counts once; tokens and estimates of the day equal the truth",
            },
        )
    if chosen.restated_day:
        day = switches.RESTATED_DAY
        amounts = rows(
            f"with units as (select *, {switches.FIRST_VERSION} as is_first from {requests_of(day)} "
            f"where vendor = 'anthropic' and {_BILLED}), "
            f"sums as (select model, service_tier, context_band, is_first, {_SUMS} from units group by all), "
            f"quantities as (unpivot sums on {', '.join(METERS)} into name meter value quantity) "
            f"select coalesce(sum(quantity * charged) filter (where is_first), 0)::{MONEY} as first_amount, "
            f"coalesce(sum(quantity * charged), 0)::{MONEY} as true_amount "
            "from quantities left join prices using (model, meter, service_tier, context_band) "
            f"where date '{day}' >= valid_from and date '{day}' < valid_to"
        )[0]
        yield (
            "restated_day",
            {
                "what": "the vendor first serves half a day, and the whole of it later, in usage and in cost",
                "where": {"vendor": "anthropic", "day": day, "first_until": switches.RESTATED_FROM},
                "currency": "USD",
                **amounts,
                "difference": amounts["true_amount"] - amounts["first_amount"],
                "expected": "the newest delivery is the truth; the difference shows as a restatement of the day",
            },
        )
    if chosen.late_price:
        yield (
            "late_price",
            {
                "what": "a model is used and billed before any price catalogue knows it",
                "where": {"vendor": "openai", "model": company.GPT_UNKNOWN, "from": switches.LATE_MODEL_FROM},
                "spend": spend(f"model = '{company.GPT_UNKNOWN}'", "meter"),
                "expected": "list cost null and counted, billed cost complete, until a price is delivered",
            },
        )
    if chosen.rotated_key:
        keys = (company.ROTATED_OLD_KEY, company.ROTATED_NEW_KEY)
        yield (
            "rotated_key",
            {
                "what": "one key takes over from another",
                "where": {"old_key": keys[0], "new_key": keys[1], "on": switches.ROTATED_ON},
                "spend": spend(f"provider_key in {keys}", "provider_key"),
                "expected": "both keys belong to team assistant, feature answers; no gap and no unknown owner",
            },
        )
    if chosen.deleted_key:
        yield (
            "deleted_key",
            {
                "what": "a key is deleted and vanishes from the vendor's list of keys",
                "where": {"key": company.DELETED_KEY, "on": switches.DELETED_ON},
                "spend": spend(f"provider_key = '{company.DELETED_KEY}'"),
                "expected": "its history keeps its owner: team merchant-tools, feature price-hints",
            },
        )
    if chosen.model_upgrade:
        alias = gateway_alias("assistant", company.PRODUCTION)
        yield (
            "model_upgrade",
            {
                "what": "a feature moves to another model within the month",
                "where": {
                    "feature": "answers",
                    "gateway_alias": alias,
                    "on": switches.UPGRADED_ON,
                    "old_model": company.SONNET_OLD,
                    "new_model": company.SONNET,
                },
                "spend": spend(f"feature = 'answers' and vendor = 'anthropic' and {last_month}", "model"),
                "expected": "the cost change from one model to the other at equal traffic is shown for the feature",
            },
        )
    if chosen.dev_key_in_production:
        yield (
            "dev_key_in_production",
            {
                "what": "production traffic uses a development key of the gateway",
                **_leak(rows, requests_of, company.DEVELOPMENT_KEY_IN_PRODUCTION, switches.DEV_KEY_IN_PRODUCTION),
                "expected": "an environment leak: the key says development, the requests are tagged production",
            },
        )
    if chosen.production_key_in_development:
        yield (
            "production_key_in_development",
            {
                "what": "development traffic uses a production key of the gateway",
                **_leak(
                    rows,
                    requests_of,
                    company.PRODUCTION_KEY_IN_DEVELOPMENT,
                    switches.PRODUCTION_KEY_IN_DEVELOPMENT,
                ),
                "expected": "an environment leak: the key says production, the requests are tagged development",
            },
        )
    if chosen.unmapped_key:
        yield (
            "unmapped_key",
            {
                "what": "a key in a project that no seed knows",
                "where": {"key": company.UNMAPPED_KEY, "project": "proj_hackday", "from": switches.UNMAPPED_FROM},
                "true_team": company.HACK.team,
                "spend": spend(f"provider_key = '{company.UNMAPPED_KEY}'"),
                "expected": "the whole amount is unallocated and listed as an ownership gap",
            },
        )
    lines = fixed_charges.manual_lines(months_of(months), chosen, taxes(connection, folder, months))
    if chosen.shadow_vendor:
        yield (
            "shadow_vendor",
            {
                "what": "an AI vendor that nobody approved, paid by card",
                "where": {"provider": fixed_charges.SHADOW_PROVIDER, "file": "manual/lines.csv"},
                **_sum_of_lines(lines, "card-scribewell"),
                "expected": "listed as shadow AI",
            },
        )
    if chosen.idle_commitment:
        yield (
            "idle_commitment",
            {
                "what": "a provisioned commitment that nothing uses",
                "where": {"contract": fixed_charges.IDLE_CONTRACT, "file": "manual/lines.csv"},
                **_sum_of_lines(lines, "provisioned-inference"),
                "expected": "its use is zero and its whole cost unused",
            },
        )
    if chosen.viral_feature:
        first, end = switches.VIRAL
        days = [first + timedelta(days=number) for number in range((end - first).days)]
        usual = [day - timedelta(days=7) for day in days]
        count = f"count(*) filter (where feature = '{company.VIRAL_FEATURE}') as requests"
        yield (
            "viral_feature",
            {
                "what": "one feature has many times its usual traffic",
                "where": {"feature": company.VIRAL_FEATURE, "first_day": first, "last_day": days[-1]},
                **rows(f"select {count} from {requests_of(*days)}")[0],
                "requests_a_week_before": rows(f"select {count} from {requests_of(*usual)}")[0]["requests"],
                "spend": spend(
                    f"feature = '{company.VIRAL_FEATURE}' and charge_date >= '{first}' and charge_date < '{end}'"
                ),
                "expected": "an anomaly of volume on these days, not of price",
            },
        )
    if chosen.retry_storm:
        day = switches.STORM_ON
        yield (
            "retry_storm",
            {
                "what": "a feature fails and is asked again and again for a day",
                "where": {"feature": company.STORM_FEATURE, "day": day},
                **rows(
                    "select count(*) as requests, coalesce(sum(retries), 0)::bigint as retries, "
                    "count(*) filter (where status = 'failure') as failures "
                    f"from {requests_of(day)} where feature = '{company.STORM_FEATURE}'"
                )[0],
                "spend": spend(f"feature = '{company.STORM_FEATURE}' and charge_date = '{day}'"),
                "expected": "retries and the share of failures jump on the day",
            },
        )
    if chosen.credit:
        yield (
            "credit",
            {
                "what": "a promotional credit on the bill, of no project and no model",
                "where": {"vendor": "openai", "day": switches.CREDIT_ON, "line_item": fixed_charges.CREDIT_TEXT},
                "currency": "USD",
                "billed_amount": fixed_charges.CREDIT,
                "expected": "a charge of category Credit; it lowers the bill and no feature's cost",
            },
        )
    if chosen.tax_line:
        yield (
            "tax_line",
            {
                "what": "sales tax that only the invoice shows, entered by hand",
                "where": {"provider": "Anthropic", "file": "manual/lines.csv", "invoices": "ANTHROPIC-<yyyymm>"},
                **_sum_of_lines(lines, "anthropic-tax"),
                "expected": "charges of category Tax, equal to the tax of the invoices",
            },
        )
    if chosen.second_currency:
        yield (
            "second_currency",
            {
                "what": "seats of the bank's teams and one manual line are in euros",
                "where": {"files": ["manual/lines.csv", "seats/"]},
                **rows(
                    "select currency, sum(amount) as billed_amount, "
                    "list(distinct provider_name order by provider_name) as providers "
                    "from totals where currency = 'EUR' group by all"
                )[0],
                "expected": "no sum across currencies; the reporting amount uses the rate of its date",
            },
        )
    if chosen.unseen_requests:
        keys = (company.OPENAI_GATEWAY_KEY, company.ANTHROPIC_GATEWAY_KEY)
        tokens = "input_uncached + cache_read + cache_write_5m + cache_write_1h + output"
        yield (
            "unseen_requests",
            {
                "what": "requests reach the vendor with the gateway's own key, and the gateway never saw them",
                "where": {"keys": keys},
                "by_vendor": rows(
                    "select vendor, count(*) filter (where gateway_key is null) as unseen_requests, "
                    f"count(*) as all_requests, coalesce(sum({tokens}) filter (where gateway_key is null), 0)::bigint "
                    f"as unseen_tokens, sum({tokens})::bigint as all_tokens from {all_requests} "
                    f"where provider_key in {keys} and status <> 'failure' and not is_cache_hit "
                    "group by all order by all"
                ),
                "expected": "coverage of these keys below 100 %; the rest is not given to anybody in silence",
            },
        )
    if chosen.blocked_requests:
        yield (
            "blocked_requests",
            {
                "what": "the vendor's usage shows tokens of blocked requests that its bill leaves out",
                "where": {"vendor": "anthropic"},
                "by_model": rows(
                    "select model, count(*) as requests, sum(input_uncached + cache_read + cache_write_5m "
                    f"+ cache_write_1h)::bigint as input_tokens, sum(output)::bigint as output_tokens "
                    f"from {all_requests} where status = 'blocked' group by all order by all"
                ),
                "expected": "metered tokens exceed billed tokens by these; they are not priced into the bill",
            },
        )


def _requests(folder: Path, days: Iterable[date]) -> str:
    paths = (quoted(folder / "causes" / "requests" / f"{day}.parquet") for day in days)
    return "read_parquet([" + ", ".join(f"'{path}'" for path in paths) + "])"


def _leak(rows: Any, requests_of: Any, route: company.Route, window: tuple[date, date]) -> dict[str, Any]:
    days = [window[0] + timedelta(days=number) for number in range((window[1] - window[0]).days)]
    alias = route.gateway_alias or ""
    return {
        "where": {
            "gateway_alias": alias,
            "gateway_key": gateway_hash(alias),
            "feature": route.feature,
            "environment": route.environment,
            "first_day": days[0],
            "last_day": days[-1],
        },
        # With requests that the gateway never saw, a few of the route's are known to the vendor only.
        **rows(
            f"select count(*) as requests from {requests_of(*days)} where gateway_key = '{gateway_hash(alias)}' "
            f"and environment = '{route.environment}'"
        )[0],
    }


def _sum_of_lines(lines: tuple[fixed_charges.ManualLine, ...], line_id: str) -> dict[str, Any]:
    chosen = [line for line in lines if line.line_id == line_id]
    return {
        "lines": len(chosen),
        "currency": chosen[0].currency,
        "billed_amount": sum((line.amount for line in chosen), Decimal(0)),
    }

"""What the vendors and the gateway say about the requests, in their own terms: rendered from the causes by SQL.

For the stub server, below `<folder>/exports/api/`, one Parquet file an answer with its finest grain; the server sums
it up as asked. A row is served on days from `known_from` to before `known_until` (null: for ever). JSON files hold
names of projects, keys, users, workspaces, seats and members. For drop folders, the gateway's log lies below
`<folder>/exports/drop/litellm/<day>/`, gzipped NDJSON in the shape of LiteLLM's object-storage records.
The truth is not read here; bills are computed a second time, from the causes and the prices.
"""

import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.demo_company import company, fixed_charges, switches
from orchestration.demo_company.causes import Day
from orchestration.demo_company.prices import CURSOR_CENTS, CURSOR_FEE_CENTS
from orchestration.demo_company.switches import DELIVERED, FIRST_VERSION, Switches
from orchestration.demo_company.tables import MONEY, join_parts, quoted, user_id, write_parquet

API_TABLES = ("openai_costs", "openai_usage", "anthropic_costs", "anthropic_usage")
KNOWN_FOR_EVER = "null::date"

# Which deployment of the gateway calls with which key of the vendor.
DEPLOYMENTS = {company.OPENAI_GATEWAY_KEY: "openai-main", company.ANTHROPIC_GATEWAY_KEY: "anthropic-main"}

_OPENAI_METERS = {
    "input_uncached": "input",
    "cache_read": "cached input",
    "output": "output",
    "web_search": "web search tool calls",
}
_ANTHROPIC_METERS = {
    "input_uncached": "uncached_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h": "cache_creation.ephemeral_1h_input_tokens",
    "output": "output_tokens",
    "web_search": None,
}
_BILLED = "status = 'success' and not is_cache_hit"


def write_day(
    connection: duckdb.DuckDBPyConnection, folder: Path, parts: Path, day: Day, restated: date | None
) -> None:
    """The day's part of every answer, and the gateway's log of the day, from the table `requests`.

    On the restated day Anthropic's rows exist twice: as first reported, and as they truly are.
    """
    following = day.day + timedelta(days=1)
    versions = [("true", f"date '{following}'", KNOWN_FOR_EVER)]
    if day.day == restated:
        change = f"date '{switches.RESTATED_FROM}'"
        versions = [(FIRST_VERSION, f"date '{following}'", change), ("true", change, KNOWN_FOR_EVER)]
    costs = " union all ".join(_anthropic_costs(day.day, *version) for version in versions)
    usage = " union all ".join(_anthropic_usage(day.day, *version) for version in versions)
    credits = [amount for credited, amount in fixed_charges.credits(day.switches) if credited == day.day]
    queries = {
        "openai_costs": _openai_costs(day.day, following, credits),
        "openai_usage": _openai_usage(day.day, following),
        "anthropic_costs": f"from ({costs}) order by all",
        "anthropic_usage": f"from ({usage}) order by all",
    }
    for name, query in queries.items():
        write_parquet(connection, parts / name / f"{day.day}.parquet", query)
    _write_gateway_log(connection, folder / "drop" / "litellm" / str(day.day), day)


def finish(connection: duckdb.DuckDBPyConnection, folder: Path, causes: Path, parts: Path, chosen: Switches) -> None:
    """The answers of all days, from their parts, those of the tools, and the lists of names."""
    api = folder / "api"
    for name in API_TABLES:
        join_parts(connection, parts / name, api / f"{name}.parquet")
    write_parquet(connection, api / "github_credits.parquet", _github_credits(causes))
    write_parquet(connection, api / "cursor_events.parquet", _cursor_events(causes))
    for name, entries in _names(chosen).items():
        (api / f"{name}.json").write_text(json.dumps(entries, indent=1) + "\n")


def _openai_costs(day: date, following: date, credits: list[Any]) -> str:
    directions = " ".join(f"when '{meter}' then '{text}'" for meter, text in _OPENAI_METERS.items())
    credit_rows = "".join(
        f" union all select null, null, null, '{fixed_charges.CREDIT_TEXT}', null, null, {amount}::{MONEY}"
        for amount in credits
    )
    return f"""
        with quantities as (
            unpivot (
                select
                    project_or_workspace, provider_key, model, service_tier, context_band,
                    sum(input_uncached)::bigint as input_uncached, sum(cache_read)::bigint as cache_read,
                    sum(output)::bigint as output, sum(web_search_count)::bigint as web_search
                from requests where vendor = 'openai' and {_BILLED} group by all
            ) on {", ".join(_OPENAI_METERS)} into name meter value quantity
        ),
        lines as (
            select
                project_or_workspace::varchar as project_id,
                provider_keys.user_id,
                quantities.provider_key::varchar as api_key_id,
                case when quantities.meter = 'web_search' then '{_OPENAI_METERS["web_search"]}' else
                    case when quantities.service_tier = 'standard' then '' else quantities.service_tier || ' | ' end
                    || quantities.model || ', ' || case quantities.meter {directions} end
                    || case when quantities.context_band = 'long' then ', long context' else '' end
                end as line_item,
                case when quantities.meter = 'web_search' then null else quantity end as quantity,
                case when quantities.meter = 'web_search' then null else 'tokens' end as quantity_unit,
                quantity * prices.charged as amount
            from quantities
            left join provider_keys on quantities.provider_key = provider_keys.provider_key
            left join prices
                on quantities.model = prices.model
                and quantities.meter = prices.meter
                and quantities.service_tier = prices.service_tier
                and quantities.context_band = prices.context_band
                and date '{day}' >= prices.valid_from
                and date '{day}' < prices.valid_to
            where quantity > 0
        ),
        summed as (
            select
                project_id, user_id, api_key_id, line_item, sum(quantity)::bigint as quantity, quantity_unit,
                sum(amount)::{MONEY} as amount
            from lines group by all{credit_rows}
        )
        select
            date '{day}' as usage_date, *, 'usd' as currency,
            date '{following}' as known_from, {KNOWN_FOR_EVER} as known_until
        from summed order by all
    """


def _openai_usage(day: date, following: date) -> str:
    keys = """
        date '{day}' as usage_date, '{endpoint}' as endpoint, project_or_workspace::varchar as project_id,
        provider_keys.user_id, requests.provider_key::varchar as api_key_id, model::varchar as model,
        is_batch as batch, case service_tier when 'priority' then 'priority' else 'default' end as service_tier
    """
    metered = "vendor = 'openai' and status <> 'failure' and not is_cache_hit"
    numbers = """
        sum(input_uncached + cache_read)::bigint as input_tokens, sum(cache_read)::bigint as input_cached_tokens,
        sum(input_uncached)::bigint as input_uncached_tokens, sum(output)::bigint as output_tokens,
        count(*) as num_model_requests, sum(web_search_count)::bigint as num_requests
    """
    arms = " union all ".join(
        f"select {keys.format(day=day, endpoint=endpoint)}, {numbers} from requests "
        f"left join provider_keys on requests.provider_key = provider_keys.provider_key "
        f"where {metered} and {condition} group by all"
        for endpoint, condition in (
            ("completions", f"model <> '{company.EMBEDDING}'"),
            ("embeddings", f"model = '{company.EMBEDDING}'"),
            ("web_search_calls", "web_search_count > 0"),
        )
    )
    return f"select *, date '{following}' as known_from, {KNOWN_FOR_EVER} as known_until from ({arms}) order by all"


_ANTHROPIC_KEYS = """
    date '{day}' as usage_date, project_or_workspace::varchar as workspace_id,
    provider_key::varchar as api_key_id, seen.model::varchar as model, seen.service_tier::varchar as service_tier,
    case seen.context_band when 'long' then '200k-1M' else '0-200k' end as context_window
"""


def _anthropic_usage(day: date, version: str, known_from: str, known_until: str) -> str:
    return f"""
        select
            {_ANTHROPIC_KEYS.format(day=day)},
            sum(input_uncached)::bigint as uncached_input_tokens,
            sum(cache_read)::bigint as cache_read_input_tokens,
            sum(cache_write_5m)::bigint as ephemeral_5m_input_tokens,
            sum(cache_write_1h)::bigint as ephemeral_1h_input_tokens,
            sum(output)::bigint as output_tokens,
            sum(web_search_count)::bigint as web_search_requests,
            count(*) as requests,
            {known_from} as known_from, {known_until} as known_until
        from requests as seen
        where vendor = 'anthropic' and status <> 'failure' and not is_cache_hit and {version}
        group by all
    """


def _anthropic_costs(day: date, version: str, known_from: str, known_until: str) -> str:
    """Costs a token type. The count of requests stands on the output rows alone, so that it can be summed."""
    types = " ".join(f"when '{meter}' then '{text}'" for meter, text in _ANTHROPIC_METERS.items() if text)
    return f"""
        select
            {_ANTHROPIC_KEYS.format(day=day)},
            case when seen.meter = 'web_search' then 'web_search' else 'tokens' end as cost_type,
            case seen.meter {types} end as token_type,
            quantity,
            case when seen.meter = 'output' then requests else 0 end as requests,
            (quantity * prices.charged)::{MONEY} as amount,
            (quantity * prices.listed)::{MONEY} as list_amount,
            {known_from} as known_from, {known_until} as known_until
        from (
            unpivot (
                select
                    project_or_workspace, provider_key, model, service_tier, context_band, count(*) as requests,
                    sum(input_uncached)::bigint as input_uncached, sum(cache_read)::bigint as cache_read,
                    sum(cache_write_5m)::bigint as cache_write_5m, sum(cache_write_1h)::bigint as cache_write_1h,
                    sum(output)::bigint as output, sum(web_search_count)::bigint as web_search
                from requests where vendor = 'anthropic' and {_BILLED} and {version} group by all
            ) on {", ".join(_ANTHROPIC_METERS)} into name meter value quantity
        ) as seen
        left join prices
            on seen.model = prices.model
            and seen.meter = prices.meter
            and seen.service_tier = prices.service_tier
            and seen.context_band = prices.context_band
            and date '{day}' >= prices.valid_from
            and date '{day}' < prices.valid_to
        where quantity > 0
    """


def _github_credits(causes: Path) -> str:
    return f"""
        select
            usage_date, model, sum(credits)::bigint as credits, sum(included_credits)::bigint as included_credits,
            usage_date + 1 as known_from, {KNOWN_FOR_EVER} as known_until
        from '{quoted(causes / "copilot.parquet")}' group by all order by all
    """


def _cursor_events(causes: Path) -> str:
    cents = " + ".join(f"{column} * {price}" for column, price in CURSOR_CENTS.items())
    tokens = " + ".join(CURSOR_CENTS)
    return f"""
        select
            *, ({cents})::{MONEY} as total_cents, (({tokens}) * {CURSOR_FEE_CENTS})::{MONEY} as fee_cents,
            usage_date + 1 as known_from, {KNOWN_FOR_EVER} as known_until
        from '{quoted(causes / "cursor.parquet")}' order by timestamp_ms, person
    """


def _write_gateway_log(connection: duckdb.DuckDBPyConnection, folder: Path, day: Day) -> None:
    folder.mkdir(parents=True)
    path, again = (folder / f"gateway-{day.day}{end}" for end in DELIVERED)
    connection.execute(f"copy ({_gateway_log(day.day)}) to '{quoted(path)}' (format json, compression gzip)")
    if day.switches.duplicate_delivery and day.day == switches.DUPLICATE_DAY:
        shutil.copyfile(path, again)


def _gateway_log(day: date) -> str:
    """One record a request that the gateway saw. Its cost is its own estimate at list price, a double as LiteLLM's.

    `prompt_tokens` contain cached and cache-write tokens. An answer from the cache repeats the tokens and costs
    nothing; a model that the gateway's price map does not know costs nothing either.
    """
    deployments = " ".join(f"when '{key}' then '{name}'" for key, name in DEPLOYMENTS.items())
    input_tokens = "input_uncached + cache_read + cache_write_5m + cache_write_1h"
    return f"""
        with seen as (
            select
                requests.*, gateway_keys.alias, gateway_keys.team as key_team, {input_tokens} as prompt_tokens,
                {input_tokens} + output as total_tokens,
                cache_write_5m + cache_write_1h as cache_creation_tokens,
                case when is_cache_hit or requests.model = '{company.GPT_UNKNOWN}' then 0 else 1 end as factor,
                (input_uncached * input_uncached_price * factor)::decimal(38, 15) as input_cost,
                (cache_read * cache_read_price * factor)::decimal(38, 15) as cache_read_cost,
                ((cache_write_5m * cache_write_5m_price
                    + cache_write_1h * cache_write_1h_price) * factor)::decimal(38, 15)
                    as cache_creation_cost,
                (output * output_price * factor)::decimal(38, 15) as output_cost,
                (web_search_count * web_search_price * factor)::decimal(38, 15) as tool_usage_cost,
                input_cost + cache_read_cost + cache_creation_cost + output_cost + tool_usage_cost as total_cost
            from requests
            inner join gateway_keys on requests.gateway_key = gateway_keys.gateway_key
            left join price_columns
                on requests.model = price_columns.model
                and requests.service_tier = price_columns.service_tier
                and requests.context_band = price_columns.context_band
                and date '{day}' >= price_columns.valid_from
                and date '{day}' < price_columns.valid_to
        )
        select
            request_id as id,
            request_id as litellm_call_id,
            case when model = '{company.EMBEDDING}' then 'aembedding' else 'acompletion' end as call_type,
            false as stream,
            total_cost::double as response_cost,
            case when status = 'failure' then 'failure' else 'success' end as status,
            vendor as custom_llm_provider,
            prompt_tokens,
            output as completion_tokens,
            total_tokens,
            (epoch_ms(started_at) / 1000)::decimal(18, 3) as "startTime",
            ((epoch_ms(started_at) + duration_ms) / 1000)::decimal(18, 3) as "endTime",
            ((epoch_ms(started_at) + duration_ms) / 1000)::decimal(18, 3) as "completionStartTime",
            (duration_ms / 1000)::decimal(18, 3) as response_time,
            model,
            case provider_key {deployments} end as model_id,
            model as model_group,
            case vendor when 'openai' then 'https://api.openai.com/v1' else 'https://api.anthropic.com' end as api_base,
            is_cache_hit as cache_hit,
            null as cache_key,
            ['feature:' || feature, 'env:' || environment, 'use_case:' || use_case] as request_tags,
            customer as end_user,
            {{
                'user_api_key_hash': gateway_key,
                'user_api_key_alias': alias,
                'user_api_key_team_id': 'team-' || key_team,
                'user_api_key_team_alias': key_team,
                'user_api_key_org_id': 'org-larkfield',
                'user_api_key_user_id': coalesce(person, 'svc-' || feature),
                'user_api_key_user_email': person,
                'spend_logs_metadata': {{'customer': customer, 'feature': feature}},
                'attempted_retries': retries,
                'usage_object': {{
                    'prompt_tokens': prompt_tokens,
                    'completion_tokens': output,
                    'total_tokens': total_tokens,
                    'prompt_tokens_details': {{
                        'cached_tokens': cache_read,
                        'cache_creation_tokens': cache_creation_tokens,
                        'cache_creation_token_details': {{
                            'ephemeral_5m_input_tokens': cache_write_5m,
                            'ephemeral_1h_input_tokens': cache_write_1h
                        }}
                    }},
                    'cache_creation_input_tokens': cache_creation_tokens,
                    'cache_read_input_tokens': cache_read,
                    'server_tool_use': {{'web_search_requests': web_search_count}}
                }}
            }} as metadata,
            {{
                'input_cost': input_cost::double,
                'cache_read_cost': cache_read_cost::double,
                'cache_creation_cost': cache_creation_cost::double,
                'output_cost': output_cost::double,
                'tool_usage_cost': tool_usage_cost::double,
                'total_cost': total_cost::double,
                'service_tier': null
            }} as cost_breakdown,
            null as messages,
            null as response
        from seen order by request_id
    """


def _names(chosen: Switches) -> dict[str, list[dict[str, Any]]]:
    """The lists that vendors keep of projects, keys, users, workspaces, seats and members, at the demo's end."""
    gone = {company.ROTATED_OLD_KEY} if chosen.rotated_key else {company.ROTATED_NEW_KEY}
    gone |= {company.DELETED_KEY} if chosen.deleted_key else set()
    gone |= set() if chosen.unmapped_key else {company.UNMAPPED_KEY}
    keys = [key for key in company.PROVIDER_KEYS if key.key not in gone]
    created = int(datetime.fromisoformat("2025-01-15T09:00:00+00:00").timestamp())
    return {
        "openai_projects": [
            {
                "object": "organization.project",
                "id": project,
                "name": name,
                "created_at": created,
                "archived_at": None,
                "status": "active",
            }
            for project, name in company.PROJECTS.items()
            if project != "proj_hackday" or chosen.unmapped_key
        ],
        "openai_keys": [
            {
                "object": "organization.project.api_key",
                "id": key.key,
                "name": key.name,
                "owner_project_access": "active",
                "redacted_value": f"sk-proj-****{key.key[-3:]}",
                "created_at": created,
                "last_used_at": created,
                "owner": _key_owner(key),
                "project_id": key.place,
            }
            for key in keys
            if key.vendor == "openai"
        ],
        "openai_users": [
            {
                "object": "organization.user",
                "id": user_id(mail),
                "name": _display_name(mail),
                "email": mail,
                "role": "reader",
                "added_at": created,
            }
            for mail, _ in company.PEOPLE
        ],
        "anthropic_workspaces": [
            {
                "type": "workspace",
                "id": workspace,
                "name": name,
                "created_at": "2025-01-15T09:00:00Z",
                "archived_at": None,
                "compartment_id": f"cmpt_{workspace.removeprefix('wrkspc_')}",
                "data_residency": {
                    "allowed_inference_geos": "unrestricted",
                    "default_inference_geo": "global",
                    "workspace_geo": "us",
                },
                "display_color": "#6C5BB9",
                "external_key_id": None,
                "tags": {},
                "user_profile_id": None,
            }
            for workspace, name in company.WORKSPACES.items()
        ],
        "anthropic_keys": [
            {
                "type": "api_key",
                "id": key.key,
                "name": key.name,
                "scope": {"type": "workspace", "workspace_id": key.place} if key.place else {"type": "organization"},
                "created_at": "2025-01-15T09:00:00Z",
                "created_by": {"id": user_id(key.person) or "user_platform", "type": "user"},
                "partial_key_hint": f"sk-ant-...{key.key[-3:]}",
                "status": "active",
                "expires_at": None,
            }
            for key in keys
            if key.vendor == "anthropic"
        ],
        "github_seats": [
            {
                "created_at": "2026-01-12T08:00:00Z",
                "updated_at": "2026-01-12T08:00:00Z",
                "pending_cancellation_date": None,
                "last_activity_at": None if fixed_charges.is_idle(mail) else "2026-10-30T15:30:00Z",
                "last_activity_editor": None if fixed_charges.is_idle(mail) else "vscode/1.107.0",
                "plan_type": "business",
                "assignee": {"login": mail.split("@")[0].replace(".", "-"), "id": 9_000 + number, "type": "User"},
                "assigning_team": {"id": 100, "name": team, "slug": team},
            }
            for number, (mail, team) in enumerate(company.COPILOT_PEOPLE)
        ],
        "cursor_members": [
            {"id": 7_000 + number, "name": _display_name(mail), "email": mail, "role": "member", "isRemoved": False}
            for number, (mail, _) in enumerate(company.CURSOR_PEOPLE)
        ],
    }


def _key_owner(key: company.ProviderKey) -> dict[str, Any]:
    if key.person is None:
        account = {"id": f"svc_{key.key}", "name": key.name}
        return {"type": "service_account", "service_account": account | {"role": "member", "created_at": 1_736_931_600}}
    user: dict[str, Any] = {"id": user_id(key.person), "email": key.person}
    user |= {"name": _display_name(key.person), "role": "member", "created_at": 1_736_931_600}
    return {"type": "user", "user": user}


def _display_name(mail: str) -> str:
    return mail.split("@")[0].replace(".", " ").title()

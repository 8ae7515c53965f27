"""What landing requests and rolling them up to days costs over bare DuckDB on the same files.

Prints; never asserts a time. The form is that of `overhead.py`: every side runs in a new process, a figure is the
median of the repeats (by default 3, above a million rows 1) and ends with one line of the same form. Wall seconds
include the start of Python on both sides; on a machine that others use, trust the processor seconds beside them.

land
    ours: the folder of a LiteLLM storage logger, a gzipped NDJSON object a day, to typed Parquet: `land_table`, which
    selects the agreed fields, hashes people and masks secrets, keeps that as raw bytes, types, reports roundings,
    measures and judges the contract, hashes and fingerprints, and makes each day a durable package.
    theirs: one DuckDB process: `read_json` of the four fields that it needs, summed by day and model. It writes no
    row, and reads days side by side, where landing takes one after the other.
rollup
    ours: the compiled SQL of `stg_litellm__requests` and `usage_litellm__meters` over the input folder, the latter as a
    table: requests that were logged twice are found, disjoint token classes, histograms of latency, a row a meter.
    theirs: one DuckDB process: requests and tokens of the same Parquet by day and model, as a table.
    What stands between `land` and `rollup` in a build, making the input folder, is printed and is in no figure.
api
    ours: a month of OpenAI's usage, a page a day, from a stub on 127.0.0.1 through the real connector to typed Parquet.
    The import of dlt is in it; the stub's own time is not in the processor seconds.
    theirs: one DuckDB process: `read_json` of the same pages from files, tokens summed by day and model.

Both sides must come to the same requests and tokens by day and model, or this stops. So that they can, no request is
logged twice and none is answered from the gateway's cache. Costs are doubles from double arithmetic, as LiteLLM's are:
most have more digits than money keeps. The same seed gives the same rows. Linux only.
"""

import argparse
import importlib.metadata
import json
import logging
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
from overhead import BENCHMARKS, SETTINGS, VERSIONED, Sample, figure, spread, timed_process

DAYS = tuple(date(2026, 6, 1) + timedelta(days=number) for number in range(30))
MONTH = "2026-06"
TODAY = "2026-07-15"
API_ROWS = 100_000
SEVERAL_REPEATS_UP_TO = 1_000_000
SECRETS = {"METERHOUSE_PERSON_KEY": "a key for made-up people", "OPENAI_ADMIN_KEY": "a made-up key"}
MODELS = ("stg_litellm__requests", "usage_litellm__meters")

# vendor, deployment, model, and US dollars a token as doubles: input, cache read, cache write, output
GATEWAY_MODELS = """
    (0, 'openai', 'openai-main', 'gpt-5.1', 1.25e-6, 1.25e-7, 0, 1e-5),
    (1, 'openai', 'openai-main', 'gpt-5-mini', 2.5e-7, 2.5e-8, 0, 2e-6),
    (2, 'openai', 'openai-main', 'gpt-5-nano', 5e-8, 5e-9, 0, 4e-7),
    (3, 'anthropic', 'anthropic-main', 'claude-sonnet-4-5', 3e-6, 3e-7, 3.75e-6, 1.5e-5),
    (4, 'anthropic', 'anthropic-main', 'claude-haiku-4-5', 1e-6, 1e-7, 1.25e-6, 5e-6),
    (5, 'anthropic', 'anthropic-main', 'claude-opus-4-5', 5e-6, 5e-7, 6.25e-6, 2.5e-5)
"""

# `draw` and `other` are 64 bits of a row's own; each choice reads digits that no other choice reads.
# 25 features of 12 teams, each with two models, 300 customers of whom some ask more often.
GATEWAY_LOG = """
with models as (
    select * from (values {models}) as listed (
        model_number, vendor, deployment, model, input_price, cache_read_price, cache_write_price, output_price
    )
),

draws as (
    select number, md5_number(concat_ws('/', 'gateway', {seed}, '{day}', number)) as hash
    from range({rows}) as numbers (number)
),

halves as (
    select
        number, cast(hash >> 64 as ubigint) as draw,
        cast(hash & 18446744073709551615::uhugeint as ubigint) as other
    from draws
),

chosen as (
    select
        number, draw, other,
        draw % 25 as feature,
        (draw % 25 + draw // 25 % 10 // 8) % 6 as model_number,
        cast(draw // 1000 % 86400000 as bigint) as start_ms,
        300 + draw // 100000000000 % 97 * (draw // 10000000000000 % 97) as duration_ms,
        draw // 1000000000000000 % 300 * (draw // 1000000000000000 % 289) // 289 as customer,
        other % 100 < 1 as is_failure,
        other // 100 % 100 < 10 as is_development,
        other // 10000 % 40 as person,
        cast(200 + other // 1000000 % 8000 as bigint) as asked,
        cast(other // 10000000000 % 5 as bigint) as cached_fifths,
        other // 100000000000 % 3 = 0 as is_writing_cache,
        cast(20 + other // 1000000000000 % 1500 as bigint) as answered
    from halves
),

counted as (
    select
        *,
        case when is_failure then 0 else asked end as prompt_tokens,
        case when is_failure then 0 else answered end as completion_tokens,
        prompt_tokens * cached_fifths // 5 as cache_read,
        case when vendor = 'anthropic' and is_writing_cache then prompt_tokens // 10 else 0 end as cache_write,
        prompt_tokens - cache_read - cache_write as uncached,
        cast('{day}' as timestamp) + to_milliseconds(start_ms) as started_at
    from chosen
    inner join models using (model_number)
),

priced as (
    select
        *,
        uncached * cast(input_price as double) as input_cost,
        cache_read * cast(cache_read_price as double) as cache_read_cost,
        cache_write * cast(cache_write_price as double) as cache_creation_cost,
        completion_tokens * cast(output_price as double) as output_cost,
        input_cost + cache_read_cost + cache_creation_cost + output_cost as total_cost,
        (epoch_ms(started_at) + duration_ms) / 1000 as ended_second,
        'team-' || feature % 12 as team,
        'feature-' || feature as feature_name,
        'customer-' || customer as customer_name,
        case when is_development then 'person.' || person || '@larkfield.example' end as mail
    from counted
)

select
    'chatcmpl-' || lower(to_hex(draw)) || lower(to_hex(other)) as id,
    md5(id) as litellm_call_id,
    'acompletion' as call_type,
    false as stream,
    total_cost as response_cost,
    case when is_failure then 'failure' else 'success' end as status,
    vendor as custom_llm_provider,
    prompt_tokens,
    completion_tokens,
    prompt_tokens + completion_tokens as total_tokens,
    cast(epoch_ms(started_at) / 1000 as decimal(18, 3)) as "startTime",
    cast(ended_second as decimal(18, 3)) as "endTime",
    cast(ended_second as decimal(18, 3)) as "completionStartTime",
    cast(duration_ms / 1000 as decimal(18, 3)) as response_time,
    model,
    deployment as model_id,
    model as model_group,
    'https://' || vendor || '.example' as api_base,
    false as cache_hit,
    null as cache_key,
    [
        'feature:' || feature_name,
        'env:' || case when is_development then 'development' else 'production' end,
        'use_case:use-case-' || feature % 6
    ] as request_tags,
    customer_name as end_user,
    {{
        'user_api_key_hash': sha256(feature_name || is_development),
        'user_api_key_alias': feature_name || case when is_development then '-dev' else '-prod' end,
        'user_api_key_team_id': team,
        'user_api_key_team_alias': team,
        'user_api_key_org_id': 'org-larkfield',
        'user_api_key_user_id': coalesce(mail, 'svc-' || feature_name),
        'user_api_key_user_email': mail,
        'spend_logs_metadata': {{'customer': customer_name, 'feature': feature_name}},
        'attempted_retries': 0,
        'usage_object': {{
            'prompt_tokens': prompt_tokens,
            'completion_tokens': completion_tokens,
            'total_tokens': prompt_tokens + completion_tokens,
            'prompt_tokens_details': {{
                'cached_tokens': cache_read,
                'cache_creation_tokens': cache_write,
                'cache_creation_token_details': {{
                    'ephemeral_5m_input_tokens': cache_write,
                    'ephemeral_1h_input_tokens': 0
                }}
            }},
            'cache_creation_input_tokens': cache_write,
            'cache_read_input_tokens': cache_read,
            'server_tool_use': {{'web_search_requests': 0}}
        }}
    }} as metadata,
    {{
        'input_cost': input_cost,
        'cache_read_cost': cache_read_cost,
        'cache_creation_cost': cache_creation_cost,
        'output_cost': output_cost,
        'tool_usage_cost': cast(0 as double),
        'total_cost': total_cost,
        'service_tier': null
    }} as cost_breakdown,
    null as messages,
    null as response
from priced
order by number
"""

USAGE_RESULTS = """
    select to_json({{
        'object': 'organization.usage.completions.result',
        'input_tokens': input_tokens,
        'input_cached_tokens': input_tokens // 3,
        'input_uncached_tokens': input_tokens - input_tokens // 3,
        'input_cache_write_tokens': 0,
        'input_text_tokens': input_tokens - input_tokens // 3,
        'input_audio_tokens': 0,
        'input_image_tokens': 0,
        'input_cached_text_tokens': input_tokens // 3,
        'input_cached_audio_tokens': 0,
        'input_cached_image_tokens': 0,
        'output_tokens': output_tokens,
        'output_text_tokens': output_tokens,
        'output_audio_tokens': 0,
        'output_image_tokens': 0,
        'num_model_requests': 1 + draw // 10000000000000 % 500,
        'project_id': 'proj_' || number // 60,
        'user_id': null,
        'api_key_id': 'key_' || number // 6,
        'model': 'gpt-5.1-model-' || number % 6,
        'batch': false,
        'service_tier': 'default',
        'api_source': null
    }})
    from (
        select
            number, draw, cast(100 + draw % 10000000 as bigint) as input_tokens,
            cast(10 + draw // 10000000 % 1000000 as bigint) as output_tokens
        from (
            select number, md5_number_lower(concat_ws('/', 'usage', {seed}, '{day}', number)) as draw
            from range({rows}) as numbers (number)
        )
    )
    order by number
"""

# Each gives day, model, requests or rows, input tokens, output tokens.
LOG_TOTALS = """
    select
        cast(make_timestamp(cast("startTime" * 1000000 as bigint)) as date) as usage_date, model, count(*) as requests,
        sum(prompt_tokens) as input_tokens, sum(completion_tokens) as output_tokens
    from read_json(
        '{files}', format = 'newline_delimited',
        columns = {{
            'startTime': 'DOUBLE', 'model': 'VARCHAR', 'prompt_tokens': 'BIGINT', 'completion_tokens': 'BIGINT'
        }}
    )
    group by all
"""
PARQUET_TOTALS = """
    select
        cast(started_at as date) as usage_date, model, count(*) as requests, sum(prompt_tokens) as input_tokens,
        sum(completion_tokens) as output_tokens
    from read_parquet('{files}', union_by_name = true)
    group by all
"""
METER_TOTALS = """
    select
        usage_date, provider_model_id,
        sum(quantity) filter (where meter = 'request'),
        coalesce(sum(quantity) filter (where meter like 'input%' or meter like 'cache%'), 0),
        coalesce(sum(quantity) filter (where meter like 'output%'), 0)
    from {relation}
    group by all
"""
PAGE_TOTALS = """
    select
        cast(make_timestamp(bucket.start_time * 1000000) as date) as usage_date, result.model, count(*) as requests,
        sum(result.input_tokens) as input_tokens, sum(result.output_tokens) as output_tokens
    from (
        select bucket, unnest(bucket.results) as result
        from (
            select unnest(data) as bucket
            from read_json(
                '{files}', format = 'unstructured',
                columns = {{
                    'data': 'STRUCT(start_time BIGINT, results STRUCT(
                        model VARCHAR, input_tokens BIGINT, output_tokens BIGINT)[])[]'
                }}
            )
        )
    )
    group by all
"""
USAGE_TOTALS = """
    select
        cast(make_timestamp(start_time * 1000000) as date), model, count(*), sum(input_tokens), sum(output_tokens)
    from read_parquet('{files}', union_by_name = true)
    group by all
"""

Totals = list[tuple[Any, ...]]


def rows_of_days(rows: int) -> list[tuple[date, int]]:
    """How many of `rows` fall on each day."""
    return [(day, rows // len(DAYS) + (number < rows % len(DAYS))) for number, day in enumerate(DAYS)]


def write_gateway_log(folder: Path, rows: int, seed: int) -> None:
    """Writes `rows` requests, a gzipped NDJSON object a day, as a LiteLLM storage logger keeps them."""

    def write(day: date, count: int) -> None:
        path = folder / str(day) / f"gateway-{day}.ndjson.gz"
        path.parent.mkdir(parents=True)
        query = GATEWAY_LOG.format(models=GATEWAY_MODELS, seed=seed, day=day, rows=count)
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(f"copy ({query}) to '{_quoted(path)}' (format json, compression gzip)")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda item: write(*item), rows_of_days(rows)))


def write_usage_pages(folder: Path, rows: int, seed: int) -> list[Path]:
    """Writes `rows` results of OpenAI's completions usage, a page with one bucket a day; their paths in order."""
    folder.mkdir(parents=True)
    paths = []
    with duckdb.connect(config={"threads": 1}) as connection:
        for number, (day, count) in enumerate(rows_of_days(rows)):
            found = connection.execute(USAGE_RESULTS.format(seed=seed, day=day, rows=count)).fetchall()
            bucket = _bucket(_epoch(day), [json.loads(row[0]) for row in found])
            following = str(number + 1) if number + 1 < len(DAYS) else None
            path = folder / f"{number:02d}.json"
            path.write_text(json.dumps(_page([bucket], following)), encoding="utf-8")
            paths.append(path)
    return paths


@contextmanager
def usage_server(pages: Sequence[Path]) -> Iterator[str]:
    """Serves the pages of the completions endpoint, and empty days for every other one; gives its address."""
    contents = [path.read_bytes() for path in pages]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Else each answer waits 40 ms between its headers and its body.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = parse_qs(address.query)
            if address.path.endswith("/completions"):
                body = contents[int(asked.get("page", ["0"])[0])]
            else:
                days = range(int(asked["start_time"][0]), int(asked["end_time"][0]), 86400)
                body = json.dumps(_page([_bucket(second, []) for second in days], None)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(buckets: list[dict[str, Any]], following: str | None) -> dict[str, Any]:
    return {"object": "page", "data": buckets, "has_more": following is not None, "next_page": following}


def _bucket(start: int, results: list[Any]) -> dict[str, Any]:
    return {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": results}


def _epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def write_config(path: Path, vendor: str, location: str) -> None:
    """One source, and a day after the month as today: every day of it is due, and none is asked for twice."""
    path.write_text(
        f'today = {TODAY}\n[[sources]]\nvendor = "{vendor}"\nname = "generated"\n'
        f"location = {json.dumps(location)}\nsince = {DAYS[0]}\n"
    )


# What runs in a process of its own: `ingest.py <name> [arguments]`. Imports are part of what is timed.


def land(vendor: str, table: str) -> None:
    """Lands the month of the configured source. Raises RuntimeError unless each of its days is landed."""
    from orchestration.landing import land_table, landing_tables
    from orchestration.paths import Home
    from orchestration.settings import load_settings

    logging.disable()
    settings = load_settings()
    Home(settings.home).make()
    found = next(item for name, item in landing_tables() if (name, item.name) == (vendor, table))
    outcomes = land_table(settings, vendor, found, [MONTH])
    if [outcome.status for outcome in outcomes] != ["landed"] * len(DAYS):
        raise RuntimeError(f"not every day is landed: {outcomes}")


def lay_out() -> None:
    """Makes the input folder from what is landed."""
    from orchestration.inputs import lay_out, select
    from orchestration.settings import load_settings

    settings = load_settings()
    lay_out(settings, select(settings))


def compile_models() -> None:
    """Has dbt write the compiled SQL of the two models into its manifest."""
    from orchestration.paths import DBT_PROJECT, Home
    from orchestration.settings import load_settings
    from orchestration.warehouse import dbt_executable, set_dbt_environment

    settings = load_settings()
    set_dbt_environment(settings)
    folders = ["--project-dir", str(DBT_PROJECT), "--target-path", str(Home(settings.home).dbt_target)]
    subprocess.run([dbt_executable(), "compile", "--quiet", *folders, "--select", *MODELS], check=True)


PROCESSES: dict[str, Callable[..., None]] = {"land": land, "lay_out": lay_out, "compile_models": compile_models}


def own_process(home: Path, config: Path, *arguments: str) -> Sample:
    """One of `PROCESSES` in a new process."""
    return timed_process([str(Path(__file__)), *arguments], home, config)


def bare(work: Path, name: str, statements: list[str]) -> tuple[Sample, Path]:
    """Statements in a new process and a new DuckDB file; the file."""
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    database = folder / "meterhouse.duckdb"
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"database": str(database), "settings": SETTINGS, "statements": statements}))
    return timed_process([str(BENCHMARKS / "bare.py"), str(plan)], folder, folder), database


def totals(query: str, database: Path | None = None) -> Totals:
    """Day, model, requests, input tokens and output tokens, ordered."""
    with duckdb.connect(str(database or ":memory:"), read_only=database is not None) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(f"from ({query}) order by all").fetchall()


def rollup_statements(manifest: Path) -> tuple[list[str], str]:
    """The staging view and the rollup as a table, and the name of that table."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    by_name = {node["name"]: node for node in nodes if node["resource_type"] == "model"}
    relations = [f'"{by_name[name]["schema"]}"."{by_name[name]["alias"]}"' for name in MODELS]
    statements = [f'create schema if not exists "{by_name[name]["schema"]}"' for name in MODELS]
    for name, kind, relation in zip(MODELS, ("view", "table"), relations, strict=True):
        statements.append(f"create {kind} {relation} as {by_name[name]['compiled_code']}")
    return statements, relations[-1]


def agree(name: str, rows: int, ours: Totals, theirs: Totals) -> None:
    """Raises RuntimeError when the sides differ, or when rows are missing on both."""
    if ours != theirs or sum(row[2] for row in ours) != rows:
        raise RuntimeError(f"{name}: not the same work: ours {ours[:5]}, theirs {theirs[:5]}")


def show(name: str, rows: int, titles: tuple[str, str], ours: list[Sample], theirs: list[Sample]) -> None:
    """Each repeat, rows a second, how many times the processor seconds, and the figure's line."""
    print(spread(titles[0], ours))
    print(spread(titles[1], theirs))
    seconds = [statistics.median(sample.seconds for sample in samples) for samples in (ours, theirs)]
    processor = [statistics.median(sample.processor for sample in samples) for samples in (ours, theirs)]
    print(f"  {'rows a second':<40} ours {rows / seconds[0]:,.0f}, theirs {rows / seconds[1]:,.0f}")
    print(f"  {'ratio of processor seconds':<40} {processor[0] / processor[1]:.2f}")
    print(figure(name, rows, ours, theirs), flush=True)


def measure_land(work: Path, rows: int, repeat: int) -> None:
    """The figure `land`; leaves a home with everything landed."""
    home, config, log = work / "home", work / "meterhouse.toml", work / "log"
    write_config(config, "litellm", str(log))
    query = LOG_TOTALS.format(files=_quoted(log / "*" / "*.ndjson.gz"))
    landed = PARQUET_TOTALS.format(files=_quoted(home / "landing/litellm/spend_logs/*/*/*/*/part-*.parquet"))
    ours, theirs = [], []
    for _ in range(repeat):
        shutil.rmtree(home, ignore_errors=True)
        ours.append(own_process(home, config, "land", "litellm", "spend_logs"))
        sample, database = bare(work, "bare_land", [f"create table totals as {query}"])
        theirs.append(sample)
        agree("land", rows, totals(landed), totals("from totals", database))
    show("land", rows, ("land_table", "bare DuckDB, read_json and sums"), ours, theirs)


def measure_rollup(work: Path, rows: int, repeat: int) -> None:
    """The figure `rollup`, over what `measure_land` left."""
    home, config = work / "home", work / "meterhouse.toml"
    print(spread("making the input folder, in no figure", [own_process(home, config, "lay_out")]))
    own_process(home, config, "compile_models")
    statements, relation = rollup_statements(home / "builds" / "work" / "target" / "manifest.json")
    query = PARQUET_TOTALS.format(files=_quoted(home / "builds/work/inputs/litellm/spend_logs/**/*.parquet"))
    ours, theirs, meters = [], [], 0
    for _ in range(repeat):
        sample, database = bare(work, "rollup", statements)
        ours.append(sample)
        found = totals(METER_TOTALS.format(relation=relation), database)
        meters = _count(database, relation)
        sample, database = bare(work, "bare_rollup", [f"create table totals as {query}"])
        theirs.append(sample)
        agree("rollup", rows, found, totals("from totals", database))
    print(f"  {'rows of the rollup':<40} {meters:,}")
    show("rollup", rows, ("staging view and usage_litellm__meters", "bare DuckDB, read_parquet and sums"), ours, theirs)


def _count(database: Path, relation: str) -> int:
    with duckdb.connect(str(database), read_only=True) as connection:
        (found,) = connection.execute(f"select count(*) from {relation}").fetchall()
    return int(found[0])


def measure_api(work: Path, rows: int, repeat: int, seed: int) -> None:
    """The figure `api`."""
    home, config = work / "home", work / "meterhouse.toml"
    pages = write_usage_pages(work / "pages", rows, seed)
    size = sum(path.stat().st_size for path in pages) / 1024**2
    print(f"\n== {rows:,} usage results on {len(pages)} pages, {size:,.1f} MiB ==", flush=True)
    query = PAGE_TOTALS.format(files=_quoted(work / "pages" / "*.json"))
    landed = USAGE_TOTALS.format(files=_quoted(home / "landing/openai/usage/*/*/*/*/part-*.parquet"))
    ours, theirs = [], []
    with usage_server(pages) as address:
        write_config(config, "openai", address)
        for _ in range(repeat):
            shutil.rmtree(home, ignore_errors=True)
            ours.append(own_process(home, config, "land", "openai", "usage"))
            sample, database = bare(work, "bare_pages", [f"create table totals as {query}"])
            theirs.append(sample)
            agree("api", rows, totals(landed), totals("from totals", database))
    show("api", rows, ("pages through the connector", "bare DuckDB, read_json and sums"), ours, theirs)


def measure_rows(work: Path, rows: int, repeat: int, seed: int) -> None:
    """`land` and `rollup` for one number of requests."""
    write_gateway_log(work / "log", rows, seed)
    size = sum(path.stat().st_size for path in work.glob("log/*/*")) / 1024**2
    print(f"\n== {rows:,} requests on {len(DAYS)} days, {size:,.1f} MiB of gzipped NDJSON ==", flush=True)
    measure_land(work, rows, repeat)
    measure_rollup(work, rows, repeat)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def main() -> None:
    """Reads the options, says what is measured with what, and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000], help="Numbers of requests.")
    parser.add_argument("--api-rows", type=int, default=API_ROWS, help="Results on the pages of the API.")
    parser.add_argument("--repeat", type=int, help="Default: 3, above a million rows 1.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    versions = " ".join(f"{name}={importlib.metadata.version(name)}" for name in ("dlt", *VERSIONED))
    print(f"python={platform.python_version()} {versions}")
    print(f"platform={platform.platform()} cpus={os.cpu_count()} load={os.getloadavg()[0]:.2f}")
    print(f"date={datetime.now(UTC):%Y-%m-%dT%H:%MZ} seed={options.seed}")

    def repeats(rows: int) -> int:
        return int(options.repeat or (3 if rows <= SEVERAL_REPEATS_UP_TO else 1))

    os.environ.update(SECRETS)
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="meterhouse-benchmark-") as folder:
            measure_rows(Path(folder), rows, repeats(rows), options.seed)
    with tempfile.TemporaryDirectory(prefix="meterhouse-benchmark-") as folder:
        measure_api(Path(folder), options.api_rows, repeats(options.api_rows), options.seed)


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in PROCESSES:
        PROCESSES[sys.argv[1]](*sys.argv[2:])
    else:
        main()

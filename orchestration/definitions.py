"""The whole graph on one page: land, build, gate, publish.

Decorated functions get arguments, call a plain function, and report. Model names come from dbt's manifest, vendors
from the list of sources, published tables from their contracts; none is written here.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration import reporting
from orchestration.contracts import published_contracts
from orchestration.gates import check_build
from orchestration.landing import land_table, landing_tables
from orchestration.locks import take_lock
from orchestration.paths import DBT_PROJECT, Home
from orchestration.publish import publish, refuse_lost_deliveries
from orchestration.settings import Settings, load_settings
from orchestration.sources.base import SourceTable
from orchestration.warehouse import dbt_executable, dbt_manifest, prepare_build

settings = load_settings()
if settings.is_demo:
    from orchestration import demo

    settings = demo.prepare_demo(settings)
home = Home(settings.home)
manifest = dbt_manifest(settings)
months = dg.MonthlyPartitionsDefinition(
    start_date=f"{settings.first_month}-01", fmt="%Y-%m-%d", timezone="UTC", end_offset=1
)


def source_settings(today: str | None) -> AbstractContextManager[Settings]:
    """The settings of a landing; a run that is tagged with a day takes it for today."""
    day = date.fromisoformat(today) if today else settings.today
    if settings.is_demo:
        return demo.serving(settings, day or datetime.now(UTC).date())
    return nullcontext(settings.model_copy(update={"today": day}))


def landing_asset(vendor: str, table: SourceTable) -> dg.AssetsDefinition:
    """One landing asset, `[vendor, table]`, which is also dbt's source of that name."""

    @dg.asset(
        key=[vendor, table.name],
        partitions_def=months,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[dg.AssetCheckSpec("contract", asset=[vendor, table.name], blocking=True)],
        group_name="landing",
        owners=["team:data-platform"],
        kinds={"python", "parquet"},
        description=reporting.landing_description(vendor, table.name),
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=50), warn_window=timedelta(hours=26)
        ),
    )
    def land(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        take_lock(home)
        wanted = [key[:7] for key in context.partition_keys]
        with source_settings(context.run.tags.get(reporting.TODAY_TAG)) as served:
            outcomes = land_table(served, vendor, table, wanted)
        yield reporting.landing_result(settings, vendor, table.name, outcomes)
        reporting.raise_for_failures(outcomes)

    return land


@dbt_assets(manifest=manifest)
def warehouse(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[object]:
    """Seeds, staging, hubs and marts, with dbt's tests as checks. The build file is made anew."""
    take_lock(home)
    selection = prepare_build(settings)
    refuse_lost_deliveries(home, selection)
    yield from reporting.with_row_counts(home, dbt.cli(["build"], context=context, target_path=home.dbt_target))


@dg.multi_asset_check(specs=reporting.gate_specs(published_contracts()), name="publish_gate")
def publish_gate() -> Iterator[dg.AssetCheckResult]:
    """Blocks the publication when a table is not what its contract promises to readers."""
    take_lock(home)
    yield from reporting.gate_results(check_build(settings))


@dg.asset(
    key=["publication"],
    deps=[table.split(".") for table in published_contracts()],
    group_name="publication",
    owners=["team:data-platform"],
    kinds={"duckdb", "parquet"},
    description="One generation of `published/`: the DuckDB file and the Parquet twins that readers open.",
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26)),
)
def publication(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Hands over the build that passed the gate."""
    take_lock(home)
    return reporting.publication_result(publish(settings, context.run_id))


landing_assets = [landing_asset(vendor, table) for vendor, table in landing_tables()]
# A run lands what is configured: Dagster keeps an event for each asset and month of it.
configured = [dg.AssetKey([vendor, table.name]) for vendor, table in landing_tables() if settings.sources_of(vendor)]
land_job = dg.define_asset_job("land", dg.AssetSelection.assets(*landing_assets), partitions_def=months)
build_job = dg.define_asset_job("build", dg.AssetSelection.all() - dg.AssetSelection.assets(*landing_assets))


@dg.schedule(job=land_job, cron_schedule="0 5 * * *", execution_timezone="UTC")
def land_daily() -> dg.RunRequest:
    """Every month that is open to a source; each source knows which days of them are due."""
    return dg.RunRequest(tags=reporting.range_tags(months, datetime.now(UTC)), asset_selection=configured)


build_daily = dg.ScheduleDefinition(name="build_daily", job=build_job, cron_schedule="0 6 * * *")

defs = dg.Definitions(
    assets=[*landing_assets, warehouse, publication],
    asset_checks=[publish_gate],
    jobs=[land_job, build_job],
    schedules=[land_daily, build_daily],
    resources={"dbt": DbtCliResource(project_dir=str(DBT_PROJECT), dbt_executable=str(dbt_executable()))},
    executor=dg.in_process_executor,
)

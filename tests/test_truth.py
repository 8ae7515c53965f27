"""The demo company through the whole product: what is published is what truly happened, to the last digit.

The truth was computed from the causes before any bill was rendered; only tests read it.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.demo_company import SWITCH_NAMES
from orchestration.demo_company.prices import BASE_CONTEXT, STANDARD, all_prices
from tests.conftest import Larkfield
from tests.support import fingerprints
from tests.vendor import texts_below

PROVIDERS = {"openai": "OpenAI", "anthropic": "Anthropic"}


def test_billed_totals_per_vendor_day_and_currency_are_the_truth(larkfield: Larkfield) -> None:
    differences = larkfield.query("""
        with billed as (
            select x_Vendor as vendor, ServiceProviderName as provider_name,
                cast(ChargePeriodStart as date) as charge_date, BillingCurrency as currency,
                sum(BilledCost) as billed_amount
            from published.focus.cost_and_usage group by all
        ),
        true_totals as (
            select vendor, provider_name, charge_date, currency, sum(billed_amount) as billed_amount
            from truth.billed_totals group by all
        )
        select * from billed full join true_totals using (vendor, provider_name, charge_date, currency)
        where coalesce(billed.billed_amount, 0) <> coalesce(true_totals.billed_amount, 0)
    """)
    assert differences == []


TOKENS = """
    with metered as (
        select service_provider_name, provider_model_id as model, meter, usage_date, sum(quantity) as quantity
        from published.engineering.usage_meters
        where observer = '{observer}' and unit = 'Tokens' and service_provider_name in ('OpenAI', 'Anthropic')
        group by all
    ),
    true_tokens as (
        select case vendor when 'openai' then 'OpenAI' else 'Anthropic' end as service_provider_name,
            model, meter, usage_date, sum(quantity) as quantity
        from truth.tokens
        where observer = '{observer}' and not is_cache_hit and meter not in ('request', 'web_search') and quantity > 0
        group by all
    )
    select * from metered full join true_tokens using (service_provider_name, model, meter, usage_date)
    where metered.quantity is distinct from true_tokens.quantity
"""


@pytest.mark.parametrize("observer", ["provider", "gateway"])
def test_tokens_per_model_meter_and_day_are_the_truth(larkfield: Larkfield, observer: str) -> None:
    assert larkfield.query(TOKENS.format(observer=observer)) == []
    assert larkfield.query(f"select count(*) > 100 from truth.tokens where observer = '{observer}'") == [(True,)]


def test_quantities_on_the_bill_are_the_truth(larkfield: Larkfield) -> None:
    """Where a charge says tokens, they are those that truly were billed: per vendor, day, key and meter."""
    differences = larkfield.query("""
        with billed as (
            select ServiceProviderName as provider, cast(ChargePeriodStart as date) as charge_date,
                x_Meter as meter, sum(ConsumedQuantity) as quantity
            from published.focus.cost_and_usage
            where x_Vendor = 'openai' and ConsumedUnit = 'Tokens' group by all
        ),
        true_units as (
            select 'OpenAI' as provider, charge_date, meter, sum(quantity) as quantity from truth.billed_units
            where vendor = 'openai' and meter <> 'web_search' and quantity > 0 group by all
        )
        select * from billed full join true_units using (provider, charge_date, meter)
        where billed.quantity is distinct from true_units.quantity
    """)
    assert differences == []


def test_a_second_run_finds_nothing_new(larkfield: Larkfield) -> None:
    changed = {
        table: mark
        for table, mark in fingerprints(larkfield.publication).items()
        if mark != fingerprints(larkfield.before)[table] and table != "operations.deliveries"
    }
    assert changed == {}


def test_every_cent_is_conserved(larkfield: Larkfield) -> None:
    proof = "select count(*), bool_and(is_conserved), sum(abs(difference)) from published.operations.conservation_proof"
    ((count, is_conserved, difference),) = larkfield.query(proof)
    assert count > 500
    assert (is_conserved, difference) == (True, 0)


def test_the_summary_names_vendors_requests_tokens_spend_coverage_and_what_nobody_owns(larkfield: Larkfield) -> None:
    for words in ("OpenAI", "Anthropic", "requests", "tokens", "billed cost", "seen by gateway", "unallocated:"):
        assert words in larkfield.first.output
    for problem in ("rejected", "problem", "held:"):
        assert problem not in larkfield.first.output


def test_duplicate_delivery(larkfield: Larkfield) -> None:
    entry = larkfield.finding("duplicate_delivery")
    day = entry["where"]["day"]
    ((repeats,),) = larkfield.query(
        "select sum(repeat_count) from published.engineering.usage_meters "
        f"where observer = 'gateway' and usage_date = '{day}'"
    )
    assert repeats == entry["requests"]
    ((versions, rows),) = larkfield.query(
        "select count(*), max(row_count) from published.operations.deliveries "
        f"where vendor = 'litellm' and table_name = 'spend_logs' and partition_key = '{day}'"
    )
    assert versions == 2
    assert rows == 2 * entry["requests"]


def test_restated_day(larkfield: Larkfield) -> None:
    entry = larkfield.finding("restated_day")
    day = entry["where"]["day"]
    roles = larkfield.query(
        "select table_name, role from published.operations.deliveries "
        f"where vendor = 'anthropic' and partition_key = '{day}' and table_name in ('cost', 'usage') order by all"
    )
    assert roles == [("cost", "current"), ("cost", "superseded"), ("usage", "current"), ("usage", "superseded")]
    assert "1 restated" in larkfield.first.output
    ((billed,),) = larkfield.query(
        "select cast(sum(BilledCost) as varchar) from published.focus.cost_and_usage "
        f"where x_Vendor = 'anthropic' and cast(ChargePeriodStart as date) = '{day}'"
    )
    assert billed == entry["true_amount"]


def test_late_price(larkfield: Larkfield) -> None:
    model = larkfield.finding("late_price")["where"]["model"]
    bases = larkfield.query(
        "select distinct price_basis from published.engineering.usage_meters "
        f"where provider_model_id = '{model}' and unit = 'Tokens' and observer = 'provider'"
    )
    assert bases == [("contract",)], "the price that came late holds for the days before it came"
    versions = larkfield.query(
        "select partition_key, role from published.operations.deliveries "
        "where vendor = 'prices' and table_name = 'contract_prices' order by all"
    )
    assert versions == [("LF-ANT-2026", "current"), ("LF-OPENAI-MAIL", "current")]


@pytest.mark.parametrize("switch", ["rotated_key", "deleted_key"])
def test_keys_that_are_gone_keep_their_history(larkfield: Larkfield, switch: str) -> None:
    where = larkfield.finding(switch)["where"]
    key = where.get("old_key") or where["key"]
    ((billed, true),) = larkfield.query(f"""
        select
            (select sum(BilledCost) from published.focus.cost_and_usage where x_CredentialId = '{key}'),
            (select sum(billed_amount) from truth.billed_units where provider_key = '{key}')
    """)
    assert billed == true
    assert billed > 0
    teams = larkfield.query(
        f"select distinct team from build.hubs.allocated_charges where provider_credential_id = '{key}'"
    )
    assert teams == [({"rotated_key": "assistant", "deleted_key": "merchant-tools"}[switch],)]


def test_unmapped_key(larkfield: Larkfield) -> None:
    entry = larkfield.finding("unmapped_key")
    ((project, billed),) = larkfield.query(
        "select any_value(sub_account_id), cast(sum(billed_cost) as varchar) from published.finance.ledger_entries "
        f"where sub_account_id = '{entry['where']['project']}' and team = '__unallocated__'"
    )
    assert project == entry["where"]["project"]
    assert billed == entry["spend"][0]["billed_amount"]


def test_credit_tax_shadow_vendor_commitment_and_second_currency(larkfield: Larkfield) -> None:
    def billed(condition: str) -> Any:
        ((amount,),) = larkfield.query(f"select sum(BilledCost) from published.focus.cost_and_usage where {condition}")
        return amount

    # The clouds have credits and taxes of their own.
    credit, tax = larkfield.finding("credit"), larkfield.finding("tax_line")
    assert billed("ChargeCategory = 'Credit' and x_Vendor = 'openai'") == Decimal(credit["billed_amount"])
    assert billed("ChargeCategory = 'Tax' and x_Vendor = 'manual'") == Decimal(tax["billed_amount"])
    shadow = larkfield.finding("shadow_vendor")
    assert billed(f"ServiceProviderName = '{shadow['where']['provider']}'") == Decimal(shadow["billed_amount"])
    commitment = larkfield.finding("idle_commitment")
    # Lines of a contract are billed by the month, and nothing of it was used.
    line = "ResourceId = 'provisioned-inference'"
    assert billed(line) == Decimal(commitment["billed_amount"])
    assert billed(f"{line} and ConsumedQuantity > 0") is None
    assert billed("BillingCurrency = 'EUR'") == Decimal(larkfield.finding("second_currency")["billed_amount"])


def test_blocked_requests_have_tokens_and_no_cost(larkfield: Larkfield) -> None:
    for part in larkfield.finding("blocked_requests")["by_model"]:
        ((metered, billed),) = larkfield.query(f"""
            select
                (select sum(quantity) from published.engineering.usage_meters where observer = 'provider'
                    and provider_model_id = '{part["model"]}' and meter = 'output'),
                (select sum(quantity) from truth.billed_units where model = '{part["model"]}' and meter = 'output')
        """)
        assert metered - billed == part["output_tokens"]


def test_requests_that_the_gateway_never_saw(larkfield: Larkfield) -> None:
    for part in larkfield.finding("unseen_requests")["by_vendor"]:
        ((provider, gateway),) = larkfield.query(f"""
            select
                sum(quantity) filter (where observer = 'provider'),
                sum(quantity) filter (where observer = 'gateway')
            from published.engineering.usage_meters
            where service_provider_name = '{PROVIDERS[part["vendor"]]}' and unit = 'Tokens'
                and (provider_credential_id in ('key_gateway', 'apikey_gateway') or observer = 'gateway')
        """)
        assert provider - gateway >= part["unseen_tokens"] > 0


def test_storm_and_viral_feature_are_seen_by_the_gateway(larkfield: Larkfield) -> None:
    storm = larkfield.finding("retry_storm")
    ((requests, errors, retries),) = larkfield.query(
        "select sum(request_count), sum(error_count), sum(retry_count) from published.engineering.usage_meters "
        f"where observer = 'gateway' and requester_feature = '{storm['where']['feature']}' "
        f"and usage_date = '{storm['where']['day']}'"
    )
    # Some of the storm went past the gateway: what it saw is known from the causes.
    ((seen, failed, again),) = larkfield.query(
        "select count(*), count(*) filter (where status = 'failure'), sum(retries) from "
        f"'{larkfield.home}/demo/company/causes/requests/{storm['where']['day']}.parquet' "
        f"where feature = '{storm['where']['feature']}' and gateway_key is not null"
    )
    assert (requests, errors, retries) == (seen, failed, again)
    assert storm["retries"] >= retries > 100
    viral = larkfield.finding("viral_feature")
    ((seen,),) = larkfield.query(
        "select sum(request_count) from published.engineering.usage_meters where observer = 'gateway' "
        f"and requester_feature = '{viral['where']['feature']}' "
        f"and usage_date between '{viral['where']['first_day']}' and '{viral['where']['last_day']}'"
    )
    assert seen > 3 * viral["requests_a_week_before"]


@pytest.mark.parametrize("switch", ["dev_key_in_production", "production_key_in_development"])
def test_keys_that_leak_between_environments(larkfield: Larkfield, switch: str) -> None:
    entry = larkfield.finding(switch)
    where = entry["where"]
    ((requests,),) = larkfield.query(
        "select sum(request_count) from published.engineering.usage_meters where observer = 'gateway' "
        f"and gateway_credential_id = '{where['gateway_key']}' and requester_environment = '{where['environment']}' "
        f"and requester_feature = '{where['feature']}' "
        f"and usage_date between '{where['first_day']}' and '{where['last_day']}'"
    )
    assert requests == entry["requests"]


def test_a_model_upgrade_shows_on_its_day(larkfield: Larkfield) -> None:
    where = larkfield.finding("model_upgrade")["where"]
    days = dict(
        larkfield.query(
            "select provider_model_id, min(usage_date)::varchar || ' ' || max(usage_date)::varchar "
            "from published.engineering.usage_meters where observer = 'gateway' and meter = 'request' "
            f"and requester_feature = '{where['feature']}' and usage_date >= '2026-10-01' "
            f"and provider_model_id in ('{where['old_model']}', '{where['new_model']}') group by 1"
        )
    )
    assert days[where["old_model"]].split()[1] < where["on"] <= days[where["new_model"]].split()[0]


CLOUDS = "('focus', 'aws', 'gcp')"


def test_effective_costs_of_the_clouds_per_month_are_the_truth(larkfield: Larkfield) -> None:
    """What a commitment covers costs its share of the commitment; a promotion lowers the bill and not the cost."""
    differences = larkfield.query(f"""
        with costs as (
            select x_Vendor as vendor, ServiceProviderName as provider_name,
                cast(BillingPeriodStart as date) as billing_month, BillingCurrency as currency,
                sum(EffectiveCost) as effective_amount
            from published.focus.cost_and_usage where x_Vendor in {CLOUDS} group by all
        )
        select * from costs
        full join truth.effective_totals using (vendor, provider_name, billing_month, currency)
        where costs.effective_amount is distinct from effective_totals.effective_amount
    """)
    assert differences == []
    assert larkfield.query("select count(*) from truth.effective_totals") == [(24,)]


def test_tokens_on_the_clouds_bills_are_the_truth(larkfield: Larkfield) -> None:
    """Per model, meter and day, whatever unit and name the bill has for them: thousands, millions, single tokens."""
    differences = larkfield.query(f"""
        with billed as (
            select vendor, service_provider_name as provider_name, model_id as model, meter,
                charge_date as usage_date, sum(token_quantity) as quantity
            from build.hubs.focus_charges
            where vendor in {CLOUDS} and token_quantity is not null
            group by all having sum(token_quantity) <> 0
        ),
        true_tokens as (from truth.cloud_tokens where quantity <> 0)
        select * from billed full join true_tokens using (vendor, provider_name, model, meter, usage_date)
        where billed.quantity is distinct from true_tokens.quantity
    """)
    assert differences == []
    assert larkfield.query("select count(*) > 2000 from truth.cloud_tokens") == [(True,)]


def test_used_and_unused_parts_of_commitments_are_the_truth(larkfield: Larkfield) -> None:
    differences = larkfield.query("""
        with commitments as (
            select ServiceProviderName as provider_name, CommitmentDiscountId as commitment,
                cast(BillingPeriodStart as date) as billing_month, BillingCurrency as currency,
                coalesce(sum(BilledCost) filter (where ChargeCategory = 'Purchase'), 0) as purchased,
                coalesce(sum(EffectiveCost) filter (where CommitmentDiscountStatus = 'Used'), 0) as used,
                coalesce(sum(EffectiveCost) filter (where CommitmentDiscountStatus = 'Unused'), 0) as unused
            from published.focus.cost_and_usage where CommitmentDiscountId is not null group by all
        )
        select * from commitments full join truth.commitments as true_ones
            using (provider_name, commitment, billing_month, currency)
        where (commitments.purchased, commitments.used, commitments.unused)
            is distinct from (true_ones.purchased, true_ones.used, true_ones.unused)
    """)
    assert differences == []
    assert larkfield.query("select bool_and(purchased = used + unused) from truth.commitments") == [(True,)]


def test_unused_commitments(larkfield: Larkfield) -> None:
    for part in larkfield.finding("unused_commitments")["by_commitment"]:
        ((unused,),) = larkfield.query(
            "select sum(EffectiveCost) from published.focus.cost_and_usage where CommitmentDiscountStatus = 'Unused' "
            f"and CommitmentDiscountId = '{part['commitment']}'"
        )
        assert unused == Decimal(part["unused_amount"]) > 1_000


def test_cloud_correction(larkfield: Larkfield) -> None:
    entry = larkfield.finding("cloud_correction")
    for part in entry["by_provider"]:
        found = larkfield.query(
            "select count(*), sum(BilledCost) from published.focus.cost_and_usage where ChargeClass = 'Correction' "
            f"and ServiceProviderName = '{part['provider']}' "
            f"and cast(BillingPeriodStart as date) = '{entry['where']['billing_month']}'"
        )
        assert found == [(part["lines"], Decimal(part["billed_amount"]))]
    ((first, last),) = larkfield.query(
        "select cast(min(ChargePeriodStart) as date)::varchar, cast(max(ChargePeriodStart) as date)::varchar "
        "from published.focus.cost_and_usage where ChargeClass = 'Correction'"
    )
    assert [first, last] == entry["where"]["days"]


def test_gpu_hours_held_and_used_are_the_truth(larkfield: Larkfield) -> None:
    """Per day, node and namespace, from the day on which the cluster's tools were installed."""
    differences = larkfield.query("""
        with seen as (
            select usage_date, node, provider_resource_id as instance, namespace, workload_phase,
                sum(gpu_capacity_hours) as hours, sum(gpu_used_hours) as used_hours,
                sum(gpu_idle_hours) as idle_hours
            from published.engineering.gpu_allocations group by all
        ),
        true_hours as (from truth.gpu_hours where usage_date >= '2026-10-01' and hours > 0)
        select * from seen full join true_hours
            on seen.usage_date = true_hours.usage_date
            and seen.node = true_hours.node
            and seen.namespace is not distinct from true_hours.namespace
        where (seen.instance, seen.workload_phase, seen.hours, seen.used_hours, seen.idle_hours)
            is distinct from (
                true_hours.instance, true_hours.workload_phase, true_hours.hours, true_hours.used_hours,
                true_hours.idle_hours
            )
            and coalesce(seen.hours, true_hours.hours) <> 0
    """)
    assert differences == []
    assert larkfield.query("select count(*) > 100 from published.engineering.gpu_allocations") == [(True,)]


def test_nodes_on_the_bill_are_those_of_the_cluster(larkfield: Larkfield) -> None:
    """Every node that the cluster's tools name is an instance on AWS's bill, with as many hours on each day."""
    differences = larkfield.query("""
        with billed as (
            select cast(ChargePeriodStart as date) as usage_date, ResourceId as instance,
                sum(ConsumedQuantity) as hours
            from published.focus.cost_and_usage
            where ServiceProviderName = 'AWS' and x_Vendor = 'focus' and ResourceType = 'Instance' group by all
        ),
        nodes as (select usage_date, instance, sum(hours) as hours from truth.gpu_hours group by all)
        select * from billed full join nodes using (usage_date, instance)
        where billed.hours is distinct from nodes.hours
    """)
    assert differences == []


def test_gpu_idle(larkfield: Larkfield) -> None:
    entry = larkfield.finding("gpu_idle")
    where = entry["where"]
    ((used, idle),) = larkfield.query(
        "select sum(gpu_used_hours), sum(gpu_idle_hours) from published.engineering.gpu_allocations "
        f"where provider_resource_id = '{where['instance']}' "
        f"and usage_date between '{where['first_day']}' and '{where['last_day']}'"
    )
    assert used == 0
    assert idle == Decimal(entry["idle_hours"]) > 300


def test_who_called_is_known_and_a_person_is_hashed(larkfield: Larkfield) -> None:
    """Roles of the bank stay readable, and whose session it was does not."""
    callers = larkfield.query(
        "select distinct regexp_extract(principal_id, 'assumed-role/([^/]+)', 1) from build.hubs.focus_charges "
        "where vendor = 'aws' and principal_id is not null order by all"
    )
    assert callers == [("Analyst",), ("CreditMemo",), ("PaymentScreening",), ("PolicyCheck",)]


def test_every_switch_has_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in SWITCH_NAMES if f'"{name}"' not in text] == []


def test_no_person_reaches_what_is_kept(larkfield: Larkfield) -> None:
    """The company's people have addresses at example.org; they stay in its own folder."""
    for folder in ("landing", "rejected", "builds", "published", "books", "dagster"):
        assert b"@example.org" not in texts_below(larkfield.home / folder), folder


def test_openai_tokens_at_list_price_are_the_truth(larkfield: Larkfield) -> None:
    """But for models with a price of long input: how long requests were is not in this vendor's daily sums.

    Embeddings come without a tier; they have the standard one only.
    """
    rows = larkfield.query("""
        with unsure as (
            select distinct provider_model_id as model from published.engineering.usage_meters
            where observer = 'provider' and contains(price_flags, 'context_band_unknown')
        ),
        metered as (
            select provider_model_id as model, coalesce(service_tier, 'standard') as service_tier,
                sum(list_cost) as list_amount, bool_and(list_cost is not null) as is_priced
            from published.engineering.usage_meters
            where observer = 'provider' and service_provider_name = 'OpenAI' and unit = 'Tokens' group by all
        ),
        true_units as (
            select model, service_tier, sum(list_amount) as list_amount
            from truth.billed_units where vendor = 'openai' and meter <> 'web_search' group by all
        )
        select model, service_tier, metered.list_amount, is_priced, true_units.list_amount
        from metered full join true_units using (model, service_tier) anti join unsure using (model) order by all
    """)
    assert {(model, tier): (metered, is_priced) for model, tier, metered, is_priced, _ in rows} == {
        (model, tier): (true, True) for model, tier, _, _, true in rows
    }
    assert len({tier for _, tier, *_ in rows}) == 3
    assert len({model for model, *_ in rows}) >= 5


def test_gateway_tokens_under_a_contract_are_priced_by_it(larkfield: Larkfield) -> None:
    """All that the gateway sends to this vendor is short and of the standard tier, so the contract has one price."""
    prices = {
        (price.model, price.meter): price.charged / price.per
        for price in all_prices()
        if price.vendor == "anthropic" and (price.service_tier, price.context_band) == (STANDARD, BASE_CONTEXT)
    }
    true: dict[str, Decimal] = {}
    for model, meter, quantity in larkfield.query(
        "select model, meter, sum(quantity) from truth.tokens where observer = 'gateway' and vendor = 'anthropic' "
        "and not is_cache_hit and meter not in ('request', 'web_search') group by all"
    ):
        true[model] = true.get(model, Decimal(0)) + quantity * prices[model, meter]
    priced = larkfield.query(
        "select provider_model_id, sum(list_cost), bool_and(list_cost is not null and price_basis = 'contract') "
        "from published.engineering.usage_meters where observer = 'gateway' and unit = 'Tokens' "
        "and service_provider_name = 'Anthropic' group by all"
    )
    assert {model: (amount, is_by_contract) for model, amount, is_by_contract in priced} == {
        model: (amount, True) for model, amount in true.items()
    }
    assert len(true) >= 3


def test_metered_and_estimated_costs_are_in_no_ledger_row(larkfield: Larkfield) -> None:
    ((listed, estimated),) = larkfield.query(
        "select sum(list_cost), sum(estimated_cost) from published.engineering.usage_meters"
    )
    assert min(listed, estimated) > 0, "there is something to mix up"
    classes = larkfield.query("select distinct truth_class from published.finance.ledger_entries order by all")
    assert classes == [("billed",), ("contract",)]
    differences = larkfield.query("""
        with booked as (
            select service_provider_name as provider_name, charge_date, billing_currency as currency,
                sum(billed_cost) as billed_amount
            from published.finance.ledger_entries group by all
        ),
        true_totals as (
            select provider_name, charge_date, currency, sum(billed_amount) as billed_amount
            from truth.billed_totals group by all
        )
        select * from booked full join true_totals using (provider_name, charge_date, currency)
        where coalesce(booked.billed_amount, 0) <> coalesce(true_totals.billed_amount, 0)
    """)
    assert differences == []

"""The rules that cross rows can fail: each is broken once in a copy of a build, and its test returns the row.

dbt runs these tests in every build; here their compiled SQL runs over one changed table.
"""

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.paths import Home
from tests.conftest import Demo

CHARGES = '"meterhouse"."focus"."cost_and_usage"'
LINES = '"meterhouse"."focus"."invoice_detail"'
ONE = f"x_ChargeId = (select min(x_ChargeId) from {CHARGES} where %s)"
USAGE = ONE % "ChargeCategory = 'Usage' and ContractedUnitPrice is not null and BilledCost > 0"
TOKENS = ONE % "ConsumedUnit = 'Tokens'"
TAX = ONE % "ChargeCategory = 'Tax'"
CREDIT = ONE % "ChargeCategory = 'Credit'"
PURCHASE = ONE % "ChargeCategory = 'Purchase'"
PURCHASED = "CommitmentDiscountId = 'plan-1'"
BREAKS = {
    "every_charge_of_an_invoice_is_in_its_detail": [
        f"update {CHARGES} set BilledCost = BilledCost + 0.01 where {USAGE}"
    ],
    "every_registered_invoice_is_what_its_charges_add_up_to": [
        f"update {LINES} set x_LineBasis = 'register', BilledCost = BilledCost + 0.02 where InvoiceDetailId = "
        f"(select min(InvoiceDetailId) from {LINES})"
    ],
    # A plan bought for its BilledCost whose use bears something else.
    "every_commitment_is_used_up_by_what_it_was_bought_for": [
        f"update {CHARGES} set {PURCHASED}, EffectiveCost = 0 where {PURCHASE}",
        f"update {CHARGES} set {PURCHASED} where {USAGE}",
    ],
    "every_commitment_of_a_bill_has_its_contract": [f"update {CHARGES} set {PURCHASED} where {USAGE}"],
    "every_cost_is_its_unit_price_times_its_quantity": [
        f"update {CHARGES} set ListCost = ListCost + 0.001 where {USAGE}"
    ],
    "every_service_has_one_category": [f"update {CHARGES} set ServiceCategory = 'Web' where {USAGE}"],
    "every_price_belongs_to_one_sku": [f"update {CHARGES} set SkuId = 'another' where {USAGE}"],
    "every_credit_costs_the_same_in_every_column": [f"update {CHARGES} set ContractedCost = 0 where {CREDIT}"],
    "no_tax_has_a_price": [f"update {CHARGES} set SkuPriceId = 'tax' where {TAX}"],
    "every_tax_is_borne_as_it_is_billed": [f"update {CHARGES} set EffectiveCost = 0 where {TAX}"],
    "every_correction_is_billed_after_what_it_corrects": [
        f"update {CHARGES} set ChargeClass = 'Correction' where {USAGE}"
    ],
    "every_token_is_priced_by_its_block": [
        f"update {CHARGES} set PricingQuantity = PricingQuantity * 2 where {TOKENS}"
    ],
}


@pytest.fixture(scope="module")
def build(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The name of the file is the name of the database that compiled SQL speaks of.
    path = tmp_path_factory.mktemp("rules") / "meterhouse.duckdb"
    shutil.copyfile(Home(demo.home).build_file, path)
    return path


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_broken_rule_is_found_by_name(demo: Demo, build: Path, name: str) -> None:
    compiled = next((Home(demo.home).dbt_target / "compiled").rglob(f"{name}.sql")).read_text()
    with duckdb.connect(str(build)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        assert connection.execute(compiled).fetchall() == []
        connection.execute("begin")
        for change in BREAKS[name]:
            connection.execute(change)
        assert connection.execute(compiled).fetchall() != []
        connection.execute("rollback")


def test_every_rule_that_crosses_rows_is_broken_here() -> None:
    folder = Path(__file__).parent.parent / "dbt_project" / "tests" / "reconciliation"
    about_focus = {
        path.stem
        for path in folder.glob("*.sql")
        if "ref('cost_and_usage')" in path.read_text() or "ref('invoice_detail')" in path.read_text()
    }
    assert about_focus == set(BREAKS)

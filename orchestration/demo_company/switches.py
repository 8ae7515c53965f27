"""What can be wrong with the demo company's data, one switch each, and the days on which it happens.

Only names and dates: the modules that make the data act on them, and `truth.py` writes down what they did. All dates
lie in the last month, so that a company of one month has them too; what the clouds correct is older, and their
corrections are on the bill of the last month.
"""

from dataclasses import dataclass, fields
from datetime import date

# The vendor corrects this day later, within the time in which it is asked again.
RESTATED_DAY = date(2026, 10, 13)
RESTATED_FROM = date(2026, 10, 26)
DUPLICATE_DAY = date(2026, 10, 14)
DUPLICATE_FROM = date(2026, 10, 22)
LATE_MODEL_FROM = date(2026, 10, 5)
LATE_PRICE_FROM = date(2026, 11, 2)
UNMAPPED_FROM = date(2026, 10, 7)
ROTATED_ON = date(2026, 10, 8)
STORM_ON = date(2026, 10, 9)
DELETED_ON = date(2026, 10, 12)
CREDIT_ON = date(2026, 10, 15)
UPGRADED_ON = date(2026, 10, 16)
# First day and the day after the last.
DEV_KEY_IN_PRODUCTION = (date(2026, 10, 6), date(2026, 10, 11))
PRODUCTION_KEY_IN_DEVELOPMENT = (date(2026, 10, 13), date(2026, 10, 18))
VIRAL = (date(2026, 10, 19), date(2026, 10, 24))
IDLE_GPU = (date(2026, 10, 10), date(2026, 10, 24))
# Two clouds mend on October's bill what they billed wrongly on these days of the month before.
REFUNDED_DAY, REBILLED_DAY = date(2026, 9, 14), date(2026, 9, 18)
CORRECTED_FROM = date(2026, 10, 26)

# The gateway's object of a day and its second delivery end so.
DELIVERED = (".ndjson.gz", "-again.ndjson.gz")
# The requests that the vendor knew of when it first reported the restated day: those of its morning.
FIRST_VERSION = "started_at < date_trunc('day', started_at) + interval 12 hours"


@dataclass(frozen=True)
class Switches:
    """One switch for each injected fault. Every combination is valid, none too; all are on by default."""

    duplicate_delivery: bool = True
    restated_day: bool = True
    late_price: bool = True
    rotated_key: bool = True
    deleted_key: bool = True
    model_upgrade: bool = True
    dev_key_in_production: bool = True
    production_key_in_development: bool = True
    unmapped_key: bool = True
    shadow_vendor: bool = True
    idle_commitment: bool = True
    viral_feature: bool = True
    retry_storm: bool = True
    credit: bool = True
    tax_line: bool = True
    second_currency: bool = True
    unseen_requests: bool = True
    blocked_requests: bool = True
    unused_commitments: bool = True
    cloud_correction: bool = True
    gpu_idle: bool = True


SWITCH_NAMES = tuple(field.name for field in fields(Switches))


def only(*names: str) -> Switches:
    """The named switches on and all others off. An unknown name is a TypeError."""
    return Switches(**(dict.fromkeys(SWITCH_NAMES, False) | dict.fromkeys(names, True)))

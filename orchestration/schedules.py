"""Which UTC days of an API are asked for in a run. Pure arithmetic on days: no clock, no file, no vendor.

Vendors restate their figures, so a landed day is asked for again until its settling time has passed.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise


@dataclass(frozen=True)
class Days:
    """A vendor's rhythm, in whole UTC days.

    `settle`: a day is asked for when it lies at least this many days back (0: also the running day). `reread`: the last
    days that are asked for again in each run. `previous_month_until`: up to this day of a month, the whole month before
    too. `deep_reread`: how far back the first run of a month looks, on its first day.
    """

    reread: int
    settle: int = 0
    previous_month_until: int = 0
    deep_reread: int = 0

    def with_options(self, reread: int | None, settle: int | None) -> "Days":
        """The same rhythm with what the configuration says otherwise."""
        return replace(
            self,
            reread=self.reread if reread is None else reread,
            settle=self.settle if settle is None else settle,
        )


def due_days(
    schedule: Days, today: date, months: Collection[str], landed: Collection[str], since: date | None
) -> tuple[date, ...]:
    """The days to ask for: of the wanted months ("YYYY-MM"), those never landed and those that may have changed.

    `landed` are the days that have an accepted delivery ("YYYY-MM-DD"); `since` is the first day there is.
    """
    if not months:
        return ()
    first = max(date.fromisoformat(f"{min(months)}-01"), since or date.min)
    last = today - timedelta(days=schedule.settle)
    again = last - timedelta(days=schedule.reread)
    if today.day <= schedule.previous_month_until:
        again = min(again, _month_before(today))
    if today.day == 1 and schedule.deep_reread:
        again = min(again, today - timedelta(days=schedule.deep_reread))
    known = frozenset(landed)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple(day for day in days if f"{day:%Y-%m}" in months and (day >= again or day.isoformat() not in known))


def windows(days: Sequence[date], longest: int) -> Iterator[tuple[date, ...]]:
    """Cuts days into runs of consecutive ones within one month, at most `longest` each: what one request asks for."""
    window: list[date] = []
    for day, following in pairwise([*days, date.max]):
        window.append(day)
        is_next = following == day + timedelta(days=1) and following.month == day.month
        if not is_next or len(window) == longest:
            yield tuple(window)
            window = []


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)

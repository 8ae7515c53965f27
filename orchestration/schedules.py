"""Which UTC days of an API are asked for in a run. Pure arithmetic on days: no clock, no file, no vendor.

Vendors restate their figures, so a landed day is asked for again until its settling time has passed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise


@dataclass(frozen=True)
class Days:
    """A vendor's rhythm, in whole UTC days.

    `settle`: a day is asked for when it lies at least this many days back (0: also the running day). `reread`: for how
    many days after that it is asked for again in each run, and once more when they have passed.
    `previous_month_until`: the same for a whole month, until this day of the next. `deep_reread`: how far back the
    first run of a month looks.
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
    schedule: Days, today: date, months: Collection[str], asked: Mapping[str, str], since: date | None
) -> tuple[date, ...]:
    """The days to ask for: of the wanted months ("YYYY-MM"), those never landed and those that may have changed since.

    `asked` says for each landed day ("YYYY-MM-DD") when it was last answered; a day is left alone only when that was
    after it had settled, however seldom somebody runs this. `since` is the first day there is.
    """
    if not months:
        return ()
    first = max(date.fromisoformat(f"{min(months)}-01"), since or date.min)
    last = today - timedelta(days=schedule.settle)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))

    def is_due(day: date) -> bool:
        answered = asked.get(day.isoformat())
        if answered is None or date.fromisoformat(answered) < _settled_on(schedule, day):
            return True
        is_deep = (today - day).days <= schedule.deep_reread
        return is_deep and answered[:7] != f"{today:%Y-%m}"

    return tuple(day for day in days if f"{day:%Y-%m}" in months and is_due(day))


def _settled_on(schedule: Days, day: date) -> date:
    """The first day on which an answer about `day` is taken for the last word."""
    settled = day + timedelta(days=schedule.settle + schedule.reread)
    if schedule.previous_month_until:
        settled = max(settled, _month_after(day).replace(day=schedule.previous_month_until))
    return settled


def windows(days: Sequence[date], longest: int) -> Iterator[tuple[date, ...]]:
    """Cuts days into runs of consecutive ones within one month, at most `longest` each: what one request asks for."""
    window: list[date] = []
    for day, following in pairwise([*days, date.max]):
        window.append(day)
        is_next = following == day + timedelta(days=1) and following.month == day.month
        if not is_next or len(window) == longest:
            yield tuple(window)
            window = []


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)

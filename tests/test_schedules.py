"""Which days an API is asked for."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.schedules import Days, due_days, windows

MONTHS = ("2026-09", "2026-10")
SINCE = date(2026, 9, 28)


def days(*texts: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(text) for text in texts)


def asked(first: date, last: date, on: date) -> dict[str, str]:
    """These days, all answered on one day."""
    count = (last - first).days + 1
    return {(first + timedelta(days=number)).isoformat(): on.isoformat() for number in range(count)}


def test_everything_is_due_that_was_never_landed() -> None:
    assert due_days(Days(reread=0), date(2026, 10, 2), MONTHS, {}, SINCE) == days(
        "2026-09-28", "2026-09-29", "2026-09-30", "2026-10-01", "2026-10-02"
    )


def test_the_last_days_are_asked_for_again_and_holes_are_filled() -> None:
    known = asked(SINCE, date(2026, 10, 20), on=date(2026, 10, 20))
    del known["2026-10-03"]
    found = due_days(Days(reread=2), date(2026, 10, 20), MONTHS, known, SINCE)
    assert found == days("2026-10-03", "2026-10-19", "2026-10-20")


def test_a_day_is_asked_once_more_after_it_settled_however_seldom_somebody_runs() -> None:
    """A running day that was landed half full, and then nobody ran for weeks, was once taken for whole."""
    known = asked(date(2026, 10, 10), date(2026, 10, 11), on=date(2026, 10, 11))
    assert due_days(Days(reread=7), date(2026, 10, 30), MONTHS, known, date(2026, 10, 10))[:2] == days(
        "2026-10-10", "2026-10-11"
    )
    settled = asked(date(2026, 10, 10), date(2026, 10, 11), on=date(2026, 10, 18))
    assert due_days(Days(reread=7), date(2026, 10, 30), MONTHS, settled, date(2026, 10, 10))[0] == date(2026, 10, 12)


def test_a_day_that_has_not_settled_waits() -> None:
    assert due_days(Days(reread=1, settle=3), date(2026, 10, 5), MONTHS, {}, date(2026, 10, 1))[-1] == date(2026, 10, 2)


@pytest.mark.parametrize(("day", "first"), [(9, "2026-09-28"), (10, "2026-10-01")])
def test_the_month_before_is_read_again_until_its_day(day: int, first: str) -> None:
    known = asked(SINCE, date(2026, 10, 31), on=date(2026, 10, day))
    found = due_days(Days(reread=7, previous_month_until=10), date(2026, 10, day), MONTHS, known, SINCE)
    assert found[0].isoformat() == first


def test_the_first_run_of_a_month_looks_back_deeply_and_the_second_does_not() -> None:
    months = ("2026-07", "2026-08", "2026-09", "2026-10")
    schedule = Days(reread=7, deep_reread=60)
    known = asked(date(2026, 7, 1), date(2026, 9, 30), on=date(2026, 9, 30))
    found = due_days(schedule, date(2026, 10, 3), months, known, date(2026, 7, 1))
    assert found[0] == date(2026, 8, 4)
    again = asked(date(2026, 7, 1), date(2026, 10, 3), on=date(2026, 10, 3))
    assert due_days(schedule, date(2026, 10, 4), months, again, date(2026, 7, 1))[0] == date(2026, 9, 27)


def test_months_that_were_not_asked_for_are_left_alone() -> None:
    found = due_days(Days(reread=3), date(2026, 10, 2), ("2026-09",), {}, SINCE)
    assert found == days("2026-09-28", "2026-09-29", "2026-09-30")
    assert due_days(Days(reread=3), date(2026, 10, 2), (), {}, SINCE) == ()


def test_the_configuration_wins_over_the_vendor() -> None:
    assert Days(reread=31, settle=1).with_options(reread=0, settle=None) == Days(reread=0, settle=1)


@given(
    st.sets(st.dates(date(2025, 12, 1), date(2026, 3, 31)), max_size=60).map(sorted),
    st.integers(min_value=1, max_value=31),
)
def test_windows_hold_every_day_once_in_order(wanted: list[date], longest: int) -> None:
    found = list(windows(wanted, longest))
    assert [day for window in found for day in window] == wanted
    for window in found:
        assert len(window) <= longest
        assert (window[-1] - window[0]).days == len(window) - 1
        assert len({(day.year, day.month) for day in window}) == 1

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.domain.errors import Invalid
from plugin.domain.review import (
    DEFAULT,
    Calendar,
    Policy,
    Standing,
    advance,
    checked,
    checked_calendar,
    civil_moment,
    layered,
    local_day,
    next_due,
    next_working_moment,
    state_on,
    working_moment,
)

ZONES = sorted(z for z in available_timezones() if "/" in z and not z.startswith(("posix", "right", "Etc")))


@pytest.mark.parametrize(
    ("policy", "since", "due"),
    [
        (Policy(interval_days=90), date(2027, 1, 1), date(2027, 4, 1)),
        (Policy(interval_months=12), date(2028, 2, 29), date(2029, 2, 28)),
        (Policy(interval_months=1), date(2027, 1, 31), date(2027, 2, 28)),
        (Policy(interval_months=6), date(2027, 8, 31), date(2028, 2, 29)),
        (Policy(fixed=("03-31", "09-30")), date(2027, 3, 31), date(2027, 9, 30)),
        (Policy(fixed=("03-31", "09-30")), date(2027, 10, 1), date(2028, 3, 31)),
        (Policy(fixed=("02-29",)), date(2027, 1, 1), date(2027, 2, 28)),
        (Policy(interval_days=3660), date(2038, 1, 19), date(2048, 1, 27)),
    ],
)
def test_due_dates_are_defined_for_leap_days_and_ends_of_months(policy: Policy, since: date, due: date) -> None:
    assert next_due(policy, since) == due


def test_the_narrowest_rule_that_says_something_wins() -> None:
    own, area, workspace = Policy(lead_days=3), Policy(interval_months=3), Policy(interval_days=30, escalate_days=0, fallback_id="per_1")
    assert layered(own, None, area, workspace) == Policy(
        interval_months=3, lead_days=3, escalate_days=0, fallback_id="per_1", fixed=(), criticality="normal"
    )
    assert layered() == DEFAULT


@pytest.mark.parametrize(
    "policy",
    [
        Policy(interval_days=0),
        Policy(interval_days=-1),
        Policy(interval_days=10**9),
        Policy(interval_months=0),
        Policy(fixed=("13-01",)),
        Policy(fixed=("x",)),
        Policy(lead_days=-1),
    ],
)
def test_rules_that_give_no_date_are_refused(policy: Policy) -> None:
    with pytest.raises(Invalid):
        checked(policy)


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Mars/Olympus", "", "/etc/localtime", "Europe"])
def test_zones_that_do_not_exist_are_refused(zone: str) -> None:
    with pytest.raises(Invalid):
        checked_calendar(Calendar(time_zone=zone))


@pytest.mark.parametrize("days", [(), (0,), (8,), (1, 1)])
def test_working_days_that_do_not_exist_are_refused(days: tuple[int, ...]) -> None:
    with pytest.raises(Invalid):
        checked_calendar(Calendar(working_days=days))


def test_the_hour_that_the_clock_skips_and_the_one_it_repeats_give_one_moment_each() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert civil_moment(date(2026, 3, 29), 2, berlin) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert civil_moment(date(2026, 10, 25), 2, berlin) == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)


def test_a_due_date_at_the_weekend_is_told_on_monday() -> None:
    calendar = Calendar(time_zone="America/New_York")
    assert working_moment(date(2027, 3, 6), calendar) == datetime(2027, 3, 8, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "state"),
    [(date(2027, 2, 14), "current"), (date(2027, 2, 15), "due soon"), (date(2027, 3, 1), "due"), (date(2027, 3, 2), "overdue")],
)
def test_the_state_follows_the_civil_day(day: date, state: str) -> None:
    assert state_on(Standing(due=date(2027, 3, 1)), day, 14) == state


@settings(max_examples=300, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    after=st.datetimes(datetime(2024, 1, 1), datetime(2060, 1, 1)).map(lambda d: d.replace(tzinfo=UTC)),  # noqa: DTZ001
    days=st.sets(st.integers(1, 7), min_size=1).map(lambda s: tuple(sorted(s))),
    hour=st.integers(0, 23),
)
def test_the_next_working_moment_is_later_and_on_a_working_day(zone: str, after: datetime, days: tuple[int, ...], hour: int) -> None:
    moment = next_working_moment(after, Calendar(time_zone=zone, working_days=days, hour=hour))
    assert after < moment <= after + timedelta(days=9)
    assert local_day(moment, zone).isoweekday() in days or hour == 0  # where midnight is left out, the moment after the gap counts


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_over_years_in_any_zone_each_due_date_is_told_exactly_once_never_early_never_lost(data: st.DataObject) -> None:
    """Sweeps at irregular times with down times of days, an owner who moves, reviews that are done late or put off."""
    zones = data.draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=3))
    days = data.draw(st.sets(st.integers(1, 7), min_size=1).map(lambda s: tuple(sorted(s))))
    policy = data.draw(
        st.one_of(
            st.integers(1, 400).map(lambda n: layered(Policy(interval_days=n))),
            st.sampled_from([1, 3, 6, 12]).map(lambda n: layered(Policy(interval_months=n))),
            st.just(layered(Policy(fixed=("02-29", "08-31")))),
        )
    )
    calendar = Calendar(time_zone=zones[0], working_days=days, hour=data.draw(st.integers(0, 23)))
    now = data.draw(st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1))).replace(tzinfo=UTC)  # noqa: DTZ001
    standing = Standing(due=next_due(policy, local_day(now, calendar.time_zone)))
    told: dict[date, int] = {}
    wake = advance(standing, policy, calendar, now).next_at
    for _ in range(data.draw(st.integers(5, 40))):
        assert wake is not None or standing.reminded_for == standing.due
        late = timedelta(seconds=data.draw(st.sampled_from([0, 1, 30, 3600, 86400, 4 * 86400])))
        now = max(now, wake or now + timedelta(days=1)) + late
        if data.draw(st.integers(0, 9)) == 0:
            calendar = replace(calendar, time_zone=data.draw(st.sampled_from(zones)))
        for _scheduler in range(2):  # the second one finds what the first one has done
            found = advance(standing, policy, calendar, now)
            assert standing.due is not None
            if "remind" in found.tasks:
                told[standing.due] = told.get(standing.due, 0) + 1
                assert local_day(now, calendar.time_zone) >= standing.due, "too early"
                standing = replace(standing, reminded_for=standing.due, reminded_on=local_day(now, calendar.time_zone))
            if "escalate" in found.tasks:
                assert standing.reminded_on is not None
                assert local_day(now, calendar.time_zone) >= standing.reminded_on + timedelta(days=policy.escalate_days or 0)
                standing = replace(standing, escalated_for=standing.due)
        wake = advance(standing, policy, calendar, now).next_at
        assert wake is None or wake > now
        if standing.reminded_for == standing.due and data.draw(st.booleans()):
            before = standing.due
            standing = Standing(due=next_due(policy, local_day(now, calendar.time_zone)))
            assert told[before] == 1, "a due date that passed was told once"
            wake = advance(standing, policy, calendar, now).next_at
    assert all(count == 1 for count in told.values())

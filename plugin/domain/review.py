"""When an SOP is due for review, when its owner hears of it, and what comes next. Pure: dates in, dates out.

Due dates are civil dates. A reminder leaves at a civil hour of a working day in the owner's time zone, so it never comes twice on the day the clock
is put back nor is lost on the day it is put forward. The one instant at which something next has to be done is stored as an indexed column; a
sweep takes what has passed and asks :func:`advance` what to do.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plugin.domain.errors import Invalid

State = Literal["current", "due soon", "due", "overdue", "in review", "retired"]
Outcome = Literal["still_right", "needs_change", "record_again", "retire", "hand_over"]
Criticality = Literal["low", "normal", "high"]
Task = Literal["remind", "escalate"]

OUTCOMES: tuple[Outcome, ...] = ("still_right", "needs_change", "record_again", "retire", "hand_over")
PRESETS: dict[str, int] = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}
"""Names of intervals, in calendar months."""

MAX_INTERVAL_DAYS = 3660
MAX_SNOOZE_DAYS = 90
LAST_YEAR = 2200


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A rule, or a part of one: None means "as the wider rule says" (SOP, then area, then workspace, then :data:`DEFAULT`).

    The interval is ``interval_days`` or ``interval_months``; ``fixed`` are days of the year (``MM-DD``) that come before both.
    ``lead_days`` before the due date it is "due soon"; ``escalate_days`` after the reminder the manager hears of it (0: never).
    """

    interval_days: int | None = None
    interval_months: int | None = None
    fixed: tuple[str, ...] | None = None
    lead_days: int | None = None
    escalate_days: int | None = None
    criticality: Criticality | None = None
    reviewer_id: str | None = None
    fallback_id: str | None = None


DEFAULT = Policy(interval_days=180, fixed=(), lead_days=14, escalate_days=14, criticality="normal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a person can be reached: a civil hour on certain ISO weekdays in an IANA zone."""

    time_zone: str = "UTC"
    working_days: tuple[int, ...] = (1, 2, 3, 4, 5)
    hour: int = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an SOP's review stands. ``reminded_for`` and ``escalated_for`` are the due dates for which that has been done.

    ``reminded_on`` is the day of that reminder: the time until others hear of it counts from there, not from a due date long past.
    """

    due: date | None
    in_review: bool = False
    retired: bool = False
    snoozed_until: date | None = None
    reminded_for: date | None = None
    reminded_on: date | None = None
    escalated_for: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What a sweep has to do now (``tasks``), the state that readers see, and when to look again (None: never by itself)."""

    state: State
    tasks: tuple[Task, ...]
    next_at: datetime | None


def layered(*policies: Policy | None) -> Policy:
    """The narrowest rule first; what none of them says comes from DEFAULT. An interval in days beats none, not a narrower one in months.

    An interval ends the fixed days of a wider rule.
    """
    layers = [*[p for p in policies if p is not None], DEFAULT]
    timed = next(p for p in layers if p.interval_days is not None or p.interval_months is not None)

    rhythm = next(p for p in layers if p.fixed is not None or p is timed)

    def first(name: str) -> object:
        return next((value for p in layers if (value := getattr(p, name)) is not None), None)

    return Policy(
        interval_days=timed.interval_days if timed.interval_months is None else None,
        interval_months=timed.interval_months,
        fixed=rhythm.fixed or (),
        lead_days=first("lead_days"),  # type: ignore[arg-type]  # read by name from values of the same type
        escalate_days=first("escalate_days"),  # type: ignore[arg-type]  # as above
        criticality=first("criticality"),  # type: ignore[arg-type]  # as above
        reviewer_id=first("reviewer_id"),  # type: ignore[arg-type]  # as above
        fallback_id=first("fallback_id"),  # type: ignore[arg-type]  # as above
    )


def checked(policy: Policy) -> Policy:
    """The same policy; raises Invalid for values that no date can follow from."""
    _within("interval_days", policy.interval_days, 1, MAX_INTERVAL_DAYS)
    _within("interval_months", policy.interval_months, 1, 120)
    _within("lead_days", policy.lead_days, 0, 365)
    _within("escalate_days", policy.escalate_days, 0, 365)
    for day in policy.fixed or ():
        try:
            month, number = (int(part) for part in day.split("-"))
            date(2024, month, number)
        except ValueError:
            raise Invalid("fixed", f"{day!r} is not a day of the year in the form MM-DD.") from None
    return policy


def checked_calendar(calendar: Calendar) -> Calendar:
    """The same calendar; raises Invalid for an unknown zone, no working day, or an hour that does not exist."""
    zone_of(calendar.time_zone)
    days = calendar.working_days
    if not days or len(set(days)) != len(days) or not all(1 <= d <= 7 for d in days):
        raise Invalid("working_days", "Working days are numbers from 1 (Monday) to 7 (Sunday), at least one of them.")
    _within("digest_hour", calendar.hour, 0, 23)
    return calendar


def zone_of(name: str) -> ZoneInfo:
    """Raises Invalid for anything that is no zone of the time zone data base."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("time_zone", f"There is no time zone named {name[:60]!r}; use one like Europe/Berlin.") from None


def next_due(policy: Policy, since: date) -> date:
    """The first due date after ``since``. The 31st falls on the last day of a shorter month, 29 February on the 28th of other years."""
    if policy.fixed:
        candidates = [_on_day(year, day) for year in (since.year, since.year + 1) for day in policy.fixed]
        due = min(day for day in candidates if day > since)
    elif policy.interval_months is not None:
        due = add_months(since, policy.interval_months)
    else:
        due = since + timedelta(days=policy.interval_days or DEFAULT.interval_days or 180)
    if due.year > LAST_YEAR:
        raise Invalid("due", f"A due date after the year {LAST_YEAR} makes no sense.")
    return due


def add_months(day: date, months: int) -> date:
    """The same day of the month ``months`` later, or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def civil_moment(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """That hour of that day as UTC: the first one where the clock is put back; where the hour is left out, the moment after the gap."""
    return datetime.combine(day, time(hour), zone).replace(fold=0).astimezone(UTC)


def working_moment(day: date, calendar: Calendar) -> datetime:
    """The person's hour on ``day``, or on the first working day after it."""
    while day.isoweekday() not in calendar.working_days:
        day += timedelta(days=1)
    return civil_moment(day, calendar.hour, zone_of(calendar.time_zone))


def next_working_moment(after: datetime, calendar: Calendar) -> datetime:
    """The person's first working hour that is strictly later than ``after``."""
    day = local_day(after, calendar.time_zone)
    moment = working_moment(day, calendar)
    while moment <= after:
        day += timedelta(days=1)
        moment = working_moment(day, calendar)
    return moment


def local_day(now: datetime, time_zone: str) -> date:
    """The civil date at ``now`` in that zone."""
    return now.astimezone(zone_of(time_zone)).date()


def state_on(standing: Standing, today: date, lead_days: int) -> State:
    """What readers see on that civil day: on the due date itself "due", from the next day on "overdue"."""
    if standing.retired:
        return "retired"
    if standing.in_review:
        return "in review"
    if standing.due is None or today < standing.due - timedelta(days=lead_days):
        return "current"
    if today < standing.due:
        return "due soon"
    return "due" if today == standing.due else "overdue"


def advance(standing: Standing, policy: Policy, calendar: Calendar, now: datetime) -> Advance:
    """What is to be done at ``now``. Doing it and calling again with the changed standing gives no task twice for one due date.

    After a down time of any length there is still one reminder for a due date: what was missed is caught up once.
    """
    lead = policy.lead_days if policy.lead_days is not None else 14
    today = local_day(now, calendar.time_zone)
    state = state_on(standing, today, lead)
    if standing.due is None or standing.retired:
        return Advance(state=state, tasks=(), next_at=None)
    tasks: list[Task] = []
    moments = _state_changes(standing, calendar, now, lead)
    for task, moment, done in _reminders(standing, policy, calendar):
        if done:
            continue
        if moment <= now:
            tasks.append(task)
        else:
            moments.append(moment)
    return Advance(state=state, tasks=tuple(tasks), next_at=min(moments, default=None))


def _reminders(standing: Standing, policy: Policy, calendar: Calendar) -> list[tuple[Task, datetime, bool]]:
    assert standing.due is not None  # noqa: S101 - the caller looked
    remind_on = max(standing.due, standing.snoozed_until or standing.due)
    reminded = standing.reminded_for == standing.due
    found: list[tuple[Task, datetime, bool]] = [("remind", working_moment(remind_on, calendar), reminded)]
    if reminded and policy.escalate_days:
        escalate_on = (standing.reminded_on or remind_on) + timedelta(days=policy.escalate_days)
        found.append(("escalate", working_moment(escalate_on, calendar), standing.escalated_for == standing.due))
    return found


def _state_changes(standing: Standing, calendar: Calendar, now: datetime, lead_days: int) -> list[datetime]:
    """The coming local midnights at which the state that readers see becomes another one."""
    if standing.due is None or standing.in_review:
        return []
    zone = zone_of(calendar.time_zone)
    days = (standing.due - timedelta(days=lead_days), standing.due, standing.due + timedelta(days=1))
    return [moment for day in days if (moment := civil_moment(day, 0, zone)) > now]


def _on_day(year: int, day: str) -> date:
    month, number = (int(part) for part in day.split("-"))
    return date(year, month, min(number, monthrange(year, month)[1]))


def _within(field: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise Invalid(field, f"{field.replace('_', ' ')} must be between {low} and {high}.")

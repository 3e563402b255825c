"""Years of reviews on a real database: random zones, clock changes, leap days, people who come and go, a scheduler that is down, two at once.

Whatever happens, each due date reaches the person who has to look at it exactly once through each channel, not before its day, and none is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from plugin.domain.review import Policy, working_moment
from plugin.services import people, review, standing
from plugin.services.people import calendar_of
from plugin.store import tables
from tests.databases import database_url
from tests.unit.services.world import World, make_world

# Places where the clock is set at midnight, by half an hour, on a Friday, in the southern summer, or where a day was left out altogether.
ZONES = (
    "Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati",
    "Asia/Kathmandu", "America/St_Johns", "Asia/Tehran", "Atlantic/Azores", "Asia/Tokyo", "UTC",
)  # fmt: skip
POLICIES = (
    Policy(interval_days=45),
    Policy(interval_months=1),
    Policy(interval_months=6),
    Policy(fixed=("02-29", "08-31")),
    Policy(interval_days=7),
)
CHAT = "json://chat.example.com/room"
DAY = timedelta(days=1)


@dataclass
class Life:
    """A database with people and SOPs, and what happened to them: due dates that a review ended, SOPs that changed hands, people who moved
    (not where all are ``settled``)."""

    world: World
    people: list[str]
    sops: list[str]
    settled: bool
    ended: set[tuple[str, date]] = field(default_factory=set)
    handed: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)

    def tick(self, schedulers: int) -> None:
        """The scheduler's work, by several at once in lock step: each finds what the others have just done, or have not."""
        from plugin.services import deliver, gather, sweep

        for work in (sweep.sweep, gather.gather, deliver.deliver):
            for _ in range(schedulers):
                work(self.world.deps)

    def wake(self) -> datetime | None:
        """When there is something to do next."""
        with self.world.deps.database.begin() as session:
            found = (
                session.scalar(select(func.min(tables.Sop.next_review_at))),
                session.scalar(select(func.min(tables.Notice.not_before)).where(tables.Notice.message_id.is_(None))),
                session.scalar(select(func.min(tables.Outgoing.not_before)).where(tables.Outgoing.state == "waiting")),
            )
        return min((moment for moment in found if moment is not None), default=None)

    def rows(self) -> list[tables.Sop]:
        with self.world.deps.database.begin() as session:
            return list(session.scalars(select(tables.Sop).order_by(tables.Sop.id)))

    def told(self) -> list[tuple[tables.Notice, tables.Outgoing | None]]:
        with self.world.deps.database.begin() as session:
            found = session.execute(
                select(tables.Notice, tables.Outgoing).outerjoin(tables.Outgoing, tables.Outgoing.id == tables.Notice.message_id)
            )
            return [(n, o) for n, o in found if n.kind == "remind"]


_worlds: list[World] = []


@pytest.fixture(scope="module")
def shared_database() -> Iterator[tuple[Path, str]]:
    with TemporaryDirectory() as folder, database_url("sqlite") as url:
        yield Path(folder), url
        for world in _worlds:
            world.deps.database.close()


def begin(data: st.DataObject, folder: Path, url: str) -> Life:
    """The same database for all examples, emptied: making one takes longer than the example."""
    if not _worlds:
        _worlds.append(make_world(folder, url))
    world = _worlds[0]
    world.mail.messages.clear()
    world.chat.messages.clear()
    with world.deps.database.begin() as session:
        for table in (tables.Notice, tables.Outgoing, tables.Review, tables.Revision, tables.Sop):
            session.query(table).delete()
        session.query(tables.Person).filter(tables.Person.role != "admin").delete()
    world.time.now = data.draw(st.datetimes(datetime(2024, 1, 1), datetime(2037, 6, 1)).map(lambda d: d.replace(tzinfo=UTC, microsecond=0)))  # noqa: DTZ001
    with world.deps.database.begin() as session:
        owners = [f"per_y{number}" for number in range(data.draw(st.integers(1, 3)))]
        for person_id in owners:
            days = data.draw(st.sets(st.integers(1, 7), min_size=1, max_size=7))
            session.add(
                tables.Person(
                    id=person_id, workspace_id=world.admin.workspace_id, email=f"{person_id}@example.com", name=person_id, role="author",
                    time_zone=data.draw(st.sampled_from(ZONES)), working_days="".join(str(d) for d in sorted(days)),
                    digest_hour=data.draw(st.sampled_from((0, 2, 9, 23))), created_at=world.time(),
                    chat_sealed=world.deps.vault.seal(CHAT, workspace_id=world.admin.workspace_id, field=f"person/{person_id}/chat"),
                )
            )  # fmt: skip
        session.flush()
        sops = [f"sop_y{number}" for number in range(data.draw(st.integers(1, 4)))]
        for sop_id in sops:
            row = tables.Sop(
                id=sop_id, workspace_id=world.admin.workspace_id, title=sop_id, status="published", revision=1, origin="recording",
                owner_id=data.draw(st.sampled_from(owners)), policy={"escalate_days": 0, **_plain(data.draw(st.sampled_from(POLICIES)))},
                review_state="current", in_review=False, criticality="normal", created_at=world.time(), updated_at=world.time(),
            )  # fmt: skip
            session.add(row)
            session.flush()
            standing.schedule(session, world.deps, row)
    return Life(world=world, people=owners, sops=sops, settled=data.draw(st.booleans()))


def _plain(policy: Policy) -> dict[str, object]:
    from plugin.domain.document import encode

    return {name: value for name, value in encode(policy).items() if value is not None}


@pytest.mark.timeout(900)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_over_years_each_due_date_is_told_exactly_once_per_channel_never_early_never_lost(
    shared_database: tuple[Path, str], data: st.DataObject
) -> None:
    life = begin(data, *shared_database)
    world = life.world
    for _ in range(data.draw(st.integers(20, 45))):
        wake = life.wake() or world.time() + 30 * DAY
        late = data.draw(st.sampled_from((0.0, 1.0, 30.0, 3600.0, 86_400.0, 5 * 86_400.0)))  # the scheduler was down
        world.time.now = max(world.time.now, min(wake, world.time.now + 200 * DAY)) + timedelta(seconds=late)
        life.tick(data.draw(st.integers(1, 2)))
        event = data.draw(st.sampled_from(("nothing", "nothing", "reviewed", "handed over", "moved", "put off", "hours later")))
        sop_id = data.draw(st.sampled_from(life.sops))
        _happen(life, event, sop_id, data)
        _nothing_early(life)
    _catch_up(life)
    _exactly_once(life)


def _happen(life: Life, event: str, sop_id: str, data: st.DataObject) -> None:
    world = life.world
    row = next(r for r in life.rows() if r.id == sop_id)
    if event == "reviewed" and row.due is not None and row.reminded_for == row.due:
        review.conclude(world.deps, world.admin, sop_id, outcome="still_right")
        life.ended.add((sop_id, row.due))
    elif event == "handed over":
        review.assign(world.deps, world.admin, sop_id, owner_id=data.draw(st.sampled_from(life.people)))
        life.handed.add(sop_id)
    elif event == "moved" and not life.settled:
        person_id = data.draw(st.sampled_from(life.people))
        people.change(world.deps, world.admin, person_id, time_zone=data.draw(st.sampled_from(ZONES)))
        life.moved.add(person_id)
    elif event == "put off" and row.due is not None and row.reminded_for != row.due:
        day = world.time.now.astimezone(ZoneInfo("UTC")).date() + timedelta(days=data.draw(st.integers(2, 60)))
        review.snooze(world.deps, world.admin, sop_id, until=day, reason="Later.")
    elif event == "hours later":
        world.time.now += timedelta(hours=data.draw(st.integers(1, 30)))


def _nothing_early(life: Life) -> None:
    """A message leaves at the person's hour of a working day or later on that day, and never before the civil due date of its SOPs."""
    with life.world.deps.database.begin() as session:
        found = session.execute(
            select(tables.Notice, tables.Outgoing, tables.Person)
            .join(tables.Outgoing, tables.Outgoing.id == tables.Notice.message_id)
            .join(tables.Person, tables.Person.id == tables.Notice.recipient_id)
            .where(tables.Outgoing.sent_at == life.world.time())
        )
        for notice, message, person in found:
            zone = ZoneInfo(person.time_zone)
            assert message.sent_at is not None
            local = message.sent_at.astimezone(zone)
            assert local.date() >= notice.due or person.id in life.moved, "told before its day"
            if person.id not in life.moved:
                assert str(local.isoweekday()) in person.working_days, "told on a free day"
                assert min(7, person.digest_hour) <= local.hour < max(22, person.digest_hour + 1), "told at night"


def _catch_up(life: Life) -> None:
    """Nothing else happens any more: what is due by now gets told."""
    until = life.world.time() + 20 * DAY
    while (wake := life.wake()) is not None and wake <= until:
        life.world.time.now = max(life.world.time.now, wake)
        life.tick(2)
        _nothing_early(life)
    life.world.time.now = max(life.world.time.now, until)


def _exactly_once(life: Life) -> None:
    world, now = life.world, life.world.time()
    found = life.told()
    sent = [(n, o) for n, o in found if o is not None and o.state == "sent"]
    for key, count in Counter((n.sop_id, n.due, n.channel) for n, _ in sent if n.sop_id not in life.handed).items():
        assert count == 1, f"told {count} times: {key}"
    for key, count in Counter((n.sop_id, n.due, n.channel, n.recipient_id) for n, _ in sent).items():
        assert count == 1, f"told {count} times: {key}"
    for message_id, count in Counter(m.id for m in (*world.mail.messages, *world.chat.messages)).items():
        assert count == 1, f"sent {count} times: {message_id}"
    digests = {o.id: o for _, o in sent}.values()
    per_day = Counter((o.recipient_id, o.channel, o.payload["day"]) for o in digests)
    assert not per_day or max(per_day.values()) == 1, "two digests on one day"
    noted = {(n.sop_id, n.due, n.channel) for n, _ in found}
    assert {(sop_id, due, channel) for sop_id, due in life.ended for channel in ("mail", "chat")} <= noted, (
        "a due date that nobody was to hear of"
    )
    reached = {(n.sop_id, n.due, n.channel, n.recipient_id) for n, _ in sent}
    with world.deps.database.begin() as session:
        for row in session.scalars(select(tables.Sop)):
            owner = session.get(tables.Person, row.owner_id)
            assert row.due is not None
            assert owner is not None
            if working_moment(max(row.due, row.snoozed_until or row.due), calendar_of(owner)) + 10 * DAY < now:
                assert {(row.id, row.due, channel, owner.id) for channel in ("mail", "chat")} <= reached, "lost"

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from plugin.domain.errors import Conflict, Forbidden, Invalid
from plugin.domain.review import Policy
from plugin.notify.contract import Undeliverable
from plugin.services import audit, deliver, edit, gather, people, restored, review, sweep
from plugin.services.caller import Caller
from plugin.store import tables
from tests.unit.services.world import START, World, a_sop


def an_sop(world: World, owner: Caller, due: date, **more: object) -> str:
    """A published SOP with that due date."""
    sop_id = edit.create(world.deps, world.admin, document=replace(a_sop(), steps=(), **more)).sop_id  # type: ignore[arg-type]
    with world.deps.database.begin() as session:
        row = session.get(tables.Sop, sop_id)
        assert row is not None
        row.status, row.origin, row.due, row.next_review_at, row.owner_id = "published", "recording", due, world.time(), owner.person_id
    return sop_id


def night(world: World) -> None:
    sweep.sweep(world.deps)
    gather.gather(world.deps)
    deliver.deliver(world.deps)


def state(world: World, sop_id: str) -> str:
    return review.review(world.deps, world.admin, sop_id).state


@pytest.fixture
def owner(world: World) -> Caller:
    return world.person("Ada", time_zone="Europe/Berlin")


def test_the_owner_gets_one_mail_at_their_hour_on_the_due_day_and_no_second_one(world: World, owner: Caller) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 3))
    night(world)
    assert (state(world, sop_id), world.mail.messages) == ("due soon", [])
    world.time.now = datetime(2027, 3, 3, 7, 59, tzinfo=UTC)  # 8:59 in Berlin
    night(world)
    assert (state(world, sop_id), world.mail.messages) == ("due", [])
    world.time.go(minutes=1)
    for _ in range(3):
        night(world)
        world.time.go(hours=5)
    world.time.go(days=3)
    night(world)
    (mail,) = world.mail.messages
    assert (mail.address, mail.subject) == ("ada@example.com", "Review due: Restore a database")
    assert state(world, sop_id) == "overdue"


def test_several_due_sops_come_in_one_digest(world: World, owner: Caller) -> None:
    for title in ("First", "Second", "Third"):
        an_sop(world, owner, date(2027, 3, 1), title=title)
    night(world)
    (mail,) = world.mail.messages
    assert mail.subject == "3 SOPs are due for review"
    assert all(title in mail.text and title in (mail.html or "") for title in ("First", "Second", "Third"))


def test_what_becomes_due_later_that_day_waits_for_the_next_working_day(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 5), title="First")  # a Friday
    world.time.now = datetime(2027, 3, 5, 8, 30, tzinfo=UTC)
    night(world)
    an_sop(world, owner, date(2027, 3, 5), title="Second")
    night(world)
    assert len(world.mail.messages) == 1
    world.time.now = datetime(2027, 3, 8, 8, 1, tzinfo=UTC)
    night(world)
    assert [m.subject for m in world.mail.messages] == ["Review due: First", "Review due: Second"]


def test_after_three_days_of_down_time_there_is_one_mail_and_not_at_night(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 2))
    world.time.now = datetime(2027, 3, 5, 2, 0, tzinfo=UTC)
    night(world)
    assert world.mail.messages == []
    world.time.now = datetime(2027, 3, 5, 8, 0, tzinfo=UTC)
    night(world)
    night(world)
    assert len(world.mail.messages) == 1


def test_two_sweeps_at_once_tell_once(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 1))
    for _ in range(2):
        sweep.sweep(world.deps)
        with world.deps.database.begin() as session:  # as if the other one had read the row before
            for row in session.query(tables.Sop):
                row.next_review_at, row.reminded_for = world.time(), None
    sweep.sweep(world.deps)
    gather.gather(world.deps)
    gather.gather(world.deps)
    deliver.deliver(world.deps)
    deliver.deliver(world.deps)
    assert len(world.mail.messages) == 1


def test_still_right_sets_the_next_due_date_and_ends_the_reminders(world: World, owner: Caller) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    night(world)
    done = review.conclude(world.deps, owner, sop_id, outcome="still_right", note="Tried it.")
    assert (done.state, done.due) == ("current", date(2027, 5, 30))
    assert [(r.outcome, r.note, r.person_name, r.due) for r in done.history] == [("still_right", "Tried it.", "Ada", date(2027, 3, 1))]
    world.time.go(days=60)
    night(world)
    assert len(world.mail.messages) == 1


def test_one_click_in_a_mail_confirms_only_by_post_and_only_once(world: World, owner: Caller) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    night(world)
    link = re.search(r"Still right: https://sop.example.com/links/(\S+)", world.mail.messages[0].text)
    assert link is not None
    token = link.group(1)
    for _ in range(3):  # a mail scanner
        assert review.read_link(world.deps, token=token).done is False
    assert state(world, sop_id) == "due"
    done = review.act_on_link(world.deps, token=token, outcome="still_right")
    assert (done.done, state(world, sop_id)) == (True, "current")
    review.act_on_link(world.deps, token=token, outcome="retire")
    assert len(review.review(world.deps, owner, sop_id).history) == 1


def test_a_forged_or_expired_link_or_one_of_somebody_who_left_opens_nothing(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 1))
    night(world)
    found = re.search(r"Still right: https://sop.example.com/links/(\S+)", world.mail.messages[0].text)
    assert found is not None
    token = found.group(1)
    body, mac = token.split(".")
    for bad in (f"{body}x.{mac}", f"{body}.{mac[:-2]}AA", "", ".", "a.b", token[:-1]):
        with pytest.raises(Forbidden):
            review.read_link(world.deps, token=bad)
    people.change(world.deps, world.admin, owner.person_id or "", active=False)
    with pytest.raises(Forbidden):
        review.read_link(world.deps, token=token)
    people.change(world.deps, world.admin, owner.person_id or "", active=True)
    world.time.go(days=91)
    with pytest.raises(Forbidden):
        review.read_link(world.deps, token=token)


def test_one_click_unsubscribing_stops_mails(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 1))
    night(world)
    url = world.mail.messages[0].unsubscribe_url or ""
    review.act_on_link(world.deps, token=url.rsplit("/", 1)[1], outcome="unsubscribe")
    assert people.person(world.deps, world.admin, owner.person_id or "").mail is False
    an_sop(world, owner, date(2027, 3, 2))
    world.time.go(days=1)
    night(world)
    assert len(world.mail.messages) == 1


def test_a_snoozed_review_is_told_on_the_chosen_day_and_the_due_date_stays(world: World, owner: Caller) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 2))
    snoozed = review.snooze(world.deps, owner, sop_id, until=date(2027, 3, 10), reason="The new version comes next week.")
    assert snoozed.due == date(2027, 3, 2)
    for _ in range(12):
        night(world)
        world.time.go(days=1)
    assert [m.subject for m in world.mail.messages] == ["Review due: Restore a database"]
    with pytest.raises(Invalid):
        review.snooze(world.deps, owner, sop_id, until=date(2028, 3, 10), reason="Later.")
    with pytest.raises(Invalid):
        review.snooze(world.deps, owner, sop_id, until=date(2027, 3, 20), reason=" ")


def test_when_nobody_reacts_the_manager_hears_of_it_once(world: World) -> None:
    boss = world.person("Bea")
    owner = world.person("Ada", manager_id=boss.person_id)
    an_sop(world, owner, date(2027, 3, 1))
    for _ in range(30):
        night(world)
        world.time.go(days=1)
    assert [m.address for m in world.mail.messages] == ["ada@example.com", "bea@example.com"]
    assert "nobody has reacted yet" in world.mail.messages[1].text


def test_when_the_owner_has_left_the_fallback_hears_of_it(world: World, owner: Caller) -> None:
    stand_in = world.person("Cleo")
    sop_id = an_sop(world, owner, date(2027, 3, 2))
    review.set_policy(world.deps, world.admin, sop_id, policy=Policy(interval_days=90, fallback_id=stand_in.person_id))
    people.change(world.deps, world.admin, owner.person_id or "", active=False)
    with world.deps.database.begin() as session:
        row = session.get(tables.Sop, sop_id)
        assert row is not None
        row.due, row.next_review_at = date(2027, 3, 2), world.time()
    world.time.go(days=1, hours=2)
    night(world)
    assert [m.address for m in world.mail.messages] == ["cleo@example.com"]


def test_somebody_who_left_between_sweep_and_sending_gets_nothing_and_the_next_one_does(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 1))
    sweep.sweep(world.deps)
    gather.gather(world.deps)
    people.change(world.deps, world.admin, owner.person_id or "", active=False)
    deliver.deliver(world.deps)
    world.time.go(days=1, hours=2)
    night(world)
    assert [m.address for m in world.mail.messages] == ["admin@localhost"]


def test_handing_over_makes_somebody_else_the_owner(world: World, owner: Caller) -> None:
    other = world.person("Cleo")
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    assert review.conclude(world.deps, owner, sop_id, outcome="hand_over", hand_over_to=other.person_id).owner_name == "Cleo"
    assert audit.events(world.deps, world.admin, sop_id=sop_id).items[0].sentence == "handed the SOP over to Cleo"
    world.time.go(hours=1)
    night(world)
    assert [m.address for m in world.mail.messages] == ["cleo@example.com"]


def test_a_retired_sop_is_never_due_again(world: World, owner: Caller) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 2))
    assert review.conclude(world.deps, owner, sop_id, outcome="retire").state == "retired"
    world.time.go(days=400)
    night(world)
    assert world.mail.messages == []
    with pytest.raises(Conflict):
        review.conclude(world.deps, owner, sop_id, outcome="still_right")


def test_a_mail_server_that_is_down_delays_the_mail_and_keeps_its_identity(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 1))
    world.mail.trouble = [Undeliverable("down", permanent=False)] * 2
    for _ in range(5):
        night(world)
        world.time.go(minutes=2)
    assert len(world.mail.messages) == 1


def test_an_address_that_does_not_exist_is_marked_and_an_admin_is_told(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 1))
    world.mail.trouble = [Undeliverable("no such user", permanent=True)]
    night(world)
    world.time.go(hours=2)
    night(world)
    assert [(m.address, m.subject) for m in world.mail.messages] == [("admin@localhost", "Mails to Ada do not arrive")]


def test_after_a_restore_from_a_backup_nothing_is_sent_again(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 1))
    other = an_sop(world, owner, date(2027, 3, 9), title="Not yet due")
    sweep.sweep(world.deps)
    gather.gather(world.deps)
    deliver.deliver(world.deps)
    world.time.go(hours=3)
    restored.mark_sent(world.deps)
    with world.deps.database.begin() as session:  # the database as it was the night before
        session.query(tables.Outgoing).delete()
        session.query(tables.Notice).delete()
        for row in session.query(tables.Sop):
            row.reminded_for, row.next_review_at = None, START
    world.time.go(hours=1)
    assert restored.look_back(world.deps) is True
    night(world)
    assert len(world.mail.messages) == 1
    assert restored.look_back(world.deps) is True  # until something was sent again, it stays careful
    world.time.now = datetime(2027, 3, 9, 9, 0, tzinfo=UTC)
    night(world)
    assert world.mail.messages[-1].subject == "Review due: Not yet due"
    assert state(world, other) == "due"


def test_after_a_large_import_only_so_many_come_in_the_first_week(world: World, owner: Caller) -> None:
    from plugin.services import administration

    administration.change_workspace(world.deps, world.admin, settings={"import_cap": 3})
    for number in range(8):
        sop_id = an_sop(world, owner, date(2027, 2, 1), title=f"Imported {number}")
        with world.deps.database.begin() as session:
            row = session.get(tables.Sop, sop_id)
            assert row is not None
            row.origin = "import"
    for _ in range(5):
        night(world)
        world.time.go(days=1)
    assert sum(m.text.count("Still right:") for m in world.mail.messages) == 3
    assert {m.address for m in world.mail.messages} == {"ada@example.com"}  # nor is anybody's manager told at once
    world.time.now = START + timedelta(days=8)
    night(world)
    assert sum(m.text.count("Still right:") for m in world.mail.messages if m.address == "ada@example.com") == 8


def test_a_title_with_markup_or_line_breaks_stays_harmless(world: World, owner: Caller) -> None:
    an_sop(world, owner, date(2027, 3, 1), title="<script>x</script>\r\nBcc: all@example.com")
    night(world)
    (mail,) = world.mail.messages
    assert "<script>" not in (mail.html or "")
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject


def test_what_a_person_reviewed_before_the_mail_went_out_is_not_in_it(world: World, owner: Caller) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    sweep.sweep(world.deps)
    gather.gather(world.deps)
    review.conclude(world.deps, owner, sop_id, outcome="still_right")
    deliver.deliver(world.deps)
    assert world.mail.messages == []

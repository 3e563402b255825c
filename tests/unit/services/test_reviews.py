from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from plugin import scheduler
from plugin.domain.errors import Conflict, Forbidden, Invalid
from plugin.domain.review import Policy
from plugin.notify.contract import Undeliverable
from plugin.services import administration, audit, deliver, edit, gather, library, people, publish, restored, review, sweep, work
from plugin.services.caller import Caller
from plugin.store import leases, tables
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
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    world.mail.trouble = [Undeliverable("no such user", permanent=True)]
    night(world)
    world.time.go(hours=2)
    night(world)
    assert [(m.address, m.subject) for m in world.mail.messages] == [("admin@localhost", "Mails to Ada do not arrive")]
    said = [e.sentence for e in audit.events(world.deps, world.admin, sop_id=sop_id).items]
    assert "could not deliver the reminder to Ada by mail: no such user" in said


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


def link(world: World, label: str, mail: int = -1) -> str:
    """The token behind a link of a mail."""
    found = re.search(rf"{label}: https://sop.example.com/links/(\S+)", world.mail.messages[mail].text)
    assert found is not None
    return found.group(1)


def test_a_change_that_a_review_asked_for_is_a_todo_until_it_is_published(world: World, owner: Caller, place: str) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    night(world)
    view = review.conclude(world.deps, owner, sop_id, outcome="needs_change", note="The menu has moved.")
    assert (view.state, view.due) == ("in review", date(2027, 3, 1))
    (mine,) = review.mine(world.deps, owner)
    assert mine.todo is not None
    assert (mine.todo.what, mine.todo.note, mine.todo.person_name) == ("needs_change", "The menu has moved.", "Ada")
    now = library.sop(world.deps, owner, sop_id)
    edit.save(world.deps, owner, sop_id, document=replace(now.sop, rollback=("Use the old menu.",)), etag=now.etag)
    assert review.review(world.deps, owner, sop_id).todo is not None, "saved is not published"
    publish.publish(world.deps, owner, sop_id, connection_id=place, place="OPS")
    work.work_one(world.deps, worker="w1")
    after = review.review(world.deps, owner, sop_id)
    assert (after.todo, after.state, after.due) == (None, "current", date(2027, 5, 30))
    assert review.mine(world.deps, owner) == ()
    assert "published the change that the review had asked for" in [
        e.sentence for e in audit.events(world.deps, owner, sop_id=sop_id).items
    ]


def test_a_todo_that_nobody_finishes_reaches_the_manager_once(world: World) -> None:
    boss = world.person("Bea")
    owner = world.person("Ada", manager_id=boss.person_id, time_zone="Europe/Berlin")
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    night(world)
    world.time.go(days=3)
    review.conclude(world.deps, owner, sop_id, outcome="needs_change", note="The menu has moved.")
    for _ in range(40):
        world.time.go(days=1)
        night(world)
    assert [m.address for m in world.mail.messages] == ["ada@example.com", "bea@example.com"]
    assert "Ada was told, a change was asked for, but nothing new is published" in world.mail.messages[1].text
    assert "The menu has moved." in world.mail.messages[1].text


def test_a_reviewer_who_is_not_the_owner_is_asked_and_may_answer_as_a_reader(world: World, owner: Caller) -> None:
    expert = world.person("Cleo", role="reader")
    sop_id = an_sop(world, owner, date(2027, 3, 2))
    review.set_policy(world.deps, world.admin, sop_id, policy=Policy(interval_days=30, reviewer_id=expert.person_id))
    with world.deps.database.begin() as session:
        session.query(tables.Sop).update({"due": date(2027, 3, 2), "next_review_at": world.time()})
    world.time.go(days=1, hours=1)
    night(world)
    assert [m.address for m in world.mail.messages] == ["cleo@example.com"]
    assert [v.sop_id for v in review.mine(world.deps, expert)] == [sop_id]
    assert review.mine(world.deps, owner) == ()
    done = review.act_on_link(world.deps, token=link(world, "Still right"), outcome="still_right")
    assert (done.done, state(world, sop_id)) == (True, "current")
    with pytest.raises(Forbidden):  # another reader has no say
        review.conclude(world.deps, world.person("Dora", role="reader"), sop_id, outcome="still_right")


def test_whoever_takes_over_a_due_sop_hears_of_it_and_the_former_owner_no_more(world: World, owner: Caller) -> None:
    other = world.person("Cleo")
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    night(world)
    token = link(world, "Still right")
    assert [p.name for p in review.read_link(world.deps, token=token).people] == ["Admin", "Cleo"]
    handed = review.act_on_link(world.deps, token=token, outcome="hand_over", hand_over_to=other.person_id)
    assert handed.answer is not None
    assert (handed.done, handed.answer.what, handed.answer.by) == (True, "hand_over", "Ada")
    for _ in range(5):
        night(world)
        world.time.go(days=1)
    assert [m.address for m in world.mail.messages] == ["ada@example.com", "cleo@example.com"]
    assert review.read_link(world.deps, token=link(world, "Still right")).done is False
    assert review.review(world.deps, other, sop_id).owner_name == "Cleo"


def test_an_owner_who_changes_between_sweep_and_sending_gets_nothing_for_what_is_not_theirs(world: World, owner: Caller) -> None:
    other = world.person("Cleo")
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    sweep.sweep(world.deps)
    gather.gather(world.deps)
    review.assign(world.deps, world.admin, sop_id, owner_id=other.person_id)
    deliver.deliver(world.deps)
    night(world)
    world.time.go(days=1, hours=2)
    night(world)
    assert [m.address for m in world.mail.messages] == ["cleo@example.com"]


def test_a_link_may_put_a_review_off_with_a_reason(world: World, owner: Caller) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    night(world)
    token = link(world, "Still right")
    with pytest.raises(Invalid):
        review.act_on_link(world.deps, token=token, outcome="snooze", note="Busy.")
    with pytest.raises(Invalid):
        review.act_on_link(world.deps, token=token, outcome="snooze", until=date(2027, 3, 10))
    put_off = review.act_on_link(world.deps, token=token, outcome="snooze", note="The release comes first.", until=date(2027, 3, 10))
    assert (put_off.done, put_off.snoozed_until) == (False, date(2027, 3, 10))
    world.time.now = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)
    night(world)
    assert len(world.mail.messages) == 2
    assert "put the review off until 2027-03-10: The release comes first." in [
        e.sentence for e in audit.events(world.deps, owner, sop_id=sop_id).items
    ]


def test_a_second_answer_changes_nothing_and_says_who_gave_the_first(world: World, owner: Caller) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    night(world)
    token = link(world, "Needs a change")
    review.act_on_link(world.deps, token=token, outcome="needs_change", note="Old screenshots.")
    again = review.act_on_link(world.deps, token=token, outcome="retire")
    assert again.answer is not None
    assert (again.answer.what, again.answer.by) == ("needs_change", "Ada")
    assert [r.outcome for r in review.review(world.deps, owner, sop_id).history] == ["needs_change"]


def test_an_owner_without_mail_and_chat_is_not_said_to_have_been_reminded(world: World, owner: Caller) -> None:
    sop_id = an_sop(world, owner, date(2027, 3, 1))
    people.change(world.deps, world.admin, owner.person_id or "", mail=False)
    night(world)
    kinds = [e.kind for e in audit.events(world.deps, world.admin, sop_id=sop_id).items]
    assert "review.unreached" in kinds
    assert "review.reminded" not in kinds


def test_a_digest_of_very_many_names_the_first_and_leads_to_the_rest(world: World, owner: Caller) -> None:
    for number in range(60):
        an_sop(world, owner, date(2027, 3, 1), title=f"Procedure {number:02d}")
    night(world)
    (mail,) = world.mail.messages
    assert mail.subject == "60 SOPs are due for review"
    assert mail.text.count("Still right:") == 25
    assert "And 35 more, all on one page: https://sop.example.com/reviews" in mail.text
    assert len(mail.html or "") < 102_000, "mail programs cut what is longer"


def test_a_chat_message_is_short_and_has_one_link_a_procedure(world: World, owner: Caller) -> None:
    people.change(world.deps, world.admin, owner.person_id or "", chat_url="slack://T00000000/B00000000/abcdefghijklmnopqrstuvwx")
    an_sop(world, owner, date(2027, 3, 1))
    night(world)
    (told,) = world.chat.messages
    assert told.text.count("https://") == 1
    assert told.html is None
    assert review.read_link(world.deps, token=told.text.split("/links/")[1].split()[0]).kind == "review"


def test_after_a_large_import_the_mentions_on_pages_are_held_back_too_and_managers_wait_longer(world: World, place: str) -> None:
    boss = world.person("Bea")
    owner = world.person("Ada", manager_id=boss.person_id)
    administration.change_workspace(world.deps, world.admin, settings={"import_cap": 2})
    for number in range(6):
        sop_id = an_sop(world, owner, date(2027, 2, 1), title=f"Imported {number}")
        publish.publish(world.deps, world.admin, sop_id, connection_id=place, place="OPS")
        work.work_one(world.deps, worker="w1")
        with world.deps.database.begin() as session:
            session.query(tables.Sop).filter_by(id=sop_id).update({"origin": "import"})
    for _ in range(6):
        night(world)
        world.time.go(days=1)
    assert len(world.target.mentions) == 2
    for _ in range(11):  # the others come after a week; two weeks after the first ones the manager hears of those, and only of those
        night(world)
        world.time.go(days=1)
    assert len(world.target.mentions) == 6
    (told,) = [m for m in world.mail.messages if m.address == "bea@example.com"]
    assert told.subject == "2 reviews are still open"


def test_a_clock_that_jumps_ahead_by_a_year_tells_nobody_anything(world: World, owner: Caller) -> None:
    for month in range(4, 12):
        an_sop(world, owner, date(2027, month, 1), title=f"Due in {month}")
    scheduler.reviews(world.deps)
    real = world.time.now
    for minute in range(50):  # the clock is wrong for most of an hour
        world.time.now = real + timedelta(days=365, minutes=minute)
        scheduler.reviews(world.deps)
    world.time.now = real + timedelta(minutes=50)
    scheduler.reviews(world.deps)
    assert world.mail.messages == []
    world.time.now = datetime(2027, 4, 1, 9, 0, tzinfo=UTC)
    for _ in range(140):  # a month without the scheduler: after an hour it catches up
        scheduler.reviews(world.deps)
        world.time.go(seconds=30)
    assert [m.subject for m in world.mail.messages] == ["Review due: Due in 4"]


def test_a_lease_that_a_wrong_clock_took_for_a_year_does_not_keep_the_scheduler_away(world: World) -> None:
    def hold(holder: str, now: datetime) -> bool:
        return world.deps.database.run(lambda session: leases.hold(session, "scheduler", holder, now=now, lasts=scheduler.LEASE))

    assert hold("wrong", START + timedelta(days=365))
    assert hold("right", START)
    assert not hold("third", START + timedelta(seconds=30))

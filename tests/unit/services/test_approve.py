from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from plugin.domain.errors import Conflict, Forbidden, Invalid
from plugin.domain.review import Policy
from plugin.services import administration, approve, audit, deliver, edit, library, people, review
from plugin.services.administration import ApprovalRule, AreaView
from plugin.services.caller import Caller
from tests.unit.services.world import World, a_sop


def an_sop(world: World, author: Caller, **more: object) -> str:
    return edit.create(world.deps, author, document=replace(a_sop(), steps=a_sop().steps[:2], **more)).sop_id  # type: ignore[arg-type]


def rule(world: World, needed: int, *approvers: Caller) -> None:
    ids = tuple(p.person_id or "" for p in approvers)
    area = AreaView(name="incident-response", title="Incidents", policy=Policy(), approval=ApprovalRule(needed=needed, approvers=ids))
    administration.set_area(world.deps, world.admin, area)


def test_two_of_three_must_approve_and_each_gets_a_link(world: World) -> None:
    author, *approvers = (world.person(name) for name in ("Ada", "Bea", "Cleo", "Dora"))
    rule(world, 2, *approvers)
    sop_id = an_sop(world, author)
    asked = approve.request(world.deps, author, sop_id)
    deliver.deliver(world.deps)
    assert sorted(m.address for m in world.mail.messages) == ["bea@example.com", "cleo@example.com", "dora@example.com"]
    assert "Approve: https://sop.example.com/links/" in world.mail.messages[0].text
    assert approve.decide(world.deps, approvers[0], asked.id, decision="approved").state == "open"
    assert approve.decide(world.deps, approvers[1], asked.id, decision="approved", comment="Tried it.").state == "approved"
    assert library.sop(world.deps, author, sop_id).summary.status == "approved"
    with pytest.raises(Conflict):
        approve.decide(world.deps, approvers[2], asked.id, decision="declined")


def test_the_author_cannot_approve_alone(world: World) -> None:
    author = world.person("Ada")
    rule(world, 1, author)
    with pytest.raises(Invalid):
        approve.request(world.deps, author, an_sop(world, author))


def test_where_nobody_is_named_the_approvers_are_asked_and_admins_only_without_any(world: World) -> None:
    author = world.person("Ada")
    rule(world, 1)
    asked = approve.request(world.deps, author, an_sop(world, author, title="First"))
    assert asked.approver_names == ("Admin",)
    approver = world.person("Bea", role="approver")
    asked = approve.request(world.deps, author, an_sop(world, author, title="Second"))
    assert asked.approver_names == ("Bea",)
    assert approve.decide(world.deps, approver, asked.id, decision="approved").state == "approved"
    own = an_sop(world, approver, title="Third")
    assert approve.request(world.deps, approver, own).approver_names == ("Admin",)


def test_nobody_else_can_approve(world: World) -> None:
    author, approver, other = (world.person(name) for name in ("Ada", "Bea", "Cleo"))
    rule(world, 1, approver)
    asked = approve.request(world.deps, author, an_sop(world, author))
    with pytest.raises(Forbidden):
        approve.decide(world.deps, other, asked.id, decision="approved")
    assert [a.id for a in approve.waiting_for_me(world.deps, approver)] == [asked.id]
    assert approve.waiting_for_me(world.deps, other) == ()


def test_a_minor_edit_keeps_the_approval_and_a_major_one_voids_it(world: World) -> None:
    author, approver = world.person("Ada"), world.person("Bea")
    rule(world, 1, approver)
    sop_id = an_sop(world, author)
    asked = approve.request(world.deps, author, sop_id)
    approve.decide(world.deps, approver, asked.id, decision="approved")
    view = library.sop(world.deps, author, sop_id)
    edit.save(world.deps, author, sop_id, document=replace(view.sop, purpose="Said better."), etag=view.etag)
    assert [a.state for a in approve.approvals(world.deps, author, sop_id)] == ["approved"]
    assert edit.revisions(world.deps, author, sop_id)[0].approved
    view = library.sop(world.deps, author, sop_id)
    edit.save(world.deps, author, sop_id, document=replace(view.sop, rollback=("Go back.",)), etag=view.etag)
    assert [a.state for a in approve.approvals(world.deps, author, sop_id)] == ["void"]
    assert library.sop(world.deps, author, sop_id).summary.status == "draft"


def test_approvers_are_reminded_after_two_days_and_an_admin_is_told_after_seven(world: World) -> None:
    author, approver = world.person("Ada"), world.person("Bea")
    rule(world, 1, approver)
    approve.request(world.deps, author, an_sop(world, author))
    for _ in range(20):
        approve.remind(world.deps)
        approve.remind(world.deps)
        deliver.deliver(world.deps)
        world.time.go(hours=12)
    assert [(m.address, m.subject) for m in world.mail.messages] == [
        ("bea@example.com", "Please approve “Restore a database”"),
        ("bea@example.com", "Still waiting for you: “Restore a database”"),
        ("admin@localhost", "An approval is stuck: “Restore a database”"),
    ]


def test_a_link_of_the_mail_decides_by_post_only(world: World) -> None:
    author, approver = world.person("Ada"), world.person("Bea")
    rule(world, 1, approver)
    sop_id = an_sop(world, author)
    approve.request(world.deps, author, sop_id)
    deliver.deliver(world.deps)
    token = world.mail.messages[0].text.split("Approve: https://sop.example.com/links/")[1].split()[0]
    assert review.read_link(world.deps, token=token).done is False
    assert review.act_on_link(world.deps, token=token, outcome="approved").done is True
    assert library.sop(world.deps, author, sop_id).summary.status == "approved"


def test_who_asked_hears_what_was_decided(world: World) -> None:
    author, approver = world.person("Ada"), world.person("Bea")
    rule(world, 1, approver)
    asked = approve.request(world.deps, author, an_sop(world, author))
    approve.decide(world.deps, approver, asked.id, decision="declined", comment="Step 2 is missing.")
    deliver.deliver(world.deps)
    mail = world.mail.messages[-1]
    assert (mail.address, mail.subject) == ("ada@example.com", "Declined: “Restore a database”")
    assert "Bea declined revision 1 of “Restore a database”. Comment: Step 2 is missing." in mail.text


def test_a_colleagues_small_edit_does_not_make_the_author_an_approver(world: World) -> None:
    author, colleague = world.person("Ada"), world.person("Bea")
    rule(world, 1, author, colleague)
    sop_id = an_sop(world, author)
    view = library.sop(world.deps, colleague, sop_id)
    edit.save(world.deps, colleague, sop_id, document=replace(view.sop, purpose="Said better."), etag=view.etag)
    with pytest.raises(Invalid):  # both wrote a part of it
        approve.request(world.deps, colleague, sop_id)


def test_a_request_whose_approvers_have_all_left_reaches_an_admin_at_the_first_reminder(world: World) -> None:
    author, approver = world.person("Ada"), world.person("Bea")
    rule(world, 1, approver)
    approve.request(world.deps, author, an_sop(world, author))
    deliver.deliver(world.deps)
    people.change(world.deps, world.admin, approver.person_id or "", active=False)
    for _ in range(20):
        world.time.go(hours=12)
        approve.remind(world.deps)
        deliver.deliver(world.deps)
    assert [(m.address, m.subject) for m in world.mail.messages[1:]] == [("admin@localhost", "An approval is stuck: “Restore a database”")]


def test_reminders_of_approvals_come_at_a_civil_hour(world: World) -> None:
    author, approver = world.person("Ada"), world.person("Bea", time_zone="America/Los_Angeles")
    rule(world, 1, approver)
    world.time.now = datetime(2027, 3, 4, 8, 0, tzinfo=UTC)  # 48 hours later it is midnight on Saturday there
    approve.request(world.deps, author, an_sop(world, author))
    deliver.deliver(world.deps)
    moments = []
    for _ in range(24 * 5):
        world.time.go(hours=1)
        approve.remind(world.deps)
        if deliver.deliver(world.deps):
            moments.append(world.time.now)
    assert moments == [datetime(2027, 3, 8, 17, 0, tzinfo=UTC)]  # Monday, 9:00 there


def test_what_was_approved_stands_in_the_log_with_its_digest(world: World) -> None:
    author, approver = world.person("Ada"), world.person("Bea")
    rule(world, 1, approver)
    sop_id = an_sop(world, author)
    asked = approve.request(world.deps, author, sop_id)
    approve.decide(world.deps, approver, asked.id, decision="approved")
    event = next(e for e in audit.events(world.deps, author, sop_id=sop_id).items if e.kind == "approval.approved")
    assert (event.actor_name, event.revision, event.data["digest"]) == ("Bea", 1, asked.digest)

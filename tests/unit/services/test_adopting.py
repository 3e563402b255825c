"""What people changed on a page comes back once, and never over what somebody changed here since."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from connectors.contract import Edit
from plugin.domain.review import Policy
from plugin.services import administration, edit, flags, library, people, publish, review, work
from plugin.services.administration import ApprovalRule, AreaView
from tests.unit.services.test_flags import published
from tests.unit.services.world import World, a_sop, picture_bytes

PURPOSE = Edit(key="purpose", before="Data is back.", after="The data is back and complete.")


def purpose(world: World, sop_id: str) -> str | None:
    return library.sop(world.deps, world.admin, sop_id).sop.purpose


def looked_at(world: World, *edits: Edit) -> None:
    """The page is looked at, and the target reports these edits."""
    world.target.edits = list(edits)
    world.time.go(hours=7)
    flags.reconcile(world.deps)


def saved(world: World, sop_id: str, **changes: Any) -> None:
    view = library.sop(world.deps, world.admin, sop_id)
    edit.save(world.deps, world.admin, sop_id, document=replace(view.sop, **changes), etag=view.etag)


def test_an_edit_is_reported_until_it_is_published_and_is_not_put_over_a_later_change_of_ours(world: World, place: str) -> None:
    sop_id = published(world, place)
    for _ in range(3):
        looked_at(world, PURPOSE)
    assert (purpose(world, sop_id), library.sop(world.deps, world.admin, sop_id).revision) == (PURPOSE.after, 2)
    saved(world, sop_id, purpose="Nothing is lost.")
    looked_at(world, PURPOSE)
    assert purpose(world, sop_id) == "Nothing is lost."


def test_an_edit_of_another_passage_is_taken_all_the_same(world: World, place: str) -> None:
    sop_id = published(world, place)
    saved(world, sop_id, purpose="Nothing is lost.")
    looked_at(world, PURPOSE, Edit(key="steps/stp_1", before="Open the list of queues.", after="Open the queues."))
    view = library.sop(world.deps, world.admin, sop_id)
    assert (view.sop.purpose, view.sop.steps[0].action) == ("Nothing is lost.", "Open the queues.")


def test_what_is_not_on_the_page_yet_is_not_called_published(world: World, place: str) -> None:
    """Somebody saves while the revision before is on its way to the page, on which a colleague edited something else."""
    sop_id = published(world, place)
    saved(world, sop_id, summary="In short.")
    asked = publish.publish(world.deps, world.admin, sop_id, connection_id=place, place="OPS")
    saved(world, sop_id, purpose="Nothing is lost.")
    world.target.edits = [Edit(key="steps/stp_1", before="Open the list of queues.", after="Open the queues.")]
    work.work_one(world.deps, worker="w1")
    assert publish.publication(world.deps, world.admin, asked.id).revision == 2
    view = library.sop(world.deps, world.admin, sop_id)
    assert (view.revision, view.summary.published_revision, view.sop.steps[0].action) == (4, 2, "Open the queues.")


def fact(name: str, before: str | None, after: str | None) -> Edit:
    rows = (None if value is None else f"{name}\t{value}" for value in (before, after))
    return Edit(key=f"facts/{name}", before=next(rows), after=next(rows))


@pytest.mark.parametrize("said", ["Ada", "ada", "ada@example.com", " Ada "])
def test_an_owner_who_was_changed_on_the_page_owns_the_sop(world: World, place: str, said: str) -> None:
    ada = world.person("Ada")
    sop_id = published(world, place)
    looked_at(world, fact("Owner", world.admin.name, said))
    assert review.review(world.deps, world.admin, sop_id).owner_id == ada.person_id
    review.assign(world.deps, world.admin, sop_id, owner_id=world.person("Bea").person_id)
    looked_at(world, fact("Owner", world.admin.name, said))  # the same edit, reported again
    assert review.review(world.deps, world.admin, sop_id).owner_name == "Bea"


@pytest.mark.parametrize("said", ["Nobody here", "", "Eve", "Twin", None])
def test_an_owner_whom_nobody_knows_or_who_is_not_one_person_is_left_on_the_page(world: World, place: str, said: str | None) -> None:
    world.person("Eve", active=False)
    for address in ("one@example.com", "two@example.com"):
        people.add(world.deps, world.admin, email=address, name="Twin")
    sop_id = published(world, place)
    looked_at(world, fact("Owner", world.admin.name, said))
    assert review.review(world.deps, world.admin, sop_id).owner_name == world.admin.name


def test_an_area_that_the_workspace_knows_is_taken_over(world: World, place: str) -> None:
    sop_id = published(world, place)
    other = a_sop(title="Another", area="release-management")
    edit.create(world.deps, world.admin, document=other, pictures={"images/step-03.png": picture_bytes()})
    looked_at(world, fact("Area", "incident response", "Whatever"))
    assert library.sop(world.deps, world.admin, sop_id).summary.area == "incident-response"
    looked_at(world, fact("Area", "incident response", "Release Management"))
    assert library.sop(world.deps, world.admin, sop_id).summary.area == "release-management"


def test_an_area_with_fewer_approvals_is_not_reached_by_an_edit_of_the_page(world: World, place: str) -> None:
    approver = world.person("Ada", "admin")
    sop_id = published(world, place)
    rule = ApprovalRule(needed=1, approvers=(approver.person_id or "",))
    for name, approval in (("incident-response", rule), ("release-management", None)):
        administration.set_area(world.deps, world.admin, AreaView(name=name, title=name, policy=Policy(), approval=approval))
    looked_at(world, fact("Area", "incident response", "release management"))
    assert library.sop(world.deps, world.admin, sop_id).summary.area == "incident-response"


@pytest.mark.parametrize(
    ("said", "due"),
    [("2027-03-10", date(2027, 3, 10)), ("2027-06-01", date(2027, 3, 31)), ("2026-01-01", date(2027, 3, 31)), ("soon", date(2027, 3, 31))],
)
def test_a_review_may_be_brought_forward_on_the_page_but_not_put_off(world: World, place: str, said: str, due: date) -> None:
    sop_id = published(world, place)
    looked_at(world, fact("Review due", "2027-03-31", said))
    assert review.review(world.deps, world.admin, sop_id).due == due

"""Review rules of an area and of the whole workspace, and what a change of them means for the SOPs under them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from plugin.domain.errors import Invalid
from plugin.domain.review import Policy
from plugin.services import administration, deliver, edit, gather, review, standing, sweep
from plugin.services.administration import AreaView
from plugin.store import tables
from tests.unit.services.world import World, a_sop


def published(world: World, **more: object) -> str:
    """Reviewed on the day of START, as the rule of that day says."""
    sop_id = edit.create(world.deps, world.admin, document=replace(a_sop(), steps=(), **more)).sop_id  # type: ignore[arg-type]
    with world.deps.database.begin() as session:
        row = session.get(tables.Sop, sop_id)
        assert row is not None
        row.status = "published"
        standing.schedule(session, world.deps, row, reviewed=True)
        if session.get(tables.Connection, "con_wiki") is None:
            wiki = {"name": "Wiki", "kind": "fake", "state": "paused", "created_at": world.time()}
            session.add(tables.Connection(id="con_wiki", workspace_id=row.workspace_id, **wiki))
            session.flush()
        session.add(
            tables.Publication(
                id=f"pub_{sop_id}",
                workspace_id=row.workspace_id,
                sop_id=sop_id,
                connection_id="con_wiki",
                place="OPS",
                state="published",
                wanted_revision=1,
                created_at=world.time(),
            )
        )
    return sop_id


def ruled(world: World, name: str, **policy: object) -> AreaView:
    before = administration.area(world.deps, world.admin, name)
    return administration.set_area(world.deps, world.admin, replace(before, policy=Policy(**policy)))  # type: ignore[arg-type]


def due(world: World, sop_id: str) -> date | None:
    return review.review(world.deps, world.admin, sop_id).due


def test_a_new_rhythm_of_an_area_moves_the_dates_that_hang_on_it_and_no_other(world: World) -> None:
    plain, elsewhere, own = published(world), published(world, area="monitoring"), published(world)
    review.set_policy(world.deps, world.admin, own, policy=Policy(interval_months=12))
    before = due(world, elsewhere)
    world.time.go(days=10)
    ruled(world, "incident-response", fixed=("06-30", "12-31"), criticality="high")
    assert (due(world, plain), due(world, elsewhere), due(world, own)) == (date(2027, 6, 30), before, date(2028, 3, 1))
    with world.deps.database.begin() as session:
        page, row = session.get(tables.Publication, f"pub_{plain}"), session.get(tables.Sop, plain)
        assert page is not None
        assert row is not None
        assert (page.flag_wanted, row.criticality) == ("current|2027-06-30", "high")


def test_the_workspaces_rule_holds_where_an_area_says_nothing(world: World) -> None:
    plain, ruled_area = published(world), published(world, area="monitoring")
    ruled(world, "monitoring", interval_days=30)
    ruled(world, "", interval_months=1, lead_days=3)
    assert (due(world, plain), due(world, ruled_area)) == (date(2027, 4, 1), date(2027, 3, 31))
    area = administration.area(world.deps, world.admin, "monitoring")
    assert (area.policy.interval_days, area.policy.lead_days) == (30, None)
    assert (area.wider.interval_months, area.wider.lead_days, area.wider.criticality) == (1, 3, "normal")
    assert review.review(world.deps, world.admin, ruled_area).policy.lead_days == 3


def test_a_change_of_something_else_leaves_the_dates(world: World) -> None:
    sop_id = published(world)
    with world.deps.database.begin() as session:
        row = session.get(tables.Sop, sop_id)
        assert row is not None
        row.due = date(2027, 5, 5)  # of an import
    ruled(world, "incident-response", lead_days=30)
    assert due(world, sop_id) == date(2027, 5, 5)


def test_the_reviewer_of_an_area_hears_of_it_and_must_be_of_this_workspace(world: World) -> None:
    reviewer = world.person("Bea")
    sop_id = published(world)
    review.assign(world.deps, world.admin, sop_id, owner_id=world.person("Ada").person_id)
    ruled(world, "incident-response", interval_days=14, reviewer_id=reviewer.person_id)
    world.time.now = datetime(2027, 3, 15, 9, 0, tzinfo=UTC)
    sweep.sweep(world.deps)
    gather.gather(world.deps)
    deliver.deliver(world.deps)
    assert [m.address for m in world.mail.messages] == ["bea@example.com"]
    for field in ("reviewer_id", "fallback_id"):
        with pytest.raises(Invalid) as caught:
            ruled(world, "", **{field: "per_unknown"})
        assert caught.value.field == field

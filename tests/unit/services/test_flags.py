"""The review state where people read: on pages, set by the scheduler, also where one target is busy or refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors import errors, registry
from connectors.contract import Edit
from plugin import scheduler
from plugin.services import connections, edit, flags, library, publish, review, sweep, work
from plugin.services.deps import Deps
from tests.unit.services.world import World, a_sop, picture_bytes


def published(world: World, place: str, title: str = "Restore a database") -> str:
    sop_id = edit.create(world.deps, world.admin, document=a_sop(title=title), pictures={"images/step-03.png": picture_bytes()}).sop_id
    publish.publish(world.deps, world.admin, sop_id, connection_id=place, place="OPS", interval_days=30)
    work.work_one(world.deps, worker="w1")
    return sop_id


def test_a_page_shows_every_state_as_it_comes_and_is_not_touched_in_between(world: World, place: str) -> None:
    sop_id = published(world, place)
    shown = []
    for _ in range(45):
        sweep.sweep(world.deps)
        shown.append(flags.show_flags(world.deps))
        world.time.go(days=1)
    assert [(f.state, f.due) for f in world.target.flags] == [
        (state, date(2027, 3, 31)) for state in ("current", "due soon", "due", "overdue")
    ]
    assert sum(shown) == 4
    review.conclude(world.deps, world.admin, sop_id, outcome="still_right")
    flags.show_flags(world.deps)
    assert (world.target.flags[-1].state, world.target.flags[-1].owner) != ("overdue", None)
    review.conclude(world.deps, world.admin, sop_id, outcome="retire")
    flags.show_flags(world.deps)
    assert world.target.flags[-1].state == "retired"


def test_a_page_that_the_target_refuses_does_not_hold_up_the_others(world: World, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = [published(world, place, f"Procedure {n}") for n in range(4)]
    flag, asked = type(world.target).flag, []

    def refusing(self: object, known: object, wanted: object) -> object:
        asked.append(known.ref.id)  # type: ignore[attr-defined]
        if known.ref.id == first:  # type: ignore[attr-defined]
            raise errors.Reject("no", path="label", reason="no")
        return flag(self, known, wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.target), "flag", refusing)
    assert flags.show_flags(world.deps) == 3
    assert flags.show_flags(world.deps) == 0
    assert sorted(asked) == sorted([first, *others]), "asked once each"


def test_a_busy_connection_rests_until_the_next_run_and_nothing_is_lost(world: World, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        published(world, place, f"Procedure {number}")
    flag, busy = type(world.target).flag, [True]

    def slow(self: object, known: object, wanted: object) -> object:
        if busy[0]:
            raise errors.Retry("busy", after_s=30)
        return flag(self, known, wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.target), "flag", slow)
    assert flags.show_flags(world.deps) == 0
    busy[0] = False
    assert flags.show_flags(world.deps) == 3


def test_an_edit_on_the_page_settles_the_change_that_a_review_asked_for(world: World, place: str) -> None:
    sop_id = published(world, place)
    review.conclude(world.deps, world.admin, sop_id, outcome="needs_change", note="The purpose is unclear.")
    world.time.go(days=1)
    world.target.edits = [Edit(key="purpose", before="Data is back.", after="The data is back and complete.")]
    flags.reconcile(world.deps)
    view = review.review(world.deps, world.admin, sop_id)
    assert library.sop(world.deps, world.admin, sop_id).sop.purpose == "The data is back and complete."
    assert (view.todo, view.due) == (None, date(2027, 4, 1))


def test_a_git_folder_shows_the_state_in_the_head_of_the_page(world: World, tmp_path: Path) -> None:
    from dataclasses import replace

    def real(kind: str, given: object, state: Path) -> object:
        return registry.package(kind).connect(given, state=state)

    world.deps: Deps = replace(world.deps, connect=real)  # type: ignore[arg-type,misc]
    folder = tmp_path / "handbook"
    made = connections.connect(world.deps, world.admin, kind="filesystem", name="Handbook", settings={"path": str(folder)})
    published(world, made.id)
    world.time.now = datetime(2027, 4, 2, 12, 0, tzinfo=UTC)
    sweep.sweep(world.deps)
    assert flags.show_flags(world.deps) == 1
    (page,) = [p for p in folder.rglob("*.md") if "restore" in str(p).lower()]
    head = page.read_text("utf-8").split("---")[1]
    assert "overdue" in head
    assert "2027-03-31" in head


def test_nobody_is_asked_to_review_a_page_that_they_cannot_open(world: World, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The target tells it; who stands in for them is asked instead, until the page is open to the owner again."""
    shut = {"ada@example.com"}
    monkeypatch.setattr(world.target, "may_read", lambda ref, person: person.email not in shut, raising=False)
    boss = world.person("Bea")
    owner = world.person("Ada", manager_id=boss.person_id)
    sop_id = published(world, place)
    review.assign(world.deps, world.admin, sop_id, owner_id=owner.person_id)
    world.time.now = datetime(2027, 3, 31, 9, 0, tzinfo=UTC)
    for _ in range(3):
        scheduler.reviews(world.deps)
        world.time.go(hours=1, minutes=1)  # the first time the long gap is waited out
    for _ in range(3):
        scheduler.reviews(world.deps)
        world.time.go(days=1)
    assert [m.address for m in world.mail.messages] == ["bea@example.com"]
    assert [v.sop_id for v in review.mine(world.deps, boss)] == [sop_id]
    assert review.review(world.deps, world.admin, sop_id).responsible_name == "Bea"
    assert world.target.mentions == [] or all("per_" in key and (owner.person_id or "") not in key for _, key in world.target.mentions)
    shut.clear()
    world.time.go(hours=7)
    flags.reconcile(world.deps)
    assert review.review(world.deps, world.admin, sop_id).responsible_name == "Ada"

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.domain.errors import Conflict, Invalid, NotFound
from plugin.services import audit, edit, library
from plugin.services.edit import EditClash
from tests.unit.services.world import World, a_sop, picture_bytes

PICTURES = {"images/step-03.png": picture_bytes()}


@pytest.fixture
def sop_id(world: World) -> str:
    return edit.create(world.deps, world.admin, document=a_sop(), pictures=PICTURES).sop_id


def changed(world: World, sop_id: str, **more: object) -> library.SopView:
    view = library.sop(world.deps, world.admin, sop_id)
    edit.save(world.deps, world.admin, sop_id, document=replace(view.sop, **more), etag=view.etag)  # type: ignore[arg-type]
    return library.sop(world.deps, world.admin, sop_id)


def test_an_edit_makes_a_new_revision_and_leaves_the_old_one_as_it_was(world: World, sop_id: str) -> None:
    changed(world, sop_id, purpose="The data is back and checked.")
    assert library.sop(world.deps, world.admin, sop_id, revision=1).sop.purpose == "Data is back."
    assert library.sop(world.deps, world.admin, sop_id).sop.purpose == "The data is back and checked."
    assert [(r.number, r.kind, r.note) for r in edit.revisions(world.deps, world.admin, sop_id)] == [
        (2, "minor", "Changed the purpose."),
        (1, "major", "First version."),
    ]


def test_saving_the_same_again_makes_no_revision(world: World, sop_id: str) -> None:
    view = library.sop(world.deps, world.admin, sop_id)
    saved = edit.save(world.deps, world.admin, sop_id, document=view.sop, etag=view.etag)
    assert (saved.changed, saved.revision) == (False, 1)


def test_two_people_who_change_different_fields_both_win(world: World, sop_id: str) -> None:
    mine = library.sop(world.deps, world.admin, sop_id)
    changed(world, sop_id, purpose="Theirs.")
    step = replace(mine.sop.steps[0], detail="Mine.")
    saved = edit.save(world.deps, world.admin, sop_id, document=replace(mine.sop, steps=(step, *mine.sop.steps[1:])), etag=mine.etag)
    after = library.sop(world.deps, world.admin, sop_id).sop
    assert (saved.merged, after.purpose, after.steps[0].detail) == (True, "Theirs.", "Mine.")
    assert after.steps[0].evidence is not None
    assert after.steps[0].evidence.basis == {"action": "said", "detail": "edited"}


def test_two_people_who_change_the_same_field_are_asked_and_nothing_is_lost(world: World, sop_id: str) -> None:
    mine = library.sop(world.deps, world.admin, sop_id)
    changed(world, sop_id, purpose="Theirs.")
    with pytest.raises(EditClash) as clash:
        edit.save(world.deps, world.admin, sop_id, document=replace(mine.sop, purpose="Mine."), etag=mine.etag)
    (found,) = clash.value.clashes
    assert (found.path, found.base, found.theirs, found.ours) == ("purpose", "Data is back.", "Theirs.", "Mine.")
    assert clash.value.current.sop.purpose == "Theirs."
    assert library.sop(world.deps, world.admin, sop_id).revision == 2


def test_an_unknown_starting_point_is_a_conflict(world: World, sop_id: str) -> None:
    view = library.sop(world.deps, world.admin, sop_id)
    for etag in ("r1-0000", "r9-abc", "nonsense", ""):
        with pytest.raises(Conflict):
            edit.save(world.deps, world.admin, sop_id, document=view.sop, etag=etag)


def test_a_changed_command_is_a_major_change_and_a_reworded_detail_a_minor_one(world: World, sop_id: str) -> None:
    view = library.sop(world.deps, world.admin, sop_id)
    step = view.sop.steps[1]
    dumped = replace(step, commands=(replace(step.commands[0], text="pg_dump orders"),))
    saved = edit.save(
        world.deps, world.admin, sop_id, document=replace(view.sop, steps=(view.sop.steps[0], dumped, view.sop.steps[2])), etag=view.etag
    )
    assert (saved.kind, saved.note) == ("major", "Changed commands of step 2.")
    difference = edit.difference(world.deps, world.admin, sop_id, old=1, new=2)
    assert [(c.kind, c.fields) for c in difference.steps] == [("same", ()), ("changed", ("commands",)), ("same", ())]


def test_an_old_revision_can_be_made_the_newest_one(world: World, sop_id: str) -> None:
    changed(world, sop_id, purpose="Other.")
    saved = edit.restore(world.deps, world.admin, sop_id, revision=1)
    assert (saved.revision, library.sop(world.deps, world.admin, sop_id).sop.purpose) == (3, "Data is back.")


def test_a_picture_of_another_sop_is_refused(world: World, sop_id: str) -> None:
    other = edit.create(world.deps, world.admin, document=a_sop(), pictures={"images/step-03.png": picture_bytes("red")})
    foreign = library.sop(world.deps, world.admin, other.sop_id).sop.steps[2].image
    view = library.sop(world.deps, world.admin, sop_id)
    with pytest.raises(Invalid, match="not one of this SOP"):
        edit.save(
            world.deps,
            world.admin,
            sop_id,
            document=replace(view.sop, steps=(*view.sop.steps[:2], replace(view.sop.steps[2], image=foreign))),
            etag=view.etag,
        )


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_picture_is_refused(world: World, data: bytes) -> None:
    with pytest.raises(Invalid):
        edit.create(world.deps, world.admin, document=a_sop(), pictures={"images/step-03.png": data})


def test_an_sop_of_another_workspace_is_unknown(world: World, sop_id: str) -> None:
    stranger = replace(world.admin, workspace_id="wsp_other")
    for look in (library.sop, edit.revisions, edit.proposal):
        with pytest.raises(NotFound):
            look(world.deps, stranger, sop_id)  # type: ignore[operator]
    assert library.search(world.deps, stranger).items == ()


def test_importing_the_same_document_again_updates_the_sop(world: World) -> None:
    first = edit.create(world.deps, world.admin, document=a_sop("sop_known"), pictures=PICTURES)
    again = edit.create(world.deps, world.admin, document=a_sop("sop_known", purpose="New."), pictures=PICTURES)
    assert (first.sop_id, again.sop_id, again.revision) == ("sop_known", "sop_known", 2)


def test_the_library_finds_by_words_of_steps_and_commands(world: World, sop_id: str) -> None:
    edit.create(world.deps, world.admin, document=replace(a_sop(), title="Something else", steps=(), area="ci-cd"))
    for text in ("pg_dump orders", "RESTORE", "compare counts"):
        assert [s.id for s in library.search(world.deps, world.admin, library.Query(text=text)).items] == [sop_id]
    assert library.search(world.deps, world.admin, library.Query(text="100%_")).items == ()
    assert library.counts(world.deps, world.admin).by_area == {"ci-cd": 1, "incident-response": 1}


def test_everything_that_happened_stands_in_the_log(world: World, sop_id: str) -> None:
    changed(world, sop_id, purpose="Other.")
    told = [(e.kind, e.actor_name, e.sentence) for e in audit.events(world.deps, world.admin, sop_id=sop_id).items]
    assert told[0] == ("sop.revised", "Admin", "saved revision 2: Changed the purpose.")
    assert {kind for kind, *_ in told} == {"sop.created", "sop.revised"}
    lines = list(audit.export(world.deps, world.admin))
    assert lines[0].startswith("at,who,via,kind")
    assert any("saved revision 2" in line for line in lines)

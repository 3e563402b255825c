from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.domain.revision import difference, mark_edited, merge, take, with_ids_of
from plugin.domain.sop import Command, Sop, Step

ACTIONS = (
    "Open the queue list",
    "Enter the name of the queue",
    "Run the backup",
    "Compare the row counts",
    "Restart the service",
    "Tell the support team",
    "Delete the old dump",
    "Sign in to the console",
)


def sop(*actions: str, prefix: str = "a", **more: object) -> Sop:
    steps = tuple(Step(id=f"{prefix}{n}", number=n, action=action) for n, action in enumerate(actions, 1))
    return replace(Sop(id="sop_1", revision=1, title="T", steps=steps), **more)  # type: ignore[arg-type]


def kinds(old: Sop, new: Sop) -> list[str]:
    return [c.kind for c in difference(old, new).steps]


def test_a_step_put_in_front_makes_nothing_else_changed() -> None:
    old, new = sop(*ACTIONS[:4]), sop(ACTIONS[7], *ACTIONS[:4], prefix="b")
    found = difference(old, new)
    assert kinds(old, new) == ["added", "same", "same", "same", "same"]
    assert (found.kind, found.note) == ("major", "Added step 1 (“Sign in to the console”).")


def test_a_moved_step_is_told_as_moved_and_only_that_one() -> None:
    assert kinds(sop(*ACTIONS[:5]), sop(ACTIONS[1], ACTIONS[2], ACTIONS[3], ACTIONS[0], ACTIONS[4], prefix="b")) == [
        "same",
        "same",
        "same",
        "moved",
        "same",
    ]


def test_a_removed_step_stands_where_it_was() -> None:
    found = difference(sop(*ACTIONS[:3]), sop(ACTIONS[0], ACTIONS[2], prefix="b"))
    assert [c.kind for c in found.steps] == ["same", "removed", "same"]
    assert found.note == "Removed step 2 (“Enter the name of the queue”)."


def test_a_reworded_step_of_a_new_recording_is_the_same_step() -> None:
    found = difference(sop("Run the backup of the orders database."), sop("Run a backup of the orders database.", prefix="b"))
    assert [(c.kind, c.fields) for c in found.steps] == [("changed", ("action",))]
    assert found.kind == "minor"


def test_steps_with_equal_words_are_told_apart_by_their_commands() -> None:
    old = sop("Run the command", "Run the command")
    old = replace(old, steps=tuple(replace(s, commands=(Command(text=t),)) for s, t in zip(old.steps, ("ls -l", "df -h"), strict=True)))
    new = replace(old, steps=tuple(replace(s, id=f"b{s.number}") for s in reversed(old.steps)))
    assert sorted(kinds(old, new)) == ["moved", "same"]


def test_both_sides_of_a_merge_are_kept() -> None:
    base = sop(*ACTIONS[:3], purpose="P")
    ours = replace(base, steps=(*base.steps, Step(id="new", number=4, action="Ours")))
    theirs = replace(base, purpose="Theirs", steps=base.steps[1:])
    merged = merge(base, ours, theirs)
    assert not merged.clashes
    assert merged.sop.purpose == "Theirs"
    assert [(s.number, s.action) for s in merged.sop.steps] == [(1, ACTIONS[1]), (2, ACTIONS[2]), (3, "Ours")]


def test_a_step_that_one_removed_and_the_other_changed_stays_and_is_asked_about() -> None:
    base = sop(*ACTIONS[:2])
    ours = replace(base, steps=base.steps[1:])
    theirs = replace(base, steps=(replace(base.steps[0], detail="More."), base.steps[1]))
    merged = merge(base, ours, theirs)
    assert [c.path for c in merged.clashes] == ["steps/a1"]
    assert [s.id for s in merged.sop.steps] == ["a1", "a2"]


def test_an_order_that_only_one_side_changed_is_taken_over() -> None:
    base = sop(*ACTIONS[:3])
    moved = replace(base, steps=(base.steps[2], base.steps[0], base.steps[1]))
    for ours, theirs in ((moved, base), (base, moved)):
        assert [s.id for s in merge(base, ours, theirs).sop.steps] == ["a3", "a1", "a2"]


def test_what_a_person_wrote_has_the_basis_edited() -> None:
    old = sop(*ACTIONS[:1])
    edited = mark_edited(old, replace(old, steps=(replace(old.steps[0], detail="Mine"), Step(id="x", number=2, action="New"))))
    assert [s.evidence.basis if s.evidence else None for s in edited.steps] == [{"detail": "edited"}, {"action": "edited"}]


documents = st.lists(st.sampled_from(ACTIONS), unique=True, max_size=7).map(lambda chosen: sop(*chosen))


@settings(max_examples=200, deadline=None)
@given(old=documents, new=documents)
def test_the_difference_names_every_step_once_and_taking_all_of_it_gives_the_new_document(old: Sop, new: Sop) -> None:
    new = with_ids_of(old, replace(new, steps=tuple(replace(s, id=f"n{s.number}") for s in new.steps)))
    found = difference(old, new)
    assert sorted(c.old.id for c in found.steps if c.old) == sorted(s.id for s in old.steps)
    assert [c.new.id for c in found.steps if c.new] == [s.id for s in new.steps]
    assert found.empty == ([s.action for s in old.steps] == [s.action for s in new.steps])
    taken = take(old, new, [c.id for c in (*found.steps, *found.fields)])
    assert [s.action for s in taken.steps] == [s.action for s in new.steps]


@settings(max_examples=200, deadline=None)
@given(base=documents, ours=documents, theirs=documents)
def test_a_merge_of_anything_loses_nothing_that_one_side_added(base: Sop, ours: Sop, theirs: Sop) -> None:
    ids = {action: f"id{n}" for n, action in enumerate(ACTIONS)}
    base, ours, theirs = (replace(s, steps=tuple(replace(x, id=ids[x.action]) for x in s.steps)) for s in (base, ours, theirs))
    merged = {s.id for s in merge(base, ours, theirs).sop.steps}
    b, o, t = ({s.id for s in sop.steps} for sop in (base, ours, theirs))
    assert merged == (o & t) | (o - b) | (t - b)

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.domain.alignment import align, respaced, same_words
from plugin.domain.proposal import as_recorded, kept_edits, propose
from plugin.domain.revision import difference, mark_edited, merge, take, with_ids_of
from plugin.domain.sop import Command, Input, Picture, Sop, Step

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


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        ("Click Save and continue.", "click “Save”, and then continue", False),
        ("Click Save and continue.", "Click Save, and continue", True),
        ("You should see no error.", "You should see no errors.", True),
        ("Restart the service.", "Restart a service.", True),
        ("Enter Lopez] in the field.", "Enter Lopez in the field.", True),
        ("Open pod l of 3", "Open pod 1 of 3", True),
        ("Wait 5 minutes.", "Wait 15 minutes.", False),
        ("The queue is empty.", "The queue is not empty.", False),
        ("Do not restart it.", "Do restart it.", False),
        ("Delete the first queue.", "Delete the last queue.", False),
        ("Öffne die Konsole.", "Öffne nicht die Konsole.", False),
        ("Connect to db-01.", "Connect to db-02.", False),
    ],
)
def test_two_readings_of_one_sentence_are_told_from_two_sentences(a: str, b: str, equal: bool) -> None:
    assert (same_words(a, b), same_words(b, a)) == (equal, equal)


def test_the_same_button_pressed_many_times_is_paired_in_order() -> None:
    old = sop("Click Next.", "Enter the name.", "Click Next.", "Enter the size.", "Click Next.", "Click Finish.")
    new = sop(
        "Choose a type.", "Click Next.", "Enter the name.", "Click Next.", "Enter the size.", "Click Next.", "Click Finish.", prefix="b"
    )
    assert align(old.steps, new.steps) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)]
    assert kinds(old, new) == ["added", *["same"] * 6]


def test_a_step_goes_to_its_true_partner_even_where_a_weaker_one_is_nearer() -> None:
    old = sop("Start the backup of the orders database.", "Check the space on the disk.", "Tell the support team.")
    new = sop(
        "Start the backup of the users database.", "Check the space on the disk.", "Start the backup of the orders database.", prefix="b"
    )
    assert (0, 2) in align(old.steps, new.steps)


def commanded(text: str, output: str | None = None, action: str = "List the files.") -> Sop:
    return replace(sop(action), steps=(replace(sop(action).steps[0], commands=(Command(text=text, output=output),)),))


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (commanded("ls -l", "total 12 Nov 23"), commanded("ls  -l", "total 14 Nov 24"), False),
        (commanded("ls -l", "total 12"), commanded("ls -l", "permission denied"), True),
        (commanded("ls -l"), commanded("ls -1"), True),
        (commanded("kubectl delete pod web-1"), commanded("kubectl delete pod web-2"), True),
    ],
)
def test_a_command_of_a_new_recording_is_compared_to_the_letter_and_its_answer_by_its_words(old: Sop, new: Sop, changed: bool) -> None:
    new = replace(new, steps=tuple(replace(s, id="x1") for s in new.steps))
    assert difference(old, propose(old, old, new).document).empty is not changed


def test_what_people_wrote_stays_and_is_shown_beside_what_the_recording_says() -> None:
    base = commanded("service restart web", action="Restart the web service.")
    mended = replace(
        base, steps=(replace(base.steps[0], action="Bring the site back.", commands=(Command(text="systemctl restart web"),)),)
    )
    made = replace(commanded("service restart web2", action="Restart the web service."), purpose="Back in service.")
    made = replace(made, steps=tuple(replace(s, id="n1") for s in made.steps))
    found = propose(base, mended, made)
    step = found.document.steps[0]
    assert (step.id, step.action, step.commands[0].text) == ("a1", "Bring the site back.", "systemctl restart web")
    edits = {e.field: (e.ours, e.recorded) for e in kept_edits(found.document, found.machine, found.kept)}
    assert edits["action"] == ("Bring the site back.", "Restart the web service.")
    assert [edits["commands"][side][0]["text"] for side in (0, 1)] == ["systemctl restart web", "service restart web2"]
    taken = as_recorded(found.document, found.machine, ["steps/a1/commands"])
    assert (taken.steps[0].action, taken.steps[0].commands[0].text) == ("Bring the site back.", "service restart web2")


def test_a_picture_that_a_person_covered_is_not_replaced_unasked() -> None:
    shot = Picture(path="images/1.png", time=1.0, width=10, height=10)
    base = replace(sop("Open the console."), steps=(replace(sop("Open the console.").steps[0], image=shot),))
    covered = replace(shot, path="images/2.png", redactions=((0.1, 0.1, 0.2, 0.2),))
    current = replace(base, steps=(replace(base.steps[0], image=covered),))
    made = replace(base, steps=(replace(base.steps[0], id="n1", image=replace(shot, path="images/3.png")),))
    assert propose(base, current, made).document.steps[0].image == covered
    fresh = propose(base, base, made).document.steps[0].image
    assert fresh is not None
    assert fresh.path == "images/3.png", "a picture that nobody touched is the new one"


def test_a_field_that_is_filled_otherwise_is_a_change() -> None:
    old = replace(sop("Enter the name."), steps=(replace(sop("Enter the name.").steps[0], inputs=(Input(name="Name", value="Maria"),)),))
    new = replace(old, steps=(replace(old.steps[0], id="n1", inputs=(Input(name="Name:", value="Marta"),)),))
    assert [c.fields for c in difference(old, propose(old, old, new).document).steps] == [("inputs",)]


def test_a_step_that_people_wrote_themselves_stays_where_they_put_it() -> None:
    base = sop(*ACTIONS[:3])
    current = replace(base, steps=(base.steps[0], Step(id="own", number=2, action="Ask the team lead."), *base.steps[1:]))
    made = replace(sop(*ACTIONS[:3], ACTIONS[6]), steps=tuple(replace(s, id=f"n{s.number}") for s in sop(*ACTIONS[:3], ACTIONS[6]).steps))
    assert [s.action for s in propose(base, current, made).document.steps] == [
        ACTIONS[0],
        "Ask the team lead.",
        ACTIONS[1],
        ACTIONS[2],
        ACTIONS[6],
    ]


@pytest.mark.parametrize(
    ("old", "new", "read"),
    [
        ("select count(*) from customers", "select count (*) from suppliers", "select count(*) from suppliers"),
        ("ls -lh x", "ls-la x", "ls -la x"),
        ("ls -l", "ls  -l", "ls -l"),
        ("a b", "a b c d", "a b c d"),
        ("", "x y", "x y"),
        ("x y", "", ""),
    ],
)
def test_a_changed_command_has_the_blanks_of_the_former_one_where_it_did_not_change(old: str, new: str, read: str) -> None:
    assert respaced(old, new) == read

"""What a reader sees as one step is one step."""

from __future__ import annotations

from dataclasses import replace

from plugin.pipeline.artefacts import Action, Actions, Line, Reading, Redacted, Screen
from plugin.pipeline.write.assemble import Wishes, assemble
from plugin.pipeline.write.headings import is_heading
from plugin.pipeline.write.language import cues
from plugin.pipeline.write.tidy import tidied
from tests.unit.pipeline.test_write_document import MEDIA, clicked, ran, said, typed


def test_a_click_into_a_field_and_what_is_typed_there_are_one_step() -> None:
    (step,) = tidied([replace(clicked(3, "Name"), before=4, box=(1, 2, 3, 4)), typed(5, "Name", "billing")])
    assert (step.kind, step.value, step.start_s, step.before, step.box) == ("type", "billing", 2, 4, (1, 2, 3, 4))


def test_a_field_filled_in_two_goes_holds_what_it_held_at_the_end() -> None:
    (step,) = tidied([typed(5, "Email", "maria@exa"), clicked(6.5, "Email"), typed(8, "Email", "maria@example.com")])
    assert step.value == "maria@example.com"
    assert step.end_s == 9


def test_once_hidden_a_value_stays_hidden() -> None:
    (step,) = tidied([typed(5, "Password", None), typed(7, "Password", "tulip")])
    assert step.secret
    assert step.value is None


def test_different_fields_and_repeated_commands_stay_apart() -> None:
    actions: list[Action] = [
        typed(2, "Name", "a"),
        typed(4, "Description", "b"),
        ran(8, "ls"),
        ran(10, "ls"),
        clicked(14, "Next"),
        clicked(18, "Next"),
    ]
    assert tidied(actions) == tuple(actions)


def test_headings_are_told_from_status_lines() -> None:
    assert all(is_heading(t) for t in ("Settings", "Add user", "Virtual Hosts", "Home - Grafana"))
    assert not any(
        is_heading(t) for t in ("0 items, page size up to", "1.003s ago", "Start typing to filter..", "2026-11-23 08:30", "click here to")
    )


def test_two_clicks_in_an_instant_are_the_one_that_is_known() -> None:
    unknown = replace(clicked(5, "x"), target=None, confidence=0.3)
    (step,) = tidied([unknown, clicked(5.3, "Targets")])
    assert step.target == "Targets"


def test_a_label_that_was_said_and_stood_beside_the_press_names_the_click() -> None:
    lines = (Line(box=(300, 90, 60, 20), text="Usage"), Line(box=(900, 500, 60, 20), text="Reports"))
    reading = Reading(screens=(Screen(still=0, time_s=4.0, lines=lines),))
    click = replace(clicked(5, "x"), target=None, point=(320, 100), confidence=0.3)
    for sentence, expected in (
        ("Then choose Usage.", "Click Usage."),
        ("Then choose Reports.", "Choose Reports."),
        ("And there it goes.", "Click the marked place."),
    ):
        redacted = Redacted(transcript=said((3, 4.5, sentence)), actions=Actions(actions=(click,)), reading=reading)
        sop = assemble(redacted, MEDIA, cues("en"), wishes=Wishes(), generator="test")
        assert sop.steps[0].action == expected

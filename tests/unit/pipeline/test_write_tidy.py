"""What a reader sees as one step is one step."""

from __future__ import annotations

from dataclasses import replace

from plugin.pipeline.artefacts import Action
from plugin.pipeline.write.headings import is_heading
from plugin.pipeline.write.tidy import tidied
from tests.unit.pipeline.test_write_document import clicked, ran, typed


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

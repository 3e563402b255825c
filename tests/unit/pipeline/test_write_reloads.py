"""A page that is said to be reloaded is a step, whatever the screen shows of it."""

from __future__ import annotations

import pytest

from plugin.pipeline.artefacts import Action, Reading, Screen, Sentence
from plugin.pipeline.write.clauses import clauses_of
from plugin.pipeline.write.language import cues
from plugin.pipeline.write.reloads import with_reloads
from plugin.pipeline.write.roles import classify

EN = cues("en")
READING = Reading(screens=tuple(Screen(still=i, time_s=float(i)) for i in range(30)))


def after(text: str, *actions: Action) -> list[Action]:
    told = classify(clauses_of((Sentence(text=text, start_s=10.0, end_s=13.0),), EN), EN, first_s=1.0, last_s=60.0)
    return list(with_reloads(actions, told, READING, EN))


def click(target: str | None, act_s: float = 14.0) -> Action:
    return Action(kind="click", start_s=act_s - 1, act_s=act_s, end_s=act_s + 1, target=target, role="link", before=13, after=14)


@pytest.mark.parametrize("text", ["Now reload the page in the browser.", "Refresh the dashboard.", "I click into the page and press F5."])
def test_it_is_a_key_at_the_time_of_the_words(text: str) -> None:
    (key,) = after(text)
    assert (key.kind, key.keys) == ("key", ("F5",))
    assert 10.0 <= key.act_s <= 13.0
    assert key.before is not None


def test_a_press_that_was_read_into_the_new_page_is_that_key() -> None:
    (key,) = after("Then reload the page.", click("Shop v1"))
    assert (key.kind, key.keys, key.target) == ("key", ("F5",), None)


def test_a_press_that_was_named_stays_itself() -> None:
    assert [(a.kind, a.target) for a in after("Refresh the page with the Update button.", click("Update"))] == [("click", "Update")]


@pytest.mark.parametrize("text", ["Now reload nginx.", "Reload the configuration of the service."])
def test_reloading_a_service_is_none(text: str) -> None:
    assert after(text) == []

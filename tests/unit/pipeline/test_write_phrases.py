"""Narration becomes imperative phrases, or nothing."""

from __future__ import annotations

import pytest

from plugin.pipeline.write.clauses import without_fillers
from plugin.pipeline.write.language import cues
from plugin.pipeline.write.phrases import imperative
from plugin.pipeline.write.sections import condition_of, needs, split_scope, whom

EN = cues("en")


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        ("First, I'm just going to open the settings.", "Open the settings"),
        ("Okay, so now we run the migration.", "Run the migration"),
        ("And then, um, let's restart the agent.", "Restart the agent"),
        ("Go ahead and delete the old volume.", "Delete the old volume"),
        ("What I do next is to copy the key.", "Copy the key"),
        ("You can now paste it into the field.", "Paste it into the field"),
        ("I'm replacing the certificate here.", "Replace the certificate"),
        ("We've stopped the service.", "Stop the service"),
        ("I always check the logs first.", "Check the logs"),
        ("To see the change, reload the page.", "Reload the page to see the change"),
        ("With this command I list the buckets.", "List the buckets"),
        ("On the left, choose Users.", "Choose Users"),
        ("Let's have a look at the events.", "Look at the events"),
        ("I make a copy, so that we can go back.", "Make a copy, so that you can go back"),
        ("Make sure to tick the box.", "Tick the box"),
        ("We need to scale it down.", "Scale it down"),
        ("The first thing we do is check the version.", "Check the version"),
        ("Start the server again and you're done.", "Start the server"),
        ("I then simply frobnicate the widget.", "Frobnicate the widget"),
        ("Last but not least, push our image.", "Push the image"),
    ],
)
def test_spoken_actions_become_imperatives(spoken: str, expected: str) -> None:
    assert imperative(without_fillers(spoken, EN), EN) == expected


@pytest.mark.parametrize(
    "spoken",
    [
        "The name is billing.",
        "And the password.",
        "There it is.",
        "I think so.",
        "It takes a while.",
        "Everything is fine.",
        "My keyboard is loud.",
        "Okay.",
        "",
    ],
)
def test_what_tells_nothing_to_do_becomes_nothing(spoken: str) -> None:
    assert imperative(without_fillers(spoken, EN), EN) is None


@pytest.mark.parametrize(
    ("spoken", "when", "then"),
    [
        ("If the counts differ, start again.", "the counts differ", "start again"),
        ("And if it fails then call the lead.", "it fails", "call the lead"),
        ("Restart the runner if the job is stuck.", "the job is stuck", "Restart the runner"),
        ("When we get a timeout, wait a minute.", "you get a timeout", "wait a minute"),
        ("If the second attempt fails escalate it to the lead.", "the second attempt fails escalate it to the lead", ""),
    ],
)
def test_conditions_are_taken_apart(spoken: str, when: str, then: str) -> None:
    assert condition_of(spoken, EN) == (when, then)


def test_prerequisites_are_listed_one_by_one() -> None:
    assert needs("You need a token, and the branch has to be merged.", EN) == ["A token.", "The branch has to be merged."]
    assert needs("Before you start, make sure that you have the viewer role.", EN) == ["The viewer role."]
    assert needs("You'll need a key and a certificate.", EN) == ["A key and a certificate."]


def test_scope_is_split_into_inside_and_outside() -> None:
    assert split_scope("This covers the web tier only, the database is out of scope.", EN) == (
        "This covers the web tier only",
        "the database is out of scope.",
    )


@pytest.mark.parametrize(
    ("spoken", "who"),
    [
        ("page the on-call engineer of the orders team", "on-call engineer of the orders team"),
        ("escalate it to the database lead", "database lead"),
        ("call our vendor if nothing helps", "vendor"),
    ],
)
def test_who_is_to_be_called(spoken: str, who: str) -> None:
    assert whom(spoken, EN) == who

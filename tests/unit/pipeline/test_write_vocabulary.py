"""What was heard is corrected to what was seen, and nothing else is."""

from __future__ import annotations

import pytest

from plugin.pipeline.artefacts import Action, Line, Reading, Screen, Sentence, Transcript, Word
from plugin.pipeline.write.language import cues
from plugin.pipeline.write.vocabulary import correct

EN = cues("en")


def corrected(spoken: str, *visible: str, at_s: float = 12.0, probability: float = 0.9, keys: tuple[str, ...] = ()) -> str:
    words = tuple(Word(start_s=10 + i * 0.3, end_s=10.25 + i * 0.3, text=w, probability=probability) for i, w in enumerate(spoken.split()))
    sentence = Sentence(start_s=10, end_s=words[-1].end_s, text=spoken, words=words)
    lines = tuple(Line(box=(0, 0, 10, 10), text=text, confidence=0.95) for text in visible)
    reading = Reading(screens=(Screen(still=0, time_s=at_s, lines=lines),))
    actions = (Action(kind="key", start_s=10, act_s=11, end_s=12, keys=keys),) if keys else ()
    return correct(Transcript(language="en", sentences=(sentence,)), reading, actions, EN).sentences[0].text


@pytest.mark.parametrize(
    ("spoken", "visible", "expected"),
    [
        ("Run pg underscore dump now.", "pg_dump -Fc shop", "Run pg_dump now."),
        ("We use PG dump here.", "$ pg_dump", "We use pg_dump here."),
        ("Then we reload engine X.", "nginx -s reload", "Then we reload nginx."),
        ("Check it with cube control.", "kubectl get pods", "Check it with kubectl."),
        ("Tag it as two four one.", "git tag 2.4.1", "Tag it as 2.4.1."),
        ("Tag it as 2-4-1, of course.", "git tag 2.4.1", "Tag it as 2.4.1, of course."),
        ("It lies under slash s r v already.", "cd /srv", "It lies under /srv already."),
        ("Click on instance down.", "InstanceDown (1 active)", "Click on InstanceDown."),
        ("Open the hot fix branch.", "hotfix/7", "Open the hotfix branch."),
        ("Create orders underscore restore.", "createdb orders_restore", "Create orders_restore."),
        ("Search for shop V2 here.", "root /srv/shop-v2;", "Search for shop-v2 here."),
        ("We open graphana first.", "Grafana", "We open Grafana first."),
        ("Log in to get lab.", "GitLab", "Log in to GitLab."),
    ],
)
def test_jargon_is_taken_from_the_screen(spoken: str, visible: str, expected: str) -> None:
    assert corrected(spoken, visible) == expected


def test_keys_are_written_as_keys() -> None:
    assert corrected("With control W we search.", keys=("ctrl+w",)) == "With Ctrl+W we search."


@pytest.mark.parametrize(
    ("spoken", "visible"),
    [
        ("Then check the form again.", "from table"),
        ("The alert has been firing.", "Alerts"),
        ("Now restore the dump into the new database.", "pg_restore -d orders_restore orders.dump"),
        ("I want to see the whole list.", "shellist"),
        ("We count the rows.", "mount /rows"),
        ("You should see five pods.", "pod/five-0"),
        ("So we start with that.", "strat wit hat"),
        ("There were 241 rows.", "v2.4.1"),
    ],
)
def test_plain_speech_is_left_alone(spoken: str, visible: str) -> None:
    assert corrected(spoken, visible) == spoken


def test_a_common_word_is_corrected_only_where_the_recogniser_was_in_doubt() -> None:
    assert corrected("We open the form.", "Forum (3 new)") == "We open the form."
    assert corrected("We open the form.", "Forum (3 new)", probability=0.35) == "We open the Forum."


def test_what_is_seen_at_another_time_does_not_count_unless_it_is_said_exactly() -> None:
    assert corrected("We open graffanna first.", "Grafana", at_s=300.0) == "We open graffanna first."
    assert corrected("Open the hot fix branch.", "hotfix/7", at_s=300.0) == "Open the hotfix branch."

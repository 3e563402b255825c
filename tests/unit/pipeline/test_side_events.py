"""A log of events: what is understood, what is refused, and what it does to narration and actions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugin.domain.errors import UnusableRecording
from plugin.pipeline.artefacts import Action, Click, Still, Transcript, Watched, Word
from plugin.pipeline.redact import forgotten_masks
from plugin.pipeline.sentences import sentences_of
from plugin.pipeline.side import known
from plugin.pipeline.side.beside import beside
from plugin.pipeline.side.events import Events, Mark, Press, Typed, mostly_forgotten, read_events
from plugin.pipeline.side.narration import heard_with


def log(tmp_path: Path, *lines: dict[str, Any] | str) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def words(text: str, start_s: float = 0.0) -> list[Word]:
    return [Word(start_s=start_s + i, end_s=start_s + i + 0.8, text=word) for i, word in enumerate(text.split())]


def test_points_become_fractions_and_times_are_shifted(tmp_path: Path) -> None:
    head = {"type": "recording", "version": 1, "width": 1920, "height": 1080, "offset": -0.5}
    found = read_events(log(tmp_path, head, {"type": "click", "time": 2.5, "x": 960, "y": 270, "target": " Add  queue "}))
    assert found.presses == (Press(time_s=2.0, x=0.5, y=0.25, target="Add queue"),)


def test_what_a_newer_recorder_adds_is_passed_over(tmp_path: Path) -> None:
    found = read_events(log(tmp_path, {"type": "gaze", "time": 1}, "", {"type": "mark", "time": 3, "colour": "red"}))
    assert found == Events(marks=(Mark(time_s=3.0),))


def test_a_mistake_forgets_the_last_minute_or_what_it_says(tmp_path: Path) -> None:
    lines = [{"type": "mistake", "time": 100.0}, {"type": "mistake", "time": 110.0, "from": 95.0}, {"type": "mark", "time": 80.0}]
    found = read_events(log(tmp_path, *lines, {"type": "mistake", "time": 10}, {"type": "mark", "time": 30}))
    assert found.forgotten == ((0.0, 10.0), (40.0, 110.0))
    assert [m.time_s for m in found.marks] == [30.0]


def test_a_secret_text_is_never_taken_in(tmp_path: Path) -> None:
    found = read_events(log(tmp_path, {"type": "text", "time": 1, "text": "hunter2hunter2", "secret": True, "target": "Password"}))
    assert found.typed == (Typed(time_s=1.0, end_s=1.0, text=None, target="Password", secret=True),)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
        ('{"type": "mark", "time": NaN}', "NaN"),
        ('{"type": "mark", "time": "soon"}', "time must be a number"),
        ('{"type": "mark"}', "time must be a number"),
        ('{"type": "click", "time": 1, "x": 700, "y": 3}', "width and height"),
        ('{"type": "key", "time": 1, "keys": []}', "shortcut"),
        ('{"type": "title", "time": 1}', "title is missing"),
        ('{"type": "recording", "version": 9}', "version 9"),
        ('{"type": "mistake", "time": 3, "from": 5}', "after"),
        ('{"type": "mark", "time": 1, "text": "' + "x" * 5000 + '"}', "4000"),
        ("[" * 5000 + "]" * 5000, ""),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(UnusableRecording) as error:
        read_events(log(tmp_path, {"type": "mark", "time": 1}, line))
    assert error.value.reason == "events-unreadable"
    assert "Line 2" in error.value.message_for_user
    assert why in error.value.message_for_user


def test_forgotten_words_go_and_the_rest_of_the_sentence_stays() -> None:
    transcript = Transcript(language="en", sentences=sentences_of(words("Open the wrong page then open Queues.")))
    heard = heard_with(transcript, Events(forgotten=((1.0, 4.0),)))
    assert [s.text for s in heard.sentences] == ["Open then open Queues."]


def test_a_mark_ends_the_sentence_before_it_and_its_text_is_spoken() -> None:
    transcript = Transcript(language="en", sentences=sentences_of(words("Open Queues now add a queue.")))
    heard = heard_with(transcript, Events(marks=(Mark(time_s=2.0, text="Create the queue"),)))
    assert [s.text for s in heard.sentences] == ["Open Queues", "Create the queue.", "now add a queue."]


def watched(*clicks: Click) -> Watched:
    stills = tuple(Still(time_s=float(i), until_s=i + 0.9, path=f"{i}.png") for i in range(10))
    return Watched(width=1000, height=500, duration_s=10.0, stills=stills, clicks=clicks)


def test_logged_presses_take_the_place_of_seen_ones() -> None:
    seen = Click(time_s=3.2, x=510, y=260, hover=(480, 240, 90, 40), confidence=0.4)
    found = known.pressed(watched(seen, Click(time_s=7.0, x=1, y=1)), Events(presses=(Press(time_s=3.0, x=0.5, y=0.5),)))
    assert [(c.time_s, c.x, c.y, c.hover, c.before) for c in found.clicks] == [(3.0, 500, 250, (480, 240, 90, 40), 3)]


def test_what_appears_when_a_forgotten_span_ends_is_no_press() -> None:
    found = known.pressed(watched(Click(time_s=2.0, x=5, y=5), Click(time_s=6.2, x=5, y=5)), Events(forgotten=((3.0, 6.0),)))
    assert [c.time_s for c in found.clicks] == [2.0]


def test_an_action_that_began_before_a_forgotten_span_stays() -> None:
    assert not mostly_forgotten([(5.0, 9.0)], 2.0, 6.0)
    assert mostly_forgotten([(5.0, 9.0)], 4.0, 9.0)
    assert mostly_forgotten([(5.0, 9.0)], 8.0, 20.0)


def test_frames_of_a_forgotten_span_are_covered_whole() -> None:
    assert [(m.start_s, m.end_s, m.box) for m in forgotten_masks([(5.0, 9.0)])] == [(5.0, 9.0, (0.0, 0.0, 1.0, 1.0))]


def test_side_files_are_found_by_the_name_of_the_recording(tmp_path: Path) -> None:
    for name in ("demo.mp4", "demo.events.jsonl", "demo.vtt", "other.cast", "demo.cast"):
        (tmp_path / name).touch()
    assert {k: Path(v).name for k, v in beside(tmp_path / "demo.mp4").items()} == {
        "events": "demo.events.jsonl",
        "cast": "demo.cast",
        "captions": "demo.vtt",
    }
    assert "cast" not in beside(tmp_path / "demo.cast")


def applied(events: Events, *actions: Action) -> list[Action]:
    from plugin.pipeline.artefacts import Reading
    from plugin.pipeline.stage import Context, Options

    recording = Path(__file__)  # no terminal session
    context = Context(recording=recording, folder=recording.parent, options=Options(), inputs={}, folders={}, report=lambda _: None)
    return known.told(context, actions, watched(), Reading(), events)


def test_the_log_names_the_control_and_gives_the_text() -> None:
    field = Action(kind="type", start_s=2.0, act_s=3.0, end_s=5.0, target="Nane", role="field", value="0rders", confidence=0.6)
    log_ = Events(presses=(Press(time_s=3.1, target="Name", role="field"),), typed=(Typed(time_s=3.5, end_s=4.5, text="orders"),))
    [action] = applied(log_, field)
    assert (action.kind, action.target, action.value) == ("type", "Name", "orders")
    assert action.confidence > 0.9


def test_shortcuts_become_actions_and_plain_keys_do_not(tmp_path: Path) -> None:
    keys = [("Ctrl+O", 2.0), ("Enter", 2.5), ("a", 4.0), ("Tab", 5.0), ("Enter", 6.0), ("F5", 8.0)]
    events = read_events(log(tmp_path, *({"type": "key", "time": t, "keys": k} for k, t in keys)))
    assert [a.keys for a in applied(events)] == [("Ctrl+O", "Enter"), ("F5",)]


def test_a_named_mark_without_an_action_is_a_step_and_an_unnamed_one_is_none() -> None:
    click = Action(kind="click", start_s=0.5, act_s=2.0, end_s=2.5, target="Queues")
    found = applied(Events(marks=(Mark(time_s=1.0, text="Open the list"), Mark(time_s=5.0, text="Look"), Mark(time_s=8.0))), click)
    assert [(a.kind, a.start_s) for a in found] == [("click", 1.0), ("navigate", 5.0)]

"""Each step gets the picture of its own moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plugin.domain.sop import Box
from plugin.pipeline.artefacts import Action, Cover, Rect, Still, Watched
from plugin.pipeline.write.illustrate import Illustrator, mark, moment_of
from plugin.pipeline.write.language import cues

STILLS = (
    Still(time_s=0.0, until_s=4.0, path="0.png"),
    Still(time_s=4.2, until_s=9.0, path="1.png"),
    Still(time_s=9.4, until_s=30.0, path="2.png"),
)
WATCHED = Watched(width=1000, height=500, duration_s=30, stills=STILLS)


def click(**more: object) -> Action:
    fields: dict[str, object] = {
        "kind": "click",
        "start_s": 7.0,
        "act_s": 9.2,
        "end_s": 10.0,
        "target": "Save",
        "point": (500, 250),
        "before": 1,
        "after": 2,
        **more,
    }
    return Action(**fields)  # type: ignore[arg-type]  # fields of the dataclass


def test_a_click_is_shown_just_before_the_press() -> None:
    moment = moment_of(click(), STILLS)
    assert moment is not None
    assert moment.index == 1
    assert 7.0 <= moment.time_s <= 9.2


def test_a_command_is_shown_with_its_output() -> None:
    moment = moment_of(click(kind="command", command="ls", end_s=10.5), STILLS)
    assert moment is not None
    assert (moment.index, moment.time_s) == (2, 10.5)


def test_a_still_from_another_time_is_never_taken() -> None:
    moment = moment_of(click(start_s=15.0, act_s=16.0, end_s=17.0, before=0), STILLS)
    assert moment is not None
    assert moment.index == 2
    assert 14.5 <= moment.time_s <= 18.0
    assert moment_of(click(start_s=50.0, act_s=51.0, end_s=52.0), STILLS) is None


def test_the_mark_is_the_control_or_a_small_place_around_the_press() -> None:
    assert mark(click(box=(400, 200, 100, 40)), WATCHED) == (400, 200, 100, 40)
    assert mark(click(box=(0, 0, 1000, 500)), WATCHED) == (476, 226, 48, 48)
    assert mark(click(kind="command", command="ls", box=(0, 0, 10, 10)), WATCHED) is None


def test_the_picture_of_a_step_covers_what_its_still_has_to_hide(tmp_path: Path) -> None:
    asked: list[tuple[str, str, Rect | None, list[Rect]]] = []

    @dataclass(frozen=True)
    class Made:
        path: Path
        width: int = 1000
        height: int = 500
        highlight: Box | None = (0.4, 0.4, 0.1, 0.08)
        redactions: tuple[Box, ...] = ((0.1, 0.1, 0.2, 0.05),)

    def make(still: Path, out: Path, *, highlight: Rect | None, covers: Sequence[Rect]) -> Made:
        asked.append((still.name, out.name, highlight, list(covers)))
        return Made(path=out.with_suffix(".webp"))

    covers = (Cover(still=1, box=(100, 50, 200, 25), rule="key"), Cover(still=2, box=(1, 1, 1, 1), rule="key"))
    illustrate = Illustrator(watched=WATCHED, covers=covers, source=tmp_path, target=tmp_path, make=make, cues=cues("en"))
    picture = illustrate(3, click(box=(400, 200, 100, 40), place="Settings"))
    assert asked == [("1.png", "step-03", (400, 200, 100, 40), [(100, 50, 200, 25)])]
    assert picture is not None
    assert picture.path == "images/step-03.webp"
    assert picture.redactions == ((0.1, 0.1, 0.2, 0.05),)
    assert picture.alt == "Screenshot with Save marked: Settings"

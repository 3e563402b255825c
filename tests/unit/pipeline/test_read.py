"""Reading: every line once, as it stands, in dark and light, wherever it moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plugin.pipeline.artefacts import Pointer, Reading, Still, Watched
from plugin.pipeline.engines import picture
from plugin.pipeline.engines.ocr import Recogniser
from plugin.pipeline.engines.spacing import respace
from plugin.pipeline.read import read_stills
from tests.unit.pipeline.screens import SIZE, Page, terminal

_READER = Recogniser(threads=1)


def read(*pictures: Any, pointer: tuple[Pointer, ...] = (), reader: Any = _READER) -> Reading:
    stills = tuple(Still(time_s=i * 2.0, until_s=i * 2.0 + 1.5, path=f"{i}.png") for i in range(len(pictures)))
    watched = Watched(width=SIZE[0], height=SIZE[1], duration_s=2.0 * len(pictures), stills=stills, pointer=pointer)
    return read_stills(watched, pictures, reader)


class _Counting(Recogniser):
    def __init__(self) -> None:
        super().__init__(threads=1)
        self.lines = 0

    def read(self, crops: Any) -> Any:
        self.lines += len(crops)
        return super().read(crops)


@pytest.mark.parametrize("light", [False, True])
def test_a_terminal_is_read_to_the_letter(light: bool) -> None:
    rows = ["ops@host:~$ tar -czf /tmp/a.tgz --exclude='*.log' .", "total 42", 'ops@host:~$ grep -rn "x=1" src | head -n 5']
    (screen,) = read(terminal(rows, light=light)).screens
    assert [line.text for line in screen.lines] == rows


def test_what_did_not_change_is_not_read_again() -> None:
    reader = _Counting()
    first = terminal(["$ echo one", "one"])
    second = terminal(["$ echo one", "one", "$ echo two"])
    reading = read(first, first, second, reader=reader)
    assert reader.lines == 3
    assert [line.text for line in reading.screens[2].lines] == ["$ echo one", "one", "$ echo two"]


def test_scrolled_lines_are_known_by_their_picture() -> None:
    reader = _Counting()
    read(terminal(["aaa bbb ccc", "ddd eee fff", "ggg hhh iii"]), terminal(["ddd eee fff", "ggg hhh iii", "jjj kkk lll"]), reader=reader)
    assert reader.lines == 4


def test_a_pointer_over_a_label_does_not_spoil_it() -> None:
    bare = Page().button(300, 200, "Publish").picture()
    covered = bare.copy()
    covered[206:228, 340:352] = 0
    reading = read(bare, covered, pointer=(Pointer(time_s=1.9, x=340, y=206),))
    assert "Publish" in [line.text for line in reading.screens[1].lines]


def test_a_line_that_grows_replaces_its_shorter_self() -> None:
    reading = read(terminal(["ops@host:~$"]), terminal(["ops@host:~$ whoami"]))
    assert [line.text for line in reading.screens[1].lines] == ["ops@host:~$ whoami"]


def test_words_in_fields_and_on_buttons_are_lines_of_their_own() -> None:
    page = Page().words(40, 107, "Name").field(120, 100, 240, "billing").button(400, 98, "Save")
    (screen,) = read(page.picture()).screens
    assert {"Name", "billing", "Save"} <= {line.text for line in screen.lines}


def test_an_empty_screen_and_a_noisy_one_give_no_text() -> None:
    noise = np.random.default_rng(7).integers(0, 255, (SIZE[1], SIZE[0]), dtype=np.uint8)
    assert read(np.full((SIZE[1], SIZE[0]), 30, np.uint8)).screens[0].lines == ()
    assert len(read(noise).screens[0].lines) <= 3


def test_a_lost_space_is_put_back_where_the_ink_leaves_one() -> None:
    ink = np.full((20, 100), 255, np.uint8)
    centres = tuple(float(5 + 10 * i) for i in range(10) if i != 4)
    for centre in centres:
        ink[5:15, int(centre) - 3 : int(centre) + 3] = 0
    assert respace("abcdefghi", centres, ink) == "abcd efghi"


def test_a_password_is_known_by_its_dots() -> None:
    page = Page().field(100, 100, 240).dots(110, 113, 9).field(100, 200, 240, "visible").picture()
    assert picture.dots(page, (101, 101, 238, 30))
    assert not picture.dots(page, (101, 201, 238, 30))


def test_the_outline_of_a_field_is_found_from_inside_even_through_a_text_pointer() -> None:
    page = Page().field(100, 100, 240).picture()
    page[104:128, 200:202] = 0
    found = picture.outline(page, (196, 116), widest=900, highest=90)
    assert found is not None
    assert abs(found[0] - 101) <= 2
    assert abs(found[2] - 239) <= 4

"""Drawings that stand for words are told by what they show."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from plugin.pipeline.engines import shapes

BOX, POINT = (10, 10, 32, 32), (26, 26)


def drawn(*strokes: list[tuple[int, int]], light: bool = False, weight: int = 2) -> Any:
    """``strokes`` in a square of 20, on a light ground or, as icons often are, light on a dark disc."""
    canvas = np.full((52, 52), 255, np.uint8)
    if light:
        cv2.circle(canvas, POINT, 14, 90, -1)
    for stroke in strokes:
        points = np.array([(16 + x, 16 + y) for x, y in stroke], np.int32)
        cv2.polylines(canvas, [points], False, 255 if light else 40, weight)
    return canvas


ARROW = ([(3, 10), (17, 10)], [(11, 4), (17, 10), (11, 16)])
MIRRORED = ([(17, 10), (3, 10)], [(9, 4), (3, 10), (9, 16)])


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize(("strokes", "name"), [(ARROW, "arrow_right"), (MIRRORED, "arrow_left")])
def test_an_arrow_is_told_with_its_direction(strokes: Any, name: str, light: bool) -> None:
    assert shapes.icon(drawn(*strokes, light=light), BOX, POINT) == name


@pytest.mark.parametrize(
    ("strokes", "name"),
    [
        (([(10, 2), (10, 18)], [(2, 10), (18, 10)]), "plus"),
        (([(3, 3), (17, 17)], [(3, 17), (17, 3)]), "cross"),
        (([(2, 4), (18, 4)], [(2, 10), (18, 10)], [(2, 16), (18, 16)]), "menu"),
    ],
)
def test_common_icons_are_told(strokes: Any, name: str) -> None:
    assert shapes.icon(drawn(*strokes), BOX, POINT) == name


def test_another_drawing_has_no_name() -> None:
    canvas = np.full((52, 52), 255, np.uint8)
    cv2.rectangle(canvas, (16, 18), (36, 34), 40, 2)
    cv2.circle(canvas, (22, 26), 3, 40, -1)
    assert shapes.icon(canvas, BOX, POINT) is None
    assert shapes.icon(np.full((52, 52), 255, np.uint8), BOX, POINT) is None


def field(end: list[tuple[int, int]] | None, *, filled: bool = False, words: str = "billing") -> Any:
    canvas = np.full((60, 260), 255, np.uint8)
    cv2.rectangle(canvas, (20, 16), (219, 43), 120, 1)
    cv2.putText(canvas, words, (28, 35), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 30, 1)
    if end:
        points = np.array(end, np.int32)
        if filled:
            cv2.fillPoly(canvas, [points], 60)
        else:
            cv2.polylines(canvas, [points], False, 60, 2)
    return canvas


FRAME = (21, 17, 198, 26)


@pytest.mark.parametrize("filled", [False, True])
def test_a_drop_down_list_is_known_by_its_arrow(filled: bool) -> None:
    assert shapes.drop_arrow(field([(202, 27), (207, 32), (212, 27)], filled=filled), FRAME)


def test_a_field_without_an_arrow_is_none() -> None:
    assert not shapes.drop_arrow(field(None), FRAME)
    assert not shapes.drop_arrow(field(None, words="a value that reaches the end v"), FRAME)
    assert not shapes.drop_arrow(field([(202, 32), (207, 27), (212, 32)]), FRAME)  # points up

"""Watched + Reading -> Actions: terminals, editors and controls each tell their part; time puts them in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from plugin.pipeline.act import controls, editor, followed, shell, taken_back, terminal, unpressed
from plugin.pipeline.act.geometry import around, bottom, holds, right
from plugin.pipeline.act.places import Places
from plugin.pipeline.act.rows import row_of
from plugin.pipeline.artefacts import Action, Actions, Point, Reading, Rect, Watched
from plugin.pipeline.engines import picture
from plugin.pipeline.side import known
from plugin.pipeline.stage import Context, Stage


def find_actions(watched: Watched, reading: Reading, pictures: Callable[[int], Any]) -> Actions:
    """``pictures`` gives a still's grey picture by its index."""
    histories: dict[int, shell.History] = {}
    regions: dict[int, list[Rect]] = {}
    stays: list[list[editor.Page]] = []
    left_at: list[int | None] = []
    open_editor, firm = False, False
    for screen in reading.screens:
        edge = _edge(pictures, screen.still)
        page = editor.page(screen, edge)
        if page is None and open_editor:
            page = editor.continued(stays[-1][-1], screen)
        if page is not None:
            if not open_editor:
                stays.append([])
                left_at.append(None)
                for history in histories.values():
                    history.hide(screen.still)
            stays[-1].append(page)
            open_editor = True
            regions.setdefault(screen.still, []).append(page.region)
            continue
        if open_editor:
            left_at[-1] = screen.still
            open_editor = False
        for entries in terminal.find(screen, edge, firm=firm):
            if any(entry.strong for entry in entries):
                firm = not terminal.leaves(entries)
            histories.setdefault(_key(histories, entries), shell.History()).show(screen.still, entries)
            boxes = [box for entry in entries for box in entry.boxes]
            outer = around(boxes)
            regions.setdefault(screen.still, []).append(
                (outer[0] - 8, outer[1] - 30, max(edge(boxes[-1]), right(outer)) - outer[0] + 8, watched.height)
            )
    found: list[Action] = []
    for history in histories.values():
        found += shell.actions(history, watched)
    for pages, gone in zip(stays, left_at, strict=True):
        found += editor.actions(pages, watched, gone)
    pressed = controls.actions(watched, reading, pictures, lambda still, click: _in_terminal(regions, still, (click.x, click.y)))
    found += pressed
    found += unpressed.actions(watched, reading, pictures, pressed, lambda still, point: _in_terminal(regions, still, point))
    places = Places(reading, pictures, (watched.width, watched.height))
    found += followed.actions(watched, reading, places, found)
    found.sort(key=lambda action: (action.act_s, action.start_s))
    found = [
        a if a.place or a.before is None else replace(a, place=places.at(a.before), row=row_of(a, reading.screens[a.before].lines))
        for a in found
    ]
    return Actions(actions=tuple(taken_back.mark(found)), tools=_tools(found))


def _edge(pictures: Callable[[int], Any], still: int) -> Callable[[Rect], int]:
    @lru_cache(maxsize=64)
    def edge(box: Rect) -> int:
        return picture.ground_ends(pictures(still), box, jump_px=max(24, 30 * box[3] // 10))

    return edge


def _key(histories: dict[int, shell.History], entries: list[terminal.Entry]) -> int:
    """Terminals are told apart by their left edge."""
    left = entries[0].boxes[0][0]
    return next((known for known in histories if abs(known - left) <= 12), left)


def _in_terminal(regions: dict[int, list[Rect]], still: int, point: Point) -> bool:
    return any(holds(region, point) and point[1] <= bottom(region) for region in regions.get(still, ()))


def _tools(actions: list[Action]) -> tuple[str, ...]:
    """First words of commands, in the order of their first use."""
    seen: dict[str, None] = {}
    for action in actions:
        words = (action.command or "").split()
        while words and (words[0] in ("sudo", "env", "time", "watch") or "=" in words[0]):
            words.pop(0)
        if words and words[0].replace("-", "").replace("_", "").replace(".", "").isalnum():
            seen.setdefault(words[0])
    return tuple(seen)


def run(context: Context) -> Actions:
    watched = cast(Watched, context.inputs["watch"])
    reading = cast(Reading, context.inputs["read"])
    events = known.events_of(context)
    watched = known.pressed(watched, events)
    pictures = _pictures(context.folders["watch"], watched)
    seen = find_actions(watched, reading, pictures)
    told = taken_back.mark(known.told(context, seen.actions, watched, reading, events))
    context.report(1.0)
    return Actions(actions=tuple(told), tools=_tools(told))


def _pictures(folder: Path, watched: Watched) -> Callable[[int], Any]:
    @lru_cache(maxsize=6)
    def load(still: int) -> Any:
        return picture.load_gray(folder / watched.stills[still].path)

    return load


STAGE = Stage(name="act", version=18, needs=("watch", "read"), produces=Actions, run=run, uses=("side_files",), isolated=True)

"""What side files tell about actions, put into what the pixels told: presses, shortcuts, typed texts, windows, marks, forgotten spans, commands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from plugin.pipeline.artefacts import Action, Click, Reading, Watched
from plugin.pipeline.side import session
from plugin.pipeline.side.commands import exact
from plugin.pipeline.side.events import Events, Keys, Mark, Press, Typed, mostly_forgotten, of
from plugin.pipeline.stage import Context
from plugin.pipeline.watching.clicks import neighbours

NEAR_S = 0.8
TYPED_S = 3.0
APPROACH_S = 1.5
SEQUENCE_S = 1.5
"""Shortcuts that follow each other this fast are one action."""
SURE = 0.95
_MODIFIERS = ("ctrl", "control", "alt", "meta", "cmd", "command", "super", "win", "option")
_CLOSING = ("enter", "return", "escape", "esc", "y", "n")


def events_of(context: Context) -> Events:
    """The log beside a recording, and the markers of a terminal session."""
    events = of(context.options.side_files)
    if not session.is_session(context.recording):
        return events
    marks = sorted([*events.marks, *session.marks(context.recording).marks], key=lambda m: m.time_s)
    return replace(events, marks=tuple(marks))


def pressed(watched: Watched, events: Events) -> Watched:
    """``watched`` with the presses that the log knows in place of those seen, and without any in a forgotten span."""
    points = [p for p in events.presses if p.x is not None and p.y is not None]
    if points:
        return replace(watched, clicks=tuple(_click(p, watched) for p in points))
    if not events.forgotten:
        return watched
    # What changed meanwhile appears at once when the span ends: that is no press.
    kept = tuple(c for c in watched.clicks if not any(start - 0.1 <= c.time_s <= end + 0.4 for start, end in events.forgotten))
    return replace(watched, clicks=kept)


def told(context: Context, found: Sequence[Action], watched: Watched, reading: Reading, events: Events) -> list[Action]:
    """The actions as the side files of this run know them, in order of time."""
    actions = list(found)
    own = session.is_session(context.recording)
    cast = context.recording if own else context.options.side_files.get("cast")
    if cast:
        actions = exact(actions, session.commands(Path(cast)), watched, reading, same_clock=own)
    actions = [a for a in actions if not mostly_forgotten(events.forgotten, a.act_s, a.end_s)]
    actions = _with_presses(actions, watched, events.presses)
    actions = _with_typed(actions, watched, events.typed)
    if events.keys:
        actions = [*(a for a in actions if a.kind != "key"), *_shortcuts(events.keys, watched)]
    actions.sort(key=lambda a: (a.act_s, a.start_s))
    actions = [_in_window(a, events) for a in actions]
    return _begun_at_marks(actions, watched, events)


def _click(press: Press, watched: Watched) -> Click:
    x, y = round((press.x or 0) * watched.width), round((press.y or 0) * watched.height)
    seen = [c for c in watched.clicks if abs(c.time_s - press.time_s) <= NEAR_S and abs(c.x - x) + abs(c.y - y) <= 80]
    hover = min(seen, key=lambda c: abs(c.time_s - press.time_s)).hover if seen else None
    before, after = neighbours(watched.stills, press.time_s)
    return Click(time_s=press.time_s, x=x, y=y, hover=hover, before=before, after=after, confidence=SURE)


def _with_presses(actions: list[Action], watched: Watched, presses: Sequence[Press]) -> list[Action]:
    """Named controls get the name from the log; a named one that no action tells becomes one."""
    for press in presses:
        if press.target is None:
            continue
        near = [i for i, a in enumerate(actions) if a.kind in ("click", "type", "select", "tick") and abs(a.act_s - press.time_s) <= NEAR_S]
        if near:
            i = min(near, key=lambda i: abs(actions[i].act_s - press.time_s))
            role = press.role or actions[i].role
            actions[i] = replace(actions[i], target=press.target, role=role, confidence=max(actions[i].confidence, SURE))
            continue
        before, after = neighbours(watched.stills, press.time_s)
        point = (round(press.x * watched.width), round(press.y * watched.height)) if press.x is not None and press.y is not None else None
        actions.append(
            Action(
                kind="click", start_s=max(0.0, press.time_s - APPROACH_S), act_s=press.time_s, end_s=press.time_s + 0.5, target=press.target,
                role=press.role, point=point, before=before, after=after, confidence=SURE,
            )
        )  # fmt: skip
    return actions


def _with_typed(actions: list[Action], watched: Watched, texts: Sequence[Typed]) -> list[Action]:
    for typed in texts:
        near = [i for i, a in enumerate(actions) if a.kind in ("type", "click", "select") and _meets(a, typed) and _same(a, typed)]
        value, secret = (None, True) if typed.secret else (typed.text, False)
        if near:
            i = max(near, key=lambda i: (actions[i].kind == "type", actions[i].act_s))
            target = typed.target or actions[i].target
            actions[i] = replace(
                actions[i], kind="type", value=value, secret=secret, target=target, end_s=max(actions[i].end_s, typed.end_s)
            )
        elif not any(a.kind == "command" and a.start_s - 1 <= typed.time_s <= a.end_s + 1 for a in actions):
            before, after = neighbours(watched.stills, typed.time_s)
            actions.append(
                Action(
                    kind="type", start_s=max(0.0, typed.time_s - APPROACH_S), act_s=typed.time_s, end_s=typed.end_s + 0.3,
                    target=typed.target, role="field", value=value, secret=secret, before=before, after=after, confidence=0.8,
                )
            )  # fmt: skip
    return actions


def _meets(action: Action, typed: Typed) -> bool:
    """A field's action begins with the press into it, up to TYPED_S before the first letter."""
    return action.act_s - NEAR_S <= typed.time_s <= max(action.end_s, action.act_s + TYPED_S) + NEAR_S


def _same(action: Action, typed: Typed) -> bool:
    known = typed.target is None or action.target is None or typed.target.casefold() == action.target.casefold()
    return known and (action.kind != "click" or action.role in ("field", None))


def _shortcuts(keys: Sequence[Keys], watched: Watched) -> list[Action]:
    """Shortcuts as actions. Plain letters, arrows and Tab are part of typing; Enter belongs to the shortcut just before it."""
    groups: list[list[Keys]] = []
    for key in keys:
        follows = bool(groups) and key.time_s - groups[-1][-1].time_s <= SEQUENCE_S
        plain = len(key.keys) == 1 and key.keys[0].casefold() in _CLOSING
        if (follows and plain) or (follows and _is_shortcut(key)):
            groups[-1].append(key)
        elif _is_shortcut(key):
            groups.append([key])
    return [_key_action(group, watched) for group in groups]


def _is_shortcut(key: Keys) -> bool:
    parts = [part.casefold() for text in key.keys for part in text.split("+")]
    named = any(len(p) > 1 and p[0] == "f" and p[1:].isdigit() for p in parts)
    return named or (len(parts) > 1 and any(p in _MODIFIERS for p in parts))


def _key_action(group: Sequence[Keys], watched: Watched) -> Action:
    first_s, last_s = group[0].time_s, group[-1].time_s
    before, after = neighbours(watched.stills, first_s)[0], neighbours(watched.stills, last_s)[1]
    pressed_keys = tuple("+".join(key.keys) if not any("+" in k for k in key.keys) else key.keys[0] for key in group)
    return Action(
        kind="key", start_s=first_s, act_s=first_s, end_s=last_s + 0.5, keys=pressed_keys, before=before, after=after, confidence=SURE
    )


def _in_window(action: Action, events: Events) -> Action:
    """The window's title is the place of what has none."""
    at = bisect_right(events.titles, action.act_s, key=lambda t: t.time_s) - 1
    if at < 0 or (action.place is not None and action.kind != "key"):
        return action
    return replace(action, place=events.titles[at].title)


def _begun_at_marks(actions: list[Action], watched: Watched, events: Events) -> list[Action]:
    """A mark is where the hand of its first action begins, and where the action before it ends. A named one without any action is a step of its own."""
    for i, mark in enumerate(events.marks):
        until_s = events.marks[i + 1].time_s if i + 1 < len(events.marks) else watched.duration_s + 1
        if mark.text and not any(mark.time_s <= a.act_s < until_s for a in actions):
            actions.append(_named(mark, until_s, watched))
            actions.sort(key=lambda a: (a.act_s, a.start_s))
        later = next((i for i, a in enumerate(actions) if a.act_s >= mark.time_s), None)
        if later is not None and actions[later].start_s < mark.time_s:
            actions[later] = replace(actions[later], start_s=mark.time_s)
        earlier = (later if later is not None else len(actions)) - 1
        if earlier >= 0 and actions[earlier].end_s > mark.time_s > actions[earlier].act_s:
            actions[earlier] = replace(actions[earlier], end_s=mark.time_s)
    return actions


def _named(mark: Mark, until_s: float, watched: Watched) -> Action:
    """What a mark names and nobody saw being done: its words are in the narration, where the writer finds them."""
    before, after = neighbours(watched.stills, mark.time_s)
    end_s = min(until_s - 0.01, mark.time_s + APPROACH_S)
    return Action(kind="navigate", start_s=mark.time_s, act_s=mark.time_s, end_s=end_s, before=before, after=after, confidence=0.5)

"""Actions that a later one undid: a command that failed and was run again corrected, a page that was opened and left at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from plugin.pipeline.artefacts import Action

_SOON_S = 20.0


def mark(actions: Sequence[Action]) -> list[Action]:
    """The same actions with ``taken_back`` set."""
    out = list(actions)
    for i, action in enumerate(out):
        following = out[i + 1] if i + 1 < len(out) else None
        if action.kind == "command" and following is not None and following.kind == "command":
            if _repeated(action, following):
                out[i] = replace(action, taken_back=True)
        elif action.kind == "click" and _left_again(out, i):
            out[i] = replace(action, taken_back=True)
            if i and _opens(out[i - 1], action):
                out[i - 1] = replace(out[i - 1], taken_back=True)
    return out


def _repeated(action: Action, following: Action) -> bool:
    """The first one failed, or the second one says the same in other letters; the same command again is a check, not a correction."""
    one, two = action.command or "", following.command or ""
    if not action.trouble or one == two:
        return False
    return one.split(" ")[0] == two.split(" ")[0] and SequenceMatcher(None, one, two).ratio() >= 0.75


def _left_again(actions: Sequence[Action], i: int) -> bool:
    """Menu, wrong item, the same menu, another item: the first item was a mistake."""
    if i < 1 or i + 2 >= len(actions):
        return False
    menu, wrong, again, right = actions[i - 1 : i + 3]
    return (
        menu.kind == again.kind == right.kind == "click" and menu.target is not None and menu.target == again.target
        and right.target != wrong.target and again.act_s - wrong.act_s <= _SOON_S and _same_place(menu, again)
    )  # fmt: skip


def _opens(menu: Action, item: Action) -> bool:
    return menu.kind == "click" and item.act_s - menu.act_s <= _SOON_S


def _same_place(one: Action, other: Action) -> bool:
    if one.point is None or other.point is None:
        return False
    return abs(one.point[0] - other.point[0]) <= 60 and abs(one.point[1] - other.point[1]) <= 30

"""Plain text of a block back into the field that it shows. The counterpart of what :mod:`plugin.services.compose` writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from plugin.domain.sop import Branch, Command, Escalation, Input, Role, Sop, Step, Trouble

T = TypeVar("T")

LABELS = {"location": "Where: ", "role": "Who: ", "verification": "Check: "}
OPTIONAL = "Optional: "
SECRET = "(secret, not recorded)"  # noqa: S105 - what readers see instead of a secret
CELL = "|"
BULLETS = "-*•☐☑"


def put(sop: Sop, key: str, after: str | None) -> Sop | None:
    """``sop`` with ``after`` (None: taken away) at ``key``; None where the document has no such place or cannot hold that."""
    head, _, rest = key.partition("/")
    if head == "steps":
        return _put_in_step(sop, rest, after)
    if head == "scope" and rest in ("covers", "excludes"):
        return replace(sop, scope=_with(sop.scope, rest, tuple(lines(after))))
    if head == "warnings" and rest:
        return _changed(sop, warnings=_nth(sop.warnings, rest, after))
    if rest:
        return None
    if head in ("purpose", "summary"):
        return _with(sop, head, _words(after))
    if head in ("stakeholders", "prerequisites", "tools", "rollback", "references", "findings"):
        return _with(sop, head, tuple(lines(after)))
    if head in _TABLES:
        return _changed(sop, **{head: _rows(after, _TABLES[head])})
    return None


def lines(value: str | None) -> list[str]:
    """The items of a list, one a line, without their bullets or numbers."""
    found = []
    for line in (value or "").splitlines():
        item = line.strip().lstrip(BULLETS).strip()
        number, dot, tail = item.partition(". ")
        if dot and number.isdigit():
            item = tail.strip()
        if item:
            found.append(item)
    return found


def branch(value: Branch) -> str:
    return f"If {value.when}: {value.then}"


def _put_in_step(sop: Sop, rest: str, after: str | None) -> Sop | None:
    step_id, _, path = rest.partition("/")
    at = next((at for at, step in enumerate(sop.steps) if step.id == step_id), None)
    if at is None:
        return None
    if not path and after is None:
        steps = tuple(replace(s, number=n) for n, s in enumerate((*sop.steps[:at], *sop.steps[at + 1 :]), 1))
        return replace(sop, steps=steps)
    step = _step_with(sop.steps[at], path, after)
    return None if step is None else replace(sop, steps=(*sop.steps[:at], step, *sop.steps[at + 1 :]))


def _step_with(step: Step, path: str, after: str | None) -> Step | None:
    head, _, rest = path.partition("/")
    if not head:
        words = _words((after or "").removeprefix(OPTIONAL))
        return replace(step, action=words, optional=(after or "").startswith(OPTIONAL)) if words else None
    if head == "commands":
        return _with_command(step, rest, after)
    if head == "warnings" and rest:
        return _changed(step, warnings=_nth(step.warnings, rest, after))
    if rest:
        return None
    if head in ("detail", "location", "role", "expected", "verification"):
        value = _words((after or "").removeprefix(LABELS.get(head, "").strip()).removeprefix("Expected\n"))
        return _with(step, head, value)
    if head == "inputs":
        return _changed(step, inputs=_rows(after, _input))
    if head == "troubleshooting":
        return _changed(step, troubleshooting=_rows(after, _TABLES[head]))
    if head == "branches":
        found = [_branch(line) for line in lines(after)]
        return None if None in found else replace(step, branches=tuple(b for b in found if b))
    if head == "image" and step.image is not None:
        return replace(step, image=replace(step.image, alt=_words(after) or step.image.alt) if after is not None else None)
    return None


def _with_command(step: Step, rest: str, after: str | None) -> Step | None:
    number, _, part = rest.partition("/")
    if not number.isdigit() or int(number) >= len(step.commands) or part not in ("text", "output"):
        return None
    at = int(number)
    commands: list[Command] = list(step.commands)
    if part == "text" and not (after or "").strip():
        del commands[at]
    else:
        commands[at] = _with(commands[at], part, after)
    return replace(step, commands=tuple(commands))


def _nth(values: Sequence[str], rest: str, after: str | None) -> tuple[str, ...] | None:
    if not rest.isdigit() or int(rest) >= len(values):
        return None
    changed = list(values)
    words = _words(after)
    if words is None:
        del changed[int(rest)]
    else:
        changed[int(rest)] = words
    return tuple(changed)


def _rows(value: str | None, make: Callable[[list[str]], Any]) -> tuple[Any, ...] | None:
    """One row a line, its cells apart by a bar or a tab; None where a row cannot be understood (then nothing is changed)."""
    found = []
    for line in (value or "").splitlines():
        if not line.strip():
            continue
        bar = "\t" if "\t" in line else CELL
        cells = [cell.strip() for cell in line.strip().strip(CELL).split(bar)]
        row = make(cells)
        if row is None:
            return None
        found.append(row)
    return tuple(found)


def _input(cells: list[str]) -> Input | None:
    if len(cells) != 2 or not cells[0]:
        return None
    return Input(name=cells[0], secret=True) if cells[1] == SECRET else Input(name=cells[0], value=cells[1] or None)


def _branch(line: str) -> Branch | None:
    when, colon, then = line.removeprefix("If ").partition(": ")
    return Branch(when=when, then=then) if colon and when and then else None


_TABLES: dict[str, Callable[[list[str]], Any]] = {
    "roles": lambda cells: Role(role=cells[0], does=cells[1] or None) if len(cells) == 2 and cells[0] else None,
    "troubleshooting": lambda cells: Trouble(problem=cells[0], solution=cells[1]) if len(cells) == 2 else None,
    "escalation": lambda cells: Escalation(when=cells[0], to=cells[1]) if len(cells) == 2 else None,
}


def _words(value: str | None) -> str | None:
    return (value or "").strip() or None


def _changed(whole: T, **values: Any) -> T | None:
    """None where one of the values could not be made."""
    return None if None in values.values() else cast(T, replace(cast(Any, whole), **values))


def _with(whole: T, name: str, value: Any) -> T:
    return cast(T, replace(cast(Any, whole), **{name: value}))

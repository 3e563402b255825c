"""What people hang on a block and what must not be lost when we write the block anew: comment markers and ticks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from connectors.confluence.canonical import words
from connectors.confluence.storage import Element, get, make, name, short, text_of

MARKER = "ac:inline-comment-marker"
_NOT_IN = frozenset({"ac:parameter", "ac:plain-text-body", "ac:task-id", "ac:task-status", "ac:task-uuid"})


def markers_in(element: Element) -> dict[str, str]:
    """The words that each marker stands around, by its reference."""
    found: dict[str, str] = {}
    for marker in element.iter(name(MARKER)):
        ref = get(marker, "ac:ref") or ""
        found[ref] = found.get(ref, "") + text_of(marker)
    return found


def carried(theirs: Element, ours: Element) -> tuple[Element, frozenset[str]]:
    """Ours with the markers and ticks of theirs, and the references of the markers whose words are not there any more."""
    markers, ticks = markers_in(theirs), _ticked(theirs)
    if not markers and not ticks:
        return ours, frozenset()
    made = deepcopy(ours)
    for task in made.iter(name("ac:task")):
        status = next((e for e in task if short(e) == "ac:task-status"), None)
        if status is not None and _words_of(task) in ticks:
            status.text = "complete"
    # The longest first, so that a marker inside another one finds its words still in one piece inside it.
    lost = {ref for ref, said in sorted(markers.items(), key=lambda m: -len(m[1])) if not _wrapped(made, ref, said)}
    return made, frozenset(lost)


def _wrapped(element: Element, ref: str, said: str) -> bool:
    """Puts a marker around the words, where they stand in one run of text; the first place where there are several."""
    if not said.strip():
        return False
    for holder, is_tail in _runs(element):
        text = (holder.tail if is_tail else holder.text) or ""
        at = text.find(said)
        if at < 0:
            continue
        marker = make(MARKER, said, ac_ref=ref)
        marker.tail = text[at + len(said) :]
        if is_tail:
            parent = holder.getparent()
            if parent is None:
                continue
            holder.tail = text[:at]
            parent.insert(parent.index(holder) + 1, marker)
        else:
            holder.text = text[:at]
            holder.insert(0, marker)
        return True
    return False


def _runs(element: Element) -> Iterator[tuple[Element, bool]]:
    """Each run of text that a reader sees, in reading order: the element that holds it, and whether it stands behind that element."""
    if short(element) in _NOT_IN:
        return
    yield element, False
    for child in list(element):
        yield from _runs(child)
        yield child, True


def _ticked(element: Element) -> frozenset[str]:
    return frozenset(
        _words_of(task)
        for task in element.iter(name("ac:task"))
        if any(short(e) == "ac:task-status" and (e.text or "").strip() == "complete" for e in task)
    )


def _words_of(task: Element) -> str:
    return next((words(e) for e in task if short(e) == "ac:task-body"), "")

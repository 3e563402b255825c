"""The merge of one page: what people did there against what we want, block by block. Knows no requests.

On top of :mod:`connectors.merge` it keeps what hangs on a block without being its words: comment markers and ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from connectors.confluence import sheet as sheets
from connectors.confluence.anchors import carried, markers_in
from connectors.confluence.memory import Memory
from connectors.confluence.remote import RemoteBody
from connectors.confluence.sheet import Sheet
from connectors.confluence.storage import Element, Malformed
from connectors.contract import Choice, Clash, Edit, Page, Target
from connectors.errors import Reject
from connectors.merge import OWN, Base, Merged, Piece, merge

Pieces = tuple[Piece[Element], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is wanted; does not change during a publication."""

    page: Page
    title: str
    ours: Pieces
    target: Target
    message: str
    choices: Mapping[str, Choice]

    @property
    def left_alone(self) -> frozenset[str]:
        """Blocks that we no longer have and that a person chose to keep."""
        return frozenset(k for k, choice in self.choices.items() if choice == "theirs") - {p.key for p in self.ours if p.key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``lost`` are by block key the comment markers whose words the new text no longer has; ``shown`` what readers see in each block now."""

    merged: Merged[Element]
    edits: tuple[Edit, ...]
    lost: Mapping[str, frozenset[str]]
    shown: Mapping[str | None, str]

    def discussed(self, job: Job, still_open: frozenset[str]) -> tuple[Clash, ...]:
        """Blocks whose new words leave no place for an open discussion; a person has to say that it may go."""
        want = {p.key: p.plain for p in job.ours}
        return tuple(
            Clash(key=key, base=self.shown.get(key), theirs=self.shown.get(key), ours=want.get(key))
            for key, refs in self.lost.items()
            if refs & still_open
        )


def merged(job: Job, sheet: Sheet, memory: Memory, read: Callable[[str], str] = str) -> Outcome:
    """``read`` puts names for mentioned accounts. Nothing may be written while the outcome has clashes, or discussions that lose their words."""
    pieces = _left_alone(job, _theirs(job, sheet, memory))
    theirs, ours, rows = sheets.facts_merged(memory.blocks, pieces, _agreed(memory, pieces, job.ours), read)
    result = merge([b for b in memory.blocks if b.key not in job.left_alone], theirs, ours, job.choices)
    kept, lost, pending = _with_what_people_hung_on(result.pieces, theirs, job.choices)
    wanted = {p.key: p.native for p in job.ours}
    for piece in kept:
        if piece.key in wanted:
            sheets.renumber(piece.native, wanted[piece.key])
    # A table of facts with rows of people in it goes on being compared row by row.
    mixed = {p.key for p, mine in zip(ours, job.ours, strict=True) if p.kind == sheets.FACTS and p.key and p.mark != mine.mark}
    return Outcome(
        merged=replace(result, pieces=kept, pending=result.pending | pending | mixed),
        edits=tuple(e for e in (*result.edits, *rows) if e.before or e.after),
        lost={key: refs for key, refs in lost.items() if job.choices.get(key) != "ours"},
        shown={p.key: p.plain for p in theirs},
    )


def _theirs(job: Job, sheet: Sheet, memory: Memory) -> Pieces:
    """The page's blocks with our keys. One that says exactly what a new block of ours says is that block, written by a run that died."""
    pieces = sheets.keyed(sheet, memory.blocks)
    there = {p.key for p in pieces}
    new = {p.mark: p.key for p in reversed(job.ours) if p.key not in there and p.plain}
    return tuple(replace(p, key=new.pop(p.mark)) if p.key is None and p.mark in new else p for p in pieces)


def _agreed(memory: Memory, theirs: Pieces, ours: Pieces) -> Pieces:
    """Ours, where a block that a person changed says the same words as ours by now: taken over with its form, it is no difference."""
    known = {b.key: b.marks for b in memory.blocks}
    there = {p.key: p for p in theirs if p.key in known and p.mark not in known[p.key]}
    result = []
    for piece in ours:
        other = there.get(piece.key)
        same = other is not None and other.plain == piece.plain != "" and other.kind == piece.kind and piece.kind not in sheets.EXACT
        result.append(replace(piece, mark=other.mark) if other is not None and same else piece)
    return tuple(result)


def _left_alone(job: Job, theirs: Pieces) -> Pieces:
    """Theirs, where a block that we no longer have and that a person wants to keep is that person's own from now on."""
    return tuple(replace(p, key=None) if p.key in job.left_alone else p for p in theirs)


def _with_what_people_hung_on(
    pieces: Pieces, theirs: Iterable[Piece[Element]], choices: Mapping[str, Choice]
) -> tuple[Pieces, dict[str, frozenset[str]], frozenset[str]]:
    """The pieces with comment markers and ticks of the blocks that they replace; what stands there unchanged stays the very element.

    And by key the markers that find no place any more, and the keys where a person chose to keep the old words for their sake.
    """
    there = {p.key: p for p in theirs if p.key is not None}
    result: list[Piece[Element]] = []
    lost: dict[str, frozenset[str]] = {}
    chosen: set[str] = set()
    for piece in pieces:
        before = there.pop(piece.key, None) if piece.key is not None else None
        if before is None or piece.key is None or piece.native is before.native:
            result.append(piece)
            continue
        if piece.key.startswith(OWN) and piece.mark == before.mark:
            result.append(before)
            continue
        native, refs = carried(before.native, piece.native)
        if refs and choices.get(piece.key) == "theirs":
            result.append(before)
            chosen.add(piece.key)
            continue
        result.append(replace(piece, native=native))
        if refs:
            lost[piece.key] = refs
    for key, before in there.items():
        if key is not None and (refs := frozenset(markers_in(before.native))):
            lost[key] = refs
    return tuple(result), lost, frozenset(chosen)


def changed(merged: Merged[Element], sheet: Sheet, ours: Pieces) -> list[int]:
    """The numbers of the steps that look different from before."""
    before = {p.mark for p in sheet.pieces}
    touched = {p.key.split("/")[1] for p in merged.pieces if p.key and p.key.startswith("steps/") and p.mark not in before}
    return [number for step, number in sheets.step_numbers(ours).items() if step in touched]


def sheet_of(body: RemoteBody) -> Sheet:
    try:
        return sheets.read(body.body or "")
    except Malformed as error:
        raise Reject(
            "The page cannot be read: its content is not well-formed.",
            path="body",
            reason="not well-formed",
            connector="confluence",
            operation="read",
            remote_id=body.id,
        ) from error


def keys_again(after: RemoteBody, sent: Pieces) -> Pieces:
    """The page as it was given back, with the keys of what was sent: block by block where the number is the same."""
    pieces = sheet_of(after).pieces
    if len(pieces) == len(sent):
        return tuple(replace(p, key=s.key) for p, s in zip(pieces, sent, strict=True))
    base = [Base(key=p.key, marks=frozenset({p.mark}), here=p.mark, plain=p.plain, there=p.plain, kind=p.kind) for p in sent]
    return sheets.keyed_pieces(pieces, base)

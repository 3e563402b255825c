"""Three-way merge of a page by its blocks: what we published, what stands there now, what we want to publish. Pure; no target.

The base is always *our own* content of the last publication, not the merged page: a person's edit therefore stays a difference until
the SOP has taken it over, and a later change of ours to the same block is a clash instead of a silent overwrite.

==================== ==================== =================================
theirs               ours                 result
==================== ==================== =================================
unchanged            unchanged            theirs (keeps comment anchors)
unchanged            changed              ours
changed              unchanged            theirs, reported as an edit
changed              the same change      theirs
changed              changed otherwise    clash, or as a person chose
a person's own block (none)               stays behind its neighbour
==================== ==================== =================================

Removing a block counts as a change of it. Keys that begin with :data:`OWN` are furniture of ours (a review notice): never merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Generic, TypeVar

from connectors.contract import Choice, Clash, Edit

T = TypeVar("T")

OWN = "sopwright:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece(Generic[T]):
    """One block in the native form of a target.

    ``key`` is None for a block that a person added. Two pieces with the same ``mark`` show the same content, whatever the target made of
    its form. ``plain`` is what a reader reads; ``kind`` what it is (only alike kinds are taken for versions of one block).
    """

    key: str | None
    mark: str
    plain: str
    kind: str
    native: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What we know of one block since the last publication.

    ``marks`` are the forms of *our* content: as we sent it and as the target gave it back. ``here`` is the mark of what then stood on the
    page, which is another one where a person's edit was kept; ``plain`` is our text, ``there`` the page's.
    """

    key: str | None
    marks: frozenset[str]
    here: str
    plain: str
    there: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Generic[T]):
    """``pieces`` in reading order (nothing may be written while there are ``clashes``); ``pending`` are the keys where a person's
    content stands on the page instead of ours."""

    pieces: tuple[Piece[T], ...]
    edits: tuple[Edit, ...]
    clashes: tuple[Clash, ...]
    pending: frozenset[str]


def merge(
    base: Sequence[Base],
    theirs: Sequence[Piece[T]],
    ours: Sequence[Piece[T]],
    choices: Mapping[str, Choice] | None = None,
) -> Merged[T]:
    """See the module. ``theirs`` carries keys already (from markers or from :func:`align`); a key that stands twice counts once."""
    theirs = _once(theirs)
    known = {b.key: b for b in base if b.key is not None}
    here = {p.key: p for p in theirs if p.key is not None}
    want = {p.key: p for p in ours if p.key is not None}
    kept: dict[str, Piece[T]] = {}
    edits: list[Edit] = []
    clashes: list[Clash] = []
    for key in dict.fromkeys([*want, *here, *known]):
        _decide(key, known.get(key), here.get(key), want.get(key), (choices or {}).get(key), kept, edits, clashes)
    edits += _additions(base, theirs)
    order = _order(list(known), list(here), list(want), kept)
    return Merged(
        pieces=_with_own_blocks([kept[k] for k in order], theirs),
        edits=tuple(edits),
        clashes=tuple(clashes),
        pending=frozenset(k for k in want if k not in kept or (kept[k] is here.get(k) and _differs(kept[k], want[k], known.get(k)))),
    )


def _decide(
    key: str,
    base: Base | None,
    theirs: Piece[T] | None,
    ours: Piece[T] | None,
    choice: Choice | None,
    kept: dict[str, Piece[T]],
    edits: list[Edit],
    clashes: list[Clash],
) -> None:
    """Puts the winner into ``kept``, or nothing where the block goes away."""
    marks = base.marks if base else frozenset()
    they_changed = (theirs is not None and theirs.mark not in marks) or (theirs is None and base is not None)
    we_changed = (ours is not None and ours.mark not in marks) or (ours is None and base is not None)
    same = (theirs and theirs.mark) == (ours and ours.mark)
    winner = ours
    if key.startswith(OWN):
        pass
    elif same or not (they_changed or we_changed):
        winner = theirs
    elif they_changed and we_changed:
        if choice is None:
            clashes.append(Clash(key=key, base=_plain(base), theirs=_plain(theirs), ours=_plain(ours)))
        winner = theirs if choice == "theirs" else ours
    elif they_changed:
        edits.append(Edit(key=key, before=_plain(base), after=_plain(theirs)))
        winner = theirs
    if winner is not None:
        kept[key] = winner


def _differs(theirs: Piece[T], ours: Piece[T], base: Base | None) -> bool:
    """Whether a person's content is kept; a block that the target merely wrote in its own form is ours."""
    return theirs.mark != ours.mark and not (base and theirs.mark in base.marks)


def _plain(piece: Piece[T] | Base | None) -> str | None:
    return None if piece is None else piece.plain


def _once(pieces: Sequence[Piece[T]]) -> list[Piece[T]]:
    """A copy that a person made of one of our blocks is a block of that person."""
    seen: set[str] = set()
    result = []
    for piece in pieces:
        if piece.key is not None and piece.key in seen:
            result.append(replace(piece, key=None))
            continue
        if piece.key is not None:
            seen.add(piece.key)
        result.append(piece)
    return result


def _additions(base: Sequence[Base], theirs: Sequence[Piece[T]]) -> list[Edit]:
    """People's own blocks that were not there at the last publication, named by the block before them."""
    known = {b.here for b in base if b.key is None}
    edits, before = [], ""
    for piece in theirs:
        if piece.key is not None:
            before = piece.key
        elif piece.mark not in known:
            edits.append(Edit(key=f"after:{before}", before=None, after=piece.plain))
    return edits


def _order(base: list[str], theirs: list[str], ours: list[str], kept: Mapping[str, Piece[T]]) -> list[str]:
    """Our order, or theirs where only they moved blocks about; blocks that one side lacks follow their neighbour of the other side."""
    common = set(base) & set(theirs) & set(ours)
    then, now, wanted = ([k for k in side if k in common] for side in (base, theirs, ours))
    lead, rest = (theirs, ours) if now != then and wanted == then else (ours, theirs)
    order = [k for k in lead if k in kept]
    return _interleave(order, [k for k in rest if k in kept])


def _interleave(order: list[str], other: list[str]) -> list[str]:
    present = set(order)
    before: str | None = None
    for key in other:
        if key not in present:
            order.insert(0 if before is None else order.index(before) + 1, key)
            present.add(key)
        before = key
    return order


def _with_own_blocks(pieces: list[Piece[T]], theirs: Sequence[Piece[T]]) -> tuple[Piece[T], ...]:
    """Puts people's own blocks behind the nearest block before them that is still there."""
    places = {piece.key: index for index, piece in enumerate(pieces)}
    behind: dict[int, list[Piece[T]]] = {}
    place = -1
    for piece in theirs:
        if piece.key is None:
            behind.setdefault(place, []).append(piece)
        else:
            place = places.get(piece.key, place)
    result = list(behind.get(-1, ()))
    for index, piece in enumerate(pieces):
        result += [piece, *behind.get(index, ())]
    return tuple(result)


def rebase(page: Sequence[Piece[T]], ours: Sequence[Piece[T]], pending: frozenset[str]) -> list[Base]:
    """The base for the next merge: ``page`` is what stands at the target now, ``pending`` as in :class:`Merged`.

    A block of ours that a person removed stays in the base without a place on the page, so that it is not put back.
    """
    want = {p.key: p for p in ours if p.key is not None}
    result = []
    for piece in page:
        mine = want.pop(piece.key, None) if piece.key is not None else None
        marks = {mine.mark} if mine else set()
        if mine is None or piece.key not in pending:
            marks.add(piece.mark)
        plain = mine.plain if mine else piece.plain
        result.append(Base(key=piece.key, marks=frozenset(marks), here=piece.mark, plain=plain, there=piece.plain, kind=piece.kind))
    for key, piece in want.items():
        result.append(Base(key=key, marks=frozenset({piece.mark}), here="", plain=piece.plain, there="", kind=piece.kind))
    return result


def to_json(base: Sequence[Base]) -> list[dict[str, object]]:
    """What equals another field is left out: this is kept for every page."""
    rows = []
    for b in base:
        row: dict[str, object] = {"key": b.key, "here": b.here, "plain": b.plain, "kind": b.kind}
        if b.marks != {b.here}:
            row["marks"] = sorted(b.marks)
        if b.there != b.plain:
            row["there"] = b.there
        rows.append(row)
    return rows


def from_json(rows: object) -> list[Base]:
    """The inverse; what is no base (an older form, a broken store) gives an empty one, with which nothing is overwritten."""
    if not isinstance(rows, list):
        return []
    result = []
    for row in rows:
        try:
            here, plain = str(row["here"]), str(row["plain"])
            key = None if row["key"] is None else str(row["key"])
            marks = frozenset(str(m) for m in row.get("marks", [here]))
            result.append(Base(key=key, marks=marks, here=here, plain=plain, there=str(row.get("there", plain)), kind=str(row["kind"])))
        except (KeyError, TypeError, AttributeError):
            return []
    return result


def align(base: Sequence[Base], theirs: Sequence[Piece[T]]) -> list[Piece[T]]:
    """Gives the blocks of a page without markers their keys, by comparing with what stood there after the last publication.

    Equal blocks first, in order; then, between two of them, blocks of a kind by likeness of their text; at last equal blocks that were
    moved elsewhere. What is left is a person's own.
    """
    base = [b for b in base if b.here]
    keys: list[str | None] = [None] * len(theirs)
    matched_base: set[int] = set()
    matched_here: set[int] = set()

    def pair(i: int, j: int) -> None:
        keys[j] = base[i].key
        matched_base.add(i)
        matched_here.add(j)

    matcher = SequenceMatcher(None, [b.here for b in base], [p.mark for p in theirs], autojunk=False)
    gaps = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                pair(i, j)
        elif tag == "replace":
            gaps.append((range(i1, i2), range(j1, j2)))
    elsewhere = {base[i].here: i for i in range(len(base)) if i not in matched_base}
    for j, piece in enumerate(theirs):
        if j not in matched_here and piece.mark in elsewhere:
            pair(elsewhere.pop(piece.mark), j)
    for before, now in gaps:
        old, new = [i for i in before if i not in matched_base], [j for j in now if j not in matched_here]
        for i, j in _alike([base[i] for i in old], [theirs[j] for j in new]):
            pair(old[i], new[j])
    return [replace(piece, key=key) for piece, key in zip(theirs, keys, strict=True)]


def _alike(base: Sequence[Base], theirs: Sequence[Piece[T]]) -> Iterable[tuple[int, int]]:
    """The pairs, in order, with the greatest sum of likeness (a longest common subsequence with weights)."""
    rows, columns = len(base), len(theirs)
    score = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    gain = [[_likeness(b, p) for p in theirs] for b in base]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            paired = gain[i][j] + score[i + 1][j + 1] if gain[i][j] else 0.0
            score[i][j] = max(paired, score[i + 1][j], score[i][j + 1])
    i = j = 0
    while i < rows and j < columns:
        if gain[i][j] and score[i][j] == gain[i][j] + score[i + 1][j + 1]:
            yield i, j
            i, j = i + 1, j + 1
        elif score[i][j] == score[i + 1][j]:
            i += 1
        else:
            j += 1


def _likeness(base: Base, piece: Piece[T]) -> float:
    """0 for different kinds; a rewritten block of the same kind in the same gap still counts a little."""
    if base.kind != piece.kind:
        return 0.0
    return 0.05 + SequenceMatcher(None, base.there[:400], piece.plain[:400], autojunk=False).ratio()

"""A page's body as pieces to merge, and back. Layout columns that people (or the editor) put around the blocks stay. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from connectors.confluence.canonical import kind_of, mark_of, plain_of
from connectors.confluence.render import ANCHOR, FLAG, MARKER, placeholder
from connectors.confluence.storage import Element, macro_name, make, parameter, parse, short, write
from connectors.contract import Edit
from connectors.merge import Base, Merged, Piece, align, merge

_NUMBER = re.compile(r"^\s*(\d+)([.)])(\s+)")
_LAYOUT = frozenset({"ac:layout", "ac:layout-section"})
FACTS = "details"
COUNTED = "Version"  # the row whose value is ours alone
EXACT = frozenset({"ac:image", "code", FACTS})  # say more than their words
_UNFINISHED = mark_of(placeholder("")[0])


@dataclass(frozen=True, slots=True)
class Sheet:
    """``root`` is the parsed body; the natives of ``pieces`` stand in it."""

    root: Element
    pieces: tuple[Piece[Element], ...]


def read(body: str) -> Sheet:
    """Raises Malformed. Only our own furniture has keys yet. The notice of a publication that was interrupted is left out."""
    root = parse(body)
    pieces = (_piece(element) for cell in _cells(root) for element in _blocks(cell))
    return Sheet(root, tuple(p for p in pieces if p.mark != _UNFINISHED))


def keyed(sheet: Sheet, base: Sequence[Base]) -> tuple[Piece[Element], ...]:
    """The pieces with the keys of our blocks."""
    return keyed_pieces(sheet.pieces, base)


def keyed_pieces(pieces: Sequence[Piece[Element]], base: Sequence[Base]) -> tuple[Piece[Element], ...]:
    others = [p for p in pieces if p.key is None]
    named = iter(align([b for b in base if b.key not in (FLAG, MARKER)], others))
    return tuple(p if p.key is not None else next(named) for p in pieces)


def marker(sheet: Sheet) -> str | None:
    """The key of the SOP that the page says it shows."""
    for piece in sheet.pieces:
        if piece.key == MARKER:
            return _anchor(piece.native).removeprefix(ANCHOR) or None
    return None


def body(sheet: Sheet, pieces: Sequence[Piece[Element]]) -> str:
    """The pieces as a body, in the columns of ``sheet`` where it has some; new ones stand in the column of the piece before them."""
    cells = _cells(sheet.root)
    if len(cells) == 1 and cells[0] is sheet.root:
        return write([piece.native for piece in pieces])
    root = deepcopy(sheet.root)
    copies = _cells(root)
    for copy in copies:
        for child in list(copy):
            if copy is not root or short(child) != "ac:layout":
                copy.remove(child)
    place = {id(cell): number for number, cell in enumerate(cells)}
    at = 0 if not len(copies[0]) or copies[0] is not root else 1
    for piece in pieces:
        parent = piece.native.getparent()
        at = place.get(id(parent), at) if parent is not None else at
        copies[at].append(deepcopy(piece.native))
    return write(list(root))


def renumber(theirs: Element, ours: Element) -> None:
    """Gives a step's heading that stays on the page the number of our heading; its words and comment anchors stay."""
    wanted = _NUMBER.match(ours.text or "")
    holder = next((e for e in theirs.iter() if (e.text or "").strip()), None)
    if wanted is None or holder is None:
        return
    present = _NUMBER.match(holder.text or "")
    if present and present.group(1) != wanted.group(1):
        holder.text = f"{wanted.group(1)}{present.group(2)}{present.group(3)}{(holder.text or '')[present.end() :]}"


def step_numbers(pieces: Sequence[Piece[Element]]) -> dict[str, int]:
    """The number of each step by its id, as its heading says it."""
    found: dict[str, int] = {}
    for piece in pieces:
        number = _NUMBER.match(piece.native.text or "")
        if piece.key and piece.key.count("/") == 1 and piece.key.startswith("steps/") and number:
            found[piece.key.removeprefix("steps/")] = int(number.group(1))
    return found


def facts_merged(
    base: Sequence[Base], theirs: Sequence[Piece[Element]], ours: Sequence[Piece[Element]], read: Callable[[str], str]
) -> tuple[list[Piece[Element]], list[Piece[Element]], list[Edit]]:
    """Merges the page properties row by row, before the blocks: a row of a colleague and our new version number are no clash.

    ``read`` puts names for mentioned accounts. Returns theirs (the table taken for unchanged) and ours (the table with both sides' rows), and the colleague's rows.
    """
    mine = next((p for p in ours if p.kind == FACTS), None)
    known = next((b for b in base if mine and b.key == mine.key), None)
    there = next((p for p in theirs if mine and p.key == mine.key), None)
    if mine is None or known is None or there is None or there.mark in known.marks or there.kind != FACTS:
        return list(theirs), list(ours), []
    old = [_row_base(line) for line in known.plain.splitlines()]
    rows: Merged[Element] = merge(old, _rows(there.native, read), _rows(mine.native, read), {COUNTED: "ours"})
    table = deepcopy(mine.native)
    holder = next(e for e in table.iter() if short(e) == "tr").getparent()
    if holder is None or rows.clashes:
        return list(theirs), list(ours), []
    for child in list(holder):
        holder.remove(child)
    for row in rows.pieces:
        holder.append(deepcopy(row.native))
    both = Piece(key=mine.key, mark=mark_of(table), plain=mine.plain, kind=FACTS, native=table)
    unchanged = replace(there, mark=next(iter(known.marks)))
    edits = [Edit(key=f"{mine.key}/{e.key}", before=e.before, after=e.after) for e in rows.edits]
    new_theirs = [unchanged if p is there else p for p in theirs]
    if both.mark == there.mark:
        return [replace(p, mark=both.mark) if p is unchanged else p for p in new_theirs], [both if p is mine else p for p in ours], edits
    return new_theirs, [both if p is mine else p for p in ours], edits


def by_row(edit: Edit) -> tuple[Edit, ...]:
    """An edit of the page properties as one of each row that differs, as :func:`facts_merged` tells them."""
    then, now = (
        {line.partition("\t")[0]: line for line in (side or "").splitlines() if "\t" in line} for side in (edit.before, edit.after)
    )
    names = dict.fromkeys([*now, *then])
    return tuple(
        Edit(key=f"{edit.key}/{name}", before=then.get(name), after=now.get(name)) for name in names if then.get(name) != now.get(name)
    )


def _rows(table: Element, read: Callable[[str], str]) -> list[Piece[Element]]:
    found: list[Piece[Element]] = []
    for row in table.iter():
        if short(row) == "tr":
            line = read(plain_of(make("table", deepcopy(row))))
            name = line.partition("\t")[0]
            key = name if name and all(p.key != name for p in found) else None
            found.append(Piece(key=key, mark=line.casefold(), plain=line, kind="tr", native=row))
    return found


def _row_base(line: str) -> Base:
    mark = line.casefold()
    return Base(key=line.partition("\t")[0], marks=frozenset({mark}), here=mark, plain=line, there=line, kind="tr")


def _cells(root: Element) -> list[Element]:
    """What holds blocks, in reading order: the page itself, or the cells of its layouts as well."""
    cells = [e for e in root.iter() if short(e) == "ac:layout-cell"]
    return [root, *cells] if cells and any(short(e) not in _LAYOUT for e in root) else cells or [root]


def _blocks(cell: Element) -> list[Element]:
    """The blocks of a cell; loose text between them becomes a paragraph."""
    for index, text in ((0, cell.text), *((cell.index(child) + 1, child.tail) for child in list(cell))):
        if text and text.strip():
            cell.insert(index, make("p", text))
    cell.text = None
    for child in cell:
        child.tail = None
    return [child for child in cell if short(child) not in _LAYOUT and short(child)]


def _piece(element: Element) -> Piece[Element]:
    label = _anchor(element)
    key = None
    if label.startswith(ANCHOR):
        key = FLAG if label == f"{ANCHOR}review" else MARKER
    return Piece(key=key, mark=mark_of(element), plain="" if key else plain_of(element), kind=kind_of(element), native=element)


def _anchor(element: Element) -> str:
    return next((parameter(e, "") for e in element.iter() if macro_name(e) == "anchor" and parameter(e, "").startswith(ANCHOR)), "")

"""Which row of a table a control stands in, where the same control stands in several: "Export in the report_ro row"."""

from __future__ import annotations

from collections.abc import Sequence

from plugin.pipeline.act.geometry import centre, right, same_row
from plugin.pipeline.act.naming import clean
from plugin.pipeline.artefacts import Action, Line

_COLUMN_PX = 24
_LEAST_ROWS = 2
_LEAST_CELLS = 3
_PITCH_PX, _ALIGNED_PX, _LEAST_ALIGNED = 70, 6, 2
_GAP = 14
"""Heights of a line between two cells, at most: beyond that a menu at the side begins."""


def row_of(action: Action, lines: Sequence[Line]) -> str | None:
    """The first words of the row, or None where the control stands alone. An icon is taken for one of a column of them."""
    if action.kind not in ("click", "tick") or action.box is None:
        return None
    row = sorted((o for o in lines if same_row(o.box, action.box) and len(clean(o.text)) >= 2), key=lambda o: o.box[0])
    if len(row) < _LEAST_CELLS or not _in_a_table(row, lines):
        return None
    if action.target is not None:
        x, _ = centre(action.box)
        column = [o for o in lines if clean(o.text) == action.target and abs(centre(o.box)[0] - x) <= _COLUMN_PX]
        if len(column) < _LEAST_ROWS:
            return None
    first = _beginning(row, centre(action.box)[0])
    name = clean(first.text) if first is not None else None
    return name if name != action.target else None


def _in_a_table(row: Sequence[Line], lines: Sequence[Line]) -> bool:
    """Whether the row above or below has cells that begin at the same places: a bar of buttons has no such neighbour."""
    y = row[0].box[1]
    beside = [o.box[0] for o in lines if 10 < abs(o.box[1] - y) <= _PITCH_PX]
    return sum(any(abs(x - o.box[0]) <= _ALIGNED_PX for x in beside) for o in row) >= _LEAST_ALIGNED


def _beginning(row: Sequence[Line], at: int) -> Line | None:
    """The first of the cells that follow each other closely up to, or, for a control that begins the row, after the point."""
    before = [o for o in row if right(o.box) <= at]
    if not before:
        after = [o for o in row if o.box[0] > at]
        return after[0] if after else None
    first = before[-1]
    for line in reversed(before[:-1]):
        if first.box[0] - right(line.box) > _GAP * first.box[3]:
            break
        first = line
    return first

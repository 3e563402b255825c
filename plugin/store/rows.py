"""Reading rows of one workspace; the words for "unknown" and "somebody else's" are the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from plugin.domain.errors import Invalid, NotFound
from plugin.store.tables import Base

Row = TypeVar("Row", bound=Base)


def get(session: Session, table: type[Row], workspace_id: str, row_id: str | None, *, lock: bool = False) -> Row:
    """Raises NotFound. ``lock``: nobody else changes it before the transaction ends."""
    columns: Any = table
    query = select(table).where(columns.id == row_id, columns.workspace_id == workspace_id)
    row: Row | None = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no {table.__name__.lower()} with this id.")
    return row


def cursor_of(*values: Any) -> str:
    """A place in a list that is sorted by those values; the last one is the id."""
    return "~".join(v.isoformat() if hasattr(v, "isoformat") else str(v) for v in values)


def before(cursor: str | None, when: Any, row_id: Any) -> list[ColumnElement[bool]]:
    """Conditions for what comes after ``cursor`` in a list sorted by time and id, both falling. Raises Invalid."""
    if cursor is None:
        return []
    moment, bar, last_id = cursor.rpartition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if not bar or at is None or at.tzinfo is None:
        raise Invalid("cursor", "This is not a cursor that we gave.")
    return [or_(when < at, (when == at) & (row_id < last_id))]

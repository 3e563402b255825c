"""Reading rows of one workspace; the words for "unknown" and "somebody else's" are the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from plugin.domain.errors import Invalid, NotFound
from plugin.store.tables import Base, Person

Row = TypeVar("Row", bound=Base)


def get(session: Session, table: type[Row], workspace_id: str, row_id: str | None, *, lock: bool = False) -> Row:
    """Raises NotFound. ``lock``: nobody else changes it before the transaction ends."""
    columns: Any = table
    query = select(table).where(columns.id == row_id, columns.workspace_id == workspace_id)
    row: Row | None = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no {table.__name__.lower()} with this id.")
    return row


def people(session: Session, workspace_id: str, **given: str | None) -> None:
    """Raises Invalid, naming the field, where one of the ids is not that of a person of this workspace."""
    for field, person_id in given.items():
        person = session.get(Person, person_id) if person_id else None
        if person_id and (person is None or person.workspace_id != workspace_id):
            raise Invalid(field, "This must be a person of this workspace.")


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

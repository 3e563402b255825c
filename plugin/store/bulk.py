"""Many rows in one statement. On SQLite the driver binds them itself; PostgreSQL takes one JSON parameter apart, one round trip instead of a thousand.

Values are given in their plain form (see :func:`plain`), so that what many rows share is made plain once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, cast, func, literal, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from plugin.store.base import Base


def plain(session: Session, value: Any) -> Any:
    """The form in which a value is stored: instants and dates as text, on SQLite also JSON (as SQLAlchemy keeps them there)."""
    sqlite = _sqlite(session)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if sqlite else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return json.dumps(value) if sqlite else value
    return value


def insert_new(session: Session, table: type[Base], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Inserts ``rows`` of plain values for the columns ``names``; those that break a unique key are left out silently."""
    if not rows:
        return
    columns, target = ", ".join(names), table.__tablename__
    if _sqlite(session):
        marks = ", ".join("?" * len(names))
        query = f"INSERT INTO {target} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - columns of our own tables
        session.connection().exec_driver_sql(query, [tuple(row) for row in rows])
        return
    source = f"SELECT {columns} FROM json_populate_recordset(NULL::{target}, :rows)"  # noqa: S608 - as above
    given = json.dumps([dict(zip(names, row, strict=True)) for row in rows])
    session.connection().execute(text(f"INSERT INTO {target} ({columns}) {source} ON CONFLICT DO NOTHING"), {"rows": given})


def among(session: Session, attribute: InstrumentedAttribute[str], values: Sequence[str]) -> ColumnElement[bool]:
    """``attribute`` is one of ``values``, as one parameter however many they are."""
    given = json.dumps(list(values))
    if _sqlite(session):
        parts = func.json_each(given).table_valued("value")
        return attribute.in_(select(parts.c.value))
    elements = func.json_array_elements_text(cast(literal(given, Text), JSON)).column_valued("element")
    return attribute.in_(select(elements))


def _sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"

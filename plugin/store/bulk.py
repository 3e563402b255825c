"""Many rows in one statement with one parameter: the database takes a JSON list apart.

Ten times less work on our side than binding every value, and on PostgreSQL one round trip instead of a thousand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from plugin.store.base import Base


def insert_new(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts ``rows`` (which all have the same columns); those that break a unique key are left out silently."""
    if not rows:
        return
    names, sqlite = list(rows[0]), session.get_bind().dialect.name == "sqlite"
    columns, target = ", ".join(names), table.__tablename__
    if sqlite:
        # Without WHERE the parser takes ON for a part of the join.
        values = ", ".join(f"value ->> '{name}'" for name in names)
        source = f"SELECT {values} FROM json_each(:rows) WHERE true"  # noqa: S608 - columns of our own tables
    else:
        source = f"SELECT {columns} FROM json_populate_recordset(NULL::{target}, :rows)"  # noqa: S608 - as above
    query = text(f"INSERT INTO {target} ({columns}) {source} ON CONFLICT DO NOTHING")
    session.connection().execute(query, {"rows": json.dumps(rows, default=_for_sqlite if sqlite else _plain)})


def _for_sqlite(value: Any) -> str:
    """The forms in which SQLAlchemy keeps instants and dates in SQLite."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else _plain(value)


def _plain(value: Any) -> str:
    if not isinstance(value, date):
        raise TypeError(type(value).__name__)
    return value.isoformat()

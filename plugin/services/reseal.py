"""Brings every stored credential under the newest key of the vault, so that an old key can be taken away. May be killed and run again at any time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Update, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from plugin.services.deps import Deps
from plugin.store import tables
from plugin.store.jobs import rowcount
from plugin.vault import Unreadable

log = structlog.get_logger()

AT_ONCE = 200
PLACES: tuple[tuple[tuple[InstrumentedAttribute[str], ...], InstrumentedAttribute[str | None]], ...] = (
    ((tables.Connection.id,), tables.Connection.secrets_sealed),
    ((tables.Person.id,), tables.Person.chat_sealed),
    ((tables.External.kind, tables.External.external_id), tables.External.secret_sealed),
)
"""Where sealed values are kept: the columns that name a row, and the one that holds the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """``unreadable`` are sealed under a key that is not among the present ones; they were left as they are."""

    done: int
    unreadable: int


def reseal(deps: Deps) -> Resealed:
    """All of them. A value that somebody changes meanwhile is under the newest key anyhow and is left alone."""
    done = unreadable = 0
    for names, sealed in PLACES:
        last: tuple[Any, ...] | None = None
        while True:
            with deps.database.begin() as session:
                query = select(*names, sealed).where(sealed.is_not(None))
                if last is not None:
                    query = query.where(tuple_(*names) > last)
                rows = session.execute(query.order_by(*names).limit(AT_ONCE)).all()
            for *key, old in rows:
                try:
                    new = deps.vault.reseal(old)
                except Unreadable:
                    unreadable += 1
                    log.warning("sealed_value_unreadable", table=sealed.class_.__tablename__, key="/".join(key))
                    continue
                here = [name == part for name, part in zip(names, key, strict=True)]
                query_one = update(sealed.class_).where(*here, sealed == old).values({sealed.key: new})
                done += deps.database.run(partial(_write, query=query_one))
            if len(rows) < AT_ONCE:
                break
            last = tuple(rows[-1][:-1])
    log.info("resealed", done=done, unreadable=unreadable)
    return Resealed(done=done, unreadable=unreadable)


def _write(session: Session, *, query: Update) -> int:
    return rowcount(session, query.execution_options(synchronize_session=False))

"""The database: an engine for SQLite (WAL) or PostgreSQL and the one way to open a transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import DateTime, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

T = TypeVar("T")

BUSY_TIMEOUT_S = 15
ATTEMPTS = 5
_SERIALISATION = {"40001", "40P01"}


class Database:
    """Shared by all threads of a process. Close it at the end of the process."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        reading = {"reading": True} if self.sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._readers = sessionmaker(self.engine.execution_options(**reading), expire_on_commit=False)

    @property
    def sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back when it raises."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Only for reading, and cheaper than a transaction. On PostgreSQL every statement sees what is committed by then; on SQLite the block has one
        view, and waits for nobody who writes.
        """
        with self._readers() as session:
            yield session

    def run(self, work: Callable[[Session], T]) -> T:
        """``work`` in one transaction, again from the start where the database asks for it (busy, deadlock). ``work`` must only touch the session."""
        for attempt in range(ATTEMPTS):
            try:
                with self.begin() as session:
                    return work(session)
            except DBAPIError as error:
                if attempt == ATTEMPTS - 1 or not _again(error):
                    raise
                time.sleep(0.02 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        self.engine.dispose()


def shared_now(session: Session, here: datetime) -> datetime:
    """The database's clock, which all machines share; a file's database has none but this machine's (``here``)."""
    if session.get_bind().dialect.name == "sqlite":
        return here
    return session.scalars(select(func.clock_timestamp(type_=DateTime(timezone=True)))).one()


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})

    # The driver's own transaction handling begins late (at the first write), which makes two readers that want to write fail at once.
    # Beginning as a writer makes the second one wait instead.
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE")

    return engine


def _again(error: DBAPIError) -> bool:
    if isinstance(error, OperationalError) and "locked" in str(error.orig):
        return True
    return getattr(error.orig, "sqlstate", None) in _SERIALISATION

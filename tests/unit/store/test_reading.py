"""Reading without a transaction, and connections that went away while nobody used them."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select, text

from plugin.store import session as store
from plugin.store.session import Database
from plugin.store.tables import Lease
from tests.databases import KINDS, database_url


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_waits_for_nobody_who_writes_and_sees_what_was_committed(kind: str) -> None:
    with database_url(kind) as url:
        database = Database(url)
        with database.begin() as writer:
            writer.execute(text("DELETE FROM leases"))
            began = time.monotonic()
            with database.read() as reader:
                assert reader.scalars(select(Lease)).all() == []
            assert time.monotonic() - began < store.BUSY_TIMEOUT_S / 3
        database.close()


@pytest.mark.services
def test_a_connection_that_the_server_ended_while_it_rested_is_replaced() -> None:
    with database_url("postgresql") as url:
        database = Database(url)
        with database.read() as session:
            mine = session.scalar(text("SELECT pg_backend_pid()"))
        other = Database(url)
        with other.read() as session:
            session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        for use in (database.read, database.begin):
            with use() as session:
                assert session.scalar(text("SELECT 1")) == 1
        database.close()
        other.close()

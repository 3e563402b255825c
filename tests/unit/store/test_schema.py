from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from plugin.store import leases, migrate
from plugin.store.search import is_own
from plugin.store.session import Database
from plugin.store.tables import Base, Lease
from tests.databases import KINDS, database_url

SHARED = {"attempts", "leases", "workspaces"}
"""Tables that belong to the installation, not to a tenant."""


@pytest.mark.parametrize("kind", KINDS)
def test_the_migrations_make_exactly_the_tables_of_the_code(kind: str) -> None:
    with database_url(kind) as url:
        database = Database(url)
        with database.engine.begin() as connection:
            options = {"compare_type": True, "include_name": lambda name, _kind, _parents: not is_own(name)}
            assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []
        assert migrate.behind(database) is False
        migrate.upgrade(database)  # again: nothing happens
        database.close()


def test_every_table_of_a_tenant_says_whose_row_it_is() -> None:
    assert {t.name for t in Base.metadata.sorted_tables if "workspace_id" not in t.columns} == SHARED


@pytest.mark.parametrize("kind", KINDS)
def test_instants_come_back_as_utc_whatever_zone_they_were_given_in(kind: str) -> None:
    given = datetime(2027, 3, 28, 3, 0, tzinfo=timezone(timedelta(hours=2)))
    with database_url(kind) as url:
        database = Database(url)
        with database.begin() as session:
            session.add(Lease(name="x", holder="y", until=given))
        with database.begin() as session:
            until = session.query(Lease).one().until
        database.close()
    assert (until, until.tzinfo) == (given, UTC)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lease_has_one_holder_until_it_lets_go(kind: str) -> None:
    now, lasts = datetime(2027, 1, 1, tzinfo=UTC), timedelta(seconds=90)
    with database_url(kind) as url:
        database = Database(url)

        def hold(holder: str, at: datetime) -> bool:
            with database.begin() as session:
                return leases.hold(session, "s", holder, now=at, lasts=lasts)

        assert [hold("a", now), hold("b", now), hold("a", now + lasts / 2), hold("b", now + lasts)] == [True, False, True, False]
        with database.begin() as session:
            leases.let_go(session, "s", "a", now=now)
        assert hold("b", now + timedelta(seconds=1)) is True
        database.close()


def test_writers_on_sqlite_wait_for_each_other_instead_of_failing(tmp_path: Path) -> None:
    with database_url("sqlite") as url:
        database = Database(url)
        with database.begin() as session:
            session.add(Lease(name="count", holder="0", until=datetime(2027, 1, 1, tzinfo=UTC)))

        def count() -> None:
            for _ in range(20):
                with database.begin() as session:
                    row = session.query(Lease).one()
                    row.holder = str(int(row.holder) + 1)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.begin() as session:
            assert session.query(Lease).one().holder == "80"
        database.close()

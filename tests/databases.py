"""Empty databases for tests: SQLite always, PostgreSQL where it is reachable; made from the migrations, dropped afterwards."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from plugin.store import migrate
from plugin.store.session import Database
from plugin.store.tables import Base

SERVER = os.environ.get("SOPWRIGHT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
KINDS = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.services),
]


@contextmanager
def database_url(kind: str) -> Iterator[str]:
    """The address of an empty database with the present schema."""
    with _sqlite() if kind == "sqlite" else _postgresql() as url:
        yield url


@cache
def _template() -> Path:
    """A migrated SQLite file: copying it takes a millisecond."""
    path = Path(tempfile.mkdtemp(prefix="sopwright-test-")) / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()  # the last one to close folds the write-ahead log into the file
    return path


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="sopwright-test-") as folder:
        path = Path(folder) / "test.db"
        shutil.copyfile(_template(), path)
        yield f"sqlite:///{path}"


@contextmanager
def _postgresql() -> Iterator[str]:
    """One database per test process, emptied for every test (making one takes a second)."""
    if not _reachable():
        pytest.skip("no PostgreSQL at SOPWRIGHT_TEST_POSTGRES")
    if not _made:
        _make_postgresql()
    url = f"{SERVER}/{_made[0]}"
    with psycopg.connect(url, autocommit=True) as connection:
        names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
        connection.execute(f"TRUNCATE {names} CASCADE")  # type: ignore[arg-type]  # names of our own tables
    yield url.replace("postgresql://", "postgresql+psycopg://")


_made: list[str] = []


def _make_postgresql() -> None:
    name = f"sopwright_test_{uuid4().hex[:16]}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]  # a name of our own making
    _made.append(name)
    atexit.register(_drop_postgresql)
    database = Database(f"{SERVER.replace('postgresql://', 'postgresql+psycopg://')}/{name}")
    migrate.upgrade(database)
    database.close()


def _drop_postgresql() -> None:
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{_made.pop()}" WITH (FORCE)')  # type: ignore[arg-type]  # as above


@cache
def _reachable() -> bool:
    host, _, port = SERVER.rsplit("@", 1)[-1].partition(":")
    try:
        with socket.create_connection((host, int(port or 5432)), timeout=2):
            return True
    except OSError:
        return False

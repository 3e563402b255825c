"""Empty databases for tests: SQLite always, PostgreSQL where it is reachable; made from the migrations, dropped afterwards."""

from __future__ import annotations

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
    if not _reachable():
        pytest.skip("no PostgreSQL at SOPWRIGHT_TEST_POSTGRES")
    name = f"sopwright_test_{uuid4().hex[:16]}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{_postgresql_template()}"')  # type: ignore[arg-type]
    try:
        yield f"{SERVER.replace('postgresql://', 'postgresql+psycopg://')}/{name}"
    finally:
        with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]


@cache
def _postgresql_template() -> str:
    name = f"sopwright_template_{uuid4().hex[:12]}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
    database = Database(f"{SERVER.replace('postgresql://', 'postgresql+psycopg://')}/{name}")
    migrate.upgrade(database)
    database.close()
    _templates.append(name)
    return name


_templates: list[str] = []


def drop_templates() -> None:
    """At the end of a test run."""
    for name in _templates:
        with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type]
    _templates.clear()


@cache
def _reachable() -> bool:
    host, _, port = SERVER.rsplit("@", 1)[-1].partition(":")
    try:
        with socket.create_connection((host, int(port or 5432)), timeout=2):
            return True
    except OSError:
        return False

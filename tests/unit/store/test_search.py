"""Searching the library as people type: beginnings of words, commands with their signs, and nothing that is syntax."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, update

from plugin.store.search import matching
from plugin.store.session import Database
from plugin.store.tables import Sop, SopWords, Workspace
from tests.databases import KINDS, database_url

NOW = datetime(2027, 1, 1, tzinfo=UTC)
WORDS = {
    "dump": "restore the orders database pg_dump -fc orders -f orders.dump",
    "queue": "create a queue in rabbitmq añadir cola straße --durable=true",
    "host": "connect to web-01.example.com with ssh and read /etc/nginx/nginx.conf",
}


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    with database_url(request.param) as url:
        opened = Database(url)
        with opened.begin() as session:
            session.add(Workspace(id="w", name="W", slug="w", settings={}, created_at=NOW))
            session.flush()
            for key, words in WORDS.items():
                session.add(
                    Sop(
                        id=key,
                        workspace_id="w",
                        title=key,
                        status="draft",
                        revision=1,
                        origin="import",
                        created_at=NOW,
                        updated_at=NOW,
                    )
                )
                session.flush()
                session.add(SopWords(sop_id=key, workspace_id="w", words=words))
        yield opened
        opened.close()


def found(database: Database, text: str) -> set[str]:
    with database.begin() as session:
        return set(session.scalars(select(Sop.id).where(*matching(text, sqlite=database.sqlite))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orders", {"dump"}),
        ("Datab ORD", {"dump"}),
        ("pg_dump", {"dump"}),
        ("orders.dump", {"dump"}),
        ("queue orders", set()),
        ("web-01.example.com", {"host"}),
        ("durable=true", {"queue"}),
        ("", {"dump", "queue", "host"}),
        ("-- ; ()", {"dump", "queue", "host"}),
        ('"unclosed', set()),
        ("orders OR queue", set()),
        ("ord* NEAR(", set()),
        ("'; drop table sops; --", set()),
        ("\x00null", set()),
    ],
)
def test_every_word_must_be_there_from_its_beginning(database: Database, text: str, expected: set[str]) -> None:
    assert found(database, text) == expected


def test_what_changes_and_what_goes_is_searched_as_it_is_now(database: Database) -> None:
    with database.begin() as session:
        session.execute(update(SopWords).where(SopWords.sop_id == "dump").values(words="rotate the certificates"))
        session.execute(delete(Sop).where(Sop.id == "queue"))
    assert found(database, "orders") == set()
    assert found(database, "certific") == {"dump"}
    assert found(database, "rabbitmq") == set()

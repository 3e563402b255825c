"""Migrations on databases that are in use: what is in them stays, in both directions."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import select, text

from plugin.store import migrate
from plugin.store.search import matching
from plugin.store.session import Database
from plugin.store.tables import Sop
from tests.databases import KINDS, database_url

NOW = "2027-01-01 08:00:00+00:00"


def moved(database: Database, revision: str, *, down: bool = False) -> None:
    config = migrate._config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)


def found(database: Database, word: str) -> list[str]:
    with database.begin() as session:
        return list(session.scalars(select(Sop.id).where(*matching(word, sqlite=database.sqlite)).order_by(Sop.id)))


@pytest.mark.parametrize("kind", KINDS)
def test_sops_are_still_found_after_their_words_have_moved(kind: str) -> None:
    with database_url(kind) as url:
        database = Database(url)
        try:
            moved(database, "0003", down=True)
            with database.begin() as session:
                session.execute(
                    text(f"INSERT INTO workspaces (id, name, slug, settings, created_at) VALUES ('w', 'W', 'w', '{{}}', '{NOW}')")
                )
                for sop_id, words in (("dump", "pg_dump of the orders database"), ("queue", "añadir cola"), ("bare", "")):
                    session.execute(
                        text(
                            "INSERT INTO sops (id, workspace_id, title, status, revision, steps, words, origin, policy, criticality, review_state, in_review, "
                            f"created_at, updated_at) VALUES (:id, 'w', 'A title', 'draft', 1, 0, :words, 'import', '{{}}', 'normal', 'current', false, '{NOW}', '{NOW}')"
                        ),
                        {"id": sop_id, "words": words},
                    )
            moved(database, "head")
            assert (found(database, "orders"), found(database, "anadir" if kind == "sqlite" else "añadir")) == (["dump"], ["queue"])
            moved(database, "0003", down=True)
            with database.begin() as session:
                assert session.scalar(text("SELECT words FROM sops WHERE id = 'queue'")) == "añadir cola"
                session.execute(text("UPDATE sops SET words = 'rotate certificates' WHERE id = 'bare'"))
            migrate.upgrade(database)
            assert (found(database, "certific"), found(database, "dump")) == (["bare"], ["dump"])
            with database.begin() as session:
                session.execute(text("DELETE FROM sops WHERE id = 'dump'"))
            assert found(database, "dump") == []
        finally:
            migrate.upgrade(database)  # on PostgreSQL other tests use this database as well
            database.close()

"""Brings a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from plugin.store.session import Database

FOLDER = Path(__file__).with_name("migrations")
_LOCK = 0x5059_5752  # any number; the same in every role, so that two of them do not migrate at once


def upgrade(database: Database) -> None:
    """Applies what is missing, in one transaction where the database can do that. Safe to call from several roles at once."""
    with database.engine.begin() as connection:
        _lock(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def behind(database: Database) -> bool:
    """True where migrations of this version have not been applied yet."""
    with database.engine.begin() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present != ScriptDirectory.from_config(_config()).get_current_head()


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config

"""Words for the search in a table of their own; fewer indexes on what the nightly sweep writes

The sweep writes a new version of every row of ``sops`` that it finds due. As long as the words and the text-search vector stood in that row, each
version was put into the text-search index again, and on SQLite the words were written again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _sqlite_triggers(table: str, key: str) -> tuple[str, ...]:
    """What keeps the virtual table like the column ``words`` of ``table``."""
    put = f"INSERT INTO sop_search (sop_id, words) VALUES (new.{key}, new.words);"  # noqa: S608 - names of our own
    drop = f"DELETE FROM sop_search WHERE sop_id = old.{key};"  # noqa: S608 - as above
    return (
        f"CREATE TRIGGER sop_search_new AFTER INSERT ON {table} BEGIN {put} END",
        f"CREATE TRIGGER sop_search_gone AFTER DELETE ON {table} BEGIN {drop} END",
        f"CREATE TRIGGER sop_search_changed AFTER UPDATE OF words ON {table} WHEN new.words IS NOT old.words BEGIN {drop} {put} END",
    )


def _vector(table: str) -> tuple[str, str]:
    """Kept in the row, since making it anew for each row that has to be looked at is what would take the time."""
    return (
        f"ALTER TABLE {table} ADD COLUMN sop_search tsvector GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED",
        f"CREATE INDEX ix_sop_search ON {table} USING gin (sop_search)",
    )


def _run(*statements: str) -> None:
    for statement in statements:
        op.execute(statement)


_OFF = tuple(f"DROP TRIGGER {name}" for name in ("sop_search_new", "sop_search_gone", "sop_search_changed"))
_APART = (
    "INSERT INTO sop_words (sop_id, workspace_id, words) SELECT id, workspace_id, words FROM sops",
    "ALTER TABLE sops DROP COLUMN words",
)
_BACK = (
    "ALTER TABLE sops ADD COLUMN words TEXT NOT NULL DEFAULT ''",
    "UPDATE sops SET words = coalesce((SELECT w.words FROM sop_words w WHERE w.sop_id = sops.id), '')",
    "DROP TABLE sop_words",
)


def upgrade() -> None:
    op.create_table(
        "sop_words",
        sa.Column("sop_id", sa.String(length=255), nullable=False),
        sa.Column("workspace_id", sa.String(length=255), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sop_id"], ["sops.id"], name=op.f("fk_sop_words_sop_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_sop_words_workspace_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sop_id", name=op.f("pk_sop_words")),
    )
    op.create_index(op.f("ix_sop_words_workspace_id"), "sop_words", ["workspace_id"])
    if op.get_bind().dialect.name == "sqlite":
        _run(*_OFF, *_APART, *_sqlite_triggers("sop_words", "sop_id"))
    else:
        _run("ALTER TABLE sops DROP COLUMN sop_search", *_APART, *_vector("sop_words"))
    # What an index of the workspace alone is good for, the listing's index is too; it begins with the workspace.
    op.drop_index("ix_sops_workspace_id", table_name="sops")
    op.drop_index("ix_events_workspace_id", table_name="events")
    op.drop_index("ix_notices_workspace_id", table_name="notices")
    op.drop_index("ix_notices_message_id", table_name="notices")
    told = sa.text("message_id IS NOT NULL")
    op.create_index("ix_notices_message_id", "notices", ["message_id"], sqlite_where=told, postgresql_where=told)


def downgrade() -> None:
    op.drop_index("ix_notices_message_id", table_name="notices")
    op.create_index("ix_notices_message_id", "notices", ["message_id"])
    for table in ("notices", "events", "sops"):
        op.create_index(f"ix_{table}_workspace_id", table, ["workspace_id"])
    if op.get_bind().dialect.name == "sqlite":
        _run(*_OFF, *_BACK, *_sqlite_triggers("sops", "id"))
    else:
        _run(*_BACK, *_vector("sops"))

"""Full-text search over SOPs; an index for the counts of the library"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The table holds its own copy of the words: the hidden row numbers of ``sops`` may change when a database is compacted.
_SQLITE = (
    "CREATE VIRTUAL TABLE sop_search USING fts5(sop_id UNINDEXED, words, tokenize = 'unicode61 remove_diacritics 2')",
    "INSERT INTO sop_search (sop_id, words) SELECT id, words FROM sops",
    "CREATE TRIGGER sop_search_new AFTER INSERT ON sops BEGIN INSERT INTO sop_search (sop_id, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER sop_search_gone AFTER DELETE ON sops BEGIN DELETE FROM sop_search WHERE sop_id = old.id; END",
    (
        "CREATE TRIGGER sop_search_changed AFTER UPDATE OF words ON sops WHEN new.words IS NOT old.words "
        "BEGIN DELETE FROM sop_search WHERE sop_id = old.id; INSERT INTO sop_search (sop_id, words) VALUES (new.id, new.words); END"
    ),
)


def upgrade() -> None:
    op.create_index("ix_sops_counts", "sops", ["workspace_id", "status", "review_state", "area"])
    if op.get_bind().dialect.name == "sqlite":
        for statement in _SQLITE:
            op.execute(statement)
    else:
        # Kept in the row, since making it anew for each row that has to be looked at is what would take the time.
        op.execute("ALTER TABLE sops ADD COLUMN sop_search tsvector GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED")
        op.execute("CREATE INDEX ix_sop_search ON sops USING gin (sop_search)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("sop_search_new", "sop_search_gone", "sop_search_changed"):
            op.execute(f"DROP TRIGGER {trigger}")
        op.execute("DROP TABLE sop_search")
    else:
        op.execute("ALTER TABLE sops DROP COLUMN sop_search")
    op.drop_index("ix_sops_counts", table_name="sops")

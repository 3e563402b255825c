"""Alembic's entry; the connection comes from plugin.store.migrate."""

from __future__ import annotations

from alembic import context

from plugin.store.search import is_own
from plugin.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    include_name=lambda name, _kind, _parents: not is_own(name),
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()

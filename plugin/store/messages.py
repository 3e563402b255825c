"""Tables of what goes out to people and comes in from other systems; see plugin.store.tables for the rest."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from plugin.store.base import Base, workspace_column


class Notice(Base):
    """Something that a person has to be told about an SOP. The unique key is what makes it "once", whoever runs the sweep."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("sop_id", "due", "kind", "channel", "recipient_id"),
        Index("ix_notices_waiting", "not_before", sqlite_where=text("message_id IS NULL"), postgresql_where=text("message_id IS NULL")),
        Index(
            "ix_notices_message_id",
            "message_id",
            sqlite_where=text("message_id IS NOT NULL"),
            postgresql_where=text("message_id IS NOT NULL"),
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column(index=False)  # a night writes a hundred thousand of them, nothing reads them by workspace
    sop_id: Mapped[str] = mapped_column(ForeignKey("sops.id", ondelete="CASCADE"))
    due: Mapped[date]
    kind: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    recipient_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    not_before: Mapped[datetime]
    message_id: Mapped[str | None]
    created_at: Mapped[datetime]


class Outgoing(Base):
    """The outbox: one message to one person through one channel. ``key`` makes it unique (``digest/<person>/<channel>/<local day>`` ...)."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_runnable", "state", "not_before"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(16))
    recipient_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Idempotency(Base):
    __tablename__ = "idempotency"
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(index=True)


class External(Base):
    """What other systems call us by; see plugin.services.inbound."""

    __tablename__ = "external_links"
    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secret_sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class Seen(Base):
    """Events of other systems that have been taken in."""

    __tablename__ = "seen_events"
    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    created_at: Mapped[datetime] = mapped_column(index=True)


class Lease(Base):
    """Who may run something of which there must be one in the whole installation (the scheduler)."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]

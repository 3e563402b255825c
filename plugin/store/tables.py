"""The tables. ``workspace_id`` stands in every one that belongs to a tenant; nothing is read without it, except by the worker and the scheduler.

Instants are aware UTC (SQLite keeps them as such through :class:`Instant`); civil dates are dates. JSON columns hold plain JSON only.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from plugin.store.base import Base, Instant, workspace_column
from plugin.store.messages import External, Idempotency, Lease, Notice, Outgoing, Seen

__all__ = ["Base", "External", "Idempotency", "Instant", "Lease", "Notice", "Outgoing", "Seen"]


class Workspace(Base):
    __tablename__ = "workspaces"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class Person(Base):
    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("workspace_id", "email"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    email: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None]
    time_zone: Mapped[str] = mapped_column(default="UTC")
    working_days: Mapped[str] = mapped_column(String(7), default="12345")
    digest_hour: Mapped[int] = mapped_column(default=9)
    manager_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    mail: Mapped[bool] = mapped_column(default=True)
    mail_broken: Mapped[bool] = mapped_column(default=False)
    chat_sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class Token(Base):
    """Sessions, API tokens and tickets: only a hash of the secret. ``scopes``: words divided by blanks; None: all that the person may do."""

    __tablename__ = "tokens"
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class Identity(Base):
    """Which account at an OpenID Connect provider is which person; ``subject`` is the provider's own name for it, which never changes."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "person_id"),)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class Attempt(Base):
    """Failed sign-ins, for slowing down guesses."""

    __tablename__ = "attempts"
    email: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime]


class Recording(Base):
    __tablename__ = "recordings"
    __table_args__ = (UniqueConstraint("workspace_id", "sha256"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    sha256: Mapped[str] = mapped_column(String(64))
    filename: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    blob: Mapped[str]
    side_files: Mapped[dict[str, Any]] = mapped_column(default=dict)
    uploaded_by: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class Job(Base):
    """``attempt`` is the fencing token; ``deaths`` counts workers that went silent with it; ``changed`` grows with every change."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_runnable", "state", "priority", "created_at"), Index("ix_jobs_lease", "state", "lease_until"))
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int] = mapped_column(default=0)
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    recording_id: Mapped[str | None] = mapped_column(ForeignKey("recordings.id", ondelete="SET NULL"), index=True)
    sop_id: Mapped[str | None] = mapped_column(index=True)
    publication_id: Mapped[str | None] = mapped_column(index=True)
    proposal_id: Mapped[str | None]
    stage: Mapped[str | None] = mapped_column(String(32))
    stages: Mapped[dict[str, Any]] = mapped_column(default=dict)
    steps: Mapped[list[Any]] = mapped_column(default=list)
    fraction: Mapped[float] = mapped_column(default=0.0)
    seconds_left: Mapped[float | None]
    notices: Mapped[list[Any]] = mapped_column(default=list)
    attempt: Mapped[int] = mapped_column(default=0)
    deaths: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    cancel: Mapped[bool] = mapped_column(default=False)
    error_reason: Mapped[str | None]
    error_message: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    changed: Mapped[int] = mapped_column(default=0)


class Sop(Base):
    """``next_review_at`` is when the review sweep has to look next; ``due`` the civil due date; ``reminded_for`` the due date told already."""

    __tablename__ = "sops"
    __table_args__ = (
        Index("ix_sops_listing", "workspace_id", "updated_at", "id"),
        Index("ix_sops_next_review_at", "next_review_at"),
        Index("ix_sops_counts", "workspace_id", "status", "review_state", "area"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column(index=False)  # the listing's index begins with it
    title: Mapped[str] = mapped_column(Text)
    area: Mapped[str | None]
    status: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int]
    published_revision: Mapped[int | None]
    steps: Mapped[int] = mapped_column(default=0)
    origin: Mapped[str] = mapped_column(String(16))
    recording_id: Mapped[str | None] = mapped_column(ForeignKey("recordings.id", ondelete="SET NULL"))
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"), index=True)
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    criticality: Mapped[str] = mapped_column(String(16), default="normal")
    review_state: Mapped[str] = mapped_column(String(16), default="current")
    due: Mapped[date | None]
    snoozed_until: Mapped[date | None]
    in_review: Mapped[bool] = mapped_column(default=False)
    reminded_for: Mapped[date | None]
    reminded_on: Mapped[date | None]
    escalated_for: Mapped[date | None]
    next_review_at: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SopWords(Base):
    """What an SOP is found by (:mod:`plugin.store.search`). Apart from its row, which every review sweep writes anew."""

    __tablename__ = "sop_words"
    sop_id: Mapped[str] = mapped_column(ForeignKey("sops.id", ondelete="CASCADE"), primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    words: Mapped[str] = mapped_column(Text)


class Revision(Base):
    """Never updated. ``base`` is the machine-made revision number that a re-recording is merged against."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("sop_id", "number"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    sop_id: Mapped[str] = mapped_column(ForeignKey("sops.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    document: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    author_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    recording_id: Mapped[str | None]
    created_at: Mapped[datetime]


class Proposal(Base):
    """A re-recording. ``machine`` is what the recording gave (steps aligned), ``document`` that merged with people's edits."""

    __tablename__ = "proposals"
    __table_args__ = (UniqueConstraint("sop_id", "job_id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    sop_id: Mapped[str] = mapped_column(ForeignKey("sops.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    base_revision: Mapped[int]
    machine: Mapped[dict[str, Any]]
    document: Mapped[dict[str, Any]]
    kept: Mapped[list[Any]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(Text)
    recording_id: Mapped[str | None]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class Picture(Base):
    __tablename__ = "pictures"
    __table_args__ = (UniqueConstraint("sop_id", "digest"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    sop_id: Mapped[str] = mapped_column(ForeignKey("sops.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    blob: Mapped[str]
    created_at: Mapped[datetime]


class Connection(Base):
    __tablename__ = "connections"
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(64))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secrets_sealed: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="active")
    message: Mapped[str | None] = mapped_column(Text)
    default_place: Mapped[str | None]
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class Publication(Base):
    """One SOP at one place. ``base`` is the connector's own memory of the page."""

    __tablename__ = "publications"
    __table_args__ = (UniqueConstraint("sop_id", "connection_id", "place"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    sop_id: Mapped[str] = mapped_column(ForeignKey("sops.id", ondelete="CASCADE"), index=True)
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), index=True)
    place: Mapped[str]
    parent: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(16))
    wanted_revision: Mapped[int]
    revision: Mapped[int | None]
    remote_id: Mapped[str | None]
    url: Mapped[str | None] = mapped_column(Text)
    version: Mapped[str | None]
    base: Mapped[dict[str, Any]] = mapped_column(default=dict)
    message: Mapped[str | None] = mapped_column(Text)
    clashes: Mapped[list[Any]] = mapped_column(default=list)
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    degraded: Mapped[list[Any]] = mapped_column(default=list)
    flag_wanted: Mapped[str | None]
    flag_shown: Mapped[str | None]
    job_id: Mapped[str | None]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]


class PublishedVersion(Base):
    """Which of our revisions is which version at the target."""

    __tablename__ = "published_versions"
    __table_args__ = (UniqueConstraint("publication_id", "revision", "version"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    publication_id: Mapped[str] = mapped_column(ForeignKey("publications.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int]
    version: Mapped[str]
    created_at: Mapped[datetime]


class Approval(Base):
    __tablename__ = "approvals"
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    sop_id: Mapped[str] = mapped_column(ForeignKey("sops.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)
    needed: Mapped[int]
    approvers: Mapped[list[Any]]
    requested_by: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    reminded: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]


class Decision(Base):
    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("approval_id", "person_id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    approval_id: Mapped[str] = mapped_column(ForeignKey("approvals.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    decision: Mapped[str] = mapped_column(String(16))
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class Review(Base):
    """A finished review."""

    __tablename__ = "reviews"
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column()
    sop_id: Mapped[str] = mapped_column(ForeignKey("sops.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    outcome: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int]
    due: Mapped[date | None]
    created_at: Mapped[datetime]


class Area(Base):
    """Rules of an area; ``name`` "" is the workspace's own."""

    __tablename__ = "areas"
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Event(Base):
    """Append-only."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_listing", "workspace_id", "created_at", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = workspace_column(index=False)  # as with SOPs
    kind: Mapped[str] = mapped_column(String(64))
    actor_id: Mapped[str | None]
    actor_name: Mapped[str]
    via: Mapped[str] = mapped_column(String(16))
    sop_id: Mapped[str | None] = mapped_column(index=True)
    revision: Mapped[int | None]
    subject: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]

"""Publishing a revision to a target and everything that can come of it. The writing itself runs as a job in the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors import registry
from connectors.contract import Choice, Clash, Page
from connectors.filesystem.connector import readable
from plugin.domain.errors import Conflict, Invalid
from plugin.domain.review import Policy, checked
from plugin.services import compose, journal, pictures, revising, rules
from plugin.services.caller import Caller
from plugin.services.connections import opened
from plugin.services.deps import Deps
from plugin.services.publishing import clash_of, facts_for
from plugin.services.standing import schedule, set_owner
from plugin.store import rows, tables

PublicationState = Literal["pending", "published", "conflict", "paused", "rejected", "closed"]
"""``conflict``: a person must choose; ``paused``: the connection is not accepted; ``rejected``: the target refuses the content; ``closed``: page gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationView:
    """``version`` is the target's own; ``revision`` ours that stands there. ``job_id`` is the newest job that wrote, or will write."""

    id: str
    sop_id: str
    connection_id: str
    kind: str
    place: str
    parent: str | None
    state: PublicationState
    revision: int | None
    wanted_revision: int
    version: str | None
    url: str | None
    job_id: str | None
    message: str | None
    clashes: tuple[Clash, ...]
    degraded: tuple[str, ...]
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    """Something to look at before publishing. ``blocking`` ones must be settled first. ``field`` is a path into the document."""

    field: str
    message: str
    blocking: bool = False
    step_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The neutral page, and what the target will have to show otherwise. ``source`` is the text of the file where the target is one."""

    page: Page
    degraded: tuple[str, ...]
    source: str | None = None


def checklist(deps: Deps, caller: Caller, sop_id: str) -> tuple[CheckItem, ...]:
    """What is missing or should be looked at before publishing. Raises NotFound."""
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id)
        document = revising.document_of(revising.newest(session, row))
        found = [CheckItem(field=f, message=m, blocking=b, step_id=s) for f, m, b, s in rules.missing(session, row, document)]
        if row.owner_id is None:
            found.append(
                CheckItem(field="review/owner", message="Nobody owns this SOP yet, so nobody would hear when it is due for review.")
            )
        if rules.approval_missing(session, row):
            found.append(CheckItem(field="approval", message="This area needs an approval before publishing.", blocking=True))
    return tuple(found)


def preview(deps: Deps, caller: Caller, sop_id: str, *, kind: str) -> Preview:
    """``kind`` names a connector (``filesystem``, ``confluence``, ``notion``). Writes nothing. Raises NotFound, Invalid.

    What the target must show otherwise is known as soon as the workspace has a connection of that kind.
    """
    if kind not in registry.names():
        raise Invalid("target", f"There is no connector named {kind[:60]!r}.")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id)
        document = revising.document_of(revising.newest(session, row))
        page = compose.compose(document, facts=facts_for(session, row, row.revision), assets=pictures.assets(session, deps, row, document))
        query = select(tables.Connection.id).where(
            tables.Connection.workspace_id == caller.workspace_id, tables.Connection.kind == kind, tables.Connection.state == "active"
        )
        connection_id = session.scalars(query.limit(1)).first()
    degraded = opened(deps, caller.workspace_id, connection_id).render(page).degraded if connection_id else ()
    return Preview(page=page, degraded=degraded, source=readable(page) if kind == "filesystem" else None)


def publish(
    deps: Deps,
    caller: Caller,
    sop_id: str,
    *,
    connection_id: str,
    place: str,
    parent: str | None = None,
    owner_id: str | None = None,
    interval_days: int | None = None,
    revision: int | None = None,
) -> PublicationView:
    """Asks for ``revision`` (default: the newest) to stand at that place; the job does it. Again with the same values: the same publication.

    Sets owner and interval of the SOP where given, and the first due date. Raises NotFound, Invalid (``connection_id``, ``place``,
    ``interval_days``), Conflict (an approval is needed first), Forbidden.
    """
    caller.require("author")
    if interval_days is not None:
        checked(Policy(interval_days=interval_days))

    def work(session: Session) -> tuple[str, str]:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        connection = _usable(session, caller, connection_id)
        where = place.strip() or connection.default_place or ""
        if not where or len(where) > 255:
            raise Invalid("place", "Choose where the page goes: a space, a database or a folder.")
        wanted = revising.numbered(session, row, revision or row.revision)
        if rules.approval_missing(session, row, wanted.digest):
            raise Conflict("This area needs an approval before publishing. Ask for it first.")
        if owner_id is not None:
            set_owner(session, deps, caller, row, owner_id)
        elif row.owner_id is None:
            row.owner_id = caller.person_id
        if interval_days is not None:
            row.policy = {**row.policy, "interval_days": interval_days, "interval_months": None}
        schedule(session, deps, row)
        publication = _publication(session, deps, row, connection, where, parent)
        publication.wanted_revision, publication.state, publication.message = wanted.number, "pending", None
        job = enqueue(session, deps, publication, caller.person_id)
        journal.note(
            session, deps, caller, "publication.requested", sop_id=row.id, revision=wanted.number, subject=publication.id, place=where
        )
        return publication.id, job.id

    publication_id, job_id = deps.database.run(work)
    deps.queue.wake(job_id)
    return publication(deps, caller, publication_id)


def everywhere(deps: Deps, caller: Caller, sop_id: str) -> int:
    """Asks for the newest revision at every place where the SOP stands. Returns at how many; 0 where an approval is needed first.

    A place where people still have to choose between two texts waits for them. Raises NotFound, Forbidden.
    """
    caller.require("author")

    def work(session: Session) -> list[str]:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        if row.status == "retired" or rules.approval_missing(session, row):
            return []
        table = tables.Publication
        wake: list[str] = []
        query = select(table).where(table.sop_id == row.id, table.state.in_(("published", "pending", "rejected")))
        for publication in session.scalars(query.order_by(table.id).with_for_update()):
            publication.wanted_revision, publication.state, publication.message = row.revision, "pending", None
            wake.append(enqueue(session, deps, publication, caller.person_id).id)
            place = publication.place
            journal.note(
                session, deps, caller, "publication.requested", sop_id=row.id, revision=row.revision, subject=publication.id, place=place
            )
        return wake

    jobs = deps.database.run(work)
    for job_id in jobs:
        deps.queue.wake(job_id)
    return len(jobs)


def enqueue(session: Session, deps: Deps, publication: tables.Publication, person_id: str | None) -> tables.Job:
    """A job for the publication, or the one that waits already (one page is written by one job at a time)."""
    if publication.job_id:
        waiting = session.get(tables.Job, publication.job_id, with_for_update=True)
        if waiting is not None and waiting.state == "queued":
            waiting.not_before, waiting.changed = None, waiting.changed + 1
            return waiting
    job = tables.Job(
        id=deps.new_id("job"),
        workspace_id=publication.workspace_id,
        kind="publish",
        state="queued",
        priority=1,
        payload={},
        sop_id=publication.sop_id,
        publication_id=publication.id,
        created_by=person_id,
        created_at=deps.clock(),
    )
    session.add(job)
    publication.job_id = job.id
    return job


def publications(deps: Deps, caller: Caller, *, sop_id: str | None = None) -> tuple[PublicationView, ...]:
    """Of one SOP, or of the workspace; newest first. Raises NotFound."""
    table = tables.Publication
    with deps.database.begin() as session:
        query = select(table, tables.Connection.kind).join(tables.Connection, tables.Connection.id == table.connection_id)
        query = query.where(table.workspace_id == caller.workspace_id)
        if sop_id is not None:
            rows.get(session, tables.Sop, caller.workspace_id, sop_id)
            query = query.where(table.sop_id == sop_id)
        return tuple(_view(row, kind) for row, kind in session.execute(query.order_by(table.created_at.desc(), table.id.desc())))


def publication(deps: Deps, caller: Caller, publication_id: str) -> PublicationView:
    """Raises NotFound."""
    with deps.database.begin() as session:
        row = rows.get(session, tables.Publication, caller.workspace_id, publication_id)
        return _view(row, rows.get(session, tables.Connection, caller.workspace_id, row.connection_id).kind)


def resolve(deps: Deps, caller: Caller, publication_id: str, *, choices: Mapping[str, Choice]) -> PublicationView:
    """Decides the clashes of a publication in state ``conflict`` (block key to ``ours`` or ``theirs``) and publishes again.

    Raises NotFound, Conflict (there is nothing to decide), Invalid (a key is missing or unknown), Forbidden.
    """
    caller.require("author")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Publication, caller.workspace_id, publication_id, lock=True)
        if row.state != "conflict":
            raise Conflict("There is nothing to decide for this publication.")
        keys = {clash["key"] for clash in row.clashes}
        if set(choices) != keys or not set(choices.values()) <= {"ours", "theirs"}:
            raise Invalid("choices", "Decide for each of the passages: ours or theirs.")
        row.choices, row.state, row.message = dict(choices), "pending", None
        job = enqueue(session, deps, row, caller.person_id)
        job_id = job.id
    deps.queue.wake(job_id)
    return publication(deps, caller, publication_id)


def close(deps: Deps, caller: Caller, publication_id: str) -> None:
    """We no longer write to that page; the page itself stays. Raises NotFound, Forbidden."""
    caller.require("author")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Publication, caller.workspace_id, publication_id, lock=True)
        row.state, row.message = "closed", "Closed by a person."
        journal.note(session, deps, caller, "publication.closed", sop_id=row.sop_id, subject=row.id, place=row.place)


def _usable(session: Session, caller: Caller, connection_id: str) -> tables.Connection:
    connection = rows.get(session, tables.Connection, caller.workspace_id, connection_id)
    if connection.state == "paused":
        raise Invalid("connection_id", connection.message or "This connection is paused. Enter its credential again.")
    return connection


def _publication(
    session: Session, deps: Deps, row: tables.Sop, connection: tables.Connection, place: str, parent: str | None
) -> tables.Publication:
    table = tables.Publication
    query = select(table).where(table.sop_id == row.id, table.connection_id == connection.id, table.place == place)
    found = session.scalars(query.with_for_update()).one_or_none()
    if found is None:
        found = table(
            id=deps.new_id("pub"),
            workspace_id=row.workspace_id,
            sop_id=row.id,
            connection_id=connection.id,
            place=place,
            parent=parent,
            state="pending",
            wanted_revision=row.revision,
            base={},
            clashes=[],
            choices={},
            degraded=[],
            created_at=deps.clock(),
        )
        session.add(found)
        session.flush()
    elif found.state == "closed":  # a person asks for it again: a new page, never the one that is gone
        found.remote_id = found.url = found.version = None
        found.base = {}
    return found


def _view(row: tables.Publication, kind: str) -> PublicationView:
    return PublicationView(
        id=row.id,
        sop_id=row.sop_id,
        connection_id=row.connection_id,
        kind=kind,
        place=row.place,
        parent=row.parent,
        state=cast(PublicationState, row.state),
        revision=row.revision,
        wanted_revision=row.wanted_revision,
        version=row.version,
        url=row.url,
        job_id=row.job_id,
        message=row.message,
        clashes=tuple(clash_of(c) for c in row.clashes),
        degraded=tuple(row.degraded),
        published_at=row.published_at,
    )

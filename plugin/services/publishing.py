"""Running a ``publish`` job: the wanted revision to its place, and what follows from each answer of the target.

The write itself is idempotent (the page carries the SOP's id) and conditional (on what we know of the page), so a job that is run twice, or whose
end was not recorded, makes neither a second page nor a second version. No transaction is open while a target is talked to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from connectors import errors
from connectors.contract import Clash, Facts, Known, Origin, Page, Person, Receipt, Ref, Target
from plugin.domain.document import encode
from plugin.domain.errors import NotFound
from plugin.domain.job import not_before
from plugin.services import adopting, compose, journal, outgoing, pictures, revising
from plugin.services.caller import Caller, system
from plugin.services.connections import opened
from plugin.services.deps import Deps
from plugin.services.origin import Link
from plugin.services.standing import settle
from plugin.store import jobs, tables
from plugin.store.jobs import Claimed

log = structlog.get_logger()

LEFT = {"trashed": "The page was moved to the trash.", "archived": "The page was archived."}
"""What readers no longer see, and what its owner is told; a page that comes back is taken up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """All that the write needs, read in one transaction."""

    publication_id: str
    sop_id: str
    connection_id: str
    revision: int
    target: Target
    known: Known | None
    page: Page
    message: str
    choices: Mapping[str, Any]


def run(deps: Deps, job: Claimed, *, alive: Callable[[], None]) -> None:
    """Ends the job in every case but LeaseLost; what a target answered becomes a state of the publication."""
    caller = system(job.workspace_id)
    task = deps.database.run(lambda session: _prepare(session, deps, job))
    if task is None:
        deps.database.run(lambda session: jobs.end(session, job, "done", now=deps.clock(), fraction=1.0))
        return
    try:
        connector = opened(deps, job.workspace_id, task.connection_id)
        rendered = connector.render(task.page)
        alive()  # the last look before something is written outside
        receipt = connector.publish(rendered, task.target, known=task.known, message=task.message, choices=task.choices)
    except (errors.ConnectorError, errors.Misconfigured) as error:
        log.warning(
            "publish_refused",
            publication_id=task.publication_id,
            error=type(error).__name__,
            detail=getattr(error, "detail_for_operator", ""),
        )
        _failed(deps, caller, job, task, error)
    else:
        deps.database.run(lambda session: _published(session, deps, caller, job, task, receipt, rendered.degraded))
        log.info(
            "sop_published", publication_id=task.publication_id, revision=task.revision, written=receipt.written, writes=receipt.writes
        )


def _failed(deps: Deps, caller: Caller, job: Claimed, task: _Task, error: errors.ConnectorError | errors.Misconfigured) -> None:
    """What the caller of a connector does next, by the kind of the error."""

    def work(session: Session) -> None:
        match error:
            case errors.Retry():
                when = not_before(deps.clock(), error.after_s)
                jobs.again(session, job, not_before=when, reason="busy", message=error.message_for_user)
            case errors.AuthFailed():
                _pause(session, deps, caller, job, task, error)
            case errors.Conflict():
                _conflict(session, deps, caller, job, task, error)
            case errors.Gone():
                _close(session, deps, caller, job, task, error)
            case errors.Reject():
                _refused(session, deps, job, task, f"{error.message_for_user} ({error.path}: {error.reason})")
            case errors.Misconfigured():
                _refused(session, deps, job, task, f"{error.message_for_user} ({error.setting})")
            case _:
                _refused(session, deps, job, task, error.message_for_user)

    deps.database.run(work)


def facts_for(session: Session, row: tables.Sop, revision: int) -> Facts:
    """What stands about the page, from the database."""
    owner = session.get(tables.Person, row.owner_id) if row.owner_id else None
    return Facts(
        version=revision,
        status="published" if row.status in ("draft", "approved", "published") else row.status,  # type: ignore[arg-type]  # the two others are literals too
        area=row.area,
        owner=Person(name=owner.name, email=owner.email) if owner and owner.active else None,
        review_due=row.due,
        review_state=row.review_state,  # type: ignore[arg-type]  # written by the review rules only
        labels=("sop", *filter(None, (row.area,))),
    )


def known_of(publication: tables.Publication) -> Known | None:
    """What the connector told us about the page."""
    if publication.remote_id is None:
        return None
    return Known(ref=Ref(id=publication.remote_id, url=publication.url or ""), version=publication.version or "", base=publication.base)


def remember(publication: tables.Publication, known: Known) -> None:
    """Keeps what a connector gave back."""
    publication.remote_id, publication.url, publication.version, publication.base = (
        known.ref.id,
        known.ref.url,
        known.version,
        dict(known.base),
    )


def moments(deps: Deps, row: tables.Sop) -> Link | None:
    """Leads from a published step to its moment of the recording, as long as that is kept."""
    return (lambda step: f"{deps.settings.base_url.rstrip('/')}/sops/{row.id}#{step.id}") if row.recording_id else None


def _source(session: Session, deps: Deps, row: tables.Sop, revision: tables.Revision, job: Claimed) -> Origin:
    """Who asked for it (else who wrote it), and where the newest recording up to that revision is played."""
    asked = session.get(tables.Job, job.id)
    person_id = (asked.created_by if asked else None) or revision.author_id
    person = session.get(tables.Person, person_id) if person_id else None
    table = tables.Revision
    earlier = select(table.recording_id).where(table.sop_id == row.id, table.number <= revision.number, table.recording_id.is_not(None))
    recording = session.scalars(earlier.order_by(table.number.desc()).limit(1)).first()
    return Origin(
        by=Person(name=person.name, email=person.email) if person and person.active else None,
        recording=f"{deps.settings.base_url.rstrip('/')}/sops/{row.id}?recording={recording}" if recording else None,
    )


def _prepare(session: Session, deps: Deps, job: Claimed) -> _Task | None:
    publication = session.get(tables.Publication, job.publication_id, with_for_update=True) if job.publication_id else None
    if publication is None or publication.workspace_id != job.workspace_id:
        raise NotFound("The publication has been removed.")
    if publication.state == "closed":
        return None
    row = session.get(tables.Sop, publication.sop_id)
    if row is None:
        raise NotFound("The SOP has been removed.")
    revision = revising.numbered(session, row, publication.wanted_revision)
    document = revising.document_of(revision)
    page = compose.compose(
        document,
        facts=facts_for(session, row, revision.number),
        assets=pictures.assets(session, deps, row, document),
        moment=moments(deps, row),
        source=_source(session, deps, row, revision, job),
    )
    return _Task(
        publication_id=publication.id,
        sop_id=row.id,
        connection_id=publication.connection_id,
        revision=revision.number,
        target=Target(place=publication.place, parent=publication.parent),
        known=known_of(publication),
        page=page,
        message=f"Revision {revision.number}: {revision.note}"[:500],
        choices=dict(publication.choices),
    )


def _published(
    session: Session, deps: Deps, caller: Caller, job: Claimed, task: _Task, receipt: Receipt, degraded: tuple[str, ...]
) -> None:
    publication, row = _locked(session, task)
    remember(publication, receipt.known)
    publication.state, publication.revision, publication.message = "published", task.revision, None
    publication.clashes, publication.choices, publication.degraded = [], {}, list(degraded)
    publication.published_at = publication.published_at if publication.published_at and not receipt.written else deps.clock()
    publication.flag_shown = None
    _map_version(session, deps, publication, task.revision, receipt.known.version)
    kind = "publication.written" if receipt.written else "publication.unchanged"
    journal.note(session, deps, caller, kind, sop_id=row.id, revision=task.revision, subject=publication.id, place=publication.place)
    row.published_revision = max(row.published_revision or 0, task.revision)
    if row.status != "retired" and row.published_revision == row.revision:
        row.status = "published"
    settle(session, deps, caller, row, task.revision)
    if receipt.edits:
        _adopt(session, deps, caller, row, publication, receipt)
    jobs.end(session, job, "done", now=deps.clock(), fraction=1.0, sop_id=row.id)


def _adopt(session: Session, deps: Deps, caller: Caller, row: tables.Sop, publication: tables.Publication, receipt: Receipt) -> None:
    """People's edits of the page become a revision of ours, so that every other place and the next re-recording know them."""
    all_there = row.revision == publication.revision
    added = adopting.adopt(session, deps, caller, row, publication, receipt.edits)
    if not added.changed or not all_there:
        return  # what others changed here meanwhile does not stand at the page yet
    publication.revision = publication.wanted_revision = row.published_revision = added.revision.number
    if row.status == "draft":
        row.status = "published"
    _map_version(session, deps, publication, added.revision.number, receipt.known.version)


def _map_version(session: Session, deps: Deps, publication: tables.Publication, revision: int, version: str) -> None:
    table = tables.PublishedVersion
    query = select(table.id).where(table.publication_id == publication.id, table.revision == revision, table.version == version)
    if session.scalars(query).first() is None:
        session.add(
            table(
                id=deps.new_id("pvr"),
                workspace_id=publication.workspace_id,
                publication_id=publication.id,
                revision=revision,
                version=version,
                created_at=deps.clock(),
            )
        )


def _pause(session: Session, deps: Deps, caller: Caller, job: Claimed, task: _Task, error: errors.AuthFailed) -> None:
    publication, _ = _locked(session, task)
    publication.state, publication.message = "paused", error.message_for_user
    jobs.end(session, job, "failed", now=deps.clock(), error_reason="connection-paused", error_message=error.message_for_user)
    pause_connection(session, deps, caller, task.connection_id, error.message_for_user)


def pause_connection(session: Session, deps: Deps, caller: Caller, connection_id: str, message: str) -> None:
    """Once: its owner (or the admins) get one message, however many jobs find out."""
    query = (
        update(tables.Connection)
        .where(tables.Connection.id == connection_id, tables.Connection.state == "active")
        .values(state="paused", message=message)
    )
    if jobs.rowcount(session, query.execution_options(synchronize_session=False)) != 1:
        return
    connection = session.get(tables.Connection, connection_id, populate_existing=True)
    if connection is None:
        return
    journal.note(session, deps, caller, "connection.paused", subject=connection.id, name=connection.name)
    for person in outgoing.owner_or_admins(session, caller.workspace_id, connection.owner_id):
        outgoing.tell(
            session,
            deps,
            person,
            kind="connection-paused",
            key=f"paused/{connection.id}/{deps.clock():%Y%m%d%H%M}",
            payload={"name": connection.name, "message": message},
        )


def _conflict(session: Session, deps: Deps, caller: Caller, job: Claimed, task: _Task, error: errors.Conflict) -> None:
    publication, row = _locked(session, task)
    publication.state, publication.message = "conflict", error.message_for_user
    publication.clashes = [encode(clash) for clash in error.clashes]
    jobs.end(session, job, "failed", now=deps.clock(), error_reason="conflict", error_message=error.message_for_user)
    journal.note(
        session,
        deps,
        caller,
        "publication.conflict",
        sop_id=row.id,
        revision=task.revision,
        subject=publication.id,
        place=publication.place,
    )


def _close(session: Session, deps: Deps, caller: Caller, job: Claimed, task: _Task, error: errors.Gone) -> None:
    publication, row = _locked(session, task)
    close(session, deps, caller, publication, row, error.message_for_user)
    jobs.end(session, job, "failed", now=deps.clock(), error_reason="gone", error_message=error.message_for_user)


def close(session: Session, deps: Deps, caller: Caller, publication: tables.Publication, row: tables.Sop, message: str) -> None:
    """The page is gone or no longer ours; the owner hears of it once, and it is never made again by itself."""
    publication.state, publication.message = "closed", message
    journal.note(session, deps, caller, "publication.closed", sop_id=row.id, subject=publication.id, place=publication.place)
    for person in outgoing.owner_or_admins(session, row.workspace_id, row.owner_id):
        outgoing.tell(
            session,
            deps,
            person,
            kind="page-gone",
            key=f"gone/{publication.id}",
            payload={"sop_id": row.id, "title": row.title, "place": publication.place},
        )


def _refused(session: Session, deps: Deps, job: Claimed, task: _Task, message: str) -> None:
    publication, _ = _locked(session, task)
    publication.state, publication.message = "rejected", message
    jobs.end(session, job, "failed", now=deps.clock(), error_reason="rejected", error_message=publication.message)


def _locked(session: Session, task: _Task) -> tuple[tables.Publication, tables.Sop]:
    publication = session.get(tables.Publication, task.publication_id, with_for_update=True)
    row = session.get(tables.Sop, task.sop_id, with_for_update=True)
    if publication is None or row is None:
        raise NotFound("The publication has been removed meanwhile.")
    return publication, row


def clash_of(value: Mapping[str, Any]) -> Clash:
    return Clash(key=value["key"], base=value["base"], theirs=value["theirs"], ours=value["ours"])

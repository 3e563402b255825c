"""What other systems tell about published pages: taken in at once, looked at later. An event says only *that* something happened.

What happened is found out by looking at the page, so an event that comes twice, late or in the wrong order does no harm. However many events a page
causes, at most one look waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from plugin.domain.errors import NotFound
from plugin.domain.job import not_before, wait_s
from plugin.services import flags, installations, journal, publishing
from plugin.services.caller import system
from plugin.services.deps import Deps
from plugin.services.installations import Site
from plugin.services.standing import want_flag
from plugin.store import jobs, tables
from plugin.store.jobs import Claimed

DELETED = "This page was deleted for good."
TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An SOP at a page. ``place`` and ``parent`` are where it was published to."""

    sop_id: str
    publication_id: str
    connection_id: str
    page_id: str
    place: str
    parent: str | None
    url: str | None
    title: str
    revision: int | None
    review_state: str
    due: date | None
    owner: str | None


def at_page(deps: Deps, site: Site, page_id: str) -> Published | None:
    """The SOP of that page of the site; None where it is none of ours."""
    with deps.database.begin() as session:
        found = _publications(session, site, page_id)
        return _view(session, found[0]) if found else None


def of_sop(deps: Deps, site: Site, sop_id: str) -> Published | None:
    """Where in the site an SOP is published; None where it is not."""
    table = tables.Publication
    with deps.database.begin() as session:
        query = _at_site(session, site).where(table.sop_id == sop_id, table.remote_id.is_not(None))
        found = session.scalars(query.limit(1)).first()
        return _view(session, found) if found else None


def in_space(deps: Deps, site: Site, space_key: str, *, limit: int = 200) -> tuple[Published, ...]:
    """Those published to a space, the most urgent first."""
    table = tables.Publication
    with deps.database.begin() as session:
        query = _at_site(session, site).where(table.place == space_key, table.remote_id.is_not(None))
        query = query.join(tables.Sop, tables.Sop.id == table.sop_id).order_by(tables.Sop.due.nulls_last(), table.id)
        return tuple(_view(session, row) for row in session.scalars(query.limit(limit)))


def happened(deps: Deps, site: Site, page_id: str, *, deleted: bool = False) -> bool:
    """Takes an event in: a look at the page is put into the queue, or waits there already. False: the page is none of ours."""
    woken: list[str] = []

    def work(session: Session) -> bool:
        woken.clear()
        found = _publications(session, site, page_id, closed=True, lock=True)
        for publication in found:
            waiting = session.scalars(
                select(tables.Job).where(
                    tables.Job.publication_id == publication.id, tables.Job.kind == "look", tables.Job.state == "queued"
                )
            ).first()
            if waiting is None:
                waiting = tables.Job(
                    id=deps.new_id("job"), workspace_id=site.workspace_id, kind="look", state="queued", payload={},
                    sop_id=publication.sop_id, publication_id=publication.id, created_at=deps.clock(),
                )  # fmt: skip
                session.add(waiting)
                woken.append(waiting.id)
            if deleted:
                waiting.payload = {**(waiting.payload or {}), "deleted": True}
        return bool(found)

    ours = deps.database.run(work)
    for job_id in woken:
        deps.queue.wake(job_id)
    return ours


def run(deps: Deps, job: Claimed, *, alive: Callable[[], None]) -> None:
    """The look. A page that cannot be seen is taken for deleted only where an event said so."""
    with deps.database.begin() as session:
        publication = session.get(tables.Publication, job.publication_id) if job.publication_id else None
    if publication is None or publication.workspace_id != job.workspace_id:
        raise NotFound("The publication has been removed.")
    alive()
    state = flags.look(deps, publication.id)
    if state is None and job.failures + 1 < TRIES:
        when = not_before(deps.clock(), wait_s(job.failures + 1))
        deps.database.run(lambda session: jobs.again(session, job, not_before=when, reason="busy", message="The page could not be seen."))
        return

    def settle(session: Session) -> None:
        publication = session.get(tables.Publication, job.publication_id, with_for_update=True)
        row = session.get(tables.Sop, publication.sop_id, with_for_update=True) if publication else None
        if publication is not None and row is not None and publication.workspace_id == job.workspace_id:
            _settled(session, deps, publication, row, state, deleted=bool(job.payload.get("deleted")))
        jobs.end(session, job, "done", now=deps.clock(), fraction=1.0)

    deps.database.run(settle)


def _settled(session: Session, deps: Deps, publication: tables.Publication, row: tables.Sop, state: str | None, *, deleted: bool) -> None:
    caller = system(row.workspace_id)
    if state == "unreachable" and deleted and publication.state != "closed":
        publishing.close(session, deps, caller, publication, row, DELETED)
    elif state == "current" and publication.state == "closed" and publication.message in publishing.LEFT.values():
        publication.state, publication.message = "published", None
        journal.note(session, deps, caller, "publication.back", sop_id=row.id, subject=publication.id, place=publication.place)
        want_flag(session, row)


def _publications(session: Session, site: Site, page_id: str, *, closed: bool = False, lock: bool = False) -> list[tables.Publication]:
    query = _at_site(session, site, closed=closed).where(tables.Publication.remote_id == page_id)
    return list(session.scalars(query.with_for_update() if lock else query))


def _at_site(session: Session, site: Site, *, closed: bool = False) -> Select[tables.Publication]:
    table = tables.Publication
    query = select(table).where(
        table.workspace_id == site.workspace_id, table.connection_id.in_(installations.connection_ids(session, site))
    )
    return query if closed else query.where(table.state != "closed")


def _view(session: Session, publication: tables.Publication) -> Published:
    row = session.get_one(tables.Sop, publication.sop_id)
    owner = session.get(tables.Person, row.owner_id) if row.owner_id else None
    return Published(
        sop_id=row.id, publication_id=publication.id, connection_id=publication.connection_id, page_id=publication.remote_id or "",
        place=publication.place, parent=publication.parent, url=publication.url, title=row.title, revision=publication.revision,
        review_state=row.review_state, due=row.due, owner=owner.name if owner is not None and owner.active else None,
    )  # fmt: skip

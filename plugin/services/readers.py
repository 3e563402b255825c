"""Who may not read the page of an SOP. A reminder for a page that a person cannot open helps nobody: it goes to who stands in for them.

Only a target knows (restrictions of pages and spaces), and not every target tells. It is asked just before a person would be told, and again with each
look at the page where it had said no.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from connectors import errors
from connectors.contract import Person, Readable
from plugin.domain.errors import NotFound
from plugin.services import accounts
from plugin.services.connections import opened
from plugin.services.deps import Deps
from plugin.services.publishing import known_of
from plugin.store import tables

log = structlog.get_logger()

KIND = "may-not-read"
"""Kind of the rows in which the answers are kept: ``<SOP>/<person>``."""


def shut_out(session: Session, workspace_id: str) -> dict[str, frozenset[str]]:
    """People by SOP."""
    table = tables.External
    found: dict[str, frozenset[str]] = {}
    for key in session.scalars(select(table.external_id).where(table.kind == KIND, table.workspace_id == workspace_id)):
        sop_id, _, person_id = key.partition("/")
        found[sop_id] = found.get(sop_id, frozenset()) | {person_id}
    return found


def of(session: Session, row: tables.Sop) -> frozenset[str]:
    """Who may not read the page of that SOP."""
    table = tables.External
    query = select(table.external_id).where(table.kind == KIND, table.workspace_id == row.workspace_id)
    keys = session.scalars(query.where(table.external_id.startswith(f"{row.id}/", autoescape=True)))
    return frozenset(key.partition("/")[2] for key in keys)


def ask(deps: Deps, person: tables.Person, sop_ids: Collection[str]) -> None:
    """Asks the targets whether that person may read those pages, and keeps a no. Where it is a new one, the next sweep tells somebody else."""
    for sop_id in sop_ids:
        answer = _may_read(deps, sop_id, person)
        if answer is not None:
            deps.database.run(partial(_keep, deps=deps, sop_id=sop_id, person=person, may=answer))


def ask_again(deps: Deps, sop_id: str) -> None:
    """The same for those to whom the page was shut."""
    with deps.database.begin() as session:
        row = session.get(tables.Sop, sop_id)
        people = [session.get(tables.Person, person_id) for person_id in (of(session, row) if row else ())]
    for person in people:
        if person is not None:
            ask(deps, person, [sop_id])


def _may_read(deps: Deps, sop_id: str, person: tables.Person) -> bool | None:
    """False where every target that tells says no."""
    with deps.database.begin() as session:
        query = select(tables.Publication).where(tables.Publication.sop_id == sop_id, tables.Publication.state == "published")
        publications = session.scalars(query).all()
        account_id = accounts.account_of(session, kind=accounts.CONFLUENCE, person=person) if publications else None
    answers = []
    for publication in publications:
        known = known_of(publication)
        try:
            connector = opened(deps, publication.workspace_id, publication.connection_id)
            if known is not None and isinstance(connector, Readable):
                answers.append(connector.may_read(known.ref, Person(name=person.name, email=person.email, account_id=account_id)))
        except (errors.ConnectorError, errors.Misconfigured, NotFound) as error:
            log.info("reader_not_asked", publication_id=publication.id, error=type(error).__name__)
    told = [answer for answer in answers if answer is not None]
    return any(told) if told else None


def _keep(session: Session, *, deps: Deps, sop_id: str, person: tables.Person, may: bool) -> None:
    table, key = tables.External, f"{sop_id}/{person.id}"
    known = session.get(table, (KIND, key))
    if may:
        session.execute(delete(table).where(table.kind == KIND, table.external_id == key))
    elif known is None:
        now = deps.clock()
        session.add(table(kind=KIND, external_id=key, workspace_id=person.workspace_id, data={}, created_at=now))
        sop = tables.Sop
        told = update(sop).where(sop.id == sop_id, sop.reminded_for == sop.due).values(reminded_for=None, next_review_at=now)
        session.execute(told.execution_options(synchronize_session=False))
        log.info("reader_shut_out", sop_id=sop_id)

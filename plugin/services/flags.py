"""Shows the review state where people read: flags on published pages, and finds out which pages people changed or took away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from connectors import errors
from connectors.contract import Edit, Person, ReviewFlag
from plugin.domain.errors import NotFound
from plugin.services import adopting, publishing, readers
from plugin.services.caller import system
from plugin.services.connections import opened
from plugin.services.deps import Deps
from plugin.services.standing import settle
from plugin.store import tables

log = structlog.get_logger()

AT_ONCE = 100
LOOK_EVERY = timedelta(hours=6)


def show_flags(deps: Deps) -> int:
    """Flags on pages whose state is not yet shown. Returns how many were set.

    A connection that is busy or not accepted rests until the next run, so that its pages hold up nobody else's.
    """
    table, shown = tables.Publication, 0
    with deps.database.begin() as session:
        differs = or_(table.flag_shown.is_(None), table.flag_shown != table.flag_wanted)
        query = select(table.connection_id).join(tables.Connection, tables.Connection.id == table.connection_id).distinct()
        waiting = (table.state == "published", table.flag_wanted.is_not(None), differs)
        connections = list(session.scalars(query.where(*waiting, tables.Connection.state == "active").order_by(table.connection_id)))
    for connection_id in connections:
        with deps.database.begin() as session:
            mine = select(table.id).where(table.connection_id == connection_id, *waiting).order_by(table.id).limit(AT_ONCE)
            publications = list(session.scalars(mine))
        for publication_id in publications:
            done = _show(deps, publication_id)
            if done is None:
                break
            shown += done
    return shown


def reconcile(deps: Deps) -> int:
    """Looks at published pages that were not looked at for some hours: people's edits become a revision, pages that are gone are closed.

    Returns how many were looked at.
    """
    table, now = tables.Publication, deps.clock()
    with deps.database.begin() as session:
        stale = or_(table.checked_at.is_(None), table.checked_at < now - LOOK_EVERY)
        query = select(table.id).join(tables.Connection, tables.Connection.id == table.connection_id)
        query = query.where(table.state == "published", stale, tables.Connection.state == "active").order_by(
            table.checked_at.nulls_first(), table.id
        )
        waiting = list(session.scalars(query.limit(AT_ONCE)))
    for publication_id in waiting:
        look(deps, publication_id)
    return len(waiting)


def _show(deps: Deps, publication_id: str) -> bool | None:
    """Whether the flag was set; None where the connection should rest."""
    with deps.database.begin() as session:
        publication = session.get(tables.Publication, publication_id)
        row = session.get(tables.Sop, publication.sop_id) if publication else None
        if publication is None or row is None or publication.flag_wanted is None:
            return False
        wanted, known = publication.flag_wanted, publishing.known_of(publication)
        owner = session.get(tables.Person, row.owner_id) if row.owner_id else None
    state, _, due = wanted.partition("|")
    flag = ReviewFlag(
        state=state,  # type: ignore[arg-type]  # written by the review rules only
        due=date.fromisoformat(due) if due else None,
        owner=Person(name=owner.name, email=owner.email) if owner else None,
    )
    try:
        connector = opened(deps, publication.workspace_id, publication.connection_id)
        changed = connector.flag(known, flag) if known and connector.capabilities.flags else None
    except (errors.Reject, errors.Unsupported, errors.Conflict) as error:
        log.warning("flag_refused", publication_id=publication_id, error=type(error).__name__)
        changed = None  # this page as it is; asked again when the state changes
    except (errors.ConnectorError, errors.Misconfigured, NotFound) as error:
        _failed(deps, publication_id, error)
        return False if isinstance(error, errors.Gone) else None

    def keep(session: Session) -> None:
        found = session.get(tables.Publication, publication_id, with_for_update=True)
        if found is None:
            return
        found.flag_shown = wanted
        if changed is not None and found.version == (known.version if known else None):
            publishing.remember(found, changed)

    deps.database.run(keep)
    return changed is not None


def look(deps: Deps, publication_id: str) -> str | None:
    """Takes over what people did to a page; its state at the target, None where that could not be found out."""
    with deps.database.begin() as session:
        publication = session.get(tables.Publication, publication_id, with_for_update=True)
        if publication is None:
            return None
        publication.checked_at = deps.clock()
        known = publishing.known_of(publication)
    if known is None:
        return None
    try:
        remote = opened(deps, publication.workspace_id, publication.connection_id).fetch(known.ref, known=known)
    except (errors.ConnectorError, errors.Misconfigured, NotFound) as error:
        _failed(deps, publication_id, error)
        return "gone" if isinstance(error, errors.Gone) else None
    readers.ask_again(deps, publication.sop_id)
    left = publishing.LEFT.get(remote.state)
    if left or remote.edits:
        deps.database.run(lambda session: _take(session, deps, publication_id, left=left, edits=remote.edits))
    return remote.state


def _take(session: Session, deps: Deps, publication_id: str, *, left: str | None, edits: Sequence[Edit]) -> None:
    publication = session.get(tables.Publication, publication_id, with_for_update=True)
    row = session.get(tables.Sop, publication.sop_id, with_for_update=True) if publication else None
    if publication is None or row is None or publication.state == "closed":
        return
    caller = system(row.workspace_id)
    if left:
        publishing.close(session, deps, caller, publication, row, left)
        return
    added = adopting.adopt(session, deps, caller, row, publication, edits)
    if added.changed:
        settle(session, deps, caller, row, added.revision.number)


def _failed(deps: Deps, publication_id: str, error: Exception) -> None:
    log.warning("page_not_reached", publication_id=publication_id, error=type(error).__name__)

    def work(session: Session) -> None:
        publication = session.get(tables.Publication, publication_id, with_for_update=True)
        row = session.get(tables.Sop, publication.sop_id) if publication else None
        if publication is None or row is None:
            return
        caller = system(row.workspace_id)
        if isinstance(error, errors.Gone):
            publishing.close(session, deps, caller, publication, row, error.message_for_user)
        elif isinstance(error, errors.AuthFailed):
            publishing.pause_connection(session, deps, caller, publication.connection_id, error.message_for_user)

    deps.database.run(work)

"""Finding and reading SOPs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from plugin.domain.review import State
from plugin.domain.sop import Sop
from plugin.services import revising
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.slices import Slice, capped
from plugin.store import rows, tables
from plugin.store.search import by_index, matching

Status = Literal["draft", "in review", "approved", "published", "retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One place where the SOP lives."""

    publication_id: str
    connection_id: str
    kind: str
    url: str | None
    state: str
    revision: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SopSummary:
    id: str
    title: str
    area: str | None
    status: Status
    revision: int
    published_revision: int | None
    owner_id: str | None
    owner_name: str | None
    review_state: State
    due: date | None
    criticality: Literal["low", "normal", "high"]
    steps: int
    updated_at: datetime
    targets: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SopView:
    """``etag`` goes back with a save (If-Match). ``proposal_id`` names the open proposal of a re-recording."""

    summary: SopSummary
    sop: Sop
    etag: str
    revision: int
    newest: bool
    recording_id: str | None = None
    proposal_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """``text``: every word of it, from its beginning on, must stand in title, purpose, steps or commands. ``overdue`` True: only due and overdue ones."""

    text: str = ""
    area: str | None = None
    owner_id: str | None = None
    status: Status | None = None
    review_state: State | None = None
    overdue: bool = False
    target: str | None = None


EVERYTHING = Query()
_ROW = tables.Sop
_LISTED = (
    _ROW.id, _ROW.title, _ROW.area, _ROW.status, _ROW.revision, _ROW.published_revision, _ROW.owner_id, _ROW.review_state, _ROW.due, _ROW.criticality,
    _ROW.steps, _ROW.updated_at,
)  # fmt: skip
_OWNER = select(tables.Person.name).where(tables.Person.id == _ROW.owner_id).scalar_subquery().label("owner_name")
"""What the list shows. The words for searching are many times as long and stay where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """For the head of the library."""

    total: int
    drafts: int
    due: int
    overdue: int
    by_area: dict[str, int]


def search(deps: Deps, caller: Caller, query: Query = EVERYTHING, *, cursor: str | None = None, limit: int = 50) -> Slice[SopSummary]:
    """Newest change first. Raises Invalid (``cursor``)."""
    limit, table = capped(limit), tables.Sop
    # Only a search sets something for its transaction.
    with deps.database.begin() if query.text else deps.database.read() as session:
        if query.text:
            by_index(session)
        chosen = select(*_LISTED, _OWNER).where(
            table.workspace_id == caller.workspace_id,
            *_conditions(query, sqlite=deps.database.sqlite),
            *rows.before(cursor, table.updated_at, table.id),
        )
        found = session.execute(chosen.order_by(table.updated_at.desc(), table.id.desc()).limit(limit + 1)).all()
        more = rows.cursor_of(found[limit - 1].updated_at, found[limit - 1].id) if len(found) > limit else None
        return Slice(items=summaries(session, found[:limit], {row.owner_id: row.owner_name for row in found}), cursor=more)


def counts(deps: Deps, caller: Caller) -> Counts:
    """Of the whole workspace."""
    table = tables.Sop
    parts = (table.status, table.review_state, table.area)
    query = select(*parts, func.count()).where(table.workspace_id == caller.workspace_id).group_by(*parts)
    found: Counter[str] = Counter()
    by_area: Counter[str] = Counter()
    with deps.database.read() as session:
        for status, review_state, area, count in session.execute(query):  # some dozens, whatever the size of the library
            by_area[area or ""] += count
            found["draft"] += count if status == "draft" else 0
            found[review_state] += count
    return Counts(
        total=by_area.total(), drafts=found["draft"], due=found["due"], overdue=found["overdue"], by_area=dict(sorted(by_area.items()))
    )


def sop(deps: Deps, caller: Caller, sop_id: str, *, revision: int | None = None) -> SopView:
    """The newest revision, or the one asked for. Raises NotFound."""
    with deps.database.begin() as session:
        return view(session, rows.get(session, tables.Sop, caller.workspace_id, sop_id), revision)


def view(session: Session, row: tables.Sop, revision: int | None = None) -> SopView:
    """Inside a transaction. Raises NotFound."""
    chosen = revising.numbered(session, row, revision or row.revision)
    open_proposal = select(tables.Proposal.id).where(tables.Proposal.sop_id == row.id, tables.Proposal.state == "open")
    return SopView(
        summary=summaries(session, [row])[0],
        sop=revising.document_of(chosen),
        etag=revising.etag_of(chosen),
        revision=chosen.number,
        newest=chosen.number == row.revision,
        recording_id=row.recording_id,
        proposal_id=session.scalars(open_proposal.order_by(tables.Proposal.created_at.desc()).limit(1)).first(),
    )


def summaries(session: Session, found: Any, names: dict[str, str] | None = None) -> tuple[SopSummary, ...]:
    """Of rows, with places and (unless their ``names`` are known) owners read in one query each."""
    ids = [row.id for row in found]
    if names is None:
        people = {row.owner_id for row in found if row.owner_id}
        names = dict(session.execute(select(tables.Person.id, tables.Person.name).where(tables.Person.id.in_(people))).all())
    places: dict[str, list[Where]] = {}
    table = tables.Publication
    # Without the base of the next merge, which is as long as the page.
    query = select(table.id, table.sop_id, table.connection_id, table.url, table.state, table.revision, tables.Connection.kind)
    query = query.join(tables.Connection, tables.Connection.id == table.connection_id).where(table.sop_id.in_(ids))
    for publication in session.execute(query.order_by(table.created_at)):
        places.setdefault(publication.sop_id, []).append(
            Where(
                publication_id=publication.id,
                connection_id=publication.connection_id,
                kind=publication.kind,
                url=publication.url,
                state=publication.state,
                revision=publication.revision,
            )
        )
    return tuple(_summary(row, names.get(row.owner_id), tuple(places.get(row.id, ()))) for row in found)


def _summary(row: Any, owner_name: str | None, targets: tuple[Where, ...]) -> SopSummary:
    return SopSummary(
        id=row.id,
        title=row.title,
        area=row.area,
        status=cast(Status, row.status),
        revision=row.revision,
        published_revision=row.published_revision,
        owner_id=row.owner_id,
        owner_name=owner_name,
        review_state=cast(State, row.review_state),
        due=row.due,
        criticality=cast(Literal["low", "normal", "high"], row.criticality),
        steps=row.steps,
        updated_at=row.updated_at,
        targets=targets,
    )


def _conditions(query: Query, *, sqlite: bool) -> list[ColumnElement[bool]]:
    table = tables.Sop
    found = matching(query.text, sqlite=sqlite)
    if query.area is not None:
        found.append(table.area == query.area)
    if query.owner_id is not None:
        found.append(table.owner_id == query.owner_id)
    if query.status is not None:
        found.append(table.status == query.status)
    if query.review_state is not None:
        found.append(table.review_state == query.review_state)
    if query.overdue:
        found.append(table.review_state.in_(("due", "overdue")))
    if query.target is not None:
        found.append(
            select(tables.Publication.id)
            .join(tables.Connection, tables.Connection.id == tables.Publication.connection_id)
            .where(tables.Publication.sop_id == table.id, tables.Connection.kind == query.target)
            .exists()
        )
    return found

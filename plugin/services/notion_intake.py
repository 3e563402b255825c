"""From a row of a *Recordings* database to a published SOP, without anybody touching our pages: what a ``row`` job does, and the sweep that finds rows.

The row is read afresh each time, so it does not matter what caused the look. What the row shows is written only when it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors import errors
from connectors.download import Fetching, fetch
from connectors.notion.connector import NotionConnector
from connectors.notion.inbox import FAILED, NEW, RECEIVED, Row, Shown
from plugin.domain.errors import Exhausted, Forbidden, Invalid, NotFound, UnusableRecording
from plugin.domain.job import not_before
from plugin.services import accounts, intake, notion_outcome, publishing
from plugin.services import jobs as job_services
from plugin.services import notion_rows as known_rows
from plugin.services.caller import Caller, system
from plugin.services.connections import opened
from plugin.services.deps import Deps
from plugin.services.notion_rows import Known
from plugin.store import jobs, tables
from plugin.store.jobs import Claimed

log = structlog.get_logger()

ACCOUNT = "notion-account"
OVERLAP = timedelta(minutes=3)
"""Notion's times are rounded down to the minute, and a row may be saved while a sweep reads."""
INCOMPLETE = "Give the row a title and a video (or a link to one), then set its status to New."


def sweep(deps: Deps) -> int:
    """Asks for a look at every row that has something to be done. Returns how many looks were asked for."""
    with deps.database.begin() as session:
        table = tables.Connection
        found = session.execute(select(table.id, table.workspace_id).where(table.kind == "notion", table.state == "active")).all()
        active = [(row.id, row.workspace_id) for row in found if known_rows.policy(session, row.id) != "off"]
    asked = 0
    for connection_id, workspace_id in active:
        for row_id in _worth_a_look(deps, workspace_id, connection_id):
            known_rows.ask(deps, workspace_id=workspace_id, connection_id=connection_id, row_id=row_id)
            asked += 1
    return asked


def run(deps: Deps, job: Claimed, *, alive: Callable[[], None]) -> None:
    """Ends the ``row`` job in every case but LeaseLost; what a person has to know stands in the row."""
    connection_id, row_id = str(job.payload["connection_id"]), str(job.payload["row_id"])
    try:
        _look(deps, job, connection_id, row_id, alive)
    except errors.Retry as error:
        when, words = not_before(deps.clock(), error.after_s), error.message_for_user
        deps.database.run(lambda session: jobs.again(session, job, not_before=when, reason="busy", message=words, counts=False))
        return
    except errors.AuthFailed as error:
        words = error.message_for_user
        deps.database.run(lambda s: publishing.pause_connection(s, deps, system(job.workspace_id), connection_id, words))
        _end(deps, job, "connection-paused", words)
        return
    except (errors.ConnectorError, errors.Misconfigured) as error:
        log.warning("notion_row_not_handled", row_id=row_id, error=type(error).__name__, detail=getattr(error, "detail_for_operator", ""))
        _end(deps, job, "rejected", error.message_for_user)
        return
    except NotFound:
        pass  # the connection was removed meanwhile
    _end(deps, job)


def _end(deps: Deps, job: Claimed, reason: str | None = None, message: str | None = None) -> None:
    deps.database.run(
        lambda s: jobs.end(
            s, job, "failed" if reason else "done", now=deps.clock(), fraction=1.0, error_reason=reason, error_message=message
        )
    )


def _worth_a_look(deps: Deps, workspace_id: str, connection_id: str) -> list[str]:
    """Rows to be taken, by what Notion says, and rows whose work went on, by what our database says."""
    now = deps.clock()
    with deps.database.begin() as session:
        since = known_rows.swept_at(session, connection_id)
        moved = [
            value.row_id for value in known_rows.open_rows(session, connection_id) if notion_outcome.standing(session, value) != value.seen
        ]
    try:
        inbox = _opened(deps, workspace_id, connection_id).inbox
        candidates = list(inbox.candidates(since - OVERLAP if since else now - OVERLAP))
    except errors.AuthFailed as error:
        words = error.message_for_user
        deps.database.run(lambda session: publishing.pause_connection(session, deps, system(workspace_id), connection_id, words))
        return []
    except (errors.ConnectorError, errors.Misconfigured, NotFound) as error:
        log.warning("notion_not_swept", connection_id=connection_id, error=type(error).__name__)
        return moved
    with deps.database.begin() as session:
        fresh = [row.id for row in candidates if row.complete and _to_be_taken(known_rows.known(session, connection_id, row.id), row)]
        known_rows.note_sweep(session, deps, workspace_id, connection_id, now, inbox.source)
    return list(dict.fromkeys([*fresh, *moved]))


def _to_be_taken(known: Known | None, row: Row, *, again: bool = False) -> bool:
    if known is None:
        return row.fresh or again
    other_file = row.video is not None and row.video.sign != known.file
    return known.finished and (row.state == NEW or again or other_file)  # an empty status may come of a column that was renamed


def _look(deps: Deps, job: Claimed, connection_id: str, row_id: str, alive: Callable[[], None]) -> None:
    with deps.database.begin() as session:
        policy, known = known_rows.policy(session, connection_id), known_rows.known(session, connection_id, row_id)
    if policy == "off":
        return
    connector = _opened(deps, job.workspace_id, connection_id)
    row = connector.inbox.row(row_id)
    if row is None:
        if known is not None:
            _gone(deps, known)
        return
    try:
        again = bool(job.payload.get("again"))
        if _to_be_taken(known, row, again=again) or (known is not None and not known.finished and known.job_id is None):
            known = _take(deps, job, connector, row, known, connection_id, again=again, alive=alive)
        if known is not None and not known.finished:
            notion_outcome.follow(deps, connector, row, known, policy, _caller(deps, connector, row, job.workspace_id, connection_id))
    except errors.Gone:
        if connector.inbox.row(row_id) is not None:
            raise
        with deps.database.begin() as session:
            known = known_rows.known(session, connection_id, row_id)
        if known is not None:
            _gone(deps, known)


def _take(
    deps: Deps,
    job: Claimed,
    connector: NotionConnector,
    row: Row,
    known: Known | None,
    connection_id: str,
    *,
    again: bool,
    alive: Callable[[], None],
) -> Known | None:
    """Downloads the video and takes it in; the row says how far it is. None where the row is not complete."""
    if row.video is None or not row.complete:
        if again:
            connector.inbox.show(row.id, Shown(state=FAILED, message=INCOMPLETE))
        return None
    taken = Known(
        row_id=row.id,
        workspace_id=job.workspace_id,
        connection_id=connection_id,
        file=row.video.sign,
        sop_id=(known.sop_id if known else None) or _sop_of(deps, connection_id, row),
    )
    deps.database.run(lambda session: known_rows.keep(session, deps, taken))
    taken = notion_outcome.tell(deps, connector, taken, Shown(state=RECEIVED, progress=0.0))
    caller = _caller(deps, connector, row, job.workspace_id, connection_id)
    path = deps.settings.data_dir / "work" / job.id / "video"
    try:
        _download(deps, connector, row, path, alive)
        wishes = intake.Wishes(title=row.title[:300], sop_id=taken.sop_id)
        accepted = intake.accept(deps, caller, path=path, filename=row.video.name, wishes=wishes)
    except errors.Reject as error:
        return _refused(deps, connector, taken, error.message_for_user)
    except (UnusableRecording, Invalid, Forbidden, NotFound) as error:
        return _refused(deps, connector, taken, error.message_for_user)
    except Exhausted as error:
        notion_outcome.tell(deps, connector, taken, Shown(state=RECEIVED, message=error.message_for_user))
        raise
    finally:
        path.unlink(missing_ok=True)
    if again or accepted.duplicate:
        _tried_once_more(deps, caller, accepted.job_id)
    taken = replace(taken, job_id=accepted.job_id, sop_id=taken.sop_id or accepted.sop_id)
    deps.database.run(lambda session: known_rows.keep(session, deps, taken))
    return taken


def _download(deps: Deps, connector: NotionConnector, row: Row, path: Path, alive: Callable[[], None]) -> None:
    """A link that expired meanwhile is asked for anew, once. Raises Reject, Retry, Exhausted."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    how = Fetching(
        most_bytes=deps.settings.max_upload_bytes,
        allow_private=deps.settings.allow_private_addresses,
        alive=lambda _: alive(),
    )
    for attempt in (1, 2):
        try:
            fetch(row.video.url if row.video else "", path, how)
        except errors.Gone as error:
            fresh = connector.inbox.row(row.id) if attempt == 1 else None
            if fresh is None or fresh.video is None:
                raise errors.Reject(error.message_for_user, path="url", reason=error.message_for_user) from None
            row = fresh
        except OSError as error:
            raise Exhausted(
                "There is no space for the video on the server at the moment.", detail_for_operator=str(error.strerror)
            ) from None
        else:
            return


def _refused(deps: Deps, connector: NotionConnector, known: Known, message: str) -> Known:
    known = notion_outcome.tell(deps, connector, known, Shown(state=FAILED, message=message))
    known = replace(known, finished=True)
    deps.database.run(lambda session: known_rows.keep(session, deps, known))
    return known


def _tried_once_more(deps: Deps, caller: Caller, job_id: str) -> None:
    """The same bytes failed before; a person asks again, so they get another attempt."""
    if job_services.job(deps, caller, job_id).state in ("failed", "parked", "cancelled"):
        job_services.retry(deps, caller, job_id)


def _gone(deps: Deps, known: Known) -> None:
    """The row was deleted: what is not published yet is not going to be."""
    with deps.database.begin() as session:
        row = session.get(tables.Job, known.job_id) if known.job_id else None
        running = row is not None and row.state in ("queued", "running")
        known_rows.forget(session, known)
    if running and known.job_id:
        job_services.cancel(deps, system(known.workspace_id), known.job_id)
    log.info("notion_row_gone", row_id=known.row_id, cancelled=running)


def _caller(deps: Deps, connector: NotionConnector, row: Row, workspace_id: str, connection_id: str) -> Caller:
    """Who made the row, by account and mail address; else who made the connection; else the service itself."""
    try:
        met = accounts.known(deps, workspace_id=workspace_id, kind=ACCOUNT, account_id=row.creator)
        person = None if met else connector.inbox.person(row.creator)
        if person is not None and person.email:
            met = accounts.meet(
                deps, workspace_id=workspace_id, kind=ACCOUNT, account_id=row.creator, name=person.name, email=person.email, role="author"
            )
        if met is not None and met.role != "reader":
            return met
    except Forbidden:
        pass  # deactivated with us
    with deps.database.begin() as session:
        connection = session.get(tables.Connection, connection_id)
        owner = session.get(tables.Person, connection.owner_id) if connection and connection.owner_id else None
    if owner is None or not owner.active:
        return system(workspace_id)
    return Caller(workspace_id=workspace_id, person_id=owner.id, role="author", name=owner.name, via="system")


def _sop_of(deps: Deps, connection_id: str, row: Row) -> str | None:
    """The SOP whose page the row is related to: then the video is a new recording of it."""
    with deps.database.begin() as session:
        return _published_at(session, connection_id, row.sops)


def _published_at(session: Session, connection_id: str, pages: tuple[str, ...]) -> str | None:
    table = tables.Publication
    query = select(table.sop_id).where(table.connection_id == connection_id, table.remote_id.in_(pages), table.state != "closed")
    return session.scalars(query.limit(1)).first() if pages else None


def _opened(deps: Deps, workspace_id: str, connection_id: str) -> NotionConnector:
    return cast(NotionConnector, opened(deps, workspace_id, connection_id))

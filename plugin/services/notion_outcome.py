"""What became of a row's recording, told in the row; and publishing it where the database's policy says so. Never while a possible secret is open."""

from __future__ import annotations

from dataclasses import asdict, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.notion.connector import NotionConnector
from connectors.notion.inbox import FAILED, NEEDS_A_LOOK, PUBLISHED, UNDERSTANDING, Row, Shown
from plugin.domain.document import from_document
from plugin.domain.errors import Conflict, Invalid
from plugin.services import edit, publish, revising
from plugin.services import notion_rows as known_rows
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.notion_rows import Known, Policy
from plugin.store import tables

STEPS = 20
"""How often at most a running job's progress is written into the row."""
WORDS = {
    "secret": "Something that may be a secret was found. It is covered; decide about it, then publish.",
    "ready": "The SOP is ready. Have a look and publish it.",
    "proposal": "The new recording changes the SOP. Compare, and take over what is right.",
    "conflict": "Page and SOP were changed at the same place. Choose what shall stand.",
    "deleted": "The recording was deleted.",
    "publishing": "Being published.",
}


def tell(deps: Deps, connector: NotionConnector, known: Known, shown: Shown) -> Known:
    """Writes the row where it says something else. Raises Gone, Retry and the other errors of connectors."""
    if dict(known.shown) == asdict(shown):
        return known
    connector.inbox.show(known.row_id, shown)
    told = replace(known, shown=asdict(shown))
    deps.database.run(lambda session: known_rows.keep(session, deps, told))
    return told


def standing(session: Session, known: Known) -> str:
    """Everything in our database that a row's status depends on, in one word: where it differs from last time, the row is worth a look."""
    job = session.get(tables.Job, known.job_id) if known.job_id else None
    if job is None:
        return "no job"
    row = session.get(tables.Sop, job.sop_id) if job.sop_id else None
    publication = _publication(session, known.connection_id, job.sop_id)
    proposal = session.get(tables.Proposal, job.proposal_id) if job.proposal_id else None
    parts = (
        job.state,
        int(job.fraction * STEPS),
        row.revision if row else None,
        row.status if row else None,
        proposal.state if proposal else None,
        (publication.state, publication.revision, publication.message) if publication else None,
        known_rows.policy(session, known.connection_id),
    )
    return "/".join(map(str, parts))


def follow(deps: Deps, connector: NotionConnector, row: Row, known: Known, policy: Policy, caller: Caller) -> None:
    """One look: what the job, the SOP and its publication say now, and the next step where it is ours."""
    with deps.database.begin() as session:
        seen, job = standing(session, known), session.get(tables.Job, known.job_id) if known.job_id else None
    if job is None:
        shown, done = Shown(state=FAILED, message=WORDS["deleted"]), True
    elif job.state in ("queued", "running"):
        shown, done = Shown(state=UNDERSTANDING, progress=int(job.fraction * STEPS) / STEPS, message=job.error_message or ""), False
    elif job.state != "done" or job.sop_id is None:
        shown, done = Shown(state=FAILED, message=job.error_message or "The work on it was stopped."), True
    else:
        known = replace(known, sop_id=job.sop_id)
        shown, done = _made(deps, known, job, policy, caller)
    told = tell(deps, connector, known, shown)
    other_file = row.video is not None and row.video.sign != known.file
    kept = replace(told, seen=seen, finished=done)
    deps.database.run(lambda session: known_rows.keep(session, deps, kept))
    if done and other_file:  # the video was replaced while we worked on the old one
        known_rows.ask(deps, workspace_id=known.workspace_id, connection_id=known.connection_id, row_id=known.row_id)


def _made(deps: Deps, known: Known, job: tables.Job, policy: Policy, caller: Caller) -> tuple[Shown, bool]:
    sop_id = job.sop_id or ""
    link = f"{deps.settings.base_url.rstrip('/')}/sops/{sop_id}"
    if job.proposal_id and _is_open(deps, job.proposal_id) and not (policy == "publish" and _accepted(deps, caller, job.proposal_id)):
        return Shown(state=NEEDS_A_LOOK, progress=1.0, message=WORDS["proposal"], link=link), False
    with deps.database.begin() as session:
        row = session.get(tables.Sop, sop_id)
        if row is None:
            return Shown(state=FAILED, message="The SOP was deleted."), True
        findings = revising.document_of(revising.newest(session, row)).findings
        publication = _publication(session, known.connection_id, sop_id)
        current = publication is not None and publication.wanted_revision >= row.revision
    if publication is not None and current:
        return _published(publication, link)
    if findings:
        return Shown(state=NEEDS_A_LOOK, progress=1.0, message=WORDS["secret"], link=link), False
    if policy != "publish":
        return Shown(state=NEEDS_A_LOOK, progress=1.0, message=WORDS["ready"], link=link), False
    return _published_now(deps, known, sop_id, caller, link)


def _published(publication: tables.Publication, link: str) -> tuple[Shown, bool]:
    match publication.state:
        case "published":
            return Shown(state=PUBLISHED, progress=1.0, link=publication.url, sop=publication.remote_id), True
        case "pending":
            return Shown(state=UNDERSTANDING, progress=1.0, message=WORDS["publishing"]), False
        case "conflict":
            return Shown(state=NEEDS_A_LOOK, progress=1.0, message=WORDS["conflict"], link=link), False
        case "paused":
            return Shown(state=NEEDS_A_LOOK, progress=1.0, message=publication.message or "", link=link), False
        case _:
            return Shown(state=FAILED, progress=1.0, message=publication.message or "", link=link), True


def _published_now(deps: Deps, known: Known, sop_id: str, caller: Caller, link: str) -> tuple[Shown, bool]:
    """Asks for the publication, unless something blocks it that only a person can settle."""
    blocking = [item.message for item in publish.checklist(deps, caller, sop_id) if item.blocking]
    if blocking:
        return Shown(state=NEEDS_A_LOOK, progress=1.0, message=" ".join(blocking), link=link), False
    with deps.database.begin() as session:
        connection = session.get(tables.Connection, known.connection_id)
        place = str((connection.settings if connection else {}).get("parent") or "")
    try:
        publish.publish(deps, caller, sop_id, connection_id=known.connection_id, place=place)
    except (Conflict, Invalid) as error:
        return Shown(state=NEEDS_A_LOOK, progress=1.0, message=error.message_for_user, link=link), False
    return Shown(state=UNDERSTANDING, progress=1.0, message=WORDS["publishing"]), False


def _is_open(deps: Deps, proposal_id: str) -> bool:
    with deps.database.begin() as session:
        found = session.get(tables.Proposal, proposal_id)
        return found is not None and found.state == "open"


def _accepted(deps: Deps, caller: Caller, proposal_id: str) -> bool:
    """Takes the proposal over where nothing in it needs a person: no possible secret, no passage that both sides changed."""
    with deps.database.begin() as session:
        found = session.get(tables.Proposal, proposal_id)
        if found is None or from_document(found.machine).findings:
            return False
    try:
        edit.accept(deps, caller, proposal_id)
    except (Conflict, edit.EditClash):
        return False
    return True


def _publication(session: Session, connection_id: str, sop_id: str | None) -> tables.Publication | None:
    table = tables.Publication
    query = select(table).where(table.connection_id == connection_id, table.sop_id == sop_id).order_by(table.created_at.desc())
    return session.scalars(query.limit(1)).first() if sop_id else None

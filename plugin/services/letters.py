"""What stands in a message, read at the moment of sending: only what is still true, only what the receiver may see."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin.domain.review import local_day
from plugin.notify.letter import Action, Item, Letter, digest, notice
from plugin.services import links
from plugin.services.deps import Deps
from plugin.services.links import unsubscribe_url
from plugin.store import tables

BUTTONS = (("still_right", "Still right"), ("needs_change", "Needs a change"), ("record_again", "Record again"))
NOTICES = {
    "connection-paused": (
        "The connection {name} needs you",
        "Pages can no longer be published through {name}: {message} Publishing goes on as soon as it is fixed.",
    ),
    "page-gone": (
        "A page of “{title}” is gone",
        "The page in {place} was deleted or is no longer visible to us. It will not be made again by itself; publish it anew if it is needed.",
    ),
    "approval-request": ("Please approve “{title}”", "{who} asks you to approve revision {revision} of “{title}”."),
    "approval-reminder": ("Still waiting for you: “{title}”", "Revision {revision} of “{title}” waits for your approval since {since}."),
    "approval-escalation": (
        "An approval is stuck: “{title}”",
        "Revision {revision} of “{title}” waits for approval since {since}. Decide, or choose other approvers.",
    ),
    "mail-broken": (
        "Mails to {name} do not arrive",
        "The mail server refuses mails to {name}. Check the address; reminders do not reach this person by mail until then.",
    ),
}


def written(session: Session, deps: Deps, message: tables.Outgoing, person: tables.Person) -> Letter | None:
    """None where there is nothing left to say."""
    if message.kind == "digest":
        return _digest(session, deps, message, person)
    return _notice(session, deps, message, person)


def _digest(session: Session, deps: Deps, message: tables.Outgoing, person: tables.Person) -> Letter | None:
    query = select(tables.Notice, tables.Sop).join(tables.Sop, tables.Sop.id == tables.Notice.sop_id)
    query = query.where(tables.Notice.message_id == message.id, tables.Notice.workspace_id == person.workspace_id)
    today = local_day(deps.clock(), person.time_zone)
    items = [
        _item(deps, person, found, row, today)
        for found, row in session.execute(query.order_by(tables.Notice.due, tables.Sop.title, tables.Sop.id))
        if row.due == found.due and row.status != "retired"
    ]
    if not items:
        return None
    subject = f"Review due: {items[0].title}" if len(items) == 1 else f"{len(items)} SOPs are due for review"
    return digest(name=person.name, subject=subject, items=items, unsubscribe_url=unsubscribe_url(deps, person_id=person.id))


def _item(deps: Deps, person: tables.Person, found: tables.Notice, row: tables.Sop, today: date) -> Item:
    days = (today - found.due).days
    since = "Due today" if days <= 0 else f"Due since {found.due.isoformat()} ({days} day{'s' if days > 1 else ''})"
    line = f"{since} · revision {row.revision}" + (" · nobody has reacted yet" if found.kind == "escalate" else "")
    actions = [
        Action(label=label, url=links.review_url(deps, person_id=person.id, sop_id=row.id, due=found.due, action=action))
        for action, label in BUTTONS
    ]
    return Item(title=row.title, line=line, url=links.sop_url(deps, row.id), actions=tuple(actions))


def _notice(session: Session, deps: Deps, message: tables.Outgoing, person: tables.Person) -> Letter | None:
    subject, text = NOTICES[message.kind]
    actions = [Action(label="Open", url=links.sop_url(deps, message.payload["sop_id"]))] if "sop_id" in message.payload else []
    if message.kind.startswith("approval-"):
        approval = session.get(tables.Approval, message.payload["approval_id"])
        if approval is None or approval.state != "open":
            return None
        if message.kind != "approval-escalation":
            actions = [
                Action(label=label, url=links.approval_url(deps, person_id=person.id, approval_id=approval.id, action=action))
                for action, label in (("approved", "Approve"), ("declined", "Decline"))
            ] + actions
    return notice(
        name=person.name,
        subject=subject.format(**message.payload),
        text=text.format(**message.payload),
        actions=actions,
        unsubscribe_url=unsubscribe_url(deps, person_id=person.id) if message.channel == "mail" else None,
    )

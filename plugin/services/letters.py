"""What stands in a message, read at the moment of sending: only what is still true, only what the receiver may see."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin.domain.review import local_day
from plugin.notify.letter import Action, Item, Letter, digest, notice
from plugin.services import links, readers, rules
from plugin.services.deps import Deps
from plugin.services.links import unsubscribe_url
from plugin.services.standing import open_todo, people_of, responsible
from plugin.store import tables

MAX_ITEMS = 25
"""So many SOPs stand in one digest with their buttons; of the others it says how many, with the way to the list. Mail programs cut longer ones."""
BUTTONS = (
    ("still_right", "Still right"),
    ("needs_change", "Needs a change"),
    ("record_again", "Record again"),
)
OTHERS = (("hand_over", "Hand over"), ("snooze", "Not now"), ("retire", "Retire"))
NOTICES = {
    "connection-paused": (
        "The connection {name} needs you",
        "Pages can no longer be published through {name}: {message} Publishing goes on as soon as it is fixed.",
    ),
    "token-ending": (
        "The token of {name} ends on {day}",
        "Make a new token, enter it at the connection {name} together with the day on which it ends, and publishing goes on without a break.",
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
    "answer-approved": (
        "Approved: “{title}”",
        "{who} approved revision {revision} of “{title}”. It can be published now. Comment: {comment}",
    ),
    "answer-declined": ("Declined: “{title}”", "{who} declined revision {revision} of “{title}”. Comment: {comment}"),
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
    people, stored = people_of(session, person.workspace_id), rules.of(session, person.workspace_id)
    shut_out = readers.shut_out(session, person.workspace_id)

    def concerns(found: tables.Notice, row: tables.Sop) -> bool:
        if row.due != found.due or row.status == "retired":
            return False
        asked = responsible(people, row.owner_id, rules.policy_of(stored, row.policy, row.area), shut_out.get(row.id, ()))
        return found.kind != "remind" or (asked is not None and asked.id == person.id)

    ordered = session.execute(query.order_by(tables.Notice.due, tables.Sop.title, tables.Sop.id))
    due = [(found, row) for found, row in ordered if concerns(found, row)]
    if not due:
        return None
    items = [_item(session, deps, person, found, row, today) for found, row in due[:MAX_ITEMS]]
    late = all(found.kind == "escalate" for found, _ in due)
    one, many = ("Still open: {}", "{} reviews are still open") if late else ("Review due: {}", "{} SOPs are due for review")
    return digest(
        name=person.name,
        subject=one.format(items[0].title) if len(due) == 1 else many.format(len(due)),
        items=items,
        more=len(due) - len(items),
        list_url=links.list_url(deps),
        unsubscribe_url=unsubscribe_url(deps, person_id=person.id),
    )


def _item(session: Session, deps: Deps, person: tables.Person, found: tables.Notice, row: tables.Sop, today: date) -> Item:
    days = (today - found.due).days
    line = "Due today" if days <= 0 else f"Due since {found.due:%-d %B %Y} ({days} day{'s' if days > 1 else ''})"
    line += f" · revision {row.revision}"
    todo = open_todo(session, row)
    if found.kind == "escalate":
        owner = session.get(tables.Person, row.owner_id) if row.owner_id else None
        whose = f"{owner.name} was told" if owner else "it was told"
        line += f" · {whose}, {'a change was asked for, but nothing new is published' if todo else 'nobody has reacted yet'}"

    def url(action: str | None) -> str:
        return links.review_url(deps, person_id=person.id, sop_id=row.id, due=found.due, action=action)

    return Item(
        title=row.title,
        line=line,
        note=(todo.note if todo else "")[:300],
        url=links.sop_url(deps, row.id),
        answer_url=url(None),
        actions=tuple(Action(label=label, url=url(action)) for action, label in BUTTONS),
        others=tuple(Action(label=label, url=url(action)) for action, label in OTHERS),
    )


def _notice(session: Session, deps: Deps, message: tables.Outgoing, person: tables.Person) -> Letter | None:
    subject, text = NOTICES[message.kind]
    actions = [Action(label="Read it", url=links.sop_url(deps, message.payload["sop_id"]))] if "sop_id" in message.payload else []
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

"""Sends what is in the outbox. At least once, with the same message id at each attempt; what is no longer true is dropped instead."""

from __future__ import annotations

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from connectors import errors
from connectors.contract import Person
from plugin.domain.job import not_before, wait_s
from plugin.notify.contract import Channel, Message, Undeliverable
from plugin.services import accounts, journal, letters, links, outgoing, readers
from plugin.services.caller import system
from plugin.services.connections import opened
from plugin.services.deps import Deps
from plugin.services.publishing import known_of
from plugin.services.restored import mark_sent
from plugin.services.sweep import fitting_moment
from plugin.store import outbox, tables
from plugin.vault import Unreadable

log = structlog.get_logger()

AT_ONCE = 100
MAX_ATTEMPTS = 8


def deliver(deps: Deps) -> int:
    """Everything that should go out by now. Returns how many messages were sent."""
    sent = 0
    with deps.database.begin() as session:
        waiting = outbox.due(session, deps.clock(), AT_ONCE)
    for message_id in waiting:
        message = _claimed(deps, message_id)
        if message is not None:
            sent += _send(deps, message)
    if sent:
        mark_sent(deps)
    return sent


def _claimed(deps: Deps, message_id: str) -> tables.Outgoing | None:
    return deps.database.run(lambda session: outbox.claim(session, message_id, deps.clock()))


def _send(deps: Deps, message: tables.Outgoing) -> bool:
    with structlog.contextvars.bound_contextvars(message_id=message.id, channel=message.channel, kind=message.kind):
        try:
            done = _mention(deps, message) if message.channel == "page" else _notify(deps, message)
        except Undeliverable as error:
            return _failed(deps, message, str(error), permanent=error.permanent)
        except errors.Retry as error:
            return _failed(deps, message, error.message_for_user, permanent=False, after_s=error.after_s)
        except (errors.ConnectorError, errors.Misconfigured) as error:
            return _failed(deps, message, error.message_for_user, permanent=True)
        except Exception as error:
            log.exception("message_broke")
            return _failed(deps, message, type(error).__name__, permanent=False)
        state = "sent" if done else "dropped"
        deps.database.run(lambda session: outbox.end(session, message, state, deps.clock()))
        log.info("message_sent" if done else "message_dropped")
        return done


def _notify(deps: Deps, message: tables.Outgoing) -> bool:
    if message.kind == "digest":
        notices = tables.Notice.message_id == message.id
        _ask_targets(deps, message, select(tables.Notice.sop_id).where(notices))
    with deps.database.begin() as session:
        person = session.get(tables.Person, message.recipient_id)
        if person is None or message.channel not in outgoing.channels_of(person):
            return False
        if not person.active:
            _pass_on(session, deps, message)
            return False
        letter = letters.written(session, deps, message, person)
        address = _address(deps, person, message.channel)
    if letter is None or address is None:
        return False
    channel: Channel = "mail" if message.channel == "mail" else "chat"
    deps.notifiers[channel].send(
        Message(
            id=message.id,
            address=address,
            subject=letter.subject,
            text=letter.text if channel == "mail" else letter.chat,
            html=letter.html if channel == "mail" else None,
            unsubscribe_url=links.unsubscribe_url(deps, person_id=person.id) if channel == "mail" else None,
        )
    )
    return True


def _ask_targets(deps: Deps, message: tables.Outgoing, about: Select[str]) -> None:
    """May the receiver read what they would be asked to review?"""
    with deps.database.begin() as session:
        person = session.get(tables.Person, message.recipient_id)
        sop_ids = session.scalars(about).all()
    if person is not None:
        readers.ask(deps, person, sop_ids)


def _address(deps: Deps, person: tables.Person, channel: str) -> str | None:
    if channel == "mail":
        return person.email
    try:
        return deps.vault.open(person.chat_sealed or "", workspace_id=person.workspace_id, field=f"person/{person.id}/chat")
    except Unreadable:
        raise Undeliverable("the chat address cannot be read any more", permanent=True) from None


def _pass_on(session: Session, deps: Deps, message: tables.Outgoing) -> None:
    """The person left after the sweep: the reminders of this message go to whoever is responsible now, at the next sweep."""
    notices = session.scalars(select(tables.Notice).where(tables.Notice.message_id == message.id)).all()
    for row in session.scalars(select(tables.Sop).where(tables.Sop.id.in_([n.sop_id for n in notices]))):
        row.reminded_for, row.next_review_at = None, deps.clock()


def _mention(deps: Deps, message: tables.Outgoing) -> bool:
    _ask_targets(deps, message, select(tables.Publication.sop_id).where(tables.Publication.id == message.payload["publication_id"]))
    with deps.database.begin() as session:
        person = session.get(tables.Person, message.recipient_id)
        publication = session.get(tables.Publication, message.payload["publication_id"])
        row = session.get(tables.Sop, publication.sop_id) if publication else None
        if person is None or not person.active or publication is None or row is None or publication.state != "published":
            return False
        if row.due is None or row.due.isoformat() != message.payload["due"] or row.status == "retired":
            return False
        known = known_of(publication)
        connection = session.get(tables.Connection, publication.connection_id)
        account_id = (
            accounts.account_of(session, kind=accounts.CONFLUENCE, person=person)
            if connection and connection.kind == "confluence"
            else None
        )
        shut_out = person.id in readers.of(session, row)
    connector = opened(deps, message.workspace_id, publication.connection_id)
    if shut_out or known is None or not connector.capabilities.mentions:
        return False
    text = f"The review of this page is due ({message.payload['due']}). Is it still right?"
    connector.mention(known.ref, Person(name=person.name, email=person.email, account_id=account_id), text, key=message.payload["key"])
    return True


def _failed(deps: Deps, message: tables.Outgoing, reason: str, *, permanent: bool, after_s: float | None = None) -> bool:
    now = deps.clock()
    dead = permanent or message.attempts >= MAX_ATTEMPTS
    log.warning("message_not_sent", reason=reason, dead=dead, attempts=message.attempts)

    def work(session: Session) -> None:
        if not dead:
            outbox.again(session, message, not_before(now, after_s or wait_s(message.attempts)), reason)
            return
        outbox.end(session, message, "dead", now, error=reason)
        person = session.get(tables.Person, message.recipient_id)
        if person is not None:
            _tell_log(session, deps, message, person, reason)
        if message.channel == "mail" and permanent and person is not None:
            person.mail_broken = True  # shown to admins; the other channels of this person still work
            for admin in outgoing.owner_or_admins(session, person.workspace_id, None):
                if admin.id != person.id:
                    payload = {"name": person.name}
                    outgoing.tell(
                        session,
                        deps,
                        admin,
                        kind="mail-broken",
                        key=f"broken/{person.id}/{now:%Y%m%d}",
                        payload=payload,
                        not_before=fitting_moment(admin, now),
                    )

    deps.database.run(work)
    return False


def _tell_log(session: Session, deps: Deps, message: tables.Outgoing, person: tables.Person, reason: str) -> None:
    """The log says that somebody was reminded as soon as it is certain that they will be; where that came to nothing, it says so too."""
    query = select(tables.Sop).join(tables.Notice, tables.Notice.sop_id == tables.Sop.id).where(tables.Notice.message_id == message.id)
    for row in session.scalars(query.order_by(tables.Sop.id)):
        about = {"recipient": person.name, "channel": message.channel, "reason": reason[:200]}
        journal.note(session, deps, system(row.workspace_id), "review.undelivered", sop_id=row.id, revision=row.revision, **about)

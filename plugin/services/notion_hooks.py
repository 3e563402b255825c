"""Webhooks of Notion: the handshake, signed events, and buttons. A hook only says which row or page to look at; what happened is seen by looking."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.errors import ConnectorError
from connectors.notion.connector import NotionConnector
from plugin.domain.errors import Forbidden, Invalid
from plugin.services import connections, inbound, journal, notion_oauth, notion_rows
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.notion_rows import Policy
from plugin.store import rows, tables
from plugin.vault import new_secret

log = structlog.get_logger()

HOOK, EVENT = "notion-hook", "notion-event"
LOOKS = ("page.created", "page.properties_updated", "page.undeleted", "page.deleted", "page.moved")
"""Events that can concern a row. Any event of a published page makes us look at that page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """For the admin. ``verification_token`` is what Notion sent and wants to see in its portal; None: it has not called yet."""

    connection_id: str
    events_path: str
    button_path: str
    button_secret: str
    verification_token: str | None
    policy: Policy
    missing: tuple[str, ...] = ()


def hooks(deps: Deps, caller: Caller, connection_id: str) -> Hooks:
    """Made at the first look. ``missing`` says what the connection may not do or lacks. Raises NotFound, Invalid, Forbidden."""
    caller.require("admin")
    view = connections.connection(deps, caller, connection_id)
    if view.kind != "notion":
        raise Invalid("connection", "This is not a connection to Notion.")
    try:
        identity = connections.check(deps, caller, connection_id)
        missing, bot_id = identity.missing, identity.account_id
    except Invalid as error:
        missing, bot_id = (error.message_for_user,), None
    secrets = _secrets(deps, connection_id) or _made(deps, caller.workspace_id, connection_id)
    if bot_id and secrets.get("bot_id") != bot_id:
        secrets = {**secrets, "bot_id": bot_id}
        _store(deps, caller.workspace_id, connection_id, secrets)
    with deps.database.begin() as session:
        policy = notion_rows.policy(session, connection_id)
    return Hooks(
        connection_id=connection_id,
        events_path=f"/notion/events/{connection_id}/{secrets['path']}",
        button_path=f"/notion/button/{connection_id}",
        button_secret=secrets["button"],
        verification_token=secrets.get("verification"),
        policy=policy,
        missing=tuple(missing),
    )


def forget_handshake(deps: Deps, caller: Caller, connection_id: str) -> None:
    """After the subscription was deleted in Notion: the next one may introduce itself, at a new address. Raises NotFound, Forbidden."""
    caller.require("admin")
    with deps.database.begin() as session:
        connection = rows.get(session, tables.Connection, caller.workspace_id, connection_id)
        journal.note(session, deps, caller, "connection.changed", subject=connection.id, name=connection.name)
    _made(deps, caller.workspace_id, connection_id)


def set_up_again(deps: Deps, caller: Caller, connection_id: str) -> None:
    """Looks below the page anew and makes the databases, properties and views that are not there. Raises NotFound, Invalid, Forbidden."""
    caller.require("admin")
    view = connections.connection(deps, caller, connection_id)
    if view.kind != "notion":
        raise Invalid("connection", "This is not a connection to Notion.")
    connector = cast(NotionConnector, connections.opened(deps, caller.workspace_id, connection_id))
    try:
        connector.set_up_again()
    except ConnectorError as error:
        raise Invalid("connection", error.message_for_user) from None
    with deps.database.begin() as session:
        journal.note(session, deps, caller, "connection.changed", subject=view.id, name=view.name)


def arrived(deps: Deps, connection_id: str, path: str, raw: bytes, signature: str) -> None:
    """One delivery. Raises Forbidden where it proves nothing; anything else is accepted, whether it matters to us or not."""
    found, secrets = _known(deps, connection_id)
    if found is None or secrets is None or not hmac.compare_digest(path.encode(), secrets["path"].encode()):
        raise Forbidden("This address is not known.")
    body = _object(raw)
    token = body.get("verification_token")
    if isinstance(token, str) and "type" not in body:
        _shake_hands(deps, found.workspace_id, connection_id, secrets, token, raw, signature)
        return
    if not secrets.get("verification") or not signed(raw, signature, secrets["verification"]):
        raise Forbidden("The signature is missing or wrong.")
    _happened(deps, found.workspace_id, connection_id, secrets, body)


def pressed(deps: Deps, connection_id: str, secret: str, raw: bytes) -> None:
    """A *Create SOP* button in a row. Raises Forbidden, Invalid."""
    found, secrets = _known(deps, connection_id)
    if found is None or secrets is None or not hmac.compare_digest(secret.encode(), secrets["button"].encode()):
        raise Forbidden("The button's secret is missing or wrong.")
    data = _object(raw).get("data")
    row_id = _uuid(data.get("id") if isinstance(data, dict) else None)
    if row_id is None:
        raise Invalid("data", "The button does not say in which row it was pressed.")
    notion_rows.ask(deps, workspace_id=found.workspace_id, connection_id=connection_id, row_id=row_id, again=True)


def signed(raw: bytes, signature: str, token: str) -> bool:
    """Whether Notion signed exactly these bytes with the subscription's token."""
    expected = "sha256=" + hmac.new(token.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def _known(deps: Deps, connection_id: str) -> tuple[inbound.Link | None, dict[str, Any] | None]:
    """The hook and its secrets; both None, and the hook forgotten, where the connection was removed."""
    found = inbound.link(deps, kind=HOOK, external_id=connection_id)
    if found is None or not found.secret:
        return None, None
    with deps.database.begin() as session:
        there = session.get(tables.Connection, connection_id) is not None
    if not there:
        inbound.remove_link(deps, kind=HOOK, external_id=connection_id)
        return None, None
    return found, json.loads(found.secret)


def _connection_of(deps: Deps, workspace_id: str, connection_id: str, event: Mapping[str, Any]) -> str:
    """A public connection has one subscription for all Notion workspaces: the event says which it is about."""
    notion_workspace = event.get("workspace_id")
    for link in inbound.links(deps, workspace_id=workspace_id, kind=notion_oauth.INSTALLATION):
        if notion_workspace and link.data.get("notion_workspace") == notion_workspace and link.data.get("connection_id"):
            return str(link.data["connection_id"])
    return connection_id


def _shake_hands(
    deps: Deps, workspace_id: str, connection_id: str, secrets: Mapping[str, Any], token: str, raw: bytes, signature: str
) -> None:
    known = secrets.get("verification")
    if known is not None and not hmac.compare_digest(str(known).encode(), token.encode()):
        raise Forbidden("A subscription is active already. Ask an admin to forget it first.")
    if not 8 <= len(token) <= 500 or not token.isascii() or (signature and not signed(raw, signature, token)):
        raise Forbidden("The signature is missing or wrong.")
    if known is None:
        _store(deps, workspace_id, connection_id, {**secrets, "verification": token})
        log.info("notion_handshake", connection_id=connection_id)


def _happened(deps: Deps, workspace_id: str, connection_id: str, secrets: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    kind, identity = str(event.get("type") or ""), _uuid(event.get("id"))
    entity = event.get("entity")
    page_id = _uuid(entity.get("id") if isinstance(entity, dict) else None)
    if page_id is None or identity is None or not kind.startswith("page."):
        return
    if not inbound.first_time(deps, kind=EVENT, external_id=f"{connection_id}/{identity}", workspace_id=workspace_id):
        return
    authors = event.get("authors")
    ids = {_uuid(author.get("id")) for author in authors if isinstance(author, dict)} if isinstance(authors, list) else set()
    if ids and ids == {secrets.get("bot_id")}:
        return  # what we wrote ourselves comes back
    connection_id = _connection_of(deps, workspace_id, connection_id, event)
    if _published_page(deps, connection_id, page_id, deleted=kind == "page.deleted"):
        return
    if kind in LOOKS and not _elsewhere(deps, connection_id, event):
        notion_rows.ask(deps, workspace_id=workspace_id, connection_id=connection_id, row_id=page_id)


def _published_page(deps: Deps, connection_id: str, page_id: str, *, deleted: bool) -> bool:
    """True for a page of ours: a look at it takes people's edits back into the SOP. At most one look waits, however many events there are."""
    woken: list[str] = []

    def work(session: Session) -> bool:
        woken.clear()
        table, jobs = tables.Publication, tables.Job
        found = session.scalars(
            select(table).where(table.connection_id == connection_id, table.remote_id == page_id).with_for_update()
        ).all()
        for publication in found:
            waits = select(jobs).where(jobs.publication_id == publication.id, jobs.kind == "look", jobs.state == "queued")
            look = session.scalars(waits).first()
            if look is None:
                look = jobs(
                    id=deps.new_id("job"),
                    workspace_id=publication.workspace_id,
                    kind="look",
                    state="queued",
                    payload={},
                    sop_id=publication.sop_id,
                    publication_id=publication.id,
                    created_at=deps.clock(),
                )
                session.add(look)
                woken.append(look.id)
            if deleted:
                look.payload = {**(look.payload or {}), "deleted": True}
        return bool(found)

    ours = deps.database.run(work)
    for job_id in woken:
        deps.queue.wake(job_id)
    return ours


def _elsewhere(deps: Deps, connection_id: str, event: Mapping[str, Any]) -> bool:
    """True where the event itself says that it is about another database than *Recordings*."""
    data = event.get("data")
    parent = data.get("parent") if isinstance(data, dict) else None
    told = _uuid(parent.get("data_source_id") if isinstance(parent, dict) else None)
    with deps.database.begin() as session:
        source = notion_rows.source(session, connection_id)
    return told is not None and source is not None and told != source


def _secrets(deps: Deps, connection_id: str) -> dict[str, Any] | None:
    found = inbound.link(deps, kind=HOOK, external_id=connection_id)
    return json.loads(found.secret) if found and found.secret else None


def _made(deps: Deps, workspace_id: str, connection_id: str) -> dict[str, Any]:
    secrets = {"path": new_secret("sw", deps.random_bytes)[3:27], "button": new_secret("swb", deps.random_bytes)}
    _store(deps, workspace_id, connection_id, secrets)
    return secrets


def _store(deps: Deps, workspace_id: str, connection_id: str, secrets: Mapping[str, Any]) -> None:
    inbound.set_link(
        deps, inbound.Link(kind=HOOK, external_id=connection_id, workspace_id=workspace_id, data={}, secret=json.dumps(dict(secrets)))
    )


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid("body", "This is no JSON.") from None
    if not isinstance(body, dict):
        raise Invalid("body", "This is no JSON object.")
    return body


def _uuid(value: Any) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None

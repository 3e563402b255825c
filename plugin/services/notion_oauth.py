"""Installations of our public connection to Notion: made with a code, renewed by one process at a time, turned into a connection.

The pair of tokens lies encrypted beside the installation and is stored before it is used. Whoever finds a token refused asks here: where another
process has renewed it meanwhile, that one is given.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from connectors.errors import AuthFailed, ConnectorError, Retry
from connectors.notion import oauth
from connectors.notion.client import Api
from connectors.notion.oauth import App, Grant
from connectors.notion.settings import Settings as NotionSettings
from plugin.domain.errors import Invalid, NotFound
from plugin.services import connections, inbound
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import leases, tables

log = structlog.get_logger()

INSTALLATION = "notion-installation"
LEASE = timedelta(seconds=60)
PATIENCE_S = 45.0
MOST_PAGES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page that the installation may see."""

    id: str
    title: str


def app(deps: Deps) -> App:
    """Raises NotFound where the operator has not set one up."""
    settings = deps.settings
    if not settings.notion_client_id:
        raise NotFound("This installation has no public connection to Notion. Use the token of an internal one.")
    return App(
        client_id=settings.notion_client_id,
        client_secret=settings.notion_client_secret.get_secret_value(),
        url=settings.notion_url,
        allow_private=settings.allow_private_addresses,
    )


def authorize_url(deps: Deps, caller: Caller, *, redirect_uri: str, state: str) -> str:
    """Where the admin's browser goes. Raises NotFound, Forbidden."""
    caller.require("admin")
    return oauth.authorize_url(app(deps), redirect_uri=redirect_uri, state=state)


def install(deps: Deps, caller: Caller, *, code: str, redirect_uri: str) -> str:
    """The installation's id (the bot's). Raises Forbidden, Conflict (it belongs to another workspace), Invalid (with Notion's answer in words)."""
    caller.require("admin")
    try:
        grant = oauth.for_code(app(deps), code, redirect_uri=redirect_uri)
    except ConnectorError as error:
        raise Invalid("code", error.message_for_user) from None
    known = inbound.link(deps, kind=INSTALLATION, external_id=grant.bot_id)
    connection_id = known.data.get("connection_id") if known and known.workspace_id == caller.workspace_id else None
    inbound.set_link(deps, _link(caller.workspace_id, grant, connection_id))
    if connection_id:  # authorised again: the connection that there is goes on with the new pair
        _give(deps, caller.workspace_id, connection_id, grant.access_token)
    return grant.bot_id


def places(deps: Deps, caller: Caller, bot_id: str) -> tuple[Place, ...]:
    """Pages below which the databases could be; the copy of our template first. Raises NotFound, Forbidden, Invalid."""
    caller.require("admin")
    found = _installation(deps, caller, bot_id)
    try:
        api = _api(deps, found, parent=bot_id)
        body = {"filter": {"property": "object", "value": "page"}, "page_size": MOST_PAGES}
        pages = [p for p in api.query("search", body)["results"] if not p.get("in_trash") and _may_hold(p)]
        api.close()
    except ConnectorError as error:
        raise Invalid("installation", error.message_for_user) from None
    template = found.data.get("template")
    pages.sort(key=lambda page: page["id"] != template)
    return tuple(Place(id=str(page["id"]), title=_title(page)) for page in pages)


def choose(deps: Deps, caller: Caller, bot_id: str, *, parent: str) -> connections.ConnectionView:
    """Makes the connection with ``parent`` as its page, or gives the one that there is that page. Raises NotFound, Forbidden, Invalid."""
    caller.require("admin")
    found = _installation(deps, caller, bot_id)
    pair = json.loads(found.secret or "{}")
    given = {"token": pair["access"], "parent": parent, "url": deps.settings.notion_url}
    known = found.data.get("connection_id")
    try:
        if known:
            return connections.change(deps, caller, known, settings=given)
    except NotFound:
        pass  # it was removed; a new one is made
    made = connections.connect(deps, caller, kind="notion", name=str(found.data.get("workspace_name") or "Notion")[:120], settings=given)
    data = {**found.data, "connection_id": made.id}
    inbound.set_link(
        deps, inbound.Link(kind=INSTALLATION, external_id=bot_id, workspace_id=caller.workspace_id, data=data, secret=found.secret)
    )
    return made


def attach(deps: Deps, workspace_id: str, connection_id: str, connector: Any) -> None:
    """Lets the connector ask for another token when Notion refuses its own; nothing for internal connections."""
    api = getattr(connector, "api", None)
    if not isinstance(api, Api) or not deps.settings.notion_client_id:
        return
    found = next(
        (
            link
            for link in inbound.links(deps, workspace_id=workspace_id, kind=INSTALLATION)
            if link.data.get("connection_id") == connection_id
        ),
        None,
    )
    if found is not None:
        api.renew = _renewer(deps, found.external_id)


def _renewer(deps: Deps, bot_id: str) -> Callable[[str], str | None]:
    def renew(refused: str) -> str | None:
        name, holder = f"notion-token/{bot_id}", deps.new_id("lnk")
        deadline = time.monotonic() + PATIENCE_S
        while not _held(deps, name, holder):
            if (other := _current(deps, bot_id)) != refused:
                return other
            if time.monotonic() > deadline:
                raise Retry("The token is being renewed by another process.", after_s=30.0, connector="notion", operation="token")
            time.sleep(0.2)
        try:
            current = _current(deps, bot_id)
            return current if current != refused else _renewed(deps, bot_id)
        finally:
            with deps.database.begin() as session:
                leases.let_go(session, name, holder, now=leases.now(session, deps.clock()))

    return renew


def _renewed(deps: Deps, bot_id: str) -> str | None:
    found = inbound.link(deps, kind=INSTALLATION, external_id=bot_id)
    pair = json.loads(found.secret or "{}") if found else {}
    if found is None or not pair.get("refresh"):
        return None
    try:
        grant = oauth.for_refresh(app(deps), pair["refresh"])
    except AuthFailed:
        return None  # the caller's own refusal stands: connect again
    inbound.set_link(deps, _link(found.workspace_id, grant, found.data.get("connection_id"), refresh=pair["refresh"]))
    if found.data.get("connection_id"):
        _give(deps, found.workspace_id, found.data["connection_id"], grant.access_token)
    log.info("notion_token_renewed", bot_id=bot_id)
    return grant.access_token


def _current(deps: Deps, bot_id: str) -> str | None:
    found = inbound.link(deps, kind=INSTALLATION, external_id=bot_id)
    return json.loads(found.secret)["access"] if found and found.secret else None


def _held(deps: Deps, name: str, holder: str) -> bool:
    def hold(session: Session) -> bool:
        return leases.hold(session, name, holder, now=leases.now(session, deps.clock()), lasts=LEASE)

    try:
        return deps.database.run(hold)
    except IntegrityError:
        return False


def _give(deps: Deps, workspace_id: str, connection_id: str, token: str) -> None:
    """The connection gets the newest token; what waited for it goes on."""
    woken: list[str] = []

    def work(session: Session) -> None:
        row = session.get(tables.Connection, connection_id)
        if row is not None and row.workspace_id == workspace_id:
            _, jobs = connections.provide(
                session, deps, workspace_id, connection_id, kind="notion", name=row.name, settings={"token": token}
            )
            woken.extend(jobs)

    deps.database.run(work)
    for job_id in woken:
        deps.queue.wake(job_id)


def _link(workspace_id: str, grant: Grant, connection_id: str | None, *, refresh: str | None = None) -> inbound.Link:
    return inbound.Link(
        kind=INSTALLATION,
        external_id=grant.bot_id,
        workspace_id=workspace_id,
        data={
            "workspace_name": grant.workspace_name,
            "notion_workspace": grant.workspace_id,
            "template": grant.template,
            "connection_id": connection_id,
        },
        secret=json.dumps({"access": grant.access_token, "refresh": grant.refresh_token or refresh}),
    )


def _installation(deps: Deps, caller: Caller, bot_id: str) -> inbound.Link:
    found = inbound.link(deps, kind=INSTALLATION, external_id=bot_id)
    if found is None or found.workspace_id != caller.workspace_id:
        raise NotFound("There is no such installation.")
    return found


def _api(deps: Deps, found: inbound.Link, *, parent: str) -> Api:
    pair = json.loads(found.secret or "{}")
    given = {"token": pair.get("access", ""), "parent": parent, "url": deps.settings.notion_url}
    api = Api(NotionSettings.model_validate({**given, "allow_private_addresses": deps.settings.allow_private_addresses}))
    api.renew = _renewer(deps, found.external_id)
    return api


def _may_hold(page: dict[str, Any]) -> bool:
    """Rows of databases are no place for databases of ours."""
    return (page.get("parent") or {}).get("type") in ("workspace", "page_id", "block_id")


def _title(page: dict[str, Any]) -> str:
    for config in (page.get("properties") or {}).values():
        if config.get("type") == "title":
            return "".join(item.get("plain_text", "") for item in config.get("title") or ()) or "Untitled"
    return "Untitled"

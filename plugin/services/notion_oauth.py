"""Installations of our public connection to Notion: made with a code and turned into a connection. Their tokens: :mod:`plugin.services.grants`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from connectors.errors import ConnectorError, Gone
from connectors.notion import oauth
from connectors.notion.client import Api
from connectors.notion.oauth import App, Grant
from connectors.notion.settings import Settings as NotionSettings
from connectors.notion.settings import notion_id
from plugin.domain.errors import Invalid, NotFound
from plugin.services import connections, grants, inbound
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.grants import Pair

INSTALLATION = grants.NOTION
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
        grants.give(deps, TOKENS, caller.workspace_id, connection_id, grant.access_token)
    return grant.bot_id


def places(deps: Deps, caller: Caller, bot_id: str) -> tuple[Place, ...]:
    """Pages below which the databases could be; the copy of our template first. Raises NotFound, Forbidden, Invalid.

    Notion's search knows new pages late and gives no more than a hundred: a page may be missing here.
    """
    caller.require("admin")
    found = _installation(deps, caller, bot_id)
    template = found.data.get("template")
    try:
        api = _api(deps, found, parent=bot_id)
        body = {"filter": {"property": "object", "value": "page"}, "page_size": MOST_PAGES}
        pages = [p for p in api.query("search", body)["results"] if not p.get("in_trash") and _may_hold(p)]
        if template and template not in [page["id"] for page in pages]:  # made a moment ago
            with suppress(Gone):
                pages.append(api.get(f"pages/{template}"))
        api.close()
    except ConnectorError as error:
        raise Invalid("installation", error.message_for_user) from None
    pages.sort(key=lambda page: page["id"] != template)
    return tuple(Place(id=str(page["id"]), title=_title(page)) for page in pages)


def page(deps: Deps, caller: Caller, bot_id: str, given: str) -> Place:
    """The page of an id or address, where the installation may see it and it can hold databases. Raises NotFound, Forbidden, Invalid."""
    caller.require("admin")
    found = _installation(deps, caller, bot_id)
    try:
        identity = notion_id(given)
        api = _api(deps, found, parent=bot_id)
        answer = api.get(f"pages/{identity}")
        api.close()
    except ValueError as error:
        raise Invalid("parent", str(error)) from None
    except Gone:
        raise Invalid("parent", "The connection cannot see this page. Authorise it again and choose the page there.") from None
    except ConnectorError as error:
        raise Invalid("installation", error.message_for_user) from None
    if answer.get("in_trash") or not _may_hold(answer):
        raise Invalid("parent", "Choose a page that is not in the trash and no row of a database.")
    return Place(id=str(answer["id"]), title=_title(answer))


def choose(deps: Deps, caller: Caller, bot_id: str, *, parent: str) -> connections.ConnectionView:
    """Makes the connection with ``parent`` as its page, or gives the one that there is that page. Raises NotFound, Forbidden, Invalid."""
    caller.require("admin")
    found = _installation(deps, caller, bot_id)
    given = {"token": grants.pair_of(found).access, "parent": parent, "url": deps.settings.notion_url}
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


def _refreshed(deps: Deps, refresh: str) -> Pair:
    grant = oauth.for_refresh(app(deps), refresh)
    return Pair(access=grant.access_token, refresh=grant.refresh_token)


TOKENS = grants.Kind(link=INSTALLATION, connector="notion", refreshed=_refreshed)


def _link(workspace_id: str, grant: Grant, connection_id: str | None) -> inbound.Link:
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
        secret=Pair(access=grant.access_token, refresh=grant.refresh_token).sealed(),
    )


def _installation(deps: Deps, caller: Caller, bot_id: str) -> inbound.Link:
    found = inbound.link(deps, kind=INSTALLATION, external_id=bot_id)
    if found is None or found.workspace_id != caller.workspace_id:
        raise NotFound("There is no such installation.")
    return found


def _api(deps: Deps, found: inbound.Link, *, parent: str) -> Api:
    given = {"token": grants.pair_of(found).access, "parent": parent, "url": deps.settings.notion_url}
    api = Api(NotionSettings.model_validate({**given, "allow_private_addresses": deps.settings.allow_private_addresses}))
    api.renew = grants.renewer(deps, TOKENS, found.external_id)
    return api


def _may_hold(page: dict[str, Any]) -> bool:
    """Rows of databases are no place for databases of ours."""
    return (page.get("parent") or {}).get("type") in ("workspace", "page_id", "block_id")


def _title(page: dict[str, Any]) -> str:
    for config in (page.get("properties") or {}).values():
        if config.get("type") == "title":
            return "".join(item.get("plain_text", "") for item in config.get("title") or ()) or "Untitled"
    return "Untitled"

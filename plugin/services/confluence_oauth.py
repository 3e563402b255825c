"""Connecting Confluence Cloud by OAuth 2.0 (3LO): a person's grant, the site chosen among those it opens, the connection that uses it.

A grant is kept from the moment its code was exchanged; it becomes a connection when a site and a space are chosen. Connecting a site again renews the
connection that there is. Its tokens are renewed by :mod:`plugin.services.grants`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.confluence import oauth
from connectors.confluence.oauth import App, Site, Space
from connectors.errors import ConnectorError
from plugin.domain.errors import Forbidden, Invalid, NotFound
from plugin.services import connections, grants, inbound
from plugin.services.caller import Caller
from plugin.services.connections import ConnectionView
from plugin.services.deps import Deps
from plugin.services.grants import Pair
from plugin.store import tables

GRANT = grants.CONFLUENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A grant that waits for its site. ``missing`` is what was not granted, in words."""

    id: str
    sites: tuple[Site, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A connection and what it lacks, in words; ``problem`` where Confluence does not accept it. ``granted``: it was made by OAuth."""

    connection: ConnectionView
    granted: bool
    account: str | None
    missing: tuple[str, ...]
    problem: str | None


def app(deps: Deps) -> App:
    """Raises NotFound where the operator has not set one up."""
    settings = deps.settings
    if not settings.atlassian_client_id:
        raise NotFound("This installation has no OAuth app at Atlassian. Use an API token.")
    return App(
        client_id=settings.atlassian_client_id,
        client_secret=settings.atlassian_client_secret.get_secret_value(),
        auth_url=settings.atlassian_auth_url,
        api_url=settings.atlassian_api_url,
        allow_private=settings.allow_private_addresses,
    )


def authorize_url(deps: Deps, caller: Caller, *, redirect_uri: str, state: str, challenge: str) -> str:
    """Where the admin's browser goes. Raises NotFound, Forbidden."""
    caller.require("admin")
    return oauth.authorize_url(app(deps), redirect_uri=redirect_uri, state=state, challenge=challenge)


def accept(deps: Deps, caller: Caller, *, code: str, redirect_uri: str, verifier: str) -> Offer:
    """Exchanges the code and keeps the grant. Raises Forbidden, Invalid (with Atlassian's answer in words)."""
    caller.require("admin")
    try:
        grant = oauth.for_code(app(deps), code, redirect_uri=redirect_uri, verifier=verifier)
        found = oauth.sites(app(deps), grant.access_token)
    except ConnectorError as error:
        raise Invalid("code", error.message_for_user) from None
    if not found:
        raise Invalid("site", "No Confluence site was chosen at Atlassian, or your account has none. Connect again and choose one.")
    offer = Offer(id=deps.new_id("lnk"), sites=found, missing=oauth.missing(grant.scopes))
    _forget_unused(deps, caller)
    data = {
        "sites": [{"id": s.id, "name": s.name, "url": s.url} for s in found],
        "missing": list(offer.missing),
        "person_id": caller.person_id,
        "connection_id": None,
    }
    pair = Pair(access=grant.access_token, refresh=grant.refresh_token)
    inbound.set_link(
        deps, inbound.Link(kind=GRANT, external_id=offer.id, workspace_id=caller.workspace_id, data=data, secret=pair.sealed())
    )
    return offer


def offer(deps: Deps, caller: Caller, grant_id: str) -> Offer:
    """Raises NotFound, Forbidden."""
    caller.require("admin")
    data = _link(deps, caller, grant_id).data
    return Offer(id=grant_id, sites=tuple(Site(**site) for site in data["sites"]), missing=tuple(data["missing"]))


def spaces(deps: Deps, caller: Caller, grant_id: str, site_id: str) -> tuple[Space, ...]:
    """Of one of the grant's sites, to choose from; empty where they cannot be listed. Raises NotFound, Forbidden (not among the sites)."""
    caller.require("admin")
    link = _link(deps, caller, grant_id)
    _site(link, site_id)
    try:
        return oauth.spaces(app(deps), site_id, grants.pair_of(link).access)
    except ConnectorError:
        return ()


def choose(deps: Deps, caller: Caller, grant_id: str, *, site_id: str, space: str) -> ConnectionView:
    """The connection to that site: a new one, or the one that there is, which goes on with the new grant and what waited for it.

    Raises NotFound, Forbidden (the site is not among those of the grant), Invalid.
    """
    caller.require("admin")
    link = _link(deps, caller, grant_id)
    site = _site(link, site_id)
    given = {"url": app(deps).address(site.id), "edition": "cloud", "token": grants.pair_of(link).access, "space": space.strip() or None}
    before = _granted_for(deps, caller.workspace_id, site.id)
    view = _renewed(deps, caller, before, given) or connections.connect(
        deps, caller, kind="confluence", name=_name(site), settings=given, default_place=given["space"]
    )
    inbound.set_link(deps, replace(link, data={**link.data, "site_id": site.id, "connection_id": view.id}))
    if before is not None and before.external_id != grant_id:
        inbound.remove_link(deps, kind=GRANT, external_id=before.external_id)
    return view


def standing(deps: Deps, caller: Caller, connection_id: str) -> Standing:
    """How a connection to Confluence stands. Raises NotFound, Forbidden."""
    caller.require("admin")
    view = connections.connection(deps, caller, connection_id)
    if view.kind != "confluence":
        raise NotFound("There is no such connection.")
    link = grants.of_connection(deps, TOKENS, caller.workspace_id, connection_id)
    lacking = tuple(link.data.get("missing") or ()) if link else ()
    try:
        identity = connections.check(deps, caller, connection_id)
    except Invalid as error:
        return Standing(connection=view, granted=link is not None, account=None, missing=lacking, problem=error.message_for_user)
    return Standing(connection=view, granted=link is not None, account=identity.name, missing=(*lacking, *identity.missing), problem=None)


def _renewed(deps: Deps, caller: Caller, before: inbound.Link | None, given: dict[str, str | None]) -> ConnectionView | None:
    if before is None:
        return None
    settings = given if given["space"] else {name: value for name, value in given.items() if name != "space"}
    try:
        return connections.change(deps, caller, before.data["connection_id"], settings=settings, default_place=given["space"])
    except NotFound:
        return None  # it was removed meanwhile


def _granted_for(deps: Deps, workspace_id: str, site_id: str) -> inbound.Link | None:
    mine = inbound.links(deps, workspace_id=workspace_id, kind=GRANT)
    return next((link for link in mine if link.data.get("site_id") == site_id and link.data.get("connection_id")), None)


def _forget_unused(deps: Deps, caller: Caller) -> None:
    """A grant that this person began and never gave a site is worth nothing any more."""
    table = tables.External

    def work(session: Session) -> None:
        for row in session.scalars(select(table).where(table.workspace_id == caller.workspace_id, table.kind == GRANT)):
            if row.data.get("connection_id") is None and row.data.get("person_id") == caller.person_id:
                session.delete(row)

    deps.database.run(work)


def _link(deps: Deps, caller: Caller, grant_id: str) -> inbound.Link:
    found = inbound.link(deps, kind=GRANT, external_id=grant_id)
    if found is None or found.workspace_id != caller.workspace_id:
        raise NotFound("There is no such authorization. Connect again.")
    return found


def _site(link: inbound.Link, site_id: str) -> Site:
    found = next((site for site in link.data["sites"] if site["id"] == site_id), None)
    if found is None:
        raise Forbidden("This site is not among those that were chosen at Atlassian.")
    return Site(**found)


def _name(site: Site) -> str:
    return f"Confluence ({urlsplit(site.url).hostname or site.name})"[:120]


def _refreshed(deps: Deps, refresh: str) -> Pair:
    grant = oauth.for_refresh(app(deps), refresh)
    return Pair(access=grant.access_token, refresh=grant.refresh_token)


TOKENS = grants.Kind(link=GRANT, connector="confluence", refreshed=_refreshed)

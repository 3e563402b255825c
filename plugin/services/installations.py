"""Where the Forge app is installed: which Confluence site is which workspace, the app's token for it, and who of that site is which person.

A site is known by its cloud id, which survives a new installation; an installation by its own id, which does not. The workspace follows from the site
and from nothing that a request says. The token lives encrypted in the site's connection and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugin.domain.errors import Forbidden
from plugin.services import connections, journal
from plugin.services.caller import system
from plugin.services.deps import Deps
from plugin.store import tables

log = structlog.get_logger(__name__)

SITE, INSTALLATION = "forge-site", "forge-installation"
GOODBYE = timedelta(minutes=15)
"""So long after a removal late events of that installation are not taken for a sign of life; Forge repeats an event for some four minutes."""
_FRESHER = timedelta(minutes=10)
UNNAMED = "Confluence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What a verified invocation says of itself. ``api_base_url`` has no slash at its end; ``site_url`` is told by calls of people only."""

    id: str
    cloud_id: str
    api_base_url: str
    app_version: str
    environment: str
    site_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A Confluence site that is one workspace here. ``connection_id`` None: no token has arrived yet. ``served_by`` is the installation whose token it has."""

    workspace_id: str
    cloud_id: str
    connection_id: str | None
    served_by: str | None = field(default=None, compare=False)
    token_ends: datetime | None = field(default=None, compare=False)

    def has_for(self, installation: Installation, *, until: datetime, now: datetime) -> bool:
        """Whether the token that is kept is hardly older than one that ends at ``until``."""
        return self.served_by == installation.id and self.token_ends is not None and self.token_ends > max(now, until - _FRESHER)


def enter(deps: Deps, installation: Installation) -> Site:
    """The site of an invocation, made at its first one. Raises Forbidden for a site that the operator has not named, and after a removal."""
    return known(deps, installation) or _first(deps, installation)


def known(deps: Deps, installation: Installation) -> Site | None:
    """The same without making anything."""
    allowed = deps.settings.forge_site_ids
    if allowed and installation.cloud_id not in allowed:
        raise Forbidden(
            "This Confluence site may not use this service. Its operator has to add the site to SOPWRIGHT_FORGE_SITES.",
            detail_for_operator=f"cloud id {installation.cloud_id}",
        )
    with deps.database.begin() as session:
        here, site = (
            session.get(tables.External, (INSTALLATION, installation.id)),
            session.get(tables.External, (SITE, installation.cloud_id)),
        )
        if here is not None and _removed(here, deps.clock()):
            raise Forbidden("The app is being removed from this Confluence site.")
        return _site(site) if site is not None else None


def supply(deps: Deps, site: Site, installation: Installation, *, token: str, expires_at: datetime, always: bool = False) -> Site:
    """Keeps the app's token for the site; work that waited for one goes on. Unless ``always``, one that is hardly fresher than the stored is left alone."""
    if not always and site.has_for(installation, until=expires_at, now=deps.clock()):
        return site
    woken: list[str] = []

    def work(session: Session) -> Site:
        woken.clear()
        row = session.get(tables.External, (SITE, site.cloud_id), with_for_update=True)
        if row is None:
            raise Forbidden("The app is being removed from this Confluence site.")
        _note_installation(session, deps, row.workspace_id, installation)
        settings = {
            "url": f"{installation.api_base_url}/wiki",
            "edition": "cloud",
            "token": token,
            "allow_private_addresses": deps.settings.allow_private_addresses,
        }
        connection, waiting = connections.provide(
            session,
            deps,
            row.workspace_id,
            row.data.get("connection_id"),
            kind="confluence",
            name=_name(row, installation),
            settings=settings,
        )
        woken.extend(waiting)
        if installation.site_url and not row.data.get("site_url"):
            _call_by_its_address(session, row, installation, connection)
        changed = {"installation_id": installation.id, "connection_id": connection.id, "token_ends": expires_at.isoformat()}
        row.data = {**row.data, **changed, **({"site_url": installation.site_url} if installation.site_url else {})}
        return _site(row)

    supplied = deps.database.run(work)
    for job_id in woken:
        deps.queue.wake(job_id)
    return supplied


def remove(deps: Deps, site: Site, installation: Installation) -> None:
    """The app is taken off the site: its credential is wiped and nothing is written there any more. SOPs, revisions and people stay."""

    def work(session: Session) -> None:
        caller = system(site.workspace_id)
        here = _note_installation(session, deps, site.workspace_id, installation)
        here.data = {**here.data, "removed_at": deps.clock().isoformat()}
        row = session.get(tables.External, (SITE, site.cloud_id), with_for_update=True)
        if row is None or row.data.get("installation_id") not in (None, installation.id):
            return  # another installation of the app serves the site
        row.data = {**row.data, "token_ends": None}
        words = "The app was removed from Confluence. Install it there again to go on publishing; SOPs and their history are kept."
        connections.withdraw(session, site.workspace_id, row.data.get("connection_id"), words)
        journal.note(session, deps, caller, "forge.removed", subject=site.cloud_id, site=_host(row) or site.cloud_id)

    deps.database.run(work)
    log.info("forge_removed", cloud_id=site.cloud_id)


def alive(deps: Deps, installation_id: str) -> bool:
    """Whether the app is still installed there, as far as we were told."""
    with deps.database.begin() as session:
        row = session.get(tables.External, (INSTALLATION, installation_id))
        return row is not None and row.data.get("removed_at") is None


def is_installer(deps: Deps, site: Site, account_id: str) -> bool:
    """Whether that account put the app there."""
    with deps.database.begin() as session:
        row = session.get(tables.External, (SITE, site.cloud_id))
        return row is not None and row.data.get("installer") == account_id


def name_installer(deps: Deps, site: Site, account_id: str) -> None:
    """Remembered once, by the event of the first installation."""
    with deps.database.begin() as session:
        row = session.get(tables.External, (SITE, site.cloud_id), with_for_update=True)
        if row is not None and not row.data.get("installer"):
            row.data = {**row.data, "installer": account_id}


def connection_ids(session: Session, site: Site) -> list[str]:
    """The site's own connection, and those that an admin made to the same site by hand."""
    row = session.get(tables.External, (SITE, site.cloud_id))
    host = _host(row) if row is not None else None
    table = tables.Connection
    found = session.scalars(select(table).where(table.workspace_id == site.workspace_id, table.kind == "confluence")).all()
    return [c.id for c in found if c.id == site.connection_id or (host and str(c.settings.get("url", "")).startswith(f"https://{host}/"))]


def _first(deps: Deps, installation: Installation) -> Site:
    """Two first events at once agree through the primary key of the link."""
    try:
        with deps.database.begin() as session:
            workspace = _workspace(session, deps, installation)
            row = tables.External(
                kind=SITE,
                external_id=installation.cloud_id,
                workspace_id=workspace.id,
                created_at=deps.clock(),
                data={},
                secret_sealed=None,
            )
            session.add(row)
            session.flush()
            journal.note(
                session,
                deps,
                system(workspace.id),
                "forge.installed",
                subject=installation.cloud_id,
                site=installation.site_url or installation.cloud_id,
            )
            return _site(row)
    except IntegrityError:
        with deps.database.begin() as session:
            other = session.get(tables.External, (SITE, installation.cloud_id))
            if other is None:
                raise
            return _site(other)


def _workspace(session: Session, deps: Deps, installation: Installation) -> tables.Workspace:
    """The one that the operator named for the app, else a new one: who can install the app somewhere must not get into another's workspace by it."""
    wanted = deps.settings.forge_workspace
    if wanted:
        found = session.scalars(select(tables.Workspace).where(tables.Workspace.slug == wanted)).one_or_none()
        if found is None:
            raise Forbidden(
                "The service is not set up completely. Tell its operator.",
                detail_for_operator=f"SOPWRIGHT_FORGE_WORKSPACE: there is no {wanted!r}",
            )
        return found
    made = tables.Workspace(
        id=deps.new_id("wsp"),
        name="Confluence",
        slug=f"confluence-{installation.cloud_id}"[:255].lower(),
        settings={},
        created_at=deps.clock(),
    )
    session.add(made)
    session.flush()
    journal.note(session, deps, system(made.id), "workspace.created", subject=made.id, name=made.name)
    return made


def _call_by_its_address(session: Session, row: tables.External, installation: Installation, connection: tables.Connection) -> None:
    """Events do not tell the site's address; the first person does. Names that nobody chose give way to it."""
    connection.name = _name(row, installation)
    workspace = session.get(tables.Workspace, row.workspace_id)
    if workspace is not None and workspace.slug == _slug(installation) and workspace.name == UNNAMED:
        workspace.name = _name(row, installation)


def _note_installation(session: Session, deps: Deps, workspace_id: str, installation: Installation) -> tables.External:
    row = session.get(tables.External, (INSTALLATION, installation.id), with_for_update=True)
    if row is None:
        row = tables.External(kind=INSTALLATION, external_id=installation.id, workspace_id=workspace_id, created_at=deps.clock())
        session.add(row)
    row.data = {
        "cloud_id": installation.cloud_id, "environment": installation.environment, "app_version": installation.app_version,
        "seen_at": deps.clock().isoformat(), "removed_at": None,
    }  # fmt: skip
    return row


def _slug(installation: Installation) -> str:
    return f"confluence-{installation.cloud_id}"[:255].lower()


def _removed(row: tables.External, now: datetime) -> bool:
    at = row.data.get("removed_at")
    return at is not None and now - datetime.fromisoformat(at) < GOODBYE


def _ends(data: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(data["token_ends"]) if data.get("token_ends") else None


def _host(row: tables.External) -> str | None:
    url = row.data.get("site_url")
    return str(url).removeprefix("https://").split("/")[0] if url else None


def _name(row: tables.External, installation: Installation) -> str:
    host = installation.site_url.removeprefix("https://").split("/")[0] if installation.site_url else _host(row)
    return f"Confluence ({host})" if host else UNNAMED


def _site(row: tables.External) -> Site:
    return Site(
        workspace_id=row.workspace_id,
        cloud_id=row.external_id,
        connection_id=row.data.get("connection_id"),
        served_by=row.data.get("installation_id"),
        token_ends=_ends(row.data),
    )

"""Pairs of tokens that people granted us elsewhere: kept encrypted, renewed by one process at a time, given to the connection that uses them.

A new pair is stored before it is used. Whoever finds a token refused asks here: where another process has renewed it meanwhile, that one is given.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from connectors.contract import Connector, Renewable
from connectors.errors import Retry
from plugin.domain.errors import NotFound
from plugin.services import connections, inbound
from plugin.services.deps import Deps
from plugin.services.inbound import Link
from plugin.store import leases, tables
from plugin.store.session import shared_now

log = structlog.get_logger()

NOTION, CONFLUENCE = "notion-installation", "confluence-grant"
"""Kinds of links that hold a pair of tokens; their data names the ``connection_id`` that uses it."""
LEASE = timedelta(seconds=60)
PATIENCE_S = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    access: str
    refresh: str | None

    def sealed(self) -> str:
        """As the secret of a link."""
        return json.dumps({"access": self.access, "refresh": self.refresh})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``link`` is the kind of the links that hold such pairs, ``connector`` the kind of connection that uses them.

    ``refreshed`` gives a new pair for a refresh token; it raises AuthFailed (connect again) and Retry. A pair without a refresh token keeps the old one.
    """

    link: str
    connector: str
    refreshed: Callable[[Deps, str], Pair]


def pair_of(link: Link) -> Pair:
    value = json.loads(link.secret or "{}")
    return Pair(access=str(value.get("access") or ""), refresh=value.get("refresh"))


def attach(deps: Deps, kind: Kind, workspace_id: str, connection_id: str, connector: Connector) -> None:
    """Lets the connector ask for another token when its own is refused; nothing for a connection whose credential was typed in."""
    found = of_connection(deps, kind, workspace_id, connection_id)
    if found is not None and isinstance(connector, Renewable):
        connector.renew_with(renewer(deps, kind, found.external_id))


def of_connection(deps: Deps, kind: Kind, workspace_id: str, connection_id: str) -> Link | None:
    """The link whose pair a connection uses."""
    mine = inbound.links(deps, workspace_id=workspace_id, kind=kind.link)
    return next((link for link in mine if link.data.get("connection_id") == connection_id), None)


def renewer(deps: Deps, kind: Kind, external_id: str) -> Callable[[str], str | None]:
    """See :class:`connectors.contract.Renewable`."""

    def renew(refused: str) -> str | None:
        name, holder = f"{kind.connector}-token/{external_id}", deps.new_id("lnk")
        deadline = time.monotonic() + PATIENCE_S
        while not _held(deps, name, holder):
            if (other := _current(deps, kind, external_id)) != refused:
                return other
            if time.monotonic() > deadline:
                raise Retry("The token is being renewed by another process.", after_s=30.0, connector=kind.connector, operation="token")
            time.sleep(0.2)
        try:
            current = _current(deps, kind, external_id)
            return current if current != refused else _renewed(deps, kind, external_id)
        finally:
            with deps.database.begin() as session:
                leases.let_go(session, name, holder, now=shared_now(session, deps.clock()))

    return renew


def give(deps: Deps, kind: Kind, workspace_id: str, connection_id: str, access: str) -> bool:
    """The connection gets the newest token; what waited for it goes on. False where there is no such connection any more."""
    woken: list[str] = []

    def work(session: Session) -> bool:
        woken.clear()
        row = session.get(tables.Connection, connection_id)
        if row is None or row.workspace_id != workspace_id:
            return False
        settings = {"token": access}
        _, jobs = connections.provide(session, deps, workspace_id, connection_id, kind=kind.connector, name=row.name, settings=settings)
        woken.extend(jobs)
        return True

    there = deps.database.run(work)
    for job_id in woken:
        deps.queue.wake(job_id)
    return there


def forget(session: Session, workspace_id: str, connection_id: str) -> None:
    """Wipes the pair of a connection that is removed."""
    table = tables.External
    for row in session.scalars(select(table).where(table.workspace_id == workspace_id, table.kind.in_((NOTION, CONFLUENCE)))):
        if row.data.get("connection_id") == connection_id:
            session.delete(row)


def _renewed(deps: Deps, kind: Kind, external_id: str) -> str | None:
    found = inbound.link(deps, kind=kind.link, external_id=external_id)
    refresh = pair_of(found).refresh if found else None
    if found is None or not refresh:
        return None
    try:
        pair = kind.refreshed(deps, refresh)
    except NotFound:
        return None  # the operator has taken the app away; the target's refusal stands
    inbound.set_link(deps, replace(found, secret=replace(pair, refresh=pair.refresh or refresh).sealed()))
    if found.data.get("connection_id"):
        give(deps, kind, found.workspace_id, found.data["connection_id"], pair.access)
    log.info("token_renewed", connector=kind.connector, grant=external_id)
    return pair.access


def _current(deps: Deps, kind: Kind, external_id: str) -> str | None:
    found = inbound.link(deps, kind=kind.link, external_id=external_id)
    return pair_of(found).access if found and found.secret else None


def _held(deps: Deps, name: str, holder: str) -> bool:
    def hold(session: Session) -> bool:
        return leases.hold(session, name, holder, now=shared_now(session, deps.clock()), lasts=LEASE)

    try:
        return deps.database.run(hold)
    except IntegrityError:
        return False

"""The REST API, one module a resource. A view reads what was sent, calls one service, and shows what it returned."""

from __future__ import annotations

from plugin.web.api import (
    approvals,
    audit,
    connections,
    jobs,
    links,
    people,
    pictures,
    publications,
    recordings,
    reviews,
    revisions,
    session,
    sops,
    templates,
    tickets,
    tokens,
    workspaces,
)
from plugin.web.routing import Api

APIS: tuple[Api, ...] = tuple(
    module.api
    for module in (
        session,
        recordings,
        jobs,
        sops,
        revisions,
        pictures,
        publications,
        approvals,
        reviews,
        links,
        audit,
        templates,
        connections,
        people,
        tokens,
        tickets,
        workspaces,
    )
)

"""Connections to knowledge bases. Secrets go in and are never shown again."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from connectors.contract import Identity
from plugin.services import connections as connections_service
from plugin.services.connections import ConnectionKind, ConnectionView
from plugin.web import tickets
from plugin.web.answers import Listing
from plugin.web.api.common import Name
from plugin.web.bodies import Body
from plugin.web.context import caller, deps
from plugin.web.routing import Api

api = Api("connections", "Connections")


class ConnectBody(Body):
    kind: str = Field(min_length=1, max_length=64)
    name: Name
    settings: dict[str, Any] = Field({}, max_length=100)
    default_place: str | None = Field(None, max_length=500)


class ChangeBody(Body):
    name: Name | None = None
    settings: dict[str, Any] | None = Field(
        None, max_length=100, description="Replaces the fields it names; a secret that it leaves out stays."
    )
    default_place: str | None = Field(None, max_length=500)


@api.route("GET", "/connections", "Connections of the workspace", unbound=True, answers=Listing[ConnectionView])
def connections() -> Any:
    found, place = connections_service.connections(deps(), caller()), tickets.bounds().place
    return Listing(items=found if place is None else tuple(one for one in found if one.id == place.connection_id))


@api.route(
    "GET",
    "/connections/kinds",
    "Connectors that are installed, with the schema of their settings",
    tickets=False,
    answers=Listing[ConnectionKind],
)
def kinds() -> Any:
    return Listing(items=connections_service.kinds())


@api.route(
    "POST",
    "/connections",
    "Connect a knowledge base",
    role="admin",
    tickets=False,
    body=ConnectBody,
    answers=ConnectionView,
    status=201,
    once=True,
)
def connect(body: ConnectBody) -> Any:
    return connections_service.connect(
        deps(), caller(), kind=body.kind, name=body.name, settings=body.settings, default_place=body.default_place
    )


@api.route("GET", "/connections/<connection_id>", "One connection", answers=ConnectionView)
def connection(connection_id: str) -> Any:
    return connections_service.connection(deps(), caller(), connection_id)


@api.route(
    "PATCH", "/connections/<connection_id>", "Change a connection", role="admin", tickets=False, body=ChangeBody, answers=ConnectionView
)
def change(connection_id: str, body: ChangeBody) -> Any:
    return connections_service.change(
        deps(), caller(), connection_id, name=body.name, settings=body.settings, default_place=body.default_place
    )


@api.route("DELETE", "/connections/<connection_id>", "Disconnect; the pages stay", role="admin", tickets=False, status=204)
def disconnect(connection_id: str) -> None:
    connections_service.disconnect(deps(), caller(), connection_id)


@api.route("POST", "/connections/<connection_id>/check", "Ask the target who we are there", role="admin", tickets=False, answers=Identity)
def check(connection_id: str) -> Any:
    return connections_service.check(deps(), caller(), connection_id)

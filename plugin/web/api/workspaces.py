"""Workspaces: the caller's own, and those they belong to."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from plugin.services import administration
from plugin.services.administration import Health, WorkspaceView
from plugin.web.answers import Listing
from plugin.web.api.common import Name
from plugin.web.bodies import Body, Query
from plugin.web.context import caller, deps
from plugin.web.errors import not_found
from plugin.web.routing import Api

api = Api("workspaces", "Workspaces")


class WorkspaceBody(Body):
    name: Name


class SettingsBody(Body):
    name: Name | None = None
    settings: dict[str, Any] | None = Field(None, max_length=50, description="Replaces the fields it names.")


class ConfirmQuery(Query):
    confirm: str = Field(max_length=64, description="The slug of the workspace, to be sure.")


@api.route("GET", "/workspaces", "Workspaces I belong to", tickets=False, answers=Listing[WorkspaceView])
def workspaces() -> Any:
    return Listing(items=administration.workspaces(deps(), caller()))


@api.route(
    "POST", "/workspaces", "Make a workspace", role="admin", tickets=False, body=WorkspaceBody, answers=WorkspaceView, status=201, once=True
)
def create(body: WorkspaceBody) -> Any:
    return administration.create_workspace(deps(), caller(), name=body.name)


@api.route("GET", "/settings", "The workspace and its settings", tickets=False, answers=WorkspaceView)
def settings() -> Any:
    return administration.workspace(deps(), caller())


@api.route("PATCH", "/settings", "Change the workspace", role="admin", tickets=False, body=SettingsBody, answers=WorkspaceView)
def change(body: SettingsBody) -> Any:
    return administration.change_workspace(deps(), caller(), name=body.name, settings=body.settings)


@api.route(
    "DELETE",
    "/workspaces/<workspace_id>",
    "Delete the workspace with everything in it",
    role="admin",
    tickets=False,
    query=ConfirmQuery,
    status=204,
)
def delete(workspace_id: str, query: ConfirmQuery) -> None:
    if workspace_id != caller().workspace_id:
        raise not_found()
    administration.delete_workspace(deps(), caller(), confirm=query.confirm)


@api.route("GET", "/health", "How the installation is doing, for admins", role="admin", tickets=False, answers=Listing[Health])
def health() -> Any:
    return Listing(items=administration.health(deps()))

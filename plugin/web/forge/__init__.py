"""The Forge entrance: what Atlassian Forge and the app's dialog in Confluence call. See docs/how-to/forge.md and deploy/forge."""

from __future__ import annotations

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from plugin.services import connections
from plugin.web.context import EXTENSION
from plugin.web.forge import dialog, machine


def blueprint() -> Blueprint:
    """Everything below ``/forge``; each view checks the invocation token before it does anything."""
    forge = Blueprint("forge", __name__, url_prefix="/forge")
    forge.record_once(_load_the_connector)
    machine.register(forge)
    dialog.register(forge)
    return forge


def _load_the_connector(state: BlueprintSetupState) -> None:
    """Forge waits five seconds for an answer; the first one must not wait for imports."""
    if state.app.extensions[EXTENSION].settings.forge_app_id is not None:
        connections.kinds()


__all__ = ["blueprint"]

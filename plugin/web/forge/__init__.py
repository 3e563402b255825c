"""The Forge entrance: what Atlassian Forge and the app's dialog in Confluence call. See docs/how-to/forge.md and deploy/forge."""

from __future__ import annotations

from flask import Blueprint

from plugin.web.forge import dialog, machine


def blueprint() -> Blueprint:
    """Everything below ``/forge``; each view checks the invocation token before it does anything."""
    forge = Blueprint("forge", __name__, url_prefix="/forge")
    machine.register(forge)
    dialog.register(forge)
    return forge


__all__ = ["blueprint"]

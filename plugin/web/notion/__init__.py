"""The Notion entrance: what Notion calls (events, buttons), connecting by OAuth, and a page for the admin. See docs/how-to/notion.md."""

from __future__ import annotations

from flask import Blueprint

from plugin.web.notion import connect, hooks, setup


def blueprint() -> Blueprint:
    """Everything below ``/notion``."""
    notion = Blueprint("notion", __name__, url_prefix="/notion", template_folder="templates")
    hooks.register(notion)
    connect.register(notion)
    setup.register(notion)
    return notion


__all__ = ["blueprint"]

"""Who may call a view. Every view says it; one that says nothing is refused, so a new route cannot be open by mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from plugin.services.caller import Role, Scope

Check = Literal["caller", "own", "open"]
"""``caller``: a session, API token or ticket is needed. ``own``: the view proves by itself who calls (signatures of webhooks and other systems).
``open``: anyone."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """``role`` is the least one. ``tickets``: whether a component in a foreign page may come here.
    ``unbound``: whether a ticket for one SOP may, though the address names no SOP. ``csrf``: checked for cookie sessions.
    ``scope``: what a bound token needs; left out, it follows from role and method (see :meth:`needs`).
    """

    check: Check = "caller"
    role: Role = "reader"
    tickets: bool = True
    unbound: bool = False
    csrf: bool = True
    scope: Scope | None = None

    def needs(self, method: str) -> Scope:
        """The scope of a request with that method."""
        if self.scope is not None and method not in SAFE:
            return self.scope
        if self.role == "admin":
            return "admin"
        return "read" if method in SAFE else "write"


def access(entry: Access) -> Callable[[View], View]:
    """Says of a view who may call it."""

    def mark(view: View) -> View:
        cast(Any, view).access = entry
        return view

    return mark


def open_to_all(view: View) -> View:
    """A view that shows nothing of any workspace."""
    return access(Access(check="open"))(view)


def proves_itself(view: View) -> View:
    """A view for other systems that checks their signature before it does anything."""
    return access(Access(check="own", csrf=False))(view)


def access_of(view: Callable[..., Any] | None) -> Access | None:
    """What was said of a view; None where nothing was."""
    return cast("Access | None", getattr(view, "access", None))

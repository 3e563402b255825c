"""Who asks: every service function takes one and looks at nothing outside its workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plugin.domain.errors import Forbidden

Role = Literal["reader", "author", "approver", "admin"]
"""Each may do what those before it may. An approver is asked where a request for approval names nobody."""
Scope = Literal["read", "write", "publish", "admin"]
Via = Literal["session", "token", "ticket", "link", "system", "cli"]

SCOPES: tuple[Scope, ...] = ("read", "write", "publish", "admin")
"""What an API token may be bound to; each of them includes reading."""
_NEEDED: dict[Scope, str] = {
    "read": "read",
    "write": "record, edit, review",
    "publish": "publish",
    "admin": "administer the workspace and people's accounts",
}
_RANK: dict[str, int] = {"reader": 0, "author": 1, "approver": 2, "admin": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """``person_id`` is None for the service itself. ``via`` is how they proved who they are; ``scopes`` bind a token (None: not bound)."""

    workspace_id: str
    person_id: str | None
    role: Role
    name: str
    via: Via = "session"
    scopes: frozenset[Scope] | None = None

    def require(self, role: Role) -> None:
        """Raises Forbidden where the caller's role does not reach ``role``."""
        if _RANK[self.role] < _RANK[role]:
            raise Forbidden(f"This needs the role '{role}'; yours is '{self.role}'. Ask an admin of the workspace.")

    def require_scope(self, scope: Scope) -> None:
        """Raises Forbidden where the caller's token is not for this."""
        if self.scopes is not None and scope != "read" and scope not in self.scopes:
            raise Forbidden(f"This token is not made to {_NEEDED[scope]}: it lacks the scope '{scope}'. Make one that has it.")


def bound_role(role: Role, scopes: frozenset[Scope] | None) -> Role:
    """What an admin's token is without the scope for it; that authors' tokens change nothing without theirs is seen at each route."""
    return "author" if role == "admin" and scopes is not None and "admin" not in scopes else role


def system(workspace_id: str) -> Caller:
    """The service acting by itself (worker, scheduler)."""
    return Caller(workspace_id=workspace_id, person_id=None, role="admin", name="SOPwright", via="system")

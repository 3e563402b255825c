"""Who asks: every service function takes one and looks at nothing outside its workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plugin.domain.errors import Forbidden

Role = Literal["reader", "author", "admin"]
Via = Literal["session", "token", "ticket", "link", "system", "cli"]

_RANK: dict[str, int] = {"reader": 0, "author": 1, "admin": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """``person_id`` is None for the service itself. ``via`` is how they proved who they are."""

    workspace_id: str
    person_id: str | None
    role: Role
    name: str
    via: Via = "session"

    def require(self, role: Role) -> None:
        """Raises Forbidden where the caller's role does not reach ``role``."""
        if _RANK[self.role] < _RANK[role]:
            raise Forbidden(f"This needs the role '{role}'; yours is '{self.role}'. Ask an admin of the workspace.")


def system(workspace_id: str) -> Caller:
    """The service acting by itself (worker, scheduler)."""
    return Caller(workspace_id=workspace_id, person_id=None, role="admin", name="SOPwright", via="system")

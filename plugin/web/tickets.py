"""Tickets: short-lived bearer secrets for a component in a foreign page, bound to a workspace, a person and, where wished, one SOP.

A ticket is signed and holds no rights of its own: at each use the person's present role is looked up, so what is taken from them is taken from their tickets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import g

from plugin.domain.errors import Forbidden, NotFound
from plugin.services import intake, jobs, people, publish
from plugin.services.caller import Caller, Role, system
from plugin.services.deps import Deps
from plugin.web.access import Access

PREFIX = "tkt."
PURPOSE = "web-ticket"
LONGEST_S = 3600
_RANK: dict[Role, int] = {"reader": 0, "author": 1, "admin": 2}


def issue(deps: Deps, caller: Caller, *, seconds: int, sop_id: str | None, role: Role) -> tuple[str, datetime]:
    """The secret and when it ends. ``role`` lowers what it may do; raises Forbidden for the service itself and for a ticket."""
    if caller.person_id is None or caller.via == "ticket":
        raise Forbidden("Only a person or an API token can ask for a ticket.")
    expires_at = deps.clock() + timedelta(seconds=min(seconds, LONGEST_S))
    value = {"w": caller.workspace_id, "p": caller.person_id, "r": min(role, caller.role, key=_RANK.__getitem__), "s": sop_id}
    return PREFIX + deps.signer.sign(PURPOSE, value, expires_at=expires_at), expires_at


def read(deps: Deps, secret: str) -> Caller | None:
    """Whose ticket this is; None where it is none of ours, expired, or of a person who has left. Remembers what it is bound to for this request."""
    if not secret.startswith(PREFIX):
        return None
    value = deps.signer.read(PURPOSE, secret.removeprefix(PREFIX), now=deps.clock())
    if value is None:
        return None
    try:
        person = people.person(deps, system(value["w"]), value["p"])
    except NotFound:
        return None
    if not person.active:
        return None
    g.bound_to = value["s"]
    known = Caller(workspace_id=value["w"], person_id=person.id, role=person.role, name=person.name, via="ticket")
    return replace(known, role=min(person.role, value["r"], key=_RANK.__getitem__))


def bound_to() -> str | None:
    """The SOP that the ticket of this request is for; None: any, or no ticket."""
    sop_id: str | None = g.get("bound_to")
    return sop_id


def check_bounds(deps: Deps, caller: Caller, arguments: Mapping[str, Any], access: Access) -> None:
    """A ticket for one SOP opens that SOP, what belongs to it, and what a component needs beside it. Raises NotFound, Forbidden."""
    bound = bound_to()
    if bound is None or access.unbound:
        return
    owners: dict[str, Callable[[str], str | None]] = {"sop_id": str, **{name: _owner(deps, caller, read) for name, read in _OWNED.items()}}
    names = [name for name in arguments if name in owners]
    if not names:
        raise Forbidden("This ticket is for one SOP only.")
    if any(owners[name](arguments[name]) != bound for name in names):
        raise NotFound("Not part of this SOP.")


_OWNED: dict[str, Callable[[Deps, Caller, str], Any]] = {
    "recording_id": intake.recording,
    "job_id": jobs.job,
    "publication_id": publish.publication,
}


def _owner(deps: Deps, caller: Caller, read: Callable[[Deps, Caller, str], Any]) -> Callable[[str], str | None]:
    return lambda id_: read(deps, caller, id_).sop_id

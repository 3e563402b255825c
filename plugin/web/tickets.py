"""Tickets: short-lived bearer secrets for a component in a foreign page, bound to a workspace, a person and, where wished, one SOP or their own things.

A ticket is signed and holds no rights of its own: at each use the person's present role is looked up, so what is taken from them is taken from their tickets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import g

from plugin.domain.errors import Forbidden, NotFound
from plugin.services import installations, intake, jobs, made, people, publish
from plugin.services.caller import Caller, Role, system
from plugin.services.deps import Deps
from plugin.web.access import Access

PREFIX = "tkt."
PURPOSE = "web-ticket"
LONGEST_S = 3600
_RANK: dict[Role, int] = {"reader": 0, "author": 1, "approver": 2, "admin": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the person was seen to be allowed to write, and so the only place that they can publish to."""

    connection_id: str
    place: str
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a ticket is for. ``own``: only what the person made. ``installation``: worth nothing once the app is removed there."""

    sop_id: str | None = None
    own: bool = False
    place: Place | None = None
    installation: str | None = None


FREE = Bounds()


def issue(deps: Deps, caller: Caller, *, seconds: int, role: Role, bounds: Bounds = FREE) -> tuple[str, datetime]:
    """The secret and when it ends. ``role`` lowers what it may do; raises Forbidden for the service itself and for a ticket."""
    if caller.person_id is None or caller.via == "ticket":
        raise Forbidden("Only a person or an API token can ask for a ticket.")
    expires_at = deps.clock() + timedelta(seconds=min(seconds, LONGEST_S))
    place = bounds.place
    value = {
        "w": caller.workspace_id, "p": caller.person_id, "r": min(role, caller.role, key=_RANK.__getitem__), "s": bounds.sop_id, "o": bounds.own,
        "l": [place.connection_id, place.place, place.parent] if place else None, "i": bounds.installation,
        "c": sorted(caller.scopes) if caller.scopes is not None else None,
    }  # fmt: skip
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
    installation = value.get("i")
    if not person.active or (installation and not installations.alive(deps, installation)):
        return None
    where = value.get("l")
    g.bounds = Bounds(
        sop_id=value["s"],
        own=bool(value.get("o")),
        place=Place(connection_id=where[0], place=where[1], parent=where[2]) if where else None,
        installation=installation,
    )
    scopes = frozenset(value["c"]) if value.get("c") is not None else None
    known = Caller(workspace_id=value["w"], person_id=person.id, role=person.role, name=person.name, via="ticket", scopes=scopes)
    return replace(known, role=min(person.role, value["r"], key=_RANK.__getitem__))


def expired(deps: Deps, secret: str) -> bool:
    """Whether this was once a ticket of ours. An upload that goes on past the end of its ticket asks for a fresh one; it guesses nothing."""
    return secret.startswith(PREFIX) and deps.signer.expired(PURPOSE, secret.removeprefix(PREFIX), now=deps.clock())


def bounds() -> Bounds:
    """What the ticket of this request is for; free where there is no ticket."""
    found: Bounds = g.get("bounds", FREE)
    return found


def check_bounds(deps: Deps, caller: Caller, arguments: Mapping[str, Any], access: Access) -> None:
    """A bound ticket opens its SOP or the person's own, what belongs to it, and what a component needs beside it. Raises NotFound, Forbidden."""
    bound = bounds()
    if (bound.sop_id is None and not bound.own) or access.unbound:
        return
    names = [name for name in arguments if name == "sop_id" or name in _OWNED]
    if not names:
        raise Forbidden("This ticket is for one SOP only." if bound.sop_id else "This ticket is for your own recordings only.")
    if not all(_within(deps, caller, bound, name, arguments[name]) for name in names):
        raise NotFound("Not part of this SOP.")


def check_upload(deps: Deps, caller: Caller, sop_id: str | None) -> None:
    """Whether a recording may be brought for that SOP (None: for a new one). Raises Forbidden."""
    bound = bounds()
    if bound.sop_id is not None and sop_id != bound.sop_id:
        raise Forbidden("This ticket is for a recording of one SOP: name it as sop_id in Upload-Metadata.")
    if bound.own and sop_id is not None and not made.by(deps, caller, "sop", sop_id):
        raise Forbidden("This ticket is for your own recordings only.")


def check_place(deps: Deps, caller: Caller, sop_id: str, wanted: Place) -> None:
    """Whether the ticket reaches that place: the service could write to others, the person perhaps not. Raises Forbidden."""
    bound = bounds()
    if bound.place is None:
        return
    if (wanted.connection_id, wanted.place) != (bound.place.connection_id, bound.place.place) or wanted.parent not in (
        None,
        bound.place.parent,
    ):
        raise Forbidden("From here you can publish to this place only.")
    if any(p.url and p.state != "closed" for p in publish.publications(deps, caller, sop_id=sop_id)):
        check_page()


def check_page() -> None:
    """Whether a page that stands may be written again: with a ticket that was given at that page. Raises Forbidden."""
    if bounds().own:
        raise Forbidden("This SOP stands in Confluence already. Go on at its page.")


_OWNED: dict[str, Callable[[Deps, Caller, str], Any]] = {
    "recording_id": intake.recording,
    "job_id": jobs.job,
    "publication_id": publish.publication,
}


def _within(deps: Deps, caller: Caller, bound: Bounds, name: str, id_: str) -> bool:
    if bound.own:
        return made.by(deps, caller, name.removesuffix("_id"), id_)
    owner = id_ if name == "sop_id" else _OWNED[name](deps, caller, id_).sop_id
    return bool(owner == bound.sop_id)

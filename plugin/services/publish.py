"""Publishing a revision to a target and everything that can come of it. The writing itself runs as a job in the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectors.contract import Choice, Clash, Page
from plugin.services.caller import Caller
from plugin.services.deps import Deps

PublicationState = Literal["pending", "published", "conflict", "paused", "rejected", "closed"]
"""``conflict``: a person must choose; ``paused``: the connection is not accepted; ``rejected``: the target refuses the content; ``closed``: page gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationView:
    """``version`` is the target's own; ``revision`` ours that stands there. ``job_id`` is the newest job that wrote, or will write."""

    id: str
    sop_id: str
    connection_id: str
    kind: str
    place: str
    parent: str | None
    state: PublicationState
    revision: int | None
    wanted_revision: int
    version: str | None
    url: str | None
    job_id: str | None
    message: str | None
    clashes: tuple[Clash, ...]
    degraded: tuple[str, ...]
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    """Something to look at before publishing. ``blocking`` ones must be settled first. ``field`` is a path into the document."""

    field: str
    message: str
    blocking: bool = False
    step_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The neutral page, and what the target will have to show otherwise."""

    page: Page
    degraded: tuple[str, ...]


def checklist(deps: Deps, caller: Caller, sop_id: str) -> tuple[CheckItem, ...]:
    """What is missing or should be looked at before publishing. Raises NotFound."""
    raise NotImplementedError


def preview(deps: Deps, caller: Caller, sop_id: str, *, kind: str) -> Preview:
    """``kind`` names a connector (``filesystem``, ``confluence``, ``notion``). Writes nothing. Raises NotFound."""
    raise NotImplementedError


def publish(
    deps: Deps,
    caller: Caller,
    sop_id: str,
    *,
    connection_id: str,
    place: str,
    parent: str | None = None,
    owner_id: str | None = None,
    interval_days: int | None = None,
    revision: int | None = None,
) -> PublicationView:
    """Asks for ``revision`` (default: the newest) to stand at that place; the job does it. Again with the same values: the same publication.

    Sets owner and interval of the SOP where given, and the first due date. Raises NotFound, Invalid (``connection_id``, ``place``,
    ``interval_days``), Conflict (an approval is needed first), Forbidden.
    """
    raise NotImplementedError


def publications(deps: Deps, caller: Caller, *, sop_id: str | None = None) -> tuple[PublicationView, ...]:
    """Of one SOP, or of the workspace; newest first. Raises NotFound."""
    raise NotImplementedError


def publication(deps: Deps, caller: Caller, publication_id: str) -> PublicationView:
    """Raises NotFound."""
    raise NotImplementedError


def resolve(deps: Deps, caller: Caller, publication_id: str, *, choices: Mapping[str, Choice]) -> PublicationView:
    """Decides the clashes of a publication in state ``conflict`` (block key to ``ours`` or ``theirs``) and publishes again.

    Raises NotFound, Conflict (there is nothing to decide), Invalid (a key is missing or unknown), Forbidden.
    """
    raise NotImplementedError


def close(deps: Deps, caller: Caller, publication_id: str) -> None:
    """We no longer write to that page; the page itself stays. Raises NotFound, Forbidden."""
    raise NotImplementedError

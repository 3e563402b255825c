"""Revisions: saving an edited document, history, differences, restoring, proposals of a re-recording, pictures.

A revision is never changed. Whoever saves names the revision they started from; what came meanwhile is merged field by field, and only where both
changed the same field a person has to choose.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from plugin.domain.errors import Conflict
from plugin.domain.revision import Clash, Difference
from plugin.domain.sop import Box, Picture, Sop
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.library import SopView

Origin = Literal["recording", "edit", "import", "target", "restore", "proposal"]
Kind = Literal["minor", "major"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    """``versions`` maps a publication id to the version this revision has there."""

    number: int
    title: str
    digest: str
    kind: Kind
    origin: Origin
    note: str
    author_name: str
    created_at: datetime
    approved: bool = False
    versions: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """``changed`` is False where the document was the same and no revision was made. ``merged``: somebody else's change went in as well."""

    sop_id: str
    revision: int
    etag: str
    changed: bool
    merged: bool
    kind: Kind
    note: str


class EditClash(Conflict):
    """Both changed the same fields; nothing was saved. ``current`` is what is stored, ``clashes`` the fields with both sides."""

    def __init__(self, current: SopView, clashes: tuple[Clash, ...]) -> None:
        super().__init__("Somebody else changed the same passage meanwhile. Nothing was overwritten: choose between the two versions.")
        self.current = current
        self.clashes = clashes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    """A re-recording: what it would change against the newest revision. ``kept`` are fields where a person's edit was kept."""

    id: str
    sop_id: str
    state: Literal["open", "accepted", "rejected"]
    base_revision: int
    recording_id: str | None
    proposed: Sop
    difference: Difference
    kept: tuple[str, ...]
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile:
    data: bytes
    media_type: str


def create(deps: Deps, caller: Caller, *, document: Sop, pictures: Mapping[str, bytes] = MappingProxyType({}), note: str = "") -> Saved:
    """Imports a whole document as revision 1 of a new SOP. ``pictures`` maps the paths in the document to PNG, JPEG or WebP bytes.

    The document's own id is kept where it is free; where it names an SOP of this workspace, the document is saved as its next revision.
    Raises Invalid (a picture is missing or is none), Forbidden.
    """
    raise NotImplementedError


def save(deps: Deps, caller: Caller, sop_id: str, *, document: Sop, etag: str, note: str = "") -> Saved:
    """Saves ``document`` as the next revision. ``etag`` is that of the revision it started from.

    Fields that differ from that revision get the basis ``edited``. Raises EditClash, Conflict (unknown ``etag``), Invalid, NotFound, Forbidden.
    """
    raise NotImplementedError


def revisions(deps: Deps, caller: Caller, sop_id: str) -> tuple[RevisionView, ...]:
    """Newest first. Raises NotFound."""
    raise NotImplementedError


def difference(deps: Deps, caller: Caller, sop_id: str, *, old: int, new: int) -> Difference:
    """Step by step, aligned by content. Raises NotFound."""
    raise NotImplementedError


def restore(deps: Deps, caller: Caller, sop_id: str, *, revision: int) -> Saved:
    """The content of an old revision as the newest one; nothing is removed. Raises NotFound, Forbidden."""
    raise NotImplementedError


def proposal(deps: Deps, caller: Caller, sop_id: str) -> ProposalView | None:
    """The open proposal of a re-recording, or None. Raises NotFound."""
    raise NotImplementedError


def accept(deps: Deps, caller: Caller, proposal_id: str, *, only: Collection[str] | None = None) -> Saved:
    """Takes the proposal over as the next revision; ``only`` names the ids of the changes to take (``Change.id``), None takes all.

    Raises NotFound, Conflict (decided already), Forbidden.
    """
    raise NotImplementedError


def reject(deps: Deps, caller: Caller, proposal_id: str, *, note: str = "") -> None:
    """Raises NotFound, Conflict (decided already), Forbidden."""
    raise NotImplementedError


def picture(deps: Deps, caller: Caller, sop_id: str, digest: str) -> PictureFile:
    """Bytes of one picture of the SOP (of any revision): the ``<digest>`` in ``images/<digest>.<ending>``. Raises NotFound."""
    raise NotImplementedError


def add_picture(
    deps: Deps, caller: Caller, sop_id: str, *, time_s: float, highlight: Box | None = None, redactions: tuple[Box, ...] = ()
) -> Picture:
    """Cuts a new picture out of the SOP's recording, with its boxes drawn and ``redactions`` covered; put it into the document and save.

    Raises NotFound (no recording any more), Invalid, Forbidden.
    """
    raise NotImplementedError

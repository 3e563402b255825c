"""The forms in which the API shows what the services return. Where a service's own value will do, it is used as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic_core import to_jsonable_python

from plugin.domain.review import State
from plugin.domain.sop import Sop
from plugin.services import library, people, publish
from plugin.services.caller import Role
from plugin.services.slices import Slice

T = TypeVar("T")
RoleName = Literal["viewer", "author", "approver", "admin"]
_TO_NAME: dict[Role, RoleName] = {"reader": "viewer", "author": "author", "approver": "approver", "admin": "admin"}
_TO_ROLE: dict[RoleName, Role] = {"viewer": "reader", "author": "author", "approver": "approver", "admin": "admin"}


def role_name(role: Role) -> RoleName:
    """The role's name on the wire."""
    return _TO_NAME[role]


def role_of(name: RoleName) -> Role:
    return _TO_ROLE[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """A part of a list; give ``next_cursor`` back as ``cursor`` to get what follows. None: that was all."""

    items: tuple[T, ...]
    next_cursor: str | None = None


def listing(part: Slice[T]) -> Listing[T]:
    return Listing(items=part.items, next_cursor=part.cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """``csrf_token`` goes back in ``X-CSRF-Token`` with everything that writes; None for tokens and tickets, which need none."""

    id: str | None
    name: str
    email: str | None
    role: RoleName
    workspace_id: str
    workspace_name: str
    via: str
    csrf_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SopRow:
    """One line of the library."""

    id: str
    title: str
    area: str | None
    status: library.Status
    revision: int
    published_revision: int | None
    owner_id: str | None
    owner: str | None
    review_state: State
    overdue: bool
    due: date | None
    criticality: str
    steps: int
    updated_at: datetime
    targets: tuple[library.Where, ...]


def sop_row(summary: library.SopSummary) -> SopRow:
    return SopRow(
        id=summary.id, title=summary.title, area=summary.area, status=summary.status, revision=summary.revision,
        published_revision=summary.published_revision, owner_id=summary.owner_id, owner=summary.owner_name, review_state=summary.review_state,
        overdue=summary.review_state == "overdue", due=summary.due, criticality=summary.criticality, steps=summary.steps,
        updated_at=summary.updated_at, targets=summary.targets,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SopPage:
    """One revision with its document. ``etag`` is also in the header; it goes back with a save."""

    id: str
    revision: int
    newest: bool
    etag: str
    document: Sop
    summary: SopRow
    recording_id: str | None
    proposal_id: str | None


def sop_page(view: library.SopView) -> SopPage:
    return SopPage(
        id=view.summary.id, revision=view.revision, newest=view.newest, etag=view.etag, document=view.sop, summary=sop_row(view.summary),
        recording_id=view.recording_id, proposal_id=view.proposal_id,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    id: str
    name: str
    email: str
    role: RoleName
    active: bool
    time_zone: str
    working_days: tuple[int, ...]
    digest_hour: int
    manager_id: str | None
    mail: bool
    chat: bool
    created_at: datetime


def person_row(view: people.PersonView) -> PersonRow:
    return PersonRow(
        id=view.id, name=view.name, email=view.email, role=role_name(view.role), active=view.active, time_zone=view.time_zone,
        working_days=view.working_days, digest_hour=view.digest_hour, manager_id=view.manager_id, mail=view.mail, chat=view.chat,
        created_at=view.created_at,
    )  # fmt: skip


def plain_block(block: Any) -> dict[str, Any]:
    """A block of the neutral page with the name of its kind as ``type``: heading, paragraph, panel, code, image, items, table ..."""
    plain: dict[str, Any] = {"type": type(block).__name__.lower().removesuffix("block"), **to_jsonable_python(block)}
    if "children" in plain:
        plain["children"] = [plain_block(child) for child in block.children]
    return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPage:
    """What a target will show. ``blocks`` are in reading order; images name a picture of the SOP by its digest. ``degraded`` says what will
    look otherwise, as ``key of the block: words``. ``source`` is the Markdown of the file where the target is a Git folder.
    """

    title: str
    blocks: tuple[dict[str, Any], ...]
    degraded: tuple[str, ...]
    source: str | None


def preview_page(preview: publish.Preview) -> PreviewPage:
    return PreviewPage(
        title=preview.page.title, blocks=tuple(map(plain_block, preview.page.blocks)), degraded=preview.degraded, source=preview.source
    )

"""Workspaces, their rules per area (templates), and how the installation is doing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugin.domain.document import encode
from plugin.domain.errors import Conflict, Invalid, NotFound
from plugin.domain.review import DEFAULT, Policy, checked
from plugin.pipeline.write.templates import SECTIONS, templates
from plugin.services import journal, rescheduling, rules
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.health import Health, health
from plugin.services.rules import WORKSPACE, Rules
from plugin.store import rows, tables

__all__ = ["Health", "health"]
MOST = 36_500
"""Of anything that a workspace counts in its settings: days of a hundred years."""

SETTINGS: dict[str, type] = {
    "never": list,
    "allowed": list,
    "language": str,
    "import_cap": int,
    "chat_enabled": bool,
    "recording_days": int,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceView:
    """``settings``: ``never`` and ``allowed`` (terms for redaction), ``language``, ``import_cap`` (reminders in the first week), ``chat_enabled``,
    ``recording_days`` (after so many days recordings are deleted; 0: as the operator wants it).
    """

    id: str
    name: str
    slug: str
    settings: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """``needed`` of ``approvers`` must approve before publishing; 0: none is needed."""

    needed: int = 0
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaView:
    """The rules of one area; the area named "" is the workspace's own rule, which the others are laid over.

    ``wider`` is the review rule that holds where ``policy`` says nothing (the workspace's and the built-in ones); it is read only.
    ``required`` are document fields that must be filled before publishing (``purpose``, ``rollback``, ``steps.expected`` ...).
    """

    name: str
    title: str
    policy: Policy
    approval: ApprovalRule | None = None
    required: tuple[str, ...] = ()
    sections: tuple[str, ...] = field(default_factory=tuple)
    examples: tuple[str, ...] = ()
    wider: Policy = DEFAULT


def workspaces(deps: Deps, caller: Caller) -> tuple[WorkspaceView, ...]:
    """Those that the caller's mail address belongs to."""
    with deps.database.begin() as session:
        me = session.get(tables.Person, caller.person_id) if caller.person_id else None
        if me is None:
            return (_view(_mine(session, caller)),)
        query = select(tables.Workspace).join(tables.Person, tables.Person.workspace_id == tables.Workspace.id)
        found = session.scalars(
            query.where(tables.Person.email == me.email, tables.Person.active.is_(True)).order_by(
                tables.Workspace.name, tables.Workspace.id
            )
        )
        return tuple(_view(row) for row in found)


def workspace(deps: Deps, caller: Caller) -> WorkspaceView:
    """The caller's."""
    with deps.database.begin() as session:
        return _view(_mine(session, caller))


def create_workspace(deps: Deps, caller: Caller, *, name: str) -> WorkspaceView:
    """A new one whose admin is the caller. Raises Invalid, Conflict (name taken), Forbidden."""
    caller.require("admin")
    plain = _checked_name(name)
    try:
        with deps.database.begin() as session:
            row = tables.Workspace(id=deps.new_id("wsp"), name=plain, slug=_slug(plain), settings={}, created_at=deps.clock())
            session.add(row)
            session.flush()
            me = session.get(tables.Person, caller.person_id) if caller.person_id else None
            if me is not None:
                session.add(
                    tables.Person(
                        id=deps.new_id("per"),
                        workspace_id=row.id,
                        email=me.email,
                        name=me.name,
                        role="admin",
                        active=True,
                        password_hash=me.password_hash,
                        time_zone=me.time_zone,
                        working_days=me.working_days,
                        digest_hour=me.digest_hour,
                        created_at=deps.clock(),
                    )
                )
            journal.note(session, deps, caller, "workspace.created", subject=row.id, name=plain)
    except IntegrityError:
        raise Conflict("There is a workspace with this name already.") from None
    return _view(row)


def change_workspace(deps: Deps, caller: Caller, *, name: str | None = None, settings: Mapping[str, Any] | None = None) -> WorkspaceView:
    """``settings`` replaces the fields that it names. Raises Invalid, Forbidden."""
    caller.require("admin")
    for key, value in (settings or {}).items():
        if key not in SETTINGS or not isinstance(value, (SETTINGS[key], tuple)):
            raise Invalid(f"settings/{key}", f"This setting is not known, or not a {SETTINGS.get(key, str).__name__}.")
        if isinstance(value, int) and not 0 <= value <= MOST:
            raise Invalid(f"settings/{key}", f"This must be a whole number from 0 to {MOST}.")
    with deps.database.begin() as session:
        row = _mine(session, caller, lock=True)
        if name is not None:
            row.name = _checked_name(name)
        if settings is not None:
            row.settings = {**row.settings, **{k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}}
        journal.note(
            session, deps, caller, "workspace.changed", subject=row.id, fields=", ".join([*(["name"] if name else []), *(settings or {})])
        )
        return _view(row)


def delete_workspace(deps: Deps, caller: Caller, *, confirm: str) -> None:
    """Everything of the workspace is gone afterwards: rows, blobs, credentials. ``confirm`` must be its slug. Raises Invalid, Forbidden."""
    caller.require("admin")
    with deps.database.begin() as session:
        row = _mine(session, caller, lock=True)
        if confirm != row.slug:
            raise Invalid("confirm", f"Type {row.slug} to delete the workspace and everything in it.")
        session.delete(row)
    deps.blobs.delete_all(f"{caller.workspace_id}/")
    shutil.rmtree(deps.settings.data_dir / "connectors" / caller.workspace_id, ignore_errors=True)


def areas(deps: Deps, caller: Caller) -> tuple[AreaView, ...]:
    """The workspace's rule first, then the areas by name."""
    with deps.database.read() as session:
        stored = {row.name: row for row in session.scalars(select(tables.Area).where(tables.Area.workspace_id == caller.workspace_id))}
    names = sorted({WORKSPACE, *templates(), *stored})
    known = {name: rules.parsed(row.rules) for name, row in stored.items()}
    return tuple(_area(name, stored.get(name), known) for name in names)


def area(deps: Deps, caller: Caller, name: str) -> AreaView:
    """Raises NotFound."""
    found = next((a for a in areas(deps, caller) if a.name == name), None)
    if found is None:
        raise NotFound("There is no area with this name.")
    return found


def set_area(deps: Deps, caller: Caller, area: AreaView) -> AreaView:
    """Stores the rules of a built-in or new area. Raises Invalid, Forbidden."""
    caller.require("admin")
    _check_area(area)
    with deps.database.begin() as session:
        if area.approval is not None:
            known = set(session.scalars(select(tables.Person.id).where(tables.Person.workspace_id == caller.workspace_id)))
            if not set(area.approval.approvers) <= known:
                raise Invalid("approval/approvers", "Approvers must be people of this workspace.")
        rows.people(session, caller.workspace_id, reviewer_id=area.policy.reviewer_id, fallback_id=area.policy.fallback_id)
        before = rules.of(session, caller.workspace_id)
        row = session.get(tables.Area, (caller.workspace_id, area.name), with_for_update=True)
        if row is None:
            row = tables.Area(workspace_id=caller.workspace_id, name=area.name, title=area.title, rules={})
            session.add(row)
        row.title = area.title
        row.rules = encode(
            Rules(
                policy=area.policy,
                needed=area.approval.needed if area.approval else None,
                approvers=area.approval.approvers if area.approval else (),
                required=area.required,
                sections=area.sections,
            )
        )
        rescheduling.follow(
            session, deps, caller.workspace_id, area.name, before=before, after={**before, area.name: rules.parsed(row.rules)}
        )
        journal.note(session, deps, caller, "area.changed", subject=area.name, name=area.title)
        session.flush()
        return _area(area.name, row, rules.of(session, caller.workspace_id))


def _check_area(area: AreaView) -> None:
    if not re.fullmatch(r"[a-z0-9-]{0,60}", area.name):
        raise Invalid("name", "The name of an area has small letters, digits and hyphens.")
    if not 0 < len(area.title.strip()) <= 120:
        raise Invalid("title", "An area needs a title of 1 to 120 characters.")
    checked(area.policy)
    if not set(area.required) <= {*SECTIONS, "purpose"}:
        raise Invalid("required", f"Required sections are among {', '.join((*SECTIONS, 'purpose'))}.")
    if area.approval is not None and not 0 <= area.approval.needed <= max(1, len(area.approval.approvers)):
        raise Invalid("approval/needed", "There are not so many approvers.")


def _area(name: str, row: tables.Area | None, stored_rules: Mapping[str, Rules]) -> AreaView:
    template = templates().get(name)
    title = row.title if row else template.title if template else "Workspace"
    examples = template.examples if template else ()
    wider = rules.wider_than(stored_rules, name)
    if row is None:
        sections = (*template.required, *template.recommended) if template else ()
        return AreaView(name=name, title=title, policy=Policy(), sections=sections, examples=examples, wider=wider)
    stored = rules.parsed(row.rules)
    approval = None if stored.needed is None else ApprovalRule(needed=stored.needed, approvers=stored.approvers)
    return AreaView(
        name=name,
        title=title,
        policy=stored.policy,
        approval=approval,
        required=stored.required or (),
        sections=stored.sections,
        examples=examples,
        wider=wider,
    )


def _mine(session: Session, caller: Caller, *, lock: bool = False) -> tables.Workspace:
    row = session.get(tables.Workspace, caller.workspace_id, with_for_update=lock)
    if row is None:
        raise NotFound("This workspace has been deleted.")
    return row


def _checked_name(name: str) -> str:
    plain = " ".join(name.split())
    if not 0 < len(plain) <= 120:
        raise Invalid("name", "A workspace needs a name of 1 to 120 characters.")
    return plain


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:60] or "workspace"


def _view(row: tables.Workspace) -> WorkspaceView:
    return WorkspaceView(id=row.id, name=row.name, slug=row.slug, settings=dict(row.settings), created_at=row.created_at)

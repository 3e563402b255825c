"""Connections to knowledge bases: their settings, their credentials (encrypted), whether they work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from pydantic import BaseModel, ValidationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from connectors import errors, registry
from connectors.contract import Connector, Identity
from plugin.domain.errors import Invalid
from plugin.services import journal
from plugin.services.caller import Caller, system
from plugin.services.deps import Deps
from plugin.store import rows, tables
from plugin.vault import Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionKind:
    """``schema`` is the JSON schema of the connector's settings; ``secrets`` names the fields that are never shown again."""

    name: str
    schema: Mapping[str, Any]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """``settings`` without the secret fields. ``state`` paused: its credential was refused, ``message`` says what to do."""

    id: str
    name: str
    kind: str
    settings: Mapping[str, Any]
    state: Literal["active", "paused"]
    message: str | None
    default_place: str | None
    created_at: datetime


def kinds() -> tuple[ConnectionKind, ...]:
    """The connectors that are installed."""
    return tuple(
        ConnectionKind(name=name, schema=_model(name).model_json_schema(), secrets=_secret_fields(name)) for name in registry.names()
    )


def connections(deps: Deps, caller: Caller) -> tuple[ConnectionView, ...]:
    """By name."""
    table = tables.Connection
    with deps.database.begin() as session:
        found = session.scalars(select(table).where(table.workspace_id == caller.workspace_id).order_by(table.name, table.id))
        return tuple(_view(row) for row in found)


def connection(deps: Deps, caller: Caller, connection_id: str) -> ConnectionView:
    """Raises NotFound."""
    with deps.database.begin() as session:
        return _view(rows.get(session, tables.Connection, caller.workspace_id, connection_id))


def connect(
    deps: Deps, caller: Caller, *, kind: str, name: str, settings: Mapping[str, Any], default_place: str | None = None
) -> ConnectionView:
    """``settings`` with the secrets, which are stored encrypted. Raises Invalid (names the field), Forbidden."""
    caller.require("admin")
    if kind not in registry.names():
        raise Invalid("kind", f"There is no connector named {kind[:60]!r}. Known: {', '.join(registry.names())}.")
    row = tables.Connection(
        id=deps.new_id("con"),
        workspace_id=caller.workspace_id,
        name=_checked_name(name),
        kind=kind,
        state="active",
        default_place=default_place,
        owner_id=caller.person_id,
        created_at=deps.clock(),
    )
    _store(deps, row, settings)
    with deps.database.begin() as session:
        session.add(row)
        session.flush()
        journal.note(session, deps, caller, "connection.made", subject=row.id, name=row.name)
    return _view(row)


def change(
    deps: Deps,
    caller: Caller,
    connection_id: str,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    default_place: str | None = None,
) -> ConnectionView:
    """``settings`` replaces the fields it names; a secret that it leaves out stays. A paused connection is taken up again, with its waiting jobs.

    Raises NotFound, Invalid, Forbidden.
    """
    caller.require("admin")
    woken: list[str] = []
    with deps.database.begin() as session:
        row = rows.get(session, tables.Connection, caller.workspace_id, connection_id, lock=True)
        if name is not None:
            row.name = _checked_name(name)
        if default_place is not None:
            row.default_place = default_place or None
        if settings is not None:
            _store(deps, row, {**row.settings, **_secrets(deps, row), **settings})
            woken = _take_up(session, row)
        journal.note(session, deps, caller, "connection.changed", subject=row.id, name=row.name)
        view = _view(row)
    for job_id in woken:
        deps.queue.wake(job_id)
    return view


def disconnect(deps: Deps, caller: Caller, connection_id: str) -> None:
    """Removes the connection and its credentials; its publications are closed, the pages stay. Raises NotFound, Forbidden."""
    caller.require("admin")
    from plugin.services import grants  # needs this module itself

    with deps.database.begin() as session:
        row = rows.get(session, tables.Connection, caller.workspace_id, connection_id, lock=True)
        journal.note(session, deps, caller, "connection.removed", subject=row.id, name=row.name)
        grants.forget(session, caller.workspace_id, row.id)
        session.delete(row)


def check(deps: Deps, caller: Caller, connection_id: str) -> Identity:
    """Asks the target who we are there and what we may not do. Raises NotFound, Invalid (with the target's answer in words), Forbidden."""
    caller.require("author")
    with deps.database.begin() as session:
        rows.get(session, tables.Connection, caller.workspace_id, connection_id)
    try:
        return opened(deps, caller.workspace_id, connection_id).check()
    except errors.Misconfigured as error:
        raise Invalid(error.setting, error.message_for_user) from None
    except errors.ConnectorError as error:
        raise Invalid("connection", error.message_for_user) from None


def opened(deps: Deps, workspace_id: str, connection_id: str) -> Connector:
    """The connector, ready to use. Raises NotFound; AuthFailed while it is paused or its credential cannot be read; Misconfigured."""
    kind, settings = with_credential(deps, workspace_id, connection_id)
    state = deps.settings.data_dir / "connectors" / workspace_id / connection_id
    state.mkdir(parents=True, exist_ok=True)
    connector = deps.connect(kind, settings, state)
    if kind in ("notion", "confluence"):
        from plugin.services import confluence_oauth, grants, notion_oauth  # they need this module itself

        tokens = notion_oauth.TOKENS if kind == "notion" else confluence_oauth.TOKENS
        grants.attach(deps, tokens, workspace_id, connection_id, connector)
    return connector


def with_credential(deps: Deps, workspace_id: str, connection_id: str) -> tuple[str, BaseModel]:
    """The kind of a connection and its connector's settings, credential included. Raises what :func:`opened` raises."""
    with deps.database.begin() as session:
        row = rows.get(session, tables.Connection, workspace_id, connection_id)
    if row.state == "paused":
        raise errors.AuthFailed(row.message or "The connection is paused. Enter its credential again.")
    try:
        given = {**row.settings, **_secrets(deps, row)}
    except Unreadable:
        raise errors.AuthFailed("The stored credential cannot be read any more. Enter it again.") from None
    return row.kind, _validated(row.kind, _allowed(deps, row.kind, given))


def provide(
    session: Session, deps: Deps, workspace_id: str, connection_id: str | None, *, kind: str, name: str, settings: Mapping[str, Any]
) -> tuple[tables.Connection, list[str]]:
    """A connection whose credential another system renews by itself (a Forge installation): made, or given the newest one. Raises Invalid.

    Returns it with the jobs that waited for it; wake them after the commit.
    """
    row = session.get(tables.Connection, connection_id, with_for_update=True) if connection_id else None
    if row is None or row.workspace_id != workspace_id:
        row = tables.Connection(id=deps.new_id("con"), workspace_id=workspace_id, kind=kind, state="active", created_at=deps.clock())
        row.name = _checked_name(name)
        _store(deps, row, settings)
        session.add(row)
        session.flush()
        journal.note(session, deps, system(workspace_id), "connection.made", subject=row.id, name=row.name)
        return row, []
    _store(deps, row, {**row.settings, **settings})
    return row, _take_up(session, row)


def withdraw(session: Session, workspace_id: str, connection_id: str | None, message: str) -> None:
    """Wipes the credential of such a connection; what is published stays known, and waits."""
    row = session.get(tables.Connection, connection_id, with_for_update=True) if connection_id else None
    if row is not None and row.workspace_id == workspace_id:
        row.secrets_sealed, row.state, row.message = None, "paused", message


def _take_up(session: Session, row: tables.Connection) -> list[str]:
    """The connection works again as far as we know; what waited for it goes back into the queue."""
    if row.state != "paused":
        return []
    row.state, row.message = "active", None
    waiting = session.scalars(
        select(tables.Publication).where(tables.Publication.connection_id == row.id, tables.Publication.state == "paused")
    ).all()
    jobs = [p.job_id for p in waiting if p.job_id]
    for publication in waiting:
        publication.state, publication.message = "pending", None
    values = {"state": "queued", "failures": 0, "error_reason": None, "error_message": None, "finished_at": None}
    session.execute(
        update(tables.Job).where(tables.Job.id.in_(jobs), tables.Job.state == "failed").values(**values, changed=tables.Job.changed + 1)
    )
    return jobs


def _store(deps: Deps, row: tables.Connection, settings: Mapping[str, Any]) -> None:
    settings = _allowed(deps, row.kind, settings)
    _validated(row.kind, settings)
    secret = _secret_fields(row.kind)
    row.settings = {k: v for k, v in settings.items() if k not in secret}
    hidden = {k: v for k, v in settings.items() if k in secret and v not in (None, "")}
    row.secrets_sealed = (
        deps.vault.seal(json.dumps(hidden), workspace_id=row.workspace_id, field=f"connection/{row.id}") if hidden else None
    )


def _secrets(deps: Deps, row: tables.Connection) -> dict[str, Any]:
    if row.secrets_sealed is None:
        return {}
    opened_text = deps.vault.open(row.secrets_sealed, workspace_id=row.workspace_id, field=f"connection/{row.id}")
    return cast(dict[str, Any], json.loads(opened_text))


def _model(kind: str) -> type[BaseModel]:
    return cast(type[BaseModel], registry.package(kind).Settings)


def _secret_fields(kind: str) -> tuple[str, ...]:
    """Those that the connector declares as secret (pydantic marks them as passwords in the schema)."""
    properties = _model(kind).model_json_schema().get("properties", {})
    return tuple(
        name
        for name, schema in properties.items()
        if "password" in json.dumps(schema.get("format", "")) + json.dumps(schema.get("anyOf", ""))
    )


def _allowed(deps: Deps, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Whether a connection may lead into the private network is the operator's to say, whoever asks for it."""
    if "allow_private_addresses" not in _model(kind).model_fields:
        return dict(settings)
    return {**settings, "allow_private_addresses": deps.settings.allow_private_addresses}


def _validated(kind: str, settings: Mapping[str, Any]) -> BaseModel:
    try:
        return _model(kind).model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Invalid("/".join(map(str, first["loc"])) or "settings", str(first["msg"])) from None


def _checked_name(name: str) -> str:
    plain = " ".join(name.split())
    if not 0 < len(plain) <= 120:
        raise Invalid("name", "A connection needs a name of 1 to 120 characters.")
    return plain


def _view(row: tables.Connection) -> ConnectionView:
    return ConnectionView(
        id=row.id,
        name=row.name,
        kind=row.kind,
        settings=dict(row.settings),
        state=cast(Literal["active", "paused"], row.state),
        message=row.message,
        default_place=row.default_place,
        created_at=row.created_at,
    )

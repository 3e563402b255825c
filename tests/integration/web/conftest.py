"""The real application over a real SQLite file, with two workspaces and a person of every role in each."""

from __future__ import annotations

import base64
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from plugin import bootstrap, settings
from plugin.services import administration, people
from plugin.services.caller import Caller, Role
from plugin.services.deps import Deps
from plugin.store import migrate
from plugin.web.app import create_app

PASSWORD = "a long enough passphrase"
ROLES: tuple[Role, ...] = ("reader", "author", "admin")


class Clock:
    """The time of the tests; move it with ``forward``."""

    def __init__(self) -> None:
        self.now = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **units: float) -> None:
        self.now += timedelta(**units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person of the tests with an API token."""

    caller: Caller
    email: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The application and who works in it: ``ours`` and ``theirs`` by role."""

    app: Flask
    deps: Deps
    clock: Clock
    ours: dict[Role, Actor]
    theirs: dict[Role, Actor]

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def call(self, actor: Actor | None, method: str, path: str, **more: Any) -> TestResponse:
        headers = {**(actor.bearer if actor else {}), **more.pop("headers", {})}
        return self.client().open(path, method=method, headers=headers, **more)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[Role, Actor]]]:
    """A data folder with a migrated database and the people in it, to be copied: hashing their passwords takes a while."""
    folder = tmp_path_factory.mktemp("furnished")
    deps = replace(_deps(folder), clock=Clock())
    migrate.upgrade(deps.database)
    actors = _workspaces(deps)
    deps.database.close()
    return folder, actors


@pytest.fixture
def make_house(furnished: tuple[Path, dict[str, dict[Role, Actor]]], tmp_path: Path) -> Iterator[Callable[..., House]]:
    opened: list[Deps] = []
    template, actors = furnished

    def make(**chosen: Any) -> House:
        folder = tmp_path / f"data{len(opened)}"
        shutil.copytree(template, folder)
        clock = Clock()
        deps = replace(_deps(folder, **chosen), clock=clock)
        opened.append(deps)
        return House(app=create_app(deps), deps=deps, clock=clock, **actors)

    yield make
    for deps in opened:
        deps.database.close()


def _deps(folder: Path, **chosen: Any) -> Deps:
    chosen = {"min_free_bytes": 0, "first_admin_email": "admin@example.com", "first_admin_password": PASSWORD, **chosen}
    return bootstrap.build(settings.load({}, data_dir=folder, **chosen))


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    return make_house()


def _workspaces(deps: Deps) -> dict[str, dict[Role, Actor]]:
    people.ensure_first_admin(deps)
    first = people.sign_in(deps, email="admin@example.com", password=PASSWORD).caller
    theirs_workspace = administration.create_workspace(deps, first, name="Other").id
    theirs = replace(first, workspace_id=theirs_workspace)
    theirs = replace(theirs, person_id=next(p.id for p in people.people(deps, theirs) if p.role == "admin"))
    return {"ours": _actors(deps, first, "ours"), "theirs": _actors(deps, theirs, "theirs")}


def _actors(deps: Deps, admin: Caller, side: str) -> dict[Role, Actor]:
    actors: dict[Role, Actor] = {}
    for role in ROLES:
        email = f"{role}@{side}.example.com"
        made = people.add(deps, admin, email=email, name=f"{role} {side}", role=role, password=PASSWORD)
        caller = Caller(workspace_id=admin.workspace_id, person_id=made.id, role=role, name=made.name)
        token = people.make_token(deps, caller, name="tests")
        actors[role] = Actor(caller=caller, email=email, token=token.secret or "")
    return actors


def tus_metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def document(**more: Any) -> dict[str, Any]:
    """A small SOP document as clients send it."""
    return {
        "schema": "sopwright/sop@1",
        "id": "",
        "revision": 1,
        "title": "Restart the queue",
        "steps": [{"id": "stp_1", "number": 1, "action": "Open the console."}, {"id": "stp_2", "number": 2, "action": "Press Restart."}],
        **more,
    }


@pytest.fixture
def unused_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])

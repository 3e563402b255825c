"""Asks every target that is set up who we are there and what we may not do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Thread

from connectors import registry
from connectors.contract import Connector, Identity
from connectors.errors import AuthFailed, ConnectorError, Gone, Misconfigured, Retry
from plugin.cli import machine
from plugin.cli.findings import Finding
from plugin.cli.publish import connector_settings
from plugin.domain.errors import SopError
from plugin.settings import Settings

PATIENCE_S = 30.0
"""A target that does not answer must not keep the doctor."""


def connected(settings: Settings) -> Iterator[Finding]:
    """The connections of all workspaces of the service."""
    from sqlalchemy import select

    from plugin.bootstrap import build
    from plugin.services import connections
    from plugin.store import tables

    if not machine.ready(settings):
        return
    deps = build(settings)
    try:
        with deps.database.begin() as session:
            rows = session.scalars(select(tables.Connection).order_by(tables.Connection.name, tables.Connection.id)).all()
        again = "Enter it anew under Administration > Connections."
        for row in rows:
            yield examined(f"{row.kind} “{row.name}”", lambda row=row: connections.opened(deps, row.workspace_id, row.id), again)  # type: ignore[misc]  # a lambda with its own row
    finally:
        deps.database.close()


def from_environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    """What `sopwright publish` and `sopwright connect` would use: a connector of whose settings at least one is set."""
    for name in registry.names():
        prefix = f"SOPWRIGHT_{name.upper()}_"
        if not any(variable.startswith(prefix) and value for variable, value in environ.items()):
            continue
        with tempfile.TemporaryDirectory() as state:

            def opened(name: str = name, state: str = state) -> Connector:
                package = registry.package(name)
                made: Connector = package.connect(connector_settings(package, name, environ), state=Path(state))
                return made

            yield examined(f"{name} (environment)", opened, f"Correct {prefix}TOKEN.")


def examined(subject: str, open_it: Callable[[], Connector], new_credential: str) -> Finding:
    """``new_credential`` says where to enter one that is accepted."""
    answers: list[Identity | Exception] = []

    def ask() -> None:
        try:
            connector = open_it()
            try:
                answers.append(connector.check())
            finally:
                getattr(connector, "close", lambda: None)()
        except Exception as error:  # noqa: BLE001 - handed over to the thread that waits
            answers.append(error)

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE_S)
    if not answers:
        return Finding(
            subject=subject,
            state="problem",
            words=f"no answer within {PATIENCE_S:.0f} seconds",
            advice="Can this machine reach the address? Try again later.",
        )
    answer = answers[0]
    if isinstance(answer, Exception):
        return _broken(subject, answer, new_credential)
    who = f"signed in as {answer.name}" + (f" ({answer.url})" if answer.url else "")
    if answer.missing:
        return Finding(subject=subject, state="note", words=f"{who}; missing: {' '.join(answer.missing)}", advice="Grant what is missing.")
    return Finding(subject=subject, state="ok", words=who)


def _broken(subject: str, error: Exception, new_credential: str) -> Finding:
    words = error.message_for_user if isinstance(error, ConnectorError | Misconfigured | SopError) else f"fails ({type(error).__name__})"
    advice = "Correct the setting."
    match error:
        case AuthFailed():
            advice = new_credential
        case Retry():
            advice = "Can this machine reach the address? Try again later."
        case Gone():
            advice = "Give the connection access to the place, or name another one."
        case Misconfigured():
            advice = f"Correct {error.setting}."
    return Finding(subject=subject, state="problem", words=words, advice=advice)

"""``sopwright serve | web | worker | scheduler | db | connect | reviews``: the service and its upkeep."""

from __future__ import annotations

import json
import os
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from connectors import registry
from plugin import settings as configuration
from plugin.bootstrap import build
from plugin.cli import roles
from plugin.cli.publish import connector_settings
from plugin.observe import logging
from plugin.services import connections, library
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.operator import operator
from plugin.settings import Settings
from plugin.store import migrate

FOLDER_NAME = "Git folder"


@click.command(short_help="Run the whole service on this machine.")
@click.option("--host", help="Address to listen on. [default: SOPWRIGHT_HOST or 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on. [default: SOPWRIGHT_PORT or 8800]")
def serve(host: str | None, port: int | None) -> None:
    """Run everything on this machine: web, workers and scheduler.

    The database is brought up to date first. At the very first start an admin is made (its password is shown once) and a Git folder in the data folder
    becomes the first knowledge base.
    """
    settings = _settings(host, port)
    deps = build(settings)
    migrate.upgrade(deps.database)
    _first_start(deps)
    staff = [roles.Role(name=f"worker-{n + 1}", run=roles.run_worker) for n in range(settings.workers)]
    deps.database.engine.dispose()
    with roles.children([*staff, roles.Role(name="scheduler", run=roles.run_scheduler)], settings):
        _web(build(settings))


@click.command(short_help="Run the web role alone.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
def web(host: str | None, port: int | None) -> None:
    """Run the web role alone (API, uploads, pages). Several may run; see deploy/gunicorn.conf.py for larger installations."""
    deps = build(_settings(host, port))
    _require_schema(deps)
    _first_start(deps)
    _web(deps)


@click.command(short_help="Run one worker.")
def worker() -> None:
    """Run one worker: takes recordings and publications until it is stopped. Several may run, on several machines."""
    settings = _settings()
    _require_schema(build(settings))
    roles.run_worker(settings)


@click.command(short_help="Run reviews, reminders and upkeep.")
def scheduler() -> None:
    """Run the scheduler: reviews, reminders, outbox, lost jobs, retention. A second one waits until the first is gone."""
    settings = _settings()
    _require_schema(build(settings))
    roles.run_scheduler(settings)


@click.group()
def db() -> None:
    """Bring the database up to date."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to this version. Safe to run while the service of the version before is running."""
    deps = build(_settings())
    migrate.upgrade(deps.database)
    click.echo("The database is up to date.")


@click.command(short_help="Connect a knowledge base.")
@click.argument("kind", type=click.Choice(registry.names()))
@click.option("--name", help="How people see it. [default: the kind]")
@click.option("--place", help="Where new pages go when nobody says otherwise (space, database or folder).")
def connect(kind: str, name: str | None, place: str | None) -> None:
    """Connect a knowledge base to the service, with the settings that `sopwright publish` uses (SOPWRIGHT_<KIND>_*), and check it."""
    deps = build(_settings())
    _require_schema(deps)
    admin = _admin(deps)
    chosen = connector_settings(registry.package(kind), kind, os.environ)
    made = connections.connect(deps, admin, kind=kind, name=name or kind.title(), settings=_plain(chosen), default_place=place)
    identity = connections.check(deps, admin, made.id)
    click.echo(f"Connected as {identity.name}.")
    for missing in identity.missing:
        click.echo(f"Missing: {missing}", err=True)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--overdue", is_flag=True, help="Only what is overdue.")
def reviews(as_json: bool, overdue: bool) -> None:
    """List what is due for review, the most urgent first."""
    deps = build(_settings())
    _require_schema(deps)
    caller = _admin(deps)
    table = Table("Due", "State", "Owner", "SOP", box=None)
    for sop in sorted(_all_sops(deps, caller, overdue=overdue), key=lambda s: str(s.due or "9999")):
        if as_json:
            due = sop.due.isoformat() if sop.due else None
            click.echo(json.dumps({"sop_id": sop.id, "title": sop.title, "due": due, "state": sop.review_state, "owner": sop.owner_name}))
        else:
            table.add_row(str(sop.due or "-"), sop.review_state, sop.owner_name or "nobody", sop.title)
    if not as_json:
        Console().print(table)


def _all_sops(deps: Deps, caller: Caller, *, overdue: bool) -> list[library.SopSummary]:
    found: list[library.SopSummary] = []
    cursor = None
    while True:
        page = library.search(deps, caller, library.Query(overdue=overdue), cursor=cursor, limit=100)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


def _settings(host: str | None = None, port: int | None = None) -> Settings:
    chosen: dict[str, Any] = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = configuration.load(**chosen)
    logging.set_up(form=settings.log_format, level=settings.log_level)
    return settings


def _web(deps: Deps) -> None:
    from plugin.web import serving

    Console(stderr=True).print(f"[bold]SOPwright[/] is running at [link]{deps.settings.base_url}[/] (Ctrl+C ends it)", highlight=False)
    serving.serve(deps, os.environ)


def _first_start(deps: Deps) -> None:
    from plugin.web import serving

    words = serving.first_start(deps)
    if words is None:
        return
    Console(stderr=True).print(f"[bold green]{words}[/]", highlight=False)
    folder = deps.settings.data_dir / "knowledge-base"
    connections.connect(
        deps, _admin(deps), kind="filesystem", name=FOLDER_NAME, settings={"path": str(folder.absolute())}, default_place="sops"
    )


def _admin(deps: Deps) -> Caller:
    """The operator at this machine acts with an admin's rights in the first workspace."""
    return operator(deps)


def _require_schema(deps: Deps) -> None:
    if migrate.behind(deps.database):
        raise click.ClickException("The database is not up to date. Run `sopwright db upgrade` first.")


def _plain(settings: Any) -> dict[str, Any]:
    """The values of a connector's settings as they were given, secrets included; they go into the vault."""
    return {name: value.get_secret_value() if hasattr(value, "get_secret_value") else value for name, value in settings}

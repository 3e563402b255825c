"""``sopwright doctor``: is everything there that is needed, and what to do about what is not."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plugin import settings as configuration
from plugin.cli import machine, targets
from plugin.cli.findings import Finding, guarded
from plugin.domain.errors import SopError
from plugin.settings import Settings

SIGNS = {"ok": "[green]✓[/]", "note": "[yellow]![/]", "problem": "[bold red]✗[/]"}


@click.command(short_help="Say what is in use and what is missing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line: subject, state (ok, note, problem), words, advice.")
def doctor(as_json: bool) -> None:
    """Check settings, models, codecs, disk, database, queue, mail, sign-in and connectors, and say what to do.

    Connectors are those that the service is connected to, and those whose settings stand in the environment (SOPWRIGHT_NOTION_TOKEN ...). Each is
    asked who we are there and what we may not do; nothing is changed. Exit code 1 when something does not work.
    """
    findings = []
    console = Console(highlight=False)
    table = Table("", "What", "Found", "What to do", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.overflow = "fold"
    for finding in examine(os.environ):
        findings.append(finding)
        if as_json:
            click.echo(json.dumps(asdict(finding)))
        elif console.is_terminal:
            table.add_row(SIGNS[finding.state], finding.subject, escape(finding.words), escape(finding.advice))
        else:
            click.echo(f"{finding.state:8}{finding.subject}: {finding.words}" + (f". {finding.advice}" if finding.advice else ""))
    if console.is_terminal and not as_json:
        console.print(table)
    if any(f.state == "problem" for f in findings):
        sys.exit(1)


def examine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """All findings; a check that fails unexpectedly is a finding too, never an error of the doctor."""
    try:
        settings = configuration.load(environ)
    except SopError as error:
        yield Finding(subject="settings", state="problem", words=error.message_for_user, advice="Correct the variable and run this again.")
        return
    checks: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
        ("settings", lambda s: machine.safety(s, environ)),
        ("disk", machine.disk),
        ("video and audio", machine.codecs),
        ("speech", machine.speech),
        ("screen text", machine.screen_text),
        ("database", machine.database),
        ("queue", machine.queue),
        ("mail", machine.mail),
        ("sign-in", machine.sign_in),
        ("connectors", targets.connected),
        ("connectors", lambda _: targets.from_environment(environ)),
    )
    for subject, check in checks:
        yield from guarded(subject, check, settings)

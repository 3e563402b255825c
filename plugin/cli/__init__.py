"""``sopwright``: one command for people, shells and service managers.

Exit codes: 0 done, 2 wrong use, 3 the input cannot be used (with the reason), 1 anything else.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

import click
from rich.console import Console
from rich.markup import escape

from connectors.errors import AuthFailed, Conflict, ConnectorError, Gone, Misconfigured, Reject
from plugin import __version__
from plugin.domain.errors import Invalid, InvalidDocument, SopError, UnusableRecording

OURS, USAGE, UNUSABLE = 1, 2, 3

COMMANDS = {
    "make": "plugin.cli.make",
    "publish": "plugin.cli.publish",
    "serve": "plugin.cli.service",
    "web": "plugin.cli.service",
    "worker": "plugin.cli.service",
    "scheduler": "plugin.cli.service",
    "db": "plugin.cli.service",
    "connect": "plugin.cli.service",
    "reviews": "plugin.cli.service",
    "doctor": "plugin.cli.doctor",
}


class _OnDemand(click.Group):
    """Imports a command when it is called. Every child process begins with this module again, so it must not cost seconds."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature of click
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the signature of click
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=_OnDemand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="sopwright")
def cli() -> None:
    """Turn a narrated screen recording into a Standard Operating Procedure, publish it, keep it reviewed.

    \b
    The shortest way:
      sopwright make recording.mp4 --out sop      sop/sop.html is the finished procedure
      sopwright publish sop --target filesystem   commits it to a Git folder with history
      sopwright serve                             the whole service: upload, edit, publish, review

    Settings come from the environment (SOPWRIGHT_*); `sopwright doctor` says what is in use and what is missing.
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs the command line; every expected error becomes one readable line and its exit code."""
    errors = Console(stderr=True, highlight=False)
    try:
        cli.main(arguments, prog_name="sopwright", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except (KeyboardInterrupt, click.Abort):
        errors.print("[yellow]Stopped.[/] What was finished is kept; the same command goes on from there.")
        sys.exit(130)
    except (SopError, ConnectorError, Misconfigured) as error:
        errors.print("[bold red]Error:[/]", escape(error.message_for_user), soft_wrap=True)
        sys.exit(exit_code(error))
    sys.exit(0)


def exit_code(error: Exception) -> int:
    """2 where the call was wrong, 3 where the input or the target refuses, else 1 (trying again may help)."""
    if isinstance(error, (Invalid, Misconfigured)):
        return USAGE
    if isinstance(error, (UnusableRecording, InvalidDocument, Conflict, Gone, Reject, AuthFailed)):
        return UNUSABLE
    return OURS

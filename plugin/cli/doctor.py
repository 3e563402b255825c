"""``sopwright doctor``: is everything there that is needed, and what to do about what is not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import click
from rich.console import Console
from rich.table import Table

from plugin import settings as configuration
from plugin.domain.errors import SopError
from plugin.settings import Settings

NEEDED_DECODERS = ("h264", "hevc", "vp8", "vp9", "av1", "aac", "opus", "vorbis")
LOW_SPACE_BYTES = 5 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``advice`` says what to do where it is not well."""

    subject: str
    state: Literal["ok", "note", "problem"]
    words: str
    advice: str = ""


@click.command()
def doctor() -> None:
    """Check settings, models, codecs, disk, database and connectors, and say what to do.

    Exit code 1 when something is missing that the service cannot work without.
    """
    console = Console(highlight=False)
    table = Table("", "What", "Found", "What to do", show_lines=False, box=None, pad_edge=False)
    signs = {"ok": "[green]✓[/]", "note": "[yellow]![/]", "problem": "[bold red]✗[/]"}
    findings = list(examine())
    for finding in findings:
        table.add_row(signs[finding.state], finding.subject, finding.words, finding.advice)
    console.print(table)
    if any(f.state == "problem" for f in findings):
        sys.exit(1)


def examine() -> Iterator[Finding]:
    """All findings; a check that fails unexpectedly is a finding too, never an error of the doctor."""
    try:
        settings = configuration.load()
    except SopError as error:
        yield Finding(subject="settings", state="problem", words=error.message_for_user, advice="Correct the variable and run this again.")
        return
    yield Finding(subject="settings", state="ok", words=f"data in {settings.data_dir.absolute()}")
    checks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("disk", disk),
        ("video and audio", codecs),
        ("speech", speech),
        ("screen text", screen_text),
        ("database", database),
        ("mail", mail),
    )
    for subject, check in checks:
        try:
            yield check(settings)
        except Exception as error:  # noqa: BLE001 - whatever is broken is what the doctor is asked about
            yield Finding(
                subject=subject, state="problem", words=f"{type(error).__name__}: {error}", advice="This part cannot be used like this."
            )


def disk(settings: Settings) -> Finding:
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    words = f"{free / 2**30:.1f} GiB free"
    if free < settings.min_free_bytes:
        return Finding(subject="disk", state="problem", words=words, advice="Uploads are refused. Make space or move SOPWRIGHT_DATA.")
    if free < LOW_SPACE_BYTES:
        return Finding(subject="disk", state="note", words=words, advice="A recording of an hour takes about 1 GiB.")
    return Finding(subject="disk", state="ok", words=words)


def codecs(_: Settings) -> Finding:
    import av
    import cv2

    missing = [name for name in NEEDED_DECODERS if name not in av.codecs_available]
    words = f"PyAV {av.__version__}, OpenCV {cv2.__version__}"
    if missing:
        return Finding(
            subject="video and audio",
            state="note",
            words=f"{words}; no decoder for {', '.join(missing)}",
            advice="Such recordings are refused.",
        )
    return Finding(subject="video and audio", state="ok", words=words)


def speech(settings: Settings) -> Finding:
    from plugin.pipeline.speech_models import WAYS_OUT, find

    model = find(settings.speech_model, cache=settings.data_dir / "models")
    if model is None:
        return Finding(
            subject="speech", state="note", words="no model on this machine; it is downloaded at the first recording", advice=WAYS_OUT
        )
    return Finding(subject="speech", state="ok", words=f"{model.name} ({model.source}: {model.folder})")


def screen_text(_: Settings) -> Finding:
    import importlib.metadata

    import onnxruntime
    import rapidocr  # noqa: F401 - that it can be imported is what is checked

    version = importlib.metadata.version("rapidocr")
    return Finding(subject="screen text", state="ok", words=f"RapidOCR {version}, models inside, onnxruntime {onnxruntime.__version__}")


def database(settings: Settings) -> Finding:
    from plugin.store import migrate
    from plugin.store.session import Database

    if settings.database.startswith("sqlite") and not (settings.data_dir / "sopwright.db").exists():
        return Finding(subject="database", state="note", words="SQLite, not made yet", advice="`sopwright serve` makes it.")
    kind = settings.database.split(":")[0].split("+")[0]
    if migrate.behind(Database(settings.database)):
        return Finding(subject="database", state="note", words=f"{kind}, schema is behind", advice="Run `sopwright db upgrade`.")
    return Finding(subject="database", state="ok", words=f"{kind}, schema up to date")


def mail(settings: Settings) -> Finding:
    if settings.smtp_host:
        return Finding(subject="mail", state="ok", words=f"{settings.smtp_host}:{settings.smtp_port} ({settings.smtp_security})")
    return Finding(subject="mail", state="note", words="no mail server", advice="Reminders stand in the log only. Set SOPWRIGHT_SMTP_HOST.")

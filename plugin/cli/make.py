"""``sopwright make``: a recording to ``sop.json``, ``sop.md``, ``sop.html`` and ``images/``."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import click
from rich.console import Console

from plugin import settings
from plugin.cli import progress
from plugin.cli.common import speech_model
from plugin.domain.document import to_document
from plugin.domain.errors import Exhausted
from plugin.export import to_html, to_markdown
from plugin.pipeline import room, runner
from plugin.pipeline.side.beside import beside
from plugin.pipeline.stage import Options


@click.command(short_help="Make an SOP from a recording.")
@click.argument("recording", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to. [default: the recording's name without its ending]"
)
@click.option("--title", help="Title of the SOP. [default: from the narration]")
@click.option("--language", help="Language of the narration as a two-letter code (en, de ...). [default: recognised]")
@click.option("--area", help="Template of one of the nine areas, e.g. incident-response. [default: guessed]")
@click.option("--owner", help="Who owns the SOP.")
@click.option(
    "--captions", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="An .srt or .vtt file that beats the recogniser."
)
@click.option(
    "--events", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A log of clicks, keys, titles and marks (JSON lines)."
)
@click.option("--cast", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The terminal session, recorded with asciinema.")
@click.option("--never", multiple=True, help="A term that is always covered, in text and pictures. Can be repeated.")
@click.option("--allow", multiple=True, help="A value that looks like a secret and is none. Can be repeated.")
@click.option("--progress", "mode", type=click.Choice(["auto", "bars", "lines", "json", "none"]), default="auto", show_default=True)
@click.option(
    "--work", type=click.Path(file_okay=False, path_type=Path), help="Folder for the artefacts of the stages. [default: the user's cache]"
)
def make(
    recording: Path,
    out: Path | None,
    title: str | None,
    language: str | None,
    area: str | None,
    owner: str | None,
    captions: Path | None,
    events: Path | None,
    cast: Path | None,
    never: tuple[str, ...],
    allow: tuple[str, ...],
    mode: str,
    work: Path | None,
) -> None:
    """Make an SOP from RECORDING (MP4, MOV, WebM, MKV ..., or a terminal session of asciinema).

    Files of the same name beside it are used as well: .srt or .vtt (captions), .events.jsonl (clicks, keys, marks), .cast (the terminal's session).
    Writes sop.json, sop.md, sop.html (one self-contained file) and images/. A second run reuses what the first one finished.
    Exit code 3 means that the recording cannot be used; the message says why.
    """
    from plugin.pipeline.stages import STAGES  # the heavy engines stand behind it

    given = {"captions": captions, "events": events, "cast": cast}
    side_files = beside(recording) | {kind: str(path) for kind, path in given.items() if path}
    if side_files and mode not in ("none", "json"):
        click.echo("Also used: " + ", ".join(Path(path).name for path in side_files.values()), err=True)
    configured = settings.load()
    options = Options(
        title=title,
        language=language,
        area=area,
        owner=owner,
        never=never,
        allowed=allow,
        speech_model=str(speech_model(configured)),
        language_model=configured.rewording,
        language_model_key=configured.language_model_key.get_secret_value() or None,
        threads=os.cpu_count() or 1,
        side_files=side_files,
    )
    workdir = work or default_workdir()
    with room.needed():
        workdir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with progress.shown(mode) as tell:
        result = runner.run(recording, workdir=workdir, options=options, stages=STAGES, on_progress=tell)
    folder = out or Path(recording.stem)
    save(result, folder)
    for finding in result.redacted.unsure:
        Console(stderr=True).print(f"[yellow]Please look:[/] {finding}")
    click.echo(f"{len(result.sop.steps)} steps: {folder / 'sop.html'}")


def default_workdir() -> Path:
    """The artefacts hold what the recording shows, secrets included, so they lie in the user's own cache and not beside the result."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sopwright" / "work"


def save(result: runner.Result, folder: Path) -> None:
    """Writes the document and its pictures; files that are there from an earlier run are replaced only when all new ones exist."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sopwright-", dir=folder) as name:
            aside = Path(name)
            images = aside / "images"
            if (result.images / "images").is_dir():
                shutil.copytree(result.images / "images", images)
            images.mkdir(exist_ok=True)
            document = json.dumps(to_document(result.sop), indent=1, ensure_ascii=False)
            (aside / "sop.json").write_text(document + "\n", "utf-8")
            (aside / "sop.md").write_text(to_markdown(result.sop), "utf-8")
            (aside / "sop.html").write_text(to_html(result.sop, lambda path: (aside / path).read_bytes()), "utf-8")
            shutil.rmtree(folder / "images", ignore_errors=True)
            for part in aside.iterdir():
                part.rename(folder / part.name)
    except OSError as error:
        raise Exhausted(
            f"The result could not be written to {folder}: {error.strerror}. Nothing that was finished is lost; run the same again."
        ) from None

"""What several commands need."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from plugin.pipeline.model_download import Downloader
from plugin.pipeline.speech_models import resolve
from plugin.settings import Settings


def speech_model(settings: Settings) -> Path:
    """The folder of the speech model in use; fetched with a progress bar where it is not on this machine yet."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, int] = {}

        def tell(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(f"Speech model: {file}", total=total)
            bars.update(tasks[file], completed=done, total=total)  # type: ignore[arg-type]  # rich's TaskID is an int

        return resolve(settings.speech_model, cache=settings.data_dir / "models", fetch=Downloader(progress=tell)).folder

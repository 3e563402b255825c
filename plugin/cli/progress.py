"""Shows a run: a bar per stage on a terminal, plain lines elsewhere, or JSON lines for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from plugin.export import clock
from plugin.pipeline import runner
from plugin.pipeline.stage import STAGES

WORDS = {
    "probe": "Checking the file",
    "listen": "Listening",
    "watch": "Watching",
    "read": "Reading the screen",
    "act": "Finding the actions",
    "redact": "Covering secrets",
    "write": "Writing the SOP",
}
Tell = Callable[[runner.Progress], None]


@contextmanager
def shown(mode: str) -> Iterator[Tell]:
    """``mode``: auto (bars on a terminal, else lines), bars, lines, json or none. Everything goes to standard error."""
    if mode == "auto":
        mode = "bars" if sys.stderr.isatty() else "lines"
    if mode == "bars":
        with _bars() as tell:
            yield tell
    else:
        tells: dict[str, Tell] = {"json": _json, "lines": _Lines(), "none": lambda _: None}
        yield tells[mode]


@contextmanager
def _bars() -> Iterator[Tell]:
    columns = (TextColumn("{task.description:<20}"), BarColumn(bar_width=32), TaskProgressColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {name: bars.add_task(WORDS[name], total=1.0, left="") for name in STAGES}
        whole = bars.add_task("[bold]All", total=1.0, left="")

        def tell(progress: runner.Progress) -> None:
            for name, fraction in progress.stages.items():
                bars.update(tasks[name], completed=fraction)
            left = "" if progress.seconds_left is None else f"{clock(progress.seconds_left)} left"
            bars.update(whole, completed=progress.fraction, left=left)

        yield tell


class _Lines:
    """A line when a stage begins and when it ends: readable in a build log."""

    def __init__(self) -> None:
        self._told: set[tuple[str, bool]] = set()

    def __call__(self, progress: runner.Progress) -> None:
        done = progress.stages[progress.stage] >= 1.0
        if (progress.stage, done) in self._told:
            return
        self._told |= {(progress.stage, done)} | ({(progress.stage, False)} if done else set())
        left = "" if progress.seconds_left is None else f", {clock(progress.seconds_left)} left"
        print(f"{WORDS[progress.stage]} {'done' if done else '...'} ({progress.fraction:.0%}{left})", file=sys.stderr, flush=True)  # noqa: T201 - this is the output


def _json(progress: runner.Progress) -> None:
    record = {
        "stage": progress.stage,
        "fraction": round(progress.fraction, 4),
        "stages": progress.stages,
        "seconds_left": progress.seconds_left,
    }
    print(json.dumps(record), file=sys.stderr, flush=True)  # noqa: T201 - this is the output

"""A role of the service as a process of its own, for tests that kill it: ``python -m tests.integration.services.role worker|scheduler``.

The pipeline is the quick one of the unit tests, mails are lines appended to a file.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

from plugin import scheduler, settings, worker
from plugin.bootstrap import build
from plugin.notify.contract import Message
from plugin.services.deps import Deps
from plugin.services.work import worker_name
from tests.unit.services.stages import STAGES


class FileOfMails:
    """Appends one line a mail; appending is atomic between processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, message: Message) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, f"{json.dumps([message.id, message.address, message.subject])}\n".encode())
        os.close(handle)


def deps_for(data_dir: Path, url: str) -> Deps:
    built = build(settings.load({}, data_dir=data_dir, database_url=url, lease_s=5, min_free_bytes=0))
    mails = FileOfMails(data_dir / "mails")
    return replace(built, stages=lambda: STAGES, speech_model=lambda: None, notifiers={"mail": mails, "chat": mails})


def main() -> None:
    role, data_dir, url = sys.argv[1:4]
    deps = deps_for(Path(data_dir), url)
    print("ready", flush=True)
    if role == "worker":
        worker.run(deps, Event(), worker=worker_name())
    elif role == "reviews":
        sys.stdin.readline()  # all start at the same moment
        for _ in range(5):
            scheduler.reviews(deps)
    else:
        scheduler.run(deps, Event(), holder=worker_name())


if __name__ == "__main__":
    main()

"""What the services work with. Built in one place (plugin.bootstrap) and passed as the first argument of every service function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.contract import Connector
from plugin.blobs.contract import Blobs
from plugin.domain.ids import Clock, NewId
from plugin.notify.contract import Notifiers
from plugin.pipeline.stage import Stage
from plugin.queue.contract import Queue
from plugin.settings import Settings
from plugin.store.session import Database
from plugin.vault import Signer, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """``speech_model`` finds the folder of the model in use (None: there is none). ``stages`` gives the pipeline's stages, imported on first use; ``connect(kind, settings, state)`` opens a target."""

    settings: Settings
    clock: Clock
    new_id: NewId
    random_bytes: Callable[[int], bytes]
    database: Database
    blobs: Blobs
    queue: Queue
    vault: Vault
    signer: Signer
    notifiers: Notifiers
    speech_model: Callable[[], str | None]
    stages: Callable[[], Sequence[Stage]]
    connect: Callable[[str, Any, Path], Connector]

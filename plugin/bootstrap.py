"""The only place that picks implementations: settings in, everything that the services work with out."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ulid import ULID

from connectors import registry
from connectors.contract import Connector
from plugin.blobs.local import LocalBlobs
from plugin.notify import notifiers_for
from plugin.pipeline.stage import Stage
from plugin.queue.local import LocalQueue
from plugin.services.deps import Deps
from plugin.settings import Settings
from plugin.store.session import Database
from plugin.vault import Signer, Vault, new_key


def build(settings: Settings) -> Deps:
    """Makes the data folder and its keys where they are missing. Opens no connection yet and changes no schema (see plugin.store.migrate)."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    signing_key = settings.secret_key.get_secret_value() or _kept(
        settings.data_dir / "keys" / "secret_key", lambda: secrets.token_urlsafe(48)
    )
    vault_keys = settings.vault_keys.get_secret_value() or _kept(settings.data_dir / "keys" / "vault_keys", new_key)
    return Deps(
        settings=settings,
        clock=lambda: datetime.now(UTC),
        new_id=lambda prefix: f"{prefix}_{ULID()}",
        random_bytes=secrets.token_bytes,
        database=Database(settings.database),
        blobs=LocalBlobs(settings.data_dir / "blobs", min_free_bytes=settings.min_free_bytes),
        queue=LocalQueue(settings.data_dir / "queue"),
        vault=Vault([key.strip() for key in vault_keys.split(",") if key.strip()]),
        signer=Signer(signing_key),
        notifiers=notifiers_for(settings),
        speech_model=lambda: _speech_model(settings),
        stages=_stages,
        connect=_connect,
    )


def _connect(kind: str, settings: Any, state: Path) -> Connector:
    connector: Connector = registry.package(kind).connect(settings, state=state)
    return connector


def _stages() -> Sequence[Stage]:
    from plugin.pipeline.stages import STAGES  # heavy engines behind it: imported by a worker only

    return STAGES


def _speech_model(settings: Settings) -> str | None:
    """The folder of the model in use; downloaded first where that is what the setting asks for."""
    from plugin.pipeline.model_download import Downloader
    from plugin.pipeline.speech_models import resolve

    return str(resolve(settings.speech_model, cache=settings.data_dir / "models", fetch=Downloader()).folder)


def _kept(path: Path, make: Any) -> str:
    """The content of ``path``, made at the first start. Created exclusively, so that two roles that start at once agree on one key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.touch(mode=0o600)
    aside.write_text(make(), "utf-8")
    try:
        os.link(aside, path)
    except FileExistsError:
        pass  # made before, or by another role just now
    finally:
        aside.unlink()
    return path.read_text("utf-8").strip()

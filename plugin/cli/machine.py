"""What this machine has: disk, codecs, models, database, queue, mail server, identity provider."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from plugin.cli.findings import Finding, State
from plugin.domain.errors import Invalid
from plugin.settings import Settings

NEEDED_DECODERS = ("h264", "hevc", "vp8", "vp9", "av1", "aac", "opus", "vorbis")
LOW_SPACE_BYTES = 5 * 2**30
PATIENCE_S = 5.0
STATES: dict[str, State] = {"good": "ok", "poor": "note", "bad": "problem"}


def safety(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The web role refuses to start with unsafe settings; here it is said before."""
    from plugin.web import safety as rules

    try:
        rules.check(settings, environ)
    except Invalid as error:
        yield Finding(subject="settings", state="problem", words=error.message_for_user, advice="The web role does not start like this.")
        return
    yield Finding(subject="settings", state="ok", words=f"data in {settings.data_dir.absolute()}, people come to {settings.base_url}")


def disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        advice = "Let the service's user write there, or set SOPWRIGHT_DATA to another folder."
        yield Finding(subject="disk", state="problem", words=f"{folder} cannot be written", advice=advice)
        return
    free = shutil.disk_usage(folder).free
    words = f"{free / 2**30:.1f} GiB free"
    if free < settings.min_free_bytes:
        yield Finding(subject="disk", state="problem", words=words, advice="Uploads are refused. Make space or move SOPWRIGHT_DATA.")
    elif free < LOW_SPACE_BYTES:
        yield Finding(subject="disk", state="note", words=words, advice="A recording of an hour takes about 1 GiB.")
    else:
        yield Finding(subject="disk", state="ok", words=words)


def codecs(_: Settings) -> Iterator[Finding]:
    import av
    import cv2

    missing = [name for name in NEEDED_DECODERS if name not in av.codecs_available]
    words = f"PyAV {av.__version__}, OpenCV {cv2.__version__}"
    if missing:
        lacks = f"{words}; no decoder for {', '.join(missing)}"
        yield Finding(subject="video and audio", state="note", words=lacks, advice="Such recordings are refused.")
    else:
        yield Finding(subject="video and audio", state="ok", words=words)


def speech(settings: Settings) -> Iterator[Finding]:
    from plugin.pipeline.speech_models import WAYS_OUT, find

    model = find(settings.speech_model, cache=settings.data_dir / "models")
    if model is None:
        words = "no model on this machine; it is downloaded at the first recording"
        yield Finding(subject="speech", state="note", words=words, advice=WAYS_OUT)
    else:
        yield Finding(subject="speech", state="ok", words=f"{model.name} ({model.source}: {model.folder})")


def screen_text(_: Settings) -> Iterator[Finding]:
    import importlib.metadata

    import onnxruntime
    import rapidocr

    version = importlib.metadata.version("rapidocr")
    models = [p for p in Path(rapidocr.__file__).parent.rglob("*.onnx") if p.stat().st_size > 0]
    if not models:
        advice = "Install it anew: make clean setup (or pip install --force-reinstall rapidocr)."
        yield Finding(subject="screen text", state="problem", words=f"RapidOCR {version} without its models", advice=advice)
        return
    yield Finding(subject="screen text", state="ok", words=f"RapidOCR {version} with its models, onnxruntime {onnxruntime.__version__}")


def database(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy.exc import DBAPIError

    from plugin.store import migrate
    from plugin.store.session import Database

    if not there(settings):
        yield Finding(subject="database", state="note", words="SQLite, not made yet", advice="`sopwright serve` makes it.")
        return
    kind = settings.database.split(":")[0].split("+")[0]
    opened = Database(settings.database)
    try:
        if migrate.behind(opened):
            yield Finding(subject="database", state="note", words=f"{kind}, schema is behind", advice="Run `sopwright db upgrade`.")
        else:
            yield Finding(subject="database", state="ok", words=f"{kind}, schema up to date")
    except DBAPIError as error:
        where = f"{kind} at {opened.url.host or opened.url.database}"
        advice = "Is it running, may this machine reach it, are user and password in SOPWRIGHT_DATABASE_URL right?"
        yield Finding(subject="database", state="problem", words=f"{where} cannot be opened ({type(error.orig).__name__})", advice=advice)
    finally:
        opened.close()


def queue(settings: Settings) -> Iterator[Finding]:
    """Whether waiting jobs are being worked on, and whether a scheduler runs."""
    if not ready(settings):
        return
    from plugin.bootstrap import build
    from plugin.services.health import health

    deps = build(settings)
    try:
        lines = {line.name: line for line in health(deps)}
    finally:
        deps.database.close()
    advice = {
        "queue": "Start a worker: `sopwright worker` (or `sopwright serve`).",
        "scheduler": "Start one: `sopwright scheduler` (or serve).",
    }
    for name in ("queue", "scheduler"):
        line = lines[name]
        told = "" if line.state == "good" else advice[name]
        yield Finding(subject=name, state=STATES[line.state], words=line.message, advice=told)


def mail(settings: Settings) -> Iterator[Finding]:
    if not settings.smtp_host:
        advice = "Reminders stand in the log only. Set SOPWRIGHT_SMTP_HOST."
        yield Finding(subject="mail", state="note", words="no mail server", advice=advice)
        return
    server = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        socket.create_connection((settings.smtp_host, settings.smtp_port), timeout=PATIENCE_S).close()
    except OSError as error:
        advice = "Check SOPWRIGHT_SMTP_HOST and SOPWRIGHT_SMTP_PORT, and whether a firewall stands between."
        yield Finding(subject="mail", state="problem", words=f"{server} does not answer ({error.strerror or error})", advice=advice)
    else:
        yield Finding(subject="mail", state="ok", words=f"{server} answers ({settings.smtp_security})")


def sign_in(settings: Settings) -> Iterator[Finding]:
    """Only where an identity provider is set."""
    if settings.oidc_issuer is None:
        return
    from plugin.web.oidc.provider import Provider, Unavailable

    try:
        Provider(settings.oidc_issuer, settings.oidc_client_id or "", "").metadata()
    except Unavailable as error:
        advice = "People can only sign in with passwords. Check SOPWRIGHT_OIDC_ISSUER."
        yield Finding(subject="sign-in", state="problem", words=f"{settings.oidc_issuer}: {error}", advice=advice)
    else:
        yield Finding(subject="sign-in", state="ok", words=f"{settings.oidc_issuer} answers")


def there(settings: Settings) -> bool:
    """Whether there is a database at all, so that looking at it does not make one."""
    return not settings.database.startswith("sqlite") or (settings.data_dir / "sopwright.db").exists()


def ready(settings: Settings) -> bool:
    """Whether the database can be worked with."""
    from sqlalchemy.exc import DBAPIError

    from plugin.store import migrate
    from plugin.store.session import Database

    if not there(settings):
        return False
    opened = Database(settings.database)
    try:
        return not migrate.behind(opened)
    except DBAPIError:
        return False
    finally:
        opened.close()

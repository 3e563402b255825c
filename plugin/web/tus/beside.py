"""Side files (a log of events, a terminal session, captions) that are uploaded beside a recording, before its last byte. Pure; knows no request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from plugin.domain.errors import Invalid
from plugin.pipeline import captions
from plugin.pipeline.side import asciicast
from plugin.pipeline.side.events import read_events
from plugin.services.intake import MAX_SIDE_FILE_BYTES, SIDE_FILES
from plugin.web.tus.spool import Spool, Upload


def is_side(metadata: Mapping[str, str]) -> bool:
    """Whether an upload with this metadata is a side file."""
    return "kind" in metadata or "of" in metadata


def check_begun(spool: Spool, metadata: Mapping[str, str], length: int | None, *, workspace_id: str, actor_id: str) -> None:
    """Whether a side file may be uploaded so. Raises Invalid, NotFound (``of`` names no upload of this person)."""
    if metadata.get("kind") not in SIDE_FILES or "of" not in metadata:
        raise Invalid("kind", f"A side file has a kind ({', '.join(SIDE_FILES)}) and names the recording's upload as of.")
    if length is None or length > MAX_SIDE_FILE_BYTES:
        raise Invalid("kind", f"A side file says its length at once and has at most {MAX_SIDE_FILE_BYTES // 2**20} MB.")
    whole = spool.get(workspace_id, metadata["of"])
    if whole.actor_id != actor_id or whole.state != "receiving" or whole.complete or is_side(whole.metadata):
        raise Invalid("of", "The recording has been taken in already, or is not yours. Upload side files before its last byte.")


def check_content(path: Path, kind: str) -> None:
    """Raises UnusableRecording where the file cannot be read as what it says it is."""
    if kind == "events":
        read_events(path)
    elif kind == "captions":
        captions.read_captions(path, language=None)
    else:
        header = asciicast.read_header(path)
        for _ in asciicast.read_events(path, header):
            pass


def of(spool: Spool, whole: Upload) -> dict[str, Upload]:
    """The complete side files of a recording's upload, by kind; the newest of each."""
    found = [u for u in spool.all(whole.workspace_id) if u.metadata.get("of") == whole.id and u.complete and u.actor_id == whole.actor_id]
    return {upload.metadata["kind"]: upload for upload in sorted(found, key=lambda u: u.created_at)}

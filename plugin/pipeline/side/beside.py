"""Side files that lie beside a recording under the same name: ``demo.mp4`` with ``demo.events.jsonl``, ``demo.cast``, ``demo.srt`` or ``demo.vtt``."""

from __future__ import annotations

from pathlib import Path

ENDINGS = {
    "events": (".events.jsonl", ".jsonl"),
    "cast": (".cast",),
    "captions": (".srt", ".vtt"),
}


def beside(recording: Path) -> dict[str, str]:
    """Kind of side file -> path, for those that are there. The recording itself is none."""
    found = {}
    for kind, endings in ENDINGS.items():
        candidates = (recording.with_name(recording.stem + ending) for ending in endings)
        path = next((p for p in candidates if p.is_file() and p != recording), None)
        if path is not None:
            found[kind] = str(path)
    return found

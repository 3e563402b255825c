"""Single frames of a recording: for choosing another picture of a step, and cutting it out with its boxes."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from plugin.domain.errors import Invalid, NotFound
from plugin.domain.sop import Box, Picture
from plugin.pipeline.pictures import make_picture
from plugin.pipeline.still import seconds_of, still_at
from plugin.services import journal, masks, pictures
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import rows, tables

LONGEST_CLIP_S = 120


def frame(deps: Deps, caller: Caller, recording_id: str, *, time_s: float) -> bytes:
    """One frame as PNG, as it was recorded. Raises NotFound, Forbidden, Invalid (``time_s`` outside the recording), UnusableRecording."""
    caller.require("author")
    with deps.database.begin() as session:
        blob = rows.get(session, tables.Recording, caller.workspace_id, recording_id).blob
    if not 0 <= time_s < 1e6:
        raise Invalid("t", "The time must be seconds from the start of the recording.")
    with deps.blobs.local(blob) as path:
        return still_at(path, time_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """``begins_s``: the time in the recording at which ``data`` begins, at or before the one that was asked for."""

    data: bytes
    media_type: str
    begins_s: float


def clip(deps: Deps, caller: Caller, recording_id: str, *, start_s: float, end_s: float) -> Clip:
    """The seconds of a recording in which something was said or shown. Raises NotFound, Forbidden, Invalid, UnusableRecording."""
    caller.require("author")
    with deps.database.begin() as session:
        blob = rows.get(session, tables.Recording, caller.workspace_id, recording_id).blob
    if not 0 <= start_s < end_s or end_s - start_s > LONGEST_CLIP_S:
        raise Invalid("until", f"A clip begins before it ends, and has at most {LONGEST_CLIP_S} seconds.")
    with deps.blobs.local(blob) as path, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "clip"
        begins_s, media_type = seconds_of(path, start_s, end_s, out)
        return Clip(data=out.read_bytes(), media_type=media_type, begins_s=begins_s)


def add_picture(
    deps: Deps,
    caller: Caller,
    sop_id: str,
    *,
    time_s: float,
    highlight: Box | None = None,
    redactions: tuple[Box, ...] = (),
    uncovered: tuple[Box, ...] = (),
) -> Picture:
    """Cuts a new picture out of the SOP's recording; put it into the document and save.

    Covered are ``redactions`` and every secret that was found at that time, except where the person says by ``uncovered`` that it is none; that is noted
    in the log. Raises NotFound (no recording any more), Invalid, Forbidden.
    """
    caller.require("author")
    for at, box in enumerate((*([highlight] if highlight else []), *redactions, *uncovered)):
        if not all(0 <= v <= 1 for v in box) or box[2] <= 0 or box[3] <= 0:
            raise Invalid(f"boxes/{at}", "A box is x, y, width and height in fractions of the picture.")
    with deps.database.begin() as session:
        recording_id = rows.get(session, tables.Sop, caller.workspace_id, sop_id).recording_id
        recording = session.get(tables.Recording, recording_id) if recording_id else None
        if recording is None:
            raise NotFound("The recording of this SOP is no longer there.")
    found = masks.at(deps, recording, time_s)
    kept = masks.without(found, uncovered)
    data, highlight, covered = _drawn(frame(deps, caller, recording.id, time_s=time_s), highlight, (*redactions, *kept))
    stored = pictures.store(deps, caller.workspace_id, data)
    with deps.database.begin() as session:
        pictures.link(session, deps, caller.workspace_id, sop_id, (stored,))
        if uncovered:
            journal.note(
                session, deps, caller, "picture.uncovered", sop_id=sop_id, subject=stored.digest, boxes=len(uncovered), time_s=time_s
            )
    return Picture(path=stored.path, time=time_s, width=stored.width, height=stored.height, highlight=highlight, redactions=covered)


def _drawn(data: bytes, highlight: Box | None, covers: tuple[Box, ...]) -> tuple[bytes, Box | None, tuple[Box, ...]]:
    """The frame as the pipeline would have made it: the bytes, and the boxes as they are drawn."""
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size

    def pixels(box: Box) -> tuple[int, int, int, int]:
        return (round(box[0] * width), round(box[1] * height), max(1, round(box[2] * width)), max(1, round(box[3] * height)))

    with tempfile.TemporaryDirectory() as name:
        still = Path(name) / "still.png"
        still.write_bytes(data)
        made = make_picture(
            still, Path(name) / "picture", highlight=pixels(highlight) if highlight else None, covers=[pixels(c) for c in covers]
        )
        return made.path.read_bytes(), made.highlight, made.redactions

"""Single frames of a recording: for choosing another picture of a step, and cutting it out with its boxes."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from plugin.domain.errors import Invalid, NotFound
from plugin.domain.sop import Box, Picture
from plugin.pipeline.still import still_at
from plugin.services import pictures
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import rows, tables

HIGHLIGHT = (222, 53, 11)
COVER = (23, 43, 77)


def frame(deps: Deps, caller: Caller, recording_id: str, *, time_s: float) -> bytes:
    """One frame as PNG, decoded in a guarded child process. Raises NotFound, Invalid (``time_s`` outside the recording), UnusableRecording."""
    with deps.database.begin() as session:
        blob = rows.get(session, tables.Recording, caller.workspace_id, recording_id).blob
    if not 0 <= time_s < 1e6:
        raise Invalid("t", "The time must be seconds from the start of the recording.")
    with deps.blobs.local(blob) as path:
        return still_at(path, time_s)


def add_picture(
    deps: Deps, caller: Caller, sop_id: str, *, time_s: float, highlight: Box | None = None, redactions: tuple[Box, ...] = ()
) -> Picture:
    """Cuts a new picture out of the SOP's recording, with its boxes drawn and ``redactions`` covered; put it into the document and save.

    Raises NotFound (no recording any more), Invalid, Forbidden.
    """
    caller.require("author")
    for at, box in enumerate((*([highlight] if highlight else []), *redactions)):
        if not all(0 <= v <= 1 for v in box) or box[2] <= 0 or box[3] <= 0:
            raise Invalid(f"boxes/{at}", "A box is x, y, width and height in fractions of the picture.")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id)
        recording_id = row.recording_id
    if recording_id is None:
        raise NotFound("The recording of this SOP is no longer there.")
    data = _drawn(frame(deps, caller, recording_id, time_s=time_s), highlight, redactions)
    stored = pictures.store(deps, caller.workspace_id, data)
    with deps.database.begin() as session:
        pictures.link(session, deps, caller.workspace_id, sop_id, (stored,))
    return Picture(path=stored.path, time=time_s, width=stored.width, height=stored.height, highlight=highlight, redactions=redactions)


def _drawn(data: bytes, highlight: Box | None, redactions: tuple[Box, ...]) -> bytes:
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    pen = ImageDraw.Draw(image)
    for box in redactions:
        pen.rectangle(_pixels(box, image), fill=COVER)
    if highlight:
        pen.rectangle(_pixels(highlight, image), outline=HIGHLIGHT, width=max(2, image.width // 400))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _pixels(box: Box, image: Image.Image) -> tuple[float, float, float, float]:
    x, y, width, height = box
    return (x * image.width, y * image.height, (x + width) * image.width, (y + height) * image.height)

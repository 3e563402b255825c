"""What must be covered in any frame of a recording: found while it was understood, kept beside it, and gone with it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from plugin.domain.document import decode, encode
from plugin.domain.errors import Invalid
from plugin.domain.sop import Box
from plugin.pipeline.artefacts import Mask
from plugin.services.deps import Deps
from plugin.store import tables

KIND = "masks"
"""Among the side files of a recording."""


def store(deps: Deps, recording: tables.Recording, masks: Sequence[Mask]) -> str:
    """Puts the masks into the blob store; the key, which belongs into the recording's side files."""
    key = f"{recording.workspace_id}/recordings/{recording.id}.masks.json"
    deps.blobs.put(key, json.dumps(encode(list(masks))).encode())
    return key


def at(deps: Deps, recording: tables.Recording, time_s: float) -> tuple[Box, ...]:
    """The boxes to cover in the frame at ``time_s``. Raises Invalid where the recording has not been understood: then nobody knows what it shows."""
    key = recording.side_files.get(KIND)
    if key is None:
        raise Invalid(
            "time", "What has to be covered in this recording is not known yet. Wait until it has been processed, or upload it again."
        )
    stored = json.loads(b"".join(deps.blobs.read(key)))
    found = (decode(Mask, value) for value in stored)
    return tuple(dict.fromkeys(mask.box for mask in found if mask.start_s <= time_s <= mask.end_s))


def without(masks: Sequence[Box], uncovered: Sequence[Box]) -> tuple[Box, ...]:
    """Those masks that no box of ``uncovered`` covers by more than half."""
    return tuple(mask for mask in masks if not any(_share(mask, box) > 0.5 for box in uncovered))


def _share(mask: Box, box: Box) -> float:
    width = min(mask[0] + mask[2], box[0] + box[2]) - max(mask[0], box[0])
    height = min(mask[1] + mask[3], box[1] + box[3]) - max(mask[1], box[1])
    return max(0.0, width) * max(0.0, height) / (mask[2] * mask[3])

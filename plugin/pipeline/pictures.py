"""A still becomes the picture of a step: secrets covered, the control framed, small enough for a page. The same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugin.domain.sop import Box
from plugin.pipeline.artefacts import Rect

WIDEST_PX = 1280
COVER = (38, 32, 28)  # BGR; a dark slate that reads as "covered" on light and dark pages
COVER_MARGIN_PX = 3
FRAME, HALO = (0, 96, 255), (255, 255, 255)  # BGR; orange with a white halo is seen by colour-blind readers too
FRAME_PX, HALO_PX, AWAY_PX = 3, 2, 4
PALETTE_MAX_ERROR = 2.0
"""Mean grey levels by which a palette may differ from the picture before a lossy format is taken instead."""
WEBP_QUALITY = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePicture:
    """``path`` is the file written; boxes are fractions of it."""

    path: Path
    width: int
    height: int
    media_type: str
    highlight: Box | None
    redactions: tuple[Box, ...]


def make_picture(still: Path, out: Path, *, highlight: Rect | None, covers: Sequence[Rect]) -> MadePicture:
    """Writes ``out`` with the ending of the format chosen. ``highlight`` and ``covers`` are pixels of the still.

    Covers are filled, never blurred: a blur can be undone. The smaller of a palette PNG (where it is true to the picture) and WebP is taken.
    """
    import cv2

    image = cv2.imread(str(still), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(still)
    height, width = image.shape[:2]
    grown = [
        _inside((x - COVER_MARGIN_PX, y - COVER_MARGIN_PX, w + 2 * COVER_MARGIN_PX, h + 2 * COVER_MARGIN_PX), width, height)
        for x, y, w, h in covers
    ]
    for x, y, w, h in grown:
        cv2.rectangle(image, (x, y), (x + w - 1, y + h - 1), COVER, thickness=-1)
    scale = min(1.0, WIDEST_PX / width)
    if scale < 1.0:
        image = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    if highlight is not None:
        _frame(image, highlight, scale)
    path, media_type = _save(image, out)
    return MadePicture(
        path=path,
        width=image.shape[1],
        height=image.shape[0],
        media_type=media_type,
        highlight=_fractions(_inside(highlight, width, height), width, height) if highlight else None,
        redactions=tuple(_fractions(box, width, height) for box in grown),
    )


def _frame(image: Any, box: Rect, scale: float) -> None:
    """A frame around the control, not over it; its halo keeps it visible on every ground."""
    import cv2

    height, width = image.shape[:2]
    x, y, w, h = (round(v * scale) for v in box)
    left, top = max(HALO_PX, x - AWAY_PX), max(HALO_PX, y - AWAY_PX)
    right, bottom = min(width - 1 - HALO_PX, x + w + AWAY_PX), min(height - 1 - HALO_PX, y + h + AWAY_PX)
    cv2.rectangle(image, (left, top), (right, bottom), HALO, FRAME_PX + 2 * HALO_PX, cv2.LINE_AA)
    cv2.rectangle(image, (left, top), (right, bottom), FRAME, FRAME_PX, cv2.LINE_AA)


def _save(image: Any, out: Path) -> tuple[Path, str]:
    import io

    import cv2
    import numpy as np
    from PIL import Image

    picture = Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    few = picture.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    error = float(np.abs(np.asarray(few.convert("L"), np.int16) - np.asarray(picture.convert("L"), np.int16)).mean())
    png, webp = io.BytesIO(), io.BytesIO()
    picture.save(webp, "WEBP", quality=WEBP_QUALITY, method=4)
    few.save(png, "PNG", optimize=True)
    if error <= PALETTE_MAX_ERROR and png.tell() <= 2 * webp.tell():
        path, content, media_type = out.with_name(out.name + ".png"), png, "image/png"
    else:
        path, content, media_type = out.with_name(out.name + ".webp"), webp, "image/webp"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue())
    return path, media_type


def _inside(box: Rect, width: int, height: int) -> Rect:
    x, y = max(0, box[0]), max(0, box[1])
    return (x, y, max(1, min(width, box[0] + box[2]) - x), max(1, min(height, box[1] + box[3]) - y))


def _fractions(box: Rect, width: int, height: int) -> Box:
    return (round(box[0] / width, 5), round(box[1] / height, 5), round(box[2] / width, 5), round(box[3] / height, 5))

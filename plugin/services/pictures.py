"""Pictures of SOPs: stored under their content hash, checked before they are taken, named by it in the document."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.contract import Asset
from plugin.domain.errors import Invalid
from plugin.domain.sop import Picture, Sop
from plugin.services.deps import Deps
from plugin.store import tables

FORMATS = {"PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp"), "JPEG": ("image/jpeg", "jpg")}
MAX_PIXELS = 50_000_000
MAX_BYTES = 30 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    digest: str
    media_type: str
    path: str
    size_bytes: int
    blob: str
    width: int
    height: int


def store(deps: Deps, workspace_id: str, data: bytes, *, field: str = "pictures") -> Stored:
    """Puts the bytes into the blob store. Raises Invalid (no picture, too large), Exhausted."""
    if len(data) > MAX_BYTES:
        raise Invalid(field, "This picture is too large.")
    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height, kind = image.width, image.height, image.format
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Invalid(field, "This is not a picture in the format PNG, JPEG or WebP.") from None
    if kind not in FORMATS or width * height > MAX_PIXELS:
        raise Invalid(field, "Pictures must be PNG, JPEG or WebP with at most 50 million pixels.")
    media_type, ending = FORMATS[kind]
    digest = hashlib.sha256(data).hexdigest()
    blob = f"{workspace_id}/pictures/{digest}.{ending}"
    deps.blobs.put(blob, data)
    return Stored(
        digest=digest, media_type=media_type, path=f"images/{digest}.{ending}", size_bytes=len(data), blob=blob, width=width, height=height
    )


def place(deps: Deps, workspace_id: str, sop: Sop, read: Callable[[str], bytes | None]) -> tuple[Sop, tuple[Stored, ...]]:
    """The document with every picture's path made its content's name, and what has to be linked to it. ``read`` gives the bytes of a path.

    Raises Invalid naming the step whose picture is missing.
    """
    found: dict[str, Stored] = {}
    steps = []
    for at, step in enumerate(sop.steps):
        if step.image is None:
            steps.append(step)
            continue
        path = step.image.path
        if path not in found:
            data = read(path)
            if data is None:
                raise Invalid(f"/steps/{at}/image/path", f"The picture {path!r} of step {step.number} is missing.")
            found[path] = store(deps, workspace_id, data, field=f"/steps/{at}/image")
        steps.append(replace(step, image=_named(step.image, found[path])))
    return replace(sop, steps=tuple(steps)), tuple(found.values())


def link(session: Session, deps: Deps, workspace_id: str, sop_id: str, stored: tuple[Stored, ...]) -> None:
    """Makes the pictures known to the SOP."""
    known = set(session.scalars(select(tables.Picture.digest).where(tables.Picture.sop_id == sop_id)))
    for item in {s.digest: s for s in stored}.values():
        if item.digest in known:
            continue
        session.add(
            tables.Picture(
                id=deps.new_id("pic"),
                workspace_id=workspace_id,
                sop_id=sop_id,
                digest=item.digest,
                media_type=item.media_type,
                size_bytes=item.size_bytes,
                blob=item.blob,
                created_at=deps.clock(),
            )
        )


def check_known(session: Session, row: tables.Sop, document: Sop) -> None:
    """Raises Invalid where a step shows a picture that the SOP does not have."""
    known = set(session.scalars(select(tables.Picture.digest).where(tables.Picture.sop_id == row.id)))
    for at, step in enumerate(document.steps):
        if step.image is not None and digest_in(step.image.path) not in known:
            raise Invalid(f"/steps/{at}/image/path", f"The picture of step {step.number} is not one of this SOP. Add it first.")


def assets(session: Session, deps: Deps, row: tables.Sop, document: Sop) -> tuple[Asset, ...]:
    """The pictures of ``document`` for a connector."""
    rows = {p.digest: p for p in session.scalars(select(tables.Picture).where(tables.Picture.sop_id == row.id))}
    found: dict[str, Asset] = {}
    for step in document.steps:
        picture = rows.get(digest_in(step.image.path)) if step.image else None
        if step.image is None or picture is None:
            continue
        reader = _Reader(deps, picture.blob)
        found[step.image.path] = Asset(
            digest=picture.digest,
            name=step.image.path,
            media_type=picture.media_type,  # type: ignore[arg-type]  # only the three kinds get in
            size_bytes=picture.size_bytes,
            read=reader,
            pieces=reader.pieces,
        )
    return tuple(found.values())


def digest_in(path: str) -> str:
    """``images/<digest>.png`` to ``<digest>``."""
    return path.rsplit("/", 1)[-1].split(".", 1)[0]


@dataclass(frozen=True, slots=True)
class _Reader:
    deps: Deps
    blob: str

    def __call__(self) -> bytes:
        return b"".join(self.pieces())

    def pieces(self) -> Iterable[bytes]:
        return self.deps.blobs.read(self.blob)


def _named(picture: Picture, stored: Stored) -> Picture:
    return replace(picture, path=stored.path, width=stored.width, height=stored.height)

"""Brings pictures to a page: by content hash in the file name, each once, before the text that shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connectors.confluence.edition import TRIES
from connectors.confluence.failures import NameTaken
from connectors.confluence.remote import Attachment, Remote
from connectors.contract import Asset
from connectors.errors import Reject, Retry
from connectors.reading import asset_name


def named(assets: Iterable[Asset]) -> dict[str, Asset]:
    """By the name that they have at the page."""
    return {asset_name(a.name, a.digest, a.media_type): a for a in assets}


def bring(remote: Remote, page_id: str, wanted: dict[str, Asset], *, there: frozenset[str], fresh: bool) -> frozenset[str]:
    """Uploads what is not there; returns all names that are there now. ``fresh``: the page was made just now and has none."""
    missing = {name: asset for name, asset in wanted.items() if name not in there}
    if not missing:
        return there
    listed = {} if fresh else {a.name: a for a in remote.attachments(page_id)}
    for name, asset in missing.items():
        _bring_one(remote, page_id, name, asset, listed.get(name))
    return there | missing.keys()


def _bring_one(remote: Remote, page_id: str, name: str, asset: Asset, there: Attachment | None) -> None:
    comment = f"SHA-256 {asset.digest}"
    for _attempt in range(TRIES):
        try:
            if there is None:
                there = remote.attach(page_id, name, asset, comment)
            if there.size_bytes in (None, asset.size_bytes):
                return
            # It arrived only in part.
            remote.replace(page_id, there, asset, comment)
            there = replace(there, size_bytes=asset.size_bytes)
        except (NameTaken, Retry) as error:
            # The answer of an earlier upload, or of this one, was lost; or it was cut off on its way.
            remote.patient(error)
            there = next((a for a in remote.attachments(page_id, name=name) if a.name == name), None)
        except Reject as error:
            error.path = asset.name
            raise
    raise Retry(
        "A picture does not arrive whole.", after_s=30.0, connector="confluence", operation="attach", remote_id=page_id,
        detail_for_operator=asset.name,
    )  # fmt: skip

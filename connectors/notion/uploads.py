"""Pictures as Notion file uploads, each once per workspace: an upload that was attached may be used in any number of pages and versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.contract import Asset
from connectors.errors import ConnectorError, Gone, Reject
from connectors.notion.client import Api
from connectors.notion.failures import NAME
from connectors.notion.journal import Shelf

SINGLE_BYTES = 20 * 1024 * 1024
PART_BYTES = 10 * 1024 * 1024
EXTENSIONS = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg"}
FRESH_S = 50 * 60
"""An upload that was not attached within an hour expires; one of this age may be relied on."""


class Uploads:
    """``ids(digests)`` gives the upload of each picture and sends what is missing."""

    def __init__(self, api: Api, state: Path, *, now: Callable[[], datetime]) -> None:
        self._api, self._now = api, now
        self._shelf = Shelf(state / "uploads.json")

    def ids(self, digests: Iterable[str], assets: Mapping[str, Asset]) -> dict[str, str]:
        known = self._shelf.all()
        found: dict[str, str] = {}
        for digest in dict.fromkeys(digests):
            stored = known.get(digest)
            if stored and self._usable(stored):
                found[digest] = stored["id"]
            elif digest in assets:
                found[digest] = self.send(assets[digest])
            else:
                raise Reject(
                    "A picture of the page is missing.",
                    path=digest,
                    reason="its bytes were not handed over",
                    connector=NAME,
                    operation="upload",
                )
        return found

    def attached(self, digests: Iterable[str]) -> None:
        """Notes that these are in a page now, and so stay for good."""
        for digest in digests:
            stored = self._shelf.all().get(digest)
            if stored and not stored.get("attached"):
                self._shelf.put(digest, {**stored, "attached": True})

    def known(self, prefix: str) -> str | None:
        """The digest of an attached picture whose file name begins with ``prefix``."""
        return next((d for d, u in self._shelf.all().items() if prefix and d.startswith(prefix) and u.get("attached")), None)

    def forget(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self._shelf.put(digest, None)

    def send(self, asset: Asset) -> str:
        data = asset.read()
        name = f"{asset.digest[:16]}.{EXTENSIONS.get(asset.media_type, 'png')}"
        body: dict[str, Any] = {"mode": "single_part", "filename": name, "content_type": asset.media_type}
        parts = [data]
        if len(data) > SINGLE_BYTES:
            parts = [data[i : i + PART_BYTES] for i in range(0, len(data), PART_BYTES)]
            body |= {"mode": "multi_part", "number_of_parts": len(parts)}
        try:
            upload = str(self._api.call("POST", "file_uploads", body=body, again=True)["id"])
            for number, part in enumerate(parts, 1):
                form: dict[str, Any] = {"file": (name, part, asset.media_type)}
                if len(parts) > 1:
                    form["part_number"] = str(number)
                self._send_part(upload, form)
            if len(parts) > 1:
                self._api.call("POST", f"file_uploads/{upload}/complete", again=True)
        except Reject as refused:
            raise Reject(
                f"Notion does not take the picture {asset.name} ({len(data)} bytes); it may be larger than the workspace's plan allows.",
                path=asset.name,
                reason=refused.reason,
                connector=NAME,
                operation="upload",
            ) from refused
        self._shelf.put(asset.digest, {"id": upload, "at": self._now().isoformat()})
        return upload

    def _send_part(self, upload: str, form: Mapping[str, Any]) -> None:
        try:
            self._api.call("POST", f"file_uploads/{upload}/send", form=form, again=True)
        except (Reject, Gone) as refused:
            # A lost answer may have been a success: then the second try is refused because there is nothing left to send.
            try:
                if self._api.get(f"file_uploads/{upload}").get("status") == "uploaded":
                    return
            except ConnectorError:
                pass
            raise refused

    def _usable(self, stored: Mapping[str, Any]) -> bool:
        if stored.get("attached"):
            return True
        return self._now() - datetime.fromisoformat(stored["at"]).astimezone(UTC) < timedelta(seconds=FRESH_S)

"""A person in Confluence and what they may do there, asked with their own token: the app sees more than they do, so its word would not count.

Nothing is written here and nothing is kept; the token belongs to one call. Errors: Forbidden (they may not), the connectors' Retry (no answer).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from connectors.errors import ConnectorError, Misconfigured, Retry
from connectors.transport import Door, Limits, parsed
from plugin.domain.errors import Forbidden
from plugin.services.deps import Deps
from plugin.services.installations import Installation

# Forge gives up a call of the user interface after 25 seconds.
_LIMITS = Limits(connect_s=3.0, read_s=6.0, answer_s=8.0, answer_bytes=4 * 1024 * 1024, tries=2, short_wait_s=2.0)
VIDEO_ENDINGS = (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".ts")
MAX_VIDEOS = 50
AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """``email`` only where Confluence shows it to the app."""

    account_id: str
    name: str
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that they see. ``may_edit``: they may change it."""

    id: str
    title: str
    space_id: str
    may_edit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """A space that they see. ``may_create``: they may put pages into it."""

    id: str
    key: str
    name: str
    may_create: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A recording that is attached to a page."""

    id: str
    name: str
    media_type: str
    size_bytes: int | None


class Visitor:
    """One person's view of their site, for one call. Close it, or use it in a ``with`` block."""

    def __init__(self, deps: Deps, installation: Installation, token: str | None) -> None:
        if not token:
            raise Forbidden("Confluence did not say what you may do there. Allow the app to act for you, and try again.")
        try:
            self._door = Door(
                f"{installation.api_base_url}/wiki",
                connector="confluence",
                allow_private=deps.settings.allow_private_addresses,
                limits=_LIMITS,
            )
        except Misconfigured as error:
            raise Forbidden("This Confluence site cannot be reached.", detail_for_operator=error.message_for_user) from None
        self._door.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()

    def profile(self) -> Profile:
        """Who they are, in Confluence's words."""
        user = self._get("rest/api/user/current")
        name = " ".join(str(user.get("displayName") or user.get("publicName") or "").split())
        return Profile(
            account_id=str(user.get("accountId") or ""), name=name[:120] or "Somebody in Confluence", email=user.get("email") or None
        )

    def page(self, page_id: str, *, rights: bool = True) -> Page:
        """Raises Forbidden for a page that they do not see, whether it exists or not. Without ``rights`` it is not asked what they may do there."""
        page = self._get(f"api/v2/pages/{quote(page_id, safe='')}")
        if page.get("status", "current") != "current":
            raise Forbidden("This page is archived or in the trash.")
        may = self._operations(f"api/v2/pages/{quote(page_id, safe='')}/operations") if rights else frozenset()
        return Page(
            id=str(page["id"]),
            title=str(page.get("title") or ""),
            space_id=str(page.get("spaceId") or ""),
            may_edit=("update", "page") in may,
        )

    def space(self, space_id: str) -> Space:
        """Raises Forbidden for a space that they do not see."""
        space = self._get(f"api/v2/spaces/{quote(space_id, safe='')}")
        may = self._operations(f"api/v2/spaces/{quote(space_id, safe='')}/operations")
        return Space(id=str(space["id"]), key=str(space["key"]), name=str(space.get("name") or ""), may_create=("create", "page") in may)

    def visible(self, page_ids: Sequence[str]) -> frozenset[str]:
        """Those of the pages that they see."""
        seen: set[str] = set()
        for start in range(0, len(page_ids), AT_ONCE):
            found = self._get("api/v2/pages", id=",".join(page_ids[start : start + AT_ONCE]), limit=AT_ONCE)
            seen.update(str(page["id"]) for page in found.get("results") or [])
        return frozenset(seen)

    def videos(self, page_id: str) -> tuple[Video, ...]:
        """Newest first."""
        found = self._get(f"api/v2/pages/{quote(page_id, safe='')}/attachments", sort="-modified-date", limit=250)
        videos = [_video(entry) for entry in found.get("results") or []]
        return tuple(video for video in videos if _is_video(video))[:MAX_VIDEOS]

    def video(self, page_id: str, attachment_id: str) -> Video:
        """Raises Forbidden where it is not a video on that page that they see."""
        found = self._get(f"api/v2/attachments/{quote(attachment_id, safe='')}")
        video = _video(found)
        if str(found.get("pageId") or "") != page_id or not _is_video(video):
            raise Forbidden("There is no such video on this page.")
        return video

    def _operations(self, path: str) -> frozenset[tuple[str, str]]:
        listed = self._get(path).get("operations") or []
        return frozenset((str(entry.get("operation")), str(entry.get("targetType"))) for entry in listed if isinstance(entry, dict))

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        try:
            answer: requests.Response = self._door.request("GET", path, params=params, operation="visit")
            if answer.status_code in (400, 401, 403, 404, 410):
                raise Forbidden(
                    "You do not see this in Confluence, or it is no longer there.", detail_for_operator=f"HTTP {answer.status_code}"
                )
            if answer.status_code != 200:
                raise Retry("Confluence does not answer at the moment. Try again.", after_s=10.0, connector="confluence")
            body = parsed(answer, connector="confluence", operation="visit")
        except Retry:
            raise
        except ConnectorError as error:
            raise Forbidden("This Confluence site cannot be reached.", detail_for_operator=str(error)) from None
        if not isinstance(body, dict):
            raise Retry("Confluence does not answer at the moment. Try again.", after_s=10.0, connector="confluence")
        return body


def _video(entry: dict[str, Any]) -> Video:
    size = entry.get("fileSize")
    return Video(
        id=str(entry.get("id") or ""),
        name=str(entry.get("title") or "recording")[:255],
        media_type=str(entry.get("mediaType") or ""),
        size_bytes=size if isinstance(size, int) else None,
    )


def _is_video(video: Video) -> bool:
    return bool(video.id) and (video.media_type.startswith("video/") or video.name.lower().endswith(VIDEO_ENDINGS))

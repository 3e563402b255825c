"""The *Recordings* database: rows that people fill in, and the columns in which they see what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.contract import Person
from connectors.errors import AuthFailed, Gone
from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.setup import LINK, MESSAGE, PROGRESS, ROW_SOP, STATES, VIDEO, Place
from connectors.notion.text import Run, pieces, to_rich_text

NEW, RECEIVED, UNDERSTANDING, NEEDS_A_LOOK, PUBLISHED, FAILED = STATES
VIDEO_ENDINGS = (".mp4", ".mov", ".webm", ".mkv", ".m4v")


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """``url`` may expire within the hour: read the row again before each use. ``sign`` is equal for the same file."""

    name: str
    url: str
    sign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``fresh``: nothing was done with it yet, or a person asks for it again. ``sops`` are pages that it is related to."""

    id: str
    title: str
    state: str | None
    video: Video | None
    creator: str
    editor: str
    sops: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        return self.state in (None, "", NEW)

    @property
    def complete(self) -> bool:
        return self.video is not None and bool(self.title.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a row tells. ``progress`` is 0 to 1; ``link`` is put behind the message; ``sop`` is a page's id."""

    state: str
    message: str = ""
    progress: float | None = None
    link: str | None = None
    sop: str | None = None


class Inbox:
    """``settled`` repeats what it is given until the answer is beyond doubt, also where people changed the database meanwhile."""

    def __init__(self, api: Api, place: Callable[[], Place], settled: Callable[[Callable[[], Any]], Any]) -> None:
        self._api, self._place, self._settled = api, place, settled

    @property
    def source(self) -> str:
        """The data source's id, as webhooks name it."""
        return self._place().source

    def candidates(self, since: datetime | None) -> Iterator[Row]:
        """Rows that are fresh, and those edited in or after the minute of ``since``."""
        return iter(self._settled(lambda: self._candidates(since)))

    def _candidates(self, since: datetime | None) -> list[Row]:
        place = self._place()
        wanted: list[dict[str, Any]] = []
        kind = place.schema.get(p.STATUS, {}).get("type")
        options = place.schema.get(p.STATUS, {}).get("options")
        if kind in ("status", "select"):
            wanted.append({"property": p.STATUS, kind: {"is_empty": True}})
            if options is None or NEW in options:
                wanted.append({"property": p.STATUS, kind: {"equals": NEW}})
        if since is not None:
            minute = since.strftime("%Y-%m-%dT%H:%M:00.000Z")
            wanted.append({"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": minute}})
        body = {"filter": {"or": wanted}} if wanted else {}
        return [_row(found) for found in self._api.found(place.source, body) if not found.get("in_trash")]

    def row(self, identity: str) -> Row | None:
        """As it is now; None where it is in the trash, gone, or not a row of this database."""
        try:
            page = self._api.get(f"pages/{identity}")
        except Gone:
            return None
        parent = page.get("parent") or {}
        if page.get("in_trash") or str(parent.get("data_source_id") or "") != self._place().source:
            return None
        return _row(page)

    def show(self, identity: str, shown: Shown) -> None:
        """Raises Gone where the row is no longer there."""
        self._settled(lambda: self._api.change(f"pages/{identity}", {"properties": self._properties(shown)}))

    def _properties(self, shown: Shown) -> dict[str, Any]:
        schema = self._place().schema
        values: dict[str, Any] = {p.STATUS: shown.state}
        if shown.progress is not None:
            values[PROGRESS] = round(shown.progress, 2)
        if shown.sop:
            values[ROW_SOP] = [shown.sop]
        properties = p.written(values, schema)
        if schema.get(MESSAGE, {}).get("type") == "rich_text":
            runs = [Run(text=piece) for piece in pieces(shown.message)]
            if shown.link:
                runs += [Run(text=" " if shown.message else ""), Run(text="Open", link=shown.link)]
            properties[MESSAGE] = {"rich_text": to_rich_text([run for run in runs if run.text][:100])}
        return properties

    def person(self, user: str) -> Person | None:
        """The user's name and mail address; None for a bot, or where the connection may not read users."""
        if not user:
            return None
        try:
            found = self._api.get(f"users/{user}")
        except (AuthFailed, Gone):
            return None
        if found.get("type") != "person":
            return None
        return Person(name=str(found.get("name") or "Somebody"), email=(found.get("person") or {}).get("email"), account_id=user)


def _row(page: Mapping[str, Any]) -> Row:
    return Row(
        id=str(page["id"]),
        title=p.title(page),
        state=p.read(page, p.STATUS),
        video=_video(page),
        creator=str((page.get("created_by") or {}).get("id") or ""),
        editor=str((page.get("last_edited_by") or {}).get("id") or ""),
        sops=tuple(p.read(page, ROW_SOP) or ()),
    )


def _video(page: Mapping[str, Any]) -> Video | None:
    """The first file that looks like a video (else the first), or the link."""
    files = [f for f in p.read(page, VIDEO) or () if isinstance(f, Mapping)]
    files.sort(key=lambda f: not str(f.get("name", "")).lower().endswith(VIDEO_ENDINGS))
    for file in files:
        url = (file.get("file") or file.get("external") or {}).get("url")
        if url:
            return _at(str(url), str(file.get("name") or ""), signed="file" in file)
    link = p.read(page, LINK)
    return _at(str(link), "", signed=False) if link else None


def _at(url: str, name: str, *, signed: bool) -> Video:
    parts = urlsplit(url)
    # Of a signed address only the path stays the same from one reading to the next.
    sign = f"{parts.netloc}{parts.path}" if signed else url
    return Video(name=name or unquote(parts.path.rsplit("/", 1)[-1]) or "recording", url=url, sign=sign)

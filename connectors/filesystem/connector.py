"""Publishing into a Git folder. The page is ``<place>/<title>-<key>/index.md``; it is found again by the ``id`` in its front matter, wherever people moved it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from connectors.contract import (
    Asset,
    Capabilities,
    Choice,
    Facts,
    Identity,
    Known,
    Page,
    Person,
    Receipt,
    Ref,
    RemotePage,
    Rendered,
    ReviewFlag,
    Target,
    Version,
)
from connectors.errors import Conflict, Gone, Misconfigured, Reject, Retry
from connectors.filesystem import markdown
from connectors.filesystem.markdown import Document
from connectors.filesystem.repository import Entry, Repository
from connectors.filesystem.settings import Settings
from connectors.filesystem.writing import write_whole
from connectors.merge import Base, Piece, merge
from connectors.reading import short_digest

PAGE, NOTES = "index.md", "notes.md"
REVISION, SOP_ID, SOP_PATH, SOP_KEPT = "SOP-Revision", "SOP-Id", "SOP-Path", "SOP-Kept"
ROUNDS = 5
"""How often a page that people save while we write is merged anew before the caller is told to come back."""


class Filesystem:
    """See :class:`connectors.contract.Connector`."""

    name = "filesystem"
    capabilities = Capabilities(history=True, restore=True, merge=True, flags=True, mentions=True, archive=True, labels=True, owners=True)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._repository = Repository(settings.path, settings.author)
        self._root = self._repository.folder

    def check(self) -> Identity:
        obstacle = self._repository.obstacle()
        if obstacle is not None:
            raise Misconfigured("path", f"{obstacle} Choose another folder, or let the service's user write there.")
        return Identity(name=self._settings.author.partition(" <")[0], url=self._root.as_uri())

    def render(self, page: Page) -> Rendered:
        return Rendered(page=page, body=markdown.pieces_of(page.blocks, _images(page)), degraded=tuple(markdown.degraded(page.blocks)))

    def publish(
        self, rendered: Rendered, target: Target, *, known: Known | None, message: str, choices: Mapping[str, Choice] | None = None
    ) -> Receipt:
        page: Page = rendered.page
        ours: tuple[Piece[str], ...] = rendered.body
        with self._repository.locked():
            path = self._find(page.key, known)
            if path is None and known is not None and self._was_deleted(known):
                raise Gone("The page has been deleted from the Git folder.", connector=self.name, operation="publish", remote_id=page.key)
            created = path is None
            if path is None:
                path = self._new_path(page, target)
            for _ in range(ROUNDS):
                before = "" if created else path.read_text("utf-8")
                there = markdown.parse(before) if before else Document(facts={}, title=page.title, pieces=())
                base = _base(known) if known is not None else self._recovered(page, there, ours) if before else []
                merged = merge(base, there.pieces, ours, choices)
                if merged.clashes:
                    raise self._conflict(page, path, merged.clashes)
                title = there.title if known is not None and there.title != known.base.get("title", there.title) else page.title
                facts = {**there.facts, **_facts(page, page.facts)}
                text = markdown.write(Document(facts=facts, title=title, pieces=merged.pieces))
                if self._write(path, text, page.assets, before):
                    break
            else:
                raise _busy("publish")
            changed = self._uncommitted([path, *(_image_path(path, asset) for asset in page.assets)])
            if text == before and self._is_told(page):
                changed = [p for p in changed if p != path]  # what is uncommitted is a person's, and stays theirs to commit
            if changed:
                version = self._repository.commit(changed, f"{message}\n\n{_trailer(page, self._relative(path), merged.pending)}")
            else:
                newest = self._newest(path, known)
                version = newest.id if newest is not None else ""
            after = self._known(page.key, path, version, title=page.title, ours=ours, shown=merged.pieces)
            return Receipt(known=after, written=bool(changed), created=created, edits=merged.edits, requests=0, writes=len(changed))

    def fetch(self, ref: Ref, *, known: Known | None = None) -> RemotePage:
        if not self._root.is_dir():
            return RemotePage(ref=ref, key=ref.id, title="", version="", edited_by=None, edited_at=None, state="unreachable")
        with self._repository.errors():
            return self._fetched(ref, known)

    def _fetched(self, ref: Ref, known: Known | None) -> RemotePage:
        path = self._find(ref.id, known)
        if path is None:
            raise Gone("The page is no longer in the Git folder.", connector=self.name, operation="fetch", remote_id=ref.id)
        text = path.read_text("utf-8")
        document = markdown.parse(text)
        newest = self._newest(path, known)
        saved = newest is not None and self._repository.head(self._relative(path)) == text.encode()
        edits = merge(_base(known), document.pieces, _ours(known)).edits if known is not None else ()
        state: Literal["current", "archived"] = "archived" if document.facts.get("archived") else "current"
        return RemotePage(
            ref=Ref(id=ref.id, url=path.as_uri()),
            key=document.facts.get("id"),
            title=document.title,
            version=(newest.id if newest else "") + ("" if saved else f"+{short_digest(text)}"),
            edited_by=newest.by if newest and saved else None,
            edited_at=newest.at if newest and saved else datetime.fromtimestamp(path.stat().st_mtime, UTC),
            state=state,
            edits=edits,
        )

    def history(self, ref: Ref) -> Sequence[Version]:
        with self._repository.errors():
            entries = self._repository.history(self._relative(self._require(ref)))
        return [Version(id=e.id, at=e.at, by=e.by, message=e.message.split("\n")[0], revision=_revision(e.message)) for e in entries]

    def restore(self, ref: Ref, version: str, *, message: str) -> Known:
        with self._repository.locked():
            path = self._require(ref)
            old = self._repository.content(version, self._relative(path))
            if old is None:
                raise Reject(
                    "The history has no such version of this page.",
                    path="version",
                    reason="unknown",
                    connector=self.name,
                    operation="restore",
                )
            document = markdown.parse(old.decode("utf-8"))
            images = [path.parent / name for name in re.findall(r"\]\((images/[^)\s]+)\)", old.decode("utf-8"))]
            changed = [path]
            for image in images:
                content = self._repository.content(version, self._relative(image))
                if content is not None and not image.exists():
                    write_whole(image, content)
                    changed.append(image)
            write_whole(path, old)
            lines = (f"{REVISION}: {document.facts.get('revision', '')}", f"{SOP_ID}: {ref.id}", f"{SOP_PATH}: {self._relative(path)}")
            made = self._repository.commit(changed, "\n".join([message, "", *lines]))
            return self._known(ref.id, path, made, title=document.title, ours=document.pieces, shown=document.pieces)

    def flag(self, known: Known, flag: ReviewFlag) -> Known:
        return self._mark(
            known,
            {"review_state": flag.state, "review_due": flag.due.isoformat() if flag.due else None, "owner": _person(flag.owner)},
            f"Review: {flag.state}",
        )

    def mention(self, ref: Ref, person: Person, text: str, *, key: str) -> None:
        with self._repository.locked():
            notes = self._require(ref).parent / NOTES
            before = notes.read_text("utf-8") if notes.exists() else "# Notes\n"
            if f"<!-- {key} -->" in before:
                return
            write_whole(notes, f"{before}\n- @{markdown.escape(person.name)}: {markdown.escape(text)} <!-- {key} -->\n".encode())
            self._repository.commit([notes], f"Tell {person.name}")

    def archive(self, ref: Ref) -> None:
        path = self._require(ref)
        self._mark(Known(ref=ref, version="", base={"path": self._relative(path)}), {"archived": True}, "Archive")

    # --- below: files ---------------------------------------------------------------------------------------------------
    def _mark(self, known: Known, facts: Mapping[str, Any], message: str) -> Known:
        with self._repository.locked():
            path = self._require(known.ref, known)
            for _ in range(ROUNDS):
                text = path.read_text("utf-8")
                document = markdown.parse(text)
                merged = {**document.facts, **{k: v for k, v in facts.items() if v is not None}}
                if merged == document.facts:
                    return known
                if write_whole(path, markdown.write(replace(document, facts=merged)).encode(), instead_of=text.encode()):
                    return replace(known, version=self._repository.commit([path], message))
        raise _busy("flag")

    def _find(self, key: str, known: Known | None) -> Path | None:
        """Where the page of this key is: where it was, else wherever its id stands (a copy counts only when the original is gone)."""
        remembered = self._root / str(known.base["path"]) if known is not None and known.base.get("path") else None
        if remembered is not None and remembered.is_file() and _id_of(remembered) == key:
            return remembered
        found = [p for p in sorted(self._root.rglob(PAGE)) if ".git" not in p.parts and _id_of(p) == key]
        return found[0] if found else None

    def _require(self, ref: Ref, known: Known | None = None) -> Path:
        path = self._find(ref.id, known)
        if path is None:
            raise Gone("The page is no longer in the Git folder.", connector=self.name, remote_id=ref.id)
        return path

    def _was_deleted(self, known: Known) -> bool:
        return bool(known.base.get("path")) and bool(self._repository.history(str(known.base["path"])))

    def _new_path(self, page: Page, target: Target) -> Path:
        parts = [_slug(part) for part in re.split(r"[/\\]", target.place or self._settings.space)]
        return self._root.joinpath(*filter(None, parts), f"{_slug(page.title)[:60] or 'sop'}-{_slug(page.key)[-8:]}", PAGE)

    def _write(self, path: Path, text: str, assets: Sequence[Asset], before: str) -> bool:
        """Pictures first, the page last: a reader never sees a page whose pictures are not there yet. False: somebody saved it meanwhile."""
        for asset in assets:
            image = _image_path(path, asset)
            if not image.exists() or image.stat().st_size != asset.size_bytes:
                write_whole(image, asset.read())
        if text == before:
            return True
        return write_whole(path, text.encode(), instead_of=before.encode())

    def _uncommitted(self, paths: Sequence[Path]) -> list[Path]:
        """Those that differ from the newest commit, also when an earlier run wrote them and was killed before its commit."""
        return [p for p in dict.fromkeys(paths) if p.exists() and self._repository.head(self._relative(p)) != p.read_bytes()]

    def _is_told(self, page: Page) -> bool:
        """Whether a commit of ours says that this revision was published."""
        last = self._repository.said(f"{SOP_ID}: {page.key}")
        return last is not None and _revision(last.message) == page.facts.version

    def _recovered(self, page: Page, there: Document, ours: Sequence[Piece[str]]) -> list[Base]:
        """The base of the merge when the caller knows nothing: our last commit of this page tells what we wrote.

        A passage where a person's words were kept then is in question: what ours said is not known any more.
        """
        last = self._repository.said(f"{SOP_ID}: {page.key}")
        old = self._repository.content(last.id, _said(last.message, SOP_PATH) or "") if last is not None else None
        if last is not None and old is not None:
            kept = set((_said(last.message, SOP_KEPT) or "").split())
            pieces = [p for p in markdown.parse(old.decode("utf-8", "replace")).pieces if p.key is not None]
            return [replace(_base_of(p), marks=frozenset()) if p.key in kept else _base_of(p) for p in pieces]
        if there.facts.get("revision") == page.facts.version:
            return [_base_of(p) for p in ours]  # cut off before the commit: what we would write now is what we wrote then
        return [_base_of(p) for p in there.pieces if p.key is not None]

    def _conflict(self, page: Page, path: Path, clashes: Any) -> Conflict:
        newest = self._repository.newest(self._relative(path))
        return Conflict(
            "The page and the new revision changed the same passages. Choose for each of them.",
            remote_version=newest.id if newest else "",
            edited_by=newest.by if newest else None,
            edited_at=newest.at if newest else None,
            clashes=clashes,
            connector=self.name,
            operation="publish",
            remote_id=page.key,
        )

    def _known(self, key: str, path: Path, version: str, *, title: str, ours: Sequence[Piece[str]], shown: Sequence[Piece[str]]) -> Known:
        here: dict[str | None, Piece[str]] = {p.key: p for p in shown if p.key is not None}
        blocks = [
            {
                "key": p.key,
                "mark": p.mark,
                "plain": p.plain,
                "kind": p.kind,
                "here": here.get(p.key, p).mark,
                "there": here.get(p.key, p).plain,
            }
            for p in ours
        ]
        blocks += [
            {"key": None, "mark": p.mark, "plain": p.plain, "kind": p.kind, "here": p.mark, "there": p.plain}
            for p in shown
            if p.key is None
        ]
        return Known(
            ref=Ref(id=key, url=path.as_uri()), version=version, base={"path": self._relative(path), "title": title, "blocks": blocks}
        )

    def _newest(self, path: Path, known: Known | None) -> Entry | None:
        """The commit that made the page what it is. Where that is the one we know, nothing is searched, however long the history is."""
        relative = self._relative(path)
        if known is not None and known.version:
            then = self._repository.content(known.version, relative)
            if then is not None and then == self._repository.head(relative):
                return self._repository.entry(known.version)
        return self._repository.newest(relative)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _base(known: Known | None) -> list[Base]:
    blocks = known.base.get("blocks", ()) if known is not None else ()
    return [
        Base(key=b["key"], marks=frozenset({b["mark"]}), here=b["here"], plain=b["plain"], there=b["there"], kind=b["kind"]) for b in blocks
    ]


def _base_of(piece: Piece[str]) -> Base:
    return Base(key=piece.key, marks=frozenset({piece.mark}), here=piece.mark, plain=piece.plain, there=piece.plain, kind=piece.kind)


def _ours(known: Known | None) -> list[Piece[str]]:
    blocks = known.base.get("blocks", ()) if known is not None else ()
    return [Piece(key=b["key"], mark=b["mark"], plain=b["plain"], kind=b["kind"], native="") for b in blocks if b["key"] is not None]


def _facts(page: Page, facts: Facts) -> dict[str, Any]:
    values = {
        "id": page.key,
        "revision": facts.version,
        "status": facts.status,
        "area": facts.area,
        "owner": _person(facts.owner),
        "review_due": facts.review_due.isoformat() if facts.review_due else None,
        "review_state": facts.review_state,
        "labels": list(facts.labels),
    }
    return {k: v for k, v in values.items() if v not in (None, [])}


def _person(person: Person | None) -> str | None:
    if person is None:
        return None
    return f"{person.name} <{person.email}>" if person.email else person.name


def _busy(operation: str) -> Retry:
    return Retry("Somebody is saving this page again and again.", after_s=10.0, connector="filesystem", operation=operation)


def _trailer(page: Page, path: str, kept: frozenset[str]) -> str:
    """``kept``: keys of the passages where a person's words stand instead of ours."""
    lines = [f"{REVISION}: {page.facts.version}", f"{SOP_ID}: {page.key}", f"{SOP_PATH}: {path}"]
    return "\n".join([*lines, f"{SOP_KEPT}: {' '.join(sorted(kept))}"] if kept else lines)


def _said(message: str, name: str) -> str | None:
    found = re.search(rf"^{name}: (.*)$", message, re.MULTILINE)
    return found.group(1).strip() if found else None


def _revision(message: str) -> int | None:
    value = _said(message, REVISION) or ""
    return int(value) if value.isdigit() else None


def _id_of(path: Path) -> str | None:
    with path.open("rb") as stream:
        head = stream.read(4096).decode("utf-8", "replace")
    found = re.search(r"^id: ['\"]?([^'\"\n]+)['\"]?$", head, re.MULTILINE)
    return found.group(1) if found else None


def readable(page: Page) -> str:
    """The Markdown of a page as people read it: without front matter and without the marks around its blocks."""
    body = markdown.pieces_of(page.blocks, _images(page))
    return "\n\n".join([f"# {markdown.escape(page.title)}", *(piece.native for piece in body)]) + "\n"


def _images(page: Page) -> dict[str, str]:
    return {asset.digest: f"images/{_image_name(asset)}" for asset in page.assets}


def _image_name(asset: Asset) -> str:
    endings = {"image/png": ".png", "image/webp": ".webp", "image/jpeg": ".jpg"}
    return asset.digest[:16] + endings[asset.media_type]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _image_path(page: Path, asset: Asset) -> Path:
    return page.parent / "images" / _image_name(asset)

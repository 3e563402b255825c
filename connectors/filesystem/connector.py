"""Publishing into a Git folder. The page is ``<place>/<title>-<key>/index.md``; it is found again by the ``id`` in its front matter, wherever people moved it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from connectors.errors import Conflict, Gone, Reject
from connectors.filesystem import markdown
from connectors.filesystem.markdown import Document
from connectors.filesystem.repository import Repository
from connectors.filesystem.settings import Settings
from connectors.merge import Base, Piece, merge

PAGE, NOTES = "index.md", "notes.md"
REVISION = "SOP-Revision"


class Filesystem:
    """See :class:`connectors.contract.Connector`."""

    name = "filesystem"
    capabilities = Capabilities(history=True, restore=True, merge=True, flags=True, mentions=True, archive=True, labels=True, owners=True)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._repository = Repository(settings.path, settings.author)
        self._root = self._repository.folder

    def check(self) -> Identity:
        with self._repository.locked():
            return Identity(name=self._settings.author.partition(" <")[0], url=self._root.as_uri())

    def render(self, page: Page) -> Rendered:
        images = {asset.digest: f"images/{_image_name(asset)}" for asset in page.assets}
        return Rendered(page=page, body=markdown.pieces_of(page.blocks, images), degraded=())

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
            there = markdown.parse(path.read_text("utf-8")) if not created else Document(facts={}, title=page.title, pieces=())
            base = _base(known) if known is not None else [_base_of(p) for p in there.pieces if p.key is not None]
            merged = merge(base, there.pieces, ours, choices)
            if merged.clashes:
                raise self._conflict(page, path, merged.clashes)
            title = there.title if known is not None and there.title != known.base.get("title", there.title) else page.title
            facts = {**there.facts, **_facts(page, page.facts)}
            text = markdown.write(Document(facts=facts, title=title, pieces=merged.pieces))
            changed = self._write(path, text, page.assets)
            if changed:
                version = self._repository.commit(changed, f"{message}\n\n{REVISION}: {page.facts.version}\nSOP-Id: {page.key}")
            else:
                version = self._version(path)
            known = self._known(page.key, path, version, title=page.title, ours=ours, shown=merged.pieces)
            return Receipt(known=known, written=bool(changed), created=created, edits=merged.edits, requests=0, writes=len(changed))

    def fetch(self, ref: Ref, *, known: Known | None = None) -> RemotePage:
        if not self._root.is_dir():
            return RemotePage(ref=ref, key=ref.id, title="", version="", edited_by=None, edited_at=None, state="unreachable")
        path = self._find(ref.id, known)
        if path is None:
            raise Gone("The page is no longer in the Git folder.", connector=self.name, operation="fetch", remote_id=ref.id)
        document = markdown.parse(path.read_text("utf-8"))
        newest = next(iter(self._repository.history(self._relative(path))), None)
        edits = merge(_base(known), document.pieces, _ours(known)).edits if known is not None else ()
        state: Literal["current", "archived"] = "archived" if document.facts.get("archived") else "current"
        return RemotePage(
            ref=Ref(id=ref.id, url=path.as_uri()),
            key=document.facts.get("id"),
            title=document.title,
            version=newest.id if newest else "",
            edited_by=newest.by if newest else None,
            edited_at=newest.at if newest else None,
            state=state,
            edits=edits,
        )

    def history(self, ref: Ref) -> Sequence[Version]:
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
                    _write_whole(image, content)
                    changed.append(image)
            _write_whole(path, old)
            made = self._repository.commit(changed, f"{message}\n\n{REVISION}: {document.facts.get('revision', '')}\nSOP-Id: {ref.id}")
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
            _write_whole(notes, f"{before}\n- @{markdown.escape(person.name)}: {markdown.escape(text)} <!-- {key} -->\n".encode())
            self._repository.commit([notes], f"Tell {person.name}")

    def archive(self, ref: Ref) -> None:
        path = self._require(ref)
        self._mark(Known(ref=ref, version="", base={"path": self._relative(path)}), {"archived": True}, "Archive")

    # --- below: files ---------------------------------------------------------------------------------------------------
    def _mark(self, known: Known, facts: Mapping[str, Any], message: str) -> Known:
        with self._repository.locked():
            path = self._require(known.ref, known)
            document = markdown.parse(path.read_text("utf-8"))
            merged = {**document.facts, **{k: v for k, v in facts.items() if v is not None}}
            if merged == document.facts:
                return known
            _write_whole(path, markdown.write(replace(document, facts=merged)).encode())
            return replace(known, version=self._repository.commit([path], message))

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

    def _write(self, path: Path, text: str, assets: Sequence[Asset]) -> list[Path]:
        """Pictures first, the page last: a reader never sees a page whose pictures are not there yet. Gives what really changed."""
        changed = []
        for asset in assets:
            image = path.parent / "images" / _image_name(asset)
            if not image.exists() or image.stat().st_size != asset.size_bytes:
                _write_whole(image, asset.read())
                changed.append(image)
        if not path.exists() or path.read_text("utf-8") != text:
            _write_whole(path, text.encode())
            changed.append(path)
        return changed

    def _conflict(self, page: Page, path: Path, clashes: Any) -> Conflict:
        newest = next(iter(self._repository.history(self._relative(path))), None)
        return Conflict(
            f"{len(clashes)} passages were changed on the page and in the new revision. Choose for each of them.",
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

    def _version(self, path: Path) -> str:
        return next((e.id for e in self._repository.history(self._relative(path))), "")

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


def _revision(message: str) -> int | None:
    found = re.search(rf"^{REVISION}: (\d+)$", message, re.MULTILINE)
    return int(found.group(1)) if found else None


def _id_of(path: Path) -> str | None:
    with path.open("rb") as stream:
        head = stream.read(4096).decode("utf-8", "replace")
    found = re.search(r"^id: ['\"]?([^'\"\n]+)['\"]?$", head, re.MULTILINE)
    return found.group(1) if found else None


def _image_name(asset: Asset) -> str:
    endings = {"image/png": ".png", "image/webp": ".webp", "image/jpeg": ".jpg"}
    return asset.digest[:16] + endings[asset.media_type]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    aside.write_bytes(content)
    aside.replace(path)

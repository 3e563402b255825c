"""A document as the neutral page that connectors render, and people's edits at a target back into the document. No database.

A block's key is the path of the field that it shows (``purpose``, ``steps/<id>/expected``), so an edit finds its field; how a field looks as plain text
and how plain text becomes the field again stands side by side in :mod:`plugin.services.passages`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from connectors.blocks import (
    Block,
    Code,
    Contents,
    Expand,
    Heading,
    Image,
    Items,
    Panel,
    Paragraph,
    Properties,
    Span,
    StepBlock,
    Table,
    Text,
    text,
)
from connectors.contract import Asset, Edit, Facts, Origin, Page, Person
from connectors.reading import flatten, plain_of
from plugin.domain.document import digest
from plugin.domain.revision import mark_edited
from plugin.domain.sections import ordered
from plugin.domain.sop import Command, Picture, Sop, Step
from plugin.services import origin, passages

_CODE = re.compile(r"`([^`\n]+)`")
PIECE_BYTES = 256 * 1024
MEDIA_TYPES = {".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """``sop`` with the edits in it; ``left`` are edits for which the document has no place (they stay on the page)."""

    sop: Sop
    taken: tuple[str, ...]
    left: tuple[Edit, ...]


def compose(
    sop: Sop,
    *,
    facts: Facts | None = None,
    assets: Sequence[Asset] = (),
    moment: origin.Link | None = None,
    source: Origin = Origin(),  # noqa: B008 - frozen
) -> Page:
    """The page of ``sop``. ``assets`` are its pictures by ``name`` (the picture's path); pictures without an asset are left out.

    ``facts`` default to what the document says itself; ``moment`` gives the address of a step's place in the recording; ``source`` is for the
    target's history.
    """
    facts = facts or facts_of(sop)
    by_name = {asset.name: asset for asset in assets}
    blocks = (
        *_head(sop, facts),
        *(block for name in ordered(sop.sections) for block in _section_of(sop, name, by_name)),
        *origin.made(sop, moment),
    )
    used = {step.image.path for step in sop.steps if step.image}
    return Page(
        key=sop.id,
        title=sop.title,
        digest=digest(sop),
        facts=facts,
        blocks=blocks,
        assets=tuple(a for a in assets if a.name in used),
        origin=source,
    )


def facts_of(sop: Sop) -> Facts:
    """What the document itself says about owner and review."""
    owner = Person(name=sop.review.owner) if sop.review.owner else None
    due = date.fromisoformat(sop.review.due) if sop.review.due else None
    return Facts(version=sop.revision, area=sop.area, owner=owner, review_due=due, labels=("sop", *filter(None, (sop.area,))))


def assets_in(folder: Path, sop: Sop, *, digest_of: Callable[[Path], str]) -> tuple[Asset, ...]:
    """The pictures of a document that lies in ``folder``; those that are missing are left out."""
    found: dict[str, Asset] = {}
    for step in sop.steps:
        if step.image is None or step.image.path in found:
            continue
        path = folder / step.image.path
        kind = MEDIA_TYPES.get(path.suffix.lower())
        if kind is None or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            continue
        found[step.image.path] = Asset(
            digest=digest_of(path),
            name=step.image.path,
            media_type=kind,  # type: ignore[arg-type]  # the values of the table are the literals
            size_bytes=path.stat().st_size,
            read=path.read_bytes,
            pieces=partial(_pieces, path),
        )
    return tuple(found.values())


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def adopt_edits(sop: Sop, edits: Iterable[Edit]) -> Sop:
    """``sop`` with people's edits of the page; what they changed has the basis ``edited``. Edits without a place are left out."""
    return adopt(sop, edits).sop


def adopt(sop: Sop, edits: Iterable[Edit], *, published: Sop | None = None) -> Adopted:
    """As :func:`adopt_edits`, and says what went in and what did not.

    ``published`` is what stands at the page on our side: a passage that differs from it in ``sop`` was changed by us as well, and is left.
    """
    edited, taken, left = sop, [], []
    then, now = (_words(one) if one is not None else {} for one in (published, sop if published is not None else None))
    for edit in edits:
        changed = passages.put(edited, edit.key, edit.after)
        if changed is None or (changed != edited and then.get(edit.key) != now.get(edit.key)):
            left.append(edit)
        else:
            edited = changed
            taken.append(edit.key)
    return Adopted(sop=mark_edited(sop, edited), taken=tuple(taken), left=tuple(left))


def _words(sop: Sop) -> dict[str | None, str]:
    """What a reader reads in each field."""
    return {part.key: plain_of(part) for block in flatten(compose(sop).blocks) for part in (block, *_folded(block))}


def _folded(block: Block) -> tuple[Block, ...]:
    return tuple(flatten(block.children)) if isinstance(block, Expand) else ()


def _head(sop: Sop, facts: Facts) -> list[Block]:
    rows: list[tuple[str, Text]] = [("Status", text(facts.status)), ("Version", text(str(facts.version)))]
    if facts.owner:
        rows.append(("Owner", text(facts.owner.name)))
    if facts.review_due:
        rows.append(("Review due", text(facts.review_due.isoformat())))
    if facts.area:
        rows.append(("Area", text(facts.area.replace("-", " "))))
    blocks: list[Block] = [Properties(key="facts", rows=tuple(rows))]
    if sop.summary:
        blocks.append(Paragraph(key="summary", text=text(sop.summary)))
    blocks.append(Contents(key="contents"))
    return blocks


def _section_of(sop: Sop, name: str, assets: dict[str, Asset]) -> list[Block]:
    """One section with its heading; nothing where there is nothing to say. The summary stands at the head of the page."""
    match name:
        case "purpose":
            return [_heading("purpose", "Purpose"), Paragraph(key="purpose", text=text(sop.purpose))] if sop.purpose else []
        case "scope":
            return _scope(sop)
        case "roles":
            return _table("roles", "Who does it", ("Role", "Does"), [(r.role, r.does or "") for r in sop.roles])
        case "warnings":
            return [Panel(key=f"warnings/{at}", kind="warning", text=text(w)) for at, w in enumerate(sop.warnings)]
        case "steps":
            return [_heading("steps", "Steps"), *(_step(step, assets) for step in sop.steps)]
        case "troubleshooting":
            rows = [(t.problem, t.solution) for t in sop.troubleshooting]
            return _table("troubleshooting", "If something goes wrong", ("Problem", "What to do"), rows)
        case "escalation":
            return _table("escalation", "Whom to call", ("When", "Who"), [(e.when, e.to) for e in sop.escalation])
        case _ if name in _LISTS:
            words, kind = _LISTS[name]
            return _section(name, words, getattr(sop, name), kind=kind)
    return []


_LISTS = {
    "stakeholders": ("Who must know", "bullet"),
    "prerequisites": ("Before you start", "task"),
    "tools": ("Tools", "bullet"),
    "rollback": ("Going back", "number"),
    "references": ("See also", "bullet"),
    "findings": ("Open findings", "bullet"),
}


def _scope(sop: Sop) -> list[Block]:
    if not (sop.scope.covers or sop.scope.excludes):
        return []
    blocks: list[Block] = [_heading("scope", "Scope"), *_items("scope/covers", sop.scope.covers)]
    if sop.scope.excludes:
        blocks.append(_heading("scope-excludes", "Out of scope", level=3))
        blocks += _items("scope/excludes", sop.scope.excludes)
    return blocks


def _table(key: str, words: str, header: tuple[str, str], rows: Sequence[tuple[str, str]]) -> list[Block]:
    if not rows:
        return []
    return [_heading(key, words), Table(key=key, header=header, rows=tuple((text(a), text(b)) for a, b in rows))]


def _step(step: Step, assets: dict[str, Asset]) -> StepBlock:
    path = f"steps/{step.id}"
    children: list[Block] = []
    children += [Panel(key=f"{path}/warnings/{at}", kind="warning", text=text(w)) for at, w in enumerate(step.warnings)]
    for name in ("location", "role", "detail"):
        value = getattr(step, name)
        if value:
            children.append(_labelled(f"{path}/{name}", name, value))
    if step.inputs:
        rows = tuple((text(i.name), (Span(text=passages.SECRET, italic=True),) if i.secret else text(i.value or "")) for i in step.inputs)
        children.append(Table(key=f"{path}/inputs", header=("Field", "Value"), rows=rows))
    for at, command in enumerate(step.commands):
        children += _command(f"{path}/commands/{at}", command)
    if step.image and step.image.path in assets:
        children.append(_image(f"{path}/image", step.image, assets[step.image.path]))
    if step.expected:
        children.append(Panel(key=f"{path}/expected", kind="success", title="Expected", text=text(step.expected)))
    if step.verification:
        children.append(_labelled(f"{path}/verification", "verification", step.verification))
    if step.branches:
        children.append(Items(key=f"{path}/branches", kind="bullet", items=tuple(text(passages.branch(b)) for b in step.branches)))
    if step.troubleshooting:
        rows = tuple((text(t.problem), text(t.solution)) for t in step.troubleshooting)
        table = Table(key=f"{path}/troubleshooting", header=("Problem", "What to do"), rows=rows)
        children.append(Expand(key=f"{path}/trouble", title="If it does not work", children=(table,)))
    action = (Span(text=passages.OPTIONAL, italic=True), *_with_code(step.action)) if step.optional else _with_code(step.action)
    return StepBlock(key=path, number=step.number, text=action, children=tuple(children))


def _command(path: str, command: Command) -> list[Block]:
    blocks: list[Block] = [Code(key=f"{path}/text", language=command.language, text=command.text)]
    if command.output:
        output = Code(key=f"{path}/output", language="text", text=command.output)
        blocks.append(Expand(key=f"{path}/answer", title="Output", children=(output,)))
    return blocks


def _image(key: str, picture: Picture, asset: Asset) -> Image:
    return Image(key=key, asset=asset.digest, width=picture.width, height=picture.height, alt=picture.alt)


def _labelled(key: str, name: str, value: str) -> Paragraph:
    label = passages.LABELS.get(name)
    return Paragraph(key=key, text=(Span(text=label, bold=True), *_with_code(value)) if label else _with_code(value))


def _with_code(value: str) -> Text:
    """What stands between backticks is something to type."""
    spans = (Span(text=part, code=at % 2 == 1) for at, part in enumerate(_CODE.split(value)) if part)
    return tuple(spans)


def _heading(key: str, words: str, *, level: int = 2) -> Heading:
    return Heading(key=f"headings/{key}", level=3 if level == 3 else 2, text=text(words))


def _items(key: str, values: Sequence[str], kind: str = "bullet") -> list[Block]:
    items = tuple(text(v) for v in values)
    return [Items(key=key, kind="task" if kind == "task" else "number" if kind == "number" else "bullet", items=items)] if items else []


def _section(key: str, words: str, values: Sequence[str], *, kind: str = "bullet") -> list[Block]:
    return [_heading(key, words), *_items(key, values, kind)] if values else []

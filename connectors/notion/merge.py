"""Three-way merge of a page, block by block: base (what we last wrote), theirs (the page now), ours (the new revision).

What only we changed is written, what only people changed stays, what both changed is a Clash. Blocks that people added stay where they are. The
page is read as far as needed: with ``full`` wholly, otherwise only around blocks that we want to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.contract import Choice, Clash, Edit
from connectors.notion.edits import PART, Entry, added_to_lists, of_part, said
from connectors.notion.linking import ours_to_base, shape, theirs_to_base
from connectors.notion.nodes import PARENTS, TEXTUAL, Node, shallow

Read = Callable[[str], Sequence[Node]]
"""A block's or page's id to its children, not deeper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """``after`` None puts the nodes at the start of ``parent``."""

    parent: str
    after: str | None
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``live`` is the block as the merge saw it, with children where they go along; ``wanted`` None: it is deleted."""

    live: Node
    wanted: Node | None


@dataclass(slots=True, kw_only=True)
class Plan:
    """What has to be done. ``base`` is what to keep afterwards, ``final`` the page as it will read."""

    patches: list[Change] = field(default_factory=list)
    inserts: list[Insert] = field(default_factory=list)
    deletes: list[Change] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    base: tuple[Node, ...] = ()
    final: tuple[Node, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.patches or self.inserts or self.deletes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What an earlier, unfinished run of ours has written: signs by block id, and signs of blocks that it may have added."""

    patched: Mapping[str, frozenset[str]] = field(default_factory=dict)
    added: Mapping[str, Node] = field(default_factory=dict)


class Merger:
    """``us`` is given where the base was made up after our memory was lost: then blocks that anybody else touched last are theirs for certain."""

    def __init__(
        self,
        read: Read,
        *,
        full: bool,
        choices: Mapping[str, Choice] | None = None,
        written: Written | None = None,
        us: frozenset[str] = frozenset(),
    ) -> None:
        self._read, self._full, self._us = read, full, us
        self._choices, self._written = {} if choices is None else choices, written or Written()
        self._parts: set[str] = set()
        self.plan = Plan()

    def run(self, page: str, base: Sequence[Node], ours: Sequence[Node]) -> Plan:
        self.plan.base, self.plan.final = self._level(page, list(base), list(ours))
        return self.plan

    def _level(self, parent: str, base: list[Node], ours: list[Node]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        theirs = list(self._read(parent))
        base = self._adopted(base, ours, theirs)
        by_base = {b: theirs[t] for t, b in theirs_to_base(base, theirs).items()}
        of_ours = ours_to_base(base, ours)
        kept: list[Node] = []
        shown: dict[str, Node] = {node.id: node for node in theirs}
        added: dict[str | None, list[Node]] = {}
        anchor: str | None = None
        entries: list[Entry] = []
        for o, mine in enumerate(ours):
            known = base[of_ours[o]] if o in of_ours else None
            live = by_base.get(of_ours[o]) if o in of_ours else None
            if known is not None:
                entries.append((mine, known, live))
            if known is not None and live is not None:
                stays, final = self._both(known, live, mine)
                kept.append(stays)
                shown[live.id], anchor = final, live.id
            elif known is not None and not self._insert_again(known, mine):
                kept.append(replace(mine, id=known.id or "-", children=()))
            else:
                kept.append(mine)
                added.setdefault(anchor, []).append(mine)
        self._removed(base, by_base, set(of_ours.values()), shown)
        self._people_added(theirs, base, by_base, self._lists(entries, theirs))
        self.plan.inserts += [Insert(parent=parent, after=a, nodes=tuple(nodes)) for a, nodes in added.items()]
        final_nodes = list(added.get(None, []))
        for node in theirs:
            if node.id in shown:
                final_nodes.append(shown[node.id] if shown[node.id] is not node else self._whole(node))
            final_nodes += added.get(node.id, [])
        return tuple(kept), tuple(final_nodes)

    def _whole(self, node: Node) -> Node:
        """A person's block with everything in it, as far as it belongs to this page."""
        if not node.has_children or node.kind in ("child_page", "child_database"):
            return node
        return replace(node, children=tuple(map(self._whole, self._read(node.id))))

    def _adopted(self, base: list[Node], ours: list[Node], theirs: list[Node]) -> list[Node]:
        """The base, with blocks that are unknown to it but ours all the same: written by a run whose end we did not see."""
        linked = theirs_to_base(base, theirs)
        taken = set(ours_to_base(base, ours))
        new = {(shape(node), node.sign): node for o, node in enumerate(ours) if o not in taken}
        result: list[Node] = []
        rest = list(range(len(base)))
        for t, node in enumerate(theirs):
            if t in linked:
                while rest and rest[0] <= linked[t]:
                    result.append(base[rest.pop(0)])
                continue
            ours_too = new.pop((shape(node), node.sign), None) or self._written.added.get(node.sign)
            if ours_too is not None and ours_too.kind == node.kind:
                result.append(replace(shallow(ours_too), id=node.id, file=node.file))
        return result + [base[n] for n in rest]

    def _both(self, known: Node, live: Node, mine: Node) -> tuple[Node, Node]:
        """The block stands in all three. Gives what to keep as base and what will be shown."""
        touched = self._touched(known, live)
        wanted = mine.sign != known.sign or mine.extra.get("asset") != known.extra.get("asset")
        result = shallow(mine)
        if touched and wanted and not self._same(live, mine) and _same_words(live, mine):
            result = shallow(live)
        elif touched and wanted and not self._same(live, mine):
            choice = self._choices.get(mine.key)
            if choice is None:
                self.plan.clashes.append(Clash(key=mine.key, base=said(known, mine), theirs=said(live, mine), ours=said(mine, mine)))
            if choice == "ours":
                self.plan.patches.append(Change(live=live, wanted=mine))
            else:
                result = shallow(live)
        elif wanted and self._foreign(live) and not self._same(live, mine):
            # Whether we changed it as well cannot be known any more; what a person wrote is never overwritten on a guess.
            self._edited(mine, mine, live)
            result = shallow(live)
        elif (wanted and not self._same(live, mine)) or (touched and not self._same(live, mine) and self._choices.get(mine.key) == "ours"):
            self.plan.patches.append(Change(live=live, wanted=mine))
        elif touched and not self._same(live, mine):
            self._edited(mine, known, live)
            result = shallow(live)
        below, final = self._children(known, live, mine)
        stays = replace(mine, id=live.id, children=below, file=live.file)
        asset = mine.extra.get("asset")
        if result.kind == "image" and asset and not touched:
            result = replace(result, extra={"asset": asset})
        return stays, replace(result, children=final)

    def _children(self, known: Node, live: Node, mine: Node) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        if mine.kind not in PARENTS:
            return (), ()
        same = _deep(known.children) == _deep(mine.children)
        if (not self._full and same) or not (live.has_children or known.children or mine.children):
            return known.children, mine.children
        if not live.has_children and not known.children:
            self.plan.inserts.append(Insert(parent=live.id, after=None, nodes=mine.children))
            return mine.children, mine.children
        return self._level(live.id, list(known.children), list(mine.children))

    def _touched(self, known: Node, live: Node) -> bool:
        """Whether people changed the block itself since we wrote it."""
        if live.sign != known.sign and live.sign not in self._written.patched.get(live.id, ()):
            return True
        if known.kind != "image" or not live.file:
            return False
        digest = str(known.extra.get("asset", ""))[:16]
        return bool(known.file) and live.file != known.file and not (digest and digest in live.file)

    def _foreign(self, live: Node) -> bool:
        return bool(self._us) and not {live.by, live.made_by} <= {"", *self._us}

    @staticmethod
    def _same(live: Node, mine: Node) -> bool:
        if live.sign != mine.sign:
            return False
        return mine.kind != "image" or str(mine.extra.get("asset", ""))[:16] in live.file

    def _insert_again(self, known: Node, mine: Node) -> bool:
        """People deleted the block. It comes back only where the choice is ours."""
        if self._choices.get(mine.key) == "ours":
            return True
        if _deep((known,)) == _deep((mine,)):
            self._edited(mine, known, None)
            return False
        choice = self._choices.get(mine.key)
        if choice is None:
            self.plan.clashes.append(Clash(key=mine.key, base=said(known, mine), theirs=None, ours=said(mine, mine)))
        return choice == "ours"

    def _removed(self, base: Sequence[Node], by_base: Mapping[int, Node], wanted: set[int], shown: dict[str, Node]) -> None:
        """Blocks that we do not have any more: deleted where people left them alone."""
        for b, known in enumerate(base):
            live = by_base.get(b)
            if b in wanted or live is None or self._foreign(live):
                continue
            touched = self._touched_below(known, live)
            choice = self._choices.get(known.key)
            if touched and choice is None:
                self.plan.clashes.append(Clash(key=known.key, base=said(known, known), theirs=said(live, known), ours=None))
            if not touched or choice == "ours":
                below = tuple(self._read(live.id)) if self._full and live.has_children else known.children
                self.plan.deletes.append(Change(live=replace(live, children=below), wanted=None))
                shown.pop(live.id, None)

    def _touched_below(self, known: Node, live: Node) -> bool:
        if self._touched(known, live):
            return True
        if not self._full or not (live.has_children or known.children):
            return False
        theirs = list(self._read(live.id)) if live.has_children else []
        if any(self._foreign(node) for node in theirs):
            return True
        links = theirs_to_base(known.children, theirs)
        if len(links) < max(len(theirs), len([c for c in known.children if c.id != "-"])):
            return True
        return any(self._touched_below(known.children[b], theirs[t]) for t, b in links.items())

    def _edited(self, mine: Node, before: Node, after: Node | None) -> None:
        if after is not None and said(before, mine) == said(after, mine):
            return  # a person gave the same words another style: it stays, and there is nothing to tell
        if PART in mine.extra:
            self._parts.add(str(mine.extra[PART]))
        else:
            self.plan.edits.append(Edit(key=mine.key, before=said(before, mine), after=said(after, mine)))

    def _lists(self, entries: Sequence[Entry], theirs: Sequence[Node]) -> set[str]:
        """Tells what people did to lists and tables of this level; gives the ids of entries that they put in."""
        here = {str(mine.extra[PART]): None for mine, _, _ in entries if PART in mine.extra}
        touched = self._parts | added_to_lists(entries, theirs)
        told: set[str] = set()
        for part in here:
            if part in touched:
                edit, added = of_part(part, entries, theirs)
                self.plan.edits.append(edit)
                told |= added
        self._parts -= set(here)
        return told

    def _people_added(self, theirs: Sequence[Node], base: Sequence[Node], by_base: Mapping[int, Node], told: set[str]) -> None:
        keys = {node.id: base[b].key for b, node in by_base.items()}
        last = ""
        for node in theirs:
            if node.id in keys:
                last = keys[node.id]
            elif node.id not in told:
                self.plan.edits.append(Edit(key=f"after:{last}", before=None, after=node.text))


def _same_words(live: Node, mine: Node) -> bool:
    """Whether both sides came to say the same; the style may be a person's."""
    return mine.kind in TEXTUAL and live.extra.get("language") == mine.extra.get("language") and said(live, mine) == said(mine, mine)


def _deep(nodes: Sequence[Node]) -> list[object]:
    """Equal for equal content of whole subtrees."""
    return [[shape(n), n.sign, n.extra.get("asset"), _deep(n.children)] for n in nodes]

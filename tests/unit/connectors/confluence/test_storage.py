"""Words in, storage format out, and back: for any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.blocks import Code, Expand, Items, Paragraph, Span, StepBlock, Table, text
from connectors.confluence import sheet as sheets
from connectors.confluence.canonical import mark_of, plain_of
from connectors.confluence.memory import compact, expanded
from connectors.confluence.render import body_of
from connectors.confluence.storage import Malformed, clean, parse, short, text_of, write
from connectors.confluence.words import label_of, publisher_of, revision_of, title_of, version_message
from connectors.contract import Facts, Page
from tests.contract.confluence.fake.storage import edited, normalised

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
ALLOWED = frozenset(
    {"p", "h3", "ul", "li", "table", "tbody", "tr", "th", "td", "br", "strong", "em", "code", "a", "ac:structured-macro", "ac:parameter",
     "ac:plain-text-body", "ac:rich-text-body"}
)  # fmt: skip


def page(*words: str) -> Page:
    first, second, third = words
    blocks = (
        Paragraph(key="purpose", text=(Span(text=first), Span(text=second, bold=True), Span(text=third, link=f"javascript:{first}"))),
        StepBlock(key="steps/a", number=1, text=text(second), children=(Code(key="steps/a/commands/0/text", language="bash", text=first),)),
        Items(key="tools", kind="bullet", items=(text(second), text(third))),
        Table(key="roles", header=("A", "B"), rows=((text(first), text(third)),)),
        Expand(key="more", title=second, children=(Paragraph(key="more/0", text=text(third)),)),
    )
    return Page(key="sop_1", title=first, digest="d", facts=Facts(version=1), blocks=blocks)


@settings(deadline=None)  # a busy machine is no error
@given(ANY, ANY, ANY)
def test_any_words_give_well_formed_storage_that_says_them(first: str, second: str, third: str) -> None:
    """Cases 74 to 78: only elements of ours, the text unchanged but for characters that XML cannot hold."""
    body = write([piece.native for piece in body_of(page(first, second, third))])
    root = parse(body)
    assert {short(e) for e in root.iter()} - {"page"} <= ALLOWED
    assert not [e for e in root.iter() if short(e) == "a"]
    code = next(e for e in root.iter() if short(e) == "ac:plain-text-body")
    assert text_of(code) == clean(first)
    cell = [e for e in root.iter() if short(e) == "td"][1]
    assert "".join(text_of(cell).split()) == "".join(clean(third).split())


@settings(deadline=None)  # a busy machine is no error
@given(ANY, ANY, ANY)
def test_what_confluence_makes_of_a_body_is_no_edit(first: str, second: str, third: str) -> None:
    """Neither what the API changes nor what the first save in the editor changes."""
    pieces = body_of(page(first, second, third))
    sent = write([piece.native for piece in pieces])
    for back in (normalised(sent), edited(normalised(sent))):
        there = sheets.read(back).pieces
        assert [p.mark for p in there] == [p.mark for p in pieces]


def test_an_edit_is_one() -> None:
    pieces = body_of(page("one", "two", "three"))
    sent = edited(normalised(write([piece.native for piece in pieces])))
    for old, new in (("one", "on"), (">two<", ">two!<"), ("<strong>two</strong>", "two"), ("<td", "<td colspan='2'")):
        assert old in sent
        there = sheets.read(sent.replace(old, new, 1)).pieces
        assert sum(p.mark != q.mark for p, q in zip(there, pieces, strict=True)) == 1, old


@pytest.mark.parametrize(
    "bomb", ['<!DOCTYPE x [<!ENTITY a "b">]><p>&a;</p>', "<p>not closed", "<p>&nosuch;</p>", "<?php x?><p", "</page><page>"]
)
def test_bodies_that_are_none(bomb: str) -> None:
    """Case 101 among them."""
    try:
        root = parse(bomb)
    except Malformed:
        return
    assert "b" not in text_of(root)


def test_entities_of_html_are_characters() -> None:
    (paragraph,) = parse("<p>a&nbsp;b &ndash; &auml; &amp; &lt;</p>")
    assert plain_of(paragraph) == "a b – ä & <"


def test_recorded_shapes_are_read() -> None:
    """Markers inside one another, placeholders, smart links, tasks with several paragraphs."""
    body = (
        '<p><ac:inline-comment-marker ac:ref="a"><ac:inline-comment-marker ac:ref="b">two</ac:inline-comment-marker> words</ac:inline-comment-marker></p>'
        "<p><ac:placeholder>hint</ac:placeholder></p><hr/>"
        "<ac:task-list><ac:task><ac:task-id>9</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body><span>do it</span></ac:task-body></ac:task></ac:task-list>"
    )
    said = [plain_of(e) for e in parse(body)]
    assert said == ["two words", "", "", "do it"]
    assert mark_of(parse(body)[0]) == mark_of(parse("<p>two words</p>")[0])


@given(st.lists(st.one_of(st.none(), st.from_regex(r"[a-z]{1,6}(/[a-z0-9]{1,5}){0,3}", fullmatch=True)), max_size=30))
def test_keys_are_kept_short_and_come_back(keys: list[str | None]) -> None:
    kept = compact(keys)
    assert kept is not None
    assert expanded(kept) == keys


@pytest.mark.parametrize(
    ("message", "revision", "changed", "said"),
    [
        ("", 4, (), "SOP revision 4"),
        ("SOP revision 4", 4, (2, 7), "SOP revision 4: steps 2, 7 changed"),
        ("", 4, (3,), "SOP revision 4: step 3 changed"),
        ("Revision 4: new host name;\n by a colleague", 4, (2,), "SOP revision 4: new host name; by a colleague"),
        ("x" * 400, 4, (), f"SOP revision 4: {'x' * 238}…"),
        ("", 2, range(1, 31), "SOP revision 2: steps 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 18 more changed"),
    ],
)
def test_messages(message: str, revision: int, changed: tuple[int, ...], said: str) -> None:
    made = version_message(message, revision, changed)
    assert (made, len(made) <= 255, revision_of(made)) == (said, True, revision)


def test_a_message_says_who_published_it_also_where_it_is_long() -> None:
    made = version_message("x" * 400, 4, by="Robin\n Example")
    assert (len(made), revision_of(made), publisher_of(made)) == (255, 4, "Robin Example")
    assert publisher_of("A person's edit (published by nobody)") is None


def test_titles_and_labels() -> None:
    assert title_of(" a\n\tb\x00 ") == "a b"
    assert len(title_of("y" * 300)) == 255
    assert [label_of(word) for word in ("Incident Response", "a:b#c(d!", "ÄÖ", "-x-")] == ["incident-response", "a-b-c-d", "", "x"]
    assert not re.search(r"[^a-z0-9_-]", label_of("Ünï & cøde, too. long " * 20))

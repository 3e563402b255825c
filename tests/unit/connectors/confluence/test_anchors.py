"""Comment markers and ticks that go along when a block is written anew."""

from __future__ import annotations

import pytest

from connectors.confluence.anchors import carried, markers_in
from connectors.confluence.storage import Element, parse, text_of, write


def block(body: str) -> Element:
    return parse(body)[0]


def marked(words: str, ref: str = "r1") -> str:
    return f'<ac:inline-comment-marker ac:ref="{ref}">{words}</ac:inline-comment-marker>'


@pytest.mark.parametrize(
    ("theirs", "ours", "kept", "lost"),
    [
        (f"<p>Open the {marked('red door')} now.</p>", "<p>Close the red door.</p>", f"<p>Close the {marked('red door')}.</p>", set()),
        (f"<p>{marked('All of it')}</p>", "<p>All of it</p>", f"<p>{marked('All of it')}</p>", set()),
        (f"<p>a {marked('door')}</p>", "<p>a window</p>", "<p>a window</p>", {"r1"}),
        (f"<p>a {marked('red door')}</p>", "<p>a red <strong>door</strong></p>", "<p>a red <strong>door</strong></p>", {"r1"}),
        (f"<p>x {marked('door')}</p>", "<p>y <strong>door</strong> z</p>", f"<p>y <strong>{marked('door')}</strong> z</p>", set()),
        (f"<p>x {marked('end')}</p>", "<p><em>y</em> the end</p>", f"<p><em>y</em> the {marked('end')}</p>", set()),
        (
            f"<p>{marked(marked('two', 'in') + ' words', 'out')}</p>", "<p>So two words.</p>",
            f"<p>So {marked(marked('two', 'in') + ' words', 'out')}.</p>", set(),
        ),
        (f"<p>{marked('one', 'a')} and {marked('two', 'b')}</p>", "<p>two, one</p>", f"<p>{marked('two', 'b')}, {marked('one', 'a')}</p>", set()),
    ],
)  # fmt: skip
def test_markers(theirs: str, ours: str, kept: str, lost: set[str]) -> None:
    made, refs = carried(block(theirs), block(ours))
    assert (write([made]), refs) == (kept, frozenset(lost))
    assert text_of(made) == text_of(block(ours))


def test_no_marker_in_code() -> None:
    """A macro's plain text cannot hold one: the discussion has lost its place."""
    code = '<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[ls door]]></ac:plain-text-body></ac:structured-macro>'
    made, refs = carried(block(f"<p>{marked('door')}</p>"), block(code))
    assert (refs, markers_in(made)) == (frozenset({"r1"}), {})


def test_ticks_follow_their_words() -> None:
    def tasks(*entries: tuple[str, str]) -> str:
        each = (
            f"<ac:task><ac:task-id>{n}</ac:task-id><ac:task-status>{state}</ac:task-status><ac:task-body>{words}</ac:task-body></ac:task>"
            for n, (words, state) in enumerate(entries, 1)
        )
        return f"<ac:task-list>{''.join(each)}</ac:task-list>"

    theirs = tasks(("Access", "complete"), ("Backup", "incomplete"))
    made, _ = carried(block(theirs), block(tasks(("Backup", "incomplete"), ("Access", "incomplete"), ("New", "incomplete"))))
    assert write([made]) == tasks(("Backup", "incomplete"), ("Access", "complete"), ("New", "incomplete"))

"""What a publisher and the page's readers notice, on Cloud (site and gateway) and Data Center."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from connectors.contract import Person, ReviewFlag
from connectors.errors import Conflict, Gone, Reject
from connectors.merge import from_json
from plugin.domain.sop import Command, Trouble
from plugin.services.compose import adopt
from tests.contract.confluence.fake import BOT, OTHER, PERSON, FakeConfluence, Fault
from tests.contract.confluence.fake.storage import AC, RI, parse
from tests.contract.confluence.pages import HERE, asset, connector, document, many, page, publish, reworded, step


def macros(body: str) -> list[str]:
    return [str(e.get(f"{{{AC}}}name")) for e in parse(body).iter(f"{{{AC}}}structured-macro")]


def test_the_page_is_native(confluence: FakeConfluence, tmp_path: Path) -> None:
    """Table of contents, page properties, panels, code, expands, tasks, pictures with width, words and caption; nothing raw."""
    known = publish(confluence, tmp_path, document(), message="The first").known
    body = confluence.body(known.ref.id)
    root = parse(body)
    assert macros(body)[:3] == ["details", "status", "toc"]
    assert {"warning", "tip", "code", "expand", "anchor"} <= set(macros(body))
    assert [e.text for e in root.iter("h3") if e.text][:2] == ["Out of scope", "1. Open the orders dashboard."]
    images = list(root.iter(f"{{{AC}}}image"))
    assert [(i.get(f"{{{AC}}}width"), i.get(f"{{{AC}}}alt")) for i in images] == [("760", "Screen of step 1"), ("760", "Screen of step 2")]
    assert ["".join(i.itertext()) for i in images] == ["Screen of step 1", "Screen of step 2"]
    names = [i.find(f"{{{RI}}}attachment").get(f"{{{RI}}}filename") for i in images]  # type: ignore[union-attr]  # each has one
    assert all(re.fullmatch(r"step-0\d-[0-9a-f]{12}\.png", str(n)) for n in names)
    assert len(list(root.iter(f"{{{AC}}}task"))) == 2
    assert [e.get("datetime") for e in root.iter("time")] == ["2027-02-21"]
    assert "How this was made" in body
    assert "secret, not recorded" in body
    assert confluence.site.pages[known.ref.id].now.message == "SOP revision 1: The first"


def test_a_long_procedure_has_a_short_table_of_contents(cloud: FakeConfluence, tmp_path: Path) -> None:
    few = cloud.body(publish(cloud, tmp_path, many(3)).known.ref.id)
    lots = cloud.body(publish(cloud, tmp_path, replace(many(120, 5), id="sop_2", title="Long")).known.ref.id)
    assert [re.search(r'maxLevel">(\d)', body).group(1) for body in (few, lots)] == ["3", "2"]  # type: ignore[union-attr]  # both have one
    assert lots.count("<h3>") >= 120


@pytest.mark.parametrize("confluence", ["cloud", "gateway", "datacenter"], indirect=True)
def test_requests(confluence: FakeConfluence, tmp_path: Path) -> None:
    """Unchanged: one read and no write. One step changed: the page and our property."""
    first = publish(confluence, tmp_path, document())
    same = publish(confluence, tmp_path, document(), first.known)
    changed = publish(confluence, tmp_path, reworded(document(), 2, "Take a backup now."), same.known)
    assert (same.requests, same.writes, same.written) == (1, 0, False)
    assert (changed.requests, changed.writes, changed.written) == (3, 2, True)
    assert changed.known.version == "3"
    print(f"{confluence.edition}: first publish {first.requests} requests, one step changed {changed.requests}, unchanged {same.requests}")


def test_pictures_go_first_and_only_once(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    lines = [s.line for s in confluence.writes()]
    uploads = [i for i, line in enumerate(lines) if "/child/attachment" in line]
    assert max(uploads) < next(i for i, line in enumerate(lines) if line.startswith("PUT"))
    publish(confluence, tmp_path, reworded(document(), 1, "Open it."), known)
    assert len([s for s in confluence.writes() if "/child/attachment" in s.path]) == 2
    comments = [a.comment for a in confluence.site.pages[known.ref.id].attachments.values()]
    assert all(c.startswith("SHA-256 ") for c in comments)


def test_pictures_are_sent_while_they_are_read(confluence: FakeConfluence, tmp_path: Path) -> None:
    whole = asset(1)

    def never() -> bytes:
        raise AssertionError("the whole picture was asked for")

    data = whole.read()
    streamed = replace(whole, read=never, pieces=lambda: (data[n : n + 7] for n in range(0, len(data), 7)))
    receipt = publish(confluence, tmp_path, replace(page(document()), assets=(streamed, asset(2))))
    stored = confluence.site.pages[receipt.known.ref.id].attachments.values()
    assert data in [a.data for a in stored]


def test_labels_properties_and_owner(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, page(document(), owner=Person(name="Example Person", email="person@example.com"))).known
    there = confluence.site.pages[known.ref.id]
    assert {"sop", "incident-response"} <= set(there.labels)
    sync, review = there.properties["sop_sync"].value, there.properties["sop_review"].value
    assert (sync["key"], sync["page"], sync["revision"], sync["version"]) == ("sop_01TEST", known.ref.id, 1, 2)
    assert (review["dueDate"], review["state"]) == ("2027-02-21", "current")
    assert there.owner == (BOT if confluence.edition == "datacenter" else PERSON)
    assert review.get("owner") == (None if confluence.edition == "datacenter" else PERSON)  # the search finds what somebody owns
    there.labels.append("by-a-person")
    publish(confluence, tmp_path, page(replace(document(), area="release", revision=2)), known)
    assert {"sop", "release", "by-a-person"} <= set(there.labels)
    assert "incident-response" not in there.labels


def test_an_owner_that_people_chose_stays(cloud: FakeConfluence, tmp_path: Path) -> None:
    owner = Person(name="Example Person", email="person@example.com")
    known = publish(cloud, tmp_path, page(document(), owner=owner)).known
    cloud.site.pages[known.ref.id].owner = BOT
    publish(cloud, tmp_path, page(reworded(document(), 1, "Open it."), owner=owner), known)
    assert cloud.site.pages[known.ref.id].owner == BOT


def test_an_edit_is_kept_taken_over_and_then_ours(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    confluence.site.edit(known.ref.id, lambda b: b.replace("Check the order count.", "Check the <b>order count</b> twice."))
    receipt = publish(confluence, tmp_path, reworded(document(), 1, "Open it."), known)
    assert [(e.key, e.after) for e in receipt.edits] == [("steps/stp_0003", "Check the order count twice.")]
    assert "<strong>order count</strong> twice" in confluence.body(known.ref.id)
    taken = adopt(reworded(document(), 1, "Open it."), receipt.edits).sop
    again = publish(confluence, tmp_path, replace(taken, revision=3), receipt.known)
    assert (again.edits, "<strong>order count</strong> twice" in confluence.body(known.ref.id)) == ((), True)
    publish(confluence, tmp_path, reworded(replace(taken, revision=3), 3, "Count the orders."), again.known)
    assert "Count the orders." in confluence.body(known.ref.id)


def test_what_people_add_stays_in_its_place(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    section = "<h2>Local rules</h2><p>Ask <strong>Ops</strong> first.</p>"
    confluence.site.edit(known.ref.id, lambda b: b.replace("<h2>Tools</h2>", section + "<h2>Tools</h2>"))
    sop = reworded(document(), 2, "Take a backup now.")
    known = publish(confluence, tmp_path, sop, known).known
    publish(confluence, tmp_path, reworded(sop, 3, "Count."), known)
    text = re.sub(r"<[^>]+>", "", confluence.body(known.ref.id))
    assert text.index("Local rules") < text.index("Ask Ops first.") < text.index("Tools")
    assert text.count("Local rules") == 1


def test_a_cell_of_a_table_and_a_row_of_the_facts(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    confluence.site.edit(known.ref.id, lambda b: b.replace("database team lead", "the duty officer"))
    row = "<tr><th><p>Cost centre</p></th><td><p>4711</p></td></tr>"
    confluence.site.edit(
        known.ref.id, lambda b: b.replace("</tbody></table></ac:rich-text-body>", f"{row}</tbody></table></ac:rich-text-body>", 1)
    )
    receipt = publish(confluence, tmp_path, reworded(document(), 1, "Open it."), known)
    assert {e.key for e in receipt.edits} >= {"escalation"}
    body = confluence.body(known.ref.id)
    assert "the duty officer" in body
    assert "4711" in body
    assert re.search(r"Version</p></th><td[^>]*><p[^>]*>2", body)
    for revision in (3, 4, 5):
        receipt = publish(confluence, tmp_path, replace(reworded(document(), 1, f"Open {revision}."), revision=revision), receipt.known)
        body = confluence.body(known.ref.id)
        assert "4711" in body
        assert re.search(rf"Version</p></th><td[^>]*><p[^>]*>{revision}", body)


def test_who_is_mentioned_is_named_where_people_compare_texts(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    account = "ri:userkey" if confluence.edition == "datacenter" else "ri:account-id"
    mention = f'<ac:link><ri:user {account}="{OTHER}"/></ac:link>'
    confluence.site.edit(known.ref.id, lambda b: b.replace("All panels are green.", f"Ask {mention} first."))
    fetched = connector(confluence, tmp_path).fetch(known.ref, known=known)
    assert [e.after for e in fetched.edits] == ["Ask Other Person first."]
    step = replace(document().steps[0], expected="All is well.")
    changed = replace(document(), revision=2, steps=(step, *document().steps[1:]))
    with pytest.raises(Conflict) as caught:
        publish(confluence, tmp_path, changed, known)
    assert [c.theirs for c in caught.value.clashes] == ["Ask Other Person first."]


def test_columns_that_people_made_stay(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known

    def in_columns(body: str) -> str:
        first, rest = body.split("<h2>Steps</h2>")
        cell = "<ac:layout-cell>{}</ac:layout-cell>"
        section = '<ac:layout-section ac:type="fixed-width">{}</ac:layout-section>'
        return f"<ac:layout>{section.format(cell.format(first))}{section.format(cell.format('<h2>Steps</h2>' + rest))}</ac:layout>"

    confluence.site.edit(known.ref.id, in_columns)
    receipt = publish(confluence, tmp_path, reworded(document(), 2, "Take a backup now."), known)
    root = parse(confluence.body(known.ref.id))
    cells = list(root.iter(f"{{{AC}}}layout-cell"))
    assert (receipt.edits, len(cells)) == ((), 2)
    assert "Take a backup now." in "".join(cells[1].itertext())
    assert "Bring the orders back" in "".join(cells[0].itertext())


def test_comments_stay_at_their_words(confluence: FakeConfluence, tmp_path: Path) -> None:
    """At a block that we do not touch, and at words that our new sentence still has."""
    known = publish(confluence, tmp_path, document()).known
    refs = [confluence.site.comment_on(known.ref.id, words) for words in ("order count", "a backup")]
    receipt = publish(confluence, tmp_path, reworded(document(), 2, "Take two times a backup."), known)
    body = confluence.body(known.ref.id)
    assert (receipt.edits, [body.count(ref) for ref in refs]) == ((), [1, 1])
    assert f'<ac:inline-comment-marker ac:ref="{refs[1]}">a backup</ac:inline-comment-marker>' in body


def test_a_discussion_whose_words_go_away_is_a_question(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    ref = confluence.site.comment_on(known.ref.id, "order count")
    sop = reworded(document(), 3, "Look at the numbers.")
    with pytest.raises(Conflict) as caught:
        publish(confluence, tmp_path, sop, known)
    key = "steps/stp_0003"
    assert [(c.key, c.theirs, c.ours) for c in caught.value.clashes] == [(key, "Check the order count.", "Look at the numbers.")]
    kept = publish(confluence, tmp_path, sop, known, choices={key: "theirs"})
    assert (ref in confluence.body(known.ref.id), "Look at the numbers" in confluence.body(known.ref.id)) == (True, False)
    next(c for c in confluence.site.comments if c.marker == ref).state = "resolved"
    confluence.site.pages[known.ref.id].read_only = False
    publish(confluence, tmp_path, reworded(sop, 3, "Look at all the numbers."), kept.known, choices={key: "ours"})
    assert "Look at all the numbers" in confluence.body(known.ref.id)


def test_a_removed_step_under_discussion_is_a_question(cloud: FakeConfluence, tmp_path: Path) -> None:
    known = publish(cloud, tmp_path, document()).known
    cloud.site.comment_on(known.ref.id, "order count")
    shorter = replace(document(), steps=document().steps[:2], revision=2)
    with pytest.raises(Conflict) as caught:
        publish(cloud, tmp_path, shorter, known)
    assert [(c.key, c.ours) for c in caught.value.clashes] == [("steps/stp_0003", None)]
    publish(cloud, tmp_path, shorter, known, choices={"steps/stp_0003": "theirs"})
    assert "order count" in cloud.body(known.ref.id)


def test_ticks_stay(confluence: FakeConfluence, tmp_path: Path) -> None:
    """A ticked box is no edit of the text, and stays ticked when the list gets longer."""
    known = publish(confluence, tmp_path, document()).known
    confluence.site.edit(known.ref.id, lambda b: b.replace("incomplete", "complete", 1))
    same = publish(confluence, tmp_path, document(), known)
    assert (same.edits, same.writes) == ((), 0)
    longer = replace(document(), prerequisites=(*document().prerequisites, "A quiet hour"), revision=2)
    publish(confluence, tmp_path, longer, same.known)
    states = [e.text for e in parse(confluence.body(known.ref.id)).iter(f"{{{AC}}}task-status")]
    assert states == ["complete", "incomplete", "incomplete"]


def test_a_step_that_comes_first_renumbers_a_colleagues_words(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    confluence.site.edit(known.ref.id, lambda b: b.replace("Check the order count.", "Check it twice."))
    steps = (step(1, "Tell everybody.", picture=False, identity="new"), *(replace(s, number=s.number + 1) for s in document().steps))
    publish(confluence, tmp_path, replace(document(), steps=steps, revision=2), known)
    heads = ["".join(e.itertext()) for e in parse(confluence.body(known.ref.id)).iter("h3")]
    assert heads[1:] == [
        "1. Tell everybody.",
        "2. Open the orders dashboard.",
        "3. Take a backup of the current state.",
        "4. Check it twice.",
    ]


def test_found_by_its_key_when_everything_is_lost(confluence: FakeConfluence, tmp_path: Path) -> None:
    """Renamed, then edited, then published by a machine that knows nothing; the search has not caught up."""
    known = publish(confluence, tmp_path / "a", document()).known
    confluence.site.edit(known.ref.id, lambda b: b.replace("Check the order count.", "Check it twice."), title="Ours now")
    kept = publish(confluence, tmp_path / "a", reworded(document(), 1, "Open it."), known)
    lost = publish(confluence, tmp_path / "b", reworded(document(), 1, "Open it."))
    assert (lost.known.ref.id, lost.writes, lost.created) == (known.ref.id, 0, False)
    assert [e.key for e in lost.edits] == [e.key for e in kept.edits] == ["steps/stp_0003"]
    again = publish(confluence, tmp_path / "c", replace(reworded(document(), 1, "Open it now."), revision=3))
    body = confluence.body(known.ref.id)
    assert ("Check it twice." in body, "Open it now." in body, len(confluence.pages())) == (True, True, 1)
    assert confluence.site.pages[known.ref.id].title == "Ours now"
    assert again.known.ref.id == known.ref.id


def test_found_by_its_label_in_another_space(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path / "a", document()).known
    elsewhere = confluence.site.add_space("ARCH", "Elsewhere")
    confluence.site.pages[known.ref.id].space = elsewhere.id
    confluence.site.reindex()
    assert publish(confluence, tmp_path / "b", document()).known.ref.id == known.ref.id


def test_an_sop_may_stand_in_two_spaces(confluence: FakeConfluence, tmp_path: Path) -> None:
    first = publish(confluence, tmp_path, document()).known
    confluence.site.add_space("ARCH", "Elsewhere")
    confluence.site.reindex()
    c = connector(confluence, tmp_path)
    second = c.publish(c.render(page(document())), replace(HERE, place="ARCH"), known=None, message="").known
    assert second.ref.id != first.ref.id


def test_a_very_long_page_is_recovered_without_its_keys(cloud: FakeConfluence, tmp_path: Path) -> None:
    """Its keys do not fit into a property: its blocks are known by likeness."""
    sop = many(300, 0)
    sop = replace(sop, steps=tuple(replace(s, id=f"{s.id}_{'x' * 40}") for s in sop.steps))
    known = publish(cloud, tmp_path / "a", sop).known
    assert "keys" not in cloud.site.pages[known.ref.id].properties["sop_sync"].value
    cloud.site.edit(known.ref.id, lambda b: b.replace("Thing 7 is done.", "Thing seven is really done."))
    receipt = publish(cloud, tmp_path / "b", reworded(sop, 150, "Do the thing in the middle."))
    body = cloud.body(known.ref.id)
    assert [e.key for e in receipt.edits] == [f"steps/{sop.steps[6].id}/expected"]
    assert ("Do the thing in the middle." in body, "really done" in body, body.count("Do thing number")) == (True, True, 299)


@pytest.mark.parametrize("confluence", ["gateway", "datacenter"], indirect=True)
def test_history_fetch_and_restore(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document(), message="First").known
    second = reworded(document(), 2, "Take a backup now.")
    known = publish(confluence, tmp_path, second, known).known
    c = connector(confluence, tmp_path)
    rows = c.history(known.ref)
    assert [(v.revision, v.message) for v in rows if v.revision] == [(2, "SOP revision 2: step 2 changed"), (1, "SOP revision 1: First")]
    assert {v.by for v in rows} == {"SOP Publisher"}
    fetched = c.fetch(known.ref, known=known)
    assert (fetched.key, fetched.version, fetched.edits, fetched.state) == ("sop_01TEST", "3", (), "current")
    restored = c.restore(known.ref, rows[1].id, message="Back")
    assert "Take a backup of the current state." in confluence.body(known.ref.id)
    assert (confluence.site.pages[known.ref.id].now.message, c.history(known.ref)[0].id) == ("Back", "4")
    again = publish(confluence, tmp_path, replace(second, revision=3), restored)
    assert (again.edits, "Take a backup now." in confluence.body(known.ref.id)) == ((), True)
    with pytest.raises(Reject):
        c.restore(known.ref, "99", message="?")


@pytest.mark.parametrize("confluence", ["gateway", "datacenter"], indirect=True)
def test_flags_and_mentions(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    c = connector(confluence, tmp_path)
    owner = Person(name="Example Person", email="person@example.com")
    flagged = c.flag(known, ReviewFlag(state="overdue", due=date(2026, 11, 1), owner=owner))
    body = confluence.body(known.ref.id)
    assert body.index("Overdue for review") < body.index("details")
    review = confluence.site.pages[known.ref.id].properties["sop_review"].value
    assert review["dueDate"] == "2026-11-01"
    assert review.get("owner") == (None if confluence.edition == "datacenter" else PERSON)
    for _ in range(2):
        c.mention(known.ref, owner, "Please review.", key="2026-11")
    told = [comment.body for comment in confluence.site.comments]
    attribute = "ri:userkey" if confluence.edition == "datacenter" else "ri:account-id"
    assert len(told) == 1
    assert f'{attribute}="{PERSON}"' in told[0]
    assert c.fetch(known.ref, known=flagged).edits == ()


@pytest.mark.parametrize("confluence", ["gateway", "datacenter"], indirect=True)
def test_the_review_state_is_a_label_and_the_labels_of_people_stay(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    page, c = confluence.site.pages[known.ref.id], connector(confluence, tmp_path)
    page.labels.append("team-blue")
    before = set(page.labels)
    overdue = c.flag(known, ReviewFlag(state="overdue", due=date(2026, 11, 1)))
    assert set(page.labels) == {*before, "sop-overdue"}
    again = publish(confluence, tmp_path, replace(document(), purpose="Another purpose."), overdue).known
    assert set(page.labels) == {*before, "sop-overdue"}
    soon = c.flag(again, ReviewFlag(state="due soon", due=date(2027, 5, 1)))
    assert set(page.labels) == {*before, "sop-due-soon"}
    page.labels.remove("sop-due-soon")  # by hand
    c.flag(soon, ReviewFlag(state="current", due=date(2027, 5, 1)))
    assert set(page.labels) == before


def test_whether_a_person_can_open_the_page_is_told_where_the_edition_knows(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    c = connector(confluence, tmp_path)
    person = Person(name="Example Person", email="person@example.com")
    cloud = confluence.edition != "datacenter"
    assert c.may_read(known.ref, person) is (True if cloud else None)
    confluence.site.pages[known.ref.id].shut_to = frozenset({PERSON})
    assert c.may_read(known.ref, person) is (False if cloud else None)
    assert c.may_read(known.ref, Person(name="Nobody Here", email="nobody@example.com")) is None
    confluence.faults.append(Fault("answer", on="permission/check", status=403, times=9))
    assert c.may_read(known.ref, person) is None, "a connection without that right says nothing"


def test_a_page_that_is_edited_at_the_last_moment(confluence: FakeConfluence, tmp_path: Path) -> None:
    """F41: a person saves between our reading and our writing; both changes stand there."""
    known = publish(confluence, tmp_path, document()).known
    confluence.faults.append(
        Fault("call", on="^PUT", call=lambda: confluence.site.edit(known.ref.id, lambda b: b.replace("order count", "count of orders")))
    )
    receipt = publish(confluence, tmp_path, reworded(document(), 2, "Take a backup now."), known)
    body = confluence.body(known.ref.id)
    assert ("count of orders" in body, "Take a backup now." in body, receipt.known.version) == (True, True, "4")


def test_what_we_keep_is_json_and_holds_no_secret(confluence: FakeConfluence, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    known = publish(confluence, tmp_path, document()).known
    stored = "".join(f.read_text() for f in tmp_path.rglob("*") if f.is_file())
    assert len(from_json(json.loads(json.dumps(known.base))["blocks"])) > 20
    assert confluence.token not in caplog.text + stored + json.dumps(known.base)
    assert "order count" not in caplog.text


def test_a_page_moved_below_another_is_not_moved_back(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    there = confluence.site.pages[known.ref.id]
    there.parent = confluence.site.create(there.space, None, "A shelf", "<p>x</p>", PERSON).id
    publish(confluence, tmp_path, reworded(document(), 1, "Open it."), known, settings={"parent": there.parent})
    assert confluence.site.pages[there.parent].title == "A shelf"


def test_below_a_parent_by_its_title(confluence: FakeConfluence, tmp_path: Path) -> None:
    shelf = confluence.site.create(confluence.site.space("OPS").id, None, "Shelf of SOPs", "<p>x</p>", PERSON)
    known = publish(confluence, tmp_path, document(), settings={"parent": "Shelf of SOPs"}).known
    assert confluence.site.pages[known.ref.id].parent == shelf.id
    with pytest.raises(Gone, match="No such shelf"):
        publish(confluence, tmp_path, replace(document(), id="sop_2", title="Other"), settings={"parent": "No such shelf"})


def test_steps_with_long_commands_and_troubles(confluence: FakeConfluence, tmp_path: Path) -> None:
    text = 'for i in $(seq 3); do echo "<$i> & ]]>"; done\n\ttab ]]]]> end'
    steps = (
        step(1, "Run `a & b`.", picture=False, commands=(Command(text=text),), troubleshooting=(Trouble(problem="<p>", solution="]]>"),)),
    )
    known = publish(confluence, tmp_path, document(steps)).known
    root = parse(confluence.body(known.ref.id))
    codes = ["".join(e.itertext()) for e in root.iter(f"{{{AC}}}plain-text-body")]
    assert codes == [text]
    assert [e.text for e in root.iter("code")] == ["a & b"]
    assert publish(confluence, tmp_path, document(steps), known).writes == 0

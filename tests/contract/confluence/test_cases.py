"""The catalogue of attacks and faults, as far as it concerns publishing to Confluence; each test names its cases."""

from __future__ import annotations

import gzip
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.confluence import Settings
from connectors.contract import Person
from connectors.errors import AuthFailed, Conflict, ConnectorError, Gone, Reject, Retry
from plugin.domain.sop import Sop
from tests.contract.confluence.fake import PERSON, FakeConfluence, Fault
from tests.contract.confluence.pages import asset, connector, document, many, page, publish, reworded

CREATE = r"^POST .*/(pages|content)(\?.*)?$"
UPDATE = r"^PUT .*/(pages|content)/\d+$"
UPLOAD = r"^POST .*/child/attachment$"
PROPERTY = r"^(POST|PUT) .*/propert"
LABEL = r"^POST .*/label$"
LOST: tuple[Any, ...] = ("line lost before", "line lost after", "half", "html", "empty", "saved, then", "answer")


def whole(fake: FakeConfluence, page_id: str, sop: Sop) -> None:
    """The page is there once, with all steps once, all pictures, one property."""
    assert [p.id for p in fake.pages()] == [page_id]
    stands(fake, page_id, sop)


def stands(fake: FakeConfluence, page_id: str, sop: Sop) -> None:
    body = fake.body(page_id)
    assert [body.count(f"{s.number}. {s.action}") for s in sop.steps] == [1] * len(sop.steps)
    there = fake.site.pages[page_id]
    assert len(there.attachments) == len([s for s in sop.steps if s.image])
    assert all(len(a.data) == asset(1).size_bytes for a in there.attachments.values())
    assert there.properties["sop_sync"].value["version"] == there.now.number


def test_f11_f16_a_run_whose_end_was_never_recorded_is_adopted(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    for state in (tmp_path, tmp_path / "another machine"):
        again = publish(confluence, state, document())
        assert (again.known.ref.id, again.writes, again.created) == (known.ref.id, 0, False)
    whole(confluence, known.ref.id, document())


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("on", [CREATE, UPDATE, UPLOAD, PROPERTY, LABEL], ids=["create", "update", "upload", "property", "label"])
def test_f12_f14_f15_f23_f28_a_lost_or_broken_answer(cloud: FakeConfluence, tmp_path: Path, kind: Any, on: str) -> None:
    fault = Fault(kind, on=on)
    cloud.faults.append(fault)
    known = publish(cloud, tmp_path, document()).known
    assert fault.struck == 1
    whole(cloud, known.ref.id, document())
    assert publish(cloud, tmp_path, document(), known).writes == 0


@pytest.mark.parametrize("kind", ["line lost after", "saved, then", "half"])
def test_f12_on_data_center(tmp_path: Path, kind: Any) -> None:
    for on in (CREATE, UPDATE, UPLOAD, PROPERTY, LABEL):
        with FakeConfluence("datacenter") as fake:
            fake.faults.append(Fault(kind, on=on))
            known = publish(fake, tmp_path / on[-6:-1].replace("/", ""), document()).known
            whole(fake, known.ref.id, document())


def test_f13_created_and_then_dead_before_the_property(confluence: FakeConfluence, tmp_path: Path) -> None:
    """Nothing but the key in the text tells whose page it is."""
    confluence.faults.append(Fault("answer", on=UPLOAD, times=99))
    with pytest.raises(Retry):
        publish(confluence, tmp_path / "a", document())
    confluence.faults.clear()
    known = publish(confluence, tmp_path / "b", document()).known
    whole(confluence, known.ref.id, document())


def test_f14_f29_a_picture_that_arrived_in_part(confluence: FakeConfluence, tmp_path: Path) -> None:
    fault = Fault("half file", on=UPLOAD, skip=2)
    confluence.faults.append(fault)
    sop = many(8)
    known = publish(confluence, tmp_path, sop).known
    assert fault.struck == 1
    whole(confluence, known.ref.id, sop)
    assert sorted(a.number for a in confluence.site.pages[known.ref.id].attachments.values()) == [1] * 7 + [2]


def test_f15_readers_see_the_old_text_until_all_pictures_are_there(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    before = confluence.body(known.ref.id)
    confluence.faults.append(Fault("answer", on=UPLOAD, times=99))
    with pytest.raises(Retry):
        publish(confluence, tmp_path, replace(many(5), revision=2), known)
    assert confluence.body(known.ref.id) == before
    confluence.faults.clear()
    publish(confluence, tmp_path, replace(many(5), revision=2), known)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("2", 2, 2), ("120", 120, 120), ("3600", 3600, 3600), ("date", 100, 121), (None, 0.5, 10), ("soon", 0.5, 10)],
    ids=["2", "120", "3600", "date", "none", "garbage"],
)
def test_f22_too_many_requests(confluence: FakeConfluence, tmp_path: Path, header: str | None, least: float, most: float) -> None:
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True) if header == "date" else header
    confluence.faults.append(Fault("answer", on=CREATE, status=429, headers={"Retry-After": value} if value else {}))
    slept: list[float] = []
    if least > 10:
        with pytest.raises(Retry) as caught:
            publish(confluence, tmp_path, document(), settings={"slept": slept})
        assert least <= caught.value.after_s <= most
        assert slept == []
    else:
        publish(confluence, tmp_path, document(), settings={"slept": slept})
        assert least <= sum(slept) <= most
    assert len(confluence.pages()) <= 1


def test_f22_the_budget_of_points(cloud: FakeConfluence, tmp_path: Path) -> None:
    """Used up, it is not asked for again until it starts anew, by any process of the installation; another Confluence goes on."""
    known = publish(cloud, tmp_path, document()).known
    headers = {"X-RateLimit-Limit": "65000", "X-RateLimit-Remaining": "0", "RateLimit-Reason": "confluence-quota-global-based"}
    cloud.faults.append(Fault("answer", on=UPDATE, status=429, headers=headers | {"Retry-After": "1800"}))
    sop = reworded(document(), 1, "Open it.")
    with pytest.raises(Retry) as caught:
        publish(cloud, tmp_path, sop, known)
    assert caught.value.after_s > 1700
    sent = len(cloud.seen)
    with pytest.raises(Retry) as again:
        publish(cloud, tmp_path, sop, known)
    assert (len(cloud.seen) == sent, again.value.after_s > 1700) == (True, True)
    with FakeConfluence("cloud") as other:
        publish(other, tmp_path, document())


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_f23_passing_trouble(confluence: FakeConfluence, tmp_path: Path, status: int) -> None:
    for on in ("^GET", CREATE, UPDATE, PROPERTY):
        confluence.faults.append(Fault("answer", on=on, status=status))
    known = publish(confluence, tmp_path, document()).known
    whole(confluence, known.ref.id, document())


@pytest.mark.parametrize("on", [CREATE, UPDATE, PROPERTY], ids=["create", "update", "property"])
def test_f24_f25_f26_conflicts_that_are_nobodys(confluence: FakeConfluence, tmp_path: Path, on: str) -> None:
    """A lock that passes: 409 although nobody else wrote."""
    lock = {"statusCode": 409, "data": {}, "message": "ConflictException: javax.persistence.OptimisticLockException: Batch update"}
    confluence.faults.append(Fault("answer", on=on, status=409, body=lock))
    known = publish(confluence, tmp_path, document()).known
    whole(confluence, known.ref.id, document())


def test_f24_a_lock_that_stays(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    confluence.faults.append(Fault("answer", on=UPDATE, status=409, times=99, body={"message": "locked"}))
    with pytest.raises(Retry):
        publish(confluence, tmp_path, reworded(document(), 1, "Open it."), known)
    assert len(confluence.writes()) < 40


def test_f27_a_title_that_is_taken(confluence: FakeConfluence, tmp_path: Path) -> None:
    space = confluence.site.space("OPS").id
    theirs = confluence.site.create(space, None, document().title, "<p>A person's page</p>", PERSON)
    for status in ("current", "archived"):
        theirs.status = status
        with pytest.raises(Reject, match="has the title") as caught:
            publish(confluence, tmp_path, document())
        assert caught.value.path == "title"
    assert (theirs.now.body, len(confluence.pages())) == ("<p>A person&#39;s page</p>".replace("&#39;", "'"), 1)
    publish(confluence, tmp_path, replace(document(), title="Another title"))


def test_f27_too_large_is_said_before_anything_is_sent(confluence: FakeConfluence, tmp_path: Path) -> None:
    with pytest.raises(Reject, match="5 MB"):
        publish(confluence, tmp_path, replace(document(), purpose="x" * (5 * 1024 * 1024 + 1)))
    big = page(document())
    big = replace(big, assets=(replace(big.assets[0], size_bytes=101 * 1024 * 1024), *big.assets[1:]))
    with pytest.raises(Reject) as caught:
        publish(confluence, tmp_path, big)
    assert caught.value.path == "images/step-01.png"
    assert confluence.seen == []


def test_f28_f30_down_for_three_days_and_later_each_published_once(confluence: FakeConfluence, tmp_path: Path) -> None:
    """Nobody waits for it: it is left alone, tried now and then by one job, and another Confluence goes on meanwhile."""
    sops = [replace(document(), id=f"sop_{n}", title=f"Procedure {n}") for n in range(3)]
    clock = [datetime(2026, 11, 25, 9, 0, tzinfo=UTC)]
    confluence.faults.append(Fault("line lost before", times=10_000))
    end, tries = clock[0] + timedelta(hours=3), 0
    while clock[0] < end:
        due = []
        for sop in sops:
            with pytest.raises(Retry) as caught:
                publish(confluence, tmp_path / "a", sop, settings={"now": lambda: clock[0]})
            due.append(caught.value.after_s)
        assert min(due) > 0
        clock[0] += timedelta(seconds=min(due))
        tries += 1
    assert tries < 3 * 4 + 8  # in the end every quarter of an hour
    assert confluence.faults[0].struck < tries + 8
    with FakeConfluence("cloud") as other:
        publish(other, tmp_path / "a", sops[0])
    confluence.faults.clear()
    clock[0] += timedelta(days=3)
    for sop in sops:
        known = publish(confluence, tmp_path / "a", sop, settings={"now": lambda: clock[0]}).known
        stands(confluence, known.ref.id, sop)
    assert len(confluence.pages()) == 3


def test_f30_an_answer_of_any_kind_means_that_it_is_there(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    for _ in range(3):
        confluence.faults += [Fault("answer", status=503, times=3), Fault("answer", status=403)]
        with pytest.raises(AuthFailed):
            publish(confluence, tmp_path, document(), known)
    publish(confluence, tmp_path, document(), known)


def test_f32_more_pictures_than_one_answer_lists(confluence: FakeConfluence, tmp_path: Path) -> None:
    confluence.api.page_size = 7
    sop = many(60)
    known = publish(confluence, tmp_path / "a", sop).known
    uploads = len([s for s in confluence.writes() if "attachment" in s.path])
    publish(confluence, tmp_path / "b", reworded(sop, 3, "Do it."))
    assert len([s for s in confluence.writes() if "attachment" in s.path]) == uploads == 60
    assert confluence.pages()[0].id == known.ref.id


@pytest.mark.parametrize("confluence", ["cloud", "gateway", "datacenter"], indirect=True)
@pytest.mark.parametrize("on", ["^GET", CREATE, UPLOAD, UPDATE], ids=["read", "create", "upload", "update"])
def test_f33_f35_a_credential_that_is_not_accepted_any_more(confluence: FakeConfluence, tmp_path: Path, on: str) -> None:
    before = confluence.token
    confluence.faults.append(Fault("call", on=on, call=lambda: setattr(confluence, "token", "rotated")))
    with pytest.raises(AuthFailed) as caught:
        publish(confluence, tmp_path, document(), settings={"token": before})
    assert before not in f"{caught.value} {caught.value!r} {caught.value.detail_for_operator}"
    confluence.token = before
    whole(confluence, publish(confluence, tmp_path, document()).known.ref.id, document())


def test_f35_67_a_missing_scope_and_a_missing_right(tmp_path: Path) -> None:
    with FakeConfluence("gateway") as fake:
        fake.missing_scopes.append("POST .*attachment")
        with pytest.raises(AuthFailed, match="permission"):
            publish(fake, tmp_path, document())
        fake.site.space("OPS").operations = (("read", "space"), ("create", "comment"))
        assert connector(fake, tmp_path).check().missing == ("create pages", "add attachments")


def test_f36_a_restricted_page_is_not_taken_for_deleted(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    there = confluence.site.pages[known.ref.id]
    there.hidden = True
    c = connector(confluence, tmp_path)
    assert c.fetch(known.ref, known=known).state == "unreachable"
    for remembered in (known, None):
        with pytest.raises(Gone):
            publish(confluence, tmp_path, reworded(document(), 1, "Open it."), remembered)
    there.hidden = False
    assert publish(confluence, tmp_path, reworded(document(), 1, "Open it."), known).written
    there.read_only = True
    with pytest.raises(AuthFailed, match="may not do this"):
        publish(confluence, tmp_path, reworded(document(), 1, "Open it now."), known)
    assert len(confluence.pages()) == 1


def test_f36_a_page_that_is_missing_for_a_moment(cloud: FakeConfluence, tmp_path: Path) -> None:
    known = publish(cloud, tmp_path, document()).known
    missing = {"errors": [{"status": 404, "code": "NOT_FOUND", "title": "Not Found", "detail": None}]}
    cloud.faults.append(Fault("answer", on=rf"^GET .*/pages/{known.ref.id}$", status=404, body=missing))
    assert publish(cloud, tmp_path, reworded(document(), 1, "Open it."), known).written


def test_f38_a_title_of_ours_follows_until_a_person_renames(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    known = publish(confluence, tmp_path, replace(document(), title="Bring orders back", revision=2), known).known
    assert confluence.site.pages[known.ref.id].title == "Bring orders back"
    confluence.site.edit(known.ref.id, lambda b: b, title="By a person")
    known = publish(confluence, tmp_path, replace(document(), title="Third title", revision=3), known).known
    publish(confluence, tmp_path, replace(document(), title="Fourth title", revision=4), known)
    assert confluence.site.pages[known.ref.id].title == "By a person"


@pytest.mark.parametrize("state", ["trashed", "archived", "purged"])
def test_f39_a_page_that_was_taken_away_is_not_made_anew(confluence: FakeConfluence, tmp_path: Path, state: str) -> None:
    known = publish(confluence, tmp_path, document()).known
    if state == "purged":
        del confluence.site.pages[known.ref.id]
    else:
        confluence.site.pages[known.ref.id].status = state
    c = connector(confluence, tmp_path)
    assert c.fetch(known.ref).state == {"purged": "unreachable"}.get(state, state)
    pages = len(confluence.site.pages)
    for remembered in (known, None):
        with pytest.raises(Gone) as caught:
            publish(confluence, tmp_path, reworded(document(), 1, "Open it."), remembered)
        assert caught.value.remote_id == known.ref.id
    assert len(confluence.site.pages) == pages


def test_f39_a_live_doc_is_not_written(cloud: FakeConfluence, tmp_path: Path) -> None:
    """It has no published versions to merge with."""
    known = publish(cloud, tmp_path, document()).known
    cloud.site.pages[known.ref.id].subtype = "live"
    with pytest.raises(Reject, match="live doc"):
        publish(cloud, tmp_path, reworded(document(), 1, "Open it."), known)
    assert "Open it." not in cloud.body(known.ref.id)


@pytest.mark.parametrize("state", ["trashed", "archived"])
def test_f39_also_when_our_memory_was_lost(confluence: FakeConfluence, tmp_path: Path, state: str) -> None:
    known = publish(confluence, tmp_path / "a", document()).known
    confluence.site.pages[known.ref.id].status = state
    with pytest.raises(Gone):
        publish(confluence, tmp_path / "b", document())
    assert len(confluence.pages()) == 1


def test_f40_both_changed_one_passage(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path, document()).known
    confluence.site.edit(known.ref.id, lambda b: b.replace("Check the order count.", "Check it by hand."))
    theirs, writes = confluence.body(known.ref.id), len(confluence.writes())
    sop = reworded(document(), 3, "Check it twice.")
    with pytest.raises(Conflict) as caught:
        publish(confluence, tmp_path, sop, known)
    clash = caught.value.clashes[0]
    assert (clash.key, clash.base, clash.theirs, clash.ours) == (
        "steps/stp_0003",
        "Check the order count.",
        "Check it by hand.",
        "Check it twice.",
    )
    assert (caught.value.edited_by, caught.value.remote_version) == ("Example Person", "3")
    assert (confluence.body(known.ref.id), len(confluence.writes())) == (theirs, writes)
    publish(confluence, tmp_path, sop, known, choices={clash.key: "ours"})
    assert "Check it twice." in confluence.body(known.ref.id)


def test_f42_what_else_stands_on_a_page(confluence: FakeConfluence, tmp_path: Path) -> None:
    """Labels, width, foreign properties and attachments that are not ours."""
    known = publish(confluence, tmp_path, document()).known
    there = confluence.site.pages[known.ref.id]
    confluence.site.set_property(there, "content-appearance-published", "full-width", None)
    confluence.site.attach(there, "notes.pdf", "application/pdf", b"%PDF", "")
    there.labels.append("favourite")
    publish(confluence, tmp_path, replace(many(2), revision=2), known)
    assert there.properties["content-appearance-published"].value == "full-width"
    assert "notes.pdf" in there.attachments
    assert "favourite" in there.labels


def test_f43_a_copy_is_not_adopted_and_a_lost_marker_comes_back(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path / "a", document()).known
    copy = confluence.site.copy(known.ref.id, "Copy of it")
    confluence.site.edit(copy.id, lambda b: b.replace("Check the order count.", "My own words."))
    confluence.site.reindex()
    assert publish(confluence, tmp_path / "b", reworded(document(), 1, "Open it.")).known.ref.id == known.ref.id
    assert "My own words." in confluence.body(copy.id)
    assert "Open it." not in confluence.body(copy.id)
    marker = "sopwright-sop_01TEST"
    confluence.site.edit(known.ref.id, lambda b: b.replace(marker, "x"))
    receipt = publish(confluence, tmp_path / "c", replace(document(), revision=3))
    assert receipt.known.ref.id == known.ref.id
    assert marker in confluence.body(known.ref.id)


def test_f43_a_copy_without_properties_whose_original_was_renamed(confluence: FakeConfluence, tmp_path: Path) -> None:
    known = publish(confluence, tmp_path / "a", document()).known
    confluence.site.edit(known.ref.id, lambda b: b, title="Renamed")
    confluence.site.copy(known.ref.id, document().title).properties.clear()
    assert publish(confluence, tmp_path / "b", document()).known.ref.id == known.ref.id


def test_f44_an_owner_without_an_account(confluence: FakeConfluence, tmp_path: Path) -> None:
    gone = Person(name="Left Company", email="left@example.com")
    known = publish(confluence, tmp_path, page(document(), owner=gone)).known
    assert "Left Company" not in confluence.site.users
    connector(confluence, tmp_path).mention(known.ref, gone, "Please review.", key="k")
    assert "Left Company" in confluence.site.comments[0].body


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/wiki", "http://localhost:8080", "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/", "http://10.1.2.3/",
     "http://2130706433/", "http://0177.0.0.1/", "http://127.0.0.1./", "https://user:secret@example.com/wiki", "file:///etc/passwd"],
)  # fmt: skip
def test_68_private_and_strange_addresses(url: str) -> None:
    with pytest.raises(ValueError, match=r"url|address|private|http"):
        Settings.model_validate({"url": url, "token": "t"})


def test_70_a_redirect_is_not_followed(confluence: FakeConfluence, tmp_path: Path) -> None:
    with FakeConfluence("datacenter") as inside:
        confluence.faults.append(Fault("answer", on="^GET", status=302, headers={"Location": inside.url}, times=99))
        with pytest.raises(ConnectorError):
            publish(confluence, tmp_path, document())
        assert inside.seen == []


def test_71_links_in_answers_lead_nowhere(tmp_path: Path) -> None:
    with FakeConfluence("cloud") as fake, FakeConfluence("datacenter") as evil:
        known = publish(fake, tmp_path, many(12)).known
        answer = fake.api.answer

        def poisoned(call: Any) -> Any:
            status, headers, body = answer(call)
            if isinstance(body, dict) and "_links" in body:
                body["_links"] |= {"base": evil.url, "webui": "//evil.example/x"} | (
                    {"next": f"{evil.url}/next?cursor=c7"} if "next" in body["_links"] else {}
                )
            return status, headers, body

        fake.api.answer = poisoned  # type: ignore[method-assign]
        fake.api.page_size = 7
        again = publish(fake, tmp_path, reworded(many(12), 1, "Do it."), replace(known, base={}))
        assert again.known.ref.url.startswith(fake.url)
        assert evil.seen == []


def test_72_answers_that_are_too_much(confluence: FakeConfluence, tmp_path: Path) -> None:
    bomb = gzip.compress(b"0" * (64 * 1024 * 1024))
    deep = b'{"results":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for body, headers in ((bomb, {"Content-Encoding": "gzip"}), (deep, {})):
        confluence.faults[:] = [
            Fault("answer", on="^GET", status=200, headers=headers | {"Content-Type": "application/json"}, body=body, times=99)
        ]
        began = time.monotonic()
        with pytest.raises(ConnectorError):
            publish(confluence, tmp_path, document())
        assert time.monotonic() - began < 60
    assert confluence.pages() == []


ODD = (
    "<script>alert(1)</script> <ac:structured-macro ac:name=\"html\"/> ]]> & </p></ac:rich-text-body>",
    "{html}x{html} {include:Secret} [~admin] @all {{code}} \\\\ h1. no",
    "\x00\x08\x1b\ud800\ufffe\uffff \u202eright to left",
    "javascript:alert(1) data:text/html,x //evil.example " + "a" * 5000,
    "\"quotes\" 'single' > < &amp; &nbsp; &unknown;",
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=["74 markup", "78 wiki text", "77 characters", "76 links", "75 quotes"])
def test_74_to_78_words_stay_words(confluence: FakeConfluence, tmp_path: Path, odd: str) -> None:
    sop = document()
    steps = (replace(sop.steps[0], action=odd, location=odd, expected=odd, image=replace(sop.steps[0].image, alt=odd)), *sop.steps[1:])  # type: ignore[type-var]  # it has one
    sop = replace(sop, steps=steps, title=f"Odd {odd}"[:300], purpose=odd, prerequisites=(odd,), rollback=(odd,))
    known = publish(confluence, tmp_path, sop).known
    plain = set(re.findall(r'ac:name="([a-z-]+)"', confluence.body(known.ref.id)))
    assert "html" not in plain
    assert "<script" not in confluence.body(known.ref.id)
    assert publish(confluence, tmp_path, sop, known).writes == 0


def test_80_names_of_attachments(confluence: FakeConfluence, tmp_path: Path) -> None:
    names = ("../../etc/passwd.png", "a\\b?c#d%2e%2e.png", "x" * 300 + ".png", "CON.png", "..", "two.png", "b/two.png")
    shots = tuple(replace(asset(n), name=name) for n, name in enumerate(names, 1))
    made = page(document())
    publish(confluence, tmp_path, replace(made, assets=(*made.assets, *shots)))
    there = confluence.pages()[0].attachments
    assert all(len(name) < 70 and name == name.lower() and "/" not in name and ".." not in name for name in there)
    assert {a.media_type for a in there.values()} == {"image/png"}


def test_101_a_page_with_entities(tmp_path: Path) -> None:
    """What stands on the page is not ours to trust either."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]><p>&b;&f;</p>'
    with FakeConfluence("cloud") as fake:
        known = publish(fake, tmp_path, document()).known
        fake.site.pages[known.ref.id].now.body = bomb
        with pytest.raises(Reject, match="not well-formed"):
            publish(fake, tmp_path, reworded(document(), 1, "Open it."), known)
        assert fake.body(known.ref.id) == bomb
        assert connector(fake, tmp_path).fetch(known.ref).key is None

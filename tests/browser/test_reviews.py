"""What the owner of an SOP lives through: a mail that arrives, links that ask before they do something, the pages for answering."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.post import Office, office, part
from tests.browser.proposals import propose
from tests.browser.test_pages import findings
from tests.browser.world import picture, sample, step

ACTIONS = ("Still right", "Needs a change", "Record again", "Hand over", "Not now", "Retire")


@pytest.fixture(scope="module")
def post_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """Somebody who is not signed in, as a reader of mails is."""
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def links(mail: EmailMessage) -> list[tuple[str, str]]:
    """(label, address) of every link of the HTML part, in order."""
    found = re.findall(r'<a [^>]*href="([^"]+)"[^>]*>([^<]+)</a>', part(mail, "html"))
    return [(label, address.replace("&amp;", "&")) for address, label in found]


def of(mail: EmailMessage, title: str, label: str) -> str:
    """The address of that link of that SOP."""
    found = links(mail)
    start = next(at for at, (name, _) in enumerate(found) if name == title)
    return next(address for name, address in found[start:] if name == label)


def answers(at: Office, sop_id: str) -> list[str]:
    return [one["outcome"] for one in at.service.call("GET", f"/sops/{sop_id}/reviews")["history"]]


def do(page: Page, label: str) -> None:
    """Answers the page as the link meant it."""
    if label == "Not now":
        expect(page.get_by_label("No reminder before")).to_be_visible()
        page.get_by_label("No reminder before").fill(page.get_by_label("No reminder before").get_attribute("min") or "")
        page.get_by_label("Why").fill("The release comes first.")
        page.get_by_role("button", name="Put off").click()
    elif label == "Hand over":
        page.get_by_label("New owner").select_option(label="Bea")
        page.get_by_role("button", name="Hand over").click()
    else:
        page.get_by_label("Note (optional)").fill("Looked at it.")
        page.get_by_role("button", name=label, exact=True).first.click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def test_every_link_of_a_digest_asks_first_does_it_once_and_says_so_kindly_the_second_time(
    post_office: Office, stranger: Page, axe_source: str, tmp_path: Path
) -> None:
    at = post_office
    at.any_hour()
    at.service.call("POST", "/people", {"email": "bea@example.com", "name": "Bea", "role": "author"})
    sops = {label: at.due(f"Procedure for {label.lower()}") for label in ACTIONS}
    (mail,) = at.send()
    assert mail["Subject"] == "6 SOPs are due for review"
    assert re.fullmatch(rf"<{at.service.url}/links/\S+>", mail["List-Unsubscribe"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = links(mail)
    assert len(found) == 6 * 7 + 1
    for _, address in found:  # a scanner follows all of them
        assert stranger.request.get(address).status == 200
    assert all(answers(at, sop_id) == [] for sop_id in sops.values())

    stranger.set_content(part(mail, "html"))
    stranger.screenshot(path=tmp_path / "mail.png", full_page=True)
    assert stranger.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for label, sop_id in sops.items():
        address = of(mail, f"Procedure for {label.lower()}", label)
        stranger.goto(address)
        expect(stranger.get_by_role("heading", name="Is this SOP still right?")).to_be_visible()
        expect(stranger.get_by_text(f"Procedure for {label.lower()}")).to_be_visible()
        if label == "Still right":
            assert findings(stranger, axe_source) == []
        assert answers(at, sop_id) == []
        do(stranger, label)
        stranger.goto(address)
        if label == "Not now":
            expect(stranger.get_by_text("put off until")).to_be_visible()
        else:
            expect(stranger.get_by_role("heading", name="This has been answered already")).to_be_visible()
            expect(stranger.get_by_text("Admin, ")).to_be_visible()
            expect(stranger.get_by_role("button")).to_have_count(1)  # that of the colour scheme
    expected = {
        "Still right": "still_right",
        "Needs a change": "needs_change",
        "Record again": "record_again",
        "Hand over": "hand_over",
        "Retire": "retire",
    }
    assert {label: answers(at, sop_id) for label, sop_id in sops.items()} == {
        label: [expected[label]] if label in expected else [] for label in sops
    }

    unsubscribe = found[-1][1]
    stranger.goto(unsubscribe)
    stranger.get_by_role("button", name="Stop these mails").click()
    expect(stranger.get_by_text("You get no more of these mails.")).to_be_visible()
    stranger.goto(unsubscribe)
    expect(stranger.get_by_role("heading", name="This has been answered already")).to_be_visible()
    me = at.service.call("GET", "/me")["id"]
    assert at.service.call("GET", f"/people/{me}")["mail"] is False
    at.service.call("PATCH", f"/people/{me}", {"mail": True})


def test_an_approval_is_given_from_the_mail_and_one_that_a_change_voided_says_why(post_office: Office, stranger: Page) -> None:
    at = post_office
    made = at.service.call("POST", "/people", {"email": "cleo@example.com", "name": "Cleo", "role": "viewer"})
    asked = []
    for title in ("Approve me", "Change me"):
        sop_id = at.due(title, days_ago=-30)
        at.service.call("POST", f"/sops/{sop_id}/approvals", {"approvers": [made["id"]]})
        asked.append(sop_id)
    first, second = (m for m in at.send() if m["To"] == "cleo@example.com")
    document = at.service.call("GET", f"/sops/{asked[1]}")
    document["document"]["rollback"] = ["Go back another way."]
    at.service.call("PUT", f"/sops/{asked[1]}/draft", {"document": document["document"]}, **{"If-Match": f'"{document["etag"]}"'})

    approve = dict(links(first))["Approve"]
    stranger.goto(approve)
    expect(stranger.get_by_role("link", name="Read it first")).to_be_visible()
    stranger.get_by_label("Comment (optional)").fill("Tried it.")
    stranger.get_by_role("button", name="Approve").click()
    expect(stranger.get_by_text("You approved it.")).to_be_visible()
    (approval,) = at.service.call("GET", f"/sops/{asked[0]}/approvals")["items"]
    assert (approval["state"], approval["decisions"][0]["comment"]) == ("approved", "Tried it.")
    stranger.goto(approve)
    expect(stranger.get_by_text("It has been approved. Cleo, ")).to_be_visible()
    stranger.goto(dict(links(second))["Approve"])
    expect(stranger.get_by_text("Somebody changed it in the meantime")).to_be_visible()


def test_what_waits_for_me_is_answered_on_one_page(post_office: Office, signed_in: Page) -> None:
    at, page = post_office, signed_in
    sop_id = at.due("Check the certificates")
    at.any_hour()
    at.send()
    page.goto(f"{at.service.url}/reviews")
    row = page.get_by_role("listitem").filter(has_text="Check the certificates")
    expect(row.get_by_text("Overdue")).to_be_visible()
    row.get_by_role("link", name="Other answer").click()
    page.get_by_label("Note (optional)").fill("The second screenshot is old.")
    page.get_by_role("button", name="Needs a change").click()
    expect(page.get_by_text("It is done when a new revision is published")).to_be_visible()
    page.goto(f"{at.service.url}/reviews")
    row = page.get_by_role("listitem").filter(has_text="Check the certificates")
    expect(row.get_by_text("The second screenshot is old.")).to_be_visible()
    assert answers(at, sop_id) == ["needs_change"]
    page.get_by_text("How I am reminded").click()
    page.get_by_label("Time zone").fill("Asia/Kathmandu")
    page.get_by_label("Hour of the digest").select_option("7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("at 07:00, Asia/Kathmandu")).to_be_visible()


def test_the_rule_of_one_sop_is_set_in_words(post_office: Office, signed_in: Page) -> None:
    at, page = post_office, signed_in
    sop_id = at.due("Renew the licence", days_ago=-20)
    page.goto(f"{at.service.url}/sops/{sop_id}#reviews")
    page.get_by_text("Review rule").click()
    page.get_by_label("Rhythm").select_option(label="Quarterly")
    page.get_by_label("How critical").select_option(label="High")
    page.get_by_role("group").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Review rule Quarterly")).to_be_visible()
    policy = at.service.call("GET", f"/sops/{sop_id}/reviews")["policy"]
    assert (policy["interval_months"], policy["interval_days"], policy["criticality"]) == (3, None, "high")


@pytest.fixture
def signed_in(browser: Browser, post_office: Office) -> Iterator[Page]:
    from tests.browser.world import ADMIN, PASSWORD

    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    answer: Any = context.request.post(f"{post_office.service.url}/api/v1/session", data={"email": ADMIN, "password": PASSWORD})
    assert answer.ok
    yield context.new_page()
    context.close()


def test_a_new_recording_is_shown_side_by_side_and_taken_over_in_parts_and_published(
    post_office: Office, signed_in: Page, tmp_path: Path
) -> None:
    at, page = post_office, signed_in
    document, pictures = sample()
    sop_id = at.service.import_sop(document, pictures)
    folder = tmp_path / "handbook"
    at.service.call("POST", f"/sops/{sop_id}/publications", {"connection_id": at.service.connect_folder(folder)})
    at.service.work()
    now = at.service.call("GET", f"/sops/{sop_id}")
    now["document"]["steps"][1]["action"] = "Reload the service without stopping it."
    now["document"]["steps"][3]["expected"] = "The first line says 200."
    at.service.call("PUT", f"/sops/{sop_id}/draft", {"document": now["document"]}, **{"If-Match": f'"{now["etag"]}"'})
    made = copy.deepcopy(document)
    made["steps"][0]["commands"][0]["text"] = "web -t -c /etc/web/web.conf"
    made["steps"][3]["expected"] = "The first line shows the status 204."
    made["steps"].append(step("s5", "Tell the support team."))
    propose(at.service, sop_id, made, {"images/step-01.png": picture(("$ web -t -c /etc/web/web.conf",))})

    page.goto(f"{at.service.url}/sops/{sop_id}")
    page.get_by_role("link", name="Look at it").click()
    changed = page.locator("section.change").filter(has_text="Step 1: Check the new configuration.")
    expect(changed.locator("ins")).to_have_text(" -c /etc/web/web.conf")
    expect(changed.get_by_role("img")).to_have_count(2)
    page.wait_for_load_state("networkidle")
    sizes = changed.get_by_role("img").evaluate_all("(images) => images.map((image) => image.naturalWidth)")
    assert sizes == [1280, 1280]
    page.locator("section.change").filter(has_text="Step 5: Tell the support team.").get_by_label("Take over").uncheck()
    expect(page.get_by_role("heading", name="2 passages stay as people wrote them")).to_be_visible()
    kept = page.locator("section.change").filter(has_text="Step 4: Confirm")
    expect(kept.locator("ins").last).to_contain_text("204")
    kept.get_by_label("Take the recording's").check()
    expect(page.get_by_label("Publish it at once: Git folder")).to_be_checked()
    page.get_by_role("button", name="Take the chosen changes").click()
    page.wait_for_url(f"**/sops/{sop_id}")
    at.service.work()
    steps = at.service.document(sop_id)["steps"]
    assert [s["action"] for s in steps][1:] == ["Reload the service without stopping it.", *[s["action"] for s in document["steps"][2:]]]
    assert steps[0]["commands"][0]["text"] == "web -t -c /etc/web/web.conf"
    assert steps[3]["expected"] == "The first line shows the status 204."
    (markdown,) = [p.read_text("utf-8") for p in folder.rglob("*.md") if "web -t" in p.read_text("utf-8")]
    assert "web -t -c /etc/web/web.conf" in markdown
    page.goto(f"{at.service.url}/sops/{sop_id}#history")
    expect(page.get_by_text(re.compile("Git folder [0-9a-f]{8}"))).to_have_count(2)

"""Every page: it opens, says who may see it, is light, and passes the accessibility checker in both colour schemes and on a telephone."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.world import ADMIN, PASSWORD, Service, until

PAGES = (
    "/", "/new", "/jobs", "/sops/{sop}", "/sops/{sop}#history", "/sops/{sop}#publications", "/sops/{sop}#reviews", "/sops/{sop}#audit", "/sops/{sop}/edit",
    "/sops/{sop}/publish", "/sops/{sop}/compare", "/review?token=none", "/reviews", "/templates", "/templates/rollback", "/admin/connections", "/admin/people",
    "/admin/tokens", "/admin/recordings", "/admin/workspace", "/admin/health", "/admin/log", "/nothing-here", "/sops/sop_unknown",
)  # fmt: skip
VIEWS: tuple[dict[str, Any], ...] = (
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
)


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    until(
        page,
        "!document.querySelector('[aria-busy=true], .skeleton') && [...document.querySelectorAll('sop-editor, sop-publish, sop-recorder, sop-progress')].every((e) => e.hasAttribute('ready') && !e.shadowRoot.querySelector('.skeleton'))",
    )


def findings(page: Page, axe: str) -> list[str]:
    """Serious and critical ones, each with the first place where it was found."""
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})")
    return [
        f"{v['id']}: {v['nodes'][0]['target']} {v['nodes'][0]['html'][:120]}"
        for v in result["violations"]
        if v["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("view", VIEWS, ids=("light", "dark", "narrow"))
def test_no_page_has_a_serious_finding_or_scrolls_sideways(
    view: dict[str, Any], open_context: Callable[..., BrowserContext], sop_id: str, axe_source: str, complaints: list[str]
) -> None:
    page = open_context(**view).new_page()
    found: dict[str, list[str]] = {}
    for address in PAGES:
        page.goto("about:blank")
        page.goto(address.format(sop=sop_id))
        settled(page)
        assert complaints == [], address
        problems = findings(page, axe_source)
        complaints.clear()  # the checker itself sets inline styles, which our policy refuses
        if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            problems.append("scrolls sideways")
        if problems:
            found[address] = problems
    assert found == {}, json.dumps(found, indent=1)


def test_the_sign_in_page_passes_too(open_context: Callable[..., BrowserContext], axe_source: str) -> None:
    page = open_context(account=None).new_page()
    page.goto("/signin")
    page.wait_for_selector("form")
    assert findings(page, axe_source) == []


def test_signing_in_leads_back_to_the_page_that_was_asked_for(open_context: Callable[..., BrowserContext], sop_id: str) -> None:
    page = open_context(account=None).new_page()
    page.goto(f"/sops/{sop_id}")
    page.wait_for_url("**/signin?next=*")
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is not right")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/sops/{sop_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reload the web server after a configuration change")


def test_a_foreign_address_is_never_followed_after_signing_in(open_context: Callable[..., BrowserContext]) -> None:
    page = open_context(account=None).new_page()
    page.goto("/signin?next=//attacker.example.com/")
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Library")).to_be_visible()


def test_a_viewer_who_opens_an_authors_address_reads_why(
    service: Service, open_context: Callable[..., BrowserContext], sop_id: str
) -> None:
    email = f"viewer-{sop_id[-6:].lower()}@example.com"
    service.call("POST", "/people", {"email": email, "name": "A viewer", "role": "viewer", "password": PASSWORD})
    page = open_context(account=(email, PASSWORD)).new_page()
    for address in (f"/sops/{sop_id}/edit", f"/sops/{sop_id}/publish", "/new", "/admin/people"):
        page.goto(address)
        expect(page.get_by_role("heading", name="This page is not for your role")).to_be_visible()
    page.goto(f"/sops/{sop_id}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Publish")).to_have_count(0)


def test_the_first_page_of_the_library_weighs_less_than_100_kilobytes(page: Page, sop_id: str) -> None:
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    weights: list[float] = []
    client.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    page.goto("/")
    settled(page)
    page.wait_for_selector(".list")
    assert 10_000 < sum(weights) < 100_000


def test_no_page_asks_any_other_host(page: Page, service: Service, sop_id: str) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.split("/")[2]) if request.url.startswith("http") else None)
    for address in ("/", f"/sops/{sop_id}", f"/sops/{sop_id}/edit", "/new"):
        page.goto(address)
        settled(page)
    assert asked == {service.url.split("/")[2]}


def test_the_chosen_colour_scheme_stays(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(page: Page, service: Service) -> None:
    answer = page.goto("/nothing-here")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    assert service.http.get(f"{service.url}/nothing-here", timeout=10).headers["Content-Type"] == "application/problem+json"

"""A PNG of every page, light, dark and narrow: ``python -m tests.browser.screens [FOLDER]`` (``make screens``). Look at each one before you call a change done."""

from __future__ import annotations

import re
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.test_evidence import recorded
from tests.browser.test_pages import PAGES, settled
from tests.browser.test_record import film
from tests.browser.world import ADMIN, PASSWORD, Service, running, sample, until

VIEWS: dict[str, tuple[Literal["light", "dark"], int, int]] = {
    "light": ("light", 1280, 900),
    "dark": ("dark", 1280, 900),
    "narrow": ("light", 360, 740),
    "large": ("light", 3840, 2160),
}
TITLES = (
    "Rotate the credentials of the payment service",
    "Restore a database from the nightly backup",
    "Roll a release back to the previous version",
)
AREAS = ("devsecops", "incident-response", "rollback")


def furnish(service: Service, folder: Path) -> dict[str, str]:
    """A library with something in every state; the parts of addresses that the pages need."""
    for title, area in zip(TITLES, AREAS, strict=True):
        document, pictures = sample()
        service.import_sop({**document, "title": title, "area": area}, pictures)
    sop_id = service.import_sop(*sample())
    now = service.call("GET", f"/sops/{sop_id}")
    now["document"]["steps"][1]["action"] = "Reload the service without stopping it: run `sudo systemctl reload web`."
    now["document"]["prerequisites"].append("Membership in the group `ops`")
    service.call("PUT", f"/sops/{sop_id}/draft", {"document": now["document"], "note": "Say how"}, **{"If-Match": f'"{now["etag"]}"'})
    connection = service.connect_folder(folder / "handbook")
    me = service.call("GET", "/me")["id"]
    service.call("POST", f"/sops/{sop_id}/publications", {"connection_id": connection, "owner": me, "interval_days": 90})
    service.work()
    filmed = service.import_sop(*sample())
    recorded(service, filmed, film(folder / "filmed.mp4"))
    return {"sop": sop_id, "filmed": filmed}


def shoot(page: Page, folder: Path, name: str) -> None:
    settled(page)
    page.evaluate(
        "document.documentElement.scrollTo({top: document.documentElement.scrollHeight, behavior: 'instant'})"
    )  # pictures load when they come near
    page.wait_for_load_state("networkidle")
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def scenes(page: Page, folder: Path, view: str, parts: dict[str, str], video: Path) -> None:
    """Every address, and what only shows after a click."""
    for address in PAGES:
        name = re.sub(r"[^a-z]+", "-", address.replace("{sop}", "")).strip("-") or "library"
        page.goto("about:blank")
        page.goto(address.format(**parts))
        shoot(page, folder, f"{name}-{view}")
    dialogs(page, folder, view, parts)
    page.goto("/new")
    page.get_by_role("button", name="Record the screen").click()
    page.get_by_role("button", name="Start now").click()
    page.get_by_role("button", name="Finish").wait_for()
    page.screenshot(path=folder / f"recording-{view}.png")
    page.get_by_role("button", name="Stop and discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop and discard").click()
    page.goto("/new")
    page.get_by_label("Choose files").set_input_files(video)
    page.wait_for_url("**/jobs/*")
    page.get_by_role("heading", name="Waiting for its turn").wait_for()  # its stream of events stays open, so the network never rests
    page.screenshot(path=folder / f"job-{view}.png", full_page=True)


def dialogs(page: Page, folder: Path, view: str, parts: dict[str, str]) -> None:
    """What opens over a page, and the previews of the targets."""
    for tab in ("Confluence", "Notion", "Git folder"):
        page.goto(f"/sops/{parts['sop']}/publish")
        settled(page)
        page.get_by_role("tab", name=tab).click()
        shoot(page, folder, f"preview-{tab.split()[0].lower()}-{view}")
    page.goto(f"/sops/{parts['filmed']}/edit")
    settled(page)
    page.get_by_role("button", name="Frame and boxes").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Frame at").first.wait_for()
    with suppress(AssertionError):  # frames come one by one; where the machine is too slow for all of them, the picture shows that
        until(
            page,
            "[...document.querySelector('sop-editor').shadowRoot.querySelectorAll('dialog .strip img')].every((i) => i.naturalWidth)",
            timeout_s=60,
        )
    page.screenshot(path=folder / f"dialog-picture-{view}.png")
    page.goto(f"/sops/{parts['sop']}#history")
    page.get_by_role("button", name="Restore").click()
    page.screenshot(path=folder / f"dialog-restore-{view}.png")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch,
        running(Path(scratch)) as service,
        sync_playwright() as playwright,
    ):
        parts = furnish(service, Path(scratch))
        video = film(Path(scratch) / "film.mp4")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for view, (scheme, width, height) in VIEWS.items():
            context = browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": height}, base_url=service.url, reduced_motion="reduce"
            )
            page = context.new_page()
            page.goto("/signin")
            page.get_by_label("E-mail").wait_for()
            page.screenshot(path=folder / f"signin-{view}.png")
            page.get_by_label("E-mail").fill(ADMIN)
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url("**/")
            page.wait_for_selector(".list")
            scenes(page, folder, view, parts, video)
            context.close()
        browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/screens"))

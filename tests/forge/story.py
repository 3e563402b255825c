"""The story of an SOP in Confluence, walked in a real browser: told by the demo, asserted by the browser test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import FrameLocator, expect
from playwright.sync_api import Page as Sheet

from tests.contract.confluence.fake import PERSON, Page
from tests.forge.atlassian import Member, People
from tests.forge.film import terminal_film
from tests.forge.host import Host

TITLE = "Reload the web server"
FIRST = [("web -t", "configuration is valid"), ("sudo systemctl reload web", ""), ("systemctl is-active web", "active")]
SECOND = [("web -t", "configuration is valid"), ("sudo systemctl restart web", ""), ("systemctl is-active web", "active")]
BEFORE, AFTER = "Check the new configuration.", "Check the new configuration twice."
LONG_ms = 180_000


@dataclass(slots=True, kw_only=True)
class Story:
    """``show`` opens a page of the look-alike as somebody; ``say`` hears what happens; pictures go to ``shots``."""

    host: Host
    people: People
    show: Callable[[Member, str], Sheet]
    shots: Path
    say: Callable[[str], None] = lambda _: None
    taken: int = field(default=0)

    def first_page(self) -> str:
        """The id of a page where somebody would press the button."""
        site = self.host.atlassian.fake.site
        return site.create(site.space("OPS").id, None, "Web servers", "<p>Everything about our web servers.</p>", PERSON).id

    def films(self, folder: Path) -> tuple[Path, Path]:
        """The recording, and the one that is made when the task has changed."""
        folder.mkdir(parents=True, exist_ok=True)
        return terminal_film(folder / "reload.mp4", FIRST), terminal_film(folder / "restart.mp4", SECOND)

    def record_and_publish(self, page_id: str, film: Path) -> Page:
        """The engineer: button, upload, watch, correct, publish. The page that was made."""
        self.say("An engineer opens “…” on a page and clicks Create SOP from recording")
        sheet = self.show(self.people.engineer, page_id)
        sheet.get_by_role("button", name="More actions").click()
        self.shot(sheet, "menu")
        sheet.get_by_role("button", name="Create SOP from recording").click()
        dialog = sheet.frame_locator("iframe.modal")
        expect(dialog.get_by_text("It becomes a new page in Operations, below “Web servers”.")).to_be_visible()
        self.shot(sheet, "record")
        self.say("uploads a recording, straight to the service, and watches")
        dialog.get_by_label("Title (optional)").fill(TITLE)
        dialog.get_by_label("Choose files").set_input_files(film)
        expect(dialog.locator("sop-progress .stages li").first).to_be_visible(timeout=LONG_ms)
        self.shot(sheet, "watch")
        self.say("corrects a sentence")
        editor = dialog.locator("sop-editor")
        expect(editor.get_by_label("Action of step 2")).to_be_visible(timeout=LONG_ms)
        editor.get_by_label("Action of step 1").fill(BEFORE)
        expect(editor.locator(".editor-bar .badge")).to_have_text("Saved")
        expect(editor.locator(".shot img").first).to_have_js_property("complete", True)
        self.shot(sheet, "correct")
        self.say("and publishes")
        self.publish(sheet, dialog)
        return next(one for one in self.host.atlassian.fake.pages() if one.title == TITLE)

    def publish(self, sheet: Sheet, dialog: FrameLocator) -> None:
        dialog.get_by_role("button", name="Go on to publishing").click()
        expect(dialog.get_by_role("tabpanel")).to_contain_text("systemctl")
        expect(dialog.get_by_role("tabpanel").locator("img").first).not_to_have_js_property("naturalWidth", 0)
        self.shot(sheet, "publish")
        dialog.get_by_role("button", name="Publish", exact=True).click()
        expect(dialog.get_by_text("The SOP stands in Confluence.")).to_be_visible(timeout=LONG_ms)
        self.shot(sheet, "published")

    def edit_as_a_colleague(self, page_id: str) -> None:
        """A colleague reads the page, sees how its review stands, and changes a sentence in the editor of Confluence."""
        self.say("A colleague reads the page and edits a sentence")
        sheet = self.show(self.people.colleague, page_id)
        expect(sheet.get_by_role("heading", name=TITLE, level=1)).to_be_visible()
        expect(sheet.locator("#byline")).to_have_text("SOP: up to date")
        sheet.locator("#byline").click()
        expect(sheet.frame_locator("iframe.popup").get_by_text("up to date")).to_be_visible()
        self.shot(sheet, "page")
        sheet.locator("#byline").click()
        sheet.get_by_role("button", name="Edit", exact=True).click()
        text = sheet.locator("[data-edit]").filter(has_text=BEFORE).first
        text.fill(text.inner_text().replace(BEFORE, AFTER))
        self.shot(sheet, "colleague")
        sheet.get_by_role("button", name="Publish changes").click()
        expect(sheet.get_by_text(AFTER).first).to_be_visible()

    def record_again(self, page_id: str, film: Path) -> None:
        """The engineer records the changed task at the page itself; the colleague's words stay."""
        self.say("The engineer records the task again, sees what changed, and takes it over")
        sheet = self.show(self.people.engineer, page_id)
        sheet.get_by_role("button", name="More actions").click()
        sheet.get_by_role("button", name="Create SOP from recording").click()
        dialog = sheet.frame_locator("iframe.modal")
        dialog.get_by_role("button", name="Record it again").click()
        dialog.get_by_label("Choose files").set_input_files(film)
        expect(dialog.get_by_role("heading", name="What the new recording changes")).to_be_visible(timeout=LONG_ms)
        expect(dialog.get_by_text("restart").first).to_be_visible()
        self.shot(sheet, "what-changed")
        dialog.get_by_role("button", name="Take over what is ticked").click()
        expect(dialog.locator("sop-editor").get_by_label("Action of step 1")).to_have_value(AFTER)
        self.publish(sheet, dialog)
        dialog.get_by_role("button", name="Close", exact=True).click()
        self.say("Both changes stand on the page")
        expect(sheet.get_by_text(AFTER).first).to_be_visible()
        expect(sheet.get_by_text("sudo systemctl restart web").first).to_be_visible()
        self.shot(sheet, "both-changes", whole=True)

    def shot(self, sheet: Sheet, name: str, *, whole: bool = False) -> None:
        self.taken += 1
        self.shots.mkdir(parents=True, exist_ok=True)
        sheet.screenshot(path=str(self.shots / f"{self.taken:02d}-{name}.png"), full_page=whole)

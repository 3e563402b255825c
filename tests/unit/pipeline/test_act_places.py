"""What names the place of a step, the row of a table it is about, and the link behind a page that came unasked."""

from __future__ import annotations

from typing import Any

from plugin.pipeline.act.places import Places
from plugin.pipeline.act.stage import find_actions
from plugin.pipeline.artefacts import Change, Click, Reading, Still, Watched
from plugin.pipeline.read import read_stills
from tests.unit.pipeline.screens import SIZE, Page
from tests.unit.pipeline.test_act_controls import _READER, told


def read(pages: list[Page]) -> tuple[Watched, Reading, list[Any]]:
    pictures = [p.picture() for p in pages]
    stills = tuple(Still(time_s=i * 4.0, until_s=i * 4.0 + 3.5, path="", changed=((0, 0, *SIZE),)) for i in range(len(pages)))
    watched = Watched(width=SIZE[0], height=SIZE[1], duration_s=4.0 * len(pages), stills=stills)
    return watched, read_stills(watched, [p.copy() for p in pictures], _READER), pictures


def places(*pages: Page) -> list[str | None]:
    _, reading, pictures = read(list(pages))
    found = Places(reading, lambda i: pictures[i], SIZE)
    return [found.at(i) for i in range(len(pages))]


def body(page: Page, y: int, heading: str | None = None) -> Page:
    if heading:
        page.words(240, y, heading, 26)
    for i, row in enumerate(("Username: maria", "First name: Maria", "Last name: Lopez", "Groups: Support", "Notes: on leave")):
        page.words(240, y + 50 + 30 * i, row)
    return page


def test_the_heading_of_the_page_is_its_place_and_not_the_banner_or_a_value() -> None:
    page = body(Page().words(20, 40, "Acme administration", 26), 180, "Change user").field(240, 420, 300, "A long remark in a field")
    assert places(page) == ["Change user"]


def test_a_heading_that_was_scrolled_away_still_names_the_page() -> None:
    assert places(body(Page(), 200, "Change user"), body(Page(), 20)) == ["Change user", "Change user"]


def test_another_page_has_its_own_heading() -> None:
    users = Page().words(240, 200, "Users", 26).words(240, 260, "maria").words(240, 290, "noah").words(240, 320, "Add a user")
    assert places(body(Page(), 200, "Change user"), users) == ["Change user", "Users"]


def test_words_in_a_button_or_behind_a_label_are_no_heading() -> None:
    page = Page().words(240, 200, "Queues", 22).words(60, 300, "Type:").field(120, 292, 140, "Classic").button(400, 296, "Search")
    for i in range(4):
        page.words(60, 360 + 30 * i, f"queue number {i}")
    assert places(page) == ["Queues"]


def table() -> Page:
    page = Page().words(60, 40, "Accounts", 30)
    for i, name in enumerate(("dba", "report_ro", "backup")):
        page.words(60, 140 + 40 * i, name).words(260, 140 + 40 * i, "localhost").words(460, 140 + 40 * i, "Export").words(
            600, 140 + 40 * i, "Lock"
        )
    return page


def test_a_control_that_each_row_has_is_told_with_its_row() -> None:
    (action,) = told([table(), Page().words(60, 40, "Grants of report_ro", 30)], (485, 190))
    assert (action.target, action.row) == ("Export", "report_ro")


def test_a_control_that_stands_alone_has_no_row() -> None:
    page = table().button(60, 300, "Add account")
    (action,) = told([page, Page().words(60, 40, "New account", 30)], (120, 318))
    assert (action.target, action.row) == ("Add account", None)


def test_a_bar_of_icons_beside_tabs_is_no_table() -> None:
    page = Page().words(60, 40, "Accounts", 30).arrow(60, 120)
    for i, tab in enumerate(("Databases", "Status", "Export", "Import")):
        page.words(240 + 130 * i, 122, tab)
    (action,) = told([page, Page().words(60, 40, "Signed out", 30)], (71, 131))
    assert (action.role, action.row) == ("icon", None)


def test_a_page_that_came_without_a_press_was_opened_by_the_link_of_its_name() -> None:
    menu = Page().words(60, 40, "Rules", 30).words(60, 120, "Status").words(60, 160, "Targets").words(60, 200, "Flags")
    targets = Page().words(60, 40, "Targets", 30).words(60, 120, "node one up").words(60, 160, "node two down")
    watched, reading, pictures = read([menu, targets])
    came = Change(start_s=3.5, end_s=4.0, box=(0, 0, *SIZE), kind="window")
    seen = Watched(**{**{f: getattr(watched, f) for f in watched.__slots__}, "changes": (came,)})
    (action,) = find_actions(seen, reading, lambda i: pictures[i]).actions
    assert (action.kind, action.target, action.before, action.after) == ("click", "Targets", 0, 1)


def test_a_page_that_a_press_brought_is_told_once() -> None:
    menu = Page().words(60, 40, "Rules", 30).words(60, 120, "Status").words(60, 160, "Targets").words(60, 200, "Flags")
    targets = Page().words(60, 40, "Targets", 30).words(60, 120, "node one up").words(60, 160, "node two down")
    watched, reading, pictures = read([menu, targets])
    came = Change(start_s=3.5, end_s=4.0, box=(0, 0, *SIZE), kind="window")
    press = Click(time_s=3.4, x=90, y=170, before=0, after=1, confidence=0.9)
    fields = {f: getattr(watched, f) for f in watched.__slots__}
    seen = Watched(**{**fields, "changes": (came,), "clicks": (press,)})
    assert [(a.kind, a.target) for a in find_actions(seen, reading, lambda i: pictures[i]).actions] == [("click", "Targets")]

"""Clicks on drawn pages become actions on named controls."""

from __future__ import annotations

from typing import Any

from plugin.pipeline.act.labels import segment
from plugin.pipeline.act.naming import clean
from plugin.pipeline.act.stage import find_actions
from plugin.pipeline.act.values import inside
from plugin.pipeline.artefacts import Action, Click, Line, Still, Watched
from plugin.pipeline.engines.ocr import Recogniser
from plugin.pipeline.read import read_stills
from tests.unit.pipeline.screens import SIZE, Page

_READER = Recogniser(threads=1)


def told(pages: list[Page], *points: tuple[int, int]) -> list[Action]:
    """The click on ``points[i]`` leads from page i to page i + 1."""
    pictures: list[Any] = [page.picture() for page in pages]
    stills = tuple(Still(time_s=i * 4.0, until_s=i * 4.0 + 3.5, path="", changed=((0, 0, *SIZE),)) for i in range(len(pages)))
    clicks = tuple(Click(time_s=i * 4.0 + 3.6, x=x, y=y, before=i, after=i + 1, confidence=0.9) for i, (x, y) in enumerate(points))
    watched = Watched(width=SIZE[0], height=SIZE[1], duration_s=4.0 * len(pages), stills=stills, clicks=clicks)
    return list(find_actions(watched, read_stills(watched, [p.copy() for p in pictures], _READER), lambda i: pictures[i]).actions)


def form(name: str = "", secret: int = 0) -> Page:
    page = Page().words(60, 40, "Create account", 30).words(60, 127, "User name:").field(200, 120, 260, name)
    page.words(60, 187, "Password:").field(200, 180, 260).button(200, 240, "Sign in")
    return page.dots(210, 193, secret) if secret else page


def test_a_filled_field_is_one_action_with_label_and_value() -> None:
    typed, pressed = told([form(), form("maria"), Page().words(60, 40, "Welcome", 30)], (300, 136), (260, 258))
    assert (typed.kind, typed.target, typed.value, typed.secret) == ("type", "User name", "maria", False)
    assert (pressed.kind, pressed.target, pressed.role) == ("click", "Sign in", "button")
    assert pressed.place == "Create account"


def test_a_password_is_never_a_value() -> None:
    (typed,) = told([form(), form(secret=8)], (400, 196))
    assert (typed.kind, typed.target, typed.value, typed.secret) == ("type", "Password", None, True)


def test_a_label_may_stand_above_its_field() -> None:
    def page(text: str = "") -> Page:
        return Page().words(100, 100, "E-mail address").field(100, 126, 300, text)

    (typed,) = told([page(), page("ops@example.com")], (250, 142))
    assert (typed.target, typed.value) == ("E-mail address", "ops@example.com")


def test_the_highlight_holds_the_click_and_is_small() -> None:
    for action in told([form(), form("maria"), Page().words(60, 40, "Welcome", 30)], (300, 136), (260, 258)):
        assert action.box is not None
        assert action.point is not None
        x, y, width, height = action.box
        assert x <= action.point[0] <= x + width
        assert y <= action.point[1] <= y + height
        assert width * height <= 0.06 * SIZE[0] * SIZE[1]


def test_a_tick_box_is_named_by_the_words_to_its_right() -> None:
    page = Page().box(100, 200).words(124, 198, "Staff status")
    (action,) = told([page, page], (107, 207))
    assert (action.kind, action.target) == ("tick", "Staff status")


def test_a_click_on_nothing_is_no_action() -> None:
    page = Page().words(60, 40, "Create account", 30)
    assert told([page, page], (700, 500)) == []


def test_a_click_that_only_gave_a_field_the_focus_is_no_action() -> None:
    assert told([form(), form()], (400, 136)) == []


def test_menu_wrong_item_menu_right_item_leaves_only_the_last_two() -> None:
    bar = Page().words(60, 20, "Alerts").words(160, 20, "Status")
    menu = Page().words(60, 20, "Alerts").words(160, 20, "Status").words(160, 60, "Rules").words(160, 100, "Targets")
    end = Page().words(60, 120, "Targets page")
    actions = told([bar, menu, bar, menu, end], (180, 30), (180, 70), (180, 30), (180, 110))
    assert [(a.target, a.taken_back) for a in actions] == [("Status", True), ("Rules", True), ("Status", False), ("Targets", False)]


def test_a_row_of_links_in_one_line_is_told_apart() -> None:
    line = Line(box=(0, 0, 300, 14), text="Max length | Max bytes | Expire")
    assert segment(line, (20, 7))[0] == "Max length"
    assert segment(line, (160, 7))[0] == "Max bytes"


def test_ornaments_do_not_belong_to_a_label() -> None:
    assert [clean(t) for t in ("▶ Add a queue", "+ Add", "Name:", "☑ Active", "Choose ▼", "Log i n")] == [
        "Add a queue",
        "Add",
        "Name",
        "Active",
        "Choose",
        "Log in",
    ]


def filled(name: str = "", mail: str = "") -> Page:
    page = Page().words(60, 40, "Create account", 30).words(60, 127, "User name:").field(200, 120, 260, name)
    return page.words(60, 187, "E-mail:").field(200, 180, 260, mail)


def test_a_field_reached_by_the_tab_key_is_filled_without_a_press() -> None:
    actions = told([filled(), filled("maria"), filled("maria", "maria@example.com")], (300, 136))
    assert [(a.kind, a.target, a.value) for a in actions] == [("type", "User name", "maria"), ("type", "E-mail", "maria@example.com")]


def test_what_a_page_fills_in_after_a_press_was_typed_by_nobody() -> None:
    before, after = filled("maria").button(200, 240, "Suggest"), filled("maria", "maria@example.com").button(200, 240, "Suggest")
    assert [(a.kind, a.target) for a in told([before, after], (260, 258))] == [("click", "Suggest")]


def listing(value: str, *, opened: bool = False) -> Page:
    page = Page().words(60, 40, "New queue", 30).words(60, 127, "Virtual host:").field(200, 120, 160, value)
    if opened:
        page.words(208, 160, "accounting").words(208, 186, "billing").words(208, 212, "shipping")
    return page


def test_opening_a_list_and_pressing_its_option_is_one_selection() -> None:
    pages = [listing("accounting"), listing("accounting", opened=True), listing("billing")]
    (chosen,) = told(pages, (280, 136), (240, 194))
    assert (chosen.kind, chosen.target, chosen.value) == ("select", "Virtual host", "billing")


def test_an_option_chosen_by_keys_is_a_selection_too() -> None:
    pages = [listing("accounting"), listing("accounting", opened=True), listing("billing"), Page().words(60, 40, "Saved", 30)]
    pictures = [p.picture() for p in pages]
    stills = tuple(Still(time_s=i * 4.0, until_s=i * 4.0 + 3.5, path="") for i in range(4))
    press = Click(time_s=3.6, x=280, y=136, before=0, after=1, confidence=0.9)
    watched = Watched(width=SIZE[0], height=SIZE[1], duration_s=11.0, stills=stills[:3], clicks=(press,))
    actions = find_actions(watched, read_stills(watched, [p.copy() for p in pictures[:3]], _READER), lambda i: pictures[i]).actions
    assert [(a.kind, a.target, a.value) for a in actions] == [("select", "Virtual host", "billing")]


def test_an_address_typed_into_the_bar_of_a_browser_opens_a_page() -> None:
    def browser(address: str, title: str) -> Page:
        return Page().field(100, 20, 600, address).words(60, 120, title, 30)

    (opened,) = told(
        [browser("", "New tab"), browser("intranet.example.com/wiki", "New tab"), browser("intranet.example.com/wiki", "Wiki")], (300, 36)
    )
    assert (opened.kind, opened.value) == ("navigate", "intranet.example.com/wiki")


def test_only_what_stands_in_the_field_is_its_value() -> None:
    joined = Line(box=(130, 120, 220, 16), text="= 60000 ms per message")
    assert inside((joined,), (146, 112, 64, 32)) == "60000"


def test_a_cell_of_a_table_is_no_field() -> None:
    page = Page().words(60, 40, "Devices", 30)
    for i, name in enumerate(("NB-2039", "NB-2040", "NB-2041")):
        page.field(100, 120 + 32 * i, 180, name).field(280, 120 + 32 * i, 180, "in use")
    pressed = Page().words(60, 40, "NB-2040 MacBook Air", 30)
    (action,) = told([page, pressed], (140, 168))
    assert (action.kind, action.target, action.role) == ("click", "NB-2040", "link")


def test_a_search_field_is_named_by_its_button() -> None:
    def page(text: str) -> Page:
        return Page().words(60, 127, "With selected").field(200, 120, 300, text).button(520, 118, "Search")

    (action,) = told([page("owner, model"), page("Ida Berg")], (340, 136))
    assert (action.kind, action.target, action.value) == ("type", "Search", "Ida Berg")


def floating(text: str, label_in_border: bool) -> Page:
    page = Page().words(60, 40, "Start new load test", 30).field(200, 120, 300, text, height=48)
    return page.cover(208, 112, 70, 16).words(212, 112, "Host", 13) if label_in_border else page.words(212, 134, "Host")


def test_a_label_that_gives_way_into_the_border_names_its_field() -> None:
    (action,) = told([floating("", False), floating("http://localhost", True)], (360, 144))
    assert (action.kind, action.target, action.value) == ("type", "Host", "http://localhost")


def test_a_filled_field_that_is_filled_anew_is_typed_into_however_alike() -> None:
    def page(text: str) -> Page:
        return Page().words(60, 127, "Name:").field(200, 120, 260, text)

    pages = [page("finance 2"), page("fin"), page("finance-2"), Page().words(60, 40, "Saved", 30)]
    pictures = [p.picture() for p in pages]
    stills = tuple(Still(time_s=i * 2.0, until_s=i * 2.0 + 1.8, path="", changed=((0, 0, *SIZE),)) for i in range(4))
    press = Click(time_s=1.9, x=400, y=136, before=0, after=1, confidence=0.9)
    watched = Watched(width=SIZE[0], height=SIZE[1], duration_s=8.0, stills=stills, clicks=(press,))
    actions = find_actions(watched, read_stills(watched, [p.copy() for p in pictures], _READER), lambda i: pictures[i]).actions
    assert [(a.kind, a.target, a.value) for a in actions] == [("type", "Name", "finance-2")]


def test_a_turn_of_the_wheel_is_no_press() -> None:
    def page(top: int) -> Page:
        page = Page().words(60, 20, "Printers", 30)
        for i in range(12):
            if 60 < top + 40 * i < 560:
                page.words(100, top + 40 * i, f"printer number {i} of floor {i % 3}")
        return page

    assert told([page(100), page(-60)], (700, 400)) == []


def test_an_arrow_without_words_is_told_by_what_it_shows() -> None:
    page = Page().words(60, 120, "Available groups").words(560, 120, "Chosen groups").arrow(420, 200)
    (action,) = told(
        [page, Page().words(60, 120, "Available groups").words(560, 120, "Chosen groups").words(560, 160, "Support")], (431, 211)
    )
    assert (action.kind, action.target, action.role, action.value) == ("click", None, "icon", "arrow_right")


def test_a_menu_that_a_button_opens_is_two_presses() -> None:
    def page(opened: bool) -> Page:
        page = Page().words(60, 40, "Devices", 30).words(60, 128, "Add Filter").button(200, 120, "With selected", width=140)
        return page.words(208, 170, "Repair").words(208, 196, "Move to storage").words(208, 222, "Retire") if opened else page

    done = Page().words(60, 40, "Devices", 30).words(60, 128, "Add Filter").button(200, 120, "With selected", width=140)
    actions = told([page(False), page(True), done.words(60, 400, "Two devices were moved")], (270, 138), (260, 204))
    assert [(a.kind, a.target) for a in actions] == [("click", "With selected"), ("click", "Move to storage")]


def test_a_tick_box_in_a_cell_is_found_under_the_pointer() -> None:
    def page(*, ticked: bool) -> Page:
        page = Page().words(60, 40, "Devices", 30)
        for i, name in enumerate(("NB-2039", "NB-2040", "NB-2041")):
            page.field(100, 120 + 48 * i, 40, height=48).field(140, 120 + 48 * i, 60, height=48).field(
                200, 120 + 48 * i, 200, name, height=48
            )
            page.box(112, 130 + 48 * i)
        return page.words(114, 176, "x", 14) if ticked else page

    (action,) = told([page(ticked=False), page(ticked=True)], (121, 187))
    assert (action.kind, action.target) == ("tick", "NB-2040")

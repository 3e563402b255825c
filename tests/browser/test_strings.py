"""The catalogue of words: everything that is shown is in it, and nothing in it is unused."""

import json
import re
from pathlib import Path

ROOM = Path(__file__).parents[2] / "plugin" / "web" / "ui"
CATALOGUE: dict[str, str] = json.loads((ROOM / "static" / "strings.en.json").read_text("utf-8"))
SOURCES = [p.read_text("utf-8") for p in (*ROOM.rglob("*.js"), *ROOM.rglob("*.html"), *ROOM.rglob("*.py"))]
# t(`health.${state}`) and word("stage", name) name whole families by their beginning.
FAMILIES = {
    match
    for text in SOURCES
    for match in re.findall(r"`([a-z-]+\.(?:[a-z-]+\.)*)\$\{", text) + [f"{w}." for w in re.findall(r'\bword\("([\w.-]+)"', text)]
} | {"error-page."}


def test_every_string_that_the_pages_ask_for_is_in_the_catalogue() -> None:
    asked = {key for text in SOURCES for key in re.findall(r"\bt\([\"']([\w.-]+)[\"']", text)}
    assert asked - CATALOGUE.keys() == set()


def test_no_string_of_the_catalogue_is_unused() -> None:
    everything = "\n".join(SOURCES)
    unused = [
        key for key in CATALOGUE if f'"{key}"' not in everything and f"'{key}'" not in everything and not key.startswith(tuple(FAMILIES))
    ]
    assert unused == []


def test_every_text_has_at_most_two_forms() -> None:
    assert [key for key, text in CATALOGUE.items() if text.count("|") > 1 or ("|" in text and "{n}" not in text)] == []


def test_scripts_and_templates_need_no_unsafe_inline() -> None:
    markup = [p for p in ROOM.rglob("*.html") if re.search(r"<style|<script(?![^>]*src=)|\son\w+=|\sstyle=", p.read_text("utf-8"))]
    html = [
        p for p in ROOM.rglob("*.js") if re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", p.read_text("utf-8"))
    ]
    assert [*markup, *html] == []

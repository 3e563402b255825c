"""The words and the look of messages: templates filled to subject, text and HTML. Everything that comes from people is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One SOP in a digest; ``line`` says since when it is due."""

    title: str
    line: str
    url: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    subject: str
    text: str
    html: str


def digest(*, name: str, subject: str, items: Sequence[Item], unsubscribe_url: str | None) -> Letter:
    """All that is due for one person on one day."""
    return _letter(
        "digest",
        name=name,
        subject=subject,
        items=[asdict(item) | {"actions": item.actions} for item in items],
        unsubscribe_url=unsubscribe_url,
    )


def notice(*, name: str, subject: str, text: str, actions: Sequence[Action], unsubscribe_url: str | None) -> Letter:
    """One thing that happened."""
    return _letter("notice", name=name, subject=subject, text=text, actions=actions, unsubscribe_url=unsubscribe_url)


def _letter(template: str, **values: Any) -> Letter:
    return Letter(
        subject=" ".join(str(values["subject"]).split()),
        text=_templates().get_template(f"{template}.txt.j2").render(values).strip() + "\n",
        html=_templates().get_template(f"{template}.html.j2").render(values),
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("plugin.notify", "letters"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
    )

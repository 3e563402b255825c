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
    """One SOP in a digest; ``line`` says since when it is due, ``note`` what a reviewer wrote (may be empty).

    ``actions`` are buttons, the first one the usual; ``others`` small links; ``answer_url`` leads to the page where all of them can be chosen.
    """

    title: str
    line: str
    note: str
    url: str
    answer_url: str
    actions: tuple[Action, ...]
    others: tuple[Action, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """``text`` and ``html`` are the two parts of a mail, ``chat`` the short form for a chat message."""

    subject: str
    text: str
    html: str
    chat: str


def digest(*, name: str, subject: str, items: Sequence[Item], more: int, list_url: str, unsubscribe_url: str | None) -> Letter:
    """All that is due for one person on one day: ``items``, and ``more`` that only the page at ``list_url`` shows."""
    return _letter(
        "digest",
        name=name,
        subject=subject,
        items=[asdict(item) | {"actions": item.actions, "others": item.others} for item in items],
        more=more,
        list_url=list_url,
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
        chat=_templates().get_template(f"{template}.chat.j2").render(values).strip() + "\n",
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("plugin.notify", "letters"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
    )

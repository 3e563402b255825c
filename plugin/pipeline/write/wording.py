"""Actions to imperative sentences, as a technical writer puts them: the control by its visible label, the command to the letter.

What is done comes from the screen; why it is done comes from the narration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from plugin.domain.sop import Basis
from plugin.pipeline.artefacts import Action
from plugin.pipeline.write import glosses
from plugin.pipeline.write.headings import is_heading
from plugin.pipeline.write.language import Cues
from plugin.pipeline.write.phrases import imperative, is_pronoun_only, reader

_USER_FIELD = re.compile(r"\b(?:user ?name|user|login|account|benutzer(?:name|kennung)?|anmeldename|e-?mail)\b", re.IGNORECASE)
_PASSWORD_FIELD = re.compile(r"\b(?:pass(?:word|phrase|code)?|pin|kennwort|passwort)\b", re.IGNORECASE)
_AGAIN_FIELD = re.compile(r"\b(?:confirm\w*|again|repeat\w*|re-?type|re-enter|verify|bestätig\w*|wiederhol\w*|erneut)\b", re.IGNORECASE)
_ENTER = ("return", "enter")
_PLACEHOLDER = re.compile(r"^<[^>]+>$")
_BY_ROLE = {
    "tab": "tab", "menu": "menu", "menu item": "menu_item", "row": "row", "link": "link", "check box": "check_box", "checkbox": "check_box",
    "radio button": "radio", "radio": "radio", "list item": "list_item", "option": "list_item", "section": "section", "expander": "section",
    "button": "button",
}  # fmt: skip
LONGEST_REASON = 14
"""Words."""

LONGEST_PURPOSE = 130
"""Characters; a longer purpose in front of a command is no help to a reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """``basis`` tells whether the sentence's words come from speech, the screen or a rule; ``reason`` is why, where it was said.

    ``seen`` is False for what was only heard.
    """

    action: str
    basis: Basis
    reason: str | None = None
    addition: str | None = None
    seen: bool = True


def word(action: Action, said: str | None, cues: Cues, *, place: str | None, own: bool = False) -> Worded:
    """The step's sentence. ``said`` is the clause that tells it, ``place`` where a reader finds the control if that has to be named.

    ``own`` says that the reader signs in here: the name and password are the reader's own.
    """
    return replace(_sentence(action, said, cues, place, own), addition=addition(said, cues))


def _sentence(action: Action, said: str | None, cues: Cues, place: str | None, own: bool) -> Worded:
    purpose, reason = _purpose(said, cues)
    words = cues.wording
    if action.kind == "command" and action.command:
        return _command(action, purpose, cues, said)
    if action.kind == "key":
        return _key(action, purpose, cues)
    if action.kind in ("navigate", "click") and action.target is None and action.value is None and purpose:
        return Worded(action=purpose.rstrip(" .") + ".", basis="said")
    text = _control(action, cues, place, own)
    if reason and action.kind in ("click", "navigate"):
        text = f"{text.rstrip('.')} {reason}."
        reason = None
    return Worded(action=text or words["click_nothing"], basis="shown", reason=reason)


def _purpose(said: str | None, cues: Cues) -> tuple[str | None, str | None]:
    """(imperative phrase, reason clause) of what was said."""
    if not said:
        return None, None
    addition = cues.single["addition"].search(said.rstrip(".!? "))
    phrase = imperative(said[: addition.start()] if addition else said, cues)
    if phrase is None and (goal := cues.single["goal_later"].search(said.rstrip(".!? "))):
        phrase = imperative(f"{cues.wording['you']} {goal['goal']}", cues)
    reason = cues.single["reasons"].search(phrase or "")
    why = next((reader(reason[g], cues) for g in ("to", "so", "because") if reason and reason[g]), None)
    if why and len(why.split()) > LONGEST_REASON:
        why = None
    return phrase, why


def addition(said: str | None, cues: Cues) -> str | None:
    """What the speaker adds to the step in the same breath: "..., that's milliseconds"."""
    found = cues.single["addition"].search((said or "").rstrip(".!? "))
    if found is None or not imperative((said or "")[: found.start()], cues):
        return None
    return reader(found["tail"], cues)


def _command(action: Action, purpose: str | None, cues: Cues, said: str | None) -> Worded:
    command = " ".join((action.command or "").split())
    gloss = glosses.of_command(command, cues.language)
    usable = purpose is not None and len(purpose) <= LONGEST_PURPOSE and not _is_running(purpose, command)
    if usable and purpose is not None and is_pronoun_only(purpose, cues) and gloss:
        usable = False
    if usable and purpose:
        return Worded(action=cues.wording["purpose_command"].format(purpose=purpose.rstrip(" .:"), command=command), basis="said")
    if gloss:
        return Worded(
            action=cues.wording["purpose_command"].format(purpose=gloss, command=command), basis="inferred" if not said else "said"
        )
    return Worded(action=cues.wording["command"].format(command=command), basis="shown")


def _is_running(purpose: str, command: str) -> bool:
    """True where the phrase only says that the command is run ("Run make", "Type ls")."""
    verb, _, rest = purpose.lower().partition(" ")
    return verb in ("run", "execute", "type", "enter", "führen", "tippen", "geben") and len(rest.split()) <= max(
        4, len(command.split()) + 1
    )


def _key(action: Action, purpose: str | None, cues: Cues) -> Worded:
    keys = keys_text(action.keys, cues)
    words = cues.wording
    stem = _without_keys(purpose)
    if action.value:
        first = action.keys[:-1] if action.keys[-1].lower() in _ENTER else action.keys
        name = ("key_type" if first else "type_enter") + ("" if stem else "_nothing")
        text = words[name].format(purpose=stem, keys=keys_text(first, cues), value=action.value)
        return Worded(action=text, basis="said" if stem else "shown")
    stem = stem or glosses.of_keys(action.keys, cues.language)
    if stem:
        return Worded(action=words["purpose_key"].format(purpose=stem, keys=keys), basis="said" if purpose else "inferred")
    return Worded(action=words["key"].format(keys=keys, place=""), basis="shown")


_WITH_KEYS = re.compile(
    r"[ ,]+(?:with|by pressing|using|mit|über|and press|and hit|und drücken(?: sie)?) (?:the )?(?:ctrl|control|strg|alt|shift|cmd|command|enter|return|escape|esc|tab|f ?\d+)\b.*$",
    re.IGNORECASE,
)


def _without_keys(purpose: str | None) -> str | None:
    """The purpose without "... with Ctrl+O and Enter"; None where nothing but pressing is left."""
    if purpose is None:
        return None
    stem = _WITH_KEYS.sub("", purpose).strip(" ,.")
    first = stem.split(" ", 1)[0].lower()
    return None if first in ("press", "hit", "push", "use", "click", "drücken", "type") or len(stem.split()) < 2 else stem


def keys_text(keys: tuple[str, ...], cues: Cues) -> str:
    """("ctrl+o", "Return") as a reader writes it: "Ctrl+O, then Enter"."""
    names = [
        "+".join(_KEY_NAMES.get(part.lower(), part.upper() if len(part) == 1 else part[:1].upper() + part[1:]) for part in k.split("+"))
        for k in keys
    ]
    return f", {cues.wording.get('then', 'then')} ".join(names)


_KEY_NAMES = {
    "ctrl": "Ctrl", "control": "Ctrl", "alt": "Alt", "shift": "Shift", "super": "Super", "cmd": "Cmd", "meta": "Meta", "return": "Enter", "enter": "Enter",
    "escape": "Esc", "esc": "Esc", "tab": "Tab", "backspace": "Backspace", "delete": "Delete", "space": "Space", "page_up": "Page Up", "page_down": "Page Down",
}  # fmt: skip


def _control(action: Action, cues: Cues, place: str | None, own: bool) -> str:
    words = cues.wording
    target = action.target
    where = _where(place, action, cues)
    if action.kind == "type":
        return _typed(action, cues, where, own)
    if action.kind == "select":
        name = "select" if target else "select_nothing"
        return words[name].format(value=action.value or target, target=target, place=where)
    if action.kind == "tick":
        off = (action.value or "").lower() in ("off", "false", "no", "cleared", "unchecked")
        return words["check_box_off" if off else "check_box"].format(target=target, place=where)
    if action.kind == "wait":
        return words["wait" if target else "wait_nothing"].format(target=target)
    if action.kind == "navigate":
        return words["navigate"].format(target=action.value or target or "the page", place="")
    if action.kind in ("scroll", "drag"):
        name = action.kind if target else f"{action.kind}_nothing"
        return words.get(name, words["scroll_nothing"]).format(target=target, value=action.value or "", place=where)
    if action.row:
        where = words["place_row"].format(row=action.row)
    if not target and action.role == "icon" and not action.value:
        return words["icon"].format(place=where)
    if not target and action.role == "icon" and action.value:
        return words["click"].format(target=words[f"icon_{action.value}"], place=where)
    if not target:
        return words["click_nothing"].format(place=where)
    return words[_BY_ROLE.get((action.role or "").lower(), "click")].format(target=target, place=where)


def _typed(action: Action, cues: Cues, where: str, own: bool) -> str:
    words, target = cues.wording, action.target
    hidden = action.secret or action.value is None or bool(_PLACEHOLDER.match(action.value))
    if hidden:
        name = "secret" if target else "secret_nothing"
        text = words[name].format(secret=words[_secret(target, own)], target=target, place=where)
    elif own and target and _USER_FIELD.search(target):
        text = words["own_user"].format(target=target, place=where)
    else:
        name = (
            "type_empty"
            if target and action.value == ""
            else "line"
            if target and action.role == "line"
            else "type"
            if target
            else "type_nothing"
        )
        text = words[name].format(value=action.value, target=target, place=where)
    if any(k.lower() in _ENTER for k in action.keys):
        text = words["enter_too"].format(sentence=text)
    return text


def _secret(target: str | None, own: bool) -> str:
    """Which words stand for the hidden value: one's own password when signing in, the same one where it has to be repeated."""
    if target is not None and _AGAIN_FIELD.search(target):
        return "same_password"
    if target is not None and not _PASSWORD_FIELD.search(target):
        return "your_secret"
    return "your_password" if own or target is None else "new_password"


def _where(place: str | None, action: Action, cues: Cues) -> str:
    """ " on the Graph page", or nothing where the place is not to be named or the sentence names it already."""
    if not place or not is_heading(place) or (action.target and place.lower() == action.target.lower()):
        return ""
    role = (action.role or "").lower()
    if role == "menu item":
        return cues.wording["place_menu"].format(place=place)
    words = place.lower().split()
    named = words[-1] in _PLACES if words else False
    return cues.wording["place_in" if named or "—" in place or "/" in place else "place_page"].format(place=place)


_PLACES = frozenset(
    [
        "page",
        "menu",
        "row",
        "list",
        "tab",
        "dialog",
        "window",
        "section",
        "panel",
        "sidebar",
        "bar",
        "form",
        "seite",
        "menü",
        "zeile",
        "liste",
        "fenster",
        "abschnitt",
    ]
)

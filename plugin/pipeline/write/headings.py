"""Is a piece of text on the screen a heading that a reader can find?"""

from __future__ import annotations


def is_heading(place: str) -> bool:
    """False for a status line or a piece of a sentence that was taken for a heading ("0 items, page size up to")."""
    words = place.split()
    digits = sum(c.isdigit() for c in place)
    return (
        place[:1].isupper()
        and len(words) <= 8
        and digits <= len(place) / 4
        and words[-1].lower() not in _UNFINISHED
        and not {",", ".."} & {place[-2:], *place}
    )


def tidy_place(place: str | None) -> str | None:
    """``place`` without brackets that were cut off ("Time Series (")."""
    if place is None:
        return None
    for opening, closing in ("()", "[]", "{}"):
        if place.count(opening) > place.count(closing):
            place = place[: place.rindex(opening)]
    return place.strip(" -–—:|") or None


_UNFINISHED = frozenset(
    [
        "to",
        "of",
        "in",
        "on",
        "the",
        "a",
        "an",
        "and",
        "or",
        "for",
        "ago",
        "with",
        "by",
        "zu",
        "von",
        "in",
        "der",
        "die",
        "das",
        "und",
        "mit",
    ]
)

"""A part of a long list, with a cursor to the next part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_ITEMS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Generic[T]):
    """``cursor`` is None at the end of the list; else give it back to get what follows."""

    items: tuple[T, ...]
    cursor: str | None = None


def capped(limit: int) -> int:
    """A page size between 1 and MAX_ITEMS."""
    return max(1, min(limit, MAX_ITEMS))

"""Parts of queries and bodies that several resources share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from plugin.services.slices import MAX_ITEMS
from plugin.web.bodies import Query

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Fraction = Annotated[float, Field(ge=0, le=1)]
BoxBody = tuple[Fraction, Fraction, Fraction, Fraction]


class Paging(Query):
    """``limit`` above the cap is cut to it, so that a client may ask for "many"."""

    cursor: str | None = Field(None, description="`next_cursor` of the answer before.")
    limit: int = Field(50, ge=1, le=10**12, description=f"At most {MAX_ITEMS} are given.")

    @property
    def capped(self) -> int:
        return min(self.limit, MAX_ITEMS)

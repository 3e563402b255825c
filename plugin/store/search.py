"""Full-text search over ``sops.words``: FTS5 on SQLite, a text-search index on PostgreSQL. Every word that was asked for must be there, from its beginning on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Text, cast, func, literal, literal_column, select, table
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import TSQUERY

from plugin.store.tables import Sop

INDEX = "sop_search"
"""The name of what the migrations make for it: on SQLite a virtual table that triggers keep, on PostgreSQL a generated column of ``sops``."""

MOST_WORDS = 10
_LETTERS = re.compile(r"\w", re.UNICODE)


def matching(text: str, *, sqlite: bool) -> list[ColumnElement[bool]]:
    """Conditions on a row of ``sops``; none where ``text`` holds no word."""
    words = [word for word in text.replace("\0", " ").casefold().split() if _LETTERS.search(word)][:MOST_WORDS]
    if not words:
        return []
    return [_sqlite(words)] if sqlite else [_postgresql(word) for word in words]


def is_own(name: str | None) -> bool:
    """Whether a table or index belongs to the search and stands in no table of the code."""
    return name is not None and name.startswith((INDEX, f"ix_{INDEX}"))


def _sqlite(words: Iterable[str]) -> ColumnElement[bool]:
    # A quoted word is a phrase of what the tokenizer makes of it, so "pg_dump" needs pg and dump beside each other; nothing in it is syntax.
    wanted = " ".join(f'"{word.replace(chr(34), chr(34) * 2)}"*' for word in words)
    search = table(INDEX, named("sop_id"), named("words"))
    return Sop.id.in_(select(search.c.sop_id).where(literal_column(INDEX).op("MATCH")(wanted)))


def _postgresql(word: str) -> ColumnElement[bool]:
    # The same parser reads what is searched and what is asked for; ``:*`` lets the last part of the word go on.
    phrase = cast(func.phraseto_tsquery(literal_column("'simple'"), word), Text)
    query = cast(func.nullif(phrase, literal("")) + literal(":*"), TSQUERY)
    return literal_column(f"sops.{INDEX}").op("@@", is_comparison=True)(query)

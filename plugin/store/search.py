"""Full-text search over ``sop_words``: FTS5 on SQLite, a text-search index on PostgreSQL. Every word that was asked for must be there, from its beginning on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Text, cast, func, literal, literal_column, select, table, text
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from plugin.store.tables import Sop, SopWords

INDEX = "sop_search"
"""The name of what the migrations make for it: on SQLite a virtual table that triggers keep, on PostgreSQL a generated column of ``sop_words``."""

MOST_WORDS = 10
_LETTERS = re.compile(r"\w", re.UNICODE)


def matching(wanted: str, *, sqlite: bool) -> list[ColumnElement[bool]]:
    """Conditions on a row of ``sops``; none where ``wanted`` holds no word."""
    words = [word for word in wanted.replace("\0", " ").casefold().split() if _LETTERS.search(word)][:MOST_WORDS]
    if not words:
        return []
    return [_sqlite(words) if sqlite else _postgresql(words)]


def by_index(session: Session) -> None:
    """Makes PostgreSQL search by the index for the rest of the transaction: it does not count in what unpacking the vector of each row costs."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))


def keep(session: Session, row: Sop, words: str) -> None:
    """What ``row`` is found by from now on."""
    found = session.get(SopWords, row.id)
    if found is None:
        session.add(SopWords(sop_id=row.id, workspace_id=row.workspace_id, words=words))
    else:
        found.words = words


def is_own(name: str | None) -> bool:
    """Whether a table or index belongs to the search and stands in no table of the code."""
    return name is not None and name.startswith((INDEX, f"ix_{INDEX}"))


def _sqlite(words: Iterable[str]) -> ColumnElement[bool]:
    # A quoted word is a phrase of what the tokenizer makes of it, so "pg_dump" needs pg and dump beside each other; nothing in it is syntax.
    phrases = " ".join(f'"{word.replace(chr(34), chr(34) * 2)}"*' for word in words)
    search = table(INDEX, named("sop_id"), named("words"))
    return Sop.id.in_(select(search.c.sop_id).where(literal_column(INDEX).op("MATCH")(phrases)))


def _postgresql(words: Iterable[str]) -> ColumnElement[bool]:
    # The offset keeps the planner from walking through the listing and looking into each row, which is what it does for a rare word.
    inner = table("sop_words", named("sop_id"))
    return Sop.id.in_(select(inner.c.sop_id).select_from(inner).where(*(_has(word) for word in words)).offset(0))


def _has(word: str) -> ColumnElement[bool]:
    # The same parser reads what is searched and what is asked for; ``:*`` lets the last part of the word go on.
    phrase = cast(func.phraseto_tsquery(literal_column("'simple'"), word), Text)
    # In a query of its own it is made once and not for each row.
    query = select(cast(func.nullif(phrase, literal("")) + literal(":*"), TSQUERY)).scalar_subquery()
    return literal_column(f"sop_words.{INDEX}").op("@@", is_comparison=True)(query)

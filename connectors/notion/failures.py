"""One table from Notion's answers to the errors that say what the caller does next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.errors import AuthFailed, ConnectorError, Gone, Reject, Retry

NAME = "notion"

BLOCKED = "public_api_request_blocked"


class Doubtful(Exception):
    """A write that may or may not have been carried out; look before doing it again. ``committed`` where Notion named the result."""

    def __init__(self, failure: ConnectorError, committed: str | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.committed = committed


class Collision(Exception):
    """409: somebody saved at the same moment; read again."""

    def __init__(self, failure: Retry) -> None:
        super().__init__(str(failure))
        self.failure = failure


class Edited(Collision):
    """A person changed a block after we read it and before we wrote it; nothing of theirs was overwritten. Read again."""

    def __init__(self) -> None:
        super().__init__(Retry("The page is being edited right now.", after_s=60.0, connector=NAME, operation="publish"))


BUSY = (429, 529)
BROKEN = (500, 502, 503, 504)
WORDS: Mapping[tuple[int, str], tuple[type[ConnectorError], str]] = {
    (400, "validation_error"): (Reject, "Notion refuses a part of the page."),
    (400, "invalid_json"): (Reject, "Notion could not read the request."),
    (400, "invalid_request"): (Reject, "Notion does not support this request."),
    (400, "invalid_request_url"): (Reject, "The API address is not one of Notion's."),
    (401, "unauthorized"): (AuthFailed, "Notion does not accept the connection's token any more. Connect again."),
    (403, "restricted_resource"): (
        AuthFailed,
        "The Notion connection may not do this. Give it the missing capability and authorise it again.",
    ),
    (404, "object_not_found"): (Gone, "The page or database does not exist any more, or is not shared with the connection."),
    (409, "conflict_error"): (Retry, "Somebody saved the same page at the same moment."),
    (413, ""): (Reject, "Notion finds the request too large."),
    (429, "rate_limited"): (Retry, "Notion's request limit is reached."),
    (500, "internal_server_error"): (Retry, "Notion has a problem."),
    (502, ""): (Retry, "Notion has a problem."),
    (503, "service_unavailable"): (Retry, "Notion is not available."),
    (504, "gateway_timeout"): (Retry, "Notion took too long."),
    (529, "service_overload"): (Retry, "Notion is overloaded."),
}


def error(status: int, code: str, message: str, additional: Mapping[str, Any], operation: str, *, after_s: float = 30.0) -> ConnectorError:
    """The error for an answer of ``status`` 4xx or 5xx. Never holds page text: Notion's message only where it names a field."""
    about: dict[str, Any] = {"connector": NAME, "operation": operation, "detail_for_operator": f"HTTP {status} {code}".strip()}
    if additional.get("block_limit"):
        words = "The Notion workspace has used all blocks of its free plan. Upgrade the plan or remove content, then publish again."
        return Reject(words, path="workspace", reason=str(additional["block_limit"]), **about)
    if additional.get("rate_limit_reason") == BLOCKED:
        return AuthFailed("Notion has blocked this connection's requests. Its owner has to contact Notion.", **about)
    kind, words = WORDS.get((status, code)) or next((w for (s, _), w in WORDS.items() if s == status), (None, ""))
    if kind is None:
        kind, words = (Retry, "Notion has a problem.") if status >= 500 else (Reject, "Notion refuses the request.")
    if kind is Retry:
        return Retry(words, after_s=after_s, **about)
    if kind is Reject:
        return Reject(words, path=_place(message), reason=_reason(message), **about)
    return kind(words, **about)


def _place(message: str) -> str:
    found = re.search(r"body\.[\w.\[\]]+", message)
    return found.group(0) if found else "page"


def _reason(message: str) -> str:
    """The part of a validation message that names limits and fields, without values that may be page text."""
    found = re.search(r"(body[\w.\[\]]* )?should be [^,]{1,60}", message)
    return found.group(0) if found else "refused by Notion"

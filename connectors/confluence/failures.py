"""Confluence's answers as errors named by what the caller does next: one table, walked from the top."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

from connectors.errors import AuthFailed, Conflict, ConnectorError, Gone, Reject, Retry


class TitleTaken(Reject):
    """Another page of the space has this title, perhaps an archived one."""


class NameTaken(Reject):
    """The page has an attachment of this file name already."""


class Stale(ConnectorError):
    """Somebody wrote between our reading and our writing; nothing was written. Handled inside the connector."""


class Missing(ConnectorError):
    """404: deleted, restricted, or (on Cloud) a rejected credential. The caller finds out which."""


class ScopeMissing(AuthFailed):
    """The credential is good, but not for this."""


class Unfinished(ConnectorError):
    """A list is longer than we follow it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """``path`` is where a refusal is shown."""

    statuses: tuple[int, ...]
    pattern: str
    kind: type[ConnectorError]
    words: str
    path: str = "body"


TABLE = (
    Failure((400,), r"same file name", NameTaken, "The page has a picture of this name already.", "assets"),
    Failure((400, 409), r"title.*already exists|already exists with the same title|page with this title", TitleTaken,
            "Another page in this space has this title already; an archived page counts as well. Choose another title.", "title"),
    Failure((400,), r"xhtml|parsing|storage format", Reject, "Confluence could not read the page's content."),
    Failure((400,), r"archival job", Retry, "Confluence is archiving other pages at the moment."),
    Failure((400,), r"archived", Gone, "The page is archived. Restore it in Confluence first, or publish elsewhere."),
    Failure((400,), r"", Reject, "Confluence refuses the request."),
    Failure((401,), r"scope", ScopeMissing, "The connection lacks a permission (scope) that is needed here. Connect again with all permissions."),
    Failure((401,), r"", AuthFailed, "Confluence does not accept the token. Connect again with a new one."),
    Failure((403,), r"", AuthFailed, "The account of the connection may not do this here. Give it the permission in Confluence."),
    Failure((404,), r"", Missing, "Confluence does not show us this page."),
    Failure((405,), r"", Reject, "This Confluence does not know the request. Check the address and the edition of the connection."),
    Failure((409,), r"", Stale, "The page changed in the meantime."),
    Failure((410,), r"", Reject, "This Confluence no longer knows the request. Check the address and the edition of the connection."),
    Failure((412,), r"", Stale, "The page changed in the meantime."),
    Failure((413,), r"", Reject, "The page or one of its pictures is larger than Confluence accepts."),
    Failure((415,), r"", Reject, "Confluence refuses the kind of this content."),
    Failure((429,), r"", Retry, "Confluence asks us to wait."),
)  # fmt: skip


def checked(answer: requests.Response, *, operation: str, remote_id: str | None = None) -> requests.Response:
    """The answer, if it is a success; raises what the table says otherwise. A redirect is none."""
    if 200 <= answer.status_code < 300:
        return answer
    reason = reason_of(answer)
    detail = f"HTTP {answer.status_code}: {reason}{_trace(answer)}"
    more: dict[str, Any] = {
        "connector": "confluence",
        "operation": operation,
        "remote_id": remote_id,
        "detail_for_operator": detail,
    }
    failure = next((f for f in TABLE if answer.status_code in f.statuses and re.search(f.pattern, reason, re.IGNORECASE | re.DOTALL)), None)
    if failure is None and answer.status_code >= 500:
        raise Retry("Confluence is not well at the moment.", after_s=30.0, **more)
    if failure is None:
        raise Reject("Confluence answered in an unexpected way. Check the address of the connection.", path="url", reason=detail, **more)
    if issubclass(failure.kind, Reject):
        raise failure.kind(failure.words, path=failure.path, reason=reason, **more)
    if issubclass(failure.kind, Retry):
        raise failure.kind(failure.words, after_s=30.0, **more)
    raise failure.kind(failure.words, **more)


def reason_of(answer: requests.Response) -> str:
    """Confluence's own words, at most 300 characters, from any of its four error forms; never a whole page of HTML."""
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        return (answer.reason or "")[:300]
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return " ".join(str(errors[0][k]) for k in ("code", "title", "detail") if errors[0].get(k))[:300]
    data = body.get("data")
    inner = data.get("errors") if isinstance(data, dict) else None
    return " ".join(filter(None, [str(body.get("message") or ""), json.dumps(inner) if inner else ""]))[:300]


def _trace(answer: requests.Response) -> str:
    trace = answer.headers.get("atl-traceid") or answer.headers.get("atl-request-id") or ""
    return f" (trace {trace})" if re.fullmatch(r"[A-Za-z0-9-]{8,64}", trace) else ""


T = TypeVar("T")

NOT_SEEN = "The page cannot be seen any more: it was deleted, or its restrictions exclude the connection."


def seen(read: Callable[[], T], page_id: str, operation: str) -> T:
    """What ``read`` gives; Gone where the page does not show itself."""
    try:
        return read()
    except Missing as error:
        raise gone(NOT_SEEN, page_id, operation) from error


def gone(words: str, page_id: str, operation: str) -> Gone:
    return Gone(words, connector="confluence", operation=operation, remote_id=page_id)


def title_taken(title: str, page_id: str | None, *, archived: bool) -> Reject:
    where = " (it is archived, which keeps its title)" if archived else ""
    words = f"Another page in this space has the title {title!r} already{where}. Give the SOP another title."
    return Reject(words, path="title", reason="title exists", connector="confluence", operation="create", remote_id=page_id)


def conflict(message: str, remote_version: int, **more: Any) -> Conflict:
    return Conflict(message, remote_version=str(remote_version), connector="confluence", operation="publish", **more)

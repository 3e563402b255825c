"""Errors as people and programs see them: problem details (RFC 9457), never a stack trace, never a word about somebody else's things."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, Response, g, json, request
from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from plugin.domain import errors
from plugin.services.edit import EditClash

PROBLEM_JSON = "application/problem+json"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of problem; the slug in ``type`` never changes, programs may rely on it."""

    status: int
    title: str


KINDS: dict[str, Kind] = {
    "bad-request": Kind(status=400, title="The request cannot be read"),
    "bad-header": Kind(status=400, title="A header cannot be read"),
    "not-signed-in": Kind(status=401, title="You are not signed in"),
    "forbidden": Kind(status=403, title="You may not do this"),
    "cross-site": Kind(status=403, title="The request did not come from our own pages"),
    "not-found": Kind(status=404, title="There is nothing here"),
    "method-not-allowed": Kind(status=405, title="This cannot be done here"),
    "not-acceptable": Kind(status=406, title="No form of this that you accept"),
    "timed-out": Kind(status=408, title="Too slow"),
    "conflict": Kind(status=409, title="Somebody else was faster"),
    "edit-clash": Kind(status=409, title="Both changed the same passage"),
    "offset-mismatch": Kind(status=409, title="The upload goes on at another place"),
    "gone": Kind(status=410, title="This is no longer here"),
    "length-required": Kind(status=411, title="A length is needed"),
    "stale": Kind(status=412, title="It changed since you read it"),
    "tus-version": Kind(status=412, title="Only version 1.0.0 of tus is spoken here"),
    "too-large": Kind(status=413, title="Too large"),
    "unsupported-media-type": Kind(status=415, title="This form of content is not taken"),
    "unusable-recording": Kind(status=415, title="Nothing can be made of this file"),
    "range-not-satisfiable": Kind(status=416, title="There is no such part"),
    "invalid": Kind(status=422, title="A value is not acceptable"),
    "invalid-document": Kind(status=422, title="The SOP document is not valid"),
    "upload-taken-over": Kind(status=423, title="The upload goes on in another request"),
    "precondition-required": Kind(status=428, title="Say which version you have seen"),
    "too-many-requests": Kind(status=429, title="Too many requests"),
    "header-too-large": Kind(status=431, title="The headers are too long"),
    "checksum-mismatch": Kind(status=460, title="The checksum does not fit the bytes"),
    "internal": Kind(status=500, title="Something went wrong on our side"),
    "unavailable": Kind(status=503, title="Not available at the moment"),
    "no-space": Kind(status=507, title="No space is left"),
}
# The first kind of each status stands for errors that come without words of their own.
_BY_STATUS = {kind.status: slug for slug, kind in reversed(KINDS.items())}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """``field`` is a dotted path into the body, a query parameter, or a JSON pointer into an SOP document."""

    field: str
    detail: str


class Problem(Exception):
    """Ends a request with a problem. ``more`` are members of its own; ``headers`` go along with the answer."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        fields: Sequence[FieldError] = (),
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail
        self.fields = tuple(fields)
        self.more = dict(more or {})
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        return KINDS[self.slug].status

    def document(self) -> dict[str, Any]:
        """The members of the JSON body."""
        body = {"type": f"/problems/{self.slug}", "title": KINDS[self.slug].title, "status": self.status, "detail": self.detail}
        body["instance"] = f"urn:request:{g.get('request_id', 'none')}"
        if self.fields:
            body["errors"] = [{"field": f.field, "detail": f.detail} for f in self.fields]
        return {**body, **self.more}

    def response(self) -> Response:
        answer = Response(json.dumps(self.document()), status=self.status, content_type=PROBLEM_JSON)
        answer.headers.update(self.headers)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer


class Unauthorized(Problem):
    """Nobody, or nobody any more."""

    def __init__(self) -> None:
        super().__init__("not-signed-in", "Sign in, or send a valid token.", headers={"WWW-Authenticate": 'Bearer realm="sopwright"'})


def not_found() -> Problem:
    """The same words for what never was, what is gone and what belongs to somebody else."""
    return Problem("not-found", "There is nothing under this address, or it is not yours to see.")


def invalid(field_name: str, detail: str) -> Problem:
    return Problem("invalid", detail, fields=[FieldError(field=field_name, detail=detail)])


def of_validation(error: ValidationError, prefix: str = "") -> Problem:
    """Field errors of a body or query; values that were sent are not echoed."""
    fields = [
        FieldError(field=prefix + ".".join(map(str, e["loc"])), detail=e["msg"])
        for e in error.errors(include_url=False, include_input=False)[:50]
    ]
    return Problem("invalid", "; ".join(f"{f.field or 'body'}: {f.detail}" for f in fields[:3]), fields=fields)


def of_error(error: errors.SopError) -> Problem:
    """What an error of the services means on the wire."""
    said = error.message_for_user
    match error:
        case errors.NotFound():
            return not_found()
        case errors.Forbidden():
            return Problem("forbidden", said)
        case EditClash():
            return Problem("edit-clash", said, more=_both_sides(error), headers={"ETag": f'"{error.current.etag}"'})
        case errors.Conflict():
            return Problem("conflict", said)
        case errors.InvalidDocument():
            return Problem("invalid-document", said, fields=[FieldError(field=error.path, detail=error.reason)])
        case errors.Invalid():
            return invalid(error.field, said)
        case errors.UnusableRecording():
            return Problem("unusable-recording", said, more={"reason": error.reason})
        case errors.Exhausted() if error.retry_after_s is not None:
            return Problem("too-many-requests", said, headers={"Retry-After": str(math.ceil(error.retry_after_s))})
        case errors.Exhausted():
            return Problem("no-space", said)
    return Problem("invalid", said)


def _both_sides(clash: EditClash) -> dict[str, Any]:
    return {"current": to_jsonable_python(clash.current), "clashes": to_jsonable_python(clash.clashes)}


def install(app: Flask) -> None:
    """Every way a request can fail ends in a problem document; the pages turn theirs into a page (see plugin.web.app)."""
    app.register_error_handler(Problem, lambda problem: problem.response())
    app.register_error_handler(errors.SopError, _sop_error)
    app.register_error_handler(ValidationError, lambda error: of_validation(error).response())
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _sop_error(error: errors.SopError) -> Response:
    if error.detail_for_operator:
        log.warning("request_refused", error=type(error).__name__, detail=error.detail_for_operator, request_id=g.get("request_id"))
    return of_error(error).response()


def _http_error(error: HTTPException) -> Response:
    if isinstance(error, RequestRedirect) or (error.response is not None and error.code is None):
        return Response(status=error.code or 500, headers=dict(error.get_headers()))
    slug = _BY_STATUS.get(error.code or 500, "internal")
    if slug == "not-found":
        return not_found().response()
    problem = Problem(slug, _WORDS.get(slug, KINDS[slug].title + "."))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After", "Content-Range", "Accept"}:
            problem.headers[name] = value
    return problem.response()


_WORDS: dict[str, str] = {
    "bad-request": "The body, a header or the query cannot be read.",
    "method-not-allowed": "See the Allow header for what can be done under this address.",
    "too-large": "The body is larger than this address takes.",
    "unsupported-media-type": "Send the body as application/json.",
}


def _unexpected(error: Exception) -> Response:
    log.error("request_failed", path=request.url_rule.rule if request.url_rule else None, request_id=g.get("request_id"), exc_info=error)
    return Problem(
        "internal", f"It is not your fault. Tell the operator the number {g.get('request_id', 'none')}, which stands in the log."
    ).response()

"""Routes of the REST API, declared once: who may call them, what they take, what they answer. The OpenAPI document is read from the same words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

from flask import Blueprint, Response, json, request
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from plugin.domain.errors import Conflict, Invalid
from plugin.services import idempotency
from plugin.services.caller import Role, Scope
from plugin.web.access import Access, Check, access
from plugin.web.bodies import MAX_BODY_BYTES, read_body, read_query
from plugin.web.context import caller, deps
from plugin.web.errors import Problem

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
PREFIX = "/api/v1"
KEY_HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What the API description says of one route. ``answers`` is the type of a JSON answer, ``content`` another media type.

    ``takes`` is the media type of a body that is not JSON.
    """

    method: Method
    rule: str
    summary: str
    tag: str
    access: Access
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answers: Any = None
    content: str | None = None
    status: int = 200
    once: bool = False
    headers: tuple[str, ...] = ()
    needs_headers: tuple[str, ...] = ()
    takes: str | None = None


class Api:
    """One resource of the API: a blueprint whose routes are declared with :meth:`route`."""

    def __init__(self, name: str, tag: str) -> None:
        self.blueprint = Blueprint(f"api-{name}", __name__, url_prefix=PREFIX)
        self.tag = tag
        self.specs: list[Spec] = []

    def route(
        self,
        method: Method,
        rule: str,
        summary: str,
        *,
        check: Check = "caller",
        role: Role = "reader",
        tickets: bool = True,
        unbound: bool = False,
        csrf: bool = True,
        scope: Scope | None = None,
        body: type[BaseModel] | None = None,
        body_bytes: int = MAX_BODY_BYTES,
        query: type[BaseModel] | None = None,
        answers: Any = None,
        content: str | None = None,
        status: int = 200,
        once: bool = False,
        headers: Sequence[str] = (),
        needs_headers: Sequence[str] = (),
        takes: str | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """The view is called with the parts of the path and, where declared, ``body`` and ``query``; it returns a value, None (204) or a Response.

        ``once``: a POST that may be repeated with the same ``Idempotency-Key`` and then acts once.
        """
        allowed = Access(check=check, role=role, tickets=tickets, unbound=unbound, csrf=csrf, scope=scope)
        spec = Spec(
            method=method, rule=rule, summary=summary, tag=self.tag, access=allowed, body=body, query=query, answers=answers, content=content,
            status=status, once=once, headers=tuple(headers), needs_headers=tuple(needs_headers), takes=takes,
        )  # fmt: skip

        def declare(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def run(**arguments: Any) -> Response:
                if body is not None:
                    arguments["body"] = read_body(body, body_bytes)
                if query is not None:
                    arguments["query"] = read_query(query)

                def work() -> Response:
                    return to_response(view(**arguments), status)

                return acting_once(work, arguments.get("body")) if once else work()

            self.specs.append(spec)
            self.blueprint.add_url_rule(rule, f"{method.lower()}_{view.__name__}", access(allowed)(run), methods=[method])
            return run

        return declare


def to_response(value: Any, status: int = 200) -> Response:
    """None is 204; a Response stays; anything else becomes JSON."""
    if isinstance(value, Response):
        return value
    if value is None:
        return Response(status=204)
    return Response(json.dumps(to_jsonable_python(value), separators=(",", ":")), status=status, content_type="application/json")


def acting_once(work: Callable[[], Response], body: BaseModel | None) -> Response:
    """Runs ``work``; with an ``Idempotency-Key`` the first answer is kept and given again, marked by ``Idempotency-Replayed: true``.

    Another request under the same key is a problem 422; one that comes while the first still runs is a 409 with ``Retry-After``. A request that fails
    keeps nothing, so that it can be repeated.
    """
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return work()
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise Problem("bad-header", f"{KEY_HEADER} must be 1 to 255 printable ASCII characters.")
    sent = "" if body is None else body.model_dump_json()
    fingerprint = hashlib.sha256(f"{request.method}\n{request.full_path}\n{sent}".encode()).hexdigest()
    try:
        kept = idempotency.begin(deps(), caller(), key=key, fingerprint=fingerprint)
    except Conflict as error:
        raise Problem("conflict", error.message_for_user, headers={"Retry-After": "1"}) from None
    except Invalid as error:
        raise Problem("invalid", error.message_for_user) from None
    if kept is not None:
        again = to_response(kept.body, kept.status)
        again.headers["Idempotency-Replayed"] = "true"
        return again
    try:
        answer = work()
    except BaseException:
        idempotency.forget(deps(), caller(), key=key)
        raise
    idempotency.finish(deps(), caller(), key=key, answer=idempotency.Answer(status=answer.status_code, body=answer.get_json(silent=True)))
    return answer


def etag_of(response_value: Any, etag: str, status: int = 200) -> Response:
    """JSON with an ETag, for what can be edited under If-Match."""
    answer = to_response(response_value, status)
    answer.set_etag(etag)
    return answer


def required_etag() -> str:
    """The version that the client has seen. Raises Problem 428 where it does not say."""
    tags = request.if_match
    if tags.star_tag or len(tags.as_set()) != 1:
        raise Problem("precondition-required", "Send If-Match with the ETag of the revision that you started from.")
    return next(iter(tags.as_set()))

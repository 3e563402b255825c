"""Calls to Notion: the SDK as transport, with our own pacing and retries around it (the SDK's are off, they repeat the wrong things).

Reads and writes that are harmless twice are repeated after 429, 529, 5xx and lost answers. A write that is not raises Doubtful instead:
Notion may have saved it and still answered 503. Waits over ``longest_wait_s`` are not slept but raised as ``Retry(after_s)``.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import requests
from notion_client import Client
from notion_client.errors import HTTPResponseError, RequestTimeoutError

from connectors.breaker import Breaker
from connectors.errors import Retry
from connectors.notion import failures
from connectors.notion.failures import Collision, Doubtful
from connectors.notion.pace import Pace
from connectors.notion.settings import Settings
from connectors.transport import Door, Limits, retry_after_s

VERSION = "2026-03-11"
TRIES = 6
log = logging.getLogger("connectors.notion")
_sdk_log = logging.getLogger("connectors.notion.sdk")


class _Answered(Exception):
    def __init__(self, answer: requests.Response) -> None:
        self.answer = answer


class _DoorTransport(httpx.BaseTransport):
    """Sends the SDK's requests through the connectors' one HTTP door (checked addresses, no redirects, limits in bytes and seconds)."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length", "accept-encoding")}
        try:
            answer = self._door.request(
                request.method,
                str(request.url),
                data=request.read() or None,
                headers=headers,
                reads=request.method == "GET" or request.url.path.endswith(("/query", "/search")),
            )
        except _Answered as answered:
            answer = answered.answer
        except Retry as error:
            raise httpx.TransportError(error.detail_for_operator) from error
        kept = {k: v for k, v in answer.headers.items() if k.lower() in ("content-type", "retry-after")}
        return httpx.Response(answer.status_code, headers=kept, content=answer.content, request=request)


def _hand_back(answer: requests.Response) -> None:
    if answer.status_code >= 400:
        raise _Answered(answer)


class Api:
    """``call`` and friends return Notion's JSON object. ``requests`` and ``writes`` count what left this machine.

    ``renew`` is given a token that Notion refused and answers another one, or None where there is none (an internal connection's token).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = lambda: random.uniform(0.7, 1.3),  # noqa: S311 - spreads retries, guards nothing
        breaker: Breaker | None = None,
    ) -> None:
        limits = Limits(tries=1, read_s=65.0, answer_s=120.0)
        door = Door(
            settings.url,
            connector=failures.NAME,
            allow_private=settings.allow_private_addresses,
            limits=limits,
            sleep=sleep,
            monotonic=monotonic,
            now=now,
            observe=_hand_back,
        )
        self.door, self._token = door, settings.token.get_secret_value()
        self._client = self._opened()
        self.renew: Callable[[str], str | None] | None = None
        self._breaker = breaker  # not the door's: what was not sent must not count as a doubtful write
        self._settings, self._sleep, self._now, self._jitter = settings, sleep, now, jitter
        self._pace = Pace(settings.requests_per_minute, monotonic=monotonic, sleep=sleep)
        self.requests = self.writes = 0

    def _opened(self) -> Client:
        return Client(
            auth=self._token,
            base_url=self.door.base,
            notion_version=VERSION,
            retry=False,
            logger=_sdk_log,
            log_level=logging.CRITICAL,
            client=httpx.Client(transport=_DoorTransport(self.door)),
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self.call("GET", path, query={k: v for k, v in query.items() if v is not None}, again=True)

    def query(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A POST that only reads."""
        return self.call("POST", path, body=body, again=True, reads=True)

    def create(self, path: str, body: Mapping[str, Any], method: str = "POST") -> dict[str, Any]:
        """A write that must not be done twice; raises Doubtful where its outcome is unknown."""
        return self.call(method, path, body=body, again=False)

    def change(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A PATCH that leaves the same state when done twice."""
        return self.call("PATCH", path, body=body, again=True)

    def listed(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every item of a paged list; only ``has_more: false`` is its end."""
        cursor: str | None = None
        while True:
            answer = self.get(path, page_size=100, start_cursor=cursor, **query)
            yield from answer["results"]
            cursor = answer.get("next_cursor")
            if not answer.get("has_more") or not cursor:
                return

    def found(self, source: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every row of a data source query."""
        asked = {"page_size": 100, **body}
        while True:
            answer = self.query(f"data_sources/{source}/query", asked)
            yield from answer["results"]
            if not answer.get("has_more") or not answer.get("next_cursor"):
                return
            asked = {**asked, "start_cursor": answer["next_cursor"]}

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        again: bool,
        reads: bool | None = None,
    ) -> dict[str, Any]:
        """One call with its repetitions; see the module."""
        operation = f"{method} {path.split('/')[0]}"
        reads = method == "GET" if reads is None else reads
        for attempt in range(1, TRIES + 1):
            if self._breaker is not None:
                self._breaker.before(operation)
            self._pace.wait()
            self.requests += 1
            self.writes += not reads
            try:
                answer = self._client.request(
                    path=path, method=method, query=dict(query or {}), body=_json(body), form_data=dict(form) if form else None
                )
                if not isinstance(answer, dict) or "object" not in answer:
                    raise ValueError("not an object of Notion's")
            except HTTPResponseError as error:
                self._note(failed=error.status in failures.BROKEN)
                if error.status == 401 and self._renewed():
                    continue
                wait_s = self._judge(error, operation, attempt, again=again)
            except (httpx.HTTPError, RequestTimeoutError, ValueError, RecursionError) as error:
                self._note(failed=True)
                lost = Retry(
                    "Notion cannot be reached, or its answer was cut off.",
                    after_s=60.0,
                    connector=failures.NAME,
                    operation=operation,
                    detail_for_operator=type(error).__name__,
                )
                if not again:
                    raise Doubtful(lost) from error
                if attempt == TRIES:
                    raise lost from error
                wait_s = self._backoff(attempt)
            else:
                self._note(failed=False)
                return answer
            self._sleep(wait_s)
        raise AssertionError("unreachable")

    def _note(self, *, failed: bool) -> None:
        if self._breaker is not None:
            (self._breaker.failed if failed else self._breaker.worked)()

    def _judge(self, error: HTTPResponseError, operation: str, attempt: int, *, again: bool) -> float:
        """Seconds until the next try; raises what ends the call."""
        code, additional = _error_body(error)
        asked = retry_after_s(error.headers, self._now())
        if asked is None and str(additional.get("retry_after", "")).isdigit():
            asked = float(additional["retry_after"])
        wait_s = self._backoff(attempt) if asked is None else asked * 1.0 + self._jitter() - 0.7
        failure = failures.error(
            error.status, code, str(error), additional, operation, after_s=max(wait_s, 30.0) if asked is None else asked
        )
        longest_s = self._settings.longest_wait_s + 1
        if error.status in failures.BUSY and isinstance(failure, Retry):
            self._pace.park(min(wait_s, longest_s))  # a longer wait is the caller's, who may hold no worker for it
        elif error.status in failures.BROKEN:
            if not again:
                raise Doubtful(failure, additional.get("committed_resource_id")) from None
        elif error.status == 409 and isinstance(failure, Retry):
            raise Collision(failure) from None
        if not isinstance(failure, Retry) or attempt == TRIES or wait_s > longest_s:
            raise failure from None
        return wait_s

    def _renewed(self) -> bool:
        """Whether there is another token now. One that is refused did nothing, so the call may be made again."""
        fresh = self.renew(self._token) if self.renew is not None else None
        if fresh is None or fresh == self._token:
            return False
        self._token = fresh
        self._client = self._opened()
        return True

    def _backoff(self, attempt: int) -> float:
        return float(min(2 ** (attempt - 1), 16) * self._jitter())


def _json(body: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if body is None else dict(body)


def _error_body(error: HTTPResponseError) -> tuple[str, Mapping[str, Any]]:
    """``(code, additional_data)``; read from the text, because the SDK does not know every code."""
    try:
        body = json.loads(error.body)
    except (ValueError, RecursionError):
        return "", {}
    if not isinstance(body, dict):
        return "", {}
    additional = body.get("additional_data")
    return str(body.get("code") or ""), additional if isinstance(additional, dict) else {}

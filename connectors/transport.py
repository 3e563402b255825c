"""The one HTTP door of the connectors. Knows HTTP, pacing and retries; no target's words.

A :class:`Door` is a requests session for one connection (never shared: a session carries its credential):

- it talks to its own origin only, at addresses checked by :mod:`connectors.addresses`, and follows no redirect;
- each answer has a limit in bytes and in seconds, headers included;
- it tries again only what cannot do harm twice: 429 for any method, transport errors and 5xx for reads and for calls that are named
  idempotent. Waits over ``short_wait_s`` are not slept but handed up as ``Retry(after_s)``, so that no worker stands still;
- where it has a breaker, a target that does not answer is left alone for a while;
- it counts requests and writes (:meth:`Door.tally`).

Errors: Retry (busy, broken or lost answer), Reject (answer too large, or it leads elsewhere). Other statuses are returned for the
connector's own table.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from connectors import addresses
from connectors.breaker import Breaker
from connectors.errors import Reject, Retry
from connectors.pinned import PinnedAdapter, SlowAnswer

log = logging.getLogger(__name__)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one call may cost. ``answer_s`` runs from the first byte sent to the last byte read."""

    connect_s: float = 10.0
    read_s: float = 30.0
    answer_s: float = 120.0
    answer_bytes: int = 32 * 1024 * 1024
    tries: int = 4
    short_wait_s: float = 10.0
    requests_per_s: float | None = None


@dataclass(slots=True)
class Tally:
    """Requests that left this machine, and those of them that may have changed something."""

    requests: int = 0
    writes: int = 0


_tallies: ContextVar[tuple[Tally, ...]] = ContextVar("tallies", default=())


class Door(requests.Session):
    """See the module. ``observe`` sees each answer (for a target's own budget headers) and may raise Retry."""

    def __init__(
        self,
        base: str,
        *,
        connector: str,
        allow_private: bool = False,
        limits: Limits | None = None,
        ca_file: str | None = None,
        lookup: addresses.Resolve = addresses.resolve,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = lambda: random.uniform(0.7, 1.3),  # noqa: S311  spreads retries, guards nothing
        observe: Callable[[requests.Response], None] | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        super().__init__()
        parts = addresses.base_url(base, allow_private=allow_private)
        self.base = base.strip().rstrip("/")
        self.connector = connector
        self.limits = limits or Limits()
        self.trust_env = False  # neither proxies nor .netrc credentials of the machine may slip into a customer's connection
        self.verify = ca_file or True
        self._origin = (parts.scheme, parts.hostname, parts.port)
        self._sleep, self._monotonic, self._now, self._jitter = sleep, monotonic, now, jitter
        self._observe = observe
        self.breaker = breaker
        self._pace, self._next_at = threading.Lock(), 0.0
        adapter = PinnedAdapter(allow_private=allow_private, lookup=lookup, headers_s=self.limits.answer_s)
        self.adapters.clear()
        self.mount(f"{parts.scheme}://", adapter)

    def __repr__(self) -> str:
        return f"Door({self.connector}, {self.base})"

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: an answer cannot send us anywhere."""

    @contextmanager
    def tally(self) -> Iterator[Tally]:
        """Counts what the current context sends; may be nested."""
        tally = Tally()
        token = _tallies.set((*_tallies.get(), tally))
        try:
            yield tally
        finally:
            _tallies.reset(token)

    def request(  # type: ignore[override]  # narrower on purpose: redirects, proxies, certificates and time limits are the door's own
        self,
        method: str,
        url: str,
        *,
        idempotent: bool | None = None,
        reads: bool | None = None,
        operation: str = "",
        **kwargs: Any,
    ) -> requests.Response:
        """One call with its retries. ``url`` is absolute or relative to the base.

        ``idempotent`` says that sending it twice is harmless (default: only for GET, HEAD, OPTIONS); ``reads`` that it changes
        nothing although it is a POST. A streamed body is sent once only, unless ``data`` is a function that gives it anew.
        """
        method = method.upper()
        reads = method in SAFE if reads is None else reads
        again = reads if idempotent is None else idempotent
        if not url.startswith(("http://", "https://")):
            url = f"{self.base}/{url.lstrip('/')}"
        self._same_origin(url, operation)
        for name in ("timeout", "verify", "proxies", "cert", "allow_redirects", "stream"):
            kwargs.pop(name, None)
        body = kwargs.pop("data", None)
        if hasattr(body, "read"):
            again = False
        for attempt in range(1, self.limits.tries + 1):
            last = attempt == self.limits.tries or hasattr(body, "read")
            if self.breaker is not None:
                self.breaker.before(operation)
            try:
                answer = self._once(method, url, reads, operation, {**kwargs, "data": body() if callable(body) else body})
            except (requests.RequestException, HTTPError, OSError) as error:
                self._note(failed=True)
                self._unreachable(error, operation, final=last or not again)
                self._wait(self._backoff(attempt))
                continue
            self._note(failed=answer.status_code >= 500)
            wait_s = self._busy(answer, attempt, again)
            if wait_s is None:
                return answer
            if last or wait_s > self.limits.short_wait_s:
                raise self._retry(f"The service is busy (HTTP {answer.status_code}).", wait_s, operation)
            self._wait(wait_s)
        raise AssertionError("unreachable")

    def _note(self, *, failed: bool) -> None:
        if self.breaker is not None:
            (self.breaker.failed if failed else self.breaker.worked)()

    def _once(self, method: str, url: str, reads: bool, operation: str, kwargs: dict[str, Any]) -> requests.Response:
        self._paced()
        for tally in _tallies.get():
            tally.requests += 1
            tally.writes += not reads
        started = self._monotonic()
        timeout = (self.limits.connect_s, self.limits.read_s)
        answer = super().request(method, url, timeout=timeout, allow_redirects=False, stream=True, **kwargs)
        try:
            body = self._body(answer, started, operation)
        finally:
            answer.close()
        answer._content = body  # noqa: SLF001  requests offers no other way to hand over a body that was read under limits
        answer._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001  same
        log.debug("connector_http", extra={"connector": self.connector, "operation": operation, "status": answer.status_code})
        if self._observe is not None:
            self._observe(answer)
        return answer

    def _body(self, answer: requests.Response, started: float, operation: str) -> bytes:
        body = bytearray()
        while True:
            piece = answer.raw.read1(CHUNK_BYTES, decode_content=True)
            if not piece:
                break
            body += piece
            if len(body) > self.limits.answer_bytes:
                raise self._reject("The service sent an answer that is too large.", "answer", operation)
            if self._monotonic() - started > self.limits.answer_s:
                raise SlowAnswer("the answer took too long")
        promised = answer.headers.get("Content-Length", "")
        if (
            promised.isdigit()
            and "Content-Encoding" not in answer.headers
            and answer.request.method != "HEAD"
            and len(body) < int(promised)
        ):
            raise requests.ConnectionError("the answer was cut off")
        return bytes(body)

    def _busy(self, answer: requests.Response, attempt: int, again: bool) -> float | None:
        """Seconds to wait, or None where the answer is final."""
        asked = retry_after_s(answer.headers, self._now())
        if answer.status_code == 429:
            return self._backoff(attempt) if asked is None else asked
        if answer.status_code in (500, 502, 503, 504, 529):
            wait = self._backoff(attempt) if asked is None else asked
            # A write may have been carried out all the same: only the connector can look, in a new attempt.
            return wait if again else max(wait, self.limits.short_wait_s + 1)
        return None

    def _unreachable(self, error: Exception, operation: str, *, final: bool) -> None:
        if isinstance(error, addresses.PrivateAddress) or isinstance(_cause(error), addresses.PrivateAddress):
            raise self._reject("The address leads into a private network, which the operator has not allowed.", "url", operation) from error
        if final:
            # The class alone: the text of such errors can hold the address with its query.
            raise self._retry("The service cannot be reached.", 30.0, operation, type(_cause(error) or error).__name__) from error

    def _backoff(self, attempt: int) -> float:
        return float(min(2 ** (attempt - 1), 8) * self._jitter())

    def _wait(self, seconds: float) -> None:
        self._sleep(seconds)

    def _paced(self) -> None:
        if not self.limits.requests_per_s:
            return
        with self._pace:
            now = self._monotonic()
            at = max(now, self._next_at)
            self._next_at = at + 1 / self.limits.requests_per_s
        if at > now:
            self._sleep(at - now)

    def _same_origin(self, url: str, operation: str) -> None:
        parts = urlsplit(url)
        if (parts.scheme, parts.hostname, parts.port) != self._origin or parts.username is not None:
            raise self._reject("The service's answer leads to another address; it was not followed.", "url", operation)

    def _retry(self, message: str, after_s: float, operation: str, detail: str = "") -> Retry:
        return Retry(message, after_s=after_s, connector=self.connector, operation=operation, detail_for_operator=detail)

    def _reject(self, message: str, path: str, operation: str) -> Reject:
        return Reject(message, path=path, reason=message, connector=self.connector, operation=operation)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds of a ``Retry-After`` header (seconds or a date); None where there is none or it makes no sense."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), 24 * 3600.0) if seconds == seconds else None


def parsed(answer: requests.Response, *, connector: str, operation: str) -> Any:
    """The JSON of a 2xx answer; Retry where it is no JSON, because a cut or foreign answer says nothing about what was done."""
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        kind = answer.headers.get("Content-Type", "nothing").split(";")[0]
        raise Retry(
            "The service answered with something that is not data, for example a sign-in or maintenance page.",
            after_s=60.0,
            connector=connector,
            operation=operation,
            detail_for_operator=f"HTTP {answer.status_code}, {kind}, {len(answer.content)} bytes",
        ) from error


def _cause(error: BaseException) -> BaseException | None:
    """The innermost reason; requests and urllib3 wrap theirs into arguments."""
    seen: BaseException | None = error
    while seen is not None:
        inner = getattr(seen, "reason", None) or next((a for a in seen.args if isinstance(a, BaseException)), None) or seen.__cause__
        if not isinstance(inner, BaseException):
            return seen
        seen = inner
    return None


__all__ = ["Door", "Limits", "Tally", "parsed", "retry_after_s"]

"""Fetches a large file from an address that somebody else gave: to disk, through checked addresses. A credential goes to the first of them only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from connectors import addresses
from connectors.errors import Gone, Misconfigured, Reject, Retry
from connectors.pinned import PinnedAdapter
from connectors.transport import retry_after_s

HOPS = 4
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """``alive`` is called with the fraction received (0 where the size is not known) and may raise to stop. ``longest_s`` for the whole file.

    ``authorization`` is the header's value for the origin of the address that was asked for; no other one, where it may lead, hears of it.
    """

    most_bytes: int
    allow_private: bool
    alive: Callable[[float], None] = lambda _: None
    authorization: str | None = None
    lookup: addresses.Resolve = addresses.resolve
    connect_s: float = 10.0
    read_s: float = 60.0
    longest_s: float = 3 * 3600.0


def fetch(url: str, path: Path, how: Fetching) -> int:
    """Writes the file to ``path``; its size. Redirects are followed, each hop checked.

    Raises Gone (not there any more, or the link has expired), Reject (too large, or an address that must not be asked; ``path`` names which),
    Retry (busy, cut off), OSError (``path`` cannot be written).
    """
    with _opened(url, how) as answer, path.open("wb") as file:
        promised = answer.headers.get("Content-Length", "")
        size = int(promised) if promised.isdigit() else None
        if size is not None and size > how.most_bytes:
            raise _too_large(how)
        received, started = 0, time.monotonic()
        for chunk in _chunks(answer):
            received += len(chunk)
            if received > how.most_bytes:
                raise _too_large(how)
            file.write(chunk)
            how.alive(min(1.0, received / size) if size else 0.0)
            if time.monotonic() - started > how.longest_s:
                raise Retry("The file comes too slowly.", after_s=600.0, operation="download")
    if size is not None and received != size:
        raise Retry("The file was cut off on its way.", after_s=30.0, operation="download")
    return received


@contextmanager
def _opened(url: str, how: Fetching) -> Iterator[requests.Response]:
    with requests.Session() as session:
        session.trust_env = False
        session.adapters.clear()
        for scheme in ("https://", "http://") if how.allow_private else ("https://",):
            session.mount(scheme, PinnedAdapter(allow_private=how.allow_private, lookup=how.lookup, headers_s=how.read_s))
        origin = urlsplit(url)[:2]
        for _ in range(HOPS):
            ours = how.authorization is not None and urlsplit(url)[:2] == origin
            answer = _asked(session, url, how, {"Authorization": str(how.authorization)} if ours else {})
            if answer.status_code not in (301, 302, 303, 307, 308):
                _check(answer, renewable=ours)
                yield answer
                return
            url = urljoin(url, answer.headers.get("Location", ""))
            answer.close()
    raise _unusable("The link leads from address to address without giving a file.")


def _asked(session: requests.Session, url: str, how: Fetching, headers: Mapping[str, str]) -> requests.Response:
    try:
        parts = urlsplit(url)
        if parts.scheme == "http" and not how.allow_private:
            raise _unusable("The link must begin with https://.")
        bare = parts._replace(query="", fragment="").geturl()
        addresses.base_url(bare, allow_private=how.allow_private)
    except Misconfigured as error:
        raise _unusable(error.message_for_user) from None
    except ValueError:
        raise _unusable("This is not a web address.") from None
    try:
        return session.get(
            url,
            headers={"Accept-Encoding": "identity", **headers},
            stream=True,
            allow_redirects=False,
            timeout=(how.connect_s, how.read_s),
        )
    except addresses.PrivateAddress:
        raise _private() from None
    except (requests.RequestException, HTTPError, OSError) as error:
        if _is_private(error):
            raise _private() from None
        raise _cut(error) from None


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_content(CHUNK_BYTES)
    except (requests.RequestException, HTTPError) as error:
        raise _cut(error) from None


def _check(answer: requests.Response, *, renewable: bool) -> None:
    """``renewable``: a refusal of our credential says nothing about the file; the next attempt has another one."""
    if answer.status_code == 200:
        return
    if answer.status_code in (400, 401, 403, 404, 410) and not (renewable and answer.status_code == 401):
        raise Gone(
            "The file is no longer at its address, or the link has expired.",
            operation="download",
            detail_for_operator=f"HTTP {answer.status_code}",
        )
    asked = retry_after_s(answer.headers, datetime.now(UTC))
    raise Retry(
        "The file cannot be had at the moment.",
        after_s=asked or 60.0,
        operation="download",
        detail_for_operator=f"HTTP {answer.status_code}",
    )


def _is_private(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, addresses.PrivateAddress) or any(isinstance(a, addresses.PrivateAddress) for a in error.args):
            return True
        error = error.__cause__ or error.__context__
    return False


def _cut(error: Exception) -> Retry:
    return Retry("The file's address cannot be reached.", after_s=60.0, operation="download", detail_for_operator=type(error).__name__)


def _private() -> Reject:
    return _unusable("The link points into a private network, which the operator has not allowed.")


def _unusable(message: str) -> Reject:
    return Reject(message, path="url", reason=message, operation="download")


def _too_large(how: Fetching) -> Reject:
    message = f"The file is larger than a recording may be ({how.most_bytes // 2**20} MiB)."
    return Reject(message, path="size", reason=message, operation="download")

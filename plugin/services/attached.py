"""A recording that is attached to a Confluence page: asked for by a person, fetched by a worker, then taken in like any other.

The bytes come through the site's connection. Confluence answers with the address of another host, which gets no credential; every address on the way
is checked before it is connected to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urljoin, urlsplit

import requests
import structlog
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from urllib3.exceptions import HTTPError

from connectors import addresses
from connectors.errors import AuthFailed, Misconfigured
from connectors.pinned import PinnedAdapter
from connectors.transport import retry_after_s
from plugin.domain.errors import Exhausted, Forbidden, UnusableRecording
from plugin.services import connections, intake, people
from plugin.services.caller import Caller, system
from plugin.services.deps import Deps
from plugin.services.installations import Site
from plugin.services.intake import Wishes
from plugin.services.visitors import Video
from plugin.store import jobs, tables
from plugin.store.jobs import Claimed

log = structlog.get_logger(__name__)

HOPS = 4
CHUNK_BYTES = 1024 * 1024
CONNECT_S, READ_S, LONGEST_S = 10.0, 60.0, 3 * 3600.0
AGAIN_AFTER_S = 30.0
TRIES = 20


def ask(deps: Deps, caller: Caller, site: Site, *, page_id: str, video: Video, wishes: Wishes) -> str:
    """The id of the job that fetches it; the same one while it waits or runs. The caller has been seen to see the video. Raises Exhausted, Forbidden."""
    caller.require("author")
    if (video.size_bytes or 0) > deps.settings.max_upload_bytes:
        raise Exhausted("This video is larger than a recording may be.")
    payload = {
        "connection_id": site.connection_id, "page_id": page_id, "attachment_id": video.id, "filename": video.name,
        "title": wishes.title, "language": wishes.language, "area": wishes.area, "sop_id": wishes.sop_id,
    }  # fmt: skip
    with deps.database.begin() as session:
        same = (tables.Job.workspace_id == caller.workspace_id, tables.Job.kind == "fetch", tables.Job.created_by == caller.person_id)
        for waiting in session.query(tables.Job).filter(*same, tables.Job.state.in_(("queued", "running"))):
            if waiting.payload == payload:
                return waiting.id
        job = tables.Job(
            id=deps.new_id("job"), workspace_id=caller.workspace_id, kind="fetch", state="queued", payload=payload, sop_id=wishes.sop_id,
            created_by=caller.person_id, created_at=deps.clock(),
        )  # fmt: skip
        session.add(job)
    deps.queue.wake(job.id)
    return job.id


def run(deps: Deps, job: Claimed, *, alive: Callable[[], None]) -> None:
    """Ends the job with the recording and, through it, the job that works on it."""
    person = people.person(deps, system(job.workspace_id), job.created_by or "")
    if not person.active:
        raise Forbidden("Who asked for this has been deactivated.")
    caller = Caller(workspace_id=job.workspace_id, person_id=person.id, role=person.role, name=person.name, via="system")
    path = deps.settings.data_dir / "work" / job.id / "attachment"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        try:
            _fetch(deps, job, path, alive)
        except Exhausted as error:
            if job.failures + 1 < TRIES:
                raise
            raise UnusableRecording("not-fetched", f"{error.message_for_user} After {TRIES} attempts it is given up.") from None
        wishes = Wishes(**{name: job.payload.get(name) for name in ("title", "language", "area", "sop_id")})
        accepted = intake.accept(deps, caller, path=path, filename=str(job.payload.get("filename") or "recording"), wishes=wishes)
    finally:
        path.unlink(missing_ok=True)
    values = {"recording_id": accepted.recording_id, "sop_id": accepted.sop_id or job.sop_id}
    deps.database.run(lambda session: jobs.end(session, job, "done", now=deps.clock(), fraction=1.0, **values))


def _fetch(deps: Deps, job: Claimed, path: Path, alive: Callable[[], None]) -> None:
    try:
        _, settings = connections.with_credential(deps, job.workspace_id, str(job.payload["connection_id"]))
    except (AuthFailed, Misconfigured) as error:
        raise Exhausted(error.message_for_user, retry_after_s=3600.0) from None
    base, token = settings.base, settings.token.get_secret_value()  # type: ignore[attr-defined]  # of the Confluence connector
    page, attachment = (quote(str(job.payload[name]), safe="") for name in ("page_id", "attachment_id"))
    url = f"{base}/rest/api/content/{page}/child/attachment/{attachment}/download"
    told = 0.0
    with _opened(deps, url, f"Bearer {token}") as (answer, size_bytes), path.open("wb") as file:
        received = 0
        for chunk in _chunks(answer):
            received += len(chunk)
            if received > deps.settings.max_upload_bytes:
                raise UnusableRecording("too-large", "This video is larger than a recording may be.")
            _keep(file, chunk)
            alive()
            fraction = min(0.99, received / size_bytes) if size_bytes else 0.0
            if fraction - told >= 0.02:
                told = fraction
                _tell(deps, job, fraction)
    if size_bytes is not None and received != size_bytes:
        raise Exhausted("The video was cut off on its way. It is fetched again.", retry_after_s=AGAIN_AFTER_S)


def _keep(file: BinaryIO, chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        raise Exhausted("There is no space for the video on the server at the moment.", detail_for_operator=str(error.strerror)) from None


def _tell(deps: Deps, job: Claimed, fraction: float) -> None:
    deps.database.run(
        lambda session: jobs.progress(session, job, stage="fetch", stages={"fetch": fraction}, fraction=fraction, seconds_left=None)
    )


@contextmanager
def _opened(deps: Deps, url: str, credential: str) -> Iterator[tuple[requests.Response, int | None]]:
    """The answer that holds the bytes, and how many it promises. Raises UnusableRecording (it is not there), Exhausted (not now)."""
    allow_private = deps.settings.allow_private_addresses
    origin = urlsplit(url)[:2]
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", PinnedAdapter(allow_private=allow_private, lookup=addresses.resolve, headers_s=READ_S))
        if not allow_private:
            session.adapters.pop("http://")  # nothing travels readable
        else:
            session.mount("http://", PinnedAdapter(allow_private=allow_private, lookup=addresses.resolve, headers_s=READ_S))
        try:
            for _hop in range(HOPS):
                headers = {"Authorization": credential} if urlsplit(url)[:2] == origin else {}
                headers["Accept-Encoding"] = "identity"
                answer = session.get(url, headers=headers, stream=True, allow_redirects=False, timeout=(CONNECT_S, READ_S))
                if answer.status_code not in (301, 302, 303, 307, 308):
                    _checked(answer)
                    promised = answer.headers.get("Content-Length", "")
                    yield answer, int(promised) if promised.isdigit() else None
                    return
                url = urljoin(url, answer.headers.get("Location", ""))
                answer.close()
        except (InvalidSchema, InvalidURL, MissingSchema):
            raise UnusableRecording("not-reachable", "Confluence sent us to an address that is not followed.") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            log.warning("video_not_fetched", error=type(error).__name__)
            if _leads_inside(error):
                raise UnusableRecording(
                    "not-reachable", "Confluence sent us to an address inside a private network; it was not followed."
                ) from None
            raise Exhausted("The video could not be fetched from Confluence. It is tried again.", retry_after_s=AGAIN_AFTER_S) from None
    raise UnusableRecording("not-reachable", "Confluence sent us from address to address without giving the video.")


def _leads_inside(error: BaseException) -> bool:
    """Whether the guard of addresses is at the bottom of it; the libraries wrap what it raises."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, addresses.PrivateAddress):
            return True
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return False


def _checked(answer: requests.Response) -> None:
    if answer.status_code == 200:
        return
    if answer.status_code in (400, 403, 404, 410):
        raise UnusableRecording("not-there", "The video is no longer on the page, or the app may not see it.")
    asked = retry_after_s(answer.headers, datetime.now(UTC))
    raise Exhausted("Confluence does not give the video at the moment. It is tried again.", retry_after_s=asked or AGAIN_AFTER_S)


def _chunks(answer: requests.Response) -> Iterator[Any]:
    started = time.monotonic()
    for chunk in answer.iter_content(CHUNK_BYTES):
        if time.monotonic() - started > LONGEST_S:
            raise requests.Timeout
        yield chunk

"""A recording that is attached to a Confluence page: asked for by a person, fetched by a worker, then taken in like any other.

The bytes come through the site's connection. Confluence answers with the address of another host, which gets no credential; every address on the way
is checked before it is connected to.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import structlog

from connectors.download import Fetching, fetch
from connectors.errors import AuthFailed, Gone, Misconfigured, Reject, Retry
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
    how = Fetching(
        most_bytes=deps.settings.max_upload_bytes,
        allow_private=deps.settings.allow_private_addresses,
        authorization=f"Bearer {token}",
        alive=_teller(deps, job, alive),
    )
    try:
        fetch(f"{base}/rest/api/content/{page}/child/attachment/{attachment}/download", path, how)
    except Gone:
        raise UnusableRecording("not-there", "The video is no longer on the page, or the app may not see it.") from None
    except Reject as error:
        if error.path == "size":
            raise UnusableRecording("too-large", "This video is larger than a recording may be.") from None
        raise UnusableRecording(
            "not-reachable", f"Confluence sent us to an address that is not followed. {error.message_for_user}"
        ) from None
    except Retry as error:
        log.warning("video_not_fetched", detail=error.detail_for_operator)
        words = "The video could not be fetched from Confluence. It is tried again."
        raise Exhausted(words, retry_after_s=max(error.after_s, AGAIN_AFTER_S), detail_for_operator=error.detail_for_operator) from None
    except OSError as error:
        raise Exhausted("There is no space for the video on the server at the moment.", detail_for_operator=str(error.strerror)) from None


def _teller(deps: Deps, job: Claimed, alive: Callable[[], None]) -> Callable[[float], None]:
    """Keeps the lease with every piece, and tells people every fiftieth of the way."""
    told = 0.0

    def tell(fraction: float) -> None:
        nonlocal told
        alive()
        fraction = min(0.99, fraction)
        if fraction - told >= 0.02:
            told = fraction
            deps.database.run(
                lambda session: jobs.progress(session, job, stage="fetch", stages={"fetch": told}, fraction=told, seconds_left=None)
            )

    return tell

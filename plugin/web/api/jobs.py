"""Jobs: how far one is, by asking or by server-sent events; cancelling, retrying."""

from __future__ import annotations

import time
from typing import Any

from flask import Response
from pydantic import Field

from plugin.domain.job import JobState
from plugin.services import jobs as jobs_service
from plugin.services.jobs import JobView
from plugin.web import events
from plugin.web.answers import Listing, listing
from plugin.web.api.common import Paging
from plugin.web.bodies import Query
from plugin.web.context import caller, deps
from plugin.web.routing import Api

api = Api("jobs", "Jobs")


class JobQuery(Paging):
    state: JobState | None = None


class EventQuery(Query):
    seconds: float = Field(
        events.LONGEST_S, gt=0, le=events.LONGEST_S, description="The stream ends after this; clients connect again by themselves."
    )


@api.route("GET", "/jobs", "Jobs, newest first", query=JobQuery, answers=Listing[JobView])
def list_jobs(query: JobQuery) -> Any:
    return listing(jobs_service.jobs(deps(), caller(), state=query.state, cursor=query.cursor, limit=query.capped))


@api.route("GET", "/jobs/<job_id>", "One job: stage, fraction, seconds left, first steps", answers=JobView)
def job(job_id: str) -> Any:
    return jobs_service.job(deps(), caller(), job_id)


@api.route("GET", "/jobs/<job_id>/events", "The same as a stream of server-sent events", query=EventQuery, content="text/event-stream")
def stream(job_id: str, query: EventQuery) -> Response:
    known_deps, known_caller = deps(), caller()

    def read() -> JobView:
        return jobs_service.job(known_deps, known_caller, job_id)

    first = read()
    frames = events.of_job(first, read, lasts_s=query.seconds, monotonic=time.monotonic, sleep=time.sleep)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(frames, content_type="text/event-stream; charset=utf-8", headers=headers)


@api.route("POST", "/jobs/<job_id>/cancel", "Cancel a job", role="author", answers=JobView, once=True)
def cancel(job_id: str) -> Any:
    return jobs_service.cancel(deps(), caller(), job_id)


@api.route("POST", "/jobs/<job_id>/retry", "Try a failed, parked or cancelled job again", role="author", answers=JobView, once=True)
def retry(job_id: str) -> Any:
    return jobs_service.retry(deps(), caller(), job_id)

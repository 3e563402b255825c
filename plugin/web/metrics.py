"""Figures of the web role for Prometheus. Labels are route patterns and status codes, never ids, so their number stays small."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass

from flask import Flask, Request, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

from plugin.settings import Settings

EXTENSION = "sopwright-metrics"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFigures:
    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram


def install(app: Flask) -> None:
    registry = CollectorRegistry()
    figures = HttpFigures(
        registry=registry,
        requests=Counter("sopwright_http_requests_total", "Answered requests", ["method", "route", "status"], registry=registry),
        seconds=Histogram(
            "sopwright_http_request_seconds", "Time until an answer began", ["method", "route"], buckets=_SECONDS, registry=registry
        ),
    )
    app.extensions[EXTENSION] = figures
    app.before_request(_begin)
    app.after_request(lambda response: _count(figures, response))


def of(app: Flask) -> CollectorRegistry:
    """The registry of this process."""
    figures: HttpFigures = app.extensions[EXTENSION]
    return figures.registry


def may_read(settings: Settings, asking: Request) -> bool:
    token = settings.metrics_token.get_secret_value()
    if token:
        given = asking.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    forwarded = any(name in asking.headers for name in ("X-Forwarded-For", "Forwarded", "Via"))
    return asking.remote_addr in {"127.0.0.1", "::1"} and not forwarded


def _begin() -> None:
    g.began = time.perf_counter()


def _count(figures: HttpFigures, response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else "none"
    figures.requests.labels(request.method, route, str(response.status_code)).inc()
    if "began" in g:
        figures.seconds.labels(request.method, route).observe(time.perf_counter() - g.began)
    return response

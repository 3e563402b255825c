"""Headers that go with every answer: what a browser must not do with it, and what may be kept. A view may say something stricter or its own."""

from __future__ import annotations

from flask import Flask, Response, g, request

from plugin.web.context import deps

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "display-capture=(self), microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HSTS = "max-age=31536000; includeSubDomains"
_CORS_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range, Tus-Resumable, Upload-Checksum, Upload-Defer-Length, Upload-Length, "
    "Upload-Metadata, Upload-Offset, X-HTTP-Method-Override"
)
_CORS_EXPOSED = (
    "Content-Range, ETag, Idempotency-Replayed, Location, Retry-After, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Expires, "
    "Upload-Length, Upload-Metadata, Upload-Offset, X-Clip-Begins"
)
API = "/api/v1/"


def install(app: Flask) -> None:
    app.after_request(_harden)


def is_preflight() -> bool:
    """A browser asks before a component in a foreign page sends a ticket; it never carries one itself."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers and request.path.startswith(API)


def preflight() -> Response:
    """The answer to :func:`is_preflight`: any origin may send a ticket, none may send cookies."""
    return Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
            "Access-Control-Allow-Headers": _CORS_HEADERS,
            "Access-Control-Max-Age": "7200",
        },
    )


def _harden(response: Response) -> Response:
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    if response.status_code in (204, 304):
        response.headers.pop("Content-Type", None)  # there is nothing that could have a type
    if "Set-Cookie" in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if deps().settings.base_url.startswith("https://"):
        response.headers["Strict-Transport-Security"] = _HSTS
    response.headers["X-Request-Id"] = g.get("request_id", "none")
    if "Origin" in request.headers and request.path.startswith(API):
        _share(response)
    return response


def _share(response: Response) -> None:
    """CORS for what was reached without a cookie: a preflight, an answer to a bearer, and the refusal of one, which the component must be able to read.

    ``Access-Control-Allow-Credentials`` is never sent, so a browser never lets a foreign page read what a cookie opened.
    """
    if is_preflight() or "Authorization" in request.headers:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = _CORS_EXPOSED
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"

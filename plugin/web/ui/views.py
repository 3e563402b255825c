"""The pages: thin shells around the components. What they show comes from the REST API, as the signed-in person may see it."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, render_template, request

from plugin.web.access import open_to_all

_ROOM = Path(__file__).parent
_STATIC = _ROOM / "static"
_COMPRESSIBLE = {".js", ".css", ".json", ".svg"}

# address -> (module that fills the page, key of its title in the catalogue)
PAGES: dict[str, tuple[str, str]] = {
    "/": ("library", "page.library"),
    "/signin": ("signin", "page.signin"),
    "/new": ("new", "page.new"),
    "/jobs": ("jobs", "page.jobs"),
    "/jobs/<job_id>": ("job", "page.job"),
    "/sops/<sop_id>": ("sop", "page.sop"),
    "/sops/<sop_id>/edit": ("edit", "page.edit"),
    "/sops/<sop_id>/compare": ("compare", "page.compare"),
    "/sops/<sop_id>/publish": ("publish", "page.publish"),
    "/review": ("review", "page.review"),
    "/reviews": ("reviews", "page.reviews"),
    "/templates": ("templates", "page.templates"),
    "/templates/<name>": ("template", "page.templates"),
    "/admin": ("admin", "page.admin"),
    "/admin/<section>": ("admin", "page.admin"),
}


def blueprint() -> Blueprint:
    """The pages of :data:`PAGES` and their static files below ``/ui/<digest of all files>/``, which may be cached for ever."""
    ui = Blueprint("ui", __name__, template_folder="templates")
    ui.add_url_rule("/ui/<version>/<path:name>", "static_file", open_to_all(_static_file))
    for rule, (module, title) in PAGES.items():
        ui.add_url_rule(rule, f"{module}:{rule}".replace(".", "-"), _page(module, title))
    ui.add_app_template_global(_t, "t")
    ui.add_app_template_global(static_url, "static_url")
    ui.after_app_request(_as_page)
    return ui


def _as_page(response: Response) -> Response:
    """A problem that a browser navigated into becomes a page; it shows only words of the catalogue, never what failed inside."""
    navigating = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if response.mimetype != "application/problem+json" or not navigating or request.path.startswith("/api/"):
        return response
    status = response.status_code
    known = status if f"error-page.{status}.title" in _catalogue() else 500
    response.set_data(render_template("error.html", status=status, key=f"error-page.{known}"))
    response.mimetype = "text/html"
    return response


def static_url(name: str) -> str:
    """The address of a static file; changes when any of them changes, because the modules import each other relatively."""
    return f"/ui/{_version()}/{name}"


def _page(module: str, title: str) -> Callable[..., str]:
    def view(**parameters: str) -> str:
        return render_template(
            "page.html", module=module, title=title, parameters=parameters, section=request.path.strip("/").split("/")[0]
        )

    # A shell holds nothing of a workspace: what it shows comes from the API, with the person's own rights.
    return open_to_all(view)


def _static_file(version: str, name: str) -> Response:
    packed = _files().get(name)
    if packed is None:
        abort(404)
    raw, zipped = packed
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"
    as_zip = zipped is not None and "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(zipped if as_zip else raw, mimetype=kind)
    if as_zip:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    # An old page may ask by an old digest while a new version rolls out: answered, but not kept.
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if version == _version() else "no-cache"
    # The components are made to be loaded by a foreign page; they hold no secret.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@cache
def _files() -> dict[str, tuple[bytes, bytes | None]]:
    """Every static file in memory, with its gzip form where that is smaller."""
    files = {}
    for path in sorted(_STATIC.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            zipped = gzip.compress(raw, 9, mtime=0) if path.suffix in _COMPRESSIBLE else None
            files[path.relative_to(_STATIC).as_posix()] = (raw, zipped)
    return files


@cache
def _version() -> str:
    digest = hashlib.sha256()
    for name, (raw, _) in _files().items():
        digest.update(name.encode() + b"\0" + raw)
    return digest.hexdigest()[:12]


@cache
def _catalogue() -> dict[str, str]:
    catalogue: dict[str, str] = json.loads((_STATIC / "strings.en.json").read_text(encoding="utf-8"))
    return catalogue


def _t(key: str, **values: Any) -> str:
    text = _catalogue()[key].split("|")[0]
    return text.format_map({name: str(value) for name, value in values.items()}) if values else text

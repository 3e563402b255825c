"""A finished SOP as files that anyone can read: Markdown, and one self-contained HTML page."""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from plugin.domain.sop import Sop, Step

ReadImage = Callable[[str], bytes]
"""The bytes of a picture by its path in the document; raises FileNotFoundError."""


def to_markdown(sop: Sop) -> str:
    """CommonMark with front matter; pictures by their relative paths."""
    return _environment().get_template("sop.md.jinja").render(sop=sop)


def to_html(sop: Sop, read_image: ReadImage) -> str:
    """One page without any reference to the outside: pictures and style are inside, scripts there are none."""
    return _environment().get_template("sop.html.jinja").render(sop=sop, picture=lambda path: _data_url(path, read_image(path)))


def clock(seconds: float) -> str:
    """``83.2`` as ``1:23``, ``3723`` as ``1:02:03``."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def basis_of(step: Step) -> str:
    """The weakest way in which a filled field of the step is known: edited and said and shown count more than inferred."""
    bases = set(step.evidence.basis.values()) if step.evidence else set()
    return next((b for b in ("inferred", "said", "shown", "edited") if b in bases), "")


def fence(text: str) -> str:
    """A code fence longer than any run of backticks in ``text``."""
    longest = max((len(run) for run in text.replace("\n", " ").split() if set(run) == {"`"}), default=0)
    return "`" * max(3, longest + 1)


def coded(text: str) -> Markup:
    """Commands between backticks as code, everything escaped."""
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("plugin.export"),
        autoescape=select_autoescape(enabled_extensions=("html.jinja",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(clock=clock, coded=coded, basis=basis_of, fence=fence, yaml=_yaml_text)
    return environment


def _yaml_text(value: object) -> str:
    # A JSON string is a YAML string, with everything escaped that could end it.
    return json.dumps(value, ensure_ascii=False)


def _data_url(path: str, content: bytes) -> str:
    media_type = mimetypes.guess_type(Path(path).name)[0] or "image/png"
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"

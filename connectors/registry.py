"""Finds a connector by its name. Built-in ones by dotted path, others by the entry point group ``sopwright.connectors``.

A connector package exposes ``connect(settings, *, state) -> Connector``: ``settings`` is its own pydantic model (``Settings`` in the same
package, which also drives forms, docs and masking), ``state`` a folder of its own for journals.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType

from connectors.errors import Misconfigured

BUILT_IN = {
    "confluence": "connectors.confluence",
    "filesystem": "connectors.filesystem",
    "notion": "connectors.notion",
}
GROUP = "sopwright.connectors"


def names() -> list[str]:
    return sorted({*BUILT_IN, *(e.name for e in entry_points(group=GROUP))})


def package(name: str) -> ModuleType:
    """The connector's package, imported on first use; raises Misconfigured for an unknown name."""
    if name in BUILT_IN:
        return import_module(BUILT_IN[name])
    for entry in entry_points(group=GROUP, name=name):
        return import_module(entry.module)
    raise Misconfigured("target", f"There is no connector named {name!r}. Known: {', '.join(names())}.")

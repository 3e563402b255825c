"""Notion's published OpenAPI document as a judge of every request, and the limits that it does not state."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

MAX_BLOCKS, MAX_BODY_BYTES = 1000, 500 * 1024


def shared_folder() -> Path | None:
    """Where the published specifications lie; None where they are not there (a plain checkout)."""
    here = Path(__file__).resolve().parents[4]
    for candidate in (os.environ.get("SOPWRIGHT_SHARED"), here.parent / "shared"):
        if candidate and (Path(candidate) / "specs" / "notion").is_dir():
            return Path(candidate)
    return None


@cache
def specification() -> Specification | None:
    """The judge, read once; None without the published document."""
    folder = shared_folder()
    if folder is None:
        return None
    return Specification(json.loads(next((folder / "specs" / "notion").glob("openapi-*.json")).read_text(encoding="utf-8")))


class Specification:
    """``judge`` answers the first thing that is wrong with a request, or None."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._validators: dict[tuple[str, str], Any] = {}
        self._paths = [
            (method.upper(), re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path)
            for path, operations in document["paths"].items()
            for method in operations
        ]

    def judge(self, method: str, path: str, query: Mapping[str, str], body: Any) -> str | None:
        found = next((template for verb, pattern, template in self._paths if verb == method and pattern.match(path)), None)
        if found is None:
            return "Invalid request URL."
        operation = self._document["paths"][found][method.lower()]
        allowed = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "query"}
        if unknown := set(query) - allowed:
            return f"query failed validation: {', '.join(sorted(unknown))} should be not present."
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or body is None:
            return None if body is None or content is not None else "body should be not present."
        if found not in self._validators or (method, found) not in self._validators:
            schema = {**content["schema"], "components": self._document["components"]}
            self._validators[method, found] = jsonschema_rs.validator_for(schema)
        validator = self._validators[method, found]
        if not validator.is_valid(body):
            error = next(validator.iter_errors(body))
            return f"body failed validation: {'.'.join(map(str, error.instance_path))}: {error.message[:300]}"
        return _limits(body)


def _limits(body: Any) -> str | None:
    blocks = sum(1 for _ in _blocks(body))
    if blocks > MAX_BLOCKS:
        return f"body failed validation: block elements should be ≤ `{MAX_BLOCKS}`, instead was `{blocks}`."
    size = len(json.dumps(body, ensure_ascii=False).encode())
    if size > MAX_BODY_BYTES:
        return f"body failed validation: payload should be ≤ 500KB, instead was {size}."
    for url in _urls(body):
        if len(url) > 2000:
            return "body failed validation: url.length should be ≤ `2000`."
    return None


def _blocks(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "children" and isinstance(item, list):
                yield from item
            yield from _blocks(item)
    elif isinstance(value, list):
        for item in value:
            yield from _blocks(item)


def _urls(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "url" and isinstance(item, str):
                yield item
            else:
                yield from _urls(item)
    elif isinstance(value, list):
        for item in value:
            yield from _urls(item)

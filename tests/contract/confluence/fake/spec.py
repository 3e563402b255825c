"""The published OpenAPI documents of Confluence Cloud (v1 and v2) as a judge of every request and of every answer.

The documents lack ``nullable`` where real answers hold null (a root page's parent, an attachment's media description, a space's icon and
description); those fields may be null here as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.shared import folder

V2 = "/wiki/api/v2"
# Fields that are null in recorded answers although the documents say otherwise.
NULL = frozenset({"parentId", "parentType", "mediaTypeDescription", "icon", "description", "lastOwnerId", "ncsStepVersion"})
JSON = "application/json"


def specs() -> Path | None:
    """Where the published documents lie; None where they are not there (a plain checkout)."""
    found = folder()
    path = found / "specs" / "confluence" if found else None
    return path if path is not None and path.is_dir() else None


@cache
def specification() -> Specification | None:
    """The judge, read once; None without the published documents."""
    path = specs()
    if path is None:
        return None
    return Specification(
        *(
            Document(json.loads((path / f"confluence-{v}.openapi.json").read_text("utf-8")), prefix)
            for v, prefix in (("v2", V2), ("v1", ""))
        )
    )


class Document:
    """One OpenAPI document; its paths stand below ``prefix``."""

    def __init__(self, raw: Mapping[str, Any], prefix: str) -> None:
        self.raw = _as_json_schema(raw)
        self.validators: dict[tuple[str, ...], Any] = {}
        # Literal paths before those with parameters.
        self.paths = [
            (re.compile("^" + re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(prefix + template)) + "$"), template)
            for template in sorted(self.raw["paths"], key=lambda t: t.count("{"))
        ]

    def operation(self, method: str, path: str) -> tuple[str, Mapping[str, Any]] | None:
        for pattern, template in self.paths:
            operation = self.raw["paths"][template].get(method.lower()) if pattern.match(path) else None
            if operation is not None:
                return template, operation
        return None

    def resolved(self, value: Any) -> Any:
        while isinstance(value, dict) and "$ref" in value:
            at: Any = self.raw
            for part in value["$ref"].removeprefix("#/").split("/"):
                at = at[part.replace("~1", "/")]
            value = at
        return value

    def wrong(self, name: tuple[str, ...], schema: Any, value: Any) -> str | None:
        if name not in self.validators:
            self.validators[name] = jsonschema_rs.validator_for({**schema, "components": self.raw["components"]})
        validator = self.validators[name]
        if validator.is_valid(value):
            return None
        error = next(validator.iter_errors(value))
        return f"{'.'.join(map(str, error.instance_path)) or 'body'}: {error.message[:300]}"

    def fields(self, schema: Any) -> set[str] | None:
        """The names that an object may have; None where any."""
        schema = self.resolved(schema)
        inner = [*schema.get("allOf", ()), *schema.get("anyOf", ())]
        names = set(schema.get("properties", ()))
        for part in inner:
            names |= self.fields(part) or set()
        return names or None


class Specification:
    """``request`` and ``answer`` say the first thing that is wrong, or None."""

    def __init__(self, *documents: Document) -> None:
        self._documents = documents

    def scopes(self, method: str, path: str) -> list[frozenset[str]]:
        """The sets of OAuth scopes any of which opens an operation."""
        for document in self._documents:
            if found := document.operation(method, path):
                return [frozenset(one["scopes"]) for one in found[1].get("x-atlassian-oauth2-scopes", ())]
        return []

    def request(self, method: str, path: str, query: Iterable[tuple[str, str]], body: Any, parts: Iterable[str] | None) -> str | None:
        """``parts`` are the names of a multipart form's fields, None for JSON."""
        document, template, operation = self._find(method, path)
        if document is None:
            return "no such operation"
        item = document.raw["paths"][template]
        known = {p["name"]: p for p in map(document.resolved, [*item.get("parameters", ()), *operation.get("parameters", ())])}
        if wrong := _wrong_query(document, known, list(query)):
            return wrong
        wanted = document.resolved(operation.get("requestBody") or {}).get("content")
        if parts is not None:
            form = (wanted or {}).get("multipart/form-data")
            if form is None:
                return "no form is expected here"
            missing = set(form["schema"].get("required", ())) - set(parts)
            unknown = set(parts) - set(form["schema"]["properties"])
            return f"form fields missing {missing} unknown {unknown}" if missing or unknown else None
        if wanted is None or JSON not in wanted:
            return None if body is None else "no body is expected here"
        if body is None:
            return "the body is missing"
        schema = wanted[JSON]["schema"]
        allowed = document.fields(schema)
        if isinstance(body, dict) and allowed is not None and (more := set(body) - allowed):
            return f"unknown fields {sorted(more)}"
        return document.wrong((method, template, "request"), schema, body)

    def answer(self, method: str, path: str, status: int, body: Any) -> str | None:
        document, template, operation = self._find(method, path)
        if document is None:
            return None
        found = document.resolved(operation["responses"].get(str(status)))
        if found is None:
            # Neither document tells of 409, 410, 429 and 5xx, yet all of them happen.
            return None if status >= 400 else f"status {status} is not foreseen"
        schema = (found.get("content") or {}).get(JSON, {}).get("schema")
        return None if not schema else document.wrong((method, template, str(status)), schema, body)

    def _find(self, method: str, path: str) -> tuple[Any, str, Any]:
        for document in self._documents:
            found = document.operation(method, path)
            if found is not None:
                return document, *found
        return None, "", {}


def _wrong_query(document: Document, known: Mapping[str, Any], query: list[tuple[str, str]]) -> str | None:
    given: dict[str, list[str]] = {}
    for name, value in query:
        given.setdefault(name, []).append(value)
    for name, parameter in known.items():
        if parameter["in"] == "query" and parameter.get("required") and name not in given:
            return f"query {name} is missing"
    for name, values in given.items():
        if name not in known or known[name]["in"] != "query":
            return f"query {name} is unknown"
        schema = document.resolved(known[name]["schema"])
        kind = schema.get("type")
        if kind == "array":
            inner = document.resolved(schema.get("items", {}))
            value: Any = [_typed(v, inner.get("type")) for one in values for v in one.split(",")]
        elif len(values) > 1:
            return f"query {name} is given twice"
        else:
            value = _typed(values[0], kind)
        if wrong := document.wrong(("query", name, json.dumps(schema, sort_keys=True)), schema, value):
            return f"query {name}: {wrong}"
    return None


def _typed(value: str, kind: Any) -> Any:
    if kind == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _as_json_schema(value: Any, name: str = "") -> Any:
    """OpenAPI 3.0 as JSON Schema: ``nullable`` becomes a type, the fields of :data:`NULL` may be null, and ``oneOf`` (whose branches overlap
    for each body that was ever recorded) means one at least."""
    if isinstance(value, list):
        return [_as_json_schema(v) for v in value]
    if not isinstance(value, dict):
        return value
    result = {
        ("anyOf" if k == "oneOf" else k): _as_json_schema(v, k)
        for k, v in value.items()
        if k not in ("example", "examples", "xml", "discriminator")
    }
    if name == "properties":
        for field in NULL & result.keys():
            result[field] = {"anyOf": [result[field], {"type": "null"}]}
    if result.pop("nullable", False):
        inner = dict(result)
        result = {"anyOf": [inner, {"type": "null"}]}
    return result

"""The OpenAPI 3.1 document, read from the declared routes and the types of their bodies and answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from plugin.web.errors import KINDS, PROBLEM_JSON
from plugin.web.routing import KEY_HEADER, PREFIX, Spec

_REF = "#/components/schemas/{model}"
_VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")
_PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457). `type` is `/problems/<slug>`; programs may rely on it.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "enum": [f"/problems/{slug}" for slug in KINDS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The request's number, which stands in the operator's log."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def document(specs: Iterable[Spec], version: str) -> dict[str, Any]:
    """The whole document, routes in the order of their declaration."""
    declared = tuple(specs)
    schemas = _Schemas(declared)
    paths: dict[str, dict[str, Any]] = {}
    for spec in declared:
        path = _VARIABLE.sub(r"{\2}", PREFIX + spec.rule)
        paths.setdefault(path, {})[spec.method.lower()] = _operation(spec, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SOPwright",
            "version": version,
            "summary": "Recordings in, Standard Operating Procedures out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(spec.tag for spec in declared)],
        "security": [{"bearer": []}, {"session": [], "csrf": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas.definitions, "Problem": _PROBLEM},
            "responses": {
                "Problem": {
                    "description": "What went wrong",
                    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API token or a ticket."},
                "session": {"type": "apiKey", "in": "cookie", "name": "sopwright_session"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


class _Schemas:
    """JSON schemas of all bodies and answers, with shared definitions."""

    def __init__(self, specs: tuple[Spec, ...]) -> None:
        kinds = list(dict.fromkeys(s.answers for s in specs if s.answers is not None))
        models = list(dict.fromkeys(s.body for s in specs if s.body is not None))
        inputs: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
            *((kind, "serialization", TypeAdapter(kind)) for kind in kinds),
            *((model, "validation", TypeAdapter(model)) for model in models),
        ]
        self._found, shared = TypeAdapter.json_schemas(inputs, ref_template=_REF)
        self.definitions: dict[str, Any] = shared.get("$defs", {})

    def answer(self, kind: Any) -> dict[str, Any]:
        return self._found[kind, "serialization"]

    def body(self, model: type[BaseModel]) -> dict[str, Any]:
        return self._found[model, "validation"]


def _operation(spec: Spec, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{spec.method.lower()}{_VARIABLE.sub(lambda m: f'-by-{m[2]}', spec.rule).replace('/', '-').replace('.', '-')}",
        "tags": [spec.tag],
        "summary": spec.summary,
        "parameters": [*_path_parameters(spec), *_query_parameters(spec), *_header_parameters(spec)],
        "responses": {**_success(spec, schemas), "default": {"$ref": "#/components/responses/Problem"}},
    }
    if spec.access.check != "caller":
        operation["security"] = []
    else:
        operation["description"] = f"Needs the role {'viewer' if spec.access.role == 'reader' else spec.access.role} or more." + (
            "" if spec.access.tickets else " Not with a ticket."
        )
    if spec.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas.body(spec.body)}}}
    elif spec.takes is not None:
        operation["requestBody"] = {"required": True, "content": {spec.takes: {"schema": {"type": "string", "format": "binary"}}}}
    return operation


def _success(spec: Spec, schemas: _Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done"}
    if spec.answers is not None:
        answer["content"] = {"application/json": {"schema": schemas.answer(spec.answers)}}
    elif spec.content is not None:
        answer["content"] = {spec.content: {"schema": {"type": "string", "format": "binary"}}}
    responses: dict[str, Any] = {str(spec.status): answer}
    if "Range" in spec.headers:
        responses["206"] = {**answer, "description": "One part"}
    if {"If-None-Match", "Range"}.intersection(spec.headers):
        responses["304"] = {"description": "You have it already"}
    return responses


def _path_parameters(spec: Spec) -> list[dict[str, Any]]:
    kinds = {"int": {"type": "integer", "minimum": 0}}
    return [
        {"name": name, "in": "path", "required": True, "schema": kinds.get(kind, {"type": "string", "minLength": 1})}
        for kind, name in _VARIABLE.findall(spec.rule)
    ]


def _query_parameters(spec: Spec) -> list[dict[str, Any]]:
    if spec.query is None:
        return []
    schema = spec.query.model_json_schema(ref_template=_REF)
    required = set(schema.get("required", ()))
    parameters = []
    for name, value in schema.get("properties", {}).items():
        described = {k: v for k, v in value.items() if k not in {"title", "description"}}
        parameters.append(
            {"name": name, "in": "query", "required": name in required, "schema": described, "description": value.get("description", "")}
        )
    return parameters


def _header_parameters(spec: Spec) -> list[dict[str, Any]]:
    needed = [(name, True) for name in spec.needs_headers]
    optional = [(name, False) for name in (*spec.headers, *([KEY_HEADER] if spec.once else []))]
    return [{"name": name, "in": "header", "required": required, "schema": {"type": "string"}} for name, required in (*needed, *optional)]

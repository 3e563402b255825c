"""Sop <-> JSON document, one codec for every frozen dataclass of the domain.

Reading is tolerant of unknown fields (they are dropped: fields may be added by later versions) and strict about types.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from plugin.domain.errors import InvalidDocument
from plugin.domain.sop import SCHEMA, Sop

T = TypeVar("T")


def to_document(sop: Sop) -> dict[str, Any]:
    """The JSON form, with the keys in the order of the contract."""
    document = encode(sop)
    return {"schema": document.pop("schema"), **document}


def from_document(document: Mapping[str, Any]) -> Sop:
    """Raises InvalidDocument with a JSON pointer to the first value that does not fit."""
    schema = document.get("schema", SCHEMA)
    if schema != SCHEMA:
        raise InvalidDocument("/schema", f"expected {SCHEMA}, found {schema!r}")
    return decode(Sop, document)


def digest(sop: Sop) -> str:
    """SHA-256 over the content that a reader sees; ids, revision number, evidence and provenance left out."""
    document = to_document(sop)
    for key in ("id", "revision", "provenance"):
        document.pop(key)
    if not document["sections"]:
        document.pop("sections")  # as before there were any: what was approved and published stays so
    for step in document["steps"]:
        step.pop("evidence")
        step.pop("confidence")
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def encode(value: Any) -> Any:
    """Plain JSON values of a dataclass, recursively; tuples become lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [encode(v) for v in value]
    if isinstance(value, Mapping):
        return {k: encode(v) for k, v in value.items()}
    return value


def decode(kind: type[T], value: Any, path: str = "") -> T:
    """The inverse of :func:`encode` for a dataclass ``kind``; raises InvalidDocument."""
    return typing.cast(T, _decode(kind, value, path))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode(kind: Any, value: Any, path: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(typing.get_args(kind), value, path)
    if origin is typing.Literal:
        return _expect(value in typing.get_args(kind), value, path, f"one of {', '.join(map(str, typing.get_args(kind)))}")
    if origin is tuple:
        return _decode_tuple(typing.get_args(kind), value, path)
    if origin is dict:
        _expect(isinstance(value, Mapping), value, path, "an object")
        value_kind = typing.get_args(kind)[1]
        return {str(k): _decode(value_kind, v, f"{path}/{k}") for k, v in value.items()}
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(typing.cast(type, kind), value, path)
    if kind is float:
        _expect(isinstance(value, (int, float)) and not isinstance(value, bool), value, path, "a number")
        return float(value)
    if kind is int:
        return _expect(isinstance(value, int) and not isinstance(value, bool), value, path, "a whole number")
    return _expect(isinstance(value, kind), value, path, {str: "a text", bool: "true or false"}.get(kind, str(kind)))


def _decode_union(kinds: tuple[Any, ...], value: Any, path: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    return _decode(next(k for k in kinds if k is not type(None)), value, path)


def _decode_tuple(kinds: tuple[Any, ...], value: Any, path: str) -> tuple[Any, ...]:
    _expect(isinstance(value, (list, tuple)), value, path, "a list")
    if kinds[-1] is Ellipsis:
        return tuple(_decode(kinds[0], v, f"{path}/{i}") for i, v in enumerate(value))
    _expect(len(value) == len(kinds), value, path, f"{len(kinds)} values")
    return tuple(_decode(k, v, f"{path}/{i}") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))


def _decode_dataclass(kind: type, value: Any, path: str) -> Any:
    _expect(isinstance(value, Mapping), value, path, "an object")
    hints, arguments = _hints(kind), {}
    for f in dataclasses.fields(kind):
        if f.name in value:
            arguments[f.name] = _decode(hints[f.name], value[f.name], f"{path}/{f.name}")
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise InvalidDocument(f"{path}/{f.name}", "is missing")
    return kind(**arguments)


def _expect(holds: bool, value: Any, path: str, wanted: str) -> Any:
    if not holds:
        raise InvalidDocument(path, f"expected {wanted}, found {type(value).__name__}")
    return value

"""Reading bodies and queries: strict JSON with limits before anything is built of it, then a pydantic model."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.exceptions import ClientDisconnected

from plugin.web.errors import Problem, of_validation

MAX_BODY_BYTES = 2 * 2**20
MAX_DEPTH = 32
M = TypeVar("M", bound=BaseModel)


class Body(BaseModel):
    """What clients send. Unknown members are refused: a misspelt one would be lost without a word, a planted one must not act."""

    model_config = ConfigDict(extra="forbid", str_max_length=20_000, hide_input_in_errors=True)


class Query(BaseModel):
    """The query part of an address; every value comes as text."""

    model_config = ConfigDict(extra="forbid", str_max_length=500, hide_input_in_errors=True)


def read_body(model: type[M], limit_bytes: int = MAX_BODY_BYTES) -> M:
    """The JSON body as ``model``. Raises Problem: 415 for another form, 413 for a large one, 400 for what is no JSON, 422 for wrong values."""
    if request.mimetype != "application/json":
        raise Problem("unsupported-media-type", "Send the body as application/json.", headers={"Accept": "application/json"})
    request.max_content_length = limit_bytes
    try:
        data = request.get_data(cache=False)
    except ClientDisconnected:
        raise Problem("bad-request", "The body ended early.") from None
    try:
        return model.model_validate(parse_json(data))
    except ValidationError as error:
        raise of_validation(error) from None


def read_query(model: type[M]) -> M:
    """Raises Problem 422. A name that is given twice is refused."""
    values = request.args.to_dict(flat=False)
    for name, given in values.items():
        if len(given) > 1:
            raise Problem("invalid", f"{name[:60]} is given more than once.")
    try:
        return model.model_validate({name: given[0] for name, given in values.items()})
    except ValidationError as error:
        raise of_validation(error) from None


def parse_json(data: bytes) -> Any:
    """Strict JSON: one meaning only (no doubled names, no NaN, no numbers beyond a double) and at most MAX_DEPTH levels. Raises Problem 400."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_single, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise _unreadable(f"it is nested deeper than {MAX_DEPTH} levels") from None
    except UnicodeDecodeError:
        raise _unreadable("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError:
        raise _unreadable("it holds a number that is too long") from None
    if _too_deep(value):
        raise _unreadable(f"it is nested deeper than {MAX_DEPTH} levels")
    return value


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for node in level if isinstance(node, (dict, list)) for child in (node.values() if isinstance(node, dict) else node)]
        if not level:
            return False
    return True


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _unreadable("a name stands twice in one object")
    if any(_surrogate(name) for name in found) or any(isinstance(v, str) and _surrogate(v) for v in found.values()):
        raise _unreadable("it holds half of a character (a lone surrogate)")
    return found


def _surrogate(text: str) -> bool:
    # isascii is a flag of the string, so only texts that may hold one are looked through.
    return not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)


def _no_constant(name: str) -> NoReturn:
    raise _unreadable(f"{name} is no JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _unreadable("a number is too large")
    return number


def _unreadable(why: str) -> Problem:
    return Problem("bad-request", f"The body is not readable JSON: {why}.")

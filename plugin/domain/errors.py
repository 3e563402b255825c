"""The errors of the service, named by what the caller does next.

SopError
  InvalidDocument(path)     a document does not fit the schema             -> show the place, keep what is stored
  UnusableRecording(reason) nothing can be made of this file               -> tell the person, no retry
  NotFound                  unknown id, or one of another workspace        -> 404, the same words for both
  Conflict                  somebody else wrote first                      -> show both, let a person choose
  Forbidden                 known, but not allowed                         -> 403
  Invalid                   a value that a person gave                     -> 422 beside the field
  Exhausted                 disk, quota or rate limit                      -> 507/429, try later, nothing lost

``message_for_user`` may be shown to anyone; ``detail_for_operator`` goes to the log. Neither may hold a secret.
"""

from __future__ import annotations

from typing import Any


class SopError(Exception):
    """Something a person can act on."""

    def __init__(self, message_for_user: str, *, detail_for_operator: str = "") -> None:
        super().__init__(message_for_user)
        self.message_for_user = message_for_user
        self.detail_for_operator = detail_for_operator

    def __reduce__(self) -> tuple[Any, ...]:
        # Subclasses take other arguments than Exception keeps, so pickling between processes goes by state.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[SopError], args: tuple[Any, ...], state: dict[str, Any]) -> SopError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidDocument(SopError):
    """``path`` is a JSON pointer to the value that does not fit."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"The SOP document is not valid at {path or '/'}: {reason}")
        self.path = path
        self.reason = reason


class UnusableRecording(SopError):
    """The recording cannot be used; ``reason`` is a constant word for programs (e.g. ``not-a-video``)."""

    def __init__(self, reason: str, message_for_user: str, *, detail_for_operator: str = "") -> None:
        super().__init__(message_for_user, detail_for_operator=detail_for_operator)
        self.reason = reason


class NotFound(SopError):
    """Nothing of that id is visible to the caller."""


class Conflict(SopError):
    """The state changed since the caller read it."""


class Forbidden(SopError):
    """The caller is known but may not do this."""


class Invalid(SopError):
    """A value given by a person is not acceptable; ``field`` names it."""

    def __init__(self, field: str, message_for_user: str) -> None:
        super().__init__(message_for_user)
        self.field = field


class Exhausted(SopError):
    """A limit of space, quota or rate; ``retry_after_s`` where known."""

    def __init__(self, message_for_user: str, *, retry_after_s: float | None = None, detail_for_operator: str = "") -> None:
        super().__init__(message_for_user, detail_for_operator=detail_for_operator)
        self.retry_after_s = retry_after_s

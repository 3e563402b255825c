"""What can go wrong at a target, named by what the caller does next.

ConnectorError(message_for_user, detail_for_operator, connector, operation, remote_id)
  Retry(after_s)                                 busy, 429, 5xx, timeout       -> seconds: waited in the transport; longer: a new attempt
  AuthFailed                                     401, revoked, missing scope   -> pause the connection, tell its owner once
  Conflict(remote_version, edited_by, edited_at, clashes) somebody else wrote  -> a person chooses per block
  Gone                                           deleted, purged, unshared     -> close the publication, tell the owner, never re-create
  Reject(path, reason)                           content or request refused    -> shown at the step it came from, no retry
  Unsupported(block)                             cannot be expressed here      -> listed as a degradation, never dropped silently
Misconfigured(setting)                           wrong settings; outside the family so that no retry loop can swallow it

No message may hold a credential or page text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.contract import Clash


class ConnectorError(Exception):
    """Something the target answered, or failed to answer."""

    def __init__(
        self,
        message_for_user: str,
        *,
        detail_for_operator: str = "",
        connector: str = "",
        operation: str = "",
        remote_id: str | None = None,
    ) -> None:
        super().__init__(message_for_user)
        self.message_for_user = message_for_user
        self.detail_for_operator = detail_for_operator
        self.connector = connector
        self.operation = operation
        self.remote_id = remote_id

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.connector, self.operation, self.remote_id)))
        detail = f" ({self.detail_for_operator})" if self.detail_for_operator else ""
        return f"{where}: {self.message_for_user}{detail}" if where else self.message_for_user + detail


class Retry(ConnectorError):
    """Try the same again, not before ``after_s`` seconds."""

    def __init__(self, message_for_user: str, *, after_s: float, **more: str | None) -> None:
        super().__init__(message_for_user, **more)  # type: ignore[arg-type]  # the keywords of the base, passed through
        self.after_s = after_s


class AuthFailed(ConnectorError):
    """The credential is not accepted, or may not do this."""


class Conflict(ConnectorError):
    """The page changed since we last wrote it, and both sides changed the same block. Nothing was written."""

    def __init__(
        self,
        message_for_user: str,
        *,
        remote_version: str,
        edited_by: str | None = None,
        edited_at: datetime | None = None,
        clashes: Sequence[Clash] = (),
        **more: str | None,
    ) -> None:
        super().__init__(message_for_user, **more)  # type: ignore[arg-type]  # the keywords of the base, passed through
        self.remote_version = remote_version
        self.edited_by = edited_by
        self.edited_at = edited_at
        self.clashes = tuple(clashes)


class Gone(ConnectorError):
    """The page or its place is no longer there for us."""


class Reject(ConnectorError):
    """The target refuses what we sent; ``path`` is the block key or field, ``reason`` its words without secrets."""

    def __init__(self, message_for_user: str, *, path: str, reason: str, **more: str | None) -> None:
        super().__init__(message_for_user, **more)  # type: ignore[arg-type]  # the keywords of the base, passed through
        self.path = path
        self.reason = reason


class Unsupported(ConnectorError):
    """A block that this target cannot show; ``block`` names its kind."""

    def __init__(self, message_for_user: str, *, block: str, **more: str | None) -> None:
        super().__init__(message_for_user, **more)  # type: ignore[arg-type]  # the keywords of the base, passed through
        self.block = block


class Misconfigured(Exception):
    """A setting is missing or wrong; ``setting`` names it, the message says what to do."""

    def __init__(self, setting: str, message_for_user: str) -> None:
        super().__init__(message_for_user)
        self.setting = setting
        self.message_for_user = message_for_user

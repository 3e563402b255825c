"""A message to one person through one channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Channel = Literal["mail", "chat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """``id`` is the same at every attempt (Message-ID). ``address`` is a mail address or an apprise address (a secret)."""

    id: str
    address: str
    subject: str
    text: str
    html: str | None = None
    unsubscribe_url: str | None = None


class Undeliverable(Exception):
    """``permanent``: this address will not work; do not try again. The message holds no address and no secret."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Notifier(Protocol):
    def send(self, message: Message) -> None:
        """Raises Undeliverable."""


Notifiers = Mapping[Channel, Notifier]

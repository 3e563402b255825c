"""Chat messages through apprise. People enter the addresses themselves, so only listed schemes are taken and private hosts are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import SplitResult, urlsplit

import apprise

from connectors.addresses import is_public, resolve
from plugin.domain.errors import Invalid
from plugin.notify.contract import Message, Undeliverable

OWN_HOST = frozenset({"mmost", "mmosts", "rocket", "rockets", "ntfy", "ntfys", "json", "jsons"})
"""Schemes whose address names the server itself; the others go to a server that apprise knows."""


class ChatNotifier:
    def __init__(
        self, schemes: Iterable[str], allow_private: bool = False, *, lookup: Callable[[str, int], Iterable[str]] = resolve
    ) -> None:
        self._schemes = frozenset(scheme.strip().lower() for scheme in schemes)
        self._allow_private = allow_private
        self._lookup = lookup

    def check(self, address: str) -> None:
        """Raises Invalid where the address is none that we would send to. Never repeats the address: it holds a secret."""
        parts = _split(address)
        scheme = parts.scheme.lower()
        if scheme not in self._schemes:
            raise Invalid("chat_url", f"Chat addresses start with one of: {', '.join(sorted(self._schemes))}.")
        if not apprise.Apprise.instantiate(address, suppress_exceptions=True):
            raise Invalid("chat_url", "This chat address is not complete; see the notes of that chat service.")
        if scheme in OWN_HOST and not self._allow_private and not self._public(parts.hostname or ""):
            raise Invalid("chat_url", "This chat address points into the private network, which is not allowed here.")

    def send(self, message: Message) -> None:
        try:
            self.check(message.address)
        except Invalid as error:
            raise Undeliverable(error.message_for_user, permanent=True) from None
        target = apprise.Apprise()
        target.add(message.address)
        if not target.notify(title=message.subject, body=message.text, body_format=apprise.NotifyFormat.TEXT):
            raise Undeliverable("the chat service did not take the message", permanent=False)

    def _public(self, host: str) -> bool:
        try:
            return all(is_public(address) for address in self._lookup(host, 443))
        except OSError:
            return False


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        raise Invalid("chat_url", "This is not a chat address.") from None

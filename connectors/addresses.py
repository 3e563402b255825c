"""Which addresses a connector may talk to. Knows sockets and URLs, no target.

A customer types the base address of a target, so it may point into our own network (SSRF), or its name may resolve to a public
address when it is checked and to a private one when it is used (DNS rebinding). Therefore the name is resolved once per connection,
every answer is checked, and the connection goes to exactly the checked address.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, urlsplit

from connectors.errors import Misconfigured

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to IP addresses; raises OSError where the name is unknown."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(OSError):
    """The name points to an address that this service must not be sent to."""


def resolve(host: str, port: int) -> list[str]:
    """All addresses of the operating system's resolver, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """False for loopback, link-local, private, shared, reserved and multicast addresses, also behind an IPv6 form of an IPv4 one."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return ip.is_global and not ip.is_multicast


def checked(host: str, port: int, *, allow_private: bool, lookup: Resolve) -> list[str]:
    """The addresses to connect to. Raises PrivateAddress if a single one of them is not public: a mixed answer is an attack."""
    addresses = list(lookup(host, port))
    if not addresses:
        raise OSError(f"{host} has no address")
    if not allow_private and not all(is_public(address) for address in addresses):
        raise PrivateAddress(f"{host} points to an address inside a private network")
    return addresses


def base_url(value: str, *, allow_private: bool, setting: str = "url") -> SplitResult:
    """The parsed address of a target, as a customer gave it; raises Misconfigured with words for the form.

    Plain http is accepted only together with private addresses, which the operator has to allow: a credential never crosses the
    internet unencrypted.
    """
    try:
        parts = urlsplit(value.strip().rstrip("/"))
        port = parts.port
    except ValueError as error:
        raise Misconfigured(setting, f"This is not a web address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured(setting, "Give the full web address, beginning with https://.")
    if parts.username is not None or parts.password is not None:
        raise Misconfigured(setting, "Leave user name and password out of the web address.")
    if parts.query or parts.fragment:
        raise Misconfigured(setting, "Give the web address without anything after ? or #.")
    if parts.scheme == "http" and not allow_private:
        raise Misconfigured(setting, "The address must begin with https://, so that the credential is encrypted on its way.")
    if not allow_private and parts.hostname.rstrip(".") in ("localhost", "metadata.google.internal"):
        raise Misconfigured(setting, "Addresses inside this machine or network are refused unless the operator allows them.")
    if port == 0:
        raise Misconfigured(setting, "Port 0 does not exist.")
    return parts

"""Match the address of a connection against a list of networks. A connection over a UNIX socket has no address."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

UNIX = "unix"
"""List entry that matches every connection over the UNIX socket; file permissions decide who can open it."""

_REMEMBERED = 4096


class Peers:
    """Hold a list of networks (`10.0.0.0/8`, `::1`, `unix`). Raises `ValueError` for any other text."""

    __slots__ = ("_known", "_networks", "_unix", "texts")

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(texts)
        self._unix = UNIX in self.texts
        self._networks = tuple(ipaddress.ip_network(text, strict=True) for text in self.texts if text != UNIX)
        self._known: dict[str, bool] = {}

    def __contains__(self, address: object) -> bool:
        """Return whether an address is in the list.

        An empty address means a UNIX socket; a text that is no address never matches.
        """
        if not isinstance(address, str):
            return False
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[address] = self._find(address)
        return known

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Peers) and self.texts == other.texts

    def __hash__(self) -> int:
        return hash(self.texts)

    def __bool__(self) -> bool:
        return bool(self.texts)

    def __repr__(self) -> str:
        return f"Peers({list(self.texts)})"

    def _find(self, text: str) -> bool:
        if not text:
            return self._unix
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address.version == network.version and address in network for network in self._networks)


LOOPBACK = Peers(("127.0.0.0/8", "::1/128", UNIX))
"""Matches connections from this machine only."""

"""Real public networks, so that the network table recognises the addresses of made-up organisations.

`networks.txt` lists about 200. Microsoft's own addresses appear where its back end acts on behalf of somebody.
"""

from __future__ import annotations

import functools
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from seawall.lab.worlds.seeded_random import SeededRandom


@dataclass(frozen=True, slots=True)
class Network:
    """One autonomous system in one country. `kind`: residential, mobile, hosting, vpn, sase, anonymiser, campus."""

    kind: str
    country: str
    asn: int
    holder: str
    v4: tuple[tuple[int, int], ...]
    v6: tuple[int, int] | None

    def v4_address(self, dice: SeededRandom, prefix: int | None = None) -> str:
        """Return an IPv4 address, of the block with index `prefix` if given."""
        base, size = self.v4[prefix % len(self.v4)] if prefix is not None else dice.pick(self.v4)
        number = base + 1 + dice.below(size - 2)
        return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def v6_block(self, dice: SeededRandom) -> str:
        """Return a delegated /64 as its first four groups, empty if the network has no IPv6."""
        if self.v6 is None:
            return ""
        base, length = self.v6
        number = (base >> 64) | (int(dice.hexadecimal(16), 16) & ((1 << (64 - length)) - 1))
        return ":".join(f"{number >> shift & 0xFFFF:x}" for shift in (48, 32, 16, 0))


def v6_address(block: str, dice: SeededRandom) -> str:
    """Return an address in a /64, with a random interface identifier."""
    h = dice.hexadecimal(16)
    text = f"{block}:{h[:4]}:{h[4:8]}:{h[8:12]}:{h[12:]}"
    return str(ipaddress.IPv6Address(text))


@functools.cache
def catalogue() -> tuple[Network, ...]:
    """Return all networks."""
    found = []
    for line in (Path(__file__).parent / "networks.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        kind, country, asn, holder, v4, v6 = line.split("|")
        prefixes = [ipaddress.IPv4Network(text) for text in v4.split()]
        block = ipaddress.IPv6Network(v6) if v6 else None
        found.append(
            Network(
                kind,
                country,
                int(asn),
                holder,
                tuple((int(p.network_address), p.num_addresses) for p in prefixes),
                (int(block.network_address), block.prefixlen) if block else None,
            )
        )
    return tuple(found)


def networks_of(kinds: tuple[str, ...], country: str | None = None) -> list[Network]:
    """Return the networks of these kinds in a country; in all countries if none is given or it has no such network."""
    chosen = [network for network in catalogue() if network.kind in kinds]
    local = [network for network in chosen if network.country == country]
    return local or chosen


def countries_with(kind: str) -> list[str]:
    """Return the countries with a network of this kind, sorted."""
    return sorted({network.country for network in catalogue() if network.kind == kind})


@dataclass(slots=True)
class ConnectionPoint:
    """A place to connect from: a network and its present addresses.

    `renewal` is the chance of a new address, drawn at first use on a new day (1: at each use). `stickiness` is the chance that
    a new address is of the same block as the last.
    """

    network: Network
    renewal: float = 0.0
    v6_share: float = 0.0
    fixed: tuple[str, ...] = ()
    _v4: str = field(default="", repr=False)
    _block: str = field(default="", repr=False)
    _day: int = -1
    _v6: str = field(default="", repr=False)
    _prefix: int = -1
    stickiness: float = 0.85

    def address(self, day: int, dice: SeededRandom) -> str:
        """Return the address in use on a day."""
        if self.fixed:
            return self.fixed[dice.below(len(self.fixed))]
        if self._prefix < 0:
            self._prefix = dice.below(3)
            self._block = self.network.v6_block(dice) if self.v6_share else ""
        if day != self._day or self.renewal >= 1.0:
            if not self._v4 or dice.chance(self.renewal):
                self._v4 = self.network.v4_address(
                    dice, self._prefix if dice.chance(self.stickiness) else None
                )
            if self._block:
                if dice.chance(self.renewal):
                    self._block = self.network.v6_block(dice)
                self._v6 = v6_address(self._block, dice)
            self._day = day
        return self._v6 if self._block and dice.chance(self.v6_share) else self._v4


_MICROSOFT_V4 = (
    ("40.92.", 256),
    ("20.190.", 192),
    ("52.109.", 128),
    ("40.126.", 64),
    ("52.96.", 190),
    ("20.82.", 255),
)
_MICROSOFT_V6 = ("2603:10a6", "2603:10b6", "2603:1096", "2603:10d6", "2603:1026")


def microsoft_address(dice: SeededRandom) -> str:
    """Return an address of Microsoft's back end."""
    if dice.chance(0.6):
        block = dice.pick(_MICROSOFT_V6)
        return f"{block}:{dice.below(0xFFF) + 16:x}:{dice.below(0xFFF) + 1:x}::{dice.below(0xFF) + 1:x}"
    start, spread = dice.pick(_MICROSOFT_V4)
    return f"{start}{dice.below(spread)}.{dice.below(254) + 1}"


def is_microsoft(address: str) -> bool:
    """Return whether `microsoft_address` may have drawn an address."""
    return address.startswith((*_MICROSOFT_V6, *(start for start, _ in _MICROSOFT_V4)))


@functools.cache
def _by_start() -> dict[str, Network]:
    found: dict[str, Network] = {}
    for network in catalogue():
        for base, size in network.v4:
            for block in range(base >> 16, (base + size + 65535) >> 16):
                found.setdefault(f"{block >> 8}.{block & 255}", network)
        if network.v6:
            block = network.v6[0] >> 96
            found.setdefault(f"{block >> 16:x}:{block & 0xFFFF:x}", network)
    return found


def network_of(address: str) -> Network | None:
    """Return the network of the catalogue that contains an address, as a vendor's own table would."""
    separator = ":" if ":" in address else "."
    return _by_start().get(separator.join(address.split(separator)[:2]))

"""Treat address blocks as indicators: `203.0.113.0/24` stands for each address in it that occurs in records."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Final

from seawall.response.scope.records import SearchRecords
from seawall.response.scope_values import Indicator
from seawall_base.errors import UsageError

LEAST: Final[Mapping[int, int]] = {4: 16, 6: 32}
"""Shortest allowed prefix by IP version. A larger block is a whole provider and identifies no intruder."""

_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")

Block = ipaddress.IPv4Network | ipaddress.IPv6Network


def spell_block(text: str) -> str:
    """Return a block in canonical form, a block of one address as that address.

    Raises UsageError for anything else.
    """
    block = _parse(text)
    if block is None:
        raise UsageError(f"{text!r} is no block of addresses", fix="write it as 203.0.113.0/24")
    if isinstance(block, ipaddress.IPv6Network) and block.subnet_of(_MAPPED):
        mapped = int(block.network_address) & 0xFFFFFFFF
        block = ipaddress.IPv4Network((mapped, block.prefixlen - _MAPPED.prefixlen))
    if block.prefixlen < LEAST[block.version]:
        raise UsageError(
            f"{block} is too large a block for an indicator",
            fix=f"give /{LEAST[4]} or longer of IPv4, /{LEAST[6]} or longer of IPv6; a network as --network AS64500 --from TIME",
        )
    return str(block.network_address) if block.prefixlen == block.max_prefixlen else str(block)


def _parse(text: str) -> Block | None:
    """Parse a block. None if it is invalid or has a zone id, which is local to one machine."""
    try:
        return None if "%" in text else ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def is_block(indicator: Indicator) -> bool:
    """Return whether an indicator is an address block."""
    return indicator.kind == "address" and "/" in indicator.value


def addresses_in(records: SearchRecords, indicators: Iterable[Indicator]) -> dict[Indicator, tuple[str, ...]]:
    """Return, for each block among the indicators, the addresses in it that occur in records, in text order."""
    blocks = {one: ipaddress.ip_network(one.value) for one in indicators if is_block(one)}
    if not blocks:
        return {}
    held: dict[Indicator, list[str]] = {one: [] for one in blocks}
    for (text,) in records.rows(
        "SELECT DISTINCT address FROM events WHERE address IS NOT NULL ORDER BY address"
    ):
        try:
            address = ipaddress.ip_address(text)
        except ValueError:  # the log's address field holds something else
            continue
        for one, block in blocks.items():
            if address in block:
                held[one].append(text)
    return {one: tuple(found) for one, found in held.items()}

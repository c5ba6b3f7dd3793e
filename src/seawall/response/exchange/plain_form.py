"""Bring a value into the one form in which it may be exchanged: anything else could carry a name.

An address must be a public one. An application, a key and a network are identifiers of a strict form. A user agent is
any text, and is therefore exchanged as a keyed hash alone.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal, get_args

from seawall.response.scope.address_blocks import LEAST, Block
from seawall.response.scope_values import IndicatorKind

ExchangeKind = Literal["address", "network", "app", "key", "user_agent"]
"""Kinds of values that are exchanged. Accounts, mailboxes, sessions, tokens and devices are somebody's, and stay."""

EXCHANGE_KINDS: Final[tuple[ExchangeKind, ...]] = get_args(ExchangeKind)
HASH_ONLY: Final[frozenset[ExchangeKind]] = frozenset({"user_agent"})
HASHED_PREFIX: Final = {4: 24, 6: 48}
"""Lengths of the blocks that events carry beside an address; a hash of another block would match nothing."""

LONGEST: Final = 1_000
_LARGEST_NUMBER: Final = 0xFFFFFFFF
_PRIVATE_NUMBERS: Final = (range(64_512, 65_536), range(4_200_000_000, _LARGEST_NUMBER + 1))
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_GUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_FORMS: Final[dict[ExchangeKind, re.Pattern[str]]] = {
    "app": re.compile(
        rf"{_GUID}|[0-9]{{6,21}}(?:-[0-9a-z]{{16,40}}\.apps\.googleusercontent\.com)?|0oa[0-9a-z]{{17}}"
    ),
    "key": re.compile(rf"{_GUID}|[0-9a-f]{{32,128}}"),
}
"""Identifiers of applications at Microsoft, Google and Okta, and of credential keys."""

_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "2001::/23", "2002::/16",
    )
)  # fmt: skip
"""Blocks that are not routed in public, or that carry another address inside. Documentation blocks identify nobody."""

_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


def parse_exchange_kind(kind: IndicatorKind) -> ExchangeKind | None:
    """Return the kind if values of it are exchanged."""
    return next((one for one in EXCHANGE_KINDS if one == kind), None)


def spell_value(kind: ExchangeKind, value: str) -> str | None:
    """Return the value in its one form, None if it has none. Whether an address is public is another question."""
    text = value.strip()
    if not text or len(text) > LONGEST:
        return None
    if kind == "address":
        block = parse_block(text)
        if block is None or block.prefixlen < LEAST[block.version]:
            return None
        return str(block.network_address) if block.prefixlen == block.max_prefixlen else str(block)
    if kind == "network":
        number = re.fullmatch(r"(?:AS)?([0-9]{1,10})", text, re.IGNORECASE)
        return f"AS{int(number[1])}" if number and int(number[1]) <= _LARGEST_NUMBER else None
    if kind == "user_agent":
        return text if text.isprintable() else None
    return text.lower() if _FORMS[kind].fullmatch(text.lower()) else None


def parse_block(text: str) -> Block | None:
    """Return an address or a block of addresses, None for anything else. A mapped address is the IPv4 address in it."""
    if len(text) > 64 or "%" in text:
        return None
    try:
        block = ipaddress.ip_network(text)
    except ValueError:
        return None
    if isinstance(block, ipaddress.IPv6Network) and block.subnet_of(_MAPPED):
        mapped = int(block.network_address) & 0xFFFFFFFF
        return ipaddress.IPv4Network((mapped, block.prefixlen - _MAPPED.prefixlen))
    return block


def is_public(kind: ExchangeKind, spelt: str) -> bool:
    """Return whether a spelt value has a meaning outside one organisation: no internal address or private number."""
    if kind == "network":
        number = int(spelt.removeprefix("AS"))
        return number > 0 and not any(number in private for private in _PRIVATE_NUMBERS)
    if kind != "address":
        return True
    block = ipaddress.ip_network(spelt)
    if isinstance(block, ipaddress.IPv6Network) and not block.subnet_of(_UNICAST):
        return False
    return not any(one.version == block.version and one.overlaps(block) for one in _NOT_PUBLIC)


def list_forms(kind: ExchangeKind, spelt: str) -> list[str]:
    """Return the forms under which a value may have been exchanged: an address also as the block that it lies in."""
    if kind != "address" or "/" in spelt:
        return [spelt]
    version = ipaddress.ip_address(spelt).version
    block = ipaddress.ip_network(f"{spelt}/{HASHED_PREFIX[version]}", strict=False)
    return [spelt, str(block)]

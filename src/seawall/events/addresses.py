"""Parse the spellings of IP addresses in audit logs."""

from __future__ import annotations

import ipaddress
import re

_PLAIN_V4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d\d|\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d\d|\d)", re.ASCII)
_PLAIN_V4_IS_CANONICAL = re.compile(r"(?!0\d)[1-9]\d{0,2}(?:\.(?!0\d)\d{1,3}){3}", re.ASCII)
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::\d*|-\d+)?")
_HOST_AND_ADDRESS = re.compile(r"\(([0-9A-Fa-f:.%]+)\)")
_V4_WITH_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})(?::\d+|-\d+)?", re.ASCII)
_V6_WITH_PORT = re.compile(r"((?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}):\d{1,5}")
_NOTHING = frozenset({"", "null", "none", "unknown", "not available", "-", "n/a", "<null>", "<unknown>"})


def normalise_address(text: str | None) -> str | None:
    """Return the address in canonical form (RFC 5952), without port, brackets and zone; None if the text is no address.

    Accepts `1.2.3.4`, `1.2.3.4:port`, `[v4]:port`, `[v6]:port`, `::ffff:v4`, `v6%zone`, `[host (ip)]`, `[ip]-0`. From a
    list, the first address is returned.
    """
    if text is None or len(text) > 512:
        return None
    if _PLAIN_V4_IS_CANONICAL.fullmatch(text) and _PLAIN_V4.fullmatch(text):
        # Fast path: by far the most frequent spelling is canonical already.
        return text
    text = text.strip().strip("\"'").strip()
    if text.lower() in _NOTHING:
        return None
    for part in text.split(",") if "," in text else (text,):
        found = _one_address(part.strip())
        if found is not None:
            return found
    return None


def _one_address(text: str) -> str | None:
    named = _HOST_AND_ADDRESS.search(text)
    if named:
        return _parse(named[1])
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed:
        text = bracketed[1].strip()
    elif "]" in text:
        # Half of a bracketed spelling, as in `1.2.3.4]-0`.
        text = text.lstrip("[").split("]", 1)[0]
    plain = _V4_WITH_PORT.fullmatch(text)
    if plain:
        return _parse(plain[1])
    return _parse(text) or _parse_with_port(text)


def _parse_with_port(text: str) -> str | None:
    match = _V6_WITH_PORT.fullmatch(text)
    return _parse(match[1]) if match else None


def _parse(text: str) -> str | None:
    text = text.split("%", 1)[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    found = mapped or address
    return None if found.is_unspecified else str(found)

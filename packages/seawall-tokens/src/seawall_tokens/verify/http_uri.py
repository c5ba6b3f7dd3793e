"""Normalise HTTP URIs for comparison (RFC 3986 sections 6.2.2 and 6.2.3), without query and fragment."""

from __future__ import annotations

import ipaddress
import re

LONGEST = 8192
_DEFAULT_PORTS = {"http": "80", "https": "443"}
# RFC 3986 appendix B, narrowed to what an absolute http URI may hold. No user information: RFC 9110 section 4.2.4.
_URI = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@]+)(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<path>(?:/[^?#]*)?)(?:\?[^#]*)?(?:#.*)?"
)
_ALLOWED = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


def comparable(uri: str) -> str:
    """Return the normal form of an absolute http or https URI, without query and fragment.

    It evens out the case of scheme, host and escapes, needless escapes, dot segments, the default port and the empty
    path. Raises `ValueError` for anything else: user information, another scheme, raw spaces, controls, backslashes
    or letters outside ASCII.
    """
    if len(uri) > LONGEST or _ALLOWED.fullmatch(uri) is None:
        raise ValueError("no URI, or too long")
    found = _URI.fullmatch(uri)
    if found is None or (scheme := found["scheme"].lower()) not in _DEFAULT_PORTS:
        raise ValueError("no absolute http URI")
    port = (found["port"] or "").lstrip("0")
    if found["port"] and not port:
        raise ValueError("no port")
    if port and int(port) > 65535:
        raise ValueError("no port")
    authority = _host(found["host"]) + (f":{port}" if port and port != _DEFAULT_PORTS[scheme] else "")
    return f"{scheme}://{authority}{_without_dots(_even(found['path'])) or '/'}"


def _host(text: str) -> str:
    if text.startswith("["):
        return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
    if _HOST.fullmatch(text) is None:
        raise ValueError("no host")
    return _even(text.lower()).lower()


def _even(text: str) -> str:
    return _ESCAPE.sub(_even_escape, text)


def _even_escape(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if _UNRESERVED.fullmatch(letter) else found[0].upper()


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986 section 5.2.4) from a path that is empty or begins with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "".join(f"/{segment}" for segment in kept)

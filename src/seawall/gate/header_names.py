"""Detect header names that an application may confuse: CGI and its successors fold different names into one.

PHP turns `.` and blanks into `_`; WSGI and Rack turn `-` into `_`. Older Apache and lighttpd turn every character except
letters and digits into `_`. The gate cannot know the application behind the proxy, so it considers all of these.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from seawall.gate.refusals import HeaderAmbiguous, HeaderHopByHop

_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789-"
_FOLDED: Final = bytes(
    lower if (lower := ord(chr(byte).lower()) if byte < 0x80 else byte) in _PLAIN else ord("-")
    for byte in range(256)
)
_HYPHENS = re.compile(rb"--+")

METHOD_OVERRIDES: Final = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})
_GUARDED: Final = frozenset(
    {
        *(b"authorization", b"cookie", b"dpop", b"forwarded", b"host", b"proxy-authorization", b"x-real-ip"),
        *(b"connection", b"content-length", b"expect", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)
_GUARDED_BEGINNINGS: Final = (b"x-auth-", b"x-forwarded-", b"x-original-", b"x-rewrite-", b"x-seawall-")

_CONNECTION_OPTIONS: Final = frozenset({b"", b"close", b"keep-alive", b"upgrade", b"te", b"http2-settings"})
"""Harmless words in `Connection`. Any other word names a header that a proxy would drop after the gate set it."""


def fold_name(name: bytes) -> bytes:
    """Return the name as the most lenient application reads it: `[a-z0-9]` and single hyphens between them."""
    folded = name.translate(_FOLDED)
    if b"--" in folded or folded[:1] == b"-" or folded[-1:] == b"-":
        folded = _HYPHENS.sub(b"-", folded).strip(b"-")
    return folded


def is_guarded(folded: bytes, certificate: bytes) -> bool:
    """Return whether a folded name affects identity or routing; `certificate` is the certificate header of the settings."""
    return folded in _GUARDED or folded == certificate or folded.startswith(_GUARDED_BEGINNINGS)


def check_spellings(odd: Collection[bytes], names: Iterable[bytes]) -> None:
    """Raise `HeaderAmbiguous` if a name that folding changes (`odd`) equals another of the request's `names` after folding."""
    seen = {name for name in names if name not in odd}
    for name in dict.fromkeys(odd):
        folded = fold_name(name)
        if folded in seen:
            raise HeaderAmbiguous(name.decode("latin-1"))
        seen.add(folded)


def check_hop_by_hop(name: bytes, value: bytes, certificate: bytes) -> None:
    """Raise `HeaderHopByHop` for a `connection`, `trailer` or `upgrade` header that could bypass the gate.

    A proxy drops each header that `Connection` names (RFC 9110 section 7.6.1), possibly one that the gate has just set. A
    trailer may replace a header. After an upgrade to anything but a WebSocket (`h2c`), the proxy no longer sees the
    requests.
    """
    for word in value.lower().split(b","):
        word = word.strip(b" \t")
        if name == b"connection":
            is_harmless = word in _CONNECTION_OPTIONS
        elif name == b"upgrade":
            is_harmless = word in {b"", b"websocket"}
        else:
            is_harmless = not is_guarded(fold_name(word), certificate)
        if not is_harmless:
            raise HeaderHopByHop(f"{name.decode()}: {word.decode('latin-1')[:64]}")

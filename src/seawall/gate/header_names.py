"""Header names as applications may take them: CGI and its descendants fold names, so that two spellings are one name.

PHP takes `.` and blanks for `_`, WSGI and Rack take `-` for `_`, older Apache and lighttpd take every character but letters
and digits for `_`. Nobody can tell from here which application stands behind the proxy, so all of it counts.
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
"""What a client may say in `Connection`. Every other word names a header that a proxy drops, after the gate set it."""


def fold_name(name: bytes) -> bytes:
    """Return the name as the most careless application takes it: `[a-z0-9]` and single `-` between them."""
    folded = name.translate(_FOLDED)
    if b"--" in folded or folded[:1] == b"-" or folded[-1:] == b"-":
        folded = _HYPHENS.sub(b"-", folded).strip(b"-")
    return folded


def is_guarded(folded: bytes, certificate: bytes) -> bool:
    """Whether a folded name says who asks for what, or how a request is read; `certificate` is the settings' header."""
    return folded in _GUARDED or folded == certificate or folded.startswith(_GUARDED_BEGINNINGS)


def check_spellings(odd: Collection[bytes], names: Iterable[bytes]) -> None:
    """Raise `HeaderAmbiguous` when a name that folding changes (`odd`) is one name with another of the request's `names`."""
    seen = {name for name in names if name not in odd}
    for name in dict.fromkeys(odd):
        folded = fold_name(name)
        if folded in seen:
            raise HeaderAmbiguous(name.decode("latin-1"))
        seen.add(folded)


def check_hop_by_hop(name: bytes, value: bytes, certificate: bytes) -> None:
    """Raise `HeaderHopByHop` for a `connection`, `trailer` or `upgrade` header that could get a request past the gate.

    A proxy drops each header that `Connection` names (RFC 9110 section 7.6.1), and that may be one which the gate has just
    set. A trailer may stand for a header. After an upgrade to anything but a WebSocket (`h2c`) a proxy no longer sees
    the requests that it hands on.
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

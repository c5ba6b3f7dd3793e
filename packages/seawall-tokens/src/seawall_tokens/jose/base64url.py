"""Encode and decode strict base64url (RFC 7515 section 2, RFC 4648 section 5): one encoding for each value."""

from __future__ import annotations

import pybase64

_TO_PLAIN = bytes.maketrans(b"-_+/=", b"+/!!!")
"""Maps base64url to plain base64; `+`, `/` and `=` become an invalid character."""
_PADDING = (b"", b"", b"==", b"=")
_LAST_WITHOUT_SPARE_BITS = {2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}
"""Last characters whose unused low bits are zero: four bits after one octet, two after two."""


def decode(text: str | bytes) -> bytes:
    """Decode strictly; raise `ValueError` for any other encoding.

    Refused: padding, white space, `+` and `/`, any other character, a length of 1 modulo 4, and set bits after the
    last octet (RFC 4648 section 3.5). Each of them would give one value two encodings.
    """
    data = text.encode("ascii") if isinstance(text, str) else text
    spare = len(data) & 3
    if spare == 1:
        raise ValueError("not base64url: impossible length")
    if spare and data[-1] not in _LAST_WITHOUT_SPARE_BITS[spare]:
        raise ValueError("not base64url: unused bits are set, or a character outside the alphabet")
    # The library raises ValueError for every other character.
    return pybase64.b64decode(data.translate(_TO_PLAIN) + _PADDING[spare], None, True)


def encode(data: bytes) -> str:
    """Encode without padding."""
    return pybase64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")

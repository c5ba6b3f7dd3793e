"""base64url as JSON Web Tokens demand it (RFC 7515 section 2, RFC 4648 section 5): one spelling for each value."""

from __future__ import annotations

import pybase64

_TO_PLAIN = bytes.maketrans(b"-_+/=", b"+/!!!")
"""The alphabet of plain base64; its own two letters and the padding become a letter of neither."""
_PADDING = (b"", b"", b"==", b"=")
_LAST_WITHOUT_SPARE_BITS = {2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}
"""Letters whose unused low bits (four after one octet, two after two) are zero."""


def decode(text: str | bytes) -> bytes:
    """Return the octets; raise `ValueError` for anything but the one strict spelling.

    Refused: padding, white space, `+` and `/`, any other character, a length of 1 modulo 4, and set bits after the last
    octet (RFC 4648 section 3.5), because each of them gives one value two spellings.
    """
    data = text.encode("ascii") if isinstance(text, str) else text
    spare = len(data) & 3
    if spare == 1:
        raise ValueError("not base64url: impossible length")
    if spare and data[-1] not in _LAST_WITHOUT_SPARE_BITS[spare]:
        raise ValueError("not base64url: unused bits are set, or a character outside the alphabet")
    # The library refuses every other character (as a ValueError).
    return pybase64.b64decode(data.translate(_TO_PLAIN) + _PADDING[spare], None, True)


def encode(data: bytes) -> str:
    """Return the strict spelling, without padding."""
    return pybase64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")

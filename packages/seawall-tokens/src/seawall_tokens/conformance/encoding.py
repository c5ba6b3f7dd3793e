"""The kit's own encoders, the broken ones included: no verifier's code makes the tokens that judge it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def b64(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def pad_base64(data: bytes) -> str:
    """Base64url with the padding that JWS forbids."""
    return base64.urlsafe_b64encode(data).decode()


def standard(data: bytes) -> str:
    """Base64 with `+` and `/`."""
    return base64.b64encode(data).decode().rstrip("=")


def dangling(text: str) -> str:
    """The same bytes written otherwise: an unused trailing bit is set. `text` must not encode a multiple of 3 bytes."""
    if len(text) % 4 not in {2, 3}:
        raise ValueError("no unused bits")
    return text[:-1] + ALPHABET[ALPHABET.index(text[-1]) | 1]


def plain_json(value: Any) -> bytes:
    """Compact JSON in UTF-8; NaN and infinities as Python writes them, lone surrogates escaped."""
    return json.dumps(value, separators=(",", ":")).encode()


def members(pairs: Iterable[tuple[str, str]]) -> bytes:
    """A JSON object from names and ready JSON texts, in order: duplicates and nonsense stay as they are."""
    return ("{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in pairs) + "}").encode()


def integer(value: int) -> str:
    """A number as JWK writes it (RFC 7518 section 6.3): big-endian, shortest form."""
    return b64(value.to_bytes(max((value.bit_length() + 7) // 8, 1)))

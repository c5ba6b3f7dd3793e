"""The kit's own encoders, including deliberately wrong ones. No code of a tested verifier makes the tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def b64(data: bytes) -> str:
    """Encode as base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def pad_base64(data: bytes) -> str:
    """Encode as base64url with padding, which JWS forbids."""
    return base64.urlsafe_b64encode(data).decode()


def standard(data: bytes) -> str:
    """Encode as standard base64 with `+` and `/`."""
    return base64.b64encode(data).decode().rstrip("=")


def dangling(text: str) -> str:
    """Set an unused trailing bit: a lenient decoder returns the same bytes.

    `text` must not encode a multiple of 3 bytes.
    """
    if len(text) % 4 not in {2, 3}:
        raise ValueError("no unused bits")
    return text[:-1] + ALPHABET[ALPHABET.index(text[-1]) | 1]


def plain_json(value: Any) -> bytes:
    """Encode as compact UTF-8 JSON, with NaN and infinities as Python writes them and lone surrogates escaped."""
    return json.dumps(value, separators=(",", ":")).encode()


def members(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Build a JSON object from names and raw JSON texts in order, keeping duplicates and invalid values."""
    return ("{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in pairs) + "}").encode()


def integer(value: int) -> str:
    """Encode a number for a JWK (RFC 7518 section 6.3): base64url of the shortest big-endian form."""
    return b64(value.to_bytes(max((value.bit_length() + 7) // 8, 1)))

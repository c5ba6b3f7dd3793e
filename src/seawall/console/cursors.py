"""Seal pagination cursors: a changed or invented one is refused, and the names in one cannot be read."""

from __future__ import annotations

import hashlib
from typing import Any, Final, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from seawall.console.api_error import ApiError, bad_request
from seawall_tokens.jose import base64url

_LONGEST: Final = 8192
T = TypeVar("T")


class Cursors:
    """Write and read cursors with a key of this installation. The same position gives the same cursor."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(hashlib.sha512(b"cursor" + key).digest())

    def write(self, purpose: str, place: Any) -> str:
        """Return a cursor for a position in a list. `purpose` identifies the list and its filters."""
        return base64url.encode(self._cipher.encrypt(msgspec.msgpack.encode(place), [_encode(purpose)]))

    def read(self, purpose: str, cursor: str, kind: type[T]) -> T:
        """Return the position that `write` got for the same purpose. Raises `ApiError` (400)."""
        if len(cursor) > _LONGEST:
            raise _make_error()
        try:
            content = self._cipher.decrypt(base64url.decode(cursor), [_encode(purpose)])
            return msgspec.msgpack.decode(content, type=kind)
        except (ValueError, InvalidTag, msgspec.DecodeError):
            raise _make_error() from None


def _encode(purpose: str) -> bytes:
    return b"purpose " + purpose.encode("utf-8", "surrogatepass")


def _make_error() -> ApiError:
    return bad_request(
        "the cursor belongs to another list or query",
        field="cursor",
        fix="use next_cursor of the previous page, with the same query",
    )

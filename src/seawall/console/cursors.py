"""Sign pagination cursors, so that a changed or invented cursor is refused before use."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final, TypeVar

import msgspec

from seawall.console.api_error import ApiError, bad_request
from seawall_tokens.jose import base64url

_TAG: Final = 12
_LONGEST: Final = 8192
T = TypeVar("T")


class Cursors:
    """Write and read cursors with a key of this installation."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"cursor" + key).digest()

    def write(self, purpose: str, place: Any) -> str:
        """Return a cursor for a position in a list. `purpose` identifies the list and its filters."""
        content = msgspec.msgpack.encode(place)
        return base64url.encode(self._tag(purpose, content) + content)

    def read(self, purpose: str, cursor: str, kind: type[T]) -> T:
        """Return the position that `write` got for the same purpose. Raises `ApiError` (400)."""
        if len(cursor) > _LONGEST:
            raise _make_error()
        try:
            data = base64url.decode(cursor)
            tag, content = data[:_TAG], data[_TAG:]
            if not hmac.compare_digest(tag, self._tag(purpose, content)):
                raise _make_error()
            return msgspec.msgpack.decode(content, type=kind)
        except (ValueError, msgspec.DecodeError):
            raise _make_error() from None

    def _tag(self, purpose: str, content: bytes) -> bytes:
        name = purpose.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, len(name).to_bytes(8, "big") + name + content, "sha256")[:_TAG]


def _make_error() -> ApiError:
    return bad_request(
        "the cursor belongs to another list or query",
        field="cursor",
        fix="use next_cursor of the previous page, with the same query",
    )

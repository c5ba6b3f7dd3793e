"""Column types that keep the text of logs exactly, in SQLite and in PostgreSQL alike."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

_UNSTORABLE = re.compile("[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")

Number = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key that counts up by itself: SQLite does that for INTEGER alone."""


def storable(text: str) -> str:
    """Return the text with what databases refuse (NUL, lone surrogates) escaped by U+001A and four digits."""
    return _UNSTORABLE.sub(lambda match: f"\x1a{ord(match[0]):04x}", text)


def restore_tuples(text: str) -> str:
    """Return the text that `storable` was given."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def key(*texts: str) -> str:
    """Return 32 digits that stand for texts of any length in an index.

    An index of PostgreSQL refuses entries above 2,700 bytes, and names in logs have no limit.
    """
    parts = b"".join(
        len(part).to_bytes(8, "big") + part for part in (t.encode("utf-8", "surrogatepass") for t in texts)
    )
    return hashlib.sha256(parts).hexdigest()[:32]


class LogText(TypeDecorator[str]):
    """Any text that Python can hold, given back as it was; ordered by its bytes on every database."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Order by bytes: the default of PostgreSQL depends on the language of its machine."""
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Escape on the way in."""
        return None if value is None else storable(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Restore on the way out."""
        return None if value is None else restore_tuples(value)


class DocumentColumn(TypeDecorator[Any]):
    """Plain data as JSON text in ASCII; tuples come back as lists."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002
        """Write compactly."""
        return json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Read."""
        return None if value is None else json.loads(value)

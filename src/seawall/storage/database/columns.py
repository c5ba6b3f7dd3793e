"""Column types that store any text from logs unchanged, in SQLite and in PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

_UNSTORABLE = re.compile("[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")

Number = BigInteger().with_variant(Integer(), "sqlite")
"""Type of an automatically incremented 64-bit key; SQLite increments only columns of type INTEGER."""


def escape_text(text: str) -> str:
    """Return the text with characters that databases refuse (NUL, lone surrogates) escaped as U+001A and four hexadecimal
    digits.
    """
    return _UNSTORABLE.sub(lambda match: f"\x1a{ord(match[0]):04x}", text)


def unescape_text(text: str) -> str:
    """Return the text from which `escape_text` made an escaped one."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def fold(text: str) -> str:
    """Return a text without differences of case or width (NFKC)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def make_index_key(*texts: str) -> str:
    """Return 32 hexadecimal digits of a hash of the texts, for use in an index.

    PostgreSQL refuses index entries above 2,700 bytes, and names in logs have no limit.
    """
    parts = b"".join(
        len(part).to_bytes(8, "big") + part for part in (t.encode("utf-8", "surrogatepass") for t in texts)
    )
    return hashlib.sha256(parts).hexdigest()[:32]


class LogText(TypeDecorator[str]):
    """Any text that Python can hold, returned unchanged, and ordered by its bytes on every database."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type with order by bytes: the default order of PostgreSQL depends on the machine's language."""
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the escaped text for the database."""
        return None if value is None else escape_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the original text."""
        return None if value is None else unescape_text(value)


class DocumentColumn(TypeDecorator[Any]):
    """JSON as ASCII text; tuples come back as lists."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002
        """Return compact JSON."""
        return json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Return the decoded JSON."""
        return None if value is None else json.loads(value)

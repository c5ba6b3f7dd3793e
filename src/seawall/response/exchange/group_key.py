"""Hash values with a key that the members of a group share, so that members match values that none of them names.

The key is what protects. Whoever holds it can try every IPv4 address; whoever does not learns nothing from a hash.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from seawall.response.errors import ExchangeInvalid
from seawall.response.exchange.plain_form import ExchangeKind
from seawall_base.secret_file import read_secret, secret_in

KEY_VARIABLE: Final = "SEAWALL_EXCHANGE_KEY"
SHORTEST_KEY: Final = 32
_PURPOSE: Final = "seawall indicator 1"
_FIX: Final = "make one with `openssl rand -hex 32`, and give every member of the group the same"


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The key of a group of members."""

    secret: bytes = field(repr=False)

    def hash_value(self, kind: ExchangeKind, spelt: str) -> str:
        """Return HMAC-SHA-256 of a spelt value as 64 hexadecimal digits."""
        message = "\0".join((_PURPOSE, kind, spelt)).encode("utf-8", "surrogatepass")
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()


def read_group_key(path: Path | None) -> GroupKey | None:
    """Return the key of a file, or else of `SEAWALL_EXCHANGE_KEY`; None if there is neither. Raises `ExchangeInvalid`."""
    text = (
        secret_in(KEY_VARIABLE)
        if path is None
        else read_secret(path, ExchangeInvalid, what="the group's key")
    )
    if not text and path is None:
        return None
    if len(text) < SHORTEST_KEY:
        raise ExchangeInvalid(f"the group's key has fewer than {SHORTEST_KEY} characters", fix=_FIX)
    return GroupKey(text.encode("utf-8"))

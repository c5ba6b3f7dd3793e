"""Normalise names, so that a revocation also matches a token that spells the same name differently.

Used where a match *refuses*. Where a match *allows* (issuers, audiences, tenants, conditions on claims) texts are
compared exactly.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

CANONICAL_GUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
"""The spelling of a GUID in Entra's tokens (RFC 9562 section 4): lower case, hyphens, no braces."""

_ANY_GUID: Final = re.compile(
    r"(?:urn:uuid:)?[{(]?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})[)}]?"
)
_SHORTEST_GUID: Final = 32
_LONGEST_GUID: Final = 47
_ROUNDS: Final = 4


def fold_name(name: str) -> str:
    """Return the normal form by which revocations compare an account, session, token or client.

    It evens out case; compatibility forms of Unicode (full-width letters, ligatures); invisible format characters;
    outer white space; and hyphens, braces, parentheses or `urn:uuid:` of a GUID. It is idempotent.
    """
    folded = (name.lower() if name.isascii() else _fold_unicode(name)).strip()
    if _SHORTEST_GUID <= len(folded) <= _LONGEST_GUID and (found := _ANY_GUID.fullmatch(folded)):
        return "-".join(found.groups())
    return folded or name  # a blank name stays itself: an empty name means everybody


@lru_cache(maxsize=1024)
def fold_issuer(issuer: str) -> str:
    """Return the normal form by which revocations compare an issuer: that of a name, without trailing slashes."""
    return fold_name(issuer).rstrip("/") or issuer


def is_canonical_guid(name: str) -> bool:
    """Return whether this is a GUID in its canonical spelling."""
    return CANONICAL_GUID.fullmatch(name) is not None


def is_disguised_guid(name: str) -> bool:
    """Return whether this is a GUID in any spelling but the canonical one."""
    folded = fold_name(name)
    return folded != name and is_canonical_guid(folded)


def _fold_unicode(name: str) -> str:
    """Fold case and compatibility forms (Unicode's NFKC_Casefold, section 3.13) until nothing changes."""
    folded = name
    for _ in range(_ROUNDS):
        visible = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
        again = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
        if again == folded:
            break
        folded = again
    return folded

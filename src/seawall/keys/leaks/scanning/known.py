"""The public keys that a search is for. Of a document with private keys only their public members are taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seawall_tokens.jose import strict_json
from seawall_tokens.jose.key import PRIVATE_MEMBERS, KeyRefused, PublicKey, parse_key

LARGEST = 4 << 20
"""Bytes of a key set."""
_PUBLIC = ("kty", "n", "e", "crv", "x", "y", "kid")


class KeysUnreadable(ValueError):
    """The document holds no set of keys; says why, never what."""


@dataclass(frozen=True, slots=True)
class KeysRead:
    """Keys of one document, and what should be said about it: words without any of its content."""

    keys: tuple[PublicKey, ...]
    warnings: tuple[str, ...]


def read_keys(document: bytes) -> KeysRead:
    """Read a JWK set or a single JWK. Keys that cannot be looked for are warned of, and private ones are too."""
    try:
        value = strict_json.loads(document, max_bytes=LARGEST)
    except strict_json.JsonRefused as error:
        raise KeysUnreadable(f"no JSON: {error}") from None
    members = value.get("keys", [value]) if isinstance(value, dict) else None
    if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
        raise KeysUnreadable("neither a JWK set nor a JWK")
    keys: dict[str, PublicKey] = {}
    warnings = []
    for number, member in enumerate(members, 1):
        warnings += [f"key {number} {words}" for words in _private(member)]
        try:
            key = parse_key({name: member[name] for name in _PUBLIC if name in member})
        except KeyRefused as refused:
            warnings.append(f"key {number} is not looked for: {refused.words}")
        else:
            keys.setdefault(key.thumbprint, key)
    return KeysRead(tuple(keys.values()), tuple(warnings))


def _private(member: dict[str, Any]) -> Iterator[str]:
    if not PRIVATE_MEMBERS.isdisjoint(member):
        yield "has private members: only its public part is used; a private key does not belong there"
    elif member.get("kty") == "oct":
        yield "is symmetric: nobody but its holders should have it"

"""Read the public keys to search for. From private keys only the public members are used."""

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
    """The document contains no keys. The text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class KeysRead:
    """The keys of one document, and warnings that quote nothing of it."""

    keys: tuple[PublicKey, ...]
    warnings: tuple[str, ...]


def read_keys(document: bytes) -> KeysRead:
    """Read a JWK set or a single JWK.

    Warn of unsupported keys and of private keys.
    """
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

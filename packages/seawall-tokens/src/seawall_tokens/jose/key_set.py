"""Read a set of public keys (RFC 7517 section 5). A secret or private key in it refuses the whole set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from seawall_tokens.jose import strict_json
from seawall_tokens.jose.key import KeyRefused, PublicKey, read_key

LARGEST_SET = 1 << 20
"""Octets. The largest known public sets are below 100 kB."""
MOST_KEYS = 1000
_DEPTH = 8
_WHOLE_SET = {"symmetric", "private", "malformed"}


class KeySetRefused(ValueError):
    """The whole set is refused. Codes: not-json, malformed, empty, too-many, symmetric, mixed, private, duplicate-kid."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class RefusedKey:
    """A single key left out of the set: unknown type, other use, or unfit. `code` as in `KeyRefused`."""

    kid: str | None
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys that may verify signatures, in document order, and the keys that were left out."""

    keys: tuple[PublicKey, ...]
    issuer: str | None
    refused: tuple[RefusedKey, ...]
    by_kid: Mapping[str, PublicKey]
    refused_by_kid: Mapping[str, RefusedKey]

    def find(self, kid: str) -> PublicKey | None:
        """Return the key with exactly this `kid`; None if there is none."""
        return self.by_kid.get(kid)


def read_key_set(document: bytes | Mapping[str, Any]) -> KeySet:
    """Read a key set; raise `KeySetRefused`.

    The set is refused if it contains a secret or private key, a malformed member, two keys with one `kid` (used or
    not), or no key. A key of unknown type, for encryption, or unfit is left out and listed in `refused`. RFC 7517
    section 5 tells readers to ignore what they do not understand, and one weak key must not disable an issuer's good
    ones.
    """
    members, issuer = _members(document)
    keys: list[PublicKey] = []
    refused: list[RefusedKey] = []
    for member in members:
        try:
            keys.append(read_key(member))
        except KeyRefused as refusal:
            if refusal.code in _WHOLE_SET:
                code = "mixed" if refusal.code == "symmetric" and _any_public(members) else refusal.code
                raise KeySetRefused(code, refusal.words) from None
            kid = member.get("kid")
            refused.append(RefusedKey(kid if isinstance(kid, str) else None, refusal.code, refusal.words))
    _refuse_duplicates(keys, refused)
    return KeySet(
        keys=tuple(keys),
        issuer=issuer,
        refused=tuple(refused),
        by_kid=MappingProxyType({key.kid: key for key in keys if key.kid is not None}),
        refused_by_kid=MappingProxyType({key.kid: key for key in refused if key.kid is not None}),
    )


def _members(document: bytes | Mapping[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    if isinstance(document, bytes):
        try:
            document = strict_json.loads(document, max_bytes=LARGEST_SET, max_depth=_DEPTH)
        except strict_json.JsonRefused as refusal:
            raise KeySetRefused("not-json", str(refusal)) from None
    if not isinstance(document, Mapping):
        raise KeySetRefused("malformed", "a key set is a JSON object")
    members = document.get("keys")
    if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
        raise KeySetRefused("malformed", "keys is not an array of objects")
    if not members:
        raise KeySetRefused("empty", "a set without keys")
    if len(members) > MOST_KEYS:
        raise KeySetRefused("too-many", f"more than {MOST_KEYS} keys")
    issuer = document.get("issuer")
    if issuer is not None and not isinstance(issuer, str):
        raise KeySetRefused("malformed", "issuer is not a text")
    return members, issuer


def _any_public(members: list[dict[str, Any]]) -> bool:
    return any(member.get("kty") != "oct" and "k" not in member for member in members)


def _refuse_duplicates(keys: list[PublicKey], refused: list[RefusedKey]) -> None:
    seen: set[str] = set()
    for kid in _kids(keys, refused):
        if kid in seen:
            raise KeySetRefused("duplicate-kid", "two keys have one kid")
        seen.add(kid)


def _kids(keys: list[PublicKey], refused: list[RefusedKey]) -> Iterator[str]:
    yield from (key.kid for key in keys if key.kid is not None)
    yield from (key.kid for key in refused if key.kid is not None)

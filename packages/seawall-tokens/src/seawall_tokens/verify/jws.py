"""Verify one compact JWS with given keys, without a policy (RFC 7515 section 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature

from seawall_tokens.jose import strict_json
from seawall_tokens.jose.key import KeyRefused, PublicKey, read_key
from seawall_tokens.jose.key_set import LARGEST_SET, KeySet, KeySetRefused, RefusedKey, read_key_set
from seawall_tokens.jose.secret_key import SecretKey, read_secret_key
from seawall_tokens.jose.signature import HMAC_ALGORITHMS, mac_is_valid
from seawall_tokens.policy.issuer_policy import ASYMMETRIC
from seawall_tokens.refusals import Internal, Refusal, signing_key
from seawall_tokens.refusals import written_form as refused
from seawall_tokens.verify import compact
from seawall_tokens.verify.key_checks import make_ready, prepare

_Key = TypeVar("_Key", PublicKey, SecretKey)
_ALL = ASYMMETRIC | frozenset(HMAC_ALGORITHMS)
LARGEST_JWS = 1 << 20
"""Characters. A payload here may be a document, not only claims."""


@dataclass(frozen=True, slots=True)
class Jws:
    """A JWS whose signature was verified. `thumbprint` is the key's, None for a secret key."""

    header: Mapping[str, Any]
    payload: bytes
    kid: str | None
    thumbprint: str | None


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys that may have signed, all public or all secret, and those left out."""

    public: tuple[PublicKey, ...] = ()
    secret: tuple[SecretKey, ...] = ()
    refused: tuple[RefusedKey, ...] = ()


def verify_jws(
    compact: str | bytes,
    jwks: KeySet | PublicKey | Mapping[str, Any] | bytes,
    algorithms: Iterable[str] | None = None,
) -> Jws:
    """Return header and payload if a key in `jwks` made the signature; raise `Refusal` otherwise.

    `jwks` is a key set or single key, parsed or as JSON members or text. Keys are public. A set of only secret keys
    (`kty` oct) is accepted too, for callers who knowingly share a secret. `algorithms` limits the names; None accepts
    those that the keys are bound to. A key without `alg` is bound to one algorithm (`key_checks.PREFERENCE`). The key
    is found by `kid`; a token without `kid` is accepted only with a single key. The payload is bytes: claims, times
    and issuer are not checked.
    """
    refusal: Refusal
    try:
        return _read_jws(compact, jwks, algorithms)
    except Refusal as raised:
        refusal = raised
    except Exception:  # noqa: BLE001 - whatever it is, the signature has not been verified
        refusal = Internal()
    raise refusal.without_context()


def _read_jws(
    token: str | bytes,
    jwks: KeySet | PublicKey | Mapping[str, Any] | bytes,
    algorithms: Iterable[str] | None,
) -> Jws:
    parts = compact.split(token, LARGEST_JWS)
    header = compact.read_header(parts.header_text)
    if isinstance(algorithms, str):
        algorithms = (algorithms,)
    allowed = _ALL if algorithms is None else frozenset(algorithms) & _ALL
    if header.algorithm not in allowed:
        raise refused.AlgNotAllowed
    keys = _read(jwks)
    if keys.secret:
        secret = _choose(keys.secret, (), header.kid)
        if header.algorithm != secret.algorithm:
            raise refused.AlgKeyMismatch
        if not mac_is_valid(secret.secret, secret.algorithm, parts.signed, parts.signature):
            raise refused.SignatureInvalid
        return Jws(header.members, parts.payload, secret.kid, None)
    if header.algorithm in HMAC_ALGORITHMS:
        raise refused.AlgSymmetric
    key = _choose(keys.public, keys.refused, header.kid)
    # Parsed keys belong to the caller and are reused, so cache what was prepared for them.
    ready = prepare if isinstance(jwks, KeySet | PublicKey) else make_ready
    verify = ready(key, allowed).verifiers.get(header.algorithm)
    if verify is None:
        raise refused.AlgKeyMismatch
    try:
        verify(parts.signature, parts.signed)
    except (InvalidSignature, ValueError):
        raise refused.SignatureInvalid from None
    return Jws(header.members, parts.payload, key.kid, key.thumbprint)


def _read(jwks: KeySet | PublicKey | Mapping[str, Any] | bytes) -> _Keys:
    if isinstance(jwks, PublicKey):
        return _Keys(public=(jwks,))
    if isinstance(jwks, KeySet):
        return _Keys(public=jwks.keys, refused=jwks.refused)
    try:
        document = strict_json.loads(jwks, max_bytes=LARGEST_SET) if isinstance(jwks, bytes) else jwks
        if isinstance(document, Mapping) and "keys" not in document:
            secret = document.get("kty") == "oct"
            return (
                _Keys(secret=(read_secret_key(document),)) if secret else _Keys(public=(read_key(document),))
            )
        if _all_secret(document):
            return _secrets(document["keys"])
        keyset = read_key_set(document)
    except KeyRefused as fault:
        refusal = signing_key.refusal_of_key(fault.code, fault.words)
    except KeySetRefused as fault:
        refusal = signing_key.refusal_of_set(fault.code, fault.words)
    except strict_json.JsonRefused as fault:
        refusal = signing_key.KeySetInvalid(str(fault))
    else:
        return _Keys(public=keyset.keys, refused=keyset.refused)
    raise refusal


def _all_secret(document: Any) -> bool:
    members = document.get("keys") if isinstance(document, Mapping) else None
    return (
        isinstance(members, list)
        and bool(members)
        and all(isinstance(member, dict) and member.get("kty") == "oct" for member in members)
    )


def _secrets(members: list[dict[str, Any]]) -> _Keys:
    keys = tuple(read_secret_key(member) for member in members)
    names = [key.kid for key in keys if key.kid is not None]
    if len(set(names)) != len(names):
        raise KeySetRefused("duplicate-kid", "two keys have one kid")
    return _Keys(secret=keys)


def _choose(keys: tuple[_Key, ...], left_out: tuple[RefusedKey, ...], kid: str | None) -> _Key:
    if kid is None:
        if len(keys) == 1 and not left_out:
            return keys[0]
        raise signing_key.KidMissing
    for key in keys:
        if key.kid == kid:
            return key
    for other in left_out:
        if other.kid == kid:
            raise signing_key.refusal_of_key(other.code, other.words)
    if len(keys) == 1 and not left_out and keys[0].kid is None:
        return keys[0]
    raise signing_key.KeyUnknown

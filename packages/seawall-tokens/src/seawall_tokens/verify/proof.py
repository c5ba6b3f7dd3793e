"""Verify a DPoP proof (RFC 9449 section 4.3): the sender of this request now holds the token's key."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seawall_tokens.jose import base64url, strict_json
from seawall_tokens.jose.key import KeyRefused, PublicKey, list_supported_algorithms, read_key
from seawall_tokens.jose.signature import verifies
from seawall_tokens.refusals import sender
from seawall_tokens.verify.http_uri import comparable
from seawall_tokens.verify.replay import Nonces, ReplayGuard

if TYPE_CHECKING:
    from seawall_tokens.verify.request_binding import RequestBinding

LONGEST = 8192
"""Characters of a proof."""

LIFETIME = 60
"""Seconds after `iat` for which a proof is accepted, besides clock skew."""

SLACK = 10
"""Extra seconds that a proof is remembered: requests are judged by their arrival time."""

LONGEST_ID = 256
"""Characters of `jti`. RFC 9449 asks for 96 random bits; a much longer value would only fill our memory."""

_FOREIGN = frozenset({"crit", "b64", "cty", "jku", "x5u", "x5c"})
"""Header members that would change the signature's meaning, or fetch a key."""


def check_proof(
    token: str, jkt: str, request: RequestBinding, replay: ReplayGuard | None, now: float, *, skew: float
) -> None:
    """Raise the fitting refusal unless the request carries one valid proof for this token.

    Cheap checks precede the signature, and the replay guard comes last, so that an invalid proof uses up nothing.

    1. exactly one proof; 2. three segments of strict base64url and JSON; 3. typ dpop+jwt; 4. an asymmetric algorithm
       that fits the key; 5. a public, fit key; 6. it is the token's key (`cnf.jkt`); 7. htm and htu are this
       request's; 8. ath is this token's; 9. iat is now; 10. the nonce is this server's; 11. the signature; 12. it was
       not used before.
    """
    if not request.proofs:
        raise sender.DpopMissing
    if len(request.proofs) > 1:
        raise sender.DpopMalformed("more than one proof")
    head, claims, signature, signed = _parse(request.proofs[0])
    algorithm, key = _signer(head)
    if key.thumbprint != jkt:
        raise sender.DpopKeyMismatch
    _check_request(claims, request)
    if claims.get("ath") != base64url.encode(hashlib.sha256(token.encode()).digest()):
        raise sender.DpopTokenMismatch
    issued_at = _check_time(claims, now, skew)
    token_id = claims.get("jti")
    if not isinstance(token_id, str) or not 0 < len(token_id) <= LONGEST_ID:
        raise sender.DpopMalformed("jti is missing or no text of sensible length")
    if request.nonces is not None:
        _check_nonce(claims, request.nonces, now)
    if not verifies(key, algorithm, signed, signature):
        raise sender.DpopSignatureInvalid
    if replay is None:
        raise sender.DpopReplayUnknown("there is no guard")
    replay.use(jkt, token_id, until=issued_at + LIFETIME + skew + SLACK, now=now)


def _parse(proof: str) -> tuple[str, dict[str, Any], bytes, bytes]:
    """Return the header segment, claims, signature and signing input."""
    if len(proof) > LONGEST:
        raise sender.DpopMalformed("too long")
    segments = proof.split(".")
    if len(segments) != 3:
        raise sender.DpopMalformed("not three segments")
    try:
        claims = strict_json.loads(base64url.decode(segments[1]), max_bytes=LONGEST, max_depth=4)
        signature = base64url.decode(segments[2])
        signed = f"{segments[0]}.{segments[1]}".encode("ascii")
    except ValueError:  # refusals of strict JSON and encoding errors are ValueErrors too
        raise sender.DpopMalformed("not strict base64url and JSON") from None
    if not isinstance(claims, dict):
        raise sender.DpopMalformed("the claims are no object")
    return segments[0], claims, signature, signed


@lru_cache(maxsize=4096)
def _signer(segment: str) -> tuple[str, PublicKey]:
    """Return the algorithm and key of a header.

    Cached, because a client always sends the same header; refusals are not cached.
    """
    try:
        header = strict_json.loads(base64url.decode(segment), max_bytes=LONGEST, max_depth=4)
    except ValueError:
        raise sender.DpopMalformed("not strict base64url and JSON") from None
    if not isinstance(header, dict) or not _FOREIGN.isdisjoint(header):
        raise sender.DpopMalformed("a header member that has no place in a proof")
    if header.get("typ") != "dpop+jwt":
        raise sender.DpopTypeWrong
    jwk, algorithm = header.get("jwk"), header.get("alg")
    if not isinstance(jwk, dict):
        raise sender.DpopMalformed("the header has no key")
    if not isinstance(algorithm, str):
        raise sender.DpopAlgNotAllowed
    try:
        key = read_key(jwk)
    except KeyRefused as refused:
        raise sender.DpopKeyUnfit(refused.code) from None
    if algorithm not in list_supported_algorithms(key):
        raise sender.DpopAlgNotAllowed
    return algorithm, key


def _check_request(claims: Mapping[str, Any], request: RequestBinding) -> None:
    if claims.get("htm") != request.method:
        raise sender.DpopMethodMismatch
    target = claims.get("htu")
    if not isinstance(target, str):
        raise sender.DpopUrlMismatch
    try:
        if comparable(target) != comparable(request.url):
            raise sender.DpopUrlMismatch
    except ValueError:
        raise sender.DpopUrlMismatch("no absolute http URI") from None


def _check_time(claims: Mapping[str, Any], now: float, skew: float) -> float:
    issued_at = claims.get("iat")
    if isinstance(issued_at, bool) or not isinstance(issued_at, (int, float)) or not math.isfinite(issued_at):
        raise sender.DpopMalformed("iat is missing or no number")
    if not now - LIFETIME - skew <= issued_at <= now + skew:
        raise sender.DpopStale
    return float(issued_at)


def _check_nonce(claims: Mapping[str, Any], nonces: Nonces, now: float) -> None:
    nonce = claims.get("nonce")
    if nonce is None:
        raise sender.DpopNonceRequired
    if not isinstance(nonce, str) or not nonces.accepts(nonce, now):
        raise sender.DpopNonceWrong

"""Build DPoP proofs (RFC 9449 section 4.2), valid and invalid, and requests that carry them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seawall_tokens.conformance.context import Request
from seawall_tokens.conformance.encoding import b64
from seawall_tokens.conformance.keys import Key, ec_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.signing import Sign
from seawall_tokens.conformance.token_factory import TokenFactory, compact, with_changes

URL = "https://mail.example/api/messages"


def holder() -> Key:
    """Return the client's key, to which tokens are bound."""
    return ec_key("client")


def thief() -> Key:
    """Return the key of the token's thief."""
    return ec_key("thief")


@dataclass(frozen=True, slots=True)
class Proof:
    """The differences from a valid proof: header members, claims and signer."""

    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    key: Callable[[], Key] = holder
    sign: Sign | None = None

    def make(self, now: float, token: str) -> str:
        """Return the proof for `token` at `now`. A callable claim gets the time."""
        key = self.key()
        public = {name: value for name, value in key.jwk.items() if name not in {"kid", "use", "alg"}}
        header = with_changes({"typ": "dpop+jwt", "alg": key.algorithm, "jwk": public}, self.header)
        claims = with_changes(
            {
                "jti": uuid.uuid4().hex,
                "htm": "GET",
                "htu": URL,
                "iat": int(now),
                "ath": b64(hashlib.sha256(token.encode()).digest()),
            },
            {name: value(now) if callable(value) else value for name, value in self.claims.items()},
        )
        return compact(header, claims, self.sign or key.sign)


def make_bound_token(
    *proofs: Proof | Callable[[TokenFactory, str], str],
    request: Mapping[str, Any] | None = None,
    confirmation: Any = None,
    issuer: Mapping[str, Any] | None = None,
    key: Callable[[], Key] = holder,
    times: int = 1,
    at_once: int = 1,
) -> Callable[[TokenFactory], Presentation]:
    """Present a token bound to `key` (or to `confirmation`, its `cnf`) with these proofs."""

    def build(w: TokenFactory) -> Presentation:
        cnf = {"jkt": key().thumbprint} if confirmation is None else confirmation
        token = w.token(w.claims(cnf=cnf))
        made = tuple(
            proof.make(w.now, token) if isinstance(proof, Proof) else proof(w, token) for proof in proofs
        )
        carried: dict[str, Any] = {"scheme": "DPoP", "url": URL, "proofs": made, **(request or {})}
        presented = w.present(token, w.issuer(**(issuer or {})), times=times, request=Request(**carried))
        return replace(presented, at_once=at_once)

    return build

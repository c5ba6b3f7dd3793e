"""Format the challenge of a refusal: `WWW-Authenticate` of RFC 6750, RFC 9449 and RFC 9470."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

DPOP_ALGORITHMS = "ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519"
_DPOP_ERRORS = frozenset({"invalid_dpop_proof", "use_dpop_nonce"})
_QUOTABLE = re.compile(r"[^ !#-\[\]-~]")


class ChallengeFields(Protocol):
    """The parts of a challenge, which every `Refusal` has."""

    @property
    def words(self) -> str:
        """Return the fault in words."""

    @property
    def challenge(self) -> str | None:
        """Return the challenge's error code, None if it has none."""


def format_challenge(
    refusal: ChallengeFields,
    *,
    acr_values: Sequence[str] = (),
    max_age: int | None = None,
    scopes: Sequence[str] = (),
    dpop: bool = False,
) -> str:
    """Return the value of `WWW-Authenticate`. Without an error code it only names the supported schemes.

    `acr_values` and `max_age` (seconds) say how to step up, `scopes` what is missing. `dpop`: the client used DPoP,
    or must.
    """
    error = refusal.challenge
    scheme = f'DPoP algs="{DPOP_ALGORITHMS}"'
    if error is None:
        return f"Bearer, {scheme}" if dpop else "Bearer"
    parts = [f'error="{_quotable(error)}"', f'error_description="{_quotable(refusal.words)}"']
    if error == "insufficient_user_authentication":
        if acr_values:
            parts.append(f'acr_values="{_quotable(" ".join(acr_values))}"')
        if max_age is not None:
            parts.append(f'max_age="{max_age}"')
    if error == "insufficient_scope" and scopes:
        parts.append(f'scope="{_quotable(" ".join(scopes))}"')
    if dpop or error in _DPOP_ERRORS:
        return f"{scheme}, {', '.join(parts)}"
    return f"Bearer {', '.join(parts)}"


def _quotable(text: str) -> str:
    """Return only characters that RFC 6750 section 3 allows in a quoted string."""
    return _QUOTABLE.sub("", text)

"""Refusals of check 14: the user's sign-in was too weak or too old (RFC 9470).

Their `acr_values` and `max_age` tell the client in the challenge what would suffice.
"""

from __future__ import annotations

from seawall_tokens.refusals.refusal import Refusal


class AcrInsufficient(
    Refusal,
    code="acr-insufficient",
    check=14,
    challenge="insufficient_user_authentication",
    source="RFC 9470 section 3",
):
    """The sign-in was weaker than required (acr)."""


class AmrInsufficient(
    Refusal,
    code="amr-insufficient",
    check=14,
    challenge="insufficient_user_authentication",
    source="RFC 9470 section 3",
):
    """The sign-in did not use the required methods (amr)."""


class AuthenticationTooOld(
    Refusal,
    code="authentication-too-old",
    check=14,
    challenge="insufficient_user_authentication",
    source="RFC 9470 section 3",
):
    """The sign-in was too long ago (auth_time)."""

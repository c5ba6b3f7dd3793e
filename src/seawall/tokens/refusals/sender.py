"""Refusals of check 12: whether who presents the token is who it was given to."""

from __future__ import annotations

from seawall.tokens.refusals.refusal import Refusal


class SenderMissing(Refusal, code="sender-missing", check=12, source="RFC 9700 section 2.2.1"):
    """The policy demands a token bound to its sender, and this one is not."""


class DpopMissing(
    Refusal, code="dpop-missing", check=12, challenge="invalid_dpop_proof", source="RFC 9449 section 7.1"
):
    """The token is bound to a key, and the request brings no proof (DPoP)."""


class DpopMalformed(
    Refusal, code="dpop-malformed", check=12, challenge="invalid_dpop_proof", source="RFC 9449 section 4.3"
):
    """The proof (DPoP) is not one well-formed proof."""


class DpopReplayed(
    Refusal, code="dpop-replayed", check=12, challenge="invalid_dpop_proof", source="RFC 9449 section 11.1"
):
    """The proof (DPoP) has been used before."""


class DpopNonceRequired(
    Refusal, code="dpop-nonce-required", check=12, challenge="use_dpop_nonce", source="RFC 9449 section 9"
):
    """The proof (DPoP) needs the server's nonce."""


class MtlsMissing(Refusal, code="mtls-missing", check=12, source="RFC 8705 section 3"):
    """The token is bound to a client certificate, and the request brings none."""


class MtlsMismatch(Refusal, code="mtls-mismatch", check=12, source="RFC 8705 section 3"):
    """The token is bound to another client certificate."""


class SenderDowngrade(Refusal, code="sender-downgrade", check=12, source="RFC 9449 section 7.1"):
    """A token bound to its sender was presented as a bearer token."""

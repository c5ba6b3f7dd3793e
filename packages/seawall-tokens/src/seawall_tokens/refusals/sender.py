"""Refusals of check 12: the presenter does not prove to be the token's rightful sender."""

from __future__ import annotations

from seawall_tokens.refusals.refusal import Refusal


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


class DpopTypeWrong(
    Refusal, code="dpop-type-wrong", check=12, challenge="invalid_dpop_proof", source="RFC 9449 section 4.3"
):
    """The proof's type is not dpop+jwt."""


class DpopAlgNotAllowed(
    Refusal,
    code="dpop-alg-not-allowed",
    check=12,
    challenge="invalid_dpop_proof",
    source="RFC 9449 section 4.3",
):
    """The proof's algorithm is missing, symmetric or does not fit its key."""


class DpopKeyUnfit(
    Refusal, code="dpop-key-unfit", check=12, challenge="invalid_dpop_proof", source="RFC 9449 section 4.3"
):
    """The proof's key is not one fit public key."""


class DpopKeyMismatch(Refusal, code="dpop-key-mismatch", check=12, source="RFC 9449 section 7.1"):
    """The proof was made with another key than the token is bound to."""


class DpopMethodMismatch(
    Refusal,
    code="dpop-method-mismatch",
    check=12,
    challenge="invalid_dpop_proof",
    source="RFC 9449 section 4.3",
):
    """The proof was made for another method (htm)."""


class DpopUrlMismatch(
    Refusal, code="dpop-url-mismatch", check=12, challenge="invalid_dpop_proof", source="RFC 9449 section 4.3"
):
    """The proof was made for another address (htu)."""


class DpopTokenMismatch(
    Refusal,
    code="dpop-token-mismatch",
    check=12,
    challenge="invalid_dpop_proof",
    source="RFC 9449 section 4.3",
):
    """The proof was made for another token (ath)."""


class DpopStale(
    Refusal, code="dpop-stale", check=12, challenge="invalid_dpop_proof", source="RFC 9449 section 11.1"
):
    """The proof was made too long ago, or in the future (iat)."""


class DpopSignatureInvalid(
    Refusal,
    code="dpop-signature-invalid",
    check=12,
    challenge="invalid_dpop_proof",
    source="RFC 9449 section 4.3",
):
    """The proof's signature does not fit its key."""


class DpopNonceWrong(
    Refusal, code="dpop-nonce-wrong", check=12, challenge="use_dpop_nonce", source="RFC 9449 section 9"
):
    """The proof's nonce is not the server's, or too old."""


class DpopReplayUnknown(
    Refusal, code="dpop-replay-unknown", check=12, status=403, challenge=None, source="fail closed"
):
    """The store of used proofs cannot be read now, so no proof is accepted."""


class DpopUnbound(Refusal, code="dpop-unbound", check=12, source="RFC 9449 section 7.1"):
    """A token that is bound to no key was presented as one that is (scheme DPoP)."""


class MtlsMalformed(Refusal, code="mtls-malformed", check=12, source="RFC 8705 section 3"):
    """The client certificate that the proxy passed on is malformed."""


class SenderBindingUnknown(
    Refusal, code="sender-binding-unknown", check=12, source="RFC 7800 section 3.1, fail closed"
):
    """The token is bound (cnf) in a way that is unknown or malformed."""

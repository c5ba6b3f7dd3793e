"""Refusals of check 11: the token is on the revocation list, which is checked before the signature."""

from __future__ import annotations

from seawall_tokens.refusals.refusal import Refusal


class RevokedKey(Refusal, code="revoked-key", check=11, source="CAEP, RISC"):
    """Keys with this name (kid) are revoked."""


class RevokedThumbprint(Refusal, code="revoked-thumbprint", check=11, source="CAEP, RISC"):
    """This key is revoked, under every name."""


class RevokedIssuer(Refusal, code="revoked-issuer", check=11, source="CAEP, RISC"):
    """All tokens of this issuer are revoked."""


class RevokedSubject(Refusal, code="revoked-subject", check=11, source="RISC account-disabled"):
    """All tokens of this subject are revoked."""


class RevokedSession(Refusal, code="revoked-session", check=11, source="CAEP session-revoked"):
    """The session of this token is revoked."""


class RevokedToken(Refusal, code="revoked-token", check=11, source="RFC 7009"):
    """This token is revoked."""


class RevokedNotBefore(Refusal, code="revoked-not-before", check=11, source="CAEP session-revoked"):
    """Tokens issued before a moment of revocation are refused."""


class RevokedClient(Refusal, code="revoked-client", check=11, source="RFC 7009"):
    """All tokens of this client are revoked."""


class RevocationsUnavailable(
    Refusal, code="revocations-unavailable", check=11, status=403, challenge=None, source="fail closed"
):
    """The revocation store cannot be read now, so no token is accepted."""

"""Refusals of check 13: the presented credential may not obtain a new token."""

from __future__ import annotations

from seawall_tokens.refusals.refusal import Refusal


class RenewalAccessToken(Refusal, code="renewal-access-token", check=13, source="CSRB review of Storm-0558"):
    """A signed token was presented as the credential for a new one."""


class RenewalGrantMissing(Refusal, code="renewal-grant-missing", check=13, source="RFC 6749 section 6"):
    """The credential belongs to no grant."""


class RenewalGrantKind(Refusal, code="renewal-grant-kind", check=13, source="RFC 6749 section 6"):
    """A grant of this kind cannot be renewed."""


class RenewalGrantExpired(Refusal, code="renewal-grant-expired", check=13, source="RFC 6749 section 6"):
    """The grant has expired."""


class RenewalGrantRevoked(Refusal, code="renewal-grant-revoked", check=13, source="RFC 7009 section 2"):
    """The grant was revoked."""


class RenewalReused(Refusal, code="renewal-reused", check=13, source="RFC 9700 section 4.14.2"):
    """The credential was used before: somebody has a copy of it."""


class RenewalSessionMissing(
    Refusal, code="renewal-session-missing", check=13, source="RFC 9700 section 4.14"
):
    """The grant belongs to no session."""


class RenewalSessionEnded(Refusal, code="renewal-session-ended", check=13, source="RFC 9700 section 4.14"):
    """The session has ended."""


class RenewalIssuerMismatch(
    Refusal, code="renewal-issuer-mismatch", check=13, source="CSRB review of Storm-0558"
):
    """The grant or the session belongs to another issuer."""


class RenewalClientMismatch(Refusal, code="renewal-client-mismatch", check=13, source="RFC 6749 section 6"):
    """The grant was given to another client."""


class RenewalKeyMismatch(
    Refusal, code="renewal-key-mismatch", check=13, source="RFC 9449 section 5, RFC 8705 section 4"
):
    """The request is not bound to the key or certificate that the grant is bound to."""


class RenewalTenantMismatch(
    Refusal, code="renewal-tenant-mismatch", check=13, source="CSRB review of Storm-0558"
):
    """Grant, session and request name different tenants."""


class RenewalSubjectMismatch(
    Refusal, code="renewal-subject-mismatch", check=13, source="RFC 9700 section 4.14"
):
    """Grant, session and new token name different subjects."""


class RenewalScopeWider(Refusal, code="renewal-scope-wider", check=13, source="RFC 6749 section 6"):
    """The request is for more scopes than the grant."""


class RenewalAudienceWider(Refusal, code="renewal-audience-wider", check=13, source="RFC 8707 section 2.2"):
    """The request is for another service than the grant."""


class RenewalChainTooOld(Refusal, code="renewal-chain-too-old", check=13, source="RFC 9700 section 4.14"):
    """The last sign-in was too long ago to renew without a new one."""


class RenewalTimeMalformed(Refusal, code="renewal-time-malformed", check=13, source="fail closed"):
    """The time of sign-in is missing, in the future, or different in grant and session."""

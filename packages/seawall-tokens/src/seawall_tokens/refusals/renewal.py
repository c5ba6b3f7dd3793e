"""Refusals of check 13: the presented credential may not obtain a new token."""

from __future__ import annotations

from seawall_tokens.refusals.refusal import Refusal


class RenewalAccessToken(Refusal, code="renewal-access-token", check=13, source="CSRB review of Storm-0558"):
    """A signed token was presented as the credential for a new one."""


class RenewalGrantMissing(Refusal, code="renewal-grant-missing", check=13, source="RFC 6749 section 6"):
    """There is no grant behind the credential."""


class RenewalGrantKind(Refusal, code="renewal-grant-kind", check=13, source="RFC 6749 section 6"):
    """A grant of this kind cannot be renewed."""


class RenewalGrantExpired(Refusal, code="renewal-grant-expired", check=13, source="RFC 6749 section 6"):
    """The grant has ended."""


class RenewalGrantRevoked(Refusal, code="renewal-grant-revoked", check=13, source="RFC 7009 section 2"):
    """The grant was revoked."""


class RenewalReused(Refusal, code="renewal-reused", check=13, source="RFC 9700 section 4.14.2"):
    """The credential was used before: somebody has a copy of it."""


class RenewalSessionMissing(
    Refusal, code="renewal-session-missing", check=13, source="RFC 9700 section 4.14"
):
    """There is no session behind the grant."""


class RenewalSessionEnded(Refusal, code="renewal-session-ended", check=13, source="RFC 9700 section 4.14"):
    """The session is no longer alive."""


class RenewalIssuerMismatch(
    Refusal, code="renewal-issuer-mismatch", check=13, source="CSRB review of Storm-0558"
):
    """Grant or session belong to another issuer."""


class RenewalClientMismatch(Refusal, code="renewal-client-mismatch", check=13, source="RFC 6749 section 6"):
    """The grant was given to another client."""


class RenewalKeyMismatch(
    Refusal, code="renewal-key-mismatch", check=13, source="RFC 9449 section 5, RFC 8705 section 4"
):
    """The request is not bound to the key or certificate that the grant is bound to."""


class RenewalTenantMismatch(
    Refusal, code="renewal-tenant-mismatch", check=13, source="CSRB review of Storm-0558"
):
    """Grant, session and request are not of one tenant."""


class RenewalSubjectMismatch(
    Refusal, code="renewal-subject-mismatch", check=13, source="RFC 9700 section 4.14"
):
    """Grant, session and new token are not about one subject."""


class RenewalScopeWider(Refusal, code="renewal-scope-wider", check=13, source="RFC 6749 section 6"):
    """More is asked for than was granted."""


class RenewalAudienceWider(Refusal, code="renewal-audience-wider", check=13, source="RFC 8707 section 2.2"):
    """A token for another service is asked for than was granted."""


class RenewalChainTooOld(Refusal, code="renewal-chain-too-old", check=13, source="RFC 9700 section 4.14"):
    """The person signed in too long ago to go on without signing in."""


class RenewalTimeMalformed(Refusal, code="renewal-time-malformed", check=13, source="fail closed"):
    """When the person signed in is missing, in the future, or not the same in grant and session."""

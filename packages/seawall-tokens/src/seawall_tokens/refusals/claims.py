"""Refusals of checks 7, 8, 9 and 10: kind of token, issuer and tenant, audience and claims, time."""

from __future__ import annotations

from seawall_tokens.refusals.refusal import Refusal


class TypeMissing(Refusal, code="type-missing", check=7, source="RFC 8725 section 3.11"):
    """The header does not state the token's type (typ)."""


class TypeWrong(Refusal, code="type-wrong", check=7, source="RFC 9068 section 4"):
    """The token's type (typ) is not one that the policy allows."""


class IssuerMismatch(Refusal, code="issuer-mismatch", check=8, source="RFC 9068 section 4"):
    """The issuer differs from the one in the policy."""


class TenantMissing(Refusal, code="tenant-missing", check=8, source="Microsoft identity platform, tid claim"):
    """The token names no tenant."""


class TenantMalformed(
    Refusal, code="tenant-malformed", check=8, source="Microsoft identity platform, tid claim"
):
    """The tenant is not a GUID in lower case with hyphens."""


class TenantMismatch(
    Refusal, code="tenant-mismatch", check=8, source="Microsoft identity platform, claims validation"
):
    """The tenant is not the one in the issuer."""


class TenantNotAllowed(
    Refusal, code="tenant-not-allowed", check=8, source="Microsoft identity platform, claims validation"
):
    """The tenant is not one that the policy allows."""


class ConsumerTenant(Refusal, code="consumer-tenant", check=8, source="CSRB review of Storm-0558"):
    """The tenant is that of personal accounts, and the issuer is for organisations (or the reverse)."""


class AudienceMissing(Refusal, code="audience-missing", check=9, source="RFC 9068 section 4"):
    """The token names no audience."""


class AudienceWrong(Refusal, code="audience-wrong", check=9, source="RFC 9068 section 4"):
    """The token is for another service."""


class AudienceMalformed(Refusal, code="audience-malformed", check=9, source="RFC 7519 section 4.1.3"):
    """The audience is neither a text nor an array of texts."""


class ClaimMissing(Refusal, code="claim-missing", check=9, source="RFC 9068 section 2.2"):
    """A claim that the policy requires is missing."""


class ClaimMalformed(Refusal, code="claim-malformed", check=9, source="RFC 7519 section 4.1"):
    """A claim has the wrong type."""


class ClaimNotAllowed(Refusal, code="claim-not-allowed", check=9, source="RFC 7519 section 4.3, fail closed"):
    """A claim has another value than the policy allows."""


class PermissionsMissing(
    Refusal,
    code="permissions-missing",
    check=9,
    source="Microsoft identity platform, validate scopes and roles",
):
    """The token grants nothing: it has neither scopes nor roles."""


class GuidNotCanonical(
    Refusal,
    code="guid-not-canonical",
    check=9,
    source="RFC 9562 section 4, Microsoft identity platform, claims",
):
    """A claim holds a GUID in another spelling than the issuer's: lower case, hyphens, no braces."""


class Expired(Refusal, code="expired", check=10, source="RFC 7519 section 4.1.4"):
    """The token has expired."""


class NotYetValid(Refusal, code="not-yet-valid", check=10, source="RFC 7519 section 4.1.5"):
    """The token is not valid yet."""


class IssuedInFuture(Refusal, code="issued-in-future", check=10, source="RFC 7519 section 4.1.6"):
    """The token says that it was issued in the future."""


class LifetimeTooLong(Refusal, code="lifetime-too-long", check=10, source="RFC 6750 section 5.3"):
    """The token lives longer than the policy allows."""


class TimeMalformed(Refusal, code="time-malformed", check=10, source="RFC 7519 section 2"):
    """A time is not a finite number of seconds."""


class ScopeInsufficient(
    Refusal,
    code="scope-insufficient",
    check=0,
    status=403,
    challenge="insufficient_scope",
    source="RFC 6750 section 3.1",
):
    """The token lacks a scope that the request needs."""

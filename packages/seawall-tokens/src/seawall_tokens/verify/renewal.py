"""Check 13: decide whether a new token may be issued. The token service calls it before issuing.

In 2023 intruders renewed forged tokens with the forged tokens themselves. Here a token is never the credential for
another one. A renewal needs a grant in the server's own records, a live session, and the same client, key, tenant and
subject throughout. It never widens anything, and it ends when the sign-in is too old.
"""

from __future__ import annotations

import base64
import codecs
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from seawall_tokens.jose import base64url, strict_json
from seawall_tokens.refusals import Internal, Refusal
from seawall_tokens.refusals import renewal as refused
from seawall_tokens.revocation.entry import Revocation

if TYPE_CHECKING:
    from seawall_tokens.policy.issuer_policy import IssuerPolicy, RevocationList

RENEWABLE: Final = frozenset(
    {"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}
)
"""Grant types (RFC 6749, RFC 8628) that a user began. A client requests its own tokens anew."""

LONGEST = 16 * 1024
"""Characters of a credential."""

_AROUND: Final = " \t\r\n\v\f\0\x85\xa0\ufeff\u200b\u2028\u2029\"'"
_WRAPPING: Final = re.compile(
    r"\A(?:authorization\s*:|(?:bearer|dpop)(?:\s|:|%20|\+)|%20|%22|%27)|(?:%20|%22|%27)\Z", re.IGNORECASE
)
_HEADER_BEGINS: Final = re.compile(r"[\ufeff\s]*\{\s*[\"}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The sender's proved key and certificate: RFC 7638 thumbprint, and SHA-256 in base64url; None if there is none."""

    jkt: str | None = None
    certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The server's record of an issued credential. Times are seconds since 1970.

    `kind` is the initial grant type. `superseded`: a newer credential of the same grant was issued (rotation).
    """

    kind: str
    issuer: str
    tenant: str | None
    client: str
    subject: str
    session: str
    scopes: frozenset[str]
    audiences: frozenset[str]
    binding: Binding = Binding()
    auth_time: float
    expires: float
    revoked: bool = False
    superseded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The user's session as the server knows it now."""

    identifier: str
    issuer: str
    tenant: str | None
    subject: str
    auth_time: float
    alive: bool
    expires: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalRequest:
    """The presented credential, the server's records of it, and the new token's claims.

    `presented` is the credential as received; `grant` is the server's own record for it; `session` is the session
    that the grant names. `client` is the authenticated client; `binding` is what this request has proved (check 12).
    The other fields are the new token's claims.
    """

    presented: str = field(repr=False)
    grant: Grant | None
    session: Session | None
    issuer: str
    tenant: str | None
    client: str
    binding: Binding
    subject: str
    scopes: frozenset[str]
    audiences: frozenset[str]
    auth_time: float


def check_renewal(
    request: RenewalRequest,
    policy: IssuerPolicy,
    revocations: RevocationList,
    now: float,
    *,
    signed_credentials: Collection[str] = (),
) -> None:
    """Raise the fitting refusal unless a new token may be issued; raise nothing else.

    `policy` is the issuer's: `max_chain_age` limits the time since the sign-in, `sender` the binding.
    `signed_credentials` names the header types (`rt+jwt`) of a server with signed refresh tokens; without it any
    signed or encrypted token is refused as a credential. Always refused are tokens in JSON serialisation, and
    credentials with an authorisation scheme, quotes or white space, because no server issues them.

    1. the credential is no access token, nor any token that an API might have seen; 2. there is a grant of a
       renewable kind, neither expired nor revoked; 3. it was not used before; 4. its session is alive; 5. issuer, 6.
       client, 7. key and certificate, 8. tenant and 9. subject are the same in grant, session and request; 10. scopes
       and audiences are no wider; 11. the sign-in is recent enough, and the new token keeps its time; 12. nothing of
       it is revoked.
    """
    try:
        _check_credential(request.presented, frozenset(signed_credentials))
        grant = _check_grant(request.grant, now)
        session = _check_session(request.session, grant, now)
        _check_same(request, grant, session)
        _check_binding(request.binding, grant.binding, policy.sender)
        _check_width(request, grant)
        _check_chain(request, grant, session, policy, now)
        revocations.refuse(
            issuer=grant.issuer,
            kid=None,
            thumbprint=None,
            subject=grant.subject,
            session=grant.session,
            token_id=None,
            issued_at=grant.auth_time,
            client=grant.client,
        )
    except Refusal:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, nothing was shown that would justify a token
        raise Internal from None


def revocation_after_reuse(grant: Grant, *, who: str, now: float) -> Revocation:
    """Return the revocation to record after `renewal-reused`: the whole session, because thief and owner are
    indistinguishable.

    Source: RFC 9700 section 4.14.
    """
    return Revocation(
        kind="session",
        issuer=grant.issuer,
        value=grant.session,
        reason="a credential for renewal was used twice",
        who=who,
        at=now,
    )


def _check_credential(presented: str, signed: frozenset[str]) -> None:
    if not presented or len(presented) > LONGEST:
        raise refused.RenewalGrantMissing
    if "jwt" in signed or "at+jwt" in signed:
        raise refused.RenewalAccessToken("these types are those of access tokens")
    bare = _unwrap(presented)
    if bare[:1] in {"{", "["}:
        raise refused.RenewalAccessToken("a token in the JSON serialisation")
    kind = _type_of(bare)
    if kind is None:
        if bare != presented:
            raise refused.RenewalAccessToken(
                "an authorisation scheme, quotes or white space around the credential"
            )
        return
    if bare != presented or kind not in signed:
        raise refused.RenewalAccessToken


def _unwrap(presented: str) -> str:
    """Strip what careless clients add to a credential: white space, quotes, `Bearer`, an escaped blank."""
    bare, before = presented, ""
    while bare != before:
        before = bare
        bare = _WRAPPING.sub("", bare.strip(_AROUND))
    return bare


def _type_of(credential: str) -> str | None:
    """Return the `typ` of a signed or encrypted token, empty if missing or unreadable; None if it is no token."""
    first, dot, _ = credential.partition(".")
    if not dot or not _begins_object(first):
        return None
    try:
        header = strict_json.loads(base64url.decode(first), max_bytes=LONGEST)
    except ValueError:
        return ""  # however lenient readers parse it, a server did not generate it at random
    named = header.get("typ") if isinstance(header, dict) else None
    return named.lower().removeprefix("application/") if isinstance(named, str) else ""


def _begins_object(segment: str) -> bool:
    """Return whether base64 in any variant decodes to the start of a JSON object, which random text does not."""
    plain = "".join(segment.split()).replace("-", "+").replace("_", "/").rstrip("=")[:64]
    try:
        octets = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        begins = codecs.getincrementaldecoder("utf-8")().decode(octets)
    except ValueError:
        return False
    return _HEADER_BEGINS.match(begins) is not None


def _check_grant(grant: Grant | None, now: float) -> Grant:
    if grant is None:
        raise refused.RenewalGrantMissing
    if grant.kind not in RENEWABLE:
        raise refused.RenewalGrantKind
    if grant.revoked:
        raise refused.RenewalGrantRevoked
    if grant.superseded:
        raise refused.RenewalReused
    if not now < grant.expires:
        raise refused.RenewalGrantExpired
    return grant


def _check_session(session: Session | None, grant: Grant, now: float) -> Session:
    if session is None or not grant.session or session.identifier != grant.session:
        raise refused.RenewalSessionMissing
    if session.alive is not True or not now < session.expires:
        raise refused.RenewalSessionEnded
    return session


def _check_same(request: RenewalRequest, grant: Grant, session: Session) -> None:
    if not grant.issuer or not grant.issuer == session.issuer == request.issuer:
        raise refused.RenewalIssuerMismatch
    if not grant.client or grant.client != request.client:
        raise refused.RenewalClientMismatch
    if not grant.tenant == session.tenant == request.tenant:
        raise refused.RenewalTenantMismatch
    if not grant.subject or not grant.subject == session.subject == request.subject:
        raise refused.RenewalSubjectMismatch


def _check_binding(proved: Binding, granted: Binding, demand: str) -> None:
    if granted.jkt != proved.jkt or granted.certificate != proved.certificate:
        raise refused.RenewalKeyMismatch
    bound = {
        "optional": True,
        "dpop": granted.jkt is not None,
        "mtls": granted.certificate is not None,
        "required": granted.jkt is not None or granted.certificate is not None,
    }
    if not bound.get(demand, False):
        raise refused.RenewalKeyMismatch("the policy asks for a bound token")


def _check_width(request: RenewalRequest, grant: Grant) -> None:
    if not frozenset(request.scopes) <= frozenset(grant.scopes):
        raise refused.RenewalScopeWider
    if not request.audiences or not frozenset(request.audiences) <= frozenset(grant.audiences):
        raise refused.RenewalAudienceWider


def _check_chain(
    request: RenewalRequest, grant: Grant, session: Session, policy: IssuerPolicy, now: float
) -> None:
    began = grant.auth_time
    # Step-up makes the session's sign-in newer but never the grant's: the chain counts from the grant.
    if not (math.isfinite(began) and request.auth_time == began and session.auth_time >= began):
        raise refused.RenewalTimeMalformed
    if began > now + policy.clock_skew or session.auth_time > now + policy.clock_skew:
        raise refused.RenewalTimeMalformed
    if now - began > policy.max_chain_age:
        raise refused.RenewalChainTooOld

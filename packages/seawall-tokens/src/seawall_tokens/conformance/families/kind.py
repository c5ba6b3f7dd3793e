"""Cases: validly signed tokens of another kind, such as ID tokens."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import ABSENT, AUDIENCE, CLIENT, ISSUER, TokenFactory

_TYP = "RFC 8725 section 3.11, RFC 9068 section 4"
_WRONG = "type-wrong"


def _typ(value: Any) -> Callable[[TokenFactory], Presentation]:
    """Build a valid access token with another `typ`."""
    return lambda w: w.with_header(typ=value)


def _token(typ: Any, **claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Build a token of another kind, with its own `typ` and claims."""
    return lambda w: w.present(w.token(w.claims(**claims), w.header(typ=typ)))


def _cloud(**claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Build a token of a provider whose access and ID tokens both have `typ` `JWT`; only claims differ."""
    return lambda w: w.present(w.cloud_token(claims=w.cloud_claims(**claims)), w.single_tenant_issuer())


_EVENT = {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {"event_timestamp": 1}}
_LOGOUT: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
_HALF = base64.urlsafe_b64encode(hashlib.sha256(b"an access token").digest()[:16]).decode().rstrip("=")

_CASES: tuple[Case, ...] = (
    control("typ-at-jwt-capitals", "`typ` is compared without regard to case", "RFC 7515 section 4.1.9", _typ("AT+JWT")),
    control("typ-application", "`application/at+jwt`, the long form", "RFC 9068 section 2.1", _typ("application/at+jwt")),
    control("typ-application-capitals", "the long form in mixed case", "RFC 2045 section 5.1", _typ("Application/at+JWT")),
    control("typ-jwt-where-meant", "`JWT` where the provider's access tokens say so", "Entra: access token claims",
            lambda w: w.present(w.cloud_token(), w.single_tenant_issuer())),
    hostile("typ-missing", "no `typ` where access tokens have one", _TYP, "type-missing", "laxity", _typ(ABSENT)),
    hostile("typ-jwt", "`JWT`, as every other kind of token may say", _TYP, _WRONG, "laxity", _typ("JWT")),
    hostile("typ-empty", "`typ` is empty", _TYP, f"{_WRONG} type-missing header-malformed", "laxity", _typ("")),
    hostile("typ-null", "`typ` is null", "RFC 7515 section 4.1.9", f"header-malformed {_WRONG} type-missing", "laxity",
            _typ(None)),
    hostile("typ-number", "`typ` is a number", "RFC 7515 section 4.1.9", f"header-malformed {_WRONG}", "laxity", _typ(1)),
    hostile("typ-list", "`typ` is a list that holds the right one", "RFC 7515 section 4.1.9", f"header-malformed {_WRONG}",
            "laxity", _typ(["at+jwt"])),
    hostile("typ-parameter", "`at+jwt` with a parameter behind it", _TYP, _WRONG, "laxity", _typ("at+jwt; v=1")),
    hostile("typ-blank", "`at+jwt` with a blank before it", _TYP, f"{_WRONG} header-malformed", "laxity", _typ(" at+jwt")),
    hostile("typ-prefix", "a type that only begins like an access token's", _TYP, _WRONG, "misuse", _typ("at+jwt-refresh")),
    hostile("typ-suffix", "a type that only ends like an access token's", _TYP, _WRONG, "misuse", _typ("ch+at+jwt")),
    hostile("typ-text", "`text/at+jwt`: another tree of media types", _TYP, _WRONG, "laxity", _typ("text/at+jwt")),
    hostile("typ-application-twice", "`application/application/at+jwt`", _TYP, _WRONG, "laxity",
            _typ("application/application/at+jwt")),
    hostile("typ-dotless-i", "a letter that becomes `I` in some alphabets: `appl\u0131cation/at+jwt`", _TYP, _WRONG, "laxity",
            _typ("appl\u0131cation/at+jwt")),
    hostile("id-token", "an ID token, which says who somebody is and not what a client may do",
            f"{_TYP}; OpenID Connect Core section 2", _WRONG, "misuse",
            _token("JWT", nonce="n-0S6_WzA2Mj", at_hash=_HALF, client_id=ABSENT, jti=ABSENT, scope=ABSENT)),
    hostile("id-token-complete", "an ID token with every claim that an access token needs", _TYP, _WRONG, "misuse",
            _token("JWT", nonce="n-0S6_WzA2Mj", at_hash=_HALF)),
    hostile("id-token-of-the-cloud", "an ID token for an application that is also an API: same audience, same `typ`, no client",
            "Entra: ID token claims", "claim-missing type-wrong", "misuse",
            _cloud(azp=ABSENT, scp=ABSENT, nonce="678910", name="Somebody")),
    hostile("logout-token", "a back-channel logout token", "OpenID Connect Back-Channel Logout section 2.4", _WRONG, "misuse",
            _token("logout+jwt", events=_LOGOUT, sid="08a5019c")),
    hostile("security-event", "a security event token about the subject", "RFC 8417 section 4.2", _WRONG, "misuse",
            _token("secevent+jwt", events=_EVENT)),
    hostile("security-event-hidden", "a security event token that calls itself `JWT`", "RFC 8417 section 4.2", _WRONG, "misuse",
            _token("JWT", events=_EVENT)),
    hostile("dpop-proof-as-token", "a DPoP proof in place of a token", "RFC 9449 section 4.2", _WRONG, "misuse",
            _token("dpop+jwt", htm="GET", htu="https://mail.example/api/messages")),
    hostile("refresh-token", "a refresh token that happens to be a JWT", "RFC 9700 section 4.14", _WRONG, "misuse",
            _token("rt+jwt", scope="offline_access")),
    hostile("client-assertion", "a client's own assertion to the token endpoint",
            "RFC 7523 section 3, draft-ietf-oauth-rfc7523bis", f"issuer-unknown {_WRONG}", "misuse",
            _token("client-authentication+jwt", iss=CLIENT, sub=CLIENT)),
    hostile("request-object", "a signed authorisation request", "RFC 9101 section 10.8", _WRONG, "misuse",
            _token("oauth-authz-req+jwt", response_type="code", redirect_uri="https://client.example/cb")),
    hostile("introspection-answer", "a signed answer of the introspection endpoint, which quotes a token", "RFC 9701 section 5",
            _WRONG, "misuse",
            _token("token-introspection+jwt", token_introspection={"active": True, "iss": ISSUER, "aud": AUDIENCE})),
    hostile("entity-statement", "a statement about a federation's member", "OpenID Federation section 3", _WRONG, "misuse",
            _token("entity-statement+jwt", jwks={"keys": []})),
    hostile("key-binding", "the key-binding part of a presented credential", "RFC 9901 section 4.3", _WRONG, "misuse",
            _token("kb+jwt", nonce="1234567890", sd_hash=_HALF)),
    hostile("credential", "a selectively disclosable credential", "draft-ietf-oauth-sd-jwt-vc", _WRONG, "misuse",
            _token("dc+sd-jwt", vct="https://x.example/card")),
    hostile("credential-with-disclosures", "an access token with disclosures hanging from it", "RFC 9901 section 4",
            "base64url-invalid segments-not-three", "laxity",
            lambda w: w.present(w.token() + "~WyJzYWx0Iiwic3ViIiwiYWRtaW4iXQ~")),
    hostile("verifiable-presentation", "a presentation of credentials",
            "W3C: Securing Verifiable Credentials using JOSE and COSE", _WRONG, "misuse",
            _token("vp+jwt", vp={"type": ["VerifiablePresentation"]})),
    hostile("transaction-token", "a token for calls between services, shown from outside",
            "draft-ietf-oauth-transaction-tokens", _WRONG, "misuse",
            _token("txntoken+jwt", txn="97053963-771d-49cc-a4e3-20aad399c312")),
)  # fmt: skip

FAMILY = Family.build("kind", "a token of another type", *_CASES)

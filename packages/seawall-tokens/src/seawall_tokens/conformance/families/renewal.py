"""Cases: renewal attempts without a valid credential, the second flaw of Storm-0558."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.context import Context, Grant, RenewalAttempt, Revocation, Session
from seawall_tokens.conformance.encoding import plain_json
from seawall_tokens.conformance.keys import rsa_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.proofs import holder, thief
from seawall_tokens.conformance.token_factory import (
    AUDIENCE,
    CLIENT,
    ISSUER,
    OTHER_TENANT,
    SUBJECT,
    TENANT,
    TokenFactory,
)

_CSRB = "CSRB review of the summer 2023 Exchange Online intrusion; Microsoft, July 2023"
_REFRESH = "RFC 6749 section 6"
_PROTECT = "RFC 9700 section 4.14"
HOUR, DAY = 3600, 24 * 3600
_CREDENTIAL = "rt.4f1d0c9a5b7e4d52"
_SESSION = "08a5019c-17e1-4977-8f42-65a12843ea02"
_SCOPES = frozenset({"mail.read", "offline_access"})

_Changes = Mapping[str, Any] | Callable[[TokenFactory], Mapping[str, Any]]


def _make_given(changes: _Changes | None, w: TokenFactory) -> Mapping[str, Any]:
    return {} if changes is None else changes(w) if callable(changes) else changes


def _renewal(
    attempt: _Changes | None = None,
    grant: _Changes | None = None,
    session: _Changes | None = None,
    *,
    issuer: Mapping[str, Any] | None = None,
    known: bool = True,
    live: bool = True,
    revoked: Callable[[TokenFactory], Revocation] | None = None,
) -> Callable[[TokenFactory], Presentation]:
    """Build a valid renewal with changes to the attempt, the recorded grant or the session."""

    def build(w: TokenFactory) -> Presentation:
        began = w.now - 2 * HOUR
        granted = Grant(**{"kind": "authorization_code", "issuer": ISSUER, "tenant": None, "client": CLIENT, "subject": SUBJECT,
                           "session": _SESSION, "scopes": _SCOPES, "audiences": frozenset({AUDIENCE}),
                           "authenticated_at": began,
                           "expires_at": w.now + DAY, **_make_given(grant, w)})  # fmt: skip
        lived = Session(**{"issuer": ISSUER, "tenant": granted.tenant, "subject": granted.subject, "authenticated_at": began,
                           "expires_at": w.now + DAY, **_make_given(session, w)})  # fmt: skip
        asked = RenewalAttempt(**{"credential": _CREDENTIAL, "client": granted.client, "key": granted.key,
        "tenant": granted.tenant,
                                  "subject": granted.subject, "scopes": _SCOPES, "audience": AUDIENCE,
                                  "authenticated_at": granted.authenticated_at, **_make_given(attempt, w)})  # fmt: skip
        context: Context = w.context(
            w.issuer(**(issuer or {})),
            grants={asked.credential: granted} if known else {},
            sessions={granted.session: lived} if live else {},
            revocations=(revoked(w),) if revoked else (),
        )
        return Presentation(asked.credential, context, renewal=asked)

    return build


def _token(
    make: Callable[[TokenFactory], str], *, known: bool = False
) -> Callable[[TokenFactory], Presentation]:
    """Present a signed token as the credential. `known`: the service has a grant recorded for it."""
    return lambda w: _renewal({"credential": make(w)}, known=known)(w)


def _forge(w: TokenFactory) -> str:
    """Forge a token with the consumer key, as in 2023."""
    return w.cloud_token(w.consumer_key())


def _list_needed(*cases: Case) -> tuple[Case, ...]:
    return tuple(replace(case, needs=case.needs | {"renewal"}) for case in cases)


def _wrap(wrap: Callable[[str], str]) -> Callable[[TokenFactory], Presentation]:
    """Present an access token in another form, which the service has recorded."""
    return _token(lambda w: wrap(w.token()), known=True)


def _flatten(token: str) -> str:
    """Convert to the flattened JSON serialisation (RFC 7515 section 7.2.2)."""
    protected, payload, signature = token.split(".")
    return plain_json({"payload": payload, "protected": protected, "signature": signature}).decode()


def _general(token: str) -> str:
    """Convert to the general JSON serialisation (RFC 7515 section 7.2.1)."""
    protected, payload, signature = token.split(".")
    signatures = [{"protected": protected, "signature": signature}]
    return plain_json({"payload": payload, "signatures": signatures}).decode()


_ACCESS = "renewal-access-token"
_MISSING = "renewal-grant-missing"

_CASES: tuple[Case, ...] = _list_needed(
    control("renewal-sound", "a grant, a live session, the same client", _REFRESH, _renewal()),
    control("renewal-narrower", "fewer scopes than were granted", _REFRESH, _renewal({"scopes": frozenset({"mail.read"})})),
    control("renewal-bound", "a grant that is bound to a key, which is proved", "RFC 9449 section 5",
            _renewal(grant=lambda w: {"key": holder().thumbprint})),
    control("renewal-tenant", "a grant of one tenant for the same tenant", _CSRB, _renewal(grant={"tenant": TENANT})),
    hostile("renewal-by-access-token", "an access token is shown as the credential for the next: renewed for ever, as in 2023",
            _CSRB, _ACCESS, "misuse", _token(lambda w: w.token())),
    hostile("renewal-by-access-token-on-record",
            "an access token is shown as the credential, and the service finds it on record", _CSRB, _ACCESS, "misuse",
            _token(lambda w: w.token(), known=True)),
    hostile("renewal-by-forged-token",
            "Storm-0558's second step: a token forged with the consumer key is exchanged for a real one", _CSRB, _ACCESS,
            "forgery", _token(_forge)),
    hostile("renewal-by-stranger", "a token that a stranger signed is exchanged for a real one", _CSRB, _ACCESS, "forgery",
            _token(lambda w: w.token(header=w.header(), sign=rsa_key("forger").sign))),
    hostile("renewal-by-expired-token", "an access token that has ended is exchanged for a new one", _CSRB, _ACCESS, "misuse",
            _token(lambda w: w.token(w.claims(iat=w.now - 2 * HOUR, exp=w.now - HOUR)))),
    hostile("renewal-by-id-token", "an ID token is shown as the credential", "RFC 8725 section 3.11", _ACCESS, "misuse",
            _token(lambda w: w.token(w.claims(nonce="n"), w.header(typ="JWT")))),
    hostile("renewal-by-untyped-token", "a signed token without a type is shown as the credential", "RFC 8725 section 3.11",
            _ACCESS, "misuse", _token(lambda w: w.token(header={"alg": "RS256", "kid": w.key.kid}), known=True)),
    hostile("renewal-by-token-and-blank", "an access token with a blank before it, past a check of its beginning", _CSRB,
            _ACCESS, "misuse", _token(lambda w: " " + w.token(), known=True)),
    *(hostile(f"renewal-by-token-{words}", f"an access token is shown {how}, past a check for three segments or for `ey`", _CSRB,
              _ACCESS, "misuse", _wrap(wrap))
      for words, how, wrap in (
          ("json-flattened", "in the flattened JSON serialisation", _flatten),
          ("json-general", "in the general JSON serialisation", _general),
          ("with-scheme", "with `Bearer` before it", "Bearer {}".format),
          ("with-scheme-lower", "with `bearer` and a tab before it", "bearer\t{}".format),
          ("quoted", "in quotes", '"{}"'.format),
          ("quoted-with-scheme", "in quotes, with `DPoP` before it", 'DPoP "{}"'.format),
          ("with-line", "with a line end behind it", "{}\r\n".format))),
    hostile("renewal-unknown", "a credential that the service never gave out", _REFRESH, _MISSING, "forgery",
            _renewal(known=False)),
    hostile("renewal-empty", "an empty credential, on record by mistake", _REFRESH, _MISSING, "forgery",
            _renewal({"credential": ""})),
    hostile("renewal-of-client-credentials", "a grant that a client obtained for itself: nobody's session is behind it",
            "RFC 6749 section 4.4.3", "renewal-grant-kind", "misuse", _renewal(grant={"kind": "client_credentials"})),
    hostile("renewal-of-token-exchange", "a grant that was itself exchanged for a token", "RFC 8693 section 2.2.1",
            "renewal-grant-kind", "misuse", _renewal(grant={"kind": "urn:ietf:params:oauth:grant-type:token-exchange"})),
    hostile("renewal-grant-ended", "a grant that has ended", _REFRESH, "renewal-grant-expired", "misuse",
            _renewal(grant=lambda w: {"expires_at": w.now - 1.0})),
    hostile("renewal-grant-revoked", "a grant that was revoked", "RFC 7009 section 2", "renewal-grant-revoked", "misuse",
            _renewal(grant={"revoked": True})),
    hostile("renewal-reused", "a credential that was used before: thief and owner both have it", f"{_PROTECT}.2",
            "renewal-reused", "misuse", _renewal(grant={"used": True})),
    hostile("renewal-session-gone", "a grant whose session nobody knows", _PROTECT, "renewal-session-missing", "misuse",
            _renewal(live=False)),
    hostile("renewal-session-ended", "the person has signed out", _PROTECT, "renewal-session-ended", "misuse",
            _renewal(session={"alive": False})),
    hostile("renewal-session-expired", "the session has reached its end", _PROTECT, "renewal-session-ended", "misuse",
            _renewal(session=lambda w: {"expires_at": w.now - 1.0})),
    hostile("renewal-session-of-another", "the session is another person's", _PROTECT, "renewal-subject-mismatch", "misuse",
            _renewal(session={"subject": "somebody else"})),
    hostile("renewal-session-of-other-issuer", "the session is another issuer's", _CSRB, "renewal-issuer-mismatch", "misuse",
            _renewal(session={"issuer": "https://consumer.example"})),
    hostile("renewal-grant-of-other-issuer", "the grant is another issuer's: a personal account's for an organisation's token",
            _CSRB, "renewal-issuer-mismatch", "misuse", _renewal(grant={"issuer": "https://consumer.example"})),
    hostile("renewal-other-client", "another application shows the credential", _REFRESH, "renewal-client-mismatch", "misuse",
            _renewal({"client": "evil"})),
    hostile("renewal-no-client", "nobody says which application asks", _REFRESH, "renewal-client-mismatch", "misuse",
            _renewal({"client": ""})),
    hostile("renewal-other-key", "the thief proves a key of his own", "RFC 9449 section 5", "renewal-key-mismatch", "misuse",
            _renewal(lambda w: {"key": thief().thumbprint}, lambda w: {"key": holder().thumbprint})),
    hostile("renewal-no-key", "a grant that is bound to a key, and no key is proved", "RFC 9449 section 5",
            "renewal-key-mismatch", "misuse", _renewal({"key": None}, lambda w: {"key": holder().thumbprint})),
    hostile("renewal-unbound-where-demanded", "a grant that is bound to nothing, where bound tokens are demanded",
            "RFC 9700 section 2.2.2", "renewal-key-mismatch", "misuse", _renewal(issuer={"sender": "dpop"})),
    hostile("renewal-other-tenant", "a grant of one tenant for a token of another", _CSRB, "renewal-tenant-mismatch", "misuse",
            _renewal({"tenant": OTHER_TENANT}, {"tenant": TENANT})),
    hostile("renewal-tenant-added", "a grant of no tenant for a token of one", _CSRB, "renewal-tenant-mismatch", "misuse",
            _renewal({"tenant": TENANT})),
    hostile("renewal-session-of-other-tenant", "the session is in another tenant", _CSRB, "renewal-tenant-mismatch", "misuse",
            _renewal(grant={"tenant": TENANT}, session={"tenant": OTHER_TENANT})),
    hostile("renewal-other-subject", "the new token would be about somebody else", _PROTECT, "renewal-subject-mismatch",
            "misuse", _renewal({"subject": "administrator"})),
    hostile("renewal-wider", "one scope more than was granted", _REFRESH, "renewal-scope-wider", "misuse",
            _renewal({"scopes": _SCOPES | {"mail.send"}})),
    hostile("renewal-everything", "the scope `*`", _REFRESH, "renewal-scope-wider", "misuse",
            _renewal({"scopes": frozenset({"*"})})),
    hostile("renewal-other-audience", "a token for another service", "RFC 8707 section 2.2", "renewal-audience-wider", "misuse",
            _renewal({"audience": "https://files.example/api"})),
    hostile("renewal-chain-too-old", "the person signed in a month ago, and the chain goes on", _PROTECT,
            "renewal-chain-too-old", "misuse",
            _renewal(grant=lambda w: {"authenticated_at": w.now - 30 * DAY},
            session=lambda w: {"authenticated_at": w.now - 30 * DAY})),
    hostile("renewal-made-young", "the new token would say that the person signed in just now",
            "OpenID Connect Core section 12.2", "renewal-time-malformed renewal-chain-too-old", "misuse",
            _renewal(lambda w: {"authenticated_at": float(w.now)})),
    hostile("renewal-signed-in-tomorrow", "the person signed in tomorrow: a chain that stays young", _PROTECT,
            "renewal-time-malformed", "misuse",
            _renewal(grant=lambda w: {"authenticated_at": w.now + DAY}, session=lambda w: {"authenticated_at": w.now + DAY})),
    hostile("renewal-signed-in-never", "the time of the sign-in is NaN: no chain is ever too old", _PROTECT,
            "renewal-time-malformed renewal-chain-too-old", "misuse", _renewal(grant={"authenticated_at": float("nan")})),
    hostile("renewal-subject-revoked", "renewal for an account that was disabled", "OpenID RISC section 2", "revoked-subject",
            "misuse", _renewal(revoked=lambda w: Revocation(kind="subject", value=SUBJECT, issuer=ISSUER)), "revocation"),
    hostile("renewal-session-revoked", "the session was revoked by an event", "OpenID CAEP section 3.1", "revoked-session",
            "misuse", _renewal(revoked=lambda w: Revocation(kind="session", value=_SESSION, issuer=ISSUER)), "revocation"),
    hostile("renewal-client-revoked", "renewal for an application that was revoked", "RFC 7009 section 2.1", "revoked-client",
            "misuse", _renewal(revoked=lambda w: Revocation(kind="client", value=CLIENT, issuer=ISSUER)), "revocation"),
    hostile("renewal-password-changed", "the password was changed after the sign-in", "OpenID CAEP section 3.3",
            "revoked-not-before", "misuse",
            _renewal(revoked=lambda w: Revocation(kind="not-before", value=SUBJECT, issuer=ISSUER, before=w.now - HOUR)),
            "revocation"),
)  # fmt: skip

FAMILY = Family.build("renewal", "a renewal without a valid grant", *_CASES)

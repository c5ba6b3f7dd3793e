"""Cases: valid tokens of revoked keys, subjects, sessions and clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.context import Revocation
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import CLIENT, ISSUER, SUBJECT, TokenFactory

_CAEP = "OpenID CAEP section 3.1"
_RISC = "OpenID RISC section 2"
_CSRB = "CSRB review of the summer 2023 Exchange Online intrusion"
_SESSION = "08a5019c-17e1-4977-8f42-65a12843ea02"
_OTHER = "https://other.example"


def _list(
    *entries: Callable[[TokenFactory], Revocation], **claims: Any
) -> Callable[[TokenFactory], Presentation]:
    """Present a valid token together with these revocations."""
    return lambda w: w.present(
        w.token(w.claims(sid=_SESSION, jti="token-1", **claims)),
        revocations=tuple(entry(w) for entry in entries),
    )


def _of(kind: Any, value: str = "", issuer: str = ISSUER) -> Callable[[TokenFactory], Revocation]:
    return lambda w: Revocation(kind=kind, value=value, issuer=issuer)


def _key(kind: Any, issuer: str = ISSUER) -> Callable[[TokenFactory], Revocation]:
    return lambda w: Revocation(
        kind=kind, value=w.key.kid if kind == "kid" else w.key.thumbprint, issuer=issuer
    )


def _before(seconds: float, subject: str = SUBJECT) -> Callable[[TokenFactory], Revocation]:
    """Revoke tokens issued before a time that is so many seconds from now."""
    return lambda w: Revocation(kind="not-before", value=subject, issuer=ISSUER, before=w.now + seconds)


def _cloud_respelt(
    kind: Any, claim: str, spell: Callable[[str], str] = str.upper
) -> Callable[[TokenFactory], Presentation]:
    """Present the identity provider's token with another spelling of a revoked value."""

    def build(w: TokenFactory) -> Presentation:
        claims = w.cloud_claims()
        entry = Revocation(
            kind=kind,
            value=claims[claim],
            issuer=claims["iss"],
            before=w.now if kind == "not-before" else 0.0,
        )
        token = w.cloud_token(claims={**claims, claim: spell(claims[claim])})
        return w.present(token, w.single_tenant_issuer(), revocations=(entry,))

    return build


def _respelt(kind: Any, value: str, **claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Present a valid token whose claims spell a revoked value differently."""
    return lambda w: w.present(
        w.token(w.claims(**claims)), revocations=(Revocation(kind=kind, value=value, issuer=ISSUER),)
    )


def _cloud_token(w: TokenFactory) -> Presentation:
    claims = w.cloud_claims()
    entry = Revocation(kind="token", value=claims["uti"], issuer=claims["iss"])
    return w.present(w.cloud_token(claims=claims), w.single_tenant_issuer(), revocations=(entry,))


def _list_needed(*cases: Case) -> tuple[Case, ...]:
    from dataclasses import replace

    return tuple(replace(case, needs=case.needs | {"revocation"}) for case in cases)


_CASES: tuple[Case, ...] = _list_needed(
    control("revoked-others", "others of each kind were revoked", _CAEP,
            _list(_of("kid", "login-2025"), _of("thumbprint", "x" * 43, "*"), _of("issuer", issuer=_OTHER),
            _of("subject", "somebody else"),
                    _of("session", "another"), _of("token", "token-2"), _of("client", "another"), _before(0, "somebody else"))),
    control("revoked-elsewhere", "things of the same names were revoked at another issuer", "RFC 8725 section 3.8",
            _list(_key("kid", _OTHER), _of("subject", SUBJECT, _OTHER), _of("session", _SESSION, _OTHER),
            _of("token", "token-1", _OTHER))),
    control("not-before-passed", "everything from before an hour ago was revoked, and this is newer", _CAEP,
            _list(_before(-3600))),
    hostile("revoked-kid", "the key was revoked by name", _CSRB, "revoked-key", "misuse", _list(_key("kid"))),
    hostile("revoked-thumbprint", "the key was revoked by what it is, under whichever name", _CSRB, "revoked-thumbprint",
            "misuse", _list(_key("thumbprint", "*"))),
    hostile("revoked-issuer", "everything of the issuer was revoked", _CSRB, "revoked-issuer", "misuse",
            _list(_of("issuer"))),
    hostile("revoked-subject", "the account was disabled", _RISC, "revoked-subject", "misuse",
            _list(_of("subject", SUBJECT))),
    hostile("revoked-subject-everywhere", "the account was disabled at every issuer", _RISC, "revoked-subject", "misuse",
            _list(_of("subject", SUBJECT, "*"))),
    hostile("revoked-session", "the session was ended", _CAEP, "revoked-session", "misuse", _list(_of("session", _SESSION))),
    hostile("revoked-token", "this one token was revoked", "RFC 7009 section 2", "revoked-token", "misuse",
            _list(_of("token", "token-1"))),
    hostile("revoked-token-uti", "this one token was revoked, which calls its id `uti`", "RFC 7009 section 2", "revoked-token",
            "misuse", _cloud_token),
    hostile("revoked-client", "the application was revoked", "RFC 7009 section 2.1", "revoked-client", "misuse",
            _list(_of("client", CLIENT))),
    hostile("revoked-not-before", "the password was changed after the token was issued", _CAEP, "revoked-not-before", "misuse",
            _list(_before(-2))),
    hostile("revoked-not-before-all", "everything that the issuer issued before now was revoked", _CSRB, "revoked-not-before",
            "misuse", _list(_before(0, ""))),
    *(hostile(f"revoked-{words}-{how}", f"the {what} was revoked, and the token writes its GUID {spelling}",
              "RFC 9562 section 4", f"{code} guid-not-canonical claim-malformed", "misuse", _cloud_respelt(kind, claim, spell))
      for words, what, kind, claim, code in (
          ("object", "account", "subject", "oid", "revoked-subject"), ("app", "application", "client", "azp", "revoked-client"),
          ("object-not-before", "account's tokens from before now", "not-before", "oid", "revoked-not-before"))
      for how, spelling, spell in (("capitals", "in capitals", str.upper), ("braces", "in braces", "{{{}}}".format))),
    hostile("revoked-mail-capitals", "the account was revoked by its mail address, and the token writes that in capitals",
            "RFC 5321 section 2.4", "revoked-subject", "misuse",
            _respelt("subject", "anna@example.org", sub="Anna@EXAMPLE.org")),
    hostile("revoked-mail-wide", "the token writes the address in full-width letters", "Unicode section 3.13",
            "revoked-subject", "misuse", _respelt("subject", "anna@example.org", sub="\uff41nna@example.org")),
    hostile("revoked-beside-others", "the session was ended, and the entry stands among others that do not fit", _CAEP,
            "revoked-session", "misuse",
            _list(_of("session", "another"), _of("subject", "somebody else"), _of("session", _SESSION))),
)  # fmt: skip

FAMILY = Family.build("revocation", "a revoked token, key or session in use", *_CASES)

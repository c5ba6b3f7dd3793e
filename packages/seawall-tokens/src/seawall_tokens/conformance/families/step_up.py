"""Cases: valid tokens of sign-ins too weak or too old for the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import TokenFactory

_STEP = "RFC 9470 section 3"
_ACR = "OpenID Connect Core section 2 (acr)"
_AMR = "RFC 8176 section 1"
_STRONG = "urn:example:phishing-resistant"
HOUR = 3600


def _acr(**claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Demand one of two `acr` values."""
    return lambda w: w.present(
        w.token(w.claims(**claims)), w.issuer(acr_values=(_STRONG, "urn:example:hardware"))
    )


def _amr(**claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Demand a second factor and a hardware key by `amr`."""
    return lambda w: w.present(w.token(w.claims(**claims)), w.issuer(required_amr=frozenset({"mfa", "hwk"})))


def _fresh(auth_time: Callable[[int], Any] | None = None) -> Callable[[TokenFactory], Presentation]:
    """Demand a sign-in within the last hour."""

    def build(w: TokenFactory) -> Presentation:
        claims = w.claims() if auth_time is None else w.claims(auth_time=auth_time(w.now))
        return w.present(w.token(claims), w.issuer(max_authentication_age=HOUR))

    return build


def _list_needed(*cases: Case) -> tuple[Case, ...]:
    return tuple(replace(case, needs=case.needs | {"step-up"}) for case in cases)


_CASES: tuple[Case, ...] = _list_needed(
    control("acr-sound", "a sign-in of the class that is demanded", _STEP, _acr(acr=_STRONG)),
    control("acr-second", "a sign-in of the other class that is demanded", _STEP, _acr(acr="urn:example:hardware")),
    control("amr-sound", "a sign-in with every method that is demanded, and one more", _AMR, _amr(amr=["pwd", "mfa", "hwk"])),
    control("auth-time-sound", "a sign-in of ten minutes ago", _STEP, _fresh(lambda now: now - 600)),
    hostile("acr-missing", "nothing is said about the sign-in", _STEP, "acr-insufficient", "misuse", _acr()),
    hostile("acr-weak", "a sign-in with a password", _STEP, "acr-insufficient", "misuse", _acr(acr="urn:example:password")),
    hostile("acr-prefix", "a class that only begins like a demanded one", _ACR, "acr-insufficient", "misuse",
            _acr(acr=_STRONG + "-not")),
    hostile("acr-capitals", "the class in capitals: names of classes are case-sensitive", _ACR, "acr-insufficient", "laxity",
            _acr(acr=_STRONG.upper())),
    hostile("acr-several", "two classes in one text", _ACR, "acr-insufficient", "laxity",
            _acr(acr=f"urn:example:password {_STRONG}")),
    hostile("acr-list", "the class is a list", _ACR, "claim-malformed acr-insufficient", "laxity", _acr(acr=[_STRONG])),
    hostile("acr-empty", "the class is empty", _ACR, "claim-malformed acr-insufficient", "misuse", _acr(acr="")),
    hostile("acr-number", "the class is a number", _ACR, "acr-insufficient claim-malformed", "misuse", _acr(acr=3)),
    hostile("amr-missing", "no methods are named", _AMR, "amr-insufficient", "misuse", _amr()),
    hostile("amr-password", "a sign-in with a password alone", _AMR, "amr-insufficient", "misuse", _amr(amr=["pwd"])),
    hostile("amr-half", "a second factor, but no hardware key", _AMR, "amr-insufficient", "misuse",
            _amr(amr=["pwd", "mfa", "otp"])),
    hostile("amr-text", "the methods as one text, in which `in` finds both", _AMR, "claim-malformed amr-insufficient", "misuse",
            _amr(amr="pwd mfa hwk")),
    hostile("amr-object", "the methods as an object", _AMR, "claim-malformed amr-insufficient", "misuse",
            _amr(amr={"mfa": False, "hwk": False})),
    hostile("amr-nested", "the methods in a list within the list", _AMR, "claim-malformed amr-insufficient", "misuse",
            _amr(amr=[["mfa", "hwk"]])),
    hostile("amr-empty", "an empty list of methods", _AMR, "amr-insufficient", "misuse", _amr(amr=[])),
    hostile("auth-time-missing", "nobody knows when the person signed in", _STEP, "authentication-too-old", "misuse", _fresh()),
    hostile("auth-time-old", "a sign-in of yesterday", _STEP, "authentication-too-old", "misuse",
            _fresh(lambda now: now - 24 * HOUR)),
    hostile("auth-time-zero", "a sign-in in 1970: `if auth_time and …` never looks at it", _STEP,
            "authentication-too-old time-malformed", "misuse", _fresh(lambda now: 0)),
    hostile("auth-time-future", "a sign-in an hour from now, which stays fresh for two", _STEP,
            "time-malformed authentication-too-old issued-in-future", "misuse", _fresh(lambda now: now + HOUR)),
    hostile("auth-time-text", "the time of the sign-in as a text", "RFC 7519 section 2",
            "time-malformed authentication-too-old claim-malformed", "laxity", _fresh(lambda now: str(now - 600))),
    hostile("auth-time-true", "the time of the sign-in is true", "RFC 7519 section 2",
            "time-malformed authentication-too-old claim-malformed", "misuse", _fresh(lambda now: True)),
    hostile("auth-time-milliseconds", "the time of the sign-in in milliseconds", "RFC 7519 section 2",
            "time-malformed authentication-too-old issued-in-future", "misuse", _fresh(lambda now: (now - 24 * HOUR) * 1000)),
)  # fmt: skip

FAMILY = Family.build("step-up", "a sign-in that is too weak or too old", *_CASES)

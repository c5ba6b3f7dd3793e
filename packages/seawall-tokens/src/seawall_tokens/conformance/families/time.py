"""Cases: expired, future and malformed times. All validly signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.encoding import members, plain_json
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import ABSENT, TokenFactory

_EXP = "RFC 7519 section 4.1.4"
_NBF = "RFC 7519 section 4.1.5"
_IAT = "RFC 7519 section 4.1.6"
_DATE = "RFC 7519 section 2 (NumericDate)"
_LONG = "RFC 6750 section 5.3"
_MALFORMED = "time-malformed"
HOUR, DAY = 3600, 24 * 3600
YEAR = 365 * DAY


def _from_now(**seconds: float) -> Callable[[TokenFactory], Presentation]:
    """Set times to so many seconds from now."""
    return lambda w: w.with_claims(**{name: w.now + value for name, value in seconds.items()})


def _as(**claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Set times to literal values; a callable gets the present time."""
    return lambda w: w.with_claims(
        **{name: value(w.now) if callable(value) else value for name, value in claims.items()}
    )


def _raw(name: str, text: str) -> Callable[[TokenFactory], Presentation]:
    """Set a time to raw JSON."""

    def build(w: TokenFactory) -> Presentation:
        sound = w.claims(**{name: ABSENT})
        pairs = [(key, plain_json(value).decode()) for key, value in sound.items()]
        return w.with_payload(members([*pairs, (name, text)]))

    return build


_CASES: tuple[Case, ...] = (
    control("exp-fraction", "an end with a fraction of a second", _DATE, _as(exp=lambda now: now + 599.5)),
    control("exp-exponent", "an end that is written with an exponent", _DATE,
            lambda w: _raw("exp", f"{(w.now + 600) / 1e9!r}e9")(w)),
    control("exp-within-skew", "a token that ended ten seconds ago, where clocks may differ by a minute", _EXP,
            _from_now(iat=-700, exp=-10), "skew"),
    control("nbf-now", "a token that is valid from now on", _NBF, _from_now(nbf=0)),
    control("nbf-within-skew", "a token that begins in ten seconds, where clocks may differ by a minute", _NBF,
            _from_now(nbf=10), "skew"),
    control("iat-within-skew", "a token that an issuer made ten seconds from now", _IAT, _from_now(iat=10), "skew"),
    control("lifetime-a-day-at-most", "a token that lives for 23 hours, where a day is allowed", _LONG,
            _from_now(iat=-5, exp=23 * HOUR)),
    hostile("expired", "a token that ended an hour ago", _EXP, "expired", "misuse", _from_now(iat=-2 * HOUR, exp=-HOUR)),
    hostile("expired-beyond-skew", "a token that ended two minutes ago, where clocks may differ by one", _EXP, "expired",
            "misuse", _from_now(iat=-HOUR, exp=-120)),
    hostile("expired-years-ago", "a token of years ago, from a log or a crash dump", _EXP, "expired", "misuse",
            _from_now(iat=-3 * YEAR, exp=-3 * YEAR + HOUR)),
    hostile("exp-zero", "an end of zero: `if exp and …` never looks at it", _EXP, f"expired {_MALFORMED} lifetime-too-long",
            "misuse", _as(exp=0)),
    hostile("exp-negative", "an end before 1970", _EXP, f"{_MALFORMED} expired", "misuse", _as(exp=-1)),
    hostile("exp-missing", "no end: good for ever", _EXP, "claim-missing", "misuse", _as(exp=ABSENT)),
    hostile("exp-null", "the end is null", _DATE, f"{_MALFORMED} claim-missing", "misuse", _as(exp=None)),
    hostile("exp-text", "the end as a text of digits", _DATE, _MALFORMED, "laxity", _as(exp=lambda now: str(now + 600))),
    hostile("exp-date-text", "the end as a date in words", _DATE, _MALFORMED, "misuse", _as(exp="2099-01-01T00:00:00Z")),
    hostile("exp-true", "the end is true, which is one to some", _DATE, f"{_MALFORMED} expired", "misuse", _as(exp=True)),
    hostile("exp-false", "the end is false", _DATE, f"{_MALFORMED} expired", "misuse", _as(exp=False)),
    hostile("exp-list", "the end is a list", _DATE, _MALFORMED, "misuse", _as(exp=lambda now: [now + 600])),
    hostile("exp-object", "the end is an object", _DATE, _MALFORMED, "misuse", _as(exp=lambda now: {"$date": now + 600})),
    hostile("exp-nan", "the end is NaN: no comparison with it is ever true", _DATE,
            f"json-number-invalid {_MALFORMED} payload-not-json", "misuse", _raw("exp", "NaN")),
    hostile("exp-infinity", "the end is Infinity", _DATE, f"json-number-invalid {_MALFORMED} payload-not-json", "misuse",
            _raw("exp", "Infinity")),
    hostile("exp-overflow", "the end is 1e400, which becomes infinity", _DATE,
            f"json-number-invalid {_MALFORMED} payload-not-json", "misuse", _raw("exp", "1e400")),
    hostile("exp-huge-float", "the end is 1e308: finite, and no date", _DATE,
            f"{_MALFORMED} lifetime-too-long json-number-invalid", "misuse", _raw("exp", "1e308")),
    hostile("exp-64-bits", "the end does not fit into 64 bits", _DATE, f"json-number-invalid {_MALFORMED} lifetime-too-long",
            "misuse", _as(exp=2**64 + 1)),
    hostile("exp-year-10000", "an end beyond the year 9999, where dates end", _DATE, f"{_MALFORMED} lifetime-too-long",
            "misuse", _as(exp=253_402_300_800)),
    hostile("exp-milliseconds", "an end in milliseconds: in the year 58000", _DATE, f"{_MALFORMED} lifetime-too-long", "misuse",
            _as(exp=lambda now: (now + 600) * 1000)),
    hostile("exp-last-of-32-bits", "an end in 2038, where 32 bits end", _LONG, "lifetime-too-long", "misuse",
            _as(exp=2**31 - 1)),
    hostile("lifetime-ten-years", "a token for ten years", _LONG, "lifetime-too-long", "misuse",
            _from_now(iat=-5, exp=10 * YEAR)),
    hostile("lifetime-two-days", "a token for two days, where one is allowed", _LONG, "lifetime-too-long", "misuse",
            _from_now(iat=-5, exp=2 * DAY)),
    hostile("lifetime-old-and-long", "a token made a month ago that ends tomorrow", _LONG, "lifetime-too-long", "misuse",
            _from_now(iat=-30 * DAY, exp=DAY)),
    hostile("iat-epoch", "made in 1970: how long it lives is anybody's guess", _LONG, f"lifetime-too-long {_MALFORMED}",
            "misuse", _as(iat=0)),
    hostile("iat-negative", "made before 1970", _IAT, f"{_MALFORMED} lifetime-too-long", "misuse", _as(iat=-1)),
    hostile("iat-future", "made an hour from now", _IAT, "issued-in-future", "misuse", _from_now(iat=HOUR, exp=2 * HOUR)),
    hostile("iat-after-exp", "made after its own end", _IAT, f"issued-in-future {_MALFORMED} expired", "misuse",
            _from_now(iat=DAY, exp=HOUR)),
    hostile("iat-milliseconds", "made in milliseconds: far in the future", _DATE, f"{_MALFORMED} issued-in-future", "misuse",
            _as(iat=lambda now: now * 1000)),
    hostile("iat-text", "the time of making as a text", _DATE, f"{_MALFORMED} claim-malformed", "laxity", _as(iat=str)),
    hostile("iat-null", "the time of making is null", _DATE, f"{_MALFORMED} claim-malformed claim-missing", "laxity",
            _as(iat=None)),
    hostile("iat-true", "the time of making is true", _DATE, f"{_MALFORMED} claim-malformed", "laxity", _as(iat=True)),
    hostile("iat-nan", "the time of making is NaN", _DATE, f"json-number-invalid {_MALFORMED} payload-not-json", "laxity",
            _raw("iat", "NaN")),
    hostile("nbf-future", "a token that begins in an hour", _NBF, "not-yet-valid", "misuse", _from_now(nbf=HOUR, exp=2 * HOUR)),
    hostile("nbf-beyond-skew", "a token that begins in two minutes, where clocks may differ by one", _NBF, "not-yet-valid",
            "misuse", _from_now(nbf=120)),
    hostile("nbf-after-exp", "a token that begins after its end", _NBF, f"not-yet-valid {_MALFORMED}", "misuse",
            _from_now(nbf=2 * DAY)),
    hostile("nbf-text", "the beginning as a text", _DATE, f"{_MALFORMED} claim-malformed", "laxity",
            _as(nbf=lambda now: str(now - 5))),
    hostile("nbf-true", "the beginning is true", _DATE, f"{_MALFORMED} claim-malformed", "laxity", _as(nbf=True)),
    hostile("nbf-null", "the beginning is null", _DATE, f"{_MALFORMED} claim-malformed", "laxity", _as(nbf=None)),
    hostile("nbf-list", "the beginning is a list", _DATE, f"{_MALFORMED} claim-malformed", "laxity", _as(nbf=[0])),
    hostile("nbf-milliseconds", "the beginning in milliseconds: far in the future", _DATE, f"{_MALFORMED} not-yet-valid",
            "misuse", _as(nbf=lambda now: now * 1000)),
    hostile("nbf-nan", "the beginning is NaN", _DATE, f"json-number-invalid {_MALFORMED} payload-not-json", "laxity",
            _raw("nbf", "NaN")),
)  # fmt: skip

FAMILY = Family.build("time", "expired, not yet valid, valid for too long, or without times", *_CASES)

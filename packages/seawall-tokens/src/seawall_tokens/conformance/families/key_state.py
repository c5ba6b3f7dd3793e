"""Cases: retired keys, keys not yet valid, and unavailable key sets."""

from __future__ import annotations

from collections.abc import Callable

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.context import Revocation
from seawall_tokens.conformance.keys import certificate, rsa_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import TokenFactory, certificate_members, key_set

_CSRB = "CSRB review of the summer 2023 Exchange Online intrusion"
_DATES = "RFC 5280 section 4.1.2.5"
_ROTATION = "OpenID Connect Core section 10.1.1"
DAY = 24 * 3600
YEAR = 365 * DAY
_BROKEN = "key-set-invalid key-source-unavailable key-unknown"


def _date(begins: float, ends: float) -> Callable[[TokenFactory], Presentation]:
    """List the signing key with a certificate of these dates, in seconds from now."""
    return lambda w: w.present(w.token(), w.issuer(w.make_dated_jwk(w.key, begins, ends), w.second))


def _serve(document: bytes) -> Callable[[TokenFactory], Presentation]:
    """Serve a document that is not a key set."""
    return lambda w: w.present(w.token(), w.issuer(key_set=document))


def _make_seen(ago: float, **settings: int) -> Callable[[TokenFactory], Presentation]:
    """List a key that was first seen some seconds ago."""
    return lambda w: w.present(w.token(), w.issuer(first_seen={w.key.kid: w.now - ago}, **settings))


def _other_certificate(w: TokenFactory) -> Presentation:
    """List the key with valid dates, but another key's certificate."""
    der = certificate(rsa_key("another"), w.now - DAY, w.now + YEAR)
    return w.present(w.token(), w.issuer(w.key.make_jwk(**certificate_members(der)), w.second))


def _retire(w: TokenFactory) -> Presentation:
    """Remove a formerly listed key from the set."""
    old = rsa_key("login-2019")
    return w.present(w.token(key=old), w.issuer(earlier_key_set=key_set(old, w.key)))


def _still_listed(w: TokenFactory) -> Presentation:
    """Serve a key that the verifier has denied."""
    denied = Revocation(kind="kid", value=w.key.kid, issuer="https://login.example")
    return w.present(w.token(), revocations=(denied,))


_CASES: tuple[Case, ...] = (
    control("certificate-sound", "a key with a valid certificate", _DATES, _date(-YEAR, YEAR)),
    control("certificate-near-its-end", "a certificate that ends in an hour", _DATES, _date(-YEAR, 3600)),
    control("key-out-of-quarantine", "a new key that has waited long enough", _ROTATION, _make_seen(2 * DAY, quarantine=DAY),
            "key-states"),
    control("key-not-too-old", "a key within the age that is allowed", _ROTATION, _make_seen(300 * DAY, max_key_age=YEAR),
            "key-states"),
    hostile("certificate-expired", "a stolen key whose certificate has ended and which is still served", f"{_CSRB}; {_DATES}",
            "key-expired", "misuse", _date(-2 * YEAR, -DAY), "certificates"),
    hostile("certificate-expired-long-ago", "a key of 2016 whose certificate ended years ago", _CSRB, "key-expired", "misuse",
            _date(-7 * YEAR, -2 * YEAR), "certificates"),
    hostile("certificate-not-yet-valid", "a certificate that begins tomorrow", _DATES, "key-not-yet-valid", "misuse",
            _date(DAY, YEAR), "certificates"),
    hostile("certificate-of-another-key", "a certificate that holds another key than the JWK", "RFC 7517 section 4.7",
            "key-unfit key-set-invalid key-source-unavailable", "laxity", _other_certificate),
    hostile("key-retired", "a key that the issuer took off its list", _ROTATION, "key-retired key-unknown", "misuse", _retire),
    hostile("key-unlisted", "a key that the issuer never listed, with the look of its others", "RFC 7517 section 5",
            "key-unknown", "forgery", lambda w: w.present(w.token(key=rsa_key("login-2026-c")))),
    hostile("key-denied", "a key that is still served but was denied here after an incident", _CSRB, "revoked-key key-revoked",
            "misuse", _still_listed, "revocation"),
    hostile("key-in-quarantine", "a key that appeared a minute ago, where new keys wait a day", _ROTATION, "key-quarantined",
            "misuse", _make_seen(60, quarantine=DAY), "key-states"),
    hostile("key-too-old", "a key of seven years where one may get a year old", _CSRB, "key-too-old", "misuse",
            _make_seen(7 * YEAR, max_key_age=YEAR), "key-states"),
    hostile("set-unavailable", "the issuer answers with an error page", "RFC 8725 section 3.10", _BROKEN, "forgery",
            _serve(b"<html><title>502 Bad Gateway</title></html>")),
    hostile("set-nothing", "the issuer answers with nothing", "RFC 7517 section 5", _BROKEN, "forgery", _serve(b"")),
    hostile("set-empty", "the issuer lists no keys", "RFC 7517 section 5", _BROKEN, "forgery", _serve(b'{"keys":[]}')),
    hostile("set-cut", "the key set was cut off while it was fetched", "RFC 7517 section 5", _BROKEN, "forgery",
            lambda w: w.present(w.token(), w.issuer(key_set=key_set(w.key, w.second)[:-20]))),
    hostile("set-list", "the key set is a bare list", "RFC 7517 section 5", _BROKEN, "laxity",
            lambda w: w.present(w.token(), w.issuer(key_set=key_set(w.key)[len(b'{"keys":') : -1]))),
    hostile("set-null", "the list of keys is null", "RFC 7517 section 5", _BROKEN, "forgery", _serve(b'{"keys":null}')),
)  # fmt: skip

FAMILY = Family.build("key-state", "a retired, new or missing key", *_CASES)

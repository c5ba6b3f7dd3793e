"""Cases: stolen tokens bound to a client certificate."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.context import Request
from seawall_tokens.conformance.encoding import b64
from seawall_tokens.conformance.keys import certificate, ec_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.proofs import Proof, holder
from seawall_tokens.conformance.token_factory import TokenFactory

_USE = "RFC 8705 section 3"
_THUMBPRINT = "RFC 8705 section 3.1"
_MISMATCH = "mtls-mismatch"
_UNKNOWN = "sender-binding-unknown"


def _certificate(w: TokenFactory, name: str = "client") -> bytes:
    return certificate(ec_key(name), w.now - 1000, w.now + 100_000)


def _s256(der: bytes) -> str:
    return b64(hashlib.sha256(der).digest())


def _bind(
    cnf: Callable[[bytes], Any] = lambda der: {"x5t#S256": _s256(der)},
    shown: Callable[[TokenFactory, bytes], bytes | None] = lambda w, der: der,
    **issuer: Any,
) -> Callable[[TokenFactory], Presentation]:
    """Build a token bound to a certificate by `cnf`; `shown` is the connection's certificate."""

    def build(w: TokenFactory) -> Presentation:
        der = _certificate(w)
        request = Request(certificate=shown(w, der))
        return w.present(w.token(w.claims(cnf=cnf(der))), w.issuer(**issuer), request=request)

    return build


def _free(**issuer: Any) -> Callable[[TokenFactory], Presentation]:
    """Present an unbound token over a connection with a certificate."""
    return lambda w: w.present(w.token(), w.issuer(**issuer), request=Request(certificate=_certificate(w)))


def _both(certificate_shown: bool, proved: bool) -> Callable[[TokenFactory], Presentation]:
    """Build a token bound to both a key and a certificate."""

    def build(w: TokenFactory) -> Presentation:
        der = _certificate(w)
        token = w.token(w.claims(cnf={"jkt": holder().thumbprint, "x5t#S256": _s256(der)}))
        proofs = (Proof().make(w.now, token),) if proved else ()
        request = Request(
            scheme="DPoP" if proved else "Bearer",
            proofs=proofs,
            certificate=der if certificate_shown else None,
        )
        return w.present(token, request=request)

    return build


def _standard(w: TokenFactory) -> Presentation:
    """Try certificates until the thumbprints in base64 and base64url differ."""
    while True:
        der = _certificate(w)
        text = base64.b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
        if "+" in text or "/" in text:
            token = w.token(w.claims(cnf={"x5t#S256": text}))
            return w.present(token, request=Request(certificate=der))


def _list(w: TokenFactory) -> Presentation:
    thief = _certificate(w, "thief")
    cnf = {"x5t#S256": [_s256(_certificate(w)), _s256(thief)]}
    return w.present(w.token(w.claims(cnf=cnf)), request=Request(certificate=thief))


def _list_needed(*cases: Case) -> tuple[Case, ...]:
    return tuple(replace(case, needs=case.needs | {"mtls"}) for case in cases)


_CASES: tuple[Case, ...] = _list_needed(
    control("mtls-sound", "a bound token over the connection that it belongs to", _USE, _bind()),
    control("mtls-not-bound", "a token that is bound to nothing, over a connection with a certificate", _USE, _free()),
    control("mtls-and-key-both", "a token that is bound to a key and a certificate, and both are shown", _USE,
            _both(certificate_shown=True, proved=True), "dpop"),
    hostile("mtls-missing", "a stolen bound token over a connection without a certificate", _USE, "mtls-missing", "misuse",
            _bind(shown=lambda w, der: None)),
    hostile("mtls-thief", "a stolen bound token over the thief's connection", _USE, _MISMATCH, "misuse",
            _bind(shown=lambda w, der: _certificate(w, "thief"))),
    hostile("mtls-renewed", "another certificate of the same key: the token is bound to the first", _THUMBPRINT, _MISMATCH,
            "laxity", _bind(shown=lambda w, der: _certificate(w))),
    hostile("mtls-garbage", "something that is no certificate", _USE, "mtls-malformed mtls-mismatch", "misuse",
            _bind(shown=lambda w, der: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
    hostile("mtls-trailing", "bytes behind the certificate", _USE, "mtls-malformed mtls-mismatch", "laxity",
            _bind(shown=lambda w, der: der + b"\0\0")),
    hostile("mtls-sha1", "bound by the SHA-1 thumbprint alone", _THUMBPRINT, _UNKNOWN, "misuse",
            _bind(lambda der: {"x5t": b64(hashlib.sha1(der, usedforsecurity=False).digest())}, lambda w, der: None)),
    hostile("mtls-hexadecimal", "the thumbprint in hexadecimal", _THUMBPRINT, f"{_UNKNOWN} {_MISMATCH}", "laxity",
            _bind(lambda der: {"x5t#S256": hashlib.sha256(der).hexdigest()})),
    hostile("mtls-padded", "the thumbprint with `=` behind it", _THUMBPRINT, f"{_UNKNOWN} {_MISMATCH}", "laxity",
            _bind(lambda der: {"x5t#S256": _s256(der) + "="})),
    hostile("mtls-standard", "the thumbprint with `+` and `/`", _THUMBPRINT, f"{_MISMATCH} {_UNKNOWN}", "laxity", _standard),
    hostile("mtls-null", "the thumbprint is null", _THUMBPRINT, _UNKNOWN, "misuse",
            _bind(lambda der: {"x5t#S256": None}, lambda w, der: None)),
    hostile("mtls-empty", "the thumbprint is empty", _THUMBPRINT, _UNKNOWN, "misuse",
            _bind(lambda der: {"x5t#S256": ""}, lambda w, der: None)),
    hostile("mtls-list", "two thumbprints, of the holder and of the thief", _THUMBPRINT, _UNKNOWN, "misuse", _list),
    hostile("mtls-demanded", "a token that is bound to nothing, where a certificate is demanded", "RFC 9700 section 2.2.1",
            "sender-missing", "misuse", _free(sender="mtls")),
    hostile("mtls-demanded-dpop-given", "a token that is bound to a key, where a certificate is demanded", _USE,
            "sender-missing", "misuse", _bind(lambda der: {"jkt": holder().thumbprint}, sender="mtls")),
    hostile("mtls-and-key-unproved", "bound to a key and a certificate; only the certificate is shown", "RFC 9449 section 7.1",
            "sender-downgrade dpop-missing", "misuse", _both(certificate_shown=True, proved=False), "dpop"),
    hostile("mtls-and-key-proved", "bound to a key and a certificate; only the key is proved", _USE, "mtls-missing", "misuse",
            _both(certificate_shown=False, proved=True), "dpop"),
)  # fmt: skip

FAMILY = Family.build("mtls", "a stolen token with another client certificate", *_CASES)

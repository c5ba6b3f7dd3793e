"""Cases: headers that contain a key, name a URL to fetch one, or inject into the key lookup."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.encoding import b64
from seawall_tokens.conformance.keys import Key, certificate, ec_key, rsa_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.signing import signer
from seawall_tokens.conformance.token_factory import ABSENT, TokenFactory, certificate_members

_INJECTION = "RFC 8725 section 3.10, CVE-2018-0114"
_CRIT = "RFC 7515 section 4.1.11"
_KID = "RFC 8725 section 3.10"
_KEY = "header-key-present"


def _forger() -> Key:
    return rsa_key("forger")


def _forge(header: Callable[[TokenFactory], dict[str, Any]]) -> Callable[[TokenFactory], Presentation]:
    """Sign with the forger's key, which the header contains or links."""
    return lambda w: w.present(
        w.token(w.claims(sub="administrator"), w.header(**header(w)), sign=_forger().sign)
    )


def _honest(header: Callable[[TokenFactory], dict[str, Any]]) -> Callable[[TokenFactory], Presentation]:
    """Sign validly, with a header member that must be refused."""
    return lambda w: w.present(w.token(header=w.header(**header(w))))


def _chain(w: TokenFactory, key: Key) -> list[str]:
    return [base64.b64encode(certificate(key, w.now - 1000, w.now + 100_000)).decode()]


def _thumbprints(w: TokenFactory) -> dict[str, Any]:
    """Return the genuine certificate's thumbprints as header members."""
    members = certificate_members(certificate(w.key, w.now - 1000, w.now + 100_000))
    return {name: members[name] for name in ("x5t", "x5t#S256")}


def _public(key: Key, **changes: Any) -> dict[str, Any]:
    return key.make_jwk(**changes)


def _symmetric(w: TokenFactory) -> Presentation:
    """Put a symmetric key into the header and sign with it by HMAC."""
    jwk = {"kty": "oct", "k": b64(b"k" * 32), "alg": "HS256"}
    header = w.header(alg="HS256", jwk=jwk)
    return w.present(w.token(w.claims(sub="administrator"), header, sign=signer("HS256", b"k" * 32)))


def _curve(w: TokenFactory) -> Presentation:
    forger = ec_key("forger-ec")
    header = w.header(w.second, jwk=_public(forger, kid=None))
    token = w.token(w.claims(sub="administrator"), header, sign=forger.sign)
    return w.present(token, w.issuer(algorithms=frozenset({"RS256", "ES256"})))


def _look_up(kid: Any, secret: bytes) -> Callable[[TokenFactory], Presentation]:
    """Sign by HMAC with the bytes that an injected `kid` would make a file, SQL or shell lookup return."""
    return lambda w: w.present(
        w.token(w.claims(sub="administrator"), w.header(alg="HS256", kid=kid), sign=signer("HS256", secret))
    )


def _kid(value: Any) -> Callable[[TokenFactory], Presentation]:
    """Sign validly, with another `kid`."""
    return _honest(lambda w: {"kid": value(w) if callable(value) else value})


def _crit(value: Any, **header: Any) -> Callable[[TokenFactory], Presentation]:
    return _honest(lambda w: {"crit": value, **header})


def _url(name: str, place: str, code: str) -> tuple[str, str, Callable[[TokenFactory], Presentation]]:
    return name, code, _forge(lambda w: {name: place})


def _content(cty: str) -> Callable[[TokenFactory], Presentation]:
    """Build a valid token whose header states its payload's content type."""
    return lambda w: w.present(w.token(header=w.header(cty=cty)))


_CASES: tuple[Case, ...] = (
    control("header-thumbprint", "a certificate's thumbprint beside the `kid`, as Entra writes it", "RFC 7515 section 4.1.7",
            _honest(_thumbprints)),
    control("header-cty-absent", "no `cty`, no `crit`", "RFC 7519 section 5.2", lambda w: w.present(w.token())),
    hostile("jwk", "the header brings the forger's key, under the `kid` of the real one", _INJECTION, _KEY, "forgery",
            _forge(lambda w: {"jwk": _public(_forger(), kid=w.key.kid)})),
    hostile("jwk-own-kid", "the header brings the forger's key under its own name", _INJECTION, _KEY, "forgery",
            _forge(lambda w: {"jwk": _public(_forger()), "kid": "forger"})),
    hostile("jwk-no-kid", "the header brings the forger's key and names none", _INJECTION, _KEY, "forgery",
            _forge(lambda w: {"jwk": _public(_forger(), kid=None), "kid": ABSENT})),
    hostile("jwk-curve", "the header brings an elliptic-curve key", _INJECTION, _KEY, "forgery", _curve),
    hostile("jwk-symmetric", "the header brings a symmetric key", _INJECTION, f"{_KEY} alg-symmetric alg-not-allowed",
            "forgery", _symmetric),
    hostile("jwk-honest", "the header brings the real key: a verifier that reads it will read others", "RFC 8725 section 3.10",
            _KEY, "laxity", _honest(lambda w: {"jwk": dict(w.key.jwk)})),
    hostile("jku-elsewhere", "the header names a key set at the forger's", _INJECTION, "header-key-url", "forgery",
            _forge(lambda w: {"jku": "https://evil.example/jwks.json"})),
    hostile("jku-lookalike", "the header names a key set at a host that begins like the issuer", _INJECTION, "header-key-url",
            "forgery", _forge(lambda w: {"jku": "https://login.example.evil.example/jwks.json"})),
    hostile("jku-user", "the issuer's name as the user in the URL", _INJECTION, "header-key-url", "forgery",
            _forge(lambda w: {"jku": "https://login.example@evil.example/jwks.json"})),
    hostile("jku-redirect", "an open redirect of the issuer's own host", _INJECTION, "header-key-url", "forgery",
            _forge(lambda w: {"jku": "https://login.example/redirect?to=https://evil.example/jwks.json"})),
    hostile("jku-metadata", "the key set is at a cloud machine's metadata service: the verifier is made to ask",
            "RFC 8725 section 3.10, CWE-918", "header-key-url", "forgery",
            _forge(lambda w: {"jku": "http://169.254.169.254/latest/meta-data/"})),
    hostile("jku-file", "the key set is a file of the verifier's machine", "CWE-918", "header-key-url", "forgery",
            _forge(lambda w: {"jku": "file:///etc/passwd"})),
    hostile("x5u", "the header names a certificate at the forger's", _INJECTION, "header-certificate-url", "forgery",
            _forge(lambda w: {"x5u": "https://evil.example/cert.pem"})),
    hostile("x5c", "the header brings the forger's self-signed certificate", _INJECTION, "header-certificate", "forgery",
            _forge(lambda w: {"x5c": _chain(w, _forger())})),
    hostile("x5c-no-kid", "the header brings a certificate instead of a `kid`", _INJECTION, "header-certificate", "forgery",
            _forge(lambda w: {"x5c": _chain(w, _forger()), "kid": ABSENT})),
    hostile("x5c-chain", "the forger's certificate, with the real one behind it as its issuer", _INJECTION,
            "header-certificate", "forgery", _forge(lambda w: {"x5c": [*_chain(w, _forger()), *_chain(w, w.key)]})),
    hostile("x5c-honest", "the header brings the real certificate", "RFC 8725 section 3.10", "header-certificate", "laxity",
            _honest(lambda w: {"x5c": _chain(w, w.key)})),
    hostile("x5t-of-the-real-one", "the forger's signature beside the thumbprint of the real certificate",
            "RFC 7515 section 4.1.7", "signature-invalid", "forgery", _forge(_thumbprints)),
    hostile("crit-unknown", "an extension that must be understood, and is not", _CRIT, "crit-unknown", "laxity",
            _crit(["https://x.example/bound"], **{"https://x.example/bound": "to another session"})),
    hostile("crit-empty", "`crit` is empty", _CRIT, "crit-unknown header-malformed", "laxity", _crit([])),
    hostile("crit-text", "`crit` is a text", _CRIT, "crit-unknown header-malformed", "laxity", _crit("exp")),
    hostile("crit-null", "`crit` is null", _CRIT, "crit-unknown header-malformed", "laxity", _crit(None)),
    hostile("crit-object", "`crit` is an object", _CRIT, "crit-unknown header-malformed", "laxity",
            _crit({"exp": True}, exp=1)),
    hostile("crit-number-inside", "`crit` names a number", _CRIT, "crit-unknown header-malformed", "laxity", _crit([1])),
    hostile("crit-registered", "`crit` names a parameter of the standard itself", _CRIT, "crit-unknown header-malformed",
            "laxity", _crit(["alg"])),
    hostile("crit-absent-member", "`crit` names a member that is not there", _CRIT, "crit-unknown header-malformed", "laxity",
            _crit(["exp"])),
    hostile("crit-twice", "`crit` names a member twice", _CRIT, "crit-unknown header-malformed", "laxity",
            _crit(["x", "x"], x=1)),
    hostile("kid-traversal", "a `kid` that climbs to an empty file, as the secret of an HMAC", _KID,
            "alg-symmetric alg-not-allowed key-unknown", "forgery", _look_up("../../../../../../dev/null", b"")),
    hostile("kid-sql", "a `kid` that makes a database answer with a known secret", _KID,
            "alg-symmetric alg-not-allowed key-unknown", "forgery", _look_up("x' UNION SELECT 'known' -- ", b"known")),
    hostile("kid-shell", "a `kid` that a shell would run", _KID, "key-unknown header-malformed", "forgery",
            _forge(lambda w: {"kid": "login-2026-a|id"})),
    hostile("kid-url", "a `kid` that says where the key is", _KID, "key-unknown header-malformed", "forgery",
            _forge(lambda w: {"kid": "https://evil.example/jwks.json#1"})),
    hostile("kid-unknown", "a `kid` that the issuer never had", "RFC 7515 section 4.1.4", "key-unknown", "forgery",
            _forge(lambda w: {"kid": "never-heard-of"})),
    hostile("kid-log-lines", "a `kid` with line ends and terminal codes, for whoever reads the log", "CWE-117",
            "key-unknown header-malformed", "forgery", _forge(lambda w: {"kid": "x\r\nverified sub=administrator\x1b[2J"})),
    hostile("kid-huge", "a `kid` of 100 kB", _KID, "token-too-large header-malformed key-unknown", "exhaustion",
            _forge(lambda w: {"kid": "k" * 100_000})),
    hostile("kid-list", "the `kid` is a list", "RFC 7515 section 4.1.4", "header-malformed kid-missing", "laxity",
            _kid(lambda w: [w.key.kid])),
    hostile("kid-object", "the `kid` is an object, which cannot be looked up", "RFC 7515 section 4.1.4",
            "header-malformed kid-missing", "laxity", _kid(lambda w: {"$ne": None})),
    hostile("kid-number", "the `kid` is a number", "RFC 7515 section 4.1.4", "header-malformed kid-missing", "laxity", _kid(0)),
    hostile("kid-null", "the `kid` is null", "RFC 7515 section 4.1.4", "header-malformed kid-missing", "laxity", _kid(None)),
    hostile("kid-empty", "the `kid` is empty", "RFC 7515 section 4.1.4", "kid-missing key-unknown header-malformed", "laxity",
            _kid("")),
    hostile("kid-missing", "no `kid` where the issuer has several keys", "OpenID Connect Core section 10.1", "kid-missing",
            "laxity", _kid(ABSENT)),
    hostile("kid-nul", "a NUL after the `kid`", _KID, "key-unknown header-malformed", "laxity",
            _kid(lambda w: w.key.kid + "\0")),
    hostile("kid-blank", "a blank after the `kid`", "RFC 7515 section 4.1.4", "key-unknown header-malformed", "laxity",
            _kid(lambda w: w.key.kid + " ")),
    hostile("kid-upper-case", "the `kid` in capitals: names of keys are case-sensitive", "RFC 7515 section 4.1.4",
            "key-unknown", "laxity", _kid(lambda w: w.key.kid.upper())),
    hostile("nested", "the payload is itself a token (`cty` JWT), rightly signed outside", "RFC 8725 section 3.3",
            "nested-token payload-not-json", "laxity", lambda w: w.present(w.token(w.token().encode(), w.header(cty="JWT")))),
    *(hostile(f"nested-claims-{words}", f"`cty` is `{cty}`, and the payload is no token but claims: two readers see two things",
              "RFC 7519 section 5.2", "nested-token", "laxity",
              _content(cty))
      for words, cty in (("jwt", "JWT"), ("lower-case", "jwt"), ("long", "application/jwt"), ("typed", "at+jwt"))),
)  # fmt: skip

FAMILY = Family.build("header", "the header carries a key, or the address of one", *_CASES)

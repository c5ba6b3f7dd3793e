"""Cases: tokens that choose their own algorithm, such as `none` or HMAC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.encoding import plain_json
from seawall_tokens.conformance.keys import Key, certificate, ec_key, edwards_key, rsa_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.signing import signer
from seawall_tokens.conformance.token_factory import ABSENT, TokenFactory, key_set

_NONE = "RFC 8725 section 3.2"
_BOUND = "RFC 8725 section 3.1"
_CASE = "RFC 7515 section 4.1.1"


def _make_unsigned(algorithm: Any, signature: bytes = b"") -> Callable[[TokenFactory], Presentation]:
    """Build a token with another user's subject and no valid signature."""
    return lambda w: w.present(
        w.token(w.claims(sub="administrator"), w.header(alg=algorithm), sign=lambda _: signature)
    )


def _sign(algorithm: Any) -> Callable[[TokenFactory], Presentation]:
    """Sign validly with RS256, but name another algorithm."""
    return lambda w: w.with_header(alg=algorithm)


def _hmac(
    secret: Callable[[TokenFactory], bytes], algorithm: str = "HS256"
) -> Callable[[TokenFactory], Presentation]:
    """Sign by HMAC with a publicly known secret, such as the public key."""

    def build(w: TokenFactory) -> Presentation:
        sign = signer(algorithm, secret(w))
        return w.present(w.token(w.claims(sub="administrator"), w.header(alg=algorithm), sign=sign))

    return build


def _hmac_allowed(w: TokenFactory) -> Presentation:
    """Sign by HMAC while the service allows both HMAC and RSA."""
    secret = w.key.public("PEM")
    token = w.token(w.claims(sub="administrator"), w.header(alg="HS256"), sign=signer("HS256", secret))
    return w.present(token, w.issuer(algorithms=frozenset({"RS256", "HS256"})))


def _cross(
    key: Callable[[], Key], algorithm: str, allowed: str, **listed: Any
) -> Callable[[TokenFactory], Presentation]:
    """Sign with a key listed for one algorithm using another allowed one."""

    def build(w: TokenFactory) -> Presentation:
        mine = key()
        token = w.token(header=w.header(mine, alg=algorithm), sign=signer(algorithm, mine.private))
        return w.present(token, w.issuer(mine.make_jwk(**listed), algorithms=frozenset(allowed.split())))

    return build


def _wrong_key(algorithm: str, listed: Callable[[], Key]) -> Callable[[TokenFactory], Presentation]:
    """Name the `kid` of a key that cannot have made this kind of signature."""

    def build(w: TokenFactory) -> Presentation:
        mine = listed()
        token = w.token(header=w.header(mine, alg=algorithm), sign=lambda _: bytes(64))
        allowed = frozenset({"RS256", "ES256", "EdDSA"})
        return w.present(token, w.issuer(mine, algorithms=allowed))

    return build


def _with_certificate(w: TokenFactory) -> bytes:
    return certificate(w.key, w.now - 100, w.now + 10_000)


def _pem_certificate(w: TokenFactory) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509.load_der_x509_certificate(_with_certificate(w)).public_bytes(Encoding.PEM)


def _modulus(w: TokenFactory) -> bytes:
    value: int = w.key.private.public_key().public_numbers().n
    return value.to_bytes(256)


def _sound(key: Callable[[], Key], **header: Any) -> Callable[[TokenFactory], Presentation]:
    """Build a valid token signed with another type of key."""

    def build(w: TokenFactory) -> Presentation:
        mine = key()
        token = w.token(header=w.header(mine, **header), key=mine)
        return w.present(token, w.issuer(mine, algorithms=frozenset({mine.algorithm})))

    return build


_NAMES = {
    "none": ("none", "alg-none"), "none-capital": ("None", "alg-none alg-not-allowed"),
    "none-shouted": ("NONE", "alg-none alg-not-allowed"),
    "none-mixed": ("nOnE", "alg-none alg-not-allowed"), "none-blank": ("none ", "alg-none alg-not-allowed"),
    "none-nul": ("none\0", "alg-not-allowed header-malformed"),
    "none-cyrillic": ("n\u043ene", "alg-not-allowed header-malformed"),
    "none-empty": ("", "alg-missing alg-not-allowed header-malformed"),
}  # fmt: skip

_CASES: tuple[Case, ...] = (
    control("alg-es384", "ES384 with a P-384 key", "RFC 7518 section 3.4", _sound(lambda: ec_key("c384", "P-384", "ES384"))),
    control("alg-es512", "ES512 with a P-521 key", "RFC 7518 section 3.4", _sound(lambda: ec_key("c521", "P-521", "ES512"))),
    control("alg-ps256", "PS256 with a key that is listed for it", "RFC 7518 section 3.5",
            _sound(lambda: rsa_key("pss", "PS256"))),
    control("alg-rs512", "RS512 with a key that is listed for it", "RFC 7518 section 3.3",
            _sound(lambda: rsa_key("rs512", "RS512"))),
    control("alg-eddsa", "EdDSA with an Ed25519 key", "RFC 8037 section 3.1", _sound(lambda: edwards_key("edwards"))),
    *(hostile(f"alg-{name}", f"no signature, and `alg` says {spelling!r}", _NONE, codes, "forgery", _make_unsigned(spelling))
      for name, (spelling, codes) in _NAMES.items()),
    hostile("alg-none-with-signature", "`none` over a real signature of other content", _NONE, "alg-none", "forgery",
            _make_unsigned("none", bytes(range(256)))),
    hostile("alg-missing", "no `alg`, in the hope of a default", _CASE, "alg-missing", "forgery", _make_unsigned(ABSENT)),
    hostile("alg-missing-signed", "no `alg`, but rightly signed with RS256", _CASE, "alg-missing", "laxity", _sign(ABSENT)),
    hostile("alg-null", "`alg` is null", _CASE, "header-malformed alg-missing", "forgery", _make_unsigned(None)),
    hostile("alg-number", "`alg` is a number", _CASE, "header-malformed alg-missing", "forgery", _make_unsigned(0)),
    hostile("alg-true", "`alg` is true", _CASE, "header-malformed alg-missing", "forgery", _make_unsigned(True)),
    hostile("alg-list", "`alg` is a list of algorithms", _CASE, "header-malformed alg-missing", "laxity", _sign(["RS256"])),
    hostile("alg-object", "`alg` is an object, which cannot be looked up in a table", _CASE, "header-malformed alg-missing",
            "forgery", _make_unsigned({"name": "none"})),
    hostile("alg-lower-case", "`rs256`: names are case-sensitive", _CASE, "alg-not-allowed", "laxity", _sign("rs256")),
    hostile("alg-trailing-blank", "`RS256 ` with a blank", _CASE, "alg-not-allowed", "laxity", _sign("RS256 ")),
    hostile("alg-java-name", "`SHA256withRSA`, the name that Java gives it", _CASE, "alg-not-allowed", "laxity",
            _sign("SHA256withRSA")),
    hostile("alg-uri", "the algorithm as XML signatures name it", _CASE, "alg-not-allowed", "laxity",
            _sign("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")),
    hostile("alg-unknown", "an algorithm that nobody has heard of, without a signature", _CASE, "alg-not-allowed", "forgery",
            _make_unsigned("XX999")),
    hostile("hs256-pem", "HMAC with the public key's PEM as the secret", _BOUND, "alg-symmetric alg-not-allowed", "forgery",
            _hmac(lambda w: w.key.public("PEM"))),
    hostile("hs256-pem-no-newline", "HMAC with the PEM without its last newline", _BOUND, "alg-symmetric alg-not-allowed",
            "forgery", _hmac(lambda w: w.key.public("PEM").rstrip())),
    hostile("hs256-pkcs1", "HMAC with the public key's PKCS#1 PEM", _BOUND, "alg-symmetric alg-not-allowed", "forgery",
            _hmac(lambda w: w.key.public("PEM", "PKCS1"))),
    hostile("hs256-der", "HMAC with the public key's DER", "CVE-2022-29217, CVE-2024-33663", "alg-symmetric alg-not-allowed",
            "forgery", _hmac(lambda w: w.key.public("DER"))),
    hostile("hs256-jwk", "HMAC with the key's JWK as text", _BOUND, "alg-symmetric alg-not-allowed", "forgery",
            _hmac(lambda w: plain_json(dict(w.key.jwk)))),
    hostile("hs256-key-set", "HMAC with the whole key set as text", _BOUND, "alg-symmetric alg-not-allowed", "forgery",
            _hmac(lambda w: key_set(w.key, w.second))),
    hostile("hs256-modulus", "HMAC with the modulus", _BOUND, "alg-symmetric alg-not-allowed", "forgery", _hmac(_modulus)),
    hostile("hs256-modulus-text", "HMAC with the modulus as the JWK writes it", _BOUND, "alg-symmetric alg-not-allowed",
            "forgery", _hmac(lambda w: str(w.key.jwk["n"]).encode())),
    hostile("hs256-certificate", "HMAC with the key's certificate", _BOUND, "alg-symmetric alg-not-allowed", "forgery",
            _hmac(_pem_certificate)),
    hostile("hs256-kid", "HMAC with the `kid`", _BOUND, "alg-symmetric alg-not-allowed", "forgery",
            _hmac(lambda w: w.key.kid.encode())),
    hostile("hs256-empty", "HMAC with an empty secret", "CVE-2019-20933, RFC 8725 section 3.5", "alg-symmetric alg-not-allowed",
            "forgery", _hmac(lambda w: b"")),
    hostile("hs256-null", "HMAC with the text of a missing secret: `None`", _BOUND, "alg-symmetric alg-not-allowed", "forgery",
            _hmac(lambda w: b"None")),
    hostile("hs256-secret", "HMAC with the secret of a thousand examples: `secret`", _BOUND, "alg-symmetric alg-not-allowed",
            "forgery", _hmac(lambda w: b"secret")),
    hostile("hs384-pem", "HS384 with the public key's PEM", _BOUND, "alg-symmetric alg-not-allowed", "forgery",
            _hmac(lambda w: w.key.public("PEM"), "HS384")),
    hostile("hs512-pem", "HS512 with the public key's PEM", _BOUND, "alg-symmetric alg-not-allowed", "forgery",
            _hmac(lambda w: w.key.public("PEM"), "HS512")),
    hostile("hs256-pem-allowed", "HMAC with the PEM at a service whose list of algorithms names both kinds", _BOUND,
            "alg-symmetric alg-not-allowed alg-key-mismatch", "forgery", _hmac_allowed),
    hostile("rs256-to-ps256", "a key that is listed for RS256 makes a PS256 signature", _BOUND, "alg-key-mismatch", "laxity",
            _cross(lambda: rsa_key("one-algorithm"), "PS256", "RS256 PS256")),
    hostile("ps256-to-rs256", "a key that is listed for PS256 makes an RS256 signature", _BOUND, "alg-key-mismatch", "laxity",
            _cross(lambda: rsa_key("one-pss", "PS256"), "RS256", "RS256 PS256")),
    hostile("rs256-to-rs512", "a key that is listed for RS256 makes an RS512 signature", _BOUND, "alg-key-mismatch", "laxity",
            _cross(lambda: rsa_key("one-algorithm"), "RS512", "RS256 RS512")),
    hostile("ps256-not-allowed", "a PS256 signature where only RS256 is allowed", _BOUND, "alg-not-allowed", "laxity",
            _cross(lambda: rsa_key("any-algorithm"), "PS256", "RS256", alg=None)),
    hostile("rs1", "a signature over SHA-1, for which collisions can be bought", "RFC 8725 section 3.2", "alg-not-allowed",
            "forgery", _cross(lambda: rsa_key("any-algorithm"), "RS1", "RS256", alg=None)),
    hostile("es256-on-p384", "ES256 with a P-384 key", "RFC 7518 section 3.4", "alg-key-mismatch", "laxity",
            _cross(lambda: ec_key("curve-384", "P-384", "ES384"), "ES256", "ES256 ES384")),
    hostile("es384-on-p256", "ES384 with a P-256 key", "RFC 7518 section 3.4", "alg-key-mismatch", "laxity",
            _cross(lambda: ec_key("curve-256"), "ES384", "ES256 ES384")),
    hostile("es256-on-p384-no-alg", "ES256 with a P-384 key whose JWK names no algorithm", "RFC 7518 section 3.4",
            "alg-key-mismatch", "laxity",
            _cross(lambda: ec_key("curve-384", "P-384", "ES384"), "ES256", "ES256 ES384", alg=None)),
    hostile("es256-kid-of-rsa", "ES256 with the `kid` of an RSA key", _BOUND, "alg-key-mismatch", "forgery",
            _wrong_key("ES256", lambda: rsa_key("login-2026-a"))),
    hostile("rs256-kid-of-ec", "RS256 with the `kid` of an elliptic-curve key", _BOUND, "alg-key-mismatch", "forgery",
            _wrong_key("RS256", lambda: ec_key("login-2026-b"))),
    hostile("eddsa-kid-of-rsa", "EdDSA with the `kid` of an RSA key", _BOUND, "alg-key-mismatch", "forgery",
            _wrong_key("EdDSA", lambda: rsa_key("login-2026-a"))),
    hostile("eddsa-kid-of-ec", "EdDSA with the `kid` of a P-256 key", _BOUND, "alg-key-mismatch", "forgery",
            _wrong_key("EdDSA", lambda: ec_key("login-2026-b"))),
)  # fmt: skip

FAMILY = Family.build("algorithm", "the token chooses the algorithm", *_CASES)

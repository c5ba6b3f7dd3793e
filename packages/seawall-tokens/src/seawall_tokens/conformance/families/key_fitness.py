"""Cases: keys with which anybody can sign, and keys that are not for signing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall_tokens.conformance import keys
from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.encoding import b64, integer, plain_json
from seawall_tokens.conformance.keys import Key, ec_key, edwards_jwk, rsa_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.signing import Sign, cube_root_forgery, encode_message, signer
from seawall_tokens.conformance.token_factory import TokenFactory, key_set

_SIZE = "RFC 7518 section 3.3"
_USE = "RFC 7517 section 4.2"
_WEAK = "key-unfit key-set-invalid key-unknown key-source-unavailable"
_MIXED = "key-set-mixed key-set-invalid key-source-unavailable key-unfit"
_SET = "key-set-invalid key-set-mixed key-source-unavailable key-unfit"
_BROKEN = "key-set-invalid key-unfit key-unknown key-source-unavailable"


def _under(
    key: Callable[[], Key], sign: Callable[[Key], Sign] | None = None
) -> Callable[[TokenFactory], Presentation]:
    """Sign with an unfit key that is the issuer's only one."""

    def build(w: TokenFactory) -> Presentation:
        mine = key()
        token = w.token(header=w.header(mine), key=mine, sign=sign(mine) if sign else None)
        return w.present(token, w.issuer(mine, algorithms=frozenset({mine.algorithm})))

    return build


def _list(signs: Callable[[], Key], **changes: Any) -> Callable[[TokenFactory], Presentation]:
    """Sign validly, with changed members in the listed key; None removes a member."""

    def build(w: TokenFactory) -> Presentation:
        mine = signs()
        trusted = w.issuer(mine.make_jwk(**changes), algorithms=frozenset({mine.algorithm}))
        return w.present(w.token(header=w.header(mine), key=mine), trusted)

    return build


def _beside(*more: dict[str, Any]) -> Callable[[TokenFactory], Presentation]:
    """Sign validly, with further entries in the key set."""
    return lambda w: w.present(w.token(), w.issuer(w.key, *more))


def _entry(jwk: dict[str, Any], algorithm: str, signature: bytes) -> Callable[[TokenFactory], Presentation]:
    """List a single key for which the signature needs no private key."""
    entry = Key(jwk, lambda _: signature)
    return lambda w: w.present(w.token(key=entry), w.issuer(jwk, algorithms=frozenset({algorithm})))


def _rabin(w: TokenFactory) -> Presentation:
    """Try tokens until the padded message is a square, which one in four is."""
    mine = keys.exponent_two()
    n = int.from_bytes(_unwritten(str(mine.jwk["n"])))
    while True:
        token = w.token(header=w.header(mine), key=mine)
        head, _, text = token.rpartition(".")
        root = int.from_bytes(_unwritten(text))
        if pow(root, 2, n) == encode_message(head.encode(), 256):
            return w.present(token, w.issuer(mine))


def _unwritten(text: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _symmetric(w: TokenFactory) -> Presentation:
    """Publish a symmetric secret in the key set, with which every reader can sign."""
    secret = b"published to everybody, 32 bytes"
    token = w.token(header={"alg": "HS256", "kid": "shared", "typ": "at+jwt"}, sign=signer("HS256", secret))
    entry = {"kty": "oct", "kid": "shared", "alg": "HS256", "use": "sig", "k": b64(secret)}
    return w.present(token, w.issuer(w.key, entry))


def _duplicate(w: TokenFactory) -> Presentation:
    """List two keys with one `kid`; the second signs."""
    second = rsa_key("namesake")
    return w.present(
        w.token(header=w.header(), sign=second.sign), w.issuer(w.key, second.make_jwk(kid=w.key.kid))
    )


def _duplicate_first(w: TokenFactory) -> Presentation:
    return w.present(w.token(), w.issuer(w.key, rsa_key("namesake").make_jwk(kid=w.key.kid)))


def _duplicate_members(w: TokenFactory) -> Presentation:
    """Serve a document with two `keys` members."""
    forger = rsa_key("forger")
    document = (
        b'{"keys":['
        + plain_json(dict(w.key.jwk))
        + b'],"keys":['
        + plain_json(forger.make_jwk(kid=w.key.kid))
        + b"]}"
    )
    return w.present(w.token(header=w.header(), sign=forger.sign), w.issuer(key_set=document))


def _private(w: TokenFactory) -> Presentation:
    """Publish the private key in the set."""
    secret = w.key.private.private_numbers()
    entry = w.key.make_jwk(d=integer(secret.d), p=integer(secret.p), q=integer(secret.q), dp=integer(secret.dmp1),
                         dq=integer(secret.dmq1), qi=integer(secret.iqmp))  # fmt: skip
    return w.present(w.token(), w.issuer(key_set=key_set(entry)))


def _huge(w: TokenFactory) -> Presentation:
    """List a 20,000-bit modulus: one verification takes longer than a hundred normal ones."""
    jwk = keys.rsa_jwk("huge", (1 << 19_999) + 1, 65537)
    token = w.token(key=Key(jwk, lambda _: b"\1" * 2_500))
    return w.present(token, w.issuer(jwk))


def _ec_point(x: int, y: int, curve: str = "P-256") -> dict[str, Any]:
    return {"kty": "EC", "crv": curve, "kid": "point", "use": "sig", "alg": "ES256",
            "x": b64(x.to_bytes(32)), "y": b64(y.to_bytes(32))}  # fmt: skip


_ORDER_TWO = (2**255 - 20).to_bytes(32, "little")
_ORDER_FOUR = bytes(32)
_ORDER_EIGHT = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
_NEUTRAL = b"\1" + bytes(31)
_NEUTRAL_AGAIN = (2**255 - 18).to_bytes(32, "little")
_ANY = _NEUTRAL + bytes(32)


def _n_padded(w: TokenFactory) -> Presentation:
    mine = rsa_key("plain")
    return w.present(w.token(key=mine), w.issuer(mine.make_jwk(n=str(mine.jwk["n"]) + "==")))


def _lucky(w: TokenFactory, point: bytes) -> Presentation:
    """Try tokens until the one signature that needs no key verifies."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(point)
    jwk = edwards_jwk("edwards", point)
    while True:
        token = w.token(key=Key(jwk, lambda _: _ANY))
        try:
            public.verify(_ANY, token.rpartition(".")[0].encode())
        except InvalidSignature:
            continue
        return w.present(token, w.issuer(jwk, algorithms=frozenset({"EdDSA"})))


_CASES: tuple[Case, ...] = (
    control("key-rsa-4096", "an RSA key of 4096 bits", _SIZE, _under(lambda: rsa_key("large", bits=4096))),
    control("key-without-alg", "a key whose JWK names no algorithm and no use", "RFC 7517 section 4",
            _list(lambda: rsa_key("plain"), alg=None, use=None)),
    control("key-ops-verify", "a key whose operation is to verify", "RFC 7517 section 4.3",
            _list(lambda: rsa_key("plain"), use=None, key_ops=["verify"])),
    hostile("rsa-512", "an RSA key of 512 bits, which one machine factors in a day", _SIZE, _WEAK, "forgery",
            _under(keys.tiny_rsa)),
    hostile("rsa-1024", "an RSA key of 1024 bits", _SIZE, _WEAK, "laxity", _under(lambda: rsa_key("short", bits=1024))),
    hostile("rsa-e-one", "e = 1: the padded message is its own signature", "NIST SP 800-56B section 6.2", _WEAK, "forgery",
            _under(keys.exponent_one)),
    hostile("rsa-e-two", "an even exponent, with signatures that fit", "NIST SP 800-56B section 6.2", _WEAK, "laxity", _rabin),
    hostile("rsa-e-three", "e = 3", "FIPS 186-5 appendix A.1.1", _WEAK, "laxity", _under(lambda: rsa_key("three", exponent=3))),
    hostile("rsa-e-three-forged", "e = 3 and Bleichenbacher's cube root: a forgery without the key", "CVE-2006-4339",
            f"{_WEAK} signature-invalid", "forgery",
            _under(lambda: rsa_key("three", exponent=3), lambda _: cube_root_forgery(256))),
    hostile("rsa-roca", "a key of Infineon's faulty library, which can be factored", "CVE-2017-15361", _WEAK, "forgery",
            _under(keys.roca)),
    hostile("rsa-close-primes", "a modulus of two neighbouring primes, which Fermat's method splits at once", "CVE-2022-26320",
            _WEAK, "forgery", _under(keys.close_primes)),
    hostile("rsa-even-modulus", "an even modulus: everybody knows its factors", "RFC 8017 section 3.1", _WEAK, "forgery",
            _under(keys.even_modulus)),
    hostile("rsa-prime-modulus", "a modulus that is itself prime", "RFC 8017 section 3.1", _WEAK, "forgery",
            _under(keys.prime_modulus)),
    hostile("rsa-small-factor", "a modulus that is divisible by 251", "RFC 8017 section 3.1", _WEAK, "forgery",
            _under(keys.small_factor)),
    hostile("rsa-huge", "a modulus of 20,000 bits: every verification is a burden", "CVE-2023-6237", _WEAK, "exhaustion",
            _huge),
    hostile("ed25519-neutral-point", "the neutral point as public key: one signature fits every message",
            "RFC 8725 section 3.4", _WEAK, "forgery", _entry(edwards_jwk("edwards", _NEUTRAL), "EdDSA", _ANY)),
    hostile("ed25519-order-two", "a public key of order two: one signature fits every second message", "RFC 8725 section 3.4",
            _WEAK, "forgery", lambda w: _lucky(w, _ORDER_TWO)),
    hostile("ed25519-order-four", "a public key of order four", "RFC 8725 section 3.4", _WEAK, "forgery",
            lambda w: _lucky(w, _ORDER_FOUR)),
    hostile("ed25519-order-eight", "a public key of order eight", "RFC 8725 section 3.4", _WEAK, "forgery",
            lambda w: _lucky(w, _ORDER_EIGHT)),
    hostile("ed25519-not-canonical", "the neutral point, encoded a second way", "RFC 8032 section 5.1.3",
            f"{_WEAK} signature-invalid", "forgery", _entry(edwards_jwk("edwards", _NEUTRAL_AGAIN), "EdDSA", _ANY)),
    hostile("ed25519-short", "an Ed25519 key of 31 bytes", "RFC 8037 section 2", _BROKEN, "laxity",
            _entry(edwards_jwk("edwards", bytes(31)), "EdDSA", _ANY)),
    hostile("x25519", "a key for key agreement where one for signatures is wanted", "RFC 8037 section 2", _WEAK, "laxity",
            _entry(edwards_jwk("agreement", bytes(31) + b"\x09", "X25519"), "EdDSA", _ANY)),
    hostile("ec-off-curve", "a point that is not on the curve", "SEC 1 section 3.2.2", _WEAK, "forgery",
            _entry(_ec_point(1, 1), "ES256", bytes(63) + b"\1")),
    hostile("ec-zero", "the point (0, 0)", "SEC 1 section 3.2.2", _WEAK, "forgery",
            _entry(_ec_point(0, 0), "ES256", bytes(63) + b"\1")),
    hostile("ec-unknown-curve", "a curve of 192 bits", "RFC 7518 section 6.2.1.1", _WEAK, "forgery",
            _entry(_ec_point(1, 1, "P-192"), "ES256", bytes(63) + b"\1")),
    hostile("ec-secp256k1", "secp256k1 under the name of ES256", "RFC 8812 section 3.2", f"{_WEAK} alg-key-mismatch", "laxity",
            _under(lambda: ec_key("bitcoin", "secp256k1"))),
    hostile("set-symmetric", "the set publishes a secret, and the token is an HMAC with it", "RFC 7517 section 9.2",
            f"alg-symmetric alg-not-allowed {_SET}", "forgery", _symmetric),
    hostile("set-mixed", "a sound key, but a secret is published beside it", "RFC 7517 section 9.2, RFC 8725 section 3.1",
            _MIXED, "laxity", _beside({"kty": "oct", "kid": "shared", "alg": "HS256", "k": b64(bytes(32))})),
    hostile("set-private", "the set publishes the private key: everybody can sign", "RFC 7517 section 9.2", _MIXED, "forgery",
            _private),
    hostile("set-same-kid", "two keys of one name; the second signs", "RFC 7517 section 4.5",
            f"key-duplicate-kid {_SET} signature-invalid", "laxity", _duplicate),
    hostile("set-same-kid-first", "two keys of one name; the first signs", "RFC 7517 section 4.5", f"key-duplicate-kid {_SET}",
            "laxity", _duplicate_first),
    hostile("set-twice", "the list of keys stands twice in the document: caches and services read different ones",
            "RFC 7517 section 4", _SET, "laxity", _duplicate_members),
    hostile("use-enc", "a key for encryption signs", _USE, f"key-use-wrong {_WEAK}", "laxity",
            _list(lambda: rsa_key("plain"), use="enc")),
    hostile("key-ops-encrypt", "a key whose operations are to encrypt", "RFC 7517 section 4.3", f"key-use-wrong {_WEAK}",
            "laxity", _list(lambda: rsa_key("plain"), use=None, key_ops=["encrypt", "wrapKey"])),
    hostile("key-ops-empty", "a key with no operations at all", "RFC 7517 section 4.3", f"key-use-wrong {_WEAK}", "laxity",
            _list(lambda: rsa_key("plain"), use=None, key_ops=[])),
    hostile("key-alg-other", "a key that is listed for RSA-OAEP", "RFC 7517 section 4.4",
            f"{_WEAK} alg-key-mismatch key-use-wrong", "laxity", _list(lambda: rsa_key("plain"), alg="RSA-OAEP")),
    hostile("kty-other-case", "the type `rsa`, in small letters", "RFC 7517 section 4.1", _WEAK, "laxity",
            _list(lambda: rsa_key("plain"), kty="rsa")),
    hostile("kty-missing", "a key without a type", "RFC 7517 section 4.1", _BROKEN, "laxity",
            _list(lambda: rsa_key("plain"), kty=None)),
    hostile("n-padded", "the modulus with `=` at its end", "RFC 7518 section 6.3.1.1", _BROKEN, "laxity", _n_padded),
    hostile("e-number", "the exponent as a number", "RFC 7518 section 6.3.1.2", _BROKEN, "laxity",
            _list(lambda: rsa_key("plain"), e=65537)),
)  # fmt: skip


FAMILY = Family.build("key-fitness", "a key that anybody can forge signatures for", *_CASES)

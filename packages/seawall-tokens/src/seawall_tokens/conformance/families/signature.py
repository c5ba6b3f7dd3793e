"""Cases: wrong signatures, and correct signatures in a form that the standard forbids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.encoding import b64, plain_json
from seawall_tokens.conformance.keys import ED25519_ORDER, P256_ORDER, Key, ec_key, edwards_key, rsa_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.signing import Sign, join_segments, numbers, pss, textbook
from seawall_tokens.conformance.token_factory import TokenFactory

_RSA = "RFC 8017 section 8.2.2"
_ECDSA = "RFC 7518 section 3.4, FIPS 186-5 section 6.4.2"
_PSYCHIC = "CVE-2022-21449"
_INVALID = "signature-invalid"


def _rsa(change: Callable[[Any, bytes, bytes], bytes]) -> Callable[[TokenFactory], Presentation]:
    """Build a signature with `change(private key, signing input, valid signature)`."""
    return lambda w: w.present(w.token(sign=lambda data: change(w.key.private, data, w.key.sign(data))))


def _under(
    key: Callable[[], Key], change: Callable[[Any, bytes, bytes], bytes]
) -> Callable[[TokenFactory], Presentation]:
    """Change the signature under another key, with the algorithm that the key is listed for."""

    def build(w: TokenFactory) -> Presentation:
        mine = key()

        def sign(data: bytes) -> bytes:
            return change(mine.private, data, mine.sign(data))

        return w.present(w.token(key=mine, sign=sign), w.issuer(mine, algorithms=frozenset({mine.algorithm})))

    return build


def _curve(change: Callable[[int, int], tuple[int, int]]) -> Callable[[TokenFactory], Presentation]:
    """Change the two integers of an ES256 signature."""

    def change_private(private: Any, data: bytes, _sound: bytes) -> bytes:
        return join_segments(*change(*numbers(private, hashes.SHA256(), data)), private.curve)

    return _under(lambda: ec_key("login-2026-b"), change_private)


def _curve_bytes(change: Callable[[bytes], bytes]) -> Callable[[TokenFactory], Presentation]:
    return _under(lambda: ec_key("login-2026-b"), lambda _private, _data, sound: change(sound))


def _der(private: Any, data: bytes, _sound: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec

    der: bytes = private.sign(data, ec.ECDSA(hashes.SHA256()))
    decode_dss_signature(der)
    return der


def _malleable(_private: Any, _data: bytes, sound: bytes) -> bytes:
    """Replace S by S + L: the same equation, but different bytes (RFC 8032 section 8.4)."""
    s = int.from_bytes(sound[32:], "little") + ED25519_ORDER
    return sound[:32] + s.to_bytes(32, "little")


def _textbook(**how: Any) -> Callable[[Any, bytes, bytes], bytes]:
    def sign(private: Any, data: bytes, _sound: bytes) -> bytes:
        secret = private.private_numbers()
        made: Sign = textbook(secret.public_numbers.n, secret.d, **how)
        return made(data)

    return sign


def _plus_modulus(private: Any, _data: bytes, sound: bytes) -> bytes:
    value: int = int.from_bytes(sound) + private.public_key().public_numbers().n
    return value.to_bytes(max(256, (value.bit_length() + 7) // 8))


def _short(w: TokenFactory) -> Presentation:
    """Drop the leading zero byte of a signature."""
    while True:
        token = w.token()
        head, _, _signature = token.rpartition(".")
        signature = w.key.sign(head.encode())
        if signature[0] == 0:
            return w.present(f"{head}.{b64(signature[1:])}")


def _splice(w: TokenFactory) -> Presentation:
    """Put one token's payload under another token's signature."""
    header, _, signature = w.token().split(".")
    return w.present(f"{header}.{b64(plain_json(w.claims(sub='administrator')))}.{signature}")


def _other_header(w: TokenFactory) -> Presentation:
    _, payload, signature = w.token(header=w.header(typ="JWT")).split(".")
    return w.present(f"{b64(plain_json(w.header()))}.{payload}.{signature}")


def _payload_only(w: TokenFactory) -> Presentation:
    header, payload = (b64(plain_json(part)) for part in (w.header(), w.claims()))
    return w.present(f"{header}.{payload}.{b64(w.key.sign(payload.encode()))}")


def _stranger(w: TokenFactory) -> Presentation:
    """Sign with a forger's key under the genuine key's `kid`."""
    return w.present(w.token(w.claims(sub="administrator"), w.header(), sign=rsa_key("forger").sign))


def _flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _pss_key() -> Key:
    return rsa_key("pss-forms", "PS256")


def _zero_led(w: TokenFactory) -> Presentation:
    """Try until a signature begins with a zero byte, which one in 256 does."""
    while True:
        token = w.token()
        if w.key.sign(token.rpartition(".")[0].encode())[0] == 0:
            return w.present(token)


_CASES: tuple[Case, ...] = (
    control("signature-zero-led", "an RSA signature that begins with a zero byte keeps it", "RFC 8017 section 8.2.1",
            _zero_led),
    hostile("stranger", "a forger's own key under the `kid` of the real one", "RFC 7515 section 5.2", _INVALID, "forgery",
            _stranger),
    hostile("spliced", "the claims of one token under the signature of another", "RFC 7515 section 5.2", _INVALID, "forgery",
            _splice),
    hostile("header-swapped", "a logout token's signature under an access token's header", "RFC 7515 section 5.2", _INVALID,
            "forgery", _other_header),
    hostile("payload-only", "a signature over the payload alone, so that any header fits", "RFC 7515 section 5.1", _INVALID,
            "forgery", _payload_only),
    hostile("bit-first", "one bit of the signature flipped, at its beginning", _RSA, _INVALID, "forgery",
            _rsa(lambda _k, _d, s: _flip(s, 7))),
    hostile("bit-last", "one bit of the signature flipped, at its end", _RSA, _INVALID, "forgery",
            _rsa(lambda _k, _d, s: _flip(s, 2040))),
    hostile("cut-by-one", "the last byte of the signature is missing", _RSA, _INVALID, "forgery",
            _rsa(lambda _k, _d, s: s[:-1])),
    hostile("cut-to-one", "one byte of signature: code that compares only what is there", _RSA, _INVALID, "forgery",
            _rsa(lambda _k, _d, s: s[:1])),
    hostile("longer-by-one", "a byte after the signature", _RSA, _INVALID, "laxity", _rsa(lambda _k, _d, s: s + b"\0")),
    hostile("rsa-zero", "an RSA signature of zero", _RSA, _INVALID, "forgery", _rsa(lambda _k, _d, _s: bytes(256))),
    hostile("rsa-one", "an RSA signature of one: its own power", _RSA, _INVALID, "forgery",
            _rsa(lambda _k, _d, _s: bytes(255) + b"\1")),
    hostile("rsa-ones", "an RSA signature of nothing but ones, above the modulus", _RSA, _INVALID, "forgery",
            _rsa(lambda _k, _d, _s: b"\xff" * 256)),
    hostile("rsa-plus-modulus", "the modulus added to the signature: the same residue, another text", _RSA, _INVALID, "laxity",
            _rsa(_plus_modulus)),
    hostile("rsa-led-by-zero", "a zero byte before the signature", _RSA, _INVALID, "laxity", _rsa(lambda _k, _d, s: b"\0" + s)),
    hostile("rsa-zero-left-out", "a signature that begins with a zero byte, which is left out", _RSA, _INVALID, "laxity",
            _short),
    hostile("rsa-sha1-inside", "called RS256, but the signed hash is SHA-1", _RSA, _INVALID, "forgery",
            _rsa(_textbook(name="sha1"))),
    hostile("rsa-hash-unnamed", "the name of the hash is left out of the padding", _RSA, _INVALID, "laxity",
            _rsa(_textbook(bare=True))),
    hostile("rsa-pss-as-pkcs1", "a PSS signature that calls itself RS256", "RFC 7518 section 3.3", _INVALID, "laxity",
            _rsa(lambda k, d, _s: pss(k, hashes.SHA256(), hashes.SHA256(), 32)(d))),
    hostile("pss-salt-none", "PS256 without salt: RFC 7518 wants as much as the hash is long", "RFC 7518 section 3.5", _INVALID,
            "laxity", _under(_pss_key, lambda k, d, _s: pss(k, hashes.SHA256(), hashes.SHA256(), 0)(d))),
    hostile("pss-salt-long", "PS256 with the longest salt", "RFC 7518 section 3.5", _INVALID, "laxity",
            _under(_pss_key, lambda k, d, _s: pss(k, hashes.SHA256(), hashes.SHA256(), 222)(d))),
    hostile("pss-mask-sha1", "PS256 with SHA-1 in its mask", "RFC 7518 section 3.5", _INVALID, "laxity",
            _under(_pss_key, lambda k, d, _s: pss(k, hashes.SHA256(), hashes.SHA1(), 32)(d))),  # noqa: S303
    hostile("psychic", "an ECDSA signature of two zeros, which fits every message where nobody looks", _PSYCHIC, _INVALID,
            "forgery", _curve(lambda _r, _s: (0, 0))),
    hostile("psychic-r", "r is zero", _PSYCHIC, _INVALID, "forgery", _curve(lambda _r, s: (0, s))),
    hostile("psychic-s", "s is zero", _PSYCHIC, _INVALID, "forgery", _curve(lambda r, _s: (r, 0))),
    hostile("psychic-order", "r and s are the order of the curve: zero by another name", _PSYCHIC, _INVALID, "forgery",
            _curve(lambda _r, _s: (P256_ORDER, P256_ORDER))),
    hostile("ecdsa-one", "r and s are one", _ECDSA, _INVALID, "forgery", _curve(lambda _r, _s: (1, 1))),
    hostile("ecdsa-above-order", "s is above the order of the curve", _ECDSA, _INVALID, "forgery",
            _curve(lambda r, _s: (r, P256_ORDER + 1))),
    hostile("ecdsa-swapped", "s before r", _ECDSA, _INVALID, "laxity", _curve(lambda r, s: (s, r))),
    hostile("ecdsa-der", "a good signature as DER, as X.509 writes it", _ECDSA, _INVALID, "laxity",
            _under(lambda: ec_key("login-2026-b"), _der)),
    hostile("ecdsa-empty", "no signature under an elliptic-curve key", _ECDSA, _INVALID, "forgery",
            _curve_bytes(lambda _s: b"")),
    hostile("ecdsa-half", "r alone", _ECDSA, _INVALID, "forgery", _curve_bytes(lambda s: s[:32])),
    hostile("ecdsa-wide", "r and s each with a zero byte more", _ECDSA, _INVALID, "laxity",
            _curve_bytes(lambda s: b"\0" + s[:32] + b"\0" + s[32:])),
    hostile("ecdsa-longer", "a byte after a good signature", _ECDSA, _INVALID, "laxity", _curve_bytes(lambda s: s + b"\0")),
    hostile("ed25519-malleable", "S plus the order of the group: another text for the same signature", "RFC 8032 section 5.1.7",
            _INVALID, "laxity", _under(lambda: edwards_key("edwards"), _malleable)),
    hostile("ed25519-zero", "an Ed25519 signature of zeros", "RFC 8032 section 5.1.7", _INVALID, "forgery",
            _under(lambda: edwards_key("edwards"), lambda _k, _d, _s: bytes(64))),
    hostile("ed25519-neutral", "R is the neutral point, S is zero", "RFC 8032 section 5.1.7", _INVALID, "forgery",
            _under(lambda: edwards_key("edwards"), lambda _k, _d, _s: b"\1" + bytes(63))),
)  # fmt: skip


FAMILY = Family.build("signature", "a wrong or malformed signature", *_CASES)

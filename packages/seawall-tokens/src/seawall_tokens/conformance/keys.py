"""Create throw-away test keys, valid and unfit, at first use; they are cached for the life of the process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import gmpy2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from seawall_tokens.conformance.encoding import b64, integer, plain_json
from seawall_tokens.conformance.signing import Sign, signer, textbook

CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
_FERMAT = 65537


@dataclass(frozen=True, slots=True)
class Key:
    """A key for signing: its public JWK (with `kid` and `alg`) and its signing function."""

    jwk: Mapping[str, Any]
    sign: Sign
    private: Any = field(default=None, repr=False)

    @property
    def kid(self) -> str:
        """Return the `kid`."""
        return str(self.jwk["kid"])

    @property
    def algorithm(self) -> str:
        """Return the algorithm of its signatures."""
        return str(self.jwk["alg"])

    @property
    def thumbprint(self) -> str:
        """Return the thumbprint (RFC 7638): SHA-256 in base64url."""
        names = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
        required = {name: self.jwk[name] for name in names[self.jwk["kty"]]}
        return b64(hashlib.sha256(plain_json(required)).digest())

    def make_jwk(self, **changes: Any) -> dict[str, Any]:
        """Return the JWK with changed members; None removes one."""
        return {name: value for name, value in {**self.jwk, **changes}.items() if value is not None}

    def public(self, encoding: str, form: str = "SubjectPublicKeyInfo") -> bytes:
        """Return the public key as `PEM` or `DER`, in SPKI or `PKCS1` form."""
        kinds = {
            "SubjectPublicKeyInfo": serialization.PublicFormat.SubjectPublicKeyInfo,
            "PKCS1": serialization.PublicFormat.PKCS1,
        }
        return bytes(
            self.private.public_key().public_bytes(getattr(serialization.Encoding, encoding), kinds[form])
        )


@cache
def rsa_private(name: str, bits: int = 2048, exponent: int = _FERMAT) -> rsa.RSAPrivateKey:
    """Return the RSA private key of this name, created once."""
    del name
    return rsa.generate_private_key(exponent, bits)


def rsa_key(kid: str, algorithm: str = "RS256", bits: int = 2048, exponent: int = _FERMAT) -> Key:
    """Return the RSA key of this name."""
    private = rsa_private(kid, bits, exponent)
    public = private.public_key().public_numbers()
    return Key(rsa_jwk(kid, public.n, public.e, algorithm), signer(algorithm, private), private)


def rsa_jwk(kid: str, modulus: int, exponent: int, algorithm: str = "RS256") -> dict[str, Any]:
    """Return a public RSA JWK."""
    return {
        "kty": "RSA",
        "kid": kid,
        "use": "sig",
        "alg": algorithm,
        "n": integer(modulus),
        "e": integer(exponent),
    }


@cache
def _ec_private(name: str, curve: str) -> ec.EllipticCurvePrivateKey:
    del name
    return ec.generate_private_key(CURVES[curve])


def ec_key(kid: str, curve: str = "P-256", algorithm: str = "ES256") -> Key:
    """Return the elliptic-curve key of this name."""
    private = _ec_private(kid, curve)
    public = private.public_key().public_numbers()
    length = (private.curve.key_size + 7) // 8
    jwk = {
        "kty": "EC",
        "kid": kid,
        "use": "sig",
        "alg": algorithm,
        "crv": curve,
        "x": b64(public.x.to_bytes(length)),
        "y": b64(public.y.to_bytes(length)),
    }
    return Key(jwk, signer(algorithm, private), private)


@cache
def _edwards_private(name: str, curve: str) -> ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey:
    del name
    return (ed25519.Ed25519PrivateKey if curve == "Ed25519" else ed448.Ed448PrivateKey).generate()


def edwards_key(kid: str, curve: str = "Ed25519", algorithm: str = "EdDSA") -> Key:
    """Return the Edwards-curve key of this name."""
    private = _edwards_private(kid, curve)
    return Key(
        edwards_jwk(kid, private.public_key().public_bytes_raw(), curve, algorithm), private.sign, private
    )


def edwards_jwk(kid: str, point: bytes, curve: str = "Ed25519", algorithm: str = "EdDSA") -> dict[str, Any]:
    """Return a public Edwards-curve JWK."""
    return {"kty": "OKP", "kid": kid, "use": "sig", "alg": algorithm, "crv": curve, "x": b64(point)}


def certificate(key: Key, begins: float, ends: float) -> bytes:
    """Return a self-signed certificate of the key as DER. `begins` and `ends` are seconds since 1970."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accounts.accesscontrol.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(begins))
        .not_valid_after(_moment(ends))
        .sign(key.private, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds))


# Unfit RSA keys. A verifier that takes them into its key set cannot tell these tokens from good ones: each signature
# really verifies, because an attacker can make it without having broken anything but the key.


def _unfit(kid: str, modulus: int, exponent: int, private_exponent: int) -> Key:
    return Key(rsa_jwk(kid, modulus, exponent), textbook(modulus, private_exponent))


def _primes(bits: int, name: str) -> tuple[int, int]:
    numbers = rsa_private(f"primes of {name}", bits).private_numbers()
    return numbers.p, numbers.q


@cache
def tiny_rsa() -> Key:
    """Return a 512-bit key, which one machine factors in a day."""
    p = int(gmpy2.next_prime(int.from_bytes(hashlib.sha256(b"p").digest()) | 3 << 254))
    q = int(gmpy2.next_prime(int.from_bytes(hashlib.sha256(b"q").digest()) | 3 << 254))
    return _unfit("tiny", p * q, _FERMAT, pow(_FERMAT, -1, (p - 1) * (q - 1)))


@cache
def exponent_one() -> Key:
    """Return a key with e = 1: the signature is the padded message itself."""
    p, q = _primes(2048, "exponent one")
    return _unfit("exponent-one", p * q, 1, 1)


@cache
def exponent_two() -> Key:
    """Return a key with e = 2 (Rabin).

    `sign` returns a square root if the message has one, else an invalid signature.
    """
    attempt = 0
    while True:
        p, q = _primes(2048, f"exponent two {attempt}")
        if p % 4 == q % 4 == 3:
            break
        attempt += 1
    # for squares, x ** (((p-1)(q-1) + 4) / 8) is a square root modulo p q when both primes are 3 mod 4
    return _unfit("exponent-two", p * q, 2, ((p - 1) * (q - 1) + 4) // 8)


@cache
def even_modulus() -> Key:
    """Return a key with n = 2 p, whose phi everybody can compute."""
    p = int(gmpy2.next_prime(1 << 2047 | int.from_bytes(hashlib.sha512(b"even").digest())))
    return _unfit("even-modulus", 2 * p, _FERMAT, pow(_FERMAT, -1, p - 1))


@cache
def prime_modulus() -> Key:
    """Return a key with prime n, whose phi is n - 1."""
    n = int(gmpy2.next_prime(1 << 2047 | int.from_bytes(hashlib.sha512(b"prime").digest())))
    return _unfit("prime-modulus", n, _FERMAT, pow(_FERMAT, -1, n - 1))


@cache
def small_factor() -> Key:
    """Return a key with n = 251 p, which trial division factors."""
    p = int(gmpy2.next_prime(1 << 2040 | int.from_bytes(hashlib.sha512(b"factor").digest())))
    return _unfit("small-factor", 251 * p, _FERMAT, pow(_FERMAT, -1, 250 * (p - 1)))


@cache
def close_primes() -> Key:
    """Return a key with neighbouring p and q: Fermat's method factors n at once (CVE-2022-26320)."""
    p, _ = _primes(2048, "close primes")
    q = int(gmpy2.next_prime(p))
    return _unfit("close-primes", p * q, _FERMAT, pow(_FERMAT, -1, (p - 1) * (q - 1)))


@cache
def roca() -> Key:
    """Return a key whose primes have Infineon's form k M + 65537 ** a mod M (ROCA, CVE-2017-15361)."""
    primorial = 1
    prime = 2
    for _ in range(126):
        primorial *= prime
        prime = int(gmpy2.next_prime(prime))
    found: list[int] = []
    seed = 0
    while len(found) < 2:
        seed += 1
        k = (15 << 1020) // primorial + int.from_bytes(hashlib.sha256(f"roca {seed}".encode()).digest()[:5])
        candidate = k * primorial + pow(_FERMAT, 1000 + seed, primorial)
        if candidate.bit_length() == 1024 and gmpy2.is_prime(candidate):
            found.append(candidate)
    p, q = found
    return _unfit("roca", p * q, _FERMAT, pow(_FERMAT, -1, (p - 1) * (q - 1)))

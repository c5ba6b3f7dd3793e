"""Check whether a public key is fit for use: RSA moduli and exponents, curve points, and the algorithm's demands.

A signature proves nothing if anybody can compute the private key from the public one, so each key is checked once
when loaded. This module only names faults; it decides no trust. Faults:

1. RSA modulus below 2048 bits (RFC 7518 section 3.3), or so long that each verification is a denial of service.
2. RSA exponent even, below 65537 (FIPS 186-5 section 5.4) or longer than 64 bits (OpenSSL's own limit for long
   moduli).
3. RSA modulus even, divisible by a small prime, itself a prime, or the product of two close primes (Fermat's method).
4. RSA modulus of Infineon's faulty library: "The Return of Coppersmith's Attack", Nemec, Sys, Svenda, Klinec, Matyas,
   ACM CCS 2017 (ROCA, CVE-2017-15361).
5. An unsupported curve, a point off its curve, or an Edwards point of small order (RFC 8032): with such a key one
   signature fits many messages.
6. An algorithm that does not belong to the key's type and curve (RFC 7518 section 3.1, RFC 8037, RFC 9864).

Not found: keys of a weak random generator, factors of other special forms, and every fault that shows only in the
private key. Two keys that share a prime are found by the key inventory, which compares keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import gmpy2
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NativeKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey

RSA_BITS_MINIMUM = 2048
RSA_BITS_MAXIMUM = 16384
EXPONENT_MINIMUM = 65537
EXPONENT_BITS_MAXIMUM = 64
FERMAT_ROUNDS = 100
# Proving a longer modulus composite would take longer than a key load may.
PRIME_TEST_BITS_MAXIMUM = 4096
SMALL_PRIMES_BELOW = 1 << 14

RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
# ES256K (secp256k1, RFC 8812) is left out on purpose: no identity provider uses it, and each further curve can be
# confused. P-256 keys stay with ES256 alone.
# expects is one more thing to confuse. P-256 keys stay with ES256 alone.
CURVE_ALGORITHMS: dict[str, frozenset[str]] = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
    "Ed25519": frozenset({"EdDSA", "Ed25519"}),
    "Ed448": frozenset({"EdDSA", "Ed448"}),
}
HMAC_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}

_CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}

WORDS: dict[str, str] = {
    "rsa-small": "the RSA modulus has fewer than 2048 bits",
    "rsa-large": "the RSA modulus has more than 16384 bits: every verification would be a burden",
    "rsa-exponent": "the RSA exponent is even, below 65537 or longer than 64 bits",
    "rsa-even": "the RSA modulus is even",
    "rsa-small-factor": "the RSA modulus is divisible by a small prime",
    "rsa-prime": "the RSA modulus is itself a prime",
    "rsa-close-primes": "the primes of the RSA modulus are so close that Fermat's method finds them",
    "rsa-roca": "the RSA modulus has the form of Infineon's faulty library (ROCA, CVE-2017-15361)",
    "curve-unknown": "the curve is none that signs tokens here",
    "point-invalid": "the point does not lie on its curve, or is not encoded the one right way",
    "small-order": "the Edwards point has a small order: one signature would fit many messages",
    "algorithm-mismatch": "the algorithm does not belong to this type of key and curve",
    "secret-short": "the secret is shorter than the hash of its algorithm",
    "secret-repetitive": "the secret repeats one short pattern",
}


@dataclass(frozen=True, slots=True)
class KeyFault:
    """One fault of a key: a stable `code` (a key of `WORDS`) and its meaning."""

    code: str
    words: str


def faults(key: NativeKey, algorithm: str | None = None) -> tuple[KeyFault, ...]:
    """Return all faults of a loaded public key, and of `algorithm` with it if given; empty if it is fit.

    Results are cached for the last 1,024 keys.
    """
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        codes = _rsa_codes(numbers.n, numbers.e)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        # The library refuses points off the curve, so only the curve remains to be checked.
        codes = () if key.curve.name in _CURVE_NAMES else ("curve-unknown",)
    else:
        codes = _edwards_codes(curve_of(key) or "", key.public_bytes_raw())
    if algorithm is not None and algorithm not in algorithms_of(key):
        codes = (*codes, "algorithm-mismatch")
    return _name(codes)


def curve_of(key: NativeKey) -> str | None:
    """Return the key's curve by its JOSE name; None for RSA and unsupported curves."""
    if isinstance(key, Ed25519PublicKey):
        return "Ed25519"
    if isinstance(key, Ed448PublicKey):
        return "Ed448"
    return _CURVE_NAMES.get(key.curve.name) if isinstance(key, ec.EllipticCurvePublicKey) else None


def algorithms_of(key: NativeKey) -> frozenset[str]:
    """Return the signature algorithms for this type of key and curve; empty for an unknown curve."""
    if isinstance(key, rsa.RSAPublicKey):
        return RSA_ALGORITHMS
    return CURVE_ALGORITHMS.get(curve_of(key) or "", frozenset())


def rsa_faults(modulus: int, exponent: int) -> tuple[KeyFault, ...]:
    """Return the faults of an RSA public key given as numbers, for keys that no library would load."""
    return _name(_rsa_codes(modulus, exponent))


def edwards_faults(curve: str, encoded: bytes) -> tuple[KeyFault, ...]:
    """Return the faults of an encoded Edwards point (RFC 8032: `Ed25519` 32 bytes, `Ed448` 57 bytes)."""
    return _name(_edwards_codes(curve, encoded))


def secret_faults(secret: bytes, algorithm: str) -> tuple[KeyFault, ...]:
    """Return the faults of a symmetric secret for HS256, HS384 or HS512.

    RFC 7518 section 3.2: it must be at least as long as the hash. Public key sets may never contain a secret.
    """
    least = HMAC_BYTES.get(algorithm)
    if least is None:
        return _name(("algorithm-mismatch",))
    codes = ("secret-short",) if len(secret) < least else ()
    if len(secret) > 1 and any(secret == (secret[:n] * len(secret))[: len(secret)] for n in (1, 2, 4, 8)):
        codes = (*codes, "secret-repetitive")
    return _name(codes)


def _name(codes: tuple[str, ...]) -> tuple[KeyFault, ...]:
    return tuple(KeyFault(code, WORDS[code]) for code in codes)


@lru_cache(maxsize=1024)
def _rsa_codes(modulus: int, exponent: int) -> tuple[str, ...]:
    bits = modulus.bit_length() if modulus > 0 else 0
    codes = []
    if bits < RSA_BITS_MINIMUM:
        codes.append("rsa-small")
    if exponent < EXPONENT_MINIMUM or exponent % 2 == 0 or exponent.bit_length() > EXPONENT_BITS_MAXIMUM:
        codes.append("rsa-exponent")
    if bits > RSA_BITS_MAXIMUM:
        # Stop here: computing with an oversized modulus is the attack.
        return (*codes, "rsa-large")
    if modulus > 1:
        codes.extend(_factor_codes(gmpy2.mpz(modulus)))
    return tuple(codes)


def _factor_codes(modulus: gmpy2.mpz) -> list[str]:
    if modulus.is_even():
        return ["rsa-even"]
    if modulus.bit_length() <= PRIME_TEST_BITS_MAXIMUM and _passes_fermat(modulus):
        return ["rsa-prime"]
    codes = []
    if gmpy2.gcd(modulus, _small_primes_product() % modulus) != 1:
        codes.append("rsa-small-factor")
    if has_close_primes(modulus):
        codes.append("rsa-close-primes")
    if has_roca_form(modulus):
        codes.append("rsa-roca")
    return codes


def _passes_fermat(modulus: gmpy2.mpz) -> bool:
    """Run Fermat's test with base 2, which primes pass and products of two honest primes do not.

    This is nearly all of the work (20 ms for 4096 bits), so gmpy2 releases the GIL. Loading a thousand keys in the
    background must not block verification.
    """
    with gmpy2.context(gmpy2.get_context(), allow_release_gil=True):
        return bool(gmpy2.powmod(2, modulus - 1, modulus) == 1)


def has_close_primes(modulus: int) -> bool:
    """Return whether Fermat's method factors the odd `modulus` in at most `FERMAT_ROUNDS` steps (CVE-2022-26320)."""
    root = gmpy2.isqrt(modulus)
    if root * root < modulus:
        root += 1
    square = root * root - modulus
    for _ in range(FERMAT_ROUNDS):
        if gmpy2.is_square(square):
            # root - s and root + s are the factors; a factor of 1 is trivial.
            return bool(root - gmpy2.isqrt(square) > 1)
        square += 2 * root + 1
        root += 1
    return False


def has_roca_form(modulus: int) -> bool:
    """Return whether `modulus` has the ROCA fingerprint: a power of 65537 modulo every prime that the library used.

    The library made primes k·M + (65537^a mod M), M being the product of the first 39 or more primes. So the modulus
    is a power of 65537 modulo each of them. By chance that happens to one modulus in about 2^150.
    """
    return all((powers >> int(modulus % prime)) & 1 for prime, powers in _roca_powers())


@lru_cache(maxsize=1)
def _roca_powers() -> tuple[tuple[int, int], ...]:
    """Return, for each distinctive odd prime up to 167, the residues that are powers of 65537, as a bit mask."""
    table = []
    for prime in _primes_below(168):
        powers, power = 0, 1
        while not (powers >> power) & 1:
            powers |= 1 << power
            power = power * 65537 % prime
        if powers.bit_count() < prime - 1:
            table.append((prime, powers))
    return tuple(table)


@lru_cache(maxsize=1)
def _small_primes_product() -> gmpy2.mpz:
    product = gmpy2.mpz(1)
    for prime in _primes_below(SMALL_PRIMES_BELOW):
        product *= prime
    return product


def _primes_below(limit: int) -> list[int]:
    return [number for number in range(2, limit) if gmpy2.is_prime(number)]


@dataclass(frozen=True, slots=True)
class _Edwards:
    """An Edwards curve a·x² + y² = 1 + d·x²·y² over the field of `prime`; a point is encoded in `length` bytes (RFC 8032)."""

    prime: int
    a: int
    d: int
    length: int
    doublings: int  # the cofactor is 2 to this power


_P25519 = 2**255 - 19
_EDWARDS = {
    "Ed25519": _Edwards(_P25519, -1, -121665 * pow(121666, -1, _P25519) % _P25519, 32, 3),
    "Ed448": _Edwards(2**448 - 2**224 - 1, 1, -39081, 57, 2),
}


@lru_cache(maxsize=1024)
def _edwards_codes(name: str, encoded: bytes) -> tuple[str, ...]:
    curve = _EDWARDS.get(name)
    if curve is None:
        return ("curve-unknown",)
    if len(encoded) != curve.length:
        return ("point-invalid",)
    value = int.from_bytes(encoded, "little")
    sign, y = value >> (8 * curve.length - 1), value & ((1 << (8 * curve.length - 1)) - 1)
    # A second encoding of the same point (y not reduced) would give one key two names.
    if y >= curve.prime:
        return ("point-invalid",)
    x_squared = _x_squared(curve, y)
    if not _is_square(x_squared, curve.prime) or (x_squared == 0 and sign):
        return ("point-invalid",)
    return ("small-order",) if _vanishes(curve, x_squared, y) else ()


def _x_squared(curve: _Edwards, y: int) -> int:
    # The denominator is never 0: a/d is not a square on either curve.
    return (y * y - 1) * pow(curve.d * y * y - curve.a, -1, curve.prime) % curve.prime


def _is_square(value: int, prime: int) -> bool:
    return bool(gmpy2.legendre(value, prime) >= 0)


def _vanishes(curve: _Edwards, x_squared: int, y: int) -> bool:
    """Return whether the point times the cofactor is the neutral point (0, 1).

    Doubling needs only x² and y (2xy is squared), so no square root is computed.
    """
    p = curve.prime
    for _ in range(curve.doublings):
        y_squared = y * y % p
        product = curve.d * x_squared * y_squared % p
        x_squared, y = (
            4 * x_squared * y_squared * pow(1 + product, -2, p) % p,
            (y_squared - curve.a * x_squared) * pow(1 - product, -1, p) % p,
        )
    return x_squared == 0 and y == 1

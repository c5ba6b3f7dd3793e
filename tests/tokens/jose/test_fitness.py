"""Fitness of public keys: every fault by construction, and no fault in keys that are fit."""

from __future__ import annotations

import secrets
import statistics
import threading
import time

import gmpy2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall_tokens.jose import fitness
from tests.thoroughness import examples


def _prime(bits: int) -> int:
    """A prime with its two top bits set, so that a product of two has all its bits."""
    return int(gmpy2.next_prime(secrets.randbits(bits) | (0b11 << (bits - 2))))


def _modulus(bits: int = 2048) -> int:
    return _prime(bits // 2) * _prime(bits - bits // 2)


def _roca_prime(bits: int, small_primes: int) -> int:
    """A prime as Infineon's library made it: k·M + (65537^a mod M)."""
    product, prime = 1, 2
    for _ in range(small_primes):
        product *= prime
        prime = int(gmpy2.next_prime(prime))
    while True:
        k = secrets.randbits(bits - product.bit_length()) | 1 << (bits - product.bit_length() - 1)
        candidate = k * product + pow(65537, secrets.randbits(256), product)
        if candidate.bit_length() == bits and gmpy2.is_prime(candidate):
            return candidate


def _codes(faults: tuple[fitness.KeyFault, ...]) -> list[str]:
    return [fault.code for fault in faults]


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPublicKey:
    return rsa.generate_private_key(65537, 2048).public_key()


def test_a_sound_rsa_key_has_no_fault(rsa_key: rsa.RSAPublicKey) -> None:
    assert fitness.faults(rsa_key) == ()
    for algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"):
        assert fitness.faults(rsa_key, algorithm) == ()


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "HS256", "none", "rs256", "RSA-OAEP", "RS1", ""])
def test_an_algorithm_of_another_type_is_a_mismatch(rsa_key: rsa.RSAPublicKey, algorithm: str) -> None:
    assert _codes(fitness.faults(rsa_key, algorithm)) == ["algorithm-mismatch"]


@pytest.mark.parametrize("bits", [512, 1024, 2040, 2047])
def test_a_short_modulus_is_a_fault(bits: int) -> None:
    assert _codes(fitness.rsa_faults(_modulus(bits), 65537)) == ["rsa-small"]


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_lengths_in_use_are_no_fault(bits: int) -> None:
    assert fitness.rsa_faults(_modulus(bits), 65537) == ()


def test_an_absurd_modulus_is_named_and_not_computed_with() -> None:
    started = time.process_time()
    assert _codes(fitness.rsa_faults((1 << 4_000_000) | 1, 65537)) == ["rsa-large"]
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "exponent", [0, 1, 3, 17, 65535, 65536, 65538, (1 << 64) + 1, (1 << 2047) + 1, -65537]
)
def test_exponents_that_are_even_small_or_absurd(exponent: int) -> None:
    assert _codes(fitness.rsa_faults(_modulus(), exponent)) == ["rsa-exponent"]


@pytest.mark.parametrize("exponent", [65537, 65539, (1 << 32) + 1, (1 << 64) - 1])
def test_exponents_that_are_allowed(exponent: int) -> None:
    assert fitness.rsa_faults(_modulus(), exponent) == ()


def test_an_even_modulus() -> None:
    assert _codes(fitness.rsa_faults(_modulus() * 2, 65537)) == ["rsa-even"]


@pytest.mark.parametrize("factor", [3, 7, 251, 16381])
def test_a_small_factor(factor: int) -> None:
    assert "rsa-small-factor" in _codes(fitness.rsa_faults(_modulus() * factor, 65537))


def test_a_prime_modulus() -> None:
    assert _codes(fitness.rsa_faults(_prime(2048), 65537)) == ["rsa-prime"]


@pytest.mark.parametrize("gap", [2, 1 << 64, 1 << 256])
def test_close_primes(gap: int) -> None:
    p = _prime(1024)
    assert _codes(fitness.rsa_faults(p * int(gmpy2.next_prime(p + gap)), 65537)) == ["rsa-close-primes"]


def test_a_squared_prime_counts_as_close_primes() -> None:
    assert _codes(fitness.rsa_faults(_prime(1024) ** 2, 65537)) == ["rsa-close-primes"]


# The library's numbers of small primes for moduli of 512..960, 992..1952, 1984..3936 bits (CCS 2017, table 1).
@pytest.mark.parametrize(("bits", "small_primes"), [(512, 39), (1024, 71), (2048, 126)])
def test_a_modulus_of_the_faulty_library_has_its_fingerprint(bits: int, small_primes: int) -> None:
    modulus = _roca_prime(bits // 2, small_primes) * _roca_prime(bits // 2, small_primes)
    assert fitness.has_roca_form(modulus)
    expected = ["rsa-roca"] if modulus.bit_length() >= 2048 else ["rsa-small", "rsa-roca"]
    assert _codes(fitness.rsa_faults(modulus, 65537)) == expected


def test_one_prime_of_the_faulty_library_alone_is_no_fingerprint() -> None:
    assert not fitness.has_roca_form(_roca_prime(1024, 126) * _prime(1024))


@settings(max_examples=examples(300), deadline=None)
@given(st.integers(min_value=1 << 2047, max_value=(1 << 2048) - 1))
def test_random_odd_numbers_have_no_fingerprint_and_never_raise(number: int) -> None:
    assert "rsa-roca" not in _codes(fitness.rsa_faults(number, 65537))


@settings(max_examples=examples(200), deadline=None)
@given(st.integers(), st.integers())
def test_any_numbers_give_faults_and_never_raise(modulus: int, exponent: int) -> None:
    assert "rsa-small" in _codes(fitness.rsa_faults(modulus, exponent))


@pytest.mark.parametrize(
    ("curve", "name", "algorithm"),
    [
        (ec.SECP256R1(), "P-256", "ES256"),
        (ec.SECP384R1(), "P-384", "ES384"),
        (ec.SECP521R1(), "P-521", "ES512"),
    ],
)
def test_curves_fit_their_one_algorithm(curve: ec.EllipticCurve, name: str, algorithm: str) -> None:
    key = ec.generate_private_key(curve).public_key()
    assert fitness.curve_of(key) == name
    for other in ("ES256", "ES384", "ES512", "ES256K", "RS256", "EdDSA", "es256"):
        assert _codes(fitness.faults(key, other)) == ([] if other == algorithm else ["algorithm-mismatch"])


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP224R1(), ec.SECP192R1()])
def test_other_curves_are_unknown(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve).public_key()
    assert _codes(fitness.faults(key)) == ["curve-unknown"]
    assert _codes(fitness.faults(key, "ES256K")) == ["curve-unknown", "algorithm-mismatch"]


@pytest.mark.parametrize("_round", range(20))
def test_honest_edwards_keys_are_fit(_round: int) -> None:
    key25519 = ed25519.Ed25519PrivateKey.generate().public_key()
    key448 = ed448.Ed448PrivateKey.generate().public_key()
    assert fitness.faults(key25519, "EdDSA") == fitness.faults(key25519, "Ed25519") == ()
    assert fitness.faults(key448, "EdDSA") == fitness.faults(key448, "Ed448") == ()
    assert _codes(fitness.faults(key25519, "Ed448")) == ["algorithm-mismatch"]


# The eight points of small order of Curve25519's Edwards form, as libsodium's deny list has them.
SMALL_ORDER_25519 = (
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
)


@pytest.mark.parametrize("encoded", SMALL_ORDER_25519)
def test_points_of_small_order_on_25519(encoded: str) -> None:
    raw = bytes.fromhex(encoded)
    assert _codes(fitness.edwards_faults("Ed25519", raw)) == ["small-order"]
    assert _codes(fitness.faults(ed25519.Ed25519PublicKey.from_public_bytes(raw))) == ["small-order"]


@pytest.mark.parametrize("y", [0, 1, -1], ids=["order 4", "neutral", "order 2"])
def test_points_of_small_order_on_448(y: int) -> None:
    raw = (y % (2**448 - 2**224 - 1)).to_bytes(57, "little")
    assert _codes(fitness.edwards_faults("Ed448", raw)) == ["small-order"]


@pytest.mark.parametrize(
    "encoded",
    [
        "0100000000000000000000000000000000000000000000000000000000000080",  # x = 0 with a sign
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p + 1
        "ff" * 32,
        "0200000000000000000000000000000000000000000000000000000000000000",  # no x belongs to it
        "01" * 31,
        "01" * 33,
        "",
    ],
)
def test_encodings_that_are_no_point_on_25519(encoded: str) -> None:
    assert _codes(fitness.edwards_faults("Ed25519", bytes.fromhex(encoded))) == ["point-invalid"]


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from(["Ed25519", "Ed448", "X25519"]), st.binary(max_size=60))
def test_any_bytes_as_an_edwards_point_never_raise(curve: str, raw: bytes) -> None:
    assert set(_codes(fitness.edwards_faults(curve, raw))) <= {
        "point-invalid",
        "small-order",
        "curve-unknown",
    }


def test_about_half_of_all_strings_are_points() -> None:
    """A check of the curve equation: were a constant wrong, honest keys and this share could not both be right."""
    raws = [bytes([n % 256, n // 256, *([7] * 29), 3]) for n in range(400)]
    on_curve = sum(fitness.edwards_faults("Ed25519", raw) == () for raw in raws)
    assert 140 < on_curve < 260


@pytest.mark.parametrize(
    ("length", "algorithm", "codes"),
    [
        (32, "HS256", []),
        (31, "HS256", ["secret-short"]),
        (47, "HS384", ["secret-short"]),
        (64, "HS512", []),
        (0, "HS256", ["secret-short"]),
        (64, "RS256", ["algorithm-mismatch"]),
        (64, "none", ["algorithm-mismatch"]),
    ],
)
def test_secrets_are_at_least_as_long_as_the_hash(length: int, algorithm: str, codes: list[str]) -> None:
    assert _codes(fitness.secret_faults(bytes(range(length)), algorithm)) == codes


@pytest.mark.parametrize("secret", [b"\0" * 64, b"ab" * 32, b"password" * 8])
def test_a_secret_of_one_pattern(secret: bytes) -> None:
    assert _codes(fitness.secret_faults(secret, "HS512")) == ["secret-repetitive"]


def test_every_fault_has_words() -> None:
    for fault in (*fitness.rsa_faults(15, 2), *fitness.secret_faults(b"\0" * 3, "HS256")):
        assert fault.words == fitness.WORDS[fault.code]


def test_other_threads_go_on_while_a_key_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness, "PRIME_TEST_BITS_MAXIMUM", 16384)
    modulus = gmpy2.mpz(secrets.randbits(16384) | 1 | 1 << 16383)
    gaps, done = [0.0], threading.Event()

    def tick() -> None:
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    started = time.perf_counter()
    fitness.rsa_faults(int(modulus), 65537)
    spent = time.perf_counter() - started
    done.set()
    thread.join()
    assert max(gaps) < spent / 2


def test_a_key_is_judged_once() -> None:
    """The second look at a key is a look-up: at least ten times as fast as the first."""
    moduli = [_modulus() for _ in range(5)]

    def seconds() -> float:
        spent = []
        for modulus in moduli:
            started = time.perf_counter()
            fitness.rsa_faults(modulus, 65537)
            spent.append(time.perf_counter() - started)
        return statistics.median(spent)

    fitness.rsa_faults(_modulus(), 65537)
    assert seconds() > 10 * seconds()

"""Bare primes and private exponents, against plain division and against what was planted."""

from __future__ import annotations

import math
import pickle
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.keys.leaks.number_search import rsa_search
from seawall.keys.leaks.number_search.arithmetic import KnownKeys
from seawall.keys.leaks.number_search.rsa_modulus import RsaModulus
from tests.every import check_every
from tests.keys.leaks.rsa_numbers import Numbers, noise, numbers
from tests.thoroughness import examples

ORDERS = ("little", "big")


def planted(key: Numbers, which: str) -> tuple[str, int, int]:
    """Form, value and length of a private number."""
    return {
        "p": ("rsa-prime", key.p, key.half),
        "q": ("rsa-prime", key.q, key.half),
        "d of phi": ("rsa-d", key.d_of_phi, key.whole),
        "d of lambda": ("rsa-d", key.d_of_lambda, key.whole),
    }[which]


def spans(known: KnownKeys, data: bytes) -> list[tuple[int, str, str | None]]:
    return [(hit.offset, hit.form, hit.thumbprint) for hit in known.search(data)]


SHAPES = [(bits, seed, e) for bits in (512, 1024, 2048) for seed in (1, 2) for e in (3, 17, 65537)]
SHAPES += [
    (3072, 0, 65537),
    (4096, 0, 65537),
    (2046, 0, 65537),
    (1030, 0, 65537),
    (1008, 0, 65537),
    (1024, 3, 4294967297),
    (1024, 4, 37),
]
"""Arguments of `numbers`: the primes are looked for when a test wants them, not by each process that lists the tests."""


@settings(max_examples=examples(150), deadline=None)
@given(
    key=st.sampled_from(SHAPES).map(lambda shape: numbers(*shape)),
    which=st.sampled_from(["p", "q", "d of phi", "d of lambda"]),
    order=st.sampled_from(ORDERS),
    before=st.integers(0, 3000),
    after=st.integers(0, 3000),
    seed=st.integers(0, 1000),
)
def test_a_number_is_found_at_any_offset(
    key: Numbers, which: str, order: str, before: int, after: int, seed: int
) -> None:
    form, value, length = planted(key, which)
    content = value.to_bytes(length, order)  # type: ignore[arg-type]
    data = bytes(noise(before, seed)) + content + bytes(noise(after, seed + 1))
    assert spans(KnownKeys.from_public([key]), data) == [(before, f"{form}-{order}-endian", key.thumbprint)]


@pytest.mark.parametrize("size", [512, 528, 600])
@pytest.mark.parametrize("seed", range(4))
def test_divisors_are_those_of_plain_division(size: int, seed: int) -> None:
    key = numbers(size, seed)
    dice = random.Random(seed)
    data = noise(3000, seed)
    for _ in range(6):  # they may overlap and so spoil each other
        content = dice.choice([key.p, key.q]).to_bytes(key.half, dice.choice(ORDERS))  # type: ignore[arg-type]
        place = dice.randrange(len(data) - key.half)
        data[place : place + key.half] = content
    expected = set()
    for place in range(len(data) - key.half + 1):
        for order in ORDERS:
            number = int.from_bytes(data[place : place + key.half], order)  # type: ignore[arg-type]
            if 1 < number < key.n and key.n % number == 0:
                expected.add((place, f"rsa-prime-{order}-endian", key.thumbprint))
    assert expected
    assert set(spans(KnownKeys.from_public([key]), bytes(data))) == expected


def test_several_keys_of_several_sizes_at_once() -> None:
    keys = [numbers(bits, seed) for bits in (1024, 2048, 3072) for seed in (5, 6)]
    data = noise(200_000, 1)
    expected = []
    place = 7
    for key in keys:
        for which in ("p", "q", "d of phi"):
            for order in ORDERS:
                form, value, length = planted(key, which)
                data[place : place + length] = value.to_bytes(length, order)  # type: ignore[arg-type]
                expected.append((place, f"{form}-{order}-endian", key.thumbprint))
                place += length + 1001
    assert spans(KnownKeys.from_public(keys), bytes(data)) == expected


@pytest.mark.parametrize("cut", [100, 1000, 4096, 33_000, 70_000])
def test_stretches_give_together_what_the_whole_gives(cut: int) -> None:
    key = numbers(2048, 7)
    data = noise(150_000, 2)
    for place in range(40, 149_000, 1501):
        _, value, length = planted(key, random.Random(place).choice(["p", "q", "d of phi", "d of lambda"]))
        data[place : place + length] = value.to_bytes(length, random.Random(place).choice(ORDERS))  # type: ignore[arg-type]
    known = KnownKeys.from_public([key])
    whole = known.search(bytes(data))
    parts = [
        hit for start in range(0, len(data), cut) for hit in known.search(bytes(data), start, start + cut)
    ]
    assert len(whole) >= 98
    assert parts == whole


def test_numbers_at_the_very_edges_and_cut_off() -> None:
    key = numbers(2048, 8)
    known = KnownKeys.from_public([key])
    for which in ("p", "d of phi"):
        form, value, length = planted(key, which)
        for order in ORDERS:
            content = value.to_bytes(length, order)  # type: ignore[arg-type]
            assert spans(known, content) == [(0, f"{form}-{order}-endian", key.thumbprint)]
            assert spans(known, content[:-1]) == []
            assert spans(known, content[1:]) == []
            assert known.search(content, 1) == []
    assert known.search(b"") == []


@pytest.mark.parametrize(
    "data",
    [
        bytes(300_000),
        b"\xff" * 300_000,
        b"\x01" * 100_000,
        bytes(range(256)) * 1000,
        b"2026-11-26T12:00:00Z token accepted kid=1 \xe2\x82\xac\n" * 5000,
        Path(sys.executable).read_bytes()[:1_000_000],
        bytes(noise(1_000_000, 3)),
    ],
)
def test_nothing_is_found_where_nothing_is(data: bytes) -> None:
    assert KnownKeys.from_public([numbers(2048, 1), numbers(1024, 1), numbers(2048, 2, 3)]).search(data) == []


def test_public_numbers_and_numbers_nearly_right_are_no_finding() -> None:
    key = numbers(2048, 9)
    d = key.d_of_phi
    wrong = [
        key.n,
        key.n - 1,
        key.e,
        key.p + 2,
        key.q - 2,
        d + 2,
        d ^ 1 << 700,
        d ^ 1 << 1000,
        key.phi,
        key.n // key.e | 1,
    ]
    for value in wrong:
        for order in ORDERS:
            data = bytes(400) + value.to_bytes(256, order) + bytes(400)  # type: ignore[arg-type]
            assert KnownKeys.from_public([key]).search(data) == [], value == key.n


def test_any_multiple_of_lambda_added_to_d_is_found_while_it_fits() -> None:
    key = numbers(2048, 10)
    d = key.d_of_lambda
    data = bytearray(100_000)
    values = [
        value for value in (d + i * (key.phi // key.shared) for i in range(key.shared)) if value < key.phi
    ]
    for index, value in enumerate(values[:50]):
        data[1000 * index + 9 : 1000 * index + 265] = value.to_bytes(256, "little")
    assert len(KnownKeys.from_public([key]).search(bytes(data))) == min(len(values), 50)


@pytest.mark.parametrize("e", [3, 5, 17, 257, 65537, 4294967297])
def test_most_common_divisors_are_covered(e: int) -> None:
    covered = 0
    for seed in range(60):
        key = numbers(512, seed, e)
        covered += any(multiple % key.shared == 0 for multiple in RsaModulus("", key.n, e).multiples)
    assert covered >= (50 if e > 2**32 else 57)


def test_an_exponent_too_long_is_not_looked_for_and_primes_still_are() -> None:
    key = numbers(1024, 1, 2**61 - 1)
    assert RsaModulus("", key.n, key.e).multiples == ()
    data = key.p.to_bytes(64, "little") + bytes(100) + key.d_of_phi.to_bytes(128, "little")
    assert spans(KnownKeys.from_public([key]), data) == [(0, "rsa-prime-little-endian", key.thumbprint)]


def test_a_key_of_a_size_that_is_not_searched_for_is_named() -> None:
    class Long:
        thumbprint = "long"
        native = numbers(1024).native

    class Long2(Long):
        thumbprint = "shorter"

    known = KnownKeys.from_public([Long(), Long2(), Long()])
    assert known.unsearched == ()
    huge = Numbers("huge", (1 << 4999) + 1, (1 << 4998) + 1, 65537)
    assert KnownKeys.from_public([huge]).unsearched == ("huge",)


def test_a_search_survives_being_sent_to_another_process() -> None:
    key = numbers(2048, 1)
    known = pickle.loads(pickle.dumps(KnownKeys.from_public([key])))
    assert len(known.search(bytearray(key.p.to_bytes(128, "little")))) == 1
    assert len(known.search(memoryview(key.p.to_bytes(128, "big")))) == 1


def test_a_full_list_of_places_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rsa_search, "_HITS", 1 << 14)
    key = numbers(512, 1)
    data = (key.p.to_bytes(32, "little") + bytes(1)) * 5000
    assert len(KnownKeys.from_public([key]).search(data)) == 5000


def test_digits_have_room_for_the_longest_modulus() -> None:
    key = Numbers("8192", *_long_primes(), 65537)
    data = bytes(noise(5000, 1)) + key.q.to_bytes(512, "big") + bytes(noise(500, 1)) + b"\xff" * 600
    assert spans(KnownKeys.from_public([key]), data) == [(5000, "rsa-prime-big-endian", "8192")]


def _leaves_room(length: int) -> None:
    bits, digits = rsa_search._digits(length)
    assert digits * (2**bits - 1) ** 2 + 2 ** (64 - bits) < 2**64
    assert digits % 4 == 0
    assert bits * digits - 8 * length >= 16


def test_no_sum_of_products_of_digits_overflows() -> None:
    check_every(range(32, 513), _leaves_room)


def _long_primes() -> tuple[int, int]:
    """Not primes, but without small divisors, and with nearly all bits set: the largest digits there are."""
    product = math.prod(range(3, 100, 2))
    sound = (value for value in range((1 << 4096) - 1, 0, -2) if math.gcd(value, product) == 1)
    return next(sound), next(sound)

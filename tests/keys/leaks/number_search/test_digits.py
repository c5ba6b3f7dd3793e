"""Numbers as Python keeps them, taken from this very process."""

from __future__ import annotations

import ctypes
import random
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.keys.leaks.number_search.arithmetic import KnownKeys
from tests.keys.leaks.rsa_numbers import Numbers, noise, numbers

pytestmark = pytest.mark.skipif(
    sys.implementation.name != "cpython" or sys.int_info.bits_per_digit != 30,
    reason="another layout of whole numbers",
)

SHAPES = [(bits, seed) for bits in (1024, 2048, 3072) for seed in (1, 2)] + [(4096, 0), (2046, 0)]
"""Arguments of `numbers`, which takes its time."""


def in_memory(value: int) -> bytes:
    """The object of a whole number, with its head."""
    return ctypes.string_at(id(value), sys.getsizeof(value))


def spans(key: Numbers, data: bytes, start: int = 0, end: int | None = None) -> list[tuple[int, str]]:
    return [(hit.offset, hit.form) for hit in KnownKeys.from_public([key]).search(data, start, end)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0]}-{shape[1]}")
@pytest.mark.parametrize("seed", range(3))
def test_real_objects_are_found(shape: tuple[int, int], seed: int) -> None:
    key = numbers(*shape)
    head = 24
    dice = random.Random(seed)
    data = noise(30_000, seed) if seed else bytearray(30_000)
    expected = []
    place = 4 * dice.randrange(100)
    for value, form in (
        (key.p, "rsa-prime"),
        (key.q, "rsa-prime"),
        (key.d_of_phi, "rsa-d"),
        (key.d_of_lambda, "rsa-d"),
    ):
        if value.bit_length() <= 30 * ((key.n.bit_length() - 1) // 30) and form == "rsa-d":
            continue  # a digit less than usual: stated as missed
        content = in_memory(value)
        data[place : place + len(content)] = content
        expected.append((place + head, f"{form}-python-int"))
        place += len(content) + 4 * dice.randrange(300)
    assert spans(key, bytes(data)) == expected
    cut = expected[1][0]
    assert spans(key, bytes(data), 0, cut) + spans(key, bytes(data), cut) == expected


@given(st.lists(st.integers(0, 2**30 - 1), min_size=69, max_size=400), st.integers(1, 60))
def test_other_numbers_are_no_finding(digits: list[int], repeat: int) -> None:
    assert spans(numbers(*SHAPES[2]), np.array(digits * repeat, "<u4").tobytes()) == []


@pytest.mark.parametrize(
    "values", [range(40_000), [9] * 40_000, [1, 255] * 20_000, [2**30 - 1] * 20_000 + [12] * 40]
)
def test_tables_of_numbers_are_no_finding_and_no_burden(values: range | list[int]) -> None:
    assert spans(numbers(*SHAPES[2]), np.array(list(values), "<u4").tobytes()) == []

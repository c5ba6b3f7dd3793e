"""Scalars and seeds near their public points."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

from seawall.keys.leaks.number_search import points
from seawall.keys.leaks.number_search.arithmetic import KnownKeys
from tests.keys.leaks.planting import make, thumbprint
from tests.keys.leaks.rsa_numbers import noise

SIZES = {"P-256": 32, "P-384": 48, "P-521": 66}
FIELD = {
    "P-256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "P-384": 2**384 - 2**128 - 2**96 + 2**32 - 1,
    "P-521": 2**521 - 1,
}


def known(*kinds: str) -> KnownKeys:
    keys = [
        SimpleNamespace(thumbprint=thumbprint(make(kind)), native=make(kind).public_key()) for kind in kinds
    ]
    return KnownKeys.from_public(keys)


def point(kind: str, form: str) -> bytes:
    x = make(kind).public_key().public_numbers().x
    if form == "montgomery":
        return bytes((x * 2 ** (64 * -(-SIZES[kind] // 8)) % FIELD[kind]).to_bytes(SIZES[kind], "little"))
    return x.to_bytes(SIZES[kind], form)  # type: ignore[no-any-return]


def scalar(kind: str, order: Any) -> bytes:
    return make(kind).private_numbers().private_value.to_bytes(SIZES[kind], order)  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("form", ["big", "little", "montgomery"])
@pytest.mark.parametrize(
    ("order", "distance"), [("big", -4000), ("little", -77), ("big", 300), ("little", 4001)]
)
def test_a_scalar_is_found_near_each_form_of_its_point(
    kind: str, form: str, order: str, distance: int
) -> None:
    data = bytearray(20_000)
    data[9001 : 9001 + SIZES[kind]] = point(kind, form)
    place = 9001 + distance
    data[place : place + SIZES[kind]] = scalar(kind, order)
    hits = known("P-256", "P-384", "P-521").search(bytes(data))
    assert [(hit.offset, hit.form, hit.thumbprint, hit.length) for hit in hits] == [
        (place, f"ec-scalar-{order}-endian", thumbprint(make(kind)), SIZES[kind])
    ]


def test_scalars_are_found_among_random_bytes_wherever_stretches_are_cut() -> None:
    data = noise(60_000, 4)
    for place in (10_000, 30_000, 50_000):
        data[place : place + 32] = point("P-256", "big")
        data[place + 3001 : place + 3033] = scalar("P-256", "little")
        data[place - 2999 : place - 2967] = scalar("P-256", "big")
    search = known("P-256")
    whole = search.search(bytes(data))
    assert [hit.offset for hit in whole] == [7001, 13_001, 27_001, 33_001, 47_001, 53_001]
    cuts = [0, 9_999, 10_001, 30_000, 50_010, 60_000]
    parts = [search.search(bytes(data), a, b) for a, b in itertools.pairwise(cuts)]
    assert {hit for part in parts for hit in part} == set(whole)
    assert search.shortfall is None


@pytest.mark.parametrize("kind", ["Ed25519", "Ed448"])
@pytest.mark.parametrize("distance", [-3000, 57, 4000])
def test_a_seed_is_found_near_its_public_key(kind: str, distance: int) -> None:
    key = make(kind)
    assert isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    seed, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
    data = bytearray(16_000)
    data[5000 : 5000 + len(public)] = public
    data[5000 + distance : 5000 + distance + len(seed)] = seed
    assert [(hit.offset, hit.form) for hit in known(kind).search(bytes(data))] == [
        (5000 + distance, "ed-seed")
    ]


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
@pytest.mark.parametrize("shift", range(1, 8))
@pytest.mark.parametrize("apart", [0, 5])
def test_a_private_half_is_found_in_a_dump_that_is_not_aligned(kind: str, shift: int, apart: int) -> None:
    """A memory image behind a header of odd length: what was aligned in memory is not aligned in the file."""
    key = make(kind)
    public, private = (
        (key.public_key().public_bytes_raw(), key.private_bytes_raw())
        if kind == "Ed25519"
        else (point(kind, "big"), scalar(kind, "little"))
    )
    data = bytearray(80_000)
    data[8_000 + shift : 8_032 + shift] = public
    data[48_000 + shift + apart : 48_032 + shift + apart] = private
    assert [hit.offset for hit in known(kind).search(bytes(data))] == [48_000 + shift + apart]


@pytest.mark.parametrize("place", [8, 64_000, 72_000, 120_000])
def test_an_aligned_one_is_found_farther_away(place: int) -> None:
    data = bytearray(140_000)
    data[65_001:65_033] = point("P-256", "montgomery")
    data[place : place + 32] = scalar("P-256", "little")
    assert [hit.offset for hit in known("P-256").search(bytes(data))] == [place]
    seed, public = make("Ed25519").private_bytes_raw(), make("Ed25519").public_key().public_bytes_raw()
    data[65_001:65_033], data[place : place + 32] = public, seed
    assert [hit.offset for hit in known("Ed25519").search(bytes(data))] == [place]


def test_a_point_alone_or_a_scalar_alone_or_far_away_is_no_finding() -> None:
    search = known("P-256")
    assert search.search(bytes(5000) + point("P-256", "big") + bytes(noise(5000, 1))) == []
    assert search.search(bytes(5000) + scalar("P-256", "big") + bytes(5000)) == []
    assert search.search(point("P-256", "big") + bytes(4100) + scalar("P-256", "big")) == []
    assert search.search(point("P-256", "big")) == []


def test_too_many_points_among_random_bytes_end_the_search_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(points, "MOST_WORK", 3000)
    data = noise(40_000, 5)
    for place in range(100, 39_000, 500):
        data[place : place + 32] = point("P-256", "little")
    search = known("P-256")
    search.search(bytes(data))
    assert search.shortfall
    search.search(bytes(5000))
    assert search.shortfall is None


def test_another_curve_is_named_as_not_searched_for() -> None:
    key = SimpleNamespace(thumbprint="k1", native=ec.generate_private_key(ec.SECP256K1()).public_key())
    search = KnownKeys.from_public([key])
    assert search.unsearched == ("k1",)
    assert search.search(bytes(1000)) == []

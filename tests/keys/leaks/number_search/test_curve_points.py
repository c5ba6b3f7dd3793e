"""Points of many scalars at once, against OpenSSL."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from seawall.keys.leaks.number_search.curve_points import public_x, rows_with_public_key, rows_with_x

CURVES = [(ec.SECP256R1(), 32), (ec.SECP384R1(), 48), (ec.SECP521R1(), 66)]
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256, SEC 2 section 2.4.2


@pytest.mark.parametrize(("curve", "length"), CURVES, ids=lambda given: str(getattr(given, "name", given)))
@pytest.mark.parametrize("count", [1, 2, 200])
def test_points_are_those_of_openssl(curve: ec.EllipticCurve, length: int, count: int) -> None:
    dice = random.Random(f"{curve.name} {count}")
    scalars = [dice.getrandbits(dice.choice([8, 60, 250, 8 * length - 8])) | 1 for _ in range(count)]
    scalars += [1, 2, 3, 255, 256, 257, 1 << 200, 0xFF00FF]
    expected = [ec.derive_private_key(scalar, curve).public_key().public_numbers().x for scalar in scalars]
    assert public_x(curve, [scalar.to_bytes(length, "big") for scalar in scalars]) == expected


def test_special_cases_are_told_and_spoil_no_other() -> None:
    """The generator's multiples n - 1, n, n + 1 meet equal or opposite points on the way or at the end."""
    curve = ec.SECP256R1()
    scalars = [5, ORDER - 1, ORDER, ORDER + 1, 0, 7]
    found = public_x(curve, [scalar.to_bytes(32, "big") for scalar in scalars])
    five, one, seven = (
        ec.derive_private_key(scalar, curve).public_key().public_numbers().x for scalar in (5, 1, 7)
    )
    assert found[0] == five
    assert found[5] == seven
    assert found[1] in (None, one)
    assert found[2] is None
    assert found[3] in (None, one)
    assert found[4] is None
    assert public_x(curve, []) == []


@pytest.mark.parametrize(("curve", "length"), CURVES, ids=lambda given: str(getattr(given, "name", given)))
def test_wanted_points_show_their_scalars(curve: ec.EllipticCurve, length: int) -> None:
    """More scalars than are multiplied together, and several wanted points among them."""
    dice = random.Random(curve.name)
    scalars = [dice.getrandbits(8 * length - 8) | 1 for _ in range(1100)]
    wanted = {row: ec.derive_private_key(scalars[row], curve) for row in (0, 511, 512, 1099)}
    xs = [key.public_key().public_numbers().x for key in wanted.values()]
    rows = rows_with_x(curve, [scalar.to_bytes(length, "big") for scalar in scalars], xs)
    assert rows == sorted(wanted)
    assert rows_with_x(curve, [], xs) == []


@pytest.mark.parametrize(
    ("kind", "name", "length"), [(Ed25519PrivateKey, "Ed25519", 32), (Ed448PrivateKey, "Ed448", 57)]
)
def test_wanted_public_keys_show_their_seeds(
    kind: type[Ed25519PrivateKey | Ed448PrivateKey], name: str, length: int
) -> None:
    dice = random.Random(name)
    seeds = [dice.randbytes(length) for _ in range(700)]
    publics = [kind.from_private_bytes(seed).public_key().public_bytes_raw() for seed in seeds]
    assert rows_with_public_key(name, seeds, [publics[3], publics[512], publics[699]]) == [3, 512, 699]
    for row in range(0, 700, 50):
        assert rows_with_public_key(name, seeds[row : row + 2], [publics[row]]) == [0]
    neutral = (1).to_bytes(length, "little")
    assert rows_with_public_key(name, seeds, [neutral]) == []
    assert rows_with_public_key(name, [], publics) == []


def test_a_special_case_counts_as_likely() -> None:
    scalars = [scalar.to_bytes(32, "big") for scalar in (5, ORDER, 7)]
    assert rows_with_x(ec.SECP256R1(), scalars, [1]) == [1]

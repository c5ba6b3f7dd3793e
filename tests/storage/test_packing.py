"""State as bytes: comes back exactly; damage and foreign bytes are refused."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from seawall.events.array_state import StateInvalid
from seawall.storage import pack, unpack
from seawall.storage.files.state_file import DIGEST

KINDS = ("bool", "uint8", "uint64", "int32", "int64", "float32", "float64")
STATES = st.dictionaries(
    st.text(max_size=8),
    st.sampled_from(KINDS).flatmap(lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=1, min_side=0))),
    max_size=4,
)  # fmt: skip
PACKED = pack({"a": np.arange(5.0), "b": np.array([True, False]), "c": np.zeros((0, 3), np.float32)})


def sealed(document: Any) -> bytes:
    content = msgspec.msgpack.encode(document)
    return hashlib.blake2b(content, digest_size=DIGEST).digest() + content


@given(STATES)
def test_a_state_comes_back_to_the_bit(state: dict[str, np.ndarray]) -> None:
    found = unpack(pack(state))
    assert list(found) == sorted(state)
    for name, array in state.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_equal_states_are_equal_bytes_whatever_the_order() -> None:
    one, other = np.arange(3), np.arange(4)
    assert pack({"a": one, "b": other}) == pack({"b": other, "a": one})


@pytest.mark.parametrize("kind", [">i4", ">f8", ">u8"])
def test_the_order_of_bytes_in_memory_makes_no_difference(kind: str) -> None:
    """Other machines hold the most significant byte first: a state moves between them."""
    array = np.arange(6, dtype=kind).reshape(2, 3)
    assert pack({"a": array}) == pack({"a": array.astype(array.dtype.newbyteorder("<"))})


@pytest.mark.parametrize("kind", ["object", "U3", "datetime64[us]", "float16"])
def test_other_types_are_not_kept(kind: str) -> None:
    with pytest.raises(ValueError, match="not kept"):
        pack({"a": np.zeros(2, kind)})


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    damaged = bytearray(PACKED)
    damaged[place] ^= change
    with pytest.raises(StateInvalid, match="damaged"):
        unpack(bytes(damaged))


@given(st.integers(0, len(PACKED) - 1))
def test_any_cut_is_noticed(size: int) -> None:
    with pytest.raises(StateInvalid, match="damaged"):
        unpack(PACKED[:size])


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"format": "other", "version": 1, "arrays": {}},
        {"format": "seawall-state", "version": 2, "arrays": {}},
        {"format": "seawall-state", "version": 1, "arrays": {"a": ["object", [1], b"12345678"]}},
        {"format": "seawall-state", "version": 1, "arrays": {"a": ["int64", [-1], b"12345678"]}},
        {"format": "seawall-state", "version": 1, "arrays": {"a": ["int64", [2], b"12345678"]}},
        {"format": "seawall-state", "version": 1, "arrays": {"a": ["int64", [2**33], b""]}},
        {"format": "seawall-state", "version": 1, "arrays": {"a": ["int64", [2**32, 2**32, 0], b"1"]}},
        {"format": "seawall-state", "version": 1, "arrays": {"a": ["int64", [2**32, 2**32, 0], b""]}},
        {"format": "seawall-state", "version": 1, "arrays": {"a": ["uint8", [1] * 5, b"1"]}},
        {"format": "seawall-state", "version": 1, "arrays": {"a": ["bool", [1], b"\2"]}},
        {"format": "seawall-state", "version": 1, "arrays": {}, "more": 1},
    ],
    ids=["list", "format", "version", "type", "negative", "size", "huge", "overflow", "empty", "dimensions", "bool", "more"],
)  # fmt: skip
def test_bytes_of_another_make_are_refused_though_their_digest_fits(document: Any) -> None:
    with pytest.raises(StateInvalid):
        unpack(sealed(document))


def test_a_pickle_is_refused_unread() -> None:
    content = pickle.dumps({"a": np.arange(3)})
    with pytest.raises(StateInvalid, match="version"):
        unpack(hashlib.blake2b(content, digest_size=DIGEST).digest() + content)

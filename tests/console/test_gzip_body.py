"""Compressed bodies: whole, bounded, or refused."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.console.api_error import ApiError
from seawall.console.gzip_body import expand_gzip

MOST = 8 << 20


def status(pieces: list[bytes], most: int = MOST) -> int:
    with pytest.raises(ApiError) as refused:
        expand_gzip(pieces, most)
    return refused.value.status


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 50), st.integers(0, 9))
def test_members_and_pieces(contents: list[bytes], size: int, padding: int) -> None:
    body = b"".join(gzip.compress(content) for content in contents) + bytes(padding)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert expand_gzip(pieces, MOST) == b"".join(contents)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_body_that_is_cut_is_refused(content: bytes, data: st.DataObject) -> None:
    body = gzip.compress(content)
    assert status([body[: data.draw(st.integers(0, len(body) - 1))]]) == 400


@given(st.binary(min_size=1, max_size=100))
def test_anything_else_is_refused_or_expanded(content: bytes) -> None:
    try:
        found = expand_gzip([content], MOST)
    except ApiError as refused:
        found = None
        assert_status = refused.status
    else:
        assert_status = 400
    assert assert_status == 400
    assert found is None or gzip.decompress(content) == found


def test_damage_is_refused() -> None:
    body = bytearray(gzip.compress(b"x" * 1000))
    body[-5] ^= 1
    assert status([bytes(body)]) == 400
    assert status([gzip.compress(b"x") + b"rest"]) == 400
    assert status([]) == 400


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_costs_no_more_than_its_limit(layers: int) -> None:
    body = zlib.compress(bytes(256 << 20), 9, zlib.MAX_WBITS | 16)
    for _ in range(layers - 1):
        body = gzip.compress(body)
    tracemalloc.start()
    try:
        if layers == 1:
            assert status([body]) == 413
        else:
            assert len(expand_gzip([body], MOST)) < 1 << 20
        assert tracemalloc.get_traced_memory()[1] < 3 * MOST
    finally:
        tracemalloc.stop()


def test_members_without_end() -> None:
    assert status([gzip.compress(b"") * 10_001]) == 400

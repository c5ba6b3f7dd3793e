"""Counts of parts give the same sum in any order and grouping, also after they were sent as bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.errors import PartInvalid
from seawall.detection.tallies import (
    Exchange,
    Tally,
    code_floats,
    count_rows,
    decode_floats,
    decode_keys,
    merge_exchanges,
)

WHOLE = st.integers(-(1 << 63), (1 << 63) - 1)
FEW = st.sampled_from((-1, 0, 1, 7, (1 << 63) - 1))
ROWS = st.lists(st.tuples(FEW | WHOLE, FEW), max_size=12)
NOTES = st.lists(st.tuples(st.sampled_from(("x", "é\0", "")), st.integers(0, 3)), max_size=4)


def tally_of(rows: list[tuple[int, int]]) -> Tally:
    keys = np.array(rows, np.int64).reshape(-1, 2)
    return count_rows(keys[:, 0], keys[:, 1])


EXCHANGES = st.builds(
    lambda tallies, notes: Exchange(
        {name: tally_of(rows) for name, rows in tallies.items()},
        {name: tuple(sorted(found)) for name, found in notes.items()},
    ),
    st.dictionaries(st.sampled_from("abc"), ROWS, max_size=3),
    st.dictionaries(st.sampled_from("de"), NOTES, max_size=2),
)


@given(EXCHANGES, EXCHANGES, EXCHANGES)
def test_sums_do_not_depend_on_order_or_grouping(one: Exchange, two: Exchange, three: Exchange) -> None:
    whole = merge_exchanges([one, two, three]).pack()
    assert merge_exchanges([three, one, two]).pack() == whole
    assert merge_exchanges([merge_exchanges([one, two]), three]).pack() == whole
    assert merge_exchanges([one, merge_exchanges([three, two])]).pack() == whole
    assert merge_exchanges([one, two, Exchange(), three]).pack() == whole


@given(EXCHANGES)
def test_what_is_sent_arrives(one: Exchange) -> None:
    arrived = Exchange.unpack(one.pack())
    assert arrived.pack() == one.pack()
    for name, tally in one.tallies.items():
        assert arrived.tally(name, 2).keys.tolist() == tally.keys.tolist()
        assert arrived.tally(name, 2).counts.tolist() == tally.counts.tolist()
    for name, notes in one.notes.items():
        assert arrived.list_notes(name) == notes


@given(ROWS, ROWS)
def test_rows_are_found_as_often_as_they_were_counted(
    rows: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    keys = np.array(asked, np.int64).reshape(-1, 2)
    assert tally_of(rows).find(keys[:, 0], keys[:, 1]).tolist() == [rows.count(one) for one in asked]


@given(ROWS)
def test_repeated_rows_are_those_that_were_counted(rows: list[tuple[int, int]]) -> None:
    left, right = tally_of(rows).repeat(0, 1)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == sorted(rows)
    first = tally_of(rows).take_columns(0)
    assert first.repeat(0)[0].tolist() == sorted(one for one, _ in rows)


@given(st.lists(st.floats(allow_nan=False), max_size=8))
def test_fractions_and_hashes_keep_their_bits(values: list[float]) -> None:
    numbers = np.array(values, np.float64)
    coded = count_rows(code_floats(numbers)).repeat(0)[0]
    assert sorted(decode_floats(coded).tobytes()) == sorted(numbers.tobytes())
    hashes = numbers.view(np.uint64)
    assert np.sort(decode_keys(count_rows(hashes).repeat(0)[0])).tolist() == np.sort(hashes).tolist()


def test_damaged_bytes_are_refused() -> None:
    whole = Exchange({"a": tally_of([(1, 2), (3, 4)])}, {"d": (("x", 1),)}).pack()
    for damaged in (b"", b"x", whole[:-40], whole[:200], whole.replace(b'{"d"', b'["d"')):
        with pytest.raises(PartInvalid):
            Exchange.unpack(damaged)


def test_keys_that_come_twice_are_refused() -> None:
    twice = Tally(np.array([[1], [1]]), np.array([1, 1]))
    with pytest.raises(PartInvalid):
        Exchange.unpack(Exchange({"a": twice}).pack())

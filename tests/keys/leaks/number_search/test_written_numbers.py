"""Numbers in text, decoded by compiled loops: the same as one at a time."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.keys.leaks.number_search import written_numbers
from seawall.keys.leaks.number_search.written_numbers import LIST_LETTERS, SHORTEST_LIST, read_numbers
from tests.keys.leaks.number_search.written_reference import Reading, read_runs
from tests.thoroughness import examples

ALPHABETS = [
    b"0123456789abcdef",
    b"0123456789abcdefABCDEFxX0",
    b"0123456789",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-",
]
SEPARATORS = [b" ", b"\n", b"\\n", b"\r\n", b"\\\\r\\n", b"=", b'"', b"\\x", b"0x", b"\n   ", b"\0", b"\\u"]
LENGTHS = [1, 20, 39, 40, 43, 44, 62, 63, 64, 76, 128, 129, 200]


def text(dice: random.Random, runs: int) -> bytes:
    usual = dice.choice(LENGTHS)
    lengths = (dice.choice([usual, usual, dice.choice(LENGTHS), dice.randrange(1, 90)]) for _ in range(runs))
    return b"".join(
        bytes(dice.choices(dice.choice(ALPHABETS), k=length)) + dice.choice(SEPARATORS) for length in lengths
    )


def compiled(data: bytes, start: int, end: int) -> set[Reading]:
    return {(each.first, each.last, each.how, each.content) for each in read_numbers(data, start, end)}


def is_dropped(reading: Reading, data: bytes) -> bool:
    """Base64 whose first 40 letters are all hexadecimal digits: a secret looks so once in 10^18."""
    first, _, how, _ = reading
    return how == "base64" and re.fullmatch(rb"[0-9A-Fa-f]{40}", data[first : first + 40]) is not None


def is_of_list(reading: Reading, data: bytes) -> bool:
    run = re.match(b"[" + re.escape(LIST_LETTERS) + b"]*", data[reading[0] :])
    return run is not None and len(run.group()) >= SHORTEST_LIST


def assert_same(data: bytes, start: int, end: int) -> None:
    expected, found = set(read_runs(data, start, end)), compiled(data, start, end)
    assert all(is_dropped(reading, data) for reading in expected - found)
    assert all(is_of_list(reading, data) for reading in found - expected)


@settings(max_examples=examples(400))
@given(seed=st.integers(0, 1 << 32), cut=st.floats(0, 1), rest=st.floats(0, 1))
def test_text_is_read_as_one_run_at_a_time(seed: int, cut: float, rest: float) -> None:
    data = text(random.Random(seed), 12)
    start = int(cut * len(data)) if seed % 2 else 0
    assert_same(data, start, len(data) if seed % 3 else start + int(rest * (len(data) - start)))


@pytest.mark.parametrize("length", [16 << 10, 20 << 10, (20 << 10) + 1, 50_001])
@pytest.mark.parametrize("alphabet", ALPHABETS)
@pytest.mark.parametrize("line", [64, 76, 60_000])
def test_long_text_is_read_in_pieces(length: int, alphabet: bytes, line: int) -> None:
    dice = random.Random(length)
    letters = bytes(dice.choices(alphabet, k=length))
    data = b"key:\n" + b"\n".join(letters[i : i + line] for i in range(0, length, line)) + b"\n end"
    assert_same(data, 0, len(data))


def test_a_key_behind_a_digest_of_equal_length_is_joined_with_its_lines() -> None:
    """A digest is no base64 by itself, but the lines of base64 after it are read together with it."""
    dice = random.Random(1)
    lines = [dice.randbytes(32).hex().encode(), *(bytes(dice.choices(ALPHABETS[3], k=64)) for _ in range(3))]
    data = b"\n".join(lines)
    joined = {reading for reading in read_runs(data, 0, len(data)) if reading[:3] == (0, len(data), "base64")}
    assert len(joined) == 1
    assert joined <= compiled(data, 0, len(data))


def test_more_readings_than_one_call_of_the_loop_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_numbers, "_CONTENT", 4 * (20 << 10))
    data = text(random.Random(3), 30_000)
    assert_same(data, 0, len(data))

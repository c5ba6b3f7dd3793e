"""Decode unlabelled numbers in text: hexadecimal, base64, decimal numbers and lists of numbers.

`read_text` decodes each run of letters that could be a secret, without judging it, in ASCII and in UTF-16 of either byte
order. Not found: runs shorter than 62 hexadecimal digits, 40 base64 letters or 70 decimal digits; base64 that begins inside a
longer run of its letters; and numbers in lines with other content.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.keys.leaks.number_search.text_runs import RunFinder

LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
LIST_LETTERS = b"0123456789abcdefABCDEFxX\\:,; \t\r\n-"
SHORTEST_RUN = 40
SHORTEST_LIST = 62
"""Letters of 31 one-digit numbers with separators: fewer cannot be a key's number."""
PIECE = 16 << 10
"""Letters decoded together; longer runs are divided."""
OVERLAP = 4 << 10
"""Letters that a piece shares with the next: a private exponent of 8,192 bits has 2,048 hexadecimal digits."""
FEWEST = 28
"""Bytes of the shortest number: a P-256 scalar without its leading zeros, in 1 of 2^32 keys."""

HOW = ("hex", "base64", "decimal")
"""Notations, in the order of the compiled loop's numbers."""
_CONTENT = 1 << 20
"""Bytes decoded together."""

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

_GAP = re.compile(rb"(?:\\+[nrt]|[ \t\r\n]){1,64}")
_LINE = re.compile(rb"[A-Za-z0-9+/_-]+")
_HEX = re.compile(rb"(?:0[xX])?([0-9A-Fa-f]{62,})")
_ALL_HEX = re.compile(rb"(?:0[xX])?[0-9A-Fa-f]+")
_DECIMAL = re.compile(rb"(?<![0-9])[0-9]{70,2600}(?![0-9])")
_ITEM = re.compile(rb"(-?)(0[xX]|\\x)?([0-9A-Fa-f]+)")


@dataclass(frozen=True, slots=True)
class DecodedBytes:
    """A decoded piece of text: `[first, last)` of the buffer, its notation, and the bytes."""

    first: int
    last: int
    how: str
    content: bytes


@dataclass(frozen=True, slots=True)
class DecodedText:
    """All readings of a text: rows (first letter, end, notation, place in `content`, bytes), and their contents.

    Places are those of the buffer. The notation is an index of `HOW`. `wide_rows` is the first row that was UTF-16.
    """

    rows: Places
    content: Bytes
    wide_rows: int

    def reading(self, row: int) -> DecodedBytes:
        """Return one reading."""
        first, last, how, place, size = self.rows[row].tolist()
        return DecodedBytes(first, last, HOW[how], self.content[place : place + size].tobytes())


def read_text(data: Bytes, start: int, end: int) -> DecodedText:
    """Return what the runs that begin in [start, end) encode; one run may have several readings."""
    plain = _read(data, start, end)
    wide = _read_wide(data, start, end)
    wide[0][:, 3] += len(plain[1])
    content = np.concatenate((plain[1], wide[1]))
    return DecodedText(np.concatenate((plain[0], wide[0])), content, len(plain[0]))


def read_numbers(data: bytes, start: int, end: int) -> Iterator[DecodedBytes]:
    """Yield the readings of ASCII text whose runs begin in [start, end)."""
    decoded = DecodedText(*_read(np.frombuffer(data, np.uint8), start, end), 0)
    yield from map(decoded.reading, range(len(decoded.rows)))


def _read(data: Bytes, start: int, end: int) -> tuple[Places, Bytes]:
    rows, content = _decode(data, _LETTERS.runs(data, start, end))
    others = [
        each
        for first, last in _LISTS.runs(data, start, end).tolist()
        for low in range(first, last, PIECE)
        for each in _list(data[low : min(low + PIECE + OVERLAP, last)].tobytes(), low)
    ]
    for row in rows[rows[:, 2] >= len(HOW)].tolist():
        others += _read_again(data, row)
    return _with_others(rows[rows[:, 2] < len(HOW)], content, others)


def _read_wide(data: Bytes, start: int, end: int) -> tuple[Places, Bytes]:
    """Return the readings of UTF-16 text: its letters are read as one text, in which a zero byte ends each run."""
    runs = sorted(_WIDE.wide_runs(data))
    if not runs:
        return _with_others(_NOTHING, np.empty(0, np.uint8), [])
    gap = np.zeros(1, np.uint8)
    letters = np.concatenate([part for first, last in runs for part in (data[first:last:2], gap)])
    lengths = np.array([(last - first) // 2 + 1 for first, last in runs])
    starts = np.cumsum(lengths) - lengths
    rows, content = _read(letters, 0, len(letters))
    run = np.searchsorted(starts, rows[:, 0], side="right") - 1
    bases = np.array([first for first, _ in runs])[run] - 2 * starts[run]
    rows[:, 0] = bases + 2 * rows[:, 0]
    rows[:, 1] = bases + 2 * rows[:, 1]
    return rows[(rows[:, 0] >= start) & (rows[:, 0] < end)], content


def _decode(data: Bytes, runs: Places) -> tuple[Places, Bytes]:
    """Return the readings of runs, and rows that only say what `_read_again` reads."""
    from seawall.keys.leaks.compiled_loops.text_kernels import COLUMNS, ROOM, decode_runs

    pieces, contents = [_NOTHING], [np.empty(0, np.uint8)]
    text = np.empty(PIECE + OVERLAP, np.uint8)
    index = done = before = 0
    while index < len(runs):
        rows, out = np.empty((8 * ROOM, COLUMNS), np.int64), np.empty(_CONTENT, np.uint8)
        count, index, done, used = decode_runs(data, runs, index, done, _ALPHABET, text, rows, out)
        rows[:count, 3] += before
        before += used
        pieces.append(rows[:count])
        contents.append(out[:used])
    return np.concatenate(pieces), np.concatenate(contents)


def _read_again(data: Bytes, row: Sequence[int]) -> Iterator[DecodedBytes]:
    """Yield the readings of a run that is too long for the compiled loop, or the decimal numbers of any run."""
    from seawall.keys.leaks.compiled_loops.text_kernels import DECIMALS, JOINED, JOINED_DECIMALS, LONG

    first, last, what = row[:3]
    text = data[first:last].tobytes()
    if what in (JOINED, JOINED_DECIMALS):
        text = b"".join(_LINE.findall(_GAP.sub(b"\n", text)))
    if what in (LONG, JOINED):
        yield from _pieces(text, first, last)
    elif what in (DECIMALS, JOINED_DECIMALS):
        yield from _decimals(text, first, last)


def _with_others(rows: Places, content: Bytes, others: Sequence[DecodedBytes]) -> tuple[Places, Bytes]:
    """Return readings with others after them."""
    sizes = np.array([len(each.content) for each in others], np.int64)
    places = len(content) + np.cumsum(sizes) - sizes
    more = [(each.first, each.last, HOW.index(each.how)) for each in others]
    added = np.column_stack((np.array(more, np.int64).reshape(-1, 3), places, sizes))
    after = np.frombuffer(b"".join(each.content for each in others), np.uint8)
    return np.concatenate((rows, added)), np.concatenate((content, after))


def _pieces(text: bytes, first: int, last: int) -> Iterator[DecodedBytes]:
    """Yield the readings of the letters in [first, last), piece by piece if they are many."""
    for low in range(0, max(len(text) - OVERLAP, 1), PIECE):
        piece = text[low : low + PIECE + OVERLAP]
        yield from _piece(
            piece, first + low, min(first + low + len(piece), last) if low + len(piece) < len(text) else last
        )


def _piece(text: bytes, first: int, last: int) -> Iterator[DecodedBytes]:
    yield from _decimals(text, first, last)
    found = _HEX.findall(text)
    for digits in found:
        yield DecodedBytes(
            first, last, "hex", bytes.fromhex((b"0" * (len(digits) % 2) + digits).decode("ascii"))
        )
        if len(digits) % 2:  # a digit may belong to the neighbouring text
            yield DecodedBytes(first, last, "hex", bytes.fromhex(digits[:-1].decode("ascii")))
    if not (found and _ALL_HEX.fullmatch(text)):
        letters = text.replace(b"-", b"+").replace(b"_", b"/")
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        yield DecodedBytes(first, last, "base64", binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)))


def _decimals(text: bytes, first: int, last: int) -> Iterator[DecodedBytes]:
    for number in _DECIMAL.findall(text):
        value = int(number)
        yield DecodedBytes(first, last, "decimal", value.to_bytes(-(-value.bit_length() // 8), "big"))


def _list(text: bytes, first: int) -> Iterator[DecodedBytes]:
    """Yield the readings of a list of numbers: bytes, or words of 32 or 64 bits in either order."""
    items = _ITEM.findall(text)
    if len(items) < 4:
        return
    last = first + len(text.rstrip())
    digits = [digits for _, _, digits in items]
    is_plain = not any(prefix for _, prefix, _ in items) and all(each.isdigit() for each in digits)
    if all(len(each) <= 2 for each in digits) and not any(sign for sign, _, _ in items):
        yield DecodedBytes(first, last, "hex", bytes(int(each, 16) for each in digits))
    if is_plain and all(len(each) <= 20 for each in digits):
        values = [-int(each) if sign else int(each) for sign, _, each in items]
        yield from _words(values, first, last, "decimal")
    elif all(len(each) in (8, 16) for each in digits):
        yield from _words([int(each, 16) for each in digits], first, last, "hex")


def _words(values: list[int], first: int, last: int, how: str) -> Iterator[DecodedBytes]:
    least, most = min(values), max(values)
    size = next((size for size in (1, 4, 8) if -(1 << 8 * size - 1) <= least and most < 1 << 8 * size), 0)
    if size == 0 or size * len(values) < FEWEST:
        return
    words = [value % (1 << 8 * size) for value in values]
    yield DecodedBytes(first, last, how, b"".join(word.to_bytes(size, "big") for word in words))
    if size > 1:
        yield DecodedBytes(first, last, how, b"".join(word.to_bytes(size, "big") for word in reversed(words)))


_LETTERS = RunFinder(LETTERS, SHORTEST_RUN)
_LISTS = RunFinder(LIST_LETTERS, SHORTEST_LIST)
_WIDE = RunFinder(LETTERS + LIST_LETTERS, SHORTEST_RUN)
_ALPHABET = np.isin(np.arange(256), list(LETTERS)).astype(np.uint8)
_NOTHING = np.empty((0, 5), np.int64)

"""Decode unlabelled numbers in text: hexadecimal, base64, decimal numbers and lists of numbers.

`read_numbers` decodes each run of letters that could be a secret, without judging it. Not found: runs shorter than 62
hexadecimal digits, 40 base64 letters or 70 decimal digits; base64 that begins inside a longer run of its letters;
UTF-16 text; and numbers in lines with other content.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.keys.leaks.number_search.text_runs import RunFinder

LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
LIST_LETTERS = b"0123456789abcdefABCDEFxX\\:,; \t\r\n-"
SHORTEST_RUN = 40
SHORTEST_LIST = 62
"""Letters of 31 one-digit numbers with separators: fewer cannot be a key's number."""
LONGEST_LINE = 128
"""Letters of the longest line into which programs break numbers: 64 and 76 are usual."""
PIECE = 16 << 10
"""Letters decoded together; longer runs are divided."""
OVERLAP = 4 << 10
"""Letters that a piece shares with the next: a private exponent of 8,192 bits has 2,048 hexadecimal digits."""
FEWEST = 28
"""Bytes of the shortest number: a P-256 scalar without its leading zeros, in 1 of 2^32 keys."""

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


def read_numbers(data: bytes, start: int, end: int) -> Iterator[DecodedBytes]:
    """Yield what the runs that begin in [start, end) encode; one run may have several readings."""
    array = np.frombuffer(data, np.uint8)
    yield from _runs(data, array, start, end)
    for first, last in _LISTS.runs(array, start, end):
        for low in range(first, last, PIECE):
            yield from _list(data[low : min(low + PIECE + OVERLAP, last)], low)


def _runs(data: bytes, array: npt.NDArray[np.uint8], start: int, end: int) -> Iterator[DecodedBytes]:
    done = start
    for first, last in _LETTERS.runs(array, start, end):
        yield from _pieces(data[first:last], first, last)
        if first >= done and last - first <= LONGEST_LINE:
            text, done = _lines(data, first, last)
            if done > last:
                yield from _pieces(text, first, done)


def _pieces(text: bytes, first: int, last: int) -> Iterator[DecodedBytes]:
    """Yield the readings of the letters in [first, last), piece by piece if they are many."""
    for low in range(0, max(len(text) - OVERLAP, 1), PIECE):
        piece = text[low : low + PIECE + OVERLAP]
        yield from _piece(
            piece, first + low, min(first + low + len(piece), last) if low + len(piece) < len(text) else last
        )


def _lines(data: bytes, first: int, last: int) -> tuple[bytes, int]:
    """Return the letters of a line, of following lines of equal length and of a last one, and where they end."""
    lines = [data[first:last]]
    while gap := _GAP.match(data, last):
        line = _LINE.match(data, gap.end())
        if line is None or len(line.group()) > len(lines[0]):
            break
        lines.append(line.group())
        last = line.end()
        if len(line.group()) != len(lines[0]):
            break
    return b"".join(lines), last


def _piece(text: bytes, first: int, last: int) -> Iterator[DecodedBytes]:
    for number in _DECIMAL.findall(text):
        value = int(number)
        yield DecodedBytes(first, last, "decimal", value.to_bytes(-(-value.bit_length() // 8), "big"))
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

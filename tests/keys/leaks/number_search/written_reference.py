"""Reads numbers in text one run at a time, by regular expressions: what the compiled reader must give."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

Reading = tuple[int, int, str, bytes]
LETTER = rb"[A-Za-z0-9+/_-]"
PIECE, OVERLAP, LONGEST_LINE = 16 << 10, 4 << 10, 128

_RUN = re.compile(LETTER + rb"{40,}")
_GAP = re.compile(rb"(?:\\+[nrt]|[ \t\r\n]){1,64}")
_LINE = re.compile(LETTER + rb"+")
_HEX = re.compile(rb"(?:0[xX])?([0-9A-Fa-f]{62,})")
_ALL_HEX = re.compile(rb"(?:0[xX])?[0-9A-Fa-f]+")
_DECIMAL = re.compile(rb"(?<![0-9])[0-9]{70,2600}(?![0-9])")


def read_runs(data: bytes, start: int, end: int) -> Iterator[Reading]:
    """Yield (first, last, notation, content) of the runs of letters that begin in [start, end)."""
    done = start
    for run in _RUN.finditer(data):
        first, last = run.span()
        if not start <= first < end:
            continue
        yield from _pieces(data[first:last], first, last)
        if first >= done and last - first <= LONGEST_LINE:
            text, done = _lines(data, first, last)
            if done > last:
                yield from _pieces(text, first, done)


def _pieces(text: bytes, first: int, last: int) -> Iterator[Reading]:
    for low in range(0, max(len(text) - OVERLAP, 1), PIECE):
        piece = text[low : low + PIECE + OVERLAP]
        is_last = low + len(piece) >= len(text)
        yield from _piece(piece, first + low, last if is_last else min(first + low + len(piece), last))


def _lines(data: bytes, first: int, last: int) -> tuple[bytes, int]:
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


def _piece(text: bytes, first: int, last: int) -> Iterator[Reading]:
    for number in _DECIMAL.findall(text):
        value = int(number)
        yield first, last, "decimal", value.to_bytes(-(-value.bit_length() // 8), "big")
    found = _HEX.findall(text)
    for digits in found:
        yield first, last, "hex", bytes.fromhex((b"0" * (len(digits) % 2) + digits).decode("ascii"))
        if len(digits) % 2:
            yield first, last, "hex", bytes.fromhex(digits[:-1].decode("ascii"))
    if not (found and _ALL_HEX.fullmatch(text)):
        letters = text.replace(b"-", b"+").replace(b"_", b"/")
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        yield first, last, "base64", binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))

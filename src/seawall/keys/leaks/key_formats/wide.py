"""Find UTF-16 text among other bytes and narrow it, so that everything found in ASCII is found in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seawall.keys.leaks.findings import RawHit

_STEP = 64
"""Bytes between samples of eight bytes, which show letters alternating with zeros or not.

Text of 136 bytes is always sampled.
"""
_EVEN, _ODD = np.uint64(0x00FF00FF00FF00FF), np.uint64(0xFF00FF00FF00FF00)
_LOWEST, _HIGHEST = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)


@dataclass(frozen=True, slots=True)
class WideText:
    """Letters from offset `base` on, two bytes each; a letter that is not Latin becomes a zero byte."""

    letters: bytes
    base: int


def texts(data: bytes) -> Iterator[WideText]:
    """Yield every range of UTF-16 of at least 64 bytes, with a little context."""
    rows = len(data) // _STEP
    if rows < 2:
        return
    looks = np.frombuffer(data, "<u8", rows * (_STEP // 8))[:: _STEP // 8]
    for odd, zeros, letters in ((1, _EVEN, _ODD), (0, _ODD, _EVEN)):
        for first, last in _stretches(_rows(looks, zeros, letters)):
            base = max(0, first * _STEP - _STEP) + odd
            raw = np.frombuffer(data[base : (last + 2) * _STEP], np.uint8)
            words, above = raw[0::2], raw[1::2]
            # the last letter of big-endian text has no zero after it, so keep a letter after a wide one
            is_wide = np.zeros(len(words) + 1, np.bool_)
            is_wide[1 : len(above) + 1] = above == 0
            yield WideText(np.where(is_wide[1:] | is_wide[:-1], words, 0).astype(np.uint8).tobytes(), base)


def _rows(looks: NDArray[np.uint64], zeros: np.uint64, letters: np.uint64) -> NDArray[np.intp]:
    """Return rows whose four bytes at `zeros` are zero and whose four at `letters` are not."""
    places = np.flatnonzero(((looks & zeros) == 0) & (looks != 0))
    # the usual trick to detect a zero byte in a word, after filling the bytes that are zero anyway
    filled = looks[places] | zeros
    has_zero = (filled - _LOWEST) & ~filled & _HIGHEST & letters
    sure: NDArray[np.intp] = places[has_zero == 0]
    return sure


def _stretches(places: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Return the first and last row of each run of at least two rows, allowing a gap of one row."""
    if len(places) < 2:
        return
    for run in np.split(places, np.flatnonzero(np.diff(places) > 2) + 1):
        if len(run) >= 2:
            yield int(run[0]), int(run[-1])


def place_texts(hit: RawHit, text: WideText, data: bytes) -> RawHit:
    """Convert a hit among the letters to a hit in the bytes, with the byte order."""
    place = text.base + hit.offset * 2
    length = max(hit.length, 1) * 2
    is_big = _is_big_endian(data, place, place + length - 1)
    return replace(
        hit, offset=place - is_big, form=f"utf16{'be' if is_big else 'le'}:{hit.form}", length=length
    )


def _is_big_endian(data: bytes, start: int, after: int) -> bool:
    """Return whether zeros precede the letters `start`..`after`.

    If everything around is wide, even offsets decide.
    """
    if start == 0 or data[start - 1] != 0:
        return False
    if after >= len(data) or data[after] != 0:
        return True
    if (
        start >= 3 and data[start - 3] != 0
    ):  # the text before is not wide, so the zero there belongs to the first letter
        return True
    beyond = data[after + 1 : after + 3]
    if len(beyond) < 2 or beyond[1] != 0:
        return len(beyond) == 1 and beyond[0] != 0
    return start % 2 == 1

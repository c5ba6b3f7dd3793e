"""Parse columns of ISO 8601 times in bulk: `2026-03-02T10:00:00`, with a fraction, with `Z`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_PUNCTUATION = ((4, b"-"), (7, b"-"), (10, b"T "), (13, b":"), (16, b":"))
_WHOLE = 19
_LONGEST = _WHOLE + 14
_MICROSECONDS, _NANOSECONDS = 6, 9
"""Digits of a fraction."""
_ZERO = ord("0")


def cast_plain_iso(text: Any) -> Any | None:
    """Return int64 microseconds (nulls stay) of an Arrow string array in which every value has one usual shape; else None.

    The shape is `2026-03-02T10:00:00` with a fraction of one length or without, and with `Z` in all values or in none.
    """
    starts, data = _buffers(text)
    letters = data[starts[0] : starts[-1]]
    count = len(text) - text.null_count
    size = len(letters) // max(count, 1)
    if not _WHOLE <= size < _LONGEST or len(letters) != size * count or (np.diff(starts) % size).any():
        return None
    letters = letters.reshape(-1, size)
    has_zone = bool((letters[:, -1] == ord("Z")).all())
    digits = size - _WHOLE - 1 - has_zone
    if not _has_shape(letters) or digits == 0 or digits > _NANOSECONDS:
        return None
    unit = "us" if digits <= _MICROSECONDS else "ns"
    try:
        moments = text.cast(pa.timestamp(unit, tz="UTC" if has_zone else None)).cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    return moments if unit == "us" else _floor_thousandth(moments)


def _has_shape(letters: npt.NDArray[np.uint8]) -> bool:
    """Return whether texts of one length, uint8 (n, length), have the marks of a time; digits are not looked at."""
    has_point = letters.shape[1] <= _WHOLE + 1 or (letters[:, _WHOLE] == ord(".")).all()
    return bool(
        has_point
        and all(_is_one_of(letters[:, place], marks[:1]).all() for place, marks in _PUNCTUATION)
        and _is_one_of(letters[:, 0], b"12").all()
        and (letters[:, 17] <= ord("5")).all()
    )


def _floor_thousandth(moments: Any) -> Any:
    values = moments.fill_null(0).to_numpy() // 1000
    return pa.array(values, mask=moments.is_null().to_numpy(zero_copy_only=False))


def iso_microseconds(text: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return microseconds since 1970, int64 (n,), and which rows of an Arrow string array were parsed, bool (n,).

    Other rows are null, spelled differently, or no times; the caller must parse them one by one.
    """
    count = len(text)
    times, is_read = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    if text.null_count == count:
        return times, is_read
    starts, data = _buffers(text)
    sizes = np.diff(starts)
    if text.null_count:
        sizes = np.where(text.is_valid().to_numpy(zero_copy_only=False), sizes, 0)
    for size in np.flatnonzero(np.bincount(np.minimum(sizes, _LONGEST), minlength=_LONGEST)[:_LONGEST]):
        if size < _WHOLE:
            continue
        rows = np.flatnonzero(sizes == size)
        if len(rows) == count:
            letters = data[starts[0] : starts[-1]].reshape(count, size)
        else:
            letters = data[starts[rows][:, None] + np.arange(size)]
        times[rows], is_read[rows] = _of_one_size(letters)
    return times, is_read


def _buffers(text: Any) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    starts = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
    return starts, np.frombuffer(text.buffers()[2] or b"", np.uint8)


def _of_one_size(letters: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Parse texts of equal length, uint8 (n, length). The first one decides whether they end with a zone."""
    end = letters.shape[1]
    is_good = np.ones(len(letters), np.bool_)
    if letters[0, -1] in b"Zz":
        end -= 1
        is_good &= _is_one_of(letters[:, end], b"Zz")
    for place, marks in _PUNCTUATION:
        is_good &= _is_one_of(letters[:, place], marks)
    digits = letters - np.uint8(_ZERO)
    if end > _WHOLE:
        is_good &= _is_one_of(letters[:, _WHOLE], b".,") & (end > _WHOLE + 1)
        is_good &= (digits[:, _WHOLE + 1 : end] <= 9).all(axis=1)
    parts = [
        _number(digits, place, length)
        for place, length in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))
    ]
    for _, is_number in parts:
        is_good &= is_number
    year, month, day, hour, minute, second = (np.where(is_good, value, 1) for value, _ in parts)
    is_good &= (year >= 1000) & (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    months = np.where(is_good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    is_good &= (day >= 1) & (day <= (months + 1).astype("datetime64[D]").astype(np.int64) - first)
    seconds = (first + day - 1) * 86_400 + hour * 3600 + minute * 60 + second
    return seconds * 1_000_000 + _fraction(digits[:, _WHOLE + 1 : end]), is_good


def _is_one_of(letters: npt.NDArray[np.uint8], marks: bytes) -> npt.NDArray[np.bool_]:
    is_one = letters == marks[0]
    for mark in marks[1:]:
        is_one |= letters == mark
    return np.asarray(is_one, np.bool_)


def _number(
    digits: npt.NDArray[np.uint8], place: int, length: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    value, is_number = np.zeros(len(digits), np.int64), np.ones(len(digits), np.bool_)
    for column in range(place, place + length):
        value = value * 10 + digits[:, column]
        is_number &= digits[:, column] <= 9
    return value, is_number


def _fraction(digits: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64] | int:
    """Return the microseconds of the digits after the point."""
    shown = min(digits.shape[1], 6)
    return _number(digits, 0, shown)[0] * 10 ** (6 - shown) if shown else 0

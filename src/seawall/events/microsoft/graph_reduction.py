"""Compiled `reduce_request`: short texts of the addresses of requests to Microsoft Graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from seawall.events.json_lines.layout import PADDING, Bytes
from seawall.events.microsoft.graph_requests import (
    LONGEST_NAME,
    LONGEST_PART,
    MAIL_LETTERS,
    MOST_PARTS,
    NAMESPACE,
    OWNERS,
    VERSIONS,
)
from seawall_base.compiled import compile_kernel

_MORE = MOST_PARTS + 2
"""Bytes by which a reduced address may be longer than the address: a bracket for each part, and a slash."""
_SLASH, _COLON, _STAR, _DOLLAR, _MARK, _OPEN, _CLOSE, _QUOTE, _EQUALS = (
    0x2F,
    0x3A,
    0x2A,
    0x24,
    0x3F,
    0x28,
    0x29,
    0x27,
    0x3D,
)
_TWO = 0x32
_LETTERS = {
    name: np.frombuffer(name.encode(), np.uint8)
    for name in (NAMESPACE, OWNERS, MAIL_LETTERS, *VERSIONS, "search=", "?search")
}
_NAMESPACE, _OWNERS, _MAIL, _VERSION, _BETA, _SEARCH, _SEARCHES = _LETTERS.values()
_HTTP, _HTTPS = (np.frombuffer(name, np.uint8) for name in (b"http://", b"https://"))
_LONGEST_BEFORE, _LONGEST_BEHIND = 11, 20
"""Letters before and behind the digit in a name."""


@compile_kernel
def _lower(letter: int) -> int:
    return letter + 0x20 if 0x41 <= letter <= 0x5A else letter


@compile_kernel
def _begins(data: Bytes, start: int, end: int, letters: Bytes) -> bool:
    """Return whether a text begins with some letters, in any capitals."""
    is_same = end - start >= len(letters)
    for place in range(len(letters)):
        is_same = is_same and _lower(data[start + place]) == letters[place]
    return is_same


@compile_kernel
def _is_name(data: Bytes, start: int, end: int) -> bool:
    size = end - start
    if size < 1 or size > LONGEST_NAME:
        return False
    digit = -1
    for place in range(start, end):
        letter = data[place]
        if 0x61 <= _lower(letter) <= 0x7A:
            continue
        if letter == _DOLLAR and digit < 0:
            continue
        if letter != _TWO or digit >= 0:
            return False
        digit = place
    if digit < 0:
        return True
    for place in range(start, digit):
        if data[place] == _DOLLAR:
            return False
    before, behind = digit - start, end - digit - 1
    return 1 <= before <= _LONGEST_BEFORE and 1 <= behind <= _LONGEST_BEHIND


@compile_kernel
def _find(data: Bytes, start: int, end: int, letter: int) -> int:
    """Return the place of a letter, `end` where it is not."""
    for place in range(start, end):
        if data[place] == letter:
            return place
    return end


@compile_kernel
def _copy(data: Bytes, start: int, end: int, texts: Bytes, at: int) -> int:
    for place in range(start, end):
        texts[at] = data[place]
        at += 1
    return at


@compile_kernel
def _has_search(data: Bytes, start: int, end: int) -> bool:
    """Return whether a query has `$search=`, also with the dollar as `%24`."""
    for place in range(start, end - len(_SEARCH)):
        behind = place + 1
        if data[place] == 0x25 and data[place + 1] == _TWO and data[place + 2] == 0x34:
            behind = place + 3
        elif data[place] != _DOLLAR:
            continue
        if _begins(data, behind, end, _SEARCH):
            return True
    return False


@compile_kernel
def _find_path(data: Bytes, start: int, end: int) -> int:
    """Return where the path of an address begins, behind scheme and host."""
    if _begins(data, start, end, _HTTP):
        return int(_find(data, start + len(_HTTP), end, _SLASH))
    if _begins(data, start, end, _HTTPS):
        return int(_find(data, start + len(_HTTPS), end, _SLASH))
    return start


@compile_kernel
def _keep_part(data: Bytes, start: int, end: int, texts: Bytes, at: int) -> int:
    """Write a part as it is, a star for a long one and one beyond ASCII; return the place behind it."""
    is_short = end - start <= LONGEST_PART
    for place in range(start, end):
        is_short = is_short and data[place] < 0x80
    if is_short:
        return int(_copy(data, start, end, texts, at))
    texts[at] = _STAR
    return at + 1


@compile_kernel
def _write_part(data: Bytes, start: int, end: int, texts: Bytes, at: int) -> int:
    """Write a part, a star for an identifier; return the place behind it."""
    is_marked = data[end - 1] == _COLON
    is_spaced = end - start >= len(_NAMESPACE)
    for place in range(len(_NAMESPACE)):
        is_spaced = is_spaced and data[start + place] == _NAMESPACE[place]
    if is_spaced:
        start += len(_NAMESPACE)
    if is_marked and end > start:
        if _is_name(data, start, end - 1):
            return int(_copy(data, start, end, texts, at))
        texts[at], texts[at + 1] = _STAR, _COLON
        return at + 2
    opened = _find(data, start, end, _OPEN)
    if not _is_name(data, start, opened):
        texts[at] = _STAR
        return at + 1
    at = _copy(data, start, opened, texts, at)
    if opened == end:
        return at
    inner = opened + 1
    is_empty = inner == end or (inner + 1 == end and data[inner] == _CLOSE)
    is_key = not is_empty and (data[inner] == _QUOTE or _find(data, inner, end, _EQUALS) == end)
    texts[at] = _OPEN
    at += 1
    if is_key:
        texts[at] = _STAR
        at += 1
    texts[at] = _CLOSE
    return at + 1


@compile_kernel
def _is_before_mail(data: Bytes, place: int, end: int) -> bool:
    """Return whether the next part of a path begins as names of mail do."""
    while place < end and data[place] == _SLASH:
        place += 1
    if place == end:
        return False
    letter = _lower(data[place])
    return bool(letter == _MAIL[0] or letter == _MAIL[1])


@compile_kernel
def _reduce(data: Bytes, start: int, end: int, texts: Bytes, at: int) -> int:
    """Write the reduced address of one text; return the place behind it."""
    cut = _find(data, start, end, _MARK)
    place = _find_path(data, start, cut)
    parts, is_first, is_versioned, is_inside, is_owner = 0, True, False, False, False
    while place < cut:
        if data[place] == _SLASH:
            place += 1
            continue
        behind = _find(data, place, cut, _SLASH)
        begin, place = place, behind
        if is_first:
            is_first = False
            is_versioned = behind - begin == 4 and (
                _begins(data, begin, behind, _VERSION) or _begins(data, begin, behind, _BETA)
            )
            if is_versioned:
                texts[at] = _SLASH
                at += 1
                continue
        is_marked = data[behind - 1] == _COLON
        if is_inside:
            is_inside = not is_marked
            continue
        if parts == MOST_PARTS:
            break
        if parts > 0:
            texts[at] = _SLASH
            at += 1
        if parts == 0:
            is_owner = behind - begin == len(_OWNERS) and _begins(data, begin, behind, _OWNERS)
        if parts == 0 or (
            parts == 1
            and not is_marked
            and _find(data, begin, behind, _OPEN) == behind
            and (not is_versioned or (is_owner and _is_before_mail(data, behind, cut)))
        ):
            at = _keep_part(data, begin, behind, texts, at)
        else:
            is_inside = is_marked
            at = _write_part(data, begin, behind, texts, at)
        parts += 1
    if cut < end and _has_search(data, cut + 1, end):
        at = _copy(_SEARCHES, 0, len(_SEARCHES), texts, at)
    return at


@compile_kernel
def _reduce_all(data: Bytes, ends: Any, offsets: Any, texts: Bytes) -> None:
    at = 0
    for row in range(len(offsets) - 1):
        at = _reduce(data, ends[row], ends[row + 1], texts, at)
        offsets[row + 1] = at


def reduce_requests(addresses: Any) -> Any:
    """Return `reduce_request` of an Arrow string array of addresses; null for null."""
    count = len(addresses)
    if not count or addresses.null_count == count:
        return pa.nulls(count, pa.string())
    _, ends, letters = addresses.buffers()
    places = np.frombuffer(ends, np.int32, count + 1, 4 * addresses.offset)
    data = np.frombuffer(letters or b"\0", np.uint8)
    offsets = np.zeros(count + 1, np.int32)
    texts = np.empty(int(places[-1] - places[0]) + _MORE * count + PADDING, np.uint8)
    _reduce_all(data, places, offsets, texts)
    bits = None
    if addresses.null_count:
        bits = pa.py_buffer(np.packbits(addresses.is_valid().to_numpy(False), bitorder="little"))
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(texts), bits)


def prepare() -> None:
    """Compile, or read back what was compiled."""
    reduce_requests(pa.array(["https://graph.microsoft.com/v1.0/me/messages/x?$search=y"]))

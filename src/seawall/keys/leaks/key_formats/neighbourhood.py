"""Extract the text around a place in bytes, up to the next control character."""

from __future__ import annotations

from dataclasses import dataclass

_CONTROLS = bytes(0 if (code < 0x20 and code not in b"\t\n\r") or code == 0x7F else 1 for code in range(256))


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """`text` begins at offset `base` of the bytes, one letter for each byte; `here` is the index of the requested place."""

    text: str
    base: int
    here: int


def around(data: bytes, place: int, before: int, after: int) -> Neighbourhood:
    """Return the text of up to `before` letters before and `after` letters after `place`."""
    base = max(0, place - before)
    raw, here = data[base : place + after], place - base
    marks = raw.translate(_CONTROLS)
    cut, stop = marks.rfind(0, 0, here) + 1, marks.find(0, here)
    text = raw[cut : stop if stop >= 0 else None].decode("latin-1")
    return Neighbourhood(text, base + cut, here - cut)

"""The text around a place in bytes, up to the next control character."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """`text` begins at offset `base` of the bytes, one letter a byte; `here` is the letter at the place asked for."""

    text: str
    base: int
    here: int


def around(data: bytes, place: int, before: int, after: int) -> Neighbourhood:
    """The text of up to `before` letters before and `after` letters after `place`."""
    base = max(0, place - before)
    text = data[base : place + after].decode("latin-1")
    here = place - base
    controls = [found.end() for found in _CONTROL.finditer(text, 0, here)]
    cut = controls[-1] if controls else 0
    stop = _CONTROL.search(text, here)
    return Neighbourhood(text[cut : stop.start() if stop else None], base + cut, here - cut)

"""Open the compressed streams of a 7z archive by the ids of their methods (Methods.txt of 7-Zip)."""

from __future__ import annotations

import lzma
from collections.abc import Callable

from seawall.events.formats.inflating import (
    DeflateStream,
    InflatedStream,
    ZstandardStream,
    open_bzip2,
    open_raw_lzma,
)
from seawall.events.formats.zip_archive import BadArchive

_LARGEST_WINDOW = 1 << 27

Method = Callable[[InflatedStream], InflatedStream] | str
"""Function that decompresses a stream, or the reason why it is not read."""


def _open_lzma(properties: bytes) -> Method:
    if len(properties) != 5 or properties[0] >= 9 * 5 * 5:
        raise BadArchive("properties of LZMA that make no sense")
    window = int.from_bytes(properties[1:], "little")
    powers, context = divmod(properties[0], 9)
    position, literal = divmod(powers, 5)
    return _open_raw(
        {"id": lzma.FILTER_LZMA1, "dict_size": window, "lc": context, "lp": literal, "pb": position}, window
    )


def _open_lzma_2(properties: bytes) -> Method:
    if len(properties) != 1 or properties[0] > 40:
        raise BadArchive("properties of LZMA2 that make no sense")
    window = (2 | properties[0] & 1) << (properties[0] // 2 + 11)
    return _open_raw({"id": lzma.FILTER_LZMA2, "dict_size": window}, window)


def _open_raw(settings: dict[str, int], window: int) -> Method:
    if window > _LARGEST_WINDOW:
        return f"it needs a window of more than {_LARGEST_WINDOW} bytes: unpack it first"
    settings["dict_size"] = max(window, 1 << 12)
    return lambda stream: open_raw_lzma(stream, settings)


AES = b"\x06\xf1\x07\x01"
METHODS: dict[bytes, Callable[[bytes], Method]] = {
    b"\x00": lambda _: lambda stream: stream,
    b"\x21": _open_lzma_2,
    b"\x03\x01\x01": _open_lzma,
    b"\x04\x01\x08": lambda _: DeflateStream,
    b"\x04\x02\x02": lambda _: open_bzip2,
    b"\x04\xf7\x11\x01": lambda _: ZstandardStream,
}
"""What opens a folder by its method's id and properties."""

NAMES = {
    b"\x00": "Copy",
    b"\x03": "Delta",
    b"\x04": "BCJ",
    b"\x21": "LZMA2",
    b"\x03\x01\x01": "LZMA",
    b"\x03\x03\x01\x03": "BCJ",
    b"\x03\x03\x01\x1b": "BCJ2",
    b"\x03\x04\x01": "PPMd",
    b"\x04\x01\x09": "Deflate64",
}
"""Names of methods for messages."""

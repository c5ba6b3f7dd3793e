"""Hold the texts that the cells of an Excel workbook share, in memory that is about as large as the file."""

from __future__ import annotations

from array import array
from collections import OrderedDict

import zstandard

from seawall.events.formats.table_files.sheet_xml import (
    Attributes,
    BadWorkbook,
    ByteReader,
    TextCollector,
    parse_whole,
)

_MOST = 8_000_000
_BLOCK = 1 << 18
_PLAIN = 64 << 20
"""Bytes that are held as they are. What comes after is compressed, as it is in the workbook."""
_OPEN = 16


class SharedStrings:
    """Return texts by their numbers, from 0."""

    def __init__(self) -> None:
        self._places = array("Q")
        """Number of the block and place in it of each text's start, and of the end of the last one."""
        self._blocks: list[bytes] = []
        self._is_packed: list[bool] = []
        self._open = bytearray()
        self._size = 0
        self._recent: OrderedDict[int, bytes] = OrderedDict()
        self._packer = zstandard.ZstdCompressor(level=1)
        self._unpacker = zstandard.ZstdDecompressor()

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self._places)

    def add(self, text: str) -> None:
        """Append a text. Raises BadWorkbook beyond the limit."""
        if len(self._places) >= _MOST:
            raise BadWorkbook(f"more than {_MOST:,} shared texts")
        data = text.encode("utf-8", "replace")
        if len(self._open) + len(data) > _BLOCK:
            self._close_block()
        self._places.append(len(self._blocks) << 32 | len(self._open))
        self._open += len(data).to_bytes(4, "little") + data

    def get(self, number: int) -> str:
        """Return a text. Raises BadWorkbook if there is none."""
        if not 0 <= number < len(self._places):
            raise BadWorkbook("a cell names a shared text that does not exist")
        place = self._places[number]
        block, at = self._find_block(place >> 32), place & 0xFFFFFFFF
        size = int.from_bytes(block[at : at + 4], "little")
        return block[at + 4 : at + 4 + size].decode("utf-8", "replace")

    def _close_block(self) -> None:
        is_packed = self._size > _PLAIN
        data = bytes(self._open)
        self._size += len(data)
        self._blocks.append(self._packer.compress(data) if is_packed else data)
        self._is_packed.append(is_packed)
        self._open = bytearray()

    def _find_block(self, number: int) -> bytes | bytearray:
        if number == len(self._blocks):
            return self._open
        if not self._is_packed[number]:
            return self._blocks[number]
        block = self._recent.get(number)
        if block is None:
            block = self._unpacker.decompress(self._blocks[number])
            self._recent[number] = block
            if len(self._recent) > _OPEN:
                self._recent.popitem(last=False)
        else:
            self._recent.move_to_end(number)
        return block


class _StringsHandler:
    def __init__(self, found: SharedStrings) -> None:
        self._found, self._text = found, TextCollector()

    def begin(self, name: str, _attributes: Attributes) -> None:
        self._text.begin(name)

    def end(self, name: str) -> None:
        self._text.end(name)
        if name == "si":
            self._found.add(self._text.take())

    def add_text(self, text: str) -> None:
        self._text.add_text(text)


def read_shared_strings(stream: ByteReader) -> SharedStrings:
    """Return the texts of a part `sharedStrings.xml`. Raises BadWorkbook."""
    found = SharedStrings()
    parse_whole(stream, _StringsHandler(found))
    return found

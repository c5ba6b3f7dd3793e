"""Parse structures of Thrift's compact protocol, as Parquet uses it, within limits."""

from __future__ import annotations

import struct
from typing import Any

_DEPTH = 32
_DOUBLE = struct.Struct("<d")
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE_KIND, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)


class BadThrift(ValueError):
    """The structure is damaged, or larger than the limit."""


class ThriftReader:
    """Read structures from bytes, at most `most` values. `at` is the place of the next byte."""

    def __init__(self, data: bytes, most: int) -> None:
        self.at = 0
        self._data, self._left = data, most

    def read_struct(self, depth: int = _DEPTH) -> dict[int, Any]:
        """Return the fields of a structure by their ids. Raises BadThrift; IndexError at the end of the bytes."""
        found: dict[int, Any] = {}
        field = 0
        while head := self._read_byte():
            step = head >> 4
            field = field + step if step else self._read_zigzag()
            kind = head & 15
            found[field] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._read_value(kind, depth)
        return found

    def _read_byte(self) -> int:
        value = self._data[self.at]
        self.at += 1
        return value

    def _read_number(self) -> int:
        number = shift = 0
        while True:
            byte = self._read_byte()
            number |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return number
            shift += 7
            if shift > 63:
                raise BadThrift("a number of more than ten bytes")

    def _read_zigzag(self) -> int:
        number = self._read_number()
        return (number >> 1) ^ -(number & 1)

    def _read_value(self, kind: int, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth < 0:
            raise BadThrift("more values than the limit")
        if kind in (_I16, _I32, _I64):
            return self._read_zigzag()
        if kind == _BINARY:
            return self._take(self._read_number())
        if kind == _STRUCT:
            return self.read_struct(depth - 1)
        if kind in (_LIST, _SET):
            return self._read_list(depth)
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._read_byte()
        if kind == _DOUBLE_KIND:
            return _DOUBLE.unpack(self._take(8))[0]
        if kind == _MAP:
            return self._read_map(depth)
        raise BadThrift("a value of an unknown kind")

    def _take(self, size: int) -> bytes:
        value = self._data[self.at : self.at + size]
        if len(value) < size:
            raise IndexError
        self.at += size
        return value

    def _read_list(self, depth: int) -> list[Any]:
        head = self._read_byte()
        size = head >> 4
        if size == 15:
            size = self._read_number()
        return [self._read_value(head & 15, depth - 1) for _ in range(size)]

    def _read_map(self, depth: int) -> list[tuple[Any, Any]]:
        size = self._read_number()
        if not size:
            return []
        kinds = self._read_byte()
        return [
            (self._read_value(kinds >> 4, depth - 1), self._read_value(kinds & 15, depth - 1))
            for _ in range(size)
        ]

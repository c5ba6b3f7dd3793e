"""Decode Avro values (specification 1.12) by their schema into values that JSON can hold, within limits."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from seawall.events.formats.json_values import parse

_SCHEMA_DEPTH = 64
_MOST_VALUES = 1_000_000
"""Most items of the arrays and maps of one record."""
_FLOAT, _DOUBLE = struct.Struct("<f"), struct.Struct("<d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadAvro(ValueError):
    """The file is damaged, or uses what Avro does not have."""


class AvroBytes:
    """Hold the bytes of a block, and how far they have been decoded."""

    __slots__ = ("at", "data", "depth", "left")

    def __init__(self, data: bytes, depth: int) -> None:
        """Take the bytes, and how many records may be nested inside each other."""
        self.data, self.at, self.depth, self.left = data, 0, depth, _MOST_VALUES

    def read_long(self) -> int:
        """Return a number of variable length. Raises IndexError at the end of the block."""
        data, at = self.data, self.at
        byte = data[at]
        at += 1
        number, shift = byte & 0x7F, 7
        while byte & 0x80:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if shift > 70:
                raise BadAvro("a number of more than ten bytes")
        if number >> 64:
            raise BadAvro("a number of more than 64 bits")
        self.at = at
        return (number >> 1) ^ -(number & 1)

    def take(self, size: int) -> bytes:
        """Return exactly `size` bytes. Raises BadAvro."""
        end = self.at + size
        if size < 0 or end > len(self.data):
            raise BadAvro("a value that is longer than its block")
        value = self.data[self.at : end]
        self.at = end
        return value

    def count_items(self) -> int:
        """Return the number of items of the next block of an array or map, 0 at its end. Raises BadAvro."""
        count = self.read_long()
        if count < 0:
            count = -count
            self.read_long()
        self.left -= count
        if self.left < 0:
            raise BadAvro(f"a record of more than {_MOST_VALUES:,} values")
        return count


Decode = Callable[[AvroBytes], Any]


def compile_schema(text: bytes) -> tuple[Decode, tuple[str, ...]]:
    """Return the function that decodes a value of a schema, and the names of its fields if it is a record. Raises BadAvro."""
    try:
        schema = parse(text, _SCHEMA_DEPTH)
    except ValueError as error:
        raise BadAvro(f"its schema is no JSON: {error}") from error
    fields = schema.get("fields") if isinstance(schema, dict) else None
    decode = _Schema().compile(schema, "")
    names = [str(field["name"]) for field in fields] if isinstance(fields, list) else []
    return decode, tuple(names)


class _Schema:
    """Compile a schema. Named types may refer to themselves."""

    def __init__(self) -> None:
        self._named: dict[str, Decode] = {}

    def compile(self, schema: Any, space: str) -> Decode:
        """Return the function that decodes values of a schema in a namespace. Raises BadAvro."""
        if isinstance(schema, list):
            return _union([self.compile(branch, space) for branch in schema])
        if isinstance(schema, str):
            return self._find(schema, space)
        if not isinstance(schema, dict):
            raise BadAvro("a schema that is neither a name nor an object")
        kind = schema.get("type")
        if kind in ("record", "error", "enum", "fixed"):
            return self._compile_named(schema, str(kind), space)
        if kind == "array":
            return _array(self.compile(schema.get("items"), space))
        if kind == "map":
            return _map(self.compile(schema.get("values"), space))
        if isinstance(kind, str) and kind in _PRIMITIVES:
            return _logical(_PRIMITIVES[kind], kind, schema)
        return self.compile(kind, space)

    def _find(self, name: str, space: str) -> Decode:
        if name in _PRIMITIVES:
            return _PRIMITIVES[name]
        full = name if "." in name or not space else f"{space}.{name}"
        if full not in self._named:
            raise BadAvro("its schema names a type that it does not define")

        def decode(block: AvroBytes) -> Any:
            return self._named[full](block)

        return decode

    def _compile_named(self, schema: dict[str, Any], kind: str, space: str) -> Decode:
        name = str(schema.get("name"))
        space = str(schema.get("namespace") or space) if "." not in name else name.rpartition(".")[0]
        full = name if "." in name or not space else f"{space}.{name}"
        self._named[full] = _refuse
        if kind == "enum":
            decode = _enum(schema.get("symbols"))
        elif kind == "fixed":
            decode = _logical(_read_fixed(schema.get("size")), kind, schema)
        else:
            fields = schema.get("fields")
            if not isinstance(fields, list) or not all(
                isinstance(field, dict) and "name" in field for field in fields
            ):
                raise BadAvro("a record without fields in its schema")
            decode = _record(
                [(str(field["name"]), self.compile(field.get("type"), space)) for field in fields]
            )
        self._named[full] = decode
        return decode


def _refuse(_block: AvroBytes) -> Any:
    raise BadAvro("its schema uses a type before it is defined")


def _read_boolean(block: AvroBytes) -> bool:
    return block.take(1) != b"\0"


def _read_float(block: AvroBytes) -> float:
    return float(_FLOAT.unpack(block.take(4))[0])


def _read_double(block: AvroBytes) -> float:
    return float(_DOUBLE.unpack(block.take(8))[0])


def read_bytes(block: AvroBytes) -> bytes:
    """Return the bytes of a value of type `bytes`."""
    return block.take(block.read_long())


def as_json_text(value: bytes) -> str:
    """Return bytes as text if they are UTF-8, otherwise as base64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _read_text(block: AvroBytes) -> str:
    return block.take(block.read_long()).decode("utf-8", "replace")


def _read_null(_block: AvroBytes) -> None:
    return None


_PRIMITIVES: dict[str, Decode] = {
    "null": _read_null,
    "boolean": _read_boolean,
    "int": AvroBytes.read_long,
    "long": AvroBytes.read_long,
    "float": _read_float,
    "double": _read_double,
    "bytes": lambda block: as_json_text(read_bytes(block)),
    "string": _read_text,
}


def _union(branches: list[Decode]) -> Decode:
    def decode(block: AvroBytes) -> Any:
        place = block.read_long()
        if not 0 <= place < len(branches):
            raise BadAvro("a union without this branch")
        return branches[place](block)

    return decode


def _array(item: Decode) -> Decode:
    def decode(block: AvroBytes) -> list[Any]:
        found: list[Any] = []
        while count := block.count_items():
            found.extend(item(block) for _ in range(count))
        return found

    return decode


def _map(value: Decode) -> Decode:
    def decode(block: AvroBytes) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while count := block.count_items():
            for _ in range(count):
                key = _read_text(block)
                found[key] = value(block)
        return found

    return decode


def _record(fields: list[tuple[str, Decode]]) -> Decode:
    def decode(block: AvroBytes) -> dict[str, Any]:
        block.depth -= 1
        if block.depth < 0:
            raise BadAvro("records nested too deep")
        found = {name: read(block) for name, read in fields}
        block.depth += 1
        return found

    return decode


def _enum(symbols: Any) -> Decode:
    if not isinstance(symbols, list):
        raise BadAvro("an enumeration without symbols in its schema")
    names = [str(symbol) for symbol in symbols]

    def decode(block: AvroBytes) -> str:
        place = block.read_long()
        if not 0 <= place < len(names):
            raise BadAvro("an enumeration without this symbol")
        return names[place]

    return decode


def _read_fixed(size: Any) -> Decode:
    if not isinstance(size, int) or size < 0:
        raise BadAvro("a fixed type without a size in its schema")
    return lambda block: as_json_text(block.take(size))


def _logical(decode: Decode, kind: str, schema: dict[str, Any]) -> Decode:
    """Return the function that decodes a logical type as text of ISO 8601 or digits; unknown ones are as their own type."""
    logical = schema.get("logicalType")
    if kind == "long" and logical in _TIMES:
        steps, zone = _TIMES[logical]
        return lambda block: _format_time(block.read_long(), steps, zone)
    if kind == "int" and logical == "date":
        return lambda block: _format_time(block.read_long() * 86_400, 1, "")[:10]
    if kind in ("bytes", "fixed") and logical == "decimal":
        scale = schema.get("scale", 0)
        if isinstance(scale, int) and 0 <= scale <= 1_000:
            size = schema.get("size") if kind == "fixed" else None
            return lambda block: _format_decimal(
                read_bytes(block) if size is None else block.take(size), scale
            )
    return decode


_TIMES = {
    "timestamp-millis": (1_000, "Z"),
    "timestamp-micros": (1_000_000, "Z"),
    "timestamp-nanos": (1_000_000_000, "Z"),
    "local-timestamp-millis": (1_000, ""),
    "local-timestamp-micros": (1_000_000, ""),
    "local-timestamp-nanos": (1_000_000_000, ""),
}
"""Steps in a second of a time's number, and the zone that it has."""


def _format_time(number: int, steps: int, zone: str) -> str:
    try:
        moment = _EPOCH + timedelta(microseconds=number * 1_000_000 // steps)
    except OverflowError:
        return str(number)
    return moment.replace(tzinfo=None).isoformat() + zone


def _format_decimal(value: bytes, scale: int) -> str:
    if len(value) > 32:
        raise BadAvro("a decimal number of more than 256 bits")
    return str(Decimal(int.from_bytes(value, "big", signed=True)).scaleb(-scale))

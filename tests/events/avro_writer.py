"""Avro files as they are asked for, however senseless."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import zlib
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import zstandard

SYNC = bytes(range(100, 116))
CAPTURE = {
    "type": "record",
    "name": "EventData",
    "namespace": "Microsoft.ServiceBus.Messaging",
    "fields": [
        {"name": "SequenceNumber", "type": "long"},
        {"name": "Offset", "type": "string"},
        {"name": "EnqueuedTimeUtc", "type": "string"},
        {
            "name": "SystemProperties",
            "type": {"type": "map", "values": ["long", "double", "string", "bytes"]},
        },
        {"name": "Properties", "type": {"type": "map", "values": ["long", "double", "string", "bytes"]}},
        {"name": "Body", "type": ["null", "bytes"]},
    ],
}
"""Schema of Event Hubs Capture: Microsoft Learn, "Exploring captured Avro files in Azure Event Hubs"."""


def number(value: int) -> bytes:
    """A number of variable length."""
    left = (value << 1) ^ (value >> 63)
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes(out) + bytes([left])


def text(value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return number(len(data)) + data


def message(place: int, body: bytes | None) -> bytes:
    """A message of Event Hubs Capture."""
    properties = number(1) + text("x-opt-partition-key") + number(2) + text("a") + number(0)
    end = number(0) if body is None else number(1) + text(body)
    return number(place) + text(str(place)) + text("3/2/2026 10:00:00 AM") + properties + number(0) + end


def _snappy(data: bytes) -> bytes:
    packed: bytes = pa.Codec("snappy").compress(data, asbytes=True)
    return packed + zlib.crc32(data).to_bytes(4, "big")


def _deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return machine.compress(data) + machine.flush()


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "null": lambda data: data,
    "deflate": _deflate,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstandard": zstandard.compress,
    "snappy": _snappy,
}


def block(*records: bytes, codec: str = "null", count: int | None = None) -> bytes:
    """A block of encoded records."""
    packed = CODECS[codec](b"".join(records))
    return number(len(records) if count is None else count) + text(packed) + SYNC


def avro_of(schema: Any, *blocks: bytes, codec: str = "null") -> bytes:
    """A file of these blocks."""
    out = io.BytesIO()
    out.write(b"Obj\x01" + number(2) + text("avro.schema") + text(json.dumps(schema)))
    out.write(text("avro.codec") + text(codec) + number(0) + SYNC + b"".join(blocks))
    return out.getvalue()


def capture(*bodies: bytes | None, codec: str = "null", each: int = 1) -> bytes:
    """A file of Event Hubs Capture, with so many messages in a block."""
    messages = [message(place, body) for place, body in enumerate(bodies)]
    blocks = [block(*messages[at : at + each], codec=codec) for at in range(0, len(messages), each)]
    return avro_of(CAPTURE, *blocks, codec=codec)

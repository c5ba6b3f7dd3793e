"""Read and write the file of the network table: named NumPy arrays, compressed and bound to a digest.

    magic (8 bytes) · header length (uint32, little-endian) · header (JSON) · one zstd frame

The header lists the sections in order: `name`, `dtype`, `rows`, `delta`. Each section is stored as byte planes (all lowest
bytes, then all second bytes …), which compress far better than whole numbers. `delta` sections (sorted numbers) hold
differences. Reading takes about 20 ms, because nothing is parsed in Python.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard

from seawall_base.errors import ArtefactInvalid

MAGIC = b"SWNETS1\n"
MAX_BYTES = 128 * 1024 * 1024
"""Most bytes after decompression. The table has about 8 MB, so more means damage."""

_FIX = "Reinstall Seawall, or rebuild the table with tools/build_network_table.py."

Sections = dict[str, npt.NDArray[Any]]


def pack(
    sections: Mapping[str, npt.NDArray[Any]], delta: frozenset[str] = frozenset(), level: int = 19
) -> bytes:
    """Return the file of `sections`. Those named in `delta` are sorted, and stored as differences."""
    header: list[dict[str, object]] = []
    body: list[bytes] = []
    for name, column in sections.items():
        column = np.ascontiguousarray(column)
        is_delta = name in delta
        header.append({"name": name, "dtype": column.dtype.str, "rows": len(column), "delta": is_delta})
        if is_delta:
            column = np.diff(column, prepend=column.dtype.type(0))
        planes = column.view(np.uint8).reshape(len(column), column.dtype.itemsize)
        body.append(np.ascontiguousarray(planes.T).tobytes())
    text = json.dumps(header, separators=(",", ":")).encode()
    frame = zstandard.ZstdCompressor(level=level, write_checksum=True).compress(b"".join(body))
    return MAGIC + len(text).to_bytes(4, "little") + text + frame


def unpack(content: bytes, where: str) -> Sections:
    """Return the sections of a file's content; `where` names the file in the error. Raises ArtefactInvalid."""
    if not content.startswith(MAGIC):
        raise ArtefactInvalid(f"{where}: not a network table of this version", fix=_FIX)
    try:
        start = len(MAGIC) + 4
        end = start + int.from_bytes(content[len(MAGIC) : start], "little")
        header = json.loads(content[start:end])
        body = zstandard.ZstdDecompressor().decompress(content[end:], max_output_size=MAX_BYTES)
        return _sections(header, body)
    except (ValueError, KeyError, TypeError, MemoryError, zstandard.ZstdError) as reason:
        raise ArtefactInvalid(f"{where}: the network table is damaged ({reason})", fix=_FIX) from reason


def _sections(header: list[dict[str, Any]], body: bytes) -> Sections:
    sections: Sections = {}
    raw = np.frombuffer(body, dtype=np.uint8)
    position = 0
    for entry in header:
        dtype, rows = np.dtype(entry["dtype"]), int(entry["rows"])
        size = rows * dtype.itemsize
        planes = raw[position : position + size].reshape(dtype.itemsize, rows)
        column = np.ascontiguousarray(planes.T).view(dtype).reshape(rows)
        sections[entry["name"]] = np.cumsum(column, dtype=dtype) if entry["delta"] else column
        position += size
    if position != len(body):
        raise ValueError("its sections do not fill it")
    return sections


def read_verified(path: Path, digest: str) -> bytes:
    """Return the bytes of `path`. Raises ArtefactInvalid if it is missing or its SHA-256 is not `digest`."""
    try:
        content = path.read_bytes()
    except OSError as reason:
        raise ArtefactInvalid(
            f"{path}: the network table cannot be read ({reason.strerror})", fix=_FIX
        ) from reason
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise ArtefactInvalid(f"{path}: SHA-256 is {found}, expected {digest}", fix=_FIX)
    return content

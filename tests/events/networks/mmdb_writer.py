"""Writes small MMDB files (MaxMind DB format 2.0) for tests: 32-bit records, an IPv6 or IPv4 tree."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

Tree = list[Any]


def write_mmdb(path: Path, networks: dict[str, dict[str, Any]], version: int = 6, kind: str = "Test") -> Path:
    """Write a database of the networks (text → record) and return its path. IPv4 lies at ::/96."""
    root: Tree = [None, None]
    for text, record in networks.items():
        _insert(root, _bits(text, version), record)
    nodes: list[Tree] = []
    _number(root, nodes)
    position = {id(node): row for row, node in enumerate(nodes)}
    data = bytearray()
    tree = bytearray()
    for node in nodes:
        for side in node:
            if isinstance(side, list):
                value = position[id(side)]
            elif side is None:
                value = len(nodes)
            else:
                value = len(nodes) + 16 + len(data)
                data += _encode(side)
            tree += value.to_bytes(4, "big")
    metadata = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_750_000_000,
        "database_type": kind,
        "description": {"en": "test"},
        "ip_version": version,
        "languages": ["en"],
        "node_count": len(nodes),
        "record_size": 32,
    }
    marker = b"\xab\xcd\xefMaxMind.com"
    path.write_bytes(bytes(tree) + bytes(16) + bytes(data) + marker + _metadata(metadata))
    return path


def _bits(text: str, version: int) -> str:
    network = ipaddress.ip_network(text)
    bits = format(int(network.network_address), f"0{network.max_prefixlen}b")[: network.prefixlen]
    return "0" * 96 + bits if version == 6 and network.version == 4 else bits


def _insert(root: Tree, bits: str, record: dict[str, Any]) -> None:
    node = root
    for bit in bits[:-1]:
        if node[int(bit)] is None:
            node[int(bit)] = [None, None]
        node = node[int(bit)]
    node[int(bits[-1])] = record


def _number(node: Tree, nodes: list[Tree]) -> None:
    nodes.append(node)
    for side in node:
        if isinstance(side, list):
            _number(side, nodes)


def _metadata(metadata: dict[str, Any]) -> bytes:
    """Encode the metadata; readers insist on the widths of its numbers."""
    wide = {"build_epoch": (9, 8), "node_count": (6, 4)}
    body = b""
    for key, value in metadata.items():
        kind, width = wide.get(key, (5, 2))
        number = isinstance(value, int)
        body += _encode(key) + (
            _head(kind, width) + value.to_bytes(width, "big") if number else _encode(value)
        )
    return _head(7, len(metadata)) + body


def _encode(value: Any) -> bytes:
    if isinstance(value, bool):
        return _head(14, int(value))
    if isinstance(value, str):
        raw = value.encode()
        return _head(2, len(raw)) + raw
    if isinstance(value, int):
        raw = value.to_bytes(8, "big").lstrip(b"\0")
        return _head(9, len(raw)) + raw
    if isinstance(value, dict):
        return _head(7, len(value)) + b"".join(_encode(key) + _encode(item) for key, item in value.items())
    return _head(11, len(value)) + b"".join(map(_encode, value))


def _head(kind: int, size: int) -> bytes:
    """Return the control byte(s): type and size; types from 8 on are in a second byte."""
    extra = b""
    if size >= 29:
        size, extra = 29, (size - 29).to_bytes(1, "big")
    if kind < 8:
        return bytes([kind << 5 | size]) + extra
    return bytes([size, kind - 7]) + extra

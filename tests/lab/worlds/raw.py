"""Reads a made world's raw files back, in every shape that the lab writes."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

Record = dict[str, Any]


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
            yield path, data.decode("utf-8-sig")


def entries(folder: Path) -> Iterator[tuple[Path, Record | None]]:
    """Every record with its file; None for one that is damaged."""
    for path, text in texts(folder):
        name = path.name.removesuffix(".gz")
        if name.endswith(".csv"):
            rows = csv.DictReader(io.StringIO(text, newline=""))
            yield from ((path, parsed(row["AuditData"] or "")) for row in rows)
        elif name.endswith(".jsonl"):
            yield from ((path, unwrapped(parsed(line))) for line in text.splitlines())
        else:
            document = msgspec.json.decode(text)
            rows_ = (document.get("value") or document["items"]) if isinstance(document, dict) else document
            yield from ((path, row) for row in rows_)


def parsed(text: str) -> Record | None:
    try:
        return msgspec.json.decode(text)  # type: ignore[no-any-return]
    except msgspec.DecodeError:
        return None


def unwrapped(record: Record | None) -> Record | None:
    return parsed(record["AuditData"]) if record and "AuditData" in record else record


def identity(record: Record) -> str:
    """The record's own id, wherever its shape keeps it."""
    inner = record.get("properties")
    if isinstance(inner, dict):
        return str(inner["id"])
    if isinstance(record.get("id"), dict):
        return str(record["id"]["uniqueQualifier"])
    return str(record.get("Id") or record.get("id") or record.get("uuid"))


def records(folder: Path) -> list[Record]:
    """All readable records, repeats removed."""
    found: dict[tuple[str, bool], Record] = {}
    for _, record in entries(folder):
        if record is not None:
            found.setdefault((identity(record), "Operation" in record), record)
    return list(found.values())

"""The checkpoint of a followed file, as a JSON object for the database."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, get_args

from seawall.events.formats.growing_text import ReadPosition, Shape
from seawall.pipeline.live.errors import CheckpointInvalid

HEADS = (64, 256, 1024)
"""Sizes of the prefixes whose digests identify a file."""
TAIL = 1024
_MOST_COLUMNS = 2_000
_DIGEST = 32


@dataclass(frozen=True, slots=True)
class FileState:
    """The identity of a file, and the position up to which it was read.

    `path` is its last known path. `heads` are digests of its first 64, 256 and 1,024 bytes, as far as they existed; `tail` is
    the digest of the last bytes before the offset. For a file that is only read as a whole, `size` and `changed_ns` are those
    of the content read. `batches` and `records` then tell how much was delivered, and `is_done` whether that was everything.
    `gone` is 0 while the file exists; files that disappeared are numbered in order.
    """

    path: str
    device: int
    inode: int
    place: ReadPosition | None = None
    heads: tuple[str, ...] = ()
    tail: str = ""
    size: int = 0
    changed_ns: int = 0
    batches: int = 0
    records: int = 0
    is_done: bool = False
    gone: int = 0

    @property
    def offset(self) -> int:
        """Number of bytes read."""
        return self.place.offset if self.place is not None else 0

    def plain(self) -> dict[str, Any]:
        """Return the state as a JSON object."""
        return asdict(self)


def restore_state(value: Mapping[str, Any]) -> FileState:
    """Return the state of a JSON object made by `plain`. Raises `CheckpointInvalid` for anything else."""
    try:
        known = {field.name: value[field.name] for field in fields(FileState)}
        if known["place"] is not None:
            place = {field.name: known["place"][field.name] for field in fields(ReadPosition)}
            known["place"] = _check_place(
                ReadPosition(**{**place, "header": _texts(place["header"], _MOST_COLUMNS)})
            )
        state = FileState(**{**known, "heads": _texts(known["heads"], len(HEADS))})
        _check_types(state, FileState("", 0, 0), ("place", "heads"))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointInvalid(
            f"the checkpoint of a followed file is damaged: {error}",
            fix="restore the store from a backup, or delete the checkpoint; Seawall then reads the files from their start",
        ) from error
    return state


def _texts(value: Any, most: int) -> tuple[str, ...]:
    if (
        not isinstance(value, list | tuple)
        or len(value) > most
        or not all(isinstance(text, str) for text in value)
    ):
        raise ValueError("no list of texts")
    return tuple(value)


def _check_place(place: ReadPosition) -> ReadPosition:
    _check_types(place, ReadPosition("lines"), ("header",))
    if place.shape not in get_args(Shape) or place.number < 1:
        raise ValueError("no place in a file")
    if (place.shape == "table") != bool(place.header) or (
        place.shape == "table" and len(place.delimiter) != 1
    ):
        raise ValueError("a table without a header")
    return place


def _check_types(value: Any, example: Any, apart: tuple[str, ...]) -> None:
    for field in fields(value):
        found = getattr(value, field.name)
        if field.name in apart:
            continue
        if type(found) is not type(getattr(example, field.name)) or (isinstance(found, int) and found < 0):
            raise ValueError(f"{field.name} is no value of its kind")


def heads_of(descriptor: int, size: int) -> tuple[str, ...]:
    """Return the digests of the prefixes of an open file with `size` bytes."""
    head = os.pread(descriptor, HEADS[-1], 0)
    return tuple(digest(head[:length]) for length in HEADS if length <= min(size, len(head)))


def tail_of(descriptor: int, offset: int) -> str:
    """Return the digest of the last bytes before the offset of an open file."""
    length = min(offset, TAIL)
    return digest(os.pread(descriptor, length, offset - length)) if length else ""


def digest(data: bytes) -> str:
    """Return a short hexadecimal digest."""
    return hashlib.blake2b(data, digest_size=_DIGEST // 2).hexdigest()


def shares_head(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Return whether the longest prefix known of both files is equal; false if one is too short to tell."""
    length = min(len(left), len(right))
    return length > 0 and left[length - 1] == right[length - 1]


def continues(state: FileState, descriptor: int, size: int) -> bool:
    """Return whether an open file still has the content that was read up to the offset."""
    if size < state.offset:
        return False
    heads = heads_of(descriptor, size)
    if len(heads) < len(state.heads) or (state.heads and not shares_head(state.heads, heads)):
        return False
    return tail_of(descriptor, state.offset) == state.tail


def learn(state: FileState, descriptor: int, size: int) -> FileState:
    """Return the state with the digests of the present content."""
    return replace(state, heads=heads_of(descriptor, size), tail=tail_of(descriptor, state.offset))

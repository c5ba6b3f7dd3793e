"""List what a scan on Spark reads, and divide it into pieces, of which each is work for one task."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from seawall.events.formats.files import walk
from seawall.events.problem import Problem
from seawall.pipeline.scan_inputs import OUTPUTS, SCRATCH
from seawall.spark.delta_input import find_tables, list_table_files
from seawall.spark.lake import LAKE, TABLES, ReadFile
from seawall.storage.files.campaign_documents import CAMPAIGNS
from seawall_base.errors import InputUnreadable

MOST_FILES: Final = 500
"""Files of one piece."""

LEAST_BYTES: Final = 4 << 20


@dataclass(slots=True)
class InputPiece:
    """Files that one task reads, in order, by their names as the system has them.

    `values` are those of the partition of a table, as JSON; empty for a file that belongs to none.
    """

    paths: list[bytes] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    size: int = 0


@dataclass(slots=True)
class FoundInput:
    """The files of an input in order, and what cannot be read at all; `values` are of tables' files, by name."""

    files: list[ReadFile] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(one.size for one in self.files)


def find_files(inputs: Sequence[Path], out: Path, known: Iterable[ReadFile]) -> FoundInput:
    """Return the files under some paths, without results of scans in `out` and without those that were read before.

    Raises `InputUnreadable` if a path does not exist.
    """
    missing = [path for path in inputs if not path.exists() and not path.is_symlink()]
    if missing or not inputs:
        raise InputUnreadable(
            f"no such file or folder: {missing[0] if missing else '(none given)'}", fix="check the path"
        )
    found, place, before = FoundInput(), out.resolve(), frozenset(map(_with_absolute_name, known))
    tables, parts = _list_tables(inputs, place, found)
    for one in walk(inputs):
        if isinstance(one, Problem):
            found.problems.append(one)
            continue
        real = one.resolve()
        if _is_result(real, place) or (
            real not in parts and any(real.is_relative_to(root) for root in tables)
        ):
            continue
        try:
            status = one.stat()
        except OSError:
            status = None
        size, changed = (status.st_size, status.st_mtime_ns) if status is not None else (0, 0)
        file = ReadFile(encode_name(one), size, changed)
        if _with_absolute_name(file) not in before:
            found.files.append(file)
            if parts.get(real):
                found.values[file.name] = json.dumps(parts[real], sort_keys=True)
    return found


def _with_absolute_name(file: ReadFile) -> ReadFile:
    """Return a file that a scan may have recorded under a name relative to the folder where it was started."""
    path = Path(os.fsdecode(decode_name(file.name)))
    return file if path.is_absolute() else msgspec.structs.replace(file, name=encode_name(path.absolute()))


def _list_tables(
    inputs: Sequence[Path], out: Path, found: FoundInput
) -> tuple[list[Path], dict[Path, dict[str, str]]]:
    """Return the folders of Delta tables among the inputs, and the files of their latest versions."""
    tables: list[Path] = []
    parts: dict[Path, dict[str, str]] = {}
    for table in find_tables(inputs):
        if _is_result(table.resolve(), out):
            continue
        tables.append(table.resolve())
        listed = list_table_files(table)
        if isinstance(listed, Problem):
            found.problems.append(listed)
        else:
            parts |= listed
    return tables, parts


def cut_into_pieces(
    files: Iterable[ReadFile], piece_bytes: int, values: Mapping[str, str] | None = None
) -> list[InputPiece]:
    """Return the files as pieces of about so many bytes, in order; `values` are of tables' files, by name."""
    pieces = [InputPiece()]
    for file in files:
        last = pieces[-1]
        if last.paths and (last.size + file.size > piece_bytes or len(last.paths) >= MOST_FILES):
            last = InputPiece()
            pieces.append(last)
        last.paths.append(decode_name(file.name))
        last.values.append((values or {}).get(file.name, ""))
        last.size += file.size
    return [piece for piece in pieces if piece.paths]


def choose_piece_bytes(size: int, tasks: int, most: int) -> int:
    """Return how many bytes of files a task reads, about: several pieces for each core, so that none waits long."""
    return max(min(most, size // (4 * tasks) + 1), LEAST_BYTES)


_HEX: Final = "hex:"


def decode_name(name: str) -> bytes:
    """Return the name of a file as the system has it."""
    return bytes.fromhex(name.removeprefix(_HEX)) if name.startswith(_HEX) else os.fsencode(name)


def encode_name(path: Path) -> str:
    """Return the name of a file as a text that JSON can hold."""
    raw = os.fsencode(path)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _HEX + raw.hex()
    return _HEX + raw.hex() if text.startswith(_HEX) else text


def _is_result(path: Path, out: Path) -> bool:
    """Return whether a file is a result of a scan in the folder `out`."""
    if not path.is_relative_to(out) or path == out:
        return False
    first = path.relative_to(out).parts[0]
    return first in (*OUTPUTS, CAMPAIGNS, LAKE, TABLES) or first.startswith(SCRATCH)

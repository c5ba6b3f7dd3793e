"""Files by which the task that codes a large shelf hands its days, cut by account, to the tasks that score the parts.

They lie in the lake, under a name that no other driver uses, until the run is over. A task that runs twice writes the same.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from seawall.detection.coverage_note import CoverageNote
from seawall.events.array_state import StateInvalid
from seawall.events.coded_batch import CodedBatch, Times, Vocabulary
from seawall_base import private_files

_OPTIONS = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", 1))
_PLAN = "plan.json"


class CutPlan(msgspec.Struct, frozen=True):
    """What the parts of a shelf must know: their number, the days to score after `since`, and which states to keep.

    `files` are for each part the present files of the table of events, with month and number of events. `joined` and `notes`
    stand for the shelf as a whole.
    """

    parts: int
    since: int
    days: list[int]
    kept: list[int]
    files: list[list[tuple[str, str, int]]]
    joined: list[Any]
    notes: list[CoverageNote]


@dataclass(frozen=True, slots=True)
class PartFiles:
    """The folder of a shelf that is cut: vocabularies, days by part, and the states before them."""

    folder: Path

    def write(self, name: str, content: bytes | pa.Buffer) -> None:
        """Write a file, whole or not at all."""
        private_files.make_folder(self.folder)
        descriptor, waiting = tempfile.mkstemp(".waiting", dir=self.folder)
        with os.fdopen(descriptor, "wb") as sink:
            sink.write(content)
        Path(waiting).replace(self.folder / name)

    def read(self, name: str) -> bytes:
        """Return what a file holds. Raises `StateInvalid` if it is not there."""
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise _invalid() from error

    def write_plan(self, plan: CutPlan) -> None:
        """Write the plan, last of all."""
        self.write(_PLAN, msgspec.json.encode(plan))

    def read_plan(self) -> CutPlan:
        """Return the plan. Raises `StateInvalid`."""
        try:
            return msgspec.json.decode(self.read(_PLAN), type=CutPlan)
        except msgspec.MsgspecError as error:
            raise _invalid() from error

    def write_vocabularies(self, vocabularies: Mapping[str, Vocabulary]) -> None:
        """Write the texts behind the codes, which all parts need."""
        for name, vocabulary in vocabularies.items():
            self.write(f"texts-{name}", _pack(pa.table({"text": vocabulary.array})))

    def read_vocabularies(self) -> dict[str, Vocabulary]:
        """Return the texts behind the codes. Raises `StateInvalid`."""
        found = {}
        for path in sorted(self.folder.glob("texts-*")):
            texts = _unpack(self.read(path.name))["text"]
            found[path.name.removeprefix("texts-")] = Vocabulary(_join_chunks(texts))
        return found

    def write_day(self, part: int, day: int, batch: CodedBatch, order: Times) -> None:
        """Write the events of a part on a day. `order` (n,) are their places among those of all parts."""
        columns: dict[str, Any] = {"time": batch.time, "order": order, "actor": batch.actor}
        columns |= {f"code {name}": column for name, column in batch.codes.items()}
        columns |= {f"number {name}": column for name, column in batch.numbers.items()}
        columns |= {f"text {name}": column for name, column in batch.texts.items()}
        self.write(f"day-{day}-{part}", _pack(pa.table(columns)))

    def read_day(
        self, part: int, day: int, vocabularies: Mapping[str, Vocabulary]
    ) -> tuple[CodedBatch, Times]:
        """Return the events of a part on a day, and their places among those of all parts. Raises `StateInvalid`."""
        table = _unpack(self.read(f"day-{day}-{part}"))

        def find(kind: str) -> list[str]:
            return [name for name in table.column_names if name.startswith(kind)]

        def numbers(name: str) -> np.ndarray:
            return np.asarray(table[name].to_numpy())

        batch = CodedBatch(
            numbers("time"),
            {name.removeprefix("code "): numbers(name) for name in find("code ")},
            {name.removeprefix("number "): numbers(name) for name in find("number ")},
            {name.removeprefix("text "): _join_chunks(table[name]) for name in find("text ")},
            numbers("actor"),
            vocabularies,
        )
        return batch, numbers("order")


def _pack(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _unpack(content: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(content) as reader:
            return reader.read_all()
    except (pa.ArrowException, OSError) as error:
        raise _invalid() from error


def _join_chunks(column: pa.ChunkedArray) -> pa.Array:
    return (
        column.chunk(0)
        if column.num_chunks == 1
        else pa.concat_arrays([*column.chunks, pa.array([], column.type)])
    )


def _invalid() -> StateInvalid:
    return StateInvalid("what the lake holds of a run that is going on is damaged", fix="run it again")

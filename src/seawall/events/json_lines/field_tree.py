"""The fields that a log's records may have, as arrays that compiled code looks names up in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from seawall.events.json_lines.layout import NOWHERE, PADDING, ROOT
from seawall.events.json_lines.texts import hash_bytes

MOST_COLUMNS = 300

_SEED = np.uint64(hash("names of fields") & 0xFFFFFFFFFFFFFFFF)
"""Another one in each process, unless Python is told otherwise: nobody can choose names that all meet in one slot."""


class FieldArrays(NamedTuple):
    """The tree as compiled code reads it.

    `slots`, int32, holds the number of a field or -1; `letters`, uint8, the names as UTF-8; `table`, int32 (fields, 7), what is
    to be done with each. `follow`, int32 (fields + 1), holds the field that came after each, and first after none, in the last
    record; reading changes it. `is_open` says that fields can be added, and `open_nodes`, by bit, to which nodes.
    """

    slots: npt.NDArray[np.int32]
    letters: npt.NDArray[np.uint8]
    table: npt.NDArray[np.int32]
    follow: npt.NDArray[np.int32]
    seed: Any
    is_open: bool
    open_nodes: int


@dataclass(frozen=True, slots=True)
class _Field:
    node: int
    name: bytes
    column: int
    child: int
    flags: int
    tally: int


class FieldTree:
    """Declares fields by node, that is by the object they are in. Columns and tallies are numbered as they come.

    `columns` names the columns. `arrays` is built anew after a change.
    """

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.tallies = 0
        self._fields: list[_Field] = []
        self._nodes = 1
        self.prefixes = {ROOT: ""}
        """What goes before the names of fields that turn up in a node, to name their columns. Other nodes pass them by."""
        self._arrays: FieldArrays | None = None

    def add_node(self, prefix: str | None = None) -> int:
        """Return the number of another object that is looked into. With a prefix, fields that turn up in it get columns."""
        self._nodes += 1
        if prefix is not None:
            self.prefixes[self._nodes - 1] = prefix
        return self._nodes - 1

    def add_tally(self) -> int:
        """Return the number of another count of elements."""
        self.tallies += 1
        return self.tallies - 1

    def add(
        self,
        name: str,
        *,
        node: int = ROOT,
        column: str | None = None,
        child: int = NOWHERE,
        flags: int = 0,
        tally: int = -1,
    ) -> None:
        """Declare a field of a node: the column that its value fills, the node of objects in it, the tally of its elements."""
        number = -1
        if column is not None:
            number = len(self.columns)
            self.columns.append(column)
        self._fields.append(_Field(node, name.encode(), number, child, flags, tally))
        self._arrays = None

    @property
    def is_full(self) -> bool:
        """Whether no further column is made room for: records with other fields are left."""
        return len(self.columns) >= MOST_COLUMNS

    @property
    def arrays(self) -> FieldArrays:
        """Build the tree for compiled code."""
        if self._arrays is None:
            nodes = sum(1 << node for node in self.prefixes)
            self._arrays = _to_arrays(self._fields, nodes, is_open=not self.is_full)
        return self._arrays


def _node_seed(node: int) -> Any:
    """Return the seed under which names of a node are hashed."""
    return np.uint64((int(_SEED) + node) & 0xFFFFFFFFFFFFFFFF)


def _to_arrays(fields: list[_Field], nodes: int, *, is_open: bool) -> FieldArrays:
    letters = np.frombuffer(b"".join(field.name for field in fields) + bytes(PADDING), np.uint8)
    slots = np.full(1 << (4 * len(fields) + 8).bit_length(), -1, np.int32)
    table = np.empty((len(fields), 7), np.int32)
    start = 0
    for number, field in enumerate(fields):
        size = len(field.name)
        table[number] = (start, size, field.node, field.column, field.child, field.flags, field.tally)
        slot = int(hash_bytes(letters, start, size, _node_seed(field.node))) % len(slots)
        while slots[slot] >= 0:
            slot = (slot + 1) % len(slots)
        slots[slot] = number
        start += size
    return FieldArrays(slots, letters, table, np.full(len(fields) + 1, -1, np.int32), _SEED, is_open, nodes)

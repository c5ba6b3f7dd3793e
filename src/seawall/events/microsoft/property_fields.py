"""Fields of records with a member `properties`, as columns that compiled code reads.

Diagnostic settings nest the fields in `properties`, Log Analytics and Graph do not. Capitals differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.envelopes import FIELDS as ENVELOPE_FIELDS
from seawall.events.formats.distinct_values import Column, coalesce
from seawall.events.formats.json_records import WRAPPERS
from seawall.events.formats.raw_columns import RawColumns
from seawall.events.json_lines.block import JsonBlock
from seawall.events.json_lines.field_tree import FieldTree
from seawall.events.json_lines.layout import IS_OBJECT, IS_REFUSED

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Kept = tuple[list[str], list[str]]
"""Columns that go to `unmapped`, at the top and in `properties`."""

_INNER = ("properties", "Properties")
_OTHERS = (
    *WRAPPERS,
    *sorted(ENVELOPE_FIELDS),
    "Operation",
    "eventType",
    "kind",
    "items",
)
"""Fields of envelopes and of other logs."""


def build_field_tree() -> FieldTree:
    """Declare the fields that decide whether a line is one of ours. All others get columns as they turn up."""
    tree = FieldTree()
    for name in _INNER:
        tree.add(name, column=name, child=tree.add_node(f"{name}\0"), flags=IS_OBJECT)
    for name in _OTHERS:
        tree.add(name, flags=IS_REFUSED)
    return tree


class PropertyFields:
    """Hold the fields of some rows of a block by lower-case name: those in `properties` go before those at the top."""

    def __init__(self, block: JsonBlock, rows: Rows) -> None:
        self.block, self.rows = block, rows
        self.outer: dict[str, list[str]] = defaultdict(list)
        self.inner: dict[str, list[str]] = defaultdict(list)
        for column in block.list_columns(rows):
            place, _, name = column.rpartition("\0")
            (self.inner if place else self.outer)[name.lower()].append(column)
        self._scalars: dict[str, Column] = {}

    def pick(self, is_picked: Flags) -> PropertyFields:
        """Return the fields of some of the rows."""
        return self if is_picked.all() else PropertyFields(self.block, self.rows[is_picked])

    def has_one_of_each(self, marks: Collection[Collection[str]]) -> Flags:
        """Return which records have, at the top, a field of each line of `marks`."""
        return np.asarray(np.logical_and.reduce([self.has(*some) for some in marks]))

    def places(self, *names: str) -> list[str]:
        """List the columns of fields, in the order in which the first with a value is taken."""
        return [
            column for source in (self.inner, self.outer) for name in names for column in source.get(name, ())
        ]

    def empty(self) -> Column:
        """Return a column without values."""
        return Column(np.full(len(self.rows), -1, np.int32), pa.array([], pa.string()))

    def has(self, *names: str) -> Flags:
        """Return which records have one of the fields at the top, also with null."""
        columns = [column for name in names for column in self.outer.get(name, ())]
        found = np.zeros(len(self.rows), np.bool_)
        for column in columns:
            found |= self.block.has_field(column, self.rows)
        return found

    def scalar(self, *names: str) -> Column:
        """Return the first scalar among the fields, as text."""
        return reduce(coalesce, map(self._scalar, self.places(*names)), self.empty())

    def _scalar(self, column: str) -> Column:
        if column not in self._scalars:
            self._scalars[column] = self.block.encode_scalars(column, self.rows)
        return self._scalars[column]

    def outer_scalar(self, name: str) -> Column:
        """Return a scalar from the top alone, as text."""
        return reduce(coalesce, map(self._scalar, self.outer.get(name, ())), self.empty())

    def inner_scalar(self, name: str) -> Column:
        """Return a scalar from `properties` alone, as text."""
        return reduce(coalesce, map(self._scalar, self.inner.get(name, ())), self.empty())

    def structure(self, *names: str) -> Column:
        """Return the first value among the fields that is not empty, as JSON."""
        columns = (self.block.encode_column(name, self.rows, is_json=True) for name in self.places(*names))
        return reduce(coalesce, columns, self.empty())

    def read_texts(self, *names: str) -> Any:
        """Do like `scalar`, for values that do not repeat, as an Arrow string array."""
        found = pa.nulls(len(self.rows), pa.string())
        for column in self.places(*names):
            texts = self.block.read_texts(column, self.rows)
            is_structure = self.block.is_structure(column, self.rows)
            if is_structure.any():
                texts = pc.if_else(pa.array(is_structure), None, texts)
            found = texts if found.null_count == len(found) else pc.coalesce(found, texts)
        return found


def read_records(
    block: JsonBlock,
    used: Collection[str],
    identifier: Collection[str],
    is_ours: Callable[[PropertyFields], Flags],
    make_columns: Callable[[PropertyFields, Kept], dict[str, Any]],
) -> tuple[Any, Rows]:
    """Return raw columns of the records of a block that are read by column, and the lines that they are on.

    Left to the general reader are records of other logs (`is_ours`), in unusual spellings, and without one of the fields
    `identifier`. `used` are the fields that do not go to `unmapped`.
    """
    fields = PropertyFields(block, np.flatnonzero(block.is_read))
    kept = list_kept(fields, used)
    if len(fields.rows):
        fields = fields.pick(mark_plain(fields, kept) & is_ours(fields))
    if len(fields.rows):
        identifiers = fields.read_texts(*identifier)
        if identifiers.null_count:
            fields = fields.pick(identifiers.is_valid().to_numpy(False))
    rows = fields.rows
    return RawColumns(make_columns(fields, kept), len(rows)) if len(rows) else None, rows


def list_kept(fields: PropertyFields, used: Collection[str]) -> Kept:
    """List the columns that go to `unmapped`, in the order in which the fields come."""
    outer, inner = (
        [column for name, columns in source.items() if name not in used for column in columns]
        for source in (fields.outer, fields.inner)
    )
    order = fields.block.order_fields
    return order(outer, fields.rows), order(inner, fields.rows)


def mark_plain(fields: PropertyFields, kept: Kept) -> Flags:
    """Return which records have each field in one spelling, and the kept ones in their usual order."""
    block, rows = fields.block, fields.rows
    is_plain = np.ones(len(rows), np.bool_)
    for source in (fields.outer, fields.inner):
        for columns in source.values():
            if len(columns) > 1:
                is_plain &= sum(block.has_field(column, rows).astype(np.int8) for column in columns) <= 1
    for column in fields.outer.get("properties", ()):
        if column not in _INNER:
            is_plain &= ~block.has_field(column, rows)
    outer, inner = kept
    is_plain &= block.is_ordered(outer, rows) & block.is_ordered(inner, rows)
    for column in inner:
        same = column.rpartition("\0")[2]
        if same in outer:
            is_plain &= ~(block.has_field(column, rows) & block.has_field(same, rows))
    return np.asarray(is_plain)


def mark_values(column: Column, is_one: Callable[[Any], bool]) -> Flags:
    """Return in which rows a value is one of some."""
    return np.array([*map(is_one, column.values), False], np.bool_)[column.codes]


def write_kept(fields: PropertyFields, kept: Kept) -> Any:
    """Write JSON objects of the kept fields, an Arrow string array; null where a record has none."""
    columns = (*kept[0], *kept[1])
    names = [column.rpartition("\0")[2] for column in columns]
    return fields.block.write_objects(columns, fields.rows, names, is_strict=True)

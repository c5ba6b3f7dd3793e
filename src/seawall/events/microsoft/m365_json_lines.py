"""Unified audit records on JSON lines, as raw columns that compiled code reads.

A record that is not plainly one (a field of another shape than usual, no id) is left to the general reader.
Both give the same raw columns, to the byte.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.events.envelopes import AUDIT_DATA
from seawall.events.formats.distinct_values import Column, distinct_rows
from seawall.events.formats.json_records import WRAPPERS
from seawall.events.formats.raw_columns import RawColumns
from seawall.events.json_lines.block import LARGEST_BLOCK, JsonBlock, prepare
from seawall.events.json_lines.field_tree import FieldTree
from seawall.events.json_lines.layout import IS_ARRAY, IS_OBJECT, IS_REFUSED, OF_FIRST
from seawall.events.microsoft import m365_columns, m365_records
from seawall.events.microsoft.m365_fields import (
    CONTEXT_FIELDS,
    DROPPED_FIELDS,
    KEPT_FIELDS,
    NESTED_FIELDS,
    TEXT_FIELDS,
)

__all__ = ["LARGEST_BLOCK", "NAME", "JsonBlock", "build_field_tree", "prepare", "read_raw_columns"]

NAME = m365_columns.NAME

Rows = npt.NDArray[np.int64]

_MARKS = ("RecordType", "Workload", "UserType", "OrganizationId", "UserKey")
_NEEDED = ("Id", "CreationTime", "Operation")
_DECISIVE = tuple(dict.fromkeys((*m365_records.KIND_FIELDS, *_MARKS, *_NEEDED)))
_CONTEXT, _FOLDERS = "AppAccessContext", "Folders"
_DECLARED = tuple(dict.fromkeys((*TEXT_FIELDS, *NESTED_FIELDS, *KEPT_FIELDS)))
_FOLDER_PATH, _FOLDER_ITEMS = "Folders.Path", "Folders.Items"
_ITEMS = 0


def build_field_tree() -> FieldTree:
    """Declare the fields of an audit record. Further ones get columns as they turn up."""
    tree = FieldTree()
    context, folder, items = tree.add_node(), tree.add_node(), tree.add_tally()
    for name in _DECLARED:
        if name != _FOLDERS:
            tree.add(name, column=name)
    tree.add(_FOLDERS, column=_FOLDERS, child=folder, flags=IS_ARRAY, tally=items)
    tree.add("Path", node=folder, column=_FOLDER_PATH, flags=OF_FIRST)
    tree.add("FolderItems", node=folder, flags=IS_ARRAY, tally=items)
    tree.add(_CONTEXT, column=_CONTEXT, child=context, flags=IS_OBJECT)
    for name in CONTEXT_FIELDS:
        tree.add(name, node=context, column=f"Context.{name}")
    for name in sorted(DROPPED_FIELDS - {_CONTEXT}):
        tree.add(name)
    for name in (*WRAPPERS, *AUDIT_DATA):
        tree.add(name, flags=IS_REFUSED)
    return tree


_KNOWN_COLUMNS = frozenset(build_field_tree().columns)


def read_raw_columns(block: JsonBlock) -> tuple[Any, Rows]:
    """Return raw columns and `unmapped` of the records of a block, and the lines that they are on; the other lines are left."""
    rows = np.flatnonzero(block.is_read)
    if not len(rows):
        return None, rows
    held = set(block.list_columns(rows))
    columns = _read_columns(block, [name for name in _DECISIVE if name in held], rows)
    is_good = _is_good(columns, len(rows))
    if not is_good.all():
        rows = rows[is_good]
        if not len(rows):
            return None, rows
        columns = {name: _filter(column, is_good) for name, column in columns.items()}
        held = set(block.list_columns(rows))
    more = [name for name in m365_columns.RAW_COLUMNS if name in held and name not in columns]
    columns |= _read_columns(block, more, rows)
    columns[_FOLDER_ITEMS] = _write_counts(block.read_tally(_ITEMS, rows))
    found = RawColumns(columns, len(rows))
    is_known = _is_known([found.column(name) for name in m365_records.KIND_FIELDS])
    columns["unmapped"] = _join_unmapped(block, rows, held, is_known)
    return found, rows


def _read_columns(block: JsonBlock, names: list[str], rows: Rows) -> dict[str, Any]:
    """Return raw columns by name: texts where nearly every value is another, else by code."""
    coded = [name for name in names if name not in m365_columns.PLAIN_COLUMNS]
    columns = {name: block.read_texts(name, rows) for name in names if name in m365_columns.PLAIN_COLUMNS}
    return columns | dict(zip(coded, block.encode_columns(coded, rows), strict=True))


def _filter(column: Any, rows: npt.NDArray[np.bool_]) -> Any:
    if isinstance(column, Column):
        return Column(column.codes[rows], column.dictionary)
    return column.filter(pa.array(rows))


def _is_valid(column: Any) -> npt.NDArray[np.bool_]:
    if isinstance(column, Column):
        return np.asarray(column.codes >= 0)
    return np.asarray(column.is_valid().to_numpy(False))


def _is_good(columns: dict[str, Any], size: int) -> npt.NDArray[np.bool_]:
    """Return which records have an id, a time, an operation and a mark."""
    if not all(name in columns for name in _NEEDED):
        return np.zeros(size, np.bool_)
    has_needed = np.logical_and.reduce([_is_valid(columns[name]) for name in _NEEDED])
    has_mark = [_is_valid(columns[name]) for name in _MARKS if name in columns]
    return np.asarray(has_needed & np.logical_or.reduce([np.zeros(size, np.bool_), *has_mark]))


def _is_known(kind: list[Any]) -> npt.NDArray[np.bool_]:
    """Return which records are of a kind that is not kept whole, from the columns that tell it."""
    inverse, kinds = distinct_rows(tuple(map(Column.of, kind)))
    return np.array([m365_records.is_known(*kind) for kind in kinds], np.bool_)[inverse]


def _write_counts(tally: npt.NDArray[np.int32]) -> Column:
    numbers, codes = np.unique(tally, return_inverse=True)
    texts = pa.array([str(number) if number >= 0 else None for number in numbers.tolist()], pa.string())
    shift = int(numbers[0] < 0)
    return Column((codes - shift).astype(np.int32), texts.slice(shift))


def _join_unmapped(block: JsonBlock, rows: Rows, held: set[str], is_known: npt.NDArray[np.bool_]) -> Any:
    """Write JSON objects of the fields that no column holds in full, known ones first; whole records of no known kind."""
    unknown = sorted(held - _KNOWN_COLUMNS)
    kept = [name for name in (*KEPT_FIELDS, *unknown) if name in held]
    joined = block.write_objects(kept, rows)
    if is_known.all():
        return joined
    places = np.arange(len(rows))
    places[~is_known] = len(rows) + np.arange(len(rows) - np.count_nonzero(is_known))
    return pa.concat_arrays([joined, block.encode_records(rows[~is_known])]).take(pa.array(places))

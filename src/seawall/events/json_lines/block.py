"""Columns of the JSON records on the lines of a block: every line is read once, by compiled code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.formats.distinct_values import Column
from seawall.events.formats.json_values import as_text, encode, parse
from seawall.events.formats.object_texts import objects
from seawall.events.json_lines.copies import (
    ODD,
    copy_objects,
    copy_texts,
    make_texts,
    measure_objects,
    measure_texts,
)
from seawall.events.json_lines.field_tree import FieldTree
from seawall.events.json_lines.layout import (
    FORM_BITS,
    IS_BLANK,
    IS_LEFT,
    IS_READ,
    LARGE,
    PADDING,
    UNUSUAL,
    WIDE,
)
from seawall.events.json_lines.records import read_lines
from seawall.events.json_lines.spans import FEWEST_SLOTS, mark_held, number_values
from seawall_base.compiled import try_out

Rows = npt.NDArray[np.int64]

LARGEST_BLOCK = 1 << 28
"""Bytes of a block: sizes and places of values are numbers of 32 bits, of which three hold a form."""
_LONGEST_NAME = 64
_MOST_ORDERED, _MOST_PATTERNS = 60, 200
"""Fields that are brought into an order, and sets of fields that are looked at for it."""
_SEED = np.uint64(hash("values of fields") & 0xFFFFFFFFFFFFFFFF)
_ANY_DEPTH = 1 << 20
_EMPTY = frozenset({"null", '""', "[]", "{}"})
_EMPTY_TEXTS = pa.array(['"[]"', '"{}"'])


class JsonBlock:
    """Find the fields of the JSON records on the lines of a block of UTF-8 text, which has PADDING further bytes behind it.

    `is_read` says which lines hold a record that was read, `is_blank` which hold nothing, both bool (lines,). The other lines are
    left to the general reader. `has_large` tells which hold a large number. `tree` gets a column for each further field.
    """

    def __init__(self, block: bytearray, starts: Rows, ends: Rows, tree: FieldTree, depth: int) -> None:
        self._data = np.frombuffer(block, np.uint8)
        self._block = block
        self.starts, self.ends = starts, ends
        self.tree = tree
        self._cells = _make_cells(len(tree.columns), len(starts))
        self._tallies = np.full((tree.tallies, len(starts)), -1, np.int32)
        ways = np.full(len(starts), IS_LEFT, np.uint8)
        name = np.zeros(3, np.int64)
        row = 0
        while row < len(starts):
            written = (self._cells, self._tallies, ways, name)
            row = read_lines(self._data, starts, ends, row, depth, *tree.arrays, *written)
            if row < len(starts) and not self._declare(
                bytes(block[name[0] : name[0] + name[1]]), int(name[2])
            ):
                row += 1
        self._places = {name: place for place, name in enumerate(tree.columns)}
        self.is_blank = ways == IS_BLANK
        self.is_read = ways & ~np.uint8(WIDE + LARGE + UNUSUAL) == IS_READ
        self.has_large = ways & np.uint8(LARGE) != 0
        self._is_unusual = ways & np.uint8(UNUSUAL) != 0
        self._refuse_bad_letters(np.flatnonzero(ways & WIDE))

    def _declare(self, name: bytes, node: int) -> bool:
        """Make room for a field that was not declared; false for an unusual name, whose record is left."""
        text = name.decode("utf-8", "replace")
        is_usual = text.isprintable() and "\ufffd" not in text and len(name) <= _LONGEST_NAME
        column = self.tree.prefixes[node] + text
        if not is_usual or column in self.tree.columns:
            return False
        self.tree.add(text, node=node, column=column)
        columns = len(self.tree.columns)
        if columns > len(self._cells):
            more = _make_cells(columns - len(self._cells), len(self))
            self._cells = np.concatenate([self._cells, more])
        return True

    def _refuse_bad_letters(self, rows: Rows) -> None:
        for row in rows.tolist():
            try:
                self.line(row).decode()
            except UnicodeDecodeError:
                self.is_read[row] = False

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, row: int) -> bytes:
        """Return the bytes of a line."""
        return bytes(self._block[self.starts[row] : self.ends[row]])

    def add_columns(self, names: Sequence[str], cells: npt.NDArray[np.int32]) -> None:
        """Add columns of values that were found otherwise: `cells`, int32 (names, lines, 2), are as `read_lines` has them."""
        self._cells = np.concatenate([self._cells[: len(self._places)], cells])
        self._places |= {name: len(self._places) + place for place, name in enumerate(names)}

    def spans(self, name: str) -> npt.NDArray[np.int32]:
        """Return start (-1 without a value) and size with form of a column's values, int32 (lines, 2)."""
        return np.asarray(self._cells[self._places[name]])

    @property
    def data(self) -> npt.NDArray[np.uint8]:
        """Return the bytes of the block."""
        return self._data

    def encode_records(self, rows: Rows) -> Any:
        """Return the records of some rows as compact JSON, an Arrow string array."""
        texts = [
            encode(parse(self.line(row), _ANY_DEPTH)) if unusual else self.line(row).decode()
            for row, unusual in zip(rows.tolist(), self._is_unusual[rows].tolist(), strict=True)
        ]
        return pa.array(texts, pa.string())

    def list_columns(self, rows: Rows | None = None) -> list[str]:
        """List the columns that hold a value in any of some rows, or on any line."""
        held = np.zeros(len(self._places), np.bool_)
        mark_held(self._cells, np.arange(len(self)) if rows is None else rows, held)
        return [name for name, place in self._places.items() if held[place]]

    def encode_column(self, name: str, rows: Rows, *, is_json: bool = False) -> Column:
        """Return the rows' texts as `as_text` makes them, by code; with `is_json` compact JSON, null where empty."""
        return next(self.encode_columns([name], rows, is_json=is_json))

    def encode_columns(self, names: Sequence[str], rows: Rows, *, is_json: bool = False) -> Iterator[Column]:
        """Yield `encode_column` of several columns."""
        columns = np.array([self._places[name] for name in names], np.int64)
        codes = np.empty((len(names), len(rows)), np.int32)
        firsts = np.empty((len(names), len(rows)), np.int64)
        counts = np.empty(len(names), np.int64)
        slots = max(2 << max(len(rows), 1).bit_length(), FEWEST_SLOTS)
        tables = np.empty((len(names), slots), np.int32)
        number_values(self._data, self._cells, columns, rows, _SEED, tables, codes, firsts, counts)
        for name, code, first, count in zip(names, codes, firsts, counts.tolist(), strict=True):
            yield self._name_codes(name, code, first[:count], is_json)

    def _name_codes(self, name: str, codes: npt.NDArray[np.int32], firsts: Rows, is_json: bool) -> Column:
        """Return a column of codes with the texts of the values, each of which is in one of the rows."""
        texts = self.read_texts(name, firsts, is_json=is_json)
        if not texts.null_count:
            return Column(codes, texts)
        is_valid = texts.is_valid().to_numpy(False)
        numbers = np.where(is_valid, np.cumsum(is_valid) - 1, -1).astype(np.int32)
        return Column(np.append(numbers, np.int32(-1))[codes], texts.drop_null())

    def read_texts(self, name: str, rows: Rows, *, is_json: bool = False) -> Any:
        """Do like `encode_column`, for a column of which nearly every value is another, as an Arrow string array."""
        starts, sizes = self._spans(name)
        lengths, offsets = np.empty(len(rows), np.int64), np.zeros(len(rows) + 1, np.int32)
        measure_texts(self._data, starts, sizes, rows, is_json, lengths)
        texts = np.empty(_count_bytes(lengths) + PADDING, np.uint8)
        copy_texts(self._data, starts, sizes, rows, is_json, lengths, offsets, texts)
        found = make_texts(lengths > 0, offsets, texts)
        odd = np.flatnonzero(lengths == ODD)
        if not len(odd):
            return found
        spans = zip(starts[rows[odd]].tolist(), sizes[rows[odd]].tolist(), strict=True)
        return put(found, odd, pa.array([self._decode_text(*span, is_json) for span in spans], pa.string()))

    def write_objects(
        self,
        columns: Sequence[str],
        rows: Rows,
        names: Sequence[str] | None = None,
        *,
        is_strict: bool = False,
    ) -> Any:
        """Return compact JSON objects of the values of columns, an Arrow string array; null where there is none.

        `names` are those of the members, if not those of the columns. `is_strict` says that a string with an empty array or
        object is no value either.
        """
        places = np.array([self._places[column] for column in columns], np.int64)
        keys = [f"{encode(name)}:".encode() for name in names or columns]
        ends = np.cumsum([0, *map(len, keys)])
        letters = np.frombuffer(b"".join(keys) + bytes(PADDING), np.uint8)
        lengths, offsets = np.empty(len(rows), np.int64), np.zeros(len(rows) + 1, np.int32)
        measure_objects(self._data, self._cells, places, ends, rows, is_strict, lengths)
        texts = np.empty(_count_bytes(lengths) + PADDING, np.uint8)
        copy_objects(self._data, self._cells, places, letters, ends, rows, is_strict, lengths, offsets, texts)
        found = make_texts(lengths > 0, offsets, texts)
        odd = np.flatnonzero(lengths == ODD)
        if not len(odd):
            return found
        members = zip(
            names or columns, self.list_members(columns, rows[odd], is_strict=is_strict), strict=True
        )
        return put(found, odd, objects(members, len(odd)))

    def list_members(self, columns: Sequence[str], rows: Rows, *, is_strict: bool = False) -> list[Any]:
        """Return the values of columns as JSON, null where they are empty; `is_strict` as for `write_objects`."""
        texts = [self.read_texts(column, rows, is_json=True) for column in columns]
        if not is_strict:
            return texts
        return [pc.if_else(pc.is_in(text, value_set=_EMPTY_TEXTS), None, text) for text in texts]

    def has_field(self, name: str, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return in which rows a column's field is there, also with null."""
        return np.asarray(self._spans(name)[0][rows] >= 0)

    def is_structure(self, name: str, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return in which rows a column's value is an object or array."""
        starts = self._spans(name)[0][rows]
        first = self._data[np.maximum(starts, 0)]
        return np.asarray((starts >= 0) & ((first == ord("{")) | (first == ord("["))))

    def is_string(self, name: str, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return in which rows a column's value is a string or null, or is not there."""
        starts = self._spans(name)[0][rows]
        first = self._data[np.maximum(starts, 0)]
        return np.asarray((starts < 0) | (first == ord('"')) | (first == ord("n")))

    def order_fields(self, names: list[str], rows: Rows) -> list[str]:
        """Return columns in an order in which the fields of most records come, also where each record has some of them only."""
        if not names or not len(rows):
            return names
        starts = np.array([self._spans(name)[0][rows] for name in names[:_MOST_ORDERED]])
        weights = np.int64(1) << np.arange(len(starts))
        _, firsts, counts = np.unique(weights @ (starts >= 0), return_index=True, return_counts=True)
        ordered: list[str] = []
        for row in firsts[np.argsort(-counts, kind="stable")][:_MOST_PATTERNS]:
            place = 0
            for number in np.argsort(starts[:, row], kind="stable").tolist():
                if starts[number, row] < 0:
                    continue
                if names[number] not in ordered:
                    ordered.insert(place, names[number])
                place = ordered.index(names[number]) + 1
        return [*ordered, *(name for name in names if name not in ordered)]

    def is_ordered(self, names: list[str], rows: Rows) -> npt.NDArray[np.bool_]:
        """Return in which rows the fields of columns come in the order of their names."""
        last, found = np.full(len(rows), -1, np.int64), np.ones(len(rows), np.bool_)
        for name in names:
            starts = self._spans(name)[0][rows]
            found &= (starts < 0) | (starts > last)
            last = np.maximum(last, starts)
        return found

    def encode_scalars(self, name: str, rows: Rows) -> Column:
        """Do like `encode_column`, with null for objects and arrays."""
        is_structure = self.is_structure(name, rows)
        column = self.encode_column(name, rows)
        if not is_structure.any():
            return column
        return Column(np.where(is_structure, -1, column.codes).astype(np.int32), column.dictionary)

    def _spans(self, name: str) -> tuple[Any, Any]:
        place = self._places[name]
        return self._cells[place, :, 0], self._cells[place, :, 1]

    def read_tally(self, number: int, rows: Rows) -> npt.NDArray[np.int32]:
        """Return counts of elements in the rows, -1 where there is nothing to count."""
        return np.asarray(self._tallies[number][rows], np.int32)

    def _decode_text(self, start: int, size: int, is_json: bool) -> str | None:
        value = parse(bytes(self._block[start : start + (size >> FORM_BITS)]), _ANY_DEPTH)
        text = encode(value) if is_json else as_text(value)
        return None if is_json and text in _EMPTY else text or None


def _count_bytes(lengths: Rows) -> int:
    return int(np.maximum(lengths, 0).sum())


def put(texts: Any, rows: Rows, others: Any) -> Any:
    """Return texts with others in some rows."""
    places = np.arange(len(texts))
    places[rows] = len(texts) + np.arange(len(rows))
    return pa.concat_arrays([texts, others]).take(pa.array(places))


def _make_cells(columns: int, lines: int) -> npt.NDArray[np.int32]:
    """Make room for some columns more than are known, in which there is no value yet."""
    return np.full((columns + 4, lines, 2), -1, np.int32)


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first block of a process."""

    def use() -> None:
        tree = FieldTree()
        tree.add("a", column="a")
        line = np.array([0], np.int64), np.array([9], np.int64)
        block = JsonBlock(bytearray(b'{"a":"b"}') + bytes(PADDING), *line, tree, 2)
        block.encode_column(block.list_columns()[0], np.zeros(1, np.int64))

    try_out(use)

"""Check where the parts of a Parquet file lie and what they expand to, before the library reads them.

The library allocates what a file states. So pages are bounded first: their size, the number of their values, and columns whose
encodings repeat long values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from seawall.events.formats.limits import Limits
from seawall.events.formats.table_files.thrift_values import BadThrift, ThriftReader

MAGIC = b"PAR1"
_TAIL = 8
_LARGEST_FOOTER = 64 << 20
_MOST_VALUES = 10_000_000
_MOST_COLUMNS = 2_000
_MOST_LEVELS = 48
_LONGEST_FIXED = 4_096
_LARGEST_PAGE = 128 << 20
_LARGEST_PAGES = 192 << 20
"""Most bytes of the largest pages of all columns of a row group together, because one of each is in memory."""
_LARGEST_NESTED = 512 << 20
_MOST_NESTED = 8_000_000
"""Most values of a repeated column in a row group, because one row may hold all of them."""
_LARGEST_PAGE_HEADER = 1 << 16
_BATCH_BYTES = 32 << 20
_BATCH_ROWS = 8_192
_BYTE_ARRAY, _REPEATED, _DELTA_BYTE_ARRAY = 6, 2, 7
_DATA, _DICTIONARY, _DATA_2 = 0, 2, 3


class BadParquet(ValueError):
    """The file is damaged."""


class LargeParquet(ValueError):
    """A part of the file demands more memory than is allowed."""


@dataclass(frozen=True, slots=True)
class LeafColumn:
    """Describe a column that holds values. `path` is its name, with those of the columns around it."""

    path: str
    kind: int
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class ColumnChunk:
    """Describe the values of a column in a row group: place and sizes in bytes, and the number of values."""

    start: int
    packed: int
    values: int
    has_dictionary: bool


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Describe some of the rows."""

    rows: int
    chunks: tuple[ColumnChunk, ...]

    @property
    def packed_size(self) -> int:
        """Return its size in the file, in bytes."""
        return sum(chunk.packed for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class ParquetLayout:
    """Describe a file: names of the outermost columns, columns with values, and row groups."""

    names: tuple[str, ...]
    leaves: tuple[LeafColumn, ...]
    groups: tuple[StoredRows, ...]


def read_layout(raw: BinaryIO) -> ParquetLayout:
    """Return the layout of a file. Raises BadParquet or LargeParquet."""
    size = raw.seek(0, 2)
    raw.seek(max(size - _TAIL, 0))
    tail = raw.read(_TAIL)
    if tail[4:] != MAGIC:
        raise BadParquet("its end is missing: copy or download it again")
    length = int.from_bytes(tail[:4], "little")
    if length > size - _TAIL - len(MAGIC):
        raise BadParquet("its directory is damaged")
    if length > _LARGEST_FOOTER:
        raise LargeParquet(f"its directory is larger than {_LARGEST_FOOTER} bytes")
    raw.seek(size - _TAIL - length)
    try:
        footer = ThriftReader(raw.read(length), _MOST_VALUES).read_struct()
        names, leaves = _read_schema(footer[2])
        groups = tuple(_read_group(group, leaves) for group in footer.get(4, ()))
    except (BadThrift, IndexError, KeyError, TypeError, AttributeError) as error:
        raise BadParquet("its directory is damaged") from error
    _check_places(groups, size)
    return ParquetLayout(names, leaves, groups)


def _read_schema(elements: list[dict[int, Any]]) -> tuple[tuple[str, ...], tuple[LeafColumn, ...]]:
    names: list[str] = []
    leaves: list[LeafColumn] = []
    waiting: list[tuple[int, str, bool]] = [(_integer(elements[0].get(5, 0)), "", False)]
    """Children that are to come, the path, and whether one around is repeated, for each column around."""
    for element in elements[1:]:
        while waiting and waiting[-1][0] == 0:
            waiting.pop()
        left, path, is_repeated = waiting.pop()
        waiting.append((left - 1, path, is_repeated))
        name = element[4].decode("utf-8", "replace")
        if len(waiting) == 1:
            names.append(name)
        path = f"{path}.{name}" if path else name
        is_repeated = is_repeated or element.get(3) == _REPEATED
        children = _integer(element.get(5, 0))
        if children > 0:
            waiting.append((children, path, is_repeated))
        else:
            leaves.append(LeafColumn(path, _integer(element[1]), is_repeated))
        if _integer(element.get(2, 0)) > _LONGEST_FIXED:
            raise LargeParquet(f"values of more than {_LONGEST_FIXED} bytes each")
        if len(waiting) > _MOST_LEVELS:
            raise LargeParquet(f"columns nested deeper than {_MOST_LEVELS}")
    if len(leaves) > _MOST_COLUMNS:
        raise LargeParquet(f"more than {_MOST_COLUMNS} columns")
    return tuple(names), tuple(leaves)


def _read_group(group: dict[int, Any], leaves: tuple[LeafColumn, ...]) -> StoredRows:
    chunks = []
    for column in group[1]:
        found = column[3]
        start, dictionary = _integer(found[9]), _integer(found.get(11, 0))
        has_dictionary = 0 < dictionary < start
        begin = dictionary if has_dictionary else start
        chunks.append(ColumnChunk(begin, _integer(found[7]), _integer(found[5]), has_dictionary))
    if len(chunks) != len(leaves):
        raise BadParquet("a row group with other columns than the file")
    return StoredRows(_integer(group[3]), tuple(chunks))


def _integer(value: Any) -> int:
    """Return a number of the directory. Raises BadParquet if it is none."""
    if not isinstance(value, int):
        raise BadParquet("its directory is damaged")
    return value


def _check_places(groups: tuple[StoredRows, ...], size: int) -> None:
    total = 0
    for group in groups:
        for chunk in group.chunks if group.rows else ():
            if chunk.start < len(MAGIC) or chunk.packed < 0 or chunk.start + chunk.packed > size:
                raise BadParquet("its directory names places outside of the file")
            total += chunk.packed
    if total > size:
        raise LargeParquet("its columns overlap")


@dataclass(slots=True)
class _Page:
    kind: int
    size: int
    values: int
    encoding: int


def find_batch_size(raw: BinaryIO, layout: ParquetLayout, group: StoredRows, limits: Limits) -> int:
    """Return how many rows of a group may be in memory together. Raises BadParquet or LargeParquet.

    A request body, whose limits are lower, may have smaller pages.
    """
    largest_page = min(_LARGEST_PAGE, limits.member_bytes // 4)
    largest_pages = min(_LARGEST_PAGES, limits.member_bytes // 2)
    largest = 0
    width = 0.0
    rows = _BATCH_ROWS
    for leaf, chunk in zip(layout.leaves, group.chunks, strict=True):
        pages = list(_pages(raw, chunk))
        biggest = max((page.size for page in pages), default=0)
        largest += biggest
        if biggest > largest_page or largest > largest_pages:
            raise LargeParquet("its pages are too large: write it again with pages of a megabyte")
        data = [page for page in pages if page.kind != _DICTIONARY]
        has_delta = any(page.encoding == _DELTA_BYTE_ARRAY for page in data)
        if leaf.is_repeated:
            _check_nested(chunk, pages, min(_LARGEST_NESTED, limits.member_bytes), has_delta=has_delta)
        if has_delta:
            rows = min(rows, 2 * _BATCH_BYTES // max(biggest, 1))
        width += max((page.size / max(page.values, 1) for page in data), default=0.0)
    return max(min(rows, int(_BATCH_BYTES / max(width, 1.0))), 1)


def _check_nested(chunk: ColumnChunk, pages: list[_Page], largest: int, *, has_delta: bool) -> None:
    values = sum(page.values for page in pages)
    if max(chunk.values, values) > _MOST_NESTED:
        raise LargeParquet(f"a list column with more than {_MOST_NESTED:,} values")
    if sum(page.size for page in pages) > largest:
        raise LargeParquet(f"a list column of more than {largest} bytes")
    if has_delta and any(page.size * page.values > largest for page in pages):
        raise LargeParquet("a list column whose texts share beginnings: write it again without this encoding")


def _pages(raw: BinaryIO, chunk: ColumnChunk) -> Iterator[_Page]:
    """Yield the pages of a column chunk. Raises BadParquet."""
    at, end, found = chunk.start, chunk.start + chunk.packed, 0
    while at < end and found < chunk.values:
        raw.seek(at)
        reader = ThriftReader(raw.read(min(_LARGEST_PAGE_HEADER, end - at)), 1_000)
        try:
            header = reader.read_struct()
            kind, size, packed = (_integer(header[field]) for field in (1, 2, 3))
            details = header.get(5) or header.get(7) or header.get(8) or {}
            encoding = _integer(details.get(4 if kind == _DATA_2 else 2, 0))
            page = _Page(kind, size, _integer(details.get(1, 0)), encoding)
        except (BadThrift, IndexError, KeyError, TypeError, AttributeError) as error:
            raise BadParquet("a page header is damaged") from error
        if packed < 0 or size < 0 or page.values < 0:
            raise BadParquet("a page header is damaged")
        at += reader.at + packed
        if at > end:
            raise BadParquet("a page goes beyond its column")
        if kind in (_DATA, _DATA_2):
            found += page.values
        yield page

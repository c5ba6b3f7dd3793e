"""Represent events as integer codes for the detectors.

Every name column of the event schema becomes an int32 array of codes into one `Vocabulary`, which lives as long as the
engine. So detectors compare, count and store numbers and never strings. Code -1 is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, compress, repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.grouping import group_rows

Codes = npt.NDArray[np.int32]
Narrow = npt.NDArray[np.signedinteger[Any]]
"""Codes or numbers in the smallest signed integer type that holds them."""

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]

MISSING = -1


class Vocabulary:
    """Map the texts of one column to int32 codes, in order of first appearance.

    A vocabulary may hold a million addresses, so list, look-up and array are built on demand.
    """

    __slots__ = ("_array", "_codes", "_values")

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._array: pa.StringArray | None = values if isinstance(values, pa.Array) else None
        self._values: list[str] | None = None if self._array is not None else list(values)
        self._codes: dict[str, int] | None = None

    @property
    def values(self) -> list[str]:
        """Return the texts by code. Do not modify the list."""
        if self._values is None:
            self._values = [] if self._array is None else self._array.to_pylist()
        return self._values

    @property
    def array(self) -> pa.StringArray:
        """Return the texts by code as an Arrow array."""
        if self._array is None or (self._values is not None and len(self._array) < len(self._values)):
            self._array = pa.array(self.values, pa.string())
        return self._array

    def _find_known(self) -> dict[str, int]:
        if self._codes is None:
            self._codes = dict(zip(self.values, range(len(self)), strict=True))
        return self._codes

    def __len__(self) -> int:
        return len(self._values) if self._values is not None else len(self.array)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def code(self, value: str) -> int:
        """Return the code of a text, MISSING if it is unknown."""
        return self._find_known().get(value, MISSING)

    def text(self, code: int) -> str:
        """Return the text of a code, "" for null."""
        return self.values[code] if code >= 0 else ""

    def learn(self, value: str) -> int:
        """Return the code of a text; assign the next code to a new one."""
        known = self._find_known()
        code = known.get(value)
        if code is None:
            code = len(self.values)
            known[value] = code
            self.values.append(value)
        return code

    def encode(self, column: pa.ChunkedArray | pa.Array) -> Codes:
        """Return the codes of a string column (plain or dictionary), int32 (n,)."""
        chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        if not chunks:
            return np.empty(0, np.int32)
        return np.concatenate([self._encode_chunk(chunk) for chunk in chunks])

    def _encode_chunk(self, chunk: pa.Array) -> Codes:
        if not pa.types.is_dictionary(chunk.type):
            chunk = chunk.dictionary_encode()
        indices = chunk.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
        values = chunk.dictionary.to_pylist()
        known = self._find_known()
        codes = map(known.get, values, repeat(MISSING))
        mapping = np.fromiter(chain(codes, (MISSING,)), np.int32, len(values) + 1)
        is_fresh = mapping[:-1] == MISSING
        if is_fresh.any():
            used = np.zeros(len(values) + 1, bool)
            used[indices] = True
            is_fresh &= used[:-1]
            self._learn(list(compress(values, is_fresh.tolist())), mapping[:-1], is_fresh)
        return np.asarray(mapping[indices], np.int32)

    def _learn(self, fresh: list[Any], mapping: Codes, places: Bools) -> None:
        """Assign codes to unknown texts, and write them into the mapping."""
        first, known = len(self), self._find_known()
        if None not in fresh and len(set(fresh)) == len(fresh):
            known.update(zip(fresh, range(first, first + len(fresh)), strict=True))
            self.values.extend(fresh)
            mapping[places] = np.arange(first, first + len(fresh), dtype=np.int32)
        else:
            mapping[places] = [MISSING if value is None else self.learn(value) for value in fresh]

    def matches(self, wanted: Iterable[str]) -> Codes:
        """Return the codes of the wanted texts that are known."""
        known = self._find_known()
        return np.array([known[v] for v in wanted if v in known], np.int32)


@dataclass(frozen=True, slots=True)
class CodedBatch:
    """Hold n events, ordered by time, as columns.

    - `time`: microseconds since 1970, int64 (n,).
    - `codes`: the name columns, and `network`: the autonomous system ("AS3320 …") if known, else the address block.
    - `numbers`: the numeric columns in small types, -1 for null (token_issued_time: 0). Convert with `astype` before
      arithmetic.
    - `texts`: columns with many distinct texts, as Arrow arrays; those of a large day stay on disk behind the same
      interface.
    - `hashes`: hashes of text columns that are already computed.
    - `actor`: one code for each pair of organisation and account, MISSING if no account acted.
    """

    time: Times
    codes: Mapping[str, Narrow]
    numbers: Mapping[str, Narrow]
    texts: Mapping[str, pa.Array]
    actor: Codes
    vocabularies: Mapping[str, Vocabulary]
    hashes: dict[str, Keys] = field(default_factory=dict, repr=False, compare=False)
    _asked: dict[tuple[str, tuple[str, ...]], Bools] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.time)

    def are_acts(self) -> Bools:
        """Return which events are acts of an account, bool (n,): no processes of the provider, no statements of a vendor."""
        is_own = ~self.one_of("account_type", ("system",)) & ~self.one_of("kind", ("vendor_alert",))
        return np.asarray((self.actor != MISSING) & is_own)

    def one_of(self, column: str, wanted: Iterable[str]) -> Bools:
        """Return which rows have one of the wanted texts in a name column, bool (n,). Do not modify it."""
        asked = (column, tuple(wanted))
        if asked not in self._asked:
            vocabulary = self.vocabularies[column]
            table = np.zeros(len(vocabulary) + 1, bool)
            table[vocabulary.matches(asked[1])] = True
            table[MISSING] = False
            self._asked[asked] = table[self.codes[column]]
        return self._asked[asked]

    def hash_column(self, column: str) -> Keys:
        """Return a hash of each text of a text column, uint64 (n,), 0 for null. Do not modify it."""
        if column not in self.hashes:
            self.hashes[column] = hash_text(self.texts[column])
        return self.hashes[column]

    def value(self, column: str, row: int) -> str:
        """Return the text of a name or text column in one row, "" for null."""
        if column in self.texts:
            return self.texts[column][row].as_py() or ""
        return self.vocabularies[column].text(int(self.codes[column][row]))

    def take(self, rows: npt.NDArray[np.intp]) -> CodedBatch:
        """Return the given rows as a new batch."""
        return CodedBatch(
            self.time[rows],
            {name: column[rows] for name, column in self.codes.items()},
            {name: column[rows] for name, column in self.numbers.items()},
            {name: column.take(pa.array(rows)) for name, column in self.texts.items()},
            self.actor[rows],
            self.vocabularies,
        )

    def part(self, start: int, end: int) -> CodedBatch:
        """Return the rows from `start` to before `end` as a batch that shares the columns."""
        return CodedBatch(
            self.time[start:end],
            {name: column[start:end] for name, column in self.codes.items()},
            {name: column[start:end] for name, column in self.numbers.items()},
            {name: column.slice(start, end - start) for name, column in self.texts.items()},
            self.actor[start:end],
            self.vocabularies,
        )


def hash_text(column: pa.Array) -> Keys:
    """Return a 64-bit hash of each text, uint64 (n,), 0 for null. It is defined here, so that saved states stay valid.

    Texts are read as little-endian words of eight bytes; each is folded in with the finaliser of splitmix64.
    """
    if not isinstance(column, pa.Array):
        return np.asarray(column.map(hash_text), np.uint64)
    hashes = np.zeros(len(column), np.uint64)
    column = column.cast(pa.binary())
    sizes = np.asarray(pc.binary_length(column).fill_null(0))
    filled = np.flatnonzero(sizes)
    if not len(filled):
        return hashes
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][filled].astype(np.int64)
    sizes = sizes[filled].astype(np.int64)
    content = np.frombuffer(column.buffers()[2], np.uint8)[: offsets[-1] + sizes[-1]]
    content = np.concatenate([content[offsets[0] :], np.zeros(8, np.uint8)])
    is_even = (sizes == sizes[0]).all() and offsets[-1] - offsets[0] == (len(offsets) - 1) * sizes[0]
    folded = _fold_evenly(content, len(sizes), int(sizes[0])) if is_even else _fold(content, sizes, offsets)
    hashes[filled] = np.maximum(mix(folded, sizes.astype(np.uint64)), 1)
    return hashes


def _fold_evenly(content: npt.NDArray[np.uint8], texts: int, size: int) -> Keys:
    """Fold texts of equal size that are contiguous, such as identifiers, without computing offsets."""
    hashes = np.zeros(texts, np.uint64)
    for start in range(0, size, 8):
        words: Keys = np.ndarray((texts,), "<u8", content, start, (size,))
        if start + 8 > size:
            words = words & _LOW_BYTES[size - start]
        hashes = mix(hashes, words)
    return hashes


def _fold(content: npt.NDArray[np.uint8], sizes: Times, offsets: Times) -> Keys:
    hashes, offsets = np.zeros(len(sizes), np.uint64), offsets - offsets[0]
    every_byte: Keys = np.ndarray((len(content) - 7,), "<u8", content, strides=(1,))
    for start in range(0, int(sizes.max()), 8):
        if sizes.min() >= start + 8:
            hashes = mix(hashes, every_byte[offsets + start])
            continue
        rows = np.flatnonzero(sizes > start)
        mask = _LOW_BYTES[np.minimum(sizes[rows] - start, 8)]
        hashes[rows] = mix(hashes[rows], every_byte[offsets[rows] + start] & mask)
    return hashes


_LOW_BYTES: Keys = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)
"""Masks of the lowest 0 to 8 bytes of a word."""


def mix(state: Keys, value: Keys) -> Keys:
    """Fold 64-bit values into running hashes (the finaliser of splitmix64), uint64 (n,)."""
    mixed = state * np.uint64(0x9E3779B97F4A7C15) + value + np.uint64(1)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)


class Interner:
    """Assign dense int32 codes to uint64 keys (pairs of codes), in order of first appearance."""

    __slots__ = ("_codes", "_sorted", "keys")

    def __init__(self, keys: Keys | None = None) -> None:
        """Start with distinct keys, ordered by code; none by default."""
        self.keys: Keys = np.empty(0, np.uint64) if keys is None else keys
        self._codes: Codes = np.argsort(self.keys).astype(np.int32)
        self._sorted: Keys = self.keys[self._codes]

    def __len__(self) -> int:
        return len(self.keys)

    def look_up(self, keys: Keys) -> Codes:
        """Return the codes of known keys, MISSING for others, int32 (n,)."""
        if not len(self._sorted):
            return np.full(len(keys), MISSING, np.int32)
        places = np.searchsorted(self._sorted, keys)
        places[places == len(self._sorted)] = 0
        return np.where(self._sorted[places] == keys, self._codes[places], MISSING).astype(np.int32)

    def learn(self, keys: Keys) -> Codes:
        """Return the codes of all keys, int32 (n,); assign new codes in the order of first appearance."""
        codes = self.look_up(keys)
        rows = np.flatnonzero(codes == MISSING)
        if len(rows):
            fresh = group_rows(keys[rows])
            order = np.argsort(fresh.first)
            numbers = np.empty(len(order), np.int32)
            numbers[order] = np.arange(len(self.keys), len(self.keys) + len(order), dtype=np.int32)
            self.keys = np.concatenate([self.keys, fresh.keys[order]])
            places = np.searchsorted(self._sorted, fresh.keys)
            self._sorted = np.insert(self._sorted, places, fresh.keys)
            self._codes = np.insert(self._codes, places, numbers)
            codes[rows] = numbers[fresh.place]
        return codes


def pair_keys(left: Narrow, right: Narrow) -> Keys:
    """Return left << 32 | right, uint64 (n,). A null code (-1) becomes a half of 0xFFFFFFFF."""
    return (left.astype(np.uint32).astype(np.uint64) << np.uint64(32)) | right.astype(np.uint32).astype(
        np.uint64
    )

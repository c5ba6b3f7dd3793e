"""Choose the rows that show a value. Coded columns are compared by their distinct values alone."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.applications import find_application_name
from seawall.response.look_up.subject import SHORTEST, LookUpKind, LookUpSubject, is_local_part
from seawall.storage.lake.layout import EPOCH
from seawall.storage.lake.row_filter import Mask, RowFilter

COLUMNS: Final[dict[LookUpKind, tuple[str, ...]]] = {
    "ip": ("src_ip",),
    "country": ("src_location", "src_country"),
    "agent": ("user_agent",),
    "session": ("session_uid",),
    "token": ("token_uid",),
    "device": ("device_uid",),
    "key": ("key_uid",),
    "operation": ("activity_name",),
    "account": ("account",),
    "mailbox": ("mailbox",),
}
"""The columns of which one equals the value, by kind."""

MESSAGE_COLUMNS: Final = ("resource_uid", "parameters", "unmapped")
_FOLDED: Final = frozenset({"country", "operation", "mailbox"})
_DAY: Final = 86_400_000_000
_MOST_ADDRESSES: Final = 200_000
"""Addresses whose place in a block is remembered."""

Choose = Callable[[pa.Array], Mask]


def mask_of(column: pa.ChunkedArray, choose: Choose) -> Mask:
    """Return whether each value is chosen, bool (n,); `choose` gets the distinct values where the column is coded."""
    found = [_mask_of_chunk(chunk, choose) for chunk in column.chunks]
    return np.concatenate(found) if found else np.zeros(0, np.bool_)


def _mask_of_chunk(chunk: pa.Array, choose: Choose) -> Mask:
    if not pa.types.is_dictionary(chunk.type):
        return choose(chunk)
    chosen = np.append(choose(chunk.dictionary), False)
    return np.asarray(chosen[chunk.indices.fill_null(len(chosen) - 1).to_numpy(zero_copy_only=False)])


def _plain(found: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(found, False), np.bool_)


@dataclass(frozen=True, slots=True)
class TextFilter:
    """Choose rows in which one of the columns equals a text, or with `is_part` contains it; `is_folded` ignores case."""

    columns: tuple[str, ...]
    text: str
    is_part: bool = False
    is_folded: bool = False

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is chosen, bool (n,)."""
        chosen = np.zeros(len(rows), np.bool_)
        for name in self.columns:
            if name in rows.column_names:
                chosen |= mask_of(rows[name], self._choose)
        return chosen

    def _choose(self, values: pa.Array) -> Mask:
        if self.is_part:
            return _plain(pc.match_substring(values, self.text, ignore_case=self.is_folded))
        if self.is_folded:
            return _plain(pc.equal(pc.utf8_lower(values), self.text.lower()))
        return _plain(pc.equal(values, pa.scalar(self.text, pa.string())))


@dataclass(frozen=True, slots=True)
class LocalPartFilter:
    """Choose rows of the accounts with a name, or with this name before the `@`."""

    name: str
    columns: tuple[str, ...] = ("account",)

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is chosen, bool (n,)."""
        return mask_of(rows["account"], self._choose)

    def _choose(self, values: pa.Array) -> Mask:
        same = _plain(pc.equal(values, pa.scalar(self.name, pa.string())))
        return np.asarray(same | _plain(pc.starts_with(values, f"{self.name}@")), np.bool_)


@dataclass(frozen=True, slots=True)
class NumberFilter:
    """Choose rows whose autonomous system has a number."""

    number: int
    columns: tuple[str, ...] = ("src_asn",)

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is chosen, bool (n,)."""
        return mask_of(rows["src_asn"], lambda values: _plain(pc.equal(values, self.number)))


@dataclass(frozen=True, slots=True)
class BlockFilter:
    """Choose rows whose address lies in a block."""

    block: ipaddress.IPv4Network | ipaddress.IPv6Network
    columns: tuple[str, ...] = ("src_ip",)
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is chosen, bool (n,)."""
        return mask_of(rows["src_ip"], self._choose)

    def _choose(self, values: pa.Array) -> Mask:
        return np.asarray([text is not None and self._holds(text) for text in values.to_pylist()], np.bool_)

    def _holds(self, text: str) -> bool:
        found = self._known.get(text)
        if found is None:
            try:
                found = ipaddress.ip_address(text) in self.block
            except ValueError:  # the log's address field holds something else
                found = False
            if len(self._known) < _MOST_ADDRESSES:
                self._known[text] = found
        return found


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Choose rows by the log's record ids."""

    records: frozenset[str]
    columns: tuple[str, ...] = ("metadata_uid",)

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is chosen, bool (n,)."""
        wanted = pa.array(sorted(self.records), pa.string())
        return mask_of(rows["metadata_uid"], lambda values: _plain(pc.is_in(values, value_set=wanted)))


@dataclass(frozen=True, slots=True)
class ApplicationFilter:
    """Choose rows of an application: its id equals a text, or its name in the log or in the shipped list contains it."""

    text: str
    columns: tuple[str, ...] = ("app_uid", "target_app_uid", "actor_app_uid", "app_name")

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is chosen, bool (n,)."""
        chosen = np.zeros(len(rows), np.bool_)
        for name in self.columns:
            if name in rows.column_names:
                chosen |= mask_of(rows[name], self._is_named if name == "app_name" else self._is_meant)
        return chosen

    def _is_meant(self, values: pa.Array) -> Mask:
        if not pa.types.is_dictionary(values.type):
            values = values.dictionary_encode()
        texts = values.dictionary.to_pylist()
        meant = [text is not None and self._means(text) for text in texts]
        return mask_of(pa.chunked_array([values]), lambda _: np.asarray(meant, np.bool_))

    def _means(self, id_: str) -> bool:
        if id_.lower() == self.text:
            return True
        name = find_application_name(id_)
        return name is not None and len(self.text) >= SHORTEST and self.text in name.lower()

    def _is_named(self, values: pa.Array) -> Mask:
        if len(self.text) < SHORTEST:
            return _plain(pc.equal(pc.utf8_lower(values), self.text))
        return _plain(pc.match_substring(values, self.text, ignore_case=True))


@dataclass(frozen=True, slots=True)
class DayFilter:
    """Choose rows of a UTC day, given as its number since 1970."""

    day: int
    columns: tuple[str, ...] = ("time",)

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is chosen, bool (n,)."""
        times = rows["time"].cast(pa.int64()).to_numpy()
        return np.asarray(times // _DAY == self.day, np.bool_)


@dataclass(frozen=True, slots=True)
class CombinedFilter:
    """Choose rows that every filter of `wanted` chooses, and none of `unwanted`."""

    wanted: tuple[RowFilter, ...]
    unwanted: tuple[RowFilter, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of all."""
        return tuple(dict.fromkeys(name for one in (*self.wanted, *self.unwanted) for name in one.columns))

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is chosen, bool (n,)."""
        chosen = np.ones(len(rows), np.bool_)
        for one in self.wanted:
            chosen &= one.matches(rows)
        for one in self.unwanted:
            chosen &= ~one.matches(rows)
        return chosen


def filter_of(subject: LookUpSubject, records: Collection[str] = ()) -> RowFilter:
    """Return the filter for a value; `records` are the ids of the records of a rule."""
    kind, value = subject.kind, subject.value
    if kind == "cidr":
        return BlockFilter(ipaddress.ip_network(value))
    if kind == "network":
        number = value.removeprefix("AS")
        if number != value and number.isdigit():
            return NumberFilter(int(number))
        return TextFilter(("src_asn_name",), value, is_part=True, is_folded=True)
    if is_local_part(subject):
        return LocalPartFilter(value)
    if kind == "rule":
        return RecordFilter(frozenset(records))
    if kind == "message":
        return MessageFilter(value)
    if kind == "day":
        return DayFilter((date.fromisoformat(value) - EPOCH).days)
    if kind == "app":
        return ApplicationFilter(value)
    if kind == "client":
        return TextFilter(("client",), value, is_part=len(value) >= SHORTEST, is_folded=True)
    return TextFilter(COLUMNS[kind], value, is_folded=kind in _FOLDED)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Choose rows that name a message, in the record's object or within its parameters or unmapped fields."""

    message: str
    columns: tuple[str, ...] = MESSAGE_COLUMNS

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is chosen, bool (n,)."""
        inner = json.dumps(self.message, ensure_ascii=False)[1:-1]
        spelt = dict.fromkeys((inner, inner.replace("<", "\\u003c").replace(">", "\\u003e")))
        chosen = TextFilter(("resource_uid",), self.message, is_part=True).matches(rows)
        for text in spelt:
            chosen |= TextFilter(("parameters", "unmapped"), text, is_part=True).matches(rows)
        return chosen

"""Look up networks in the built-in table and the operator's own databases together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.events.networks.addresses import Addresses, as_text_array, parse, v4_prefixes, v6_prefixes
from seawall.events.networks.builtin_table import NetworkTable, load_table
from seawall.events.networks.columns import NetworkColumns
from seawall.events.networks.mmdb import OperatorDatabase, open_database
from seawall.events.networks.network_class import CLASSES, UNKNOWN, classify
from seawall.events.networks.overrides import apply_overrides

_UNASKED = -2
"""Stands in the cache of classes for an AS that is not classified yet."""


class Networks:
    """Look up networks of addresses, as of a dated table. Read-only except for a cache; create it with `load`."""

    def __init__(self, table: NetworkTable, databases: Sequence[OperatorDatabase] = ()) -> None:
        self._table = table
        self._databases = tuple(databases)
        self._classes = np.full(len(table.asn), _UNASKED, np.int8)
        self._classes[0] = UNKNOWN

    @classmethod
    def load(cls, mmdb: Sequence[Path] = ()) -> Networks:
        """Open the built-in table and the operator's databases, which take precedence in the given order.

        Raises ArtefactInvalid if the table or a database is missing or damaged.
        """
        return cls(load_table(), [open_database(path) for path in mmdb])

    def look_up(self, addresses: Sequence[str | None] | npt.NDArray[Any] | pa.Array) -> NetworkColumns:
        """Return the network of each address. Pass distinct addresses, because equal ones are looked up again.

        Text that is no address is null in every column. A private or reserved address has its prefix only, unless an
        operator's database lists it. Never raises for content.
        """
        texts = as_text_array(addresses)
        parsed = parse(texts)
        asn_row = np.zeros(parsed.count, np.int32)
        country_row = np.zeros(parsed.count, np.int32)
        prefix = _prefixes(parsed, self._table, asn_row, country_row)
        columns = NetworkColumns(
            prefix,
            self._table.asn[asn_row],
            _dictionary(asn_row, self._table.names),
            _dictionary(country_row, self._table.countries),
            pa.DictionaryArray.from_arrays(_nullable(self._class_rows(asn_row)), pa.array(CLASSES)),
        )
        if self._databases:
            return apply_overrides(columns, parsed, self._table, self._databases)
        return columns

    def describe(self) -> dict[str, Any]:
        """Return date, licence, sources with versions and licences, counts, and databases.

        The values are those of `provenance.json`; `databases` has file, type and build time of the operator's databases.
        """
        provenance = self._table.provenance
        return {
            "date": provenance["date"],
            "licence": provenance["licence"],
            "sources": provenance["sources"],
            "counts": provenance["counts"],
            "sha256": provenance["sha256"],
            "databases": [database.describe() for database in self._databases],
        }

    def _class_rows(self, asn_row: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
        """Return the class of each AS row; an AS is classified when it first occurs."""
        unasked = np.unique(asn_row[self._classes[asn_row] == _UNASKED])
        if len(unasked):
            self._classes[unasked] = classify(
                self._table.asn[unasked], self._table.names.take(pa.array(unasked))
            )
        return self._classes[asn_row]


def _prefixes(
    parsed: Addresses, table: NetworkTable, asn_row: npt.NDArray[np.int32], country_row: npt.NDArray[np.int32]
) -> pa.DictionaryArray:
    """Fill in the AS and country rows, and return the prefixes. One function does both, because both need sorted addresses."""
    order = np.argsort(parsed.v4)
    v4, v4_at = parsed.v4[order], parsed.v4_at[order]
    asn_row[v4_at], country_row[v4_at] = table.find_v4(v4)
    asn_row[parsed.v6_at], country_row[parsed.v6_at] = table.find_v6(parsed.v6)

    v4_networks = v4 >> np.uint32(8)
    v6_networks = _upper_48(parsed.v6)
    v6_distinct, v6_row = np.unique(v6_networks, return_inverse=True)
    is_new = np.diff(v4_networks, prepend=~v4_networks[:1]) != 0
    v4_distinct = v4_networks[is_new]
    rows = np.full(parsed.count, -1, np.int32)
    rows[v4_at] = np.cumsum(is_new, dtype=np.int32) - np.int32(1)
    rows[parsed.v6_at] = v6_row + len(v4_distinct)
    texts = pa.concat_arrays([v4_prefixes(v4_distinct), v6_prefixes(v6_distinct)])
    return pa.DictionaryArray.from_arrays(_nullable(rows), texts)


def _upper_48(addresses: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint64]:
    return np.frombuffer(addresses.tobytes(), ">u8")[::2].astype(np.uint64) >> np.uint64(16)


def _nullable(rows: npt.NDArray[Any]) -> pa.Array:
    """Return the rows as int32 with null for -1."""
    return pa.array(rows.astype(np.int32), mask=rows < 0)


def _dictionary(rows: npt.NDArray[np.int32], texts: pa.StringArray) -> pa.DictionaryArray:
    """Return a dictionary array of the texts that occur; row 0 is null."""
    is_used = np.zeros(len(texts), bool)
    is_used[rows] = True
    is_used[0] = False
    renumbered = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
    renumbered[0] = -1
    return pa.DictionaryArray.from_arrays(
        _nullable(renumbered[rows]), texts.take(pa.array(np.flatnonzero(is_used))).fill_null("")
    )

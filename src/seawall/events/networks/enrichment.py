"""Add the network columns to an event table."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.events.event import ENRICHED_SCHEMA, EVENT_SCHEMA
from seawall.events.networks.columns import NetworkColumns
from seawall.events.networks.networks import Networks


def enrich(events: pa.Table, networks: Networks) -> pa.Table:
    """Return the events (EVENT_SCHEMA) with the network columns (ENRICHED_SCHEMA), in the same order.

    Every distinct `src_ip` is looked up once. `src_location` is the country of the network, else the vendor's, else null. A
    table that has network columns already gets new ones.
    """
    addresses = _one_dictionary(events["src_ip"])
    known = networks.look_up(addresses.dictionary)
    rows = addresses.indices
    added = [
        _spread(known.prefix, rows),
        _numbers(known.asn).take(rows),
        _spread(known.asn_name, rows),
        _locations(known, rows, _one_dictionary(events["src_country"])),
        _spread(known.network_class, rows),
    ]
    kept = [events[name] for name in EVENT_SCHEMA.names]
    return pa.Table.from_arrays(kept + added, schema=ENRICHED_SCHEMA)


def _one_dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return the column as one array with one dictionary."""
    whole = column.unify_dictionaries().combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _spread(known: pa.DictionaryArray, rows: pa.Array) -> pa.DictionaryArray:
    """Return for each event the value of its address."""
    return pa.DictionaryArray.from_arrays(known.indices.take(rows), known.dictionary)


def _numbers(asn: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(asn, mask=asn < 0)


def _locations(known: NetworkColumns, rows: pa.Array, stated: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the country of each event's network, else the vendor's, over one common dictionary."""
    by_table, by_vendor = known.country.dictionary.to_pylist(), stated.dictionary.to_pylist()
    codes = list(dict.fromkeys(code for code in [*by_table, *by_vendor] if code is not None))
    row_of = {code: row for row, code in enumerate(codes)} | {None: -1}
    first = _renumber(known.country.indices.take(rows), [row_of[code] for code in by_table])
    second = _renumber(stated.indices, [row_of[code] for code in by_vendor])
    chosen = np.where(first >= 0, first, second)
    return pa.DictionaryArray.from_arrays(pa.array(chosen, mask=chosen < 0), pa.array(codes, pa.string()))


def _renumber(indices: pa.Array, rows: list[int]) -> npt.NDArray[np.int32]:
    """Return the new row of each index, -1 for null."""
    table = np.array([*rows, -1], np.int32)
    old: npt.NDArray[Any] = indices.fill_null(len(rows)).to_numpy(zero_copy_only=False)
    new: npt.NDArray[np.int32] = table[old]
    return new

"""Add the network columns to an event table."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.events.event import ENRICHED_SCHEMA, EVENT_SCHEMA
from seawall.events.networks.columns import NetworkColumns
from seawall.events.networks.networks import Networks

PROVIDER = "microsoft"
"""Class of the mail provider's own network."""

EXCHANGE_CLIENT = "exchange/rest"
EXCHANGE_AGENTS = ("Client=REST;Client=RESTSystem;;", "Client=REST;Client=RESTSystem;")
"""How Exchange's own REST client is written in logs."""


def enrich(events: pa.Table, networks: Networks) -> pa.Table:
    """Return the events (EVENT_SCHEMA) with the network columns (ENRICHED_SCHEMA), in the same order.

    Every distinct `src_ip` is looked up once. `src_location` is the country of the network, else the vendor's, else null. A
    table that has network columns already gets new ones.

    Exchange's own REST client comes from the provider's network. Where it comes from another one, it is somebody's client, and
    `client` names it.
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
    client = _name_exchange_client(events, added[-1])
    if client is not None:
        kept[EVENT_SCHEMA.names.index("client")] = client
    return pa.Table.from_arrays(kept + added, schema=ENRICHED_SCHEMA)


def _name_exchange_client(events: pa.Table, network_class: pa.DictionaryArray) -> pa.DictionaryArray | None:
    """Return the clients with Exchange's own named where it comes from another network; None if the events lack it."""
    agents = _one_dictionary(events["user_agent"])
    own = np.flatnonzero(np.isin(agents.dictionary.to_numpy(zero_copy_only=False), EXCHANGE_AGENTS))
    is_exchange = np.isin(agents.indices.fill_null(-1).to_numpy(zero_copy_only=False), own)
    if not is_exchange.any():
        return None
    clients = _one_dictionary(events["client"])
    names = clients.dictionary.to_pylist()
    names += [EXCHANGE_CLIENT] * (EXCHANGE_CLIENT not in names)
    named = names.index(EXCHANGE_CLIENT)
    codes = clients.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    others = [
        place
        for place, name in enumerate(network_class.dictionary.to_pylist())
        if name not in (None, PROVIDER)
    ]
    is_outside = np.isin(network_class.indices.fill_null(-1).to_numpy(zero_copy_only=False), others)
    is_nobodys = is_exchange & ((codes < 0) | (codes == named))
    codes = np.where(is_nobodys, np.where(is_outside, named, -1), codes).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(names, pa.string()))


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

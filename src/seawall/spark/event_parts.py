"""Cut tables of enriched events into parts by shelf, and turn parts into bytes and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.events.array_state import StateInvalid
from seawall.events.coded_batch import MISSING, Codes, pair_keys
from seawall.events.coder import UNKNOWN_ORGANISATION, WHO, domain_of
from seawall.events.event import ENRICHED_SCHEMA

DAY = 86_400_000_000
_OPTIONS = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", 1), unify_dictionaries=True)


def choose_shelf(organisation: str, shelves: int) -> int:
    """Return the shelf of an organisation: a digest of its id decides, for ever."""
    digest = hashlib.blake2b(organisation.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") % shelves


def pack_events(events: pa.Table) -> bytes:
    """Return a table of events as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, events.schema, options=_OPTIONS) as writer:
        writer.write_table(events)
    return bytes(sink.getvalue())


def unpack_events(content: bytes) -> pa.Table:
    """Return the table that `pack_events` packed. Raises `StateInvalid` for any other bytes."""
    try:
        with pa.ipc.open_stream(content) as reader:
            table = reader.read_all()
    except (pa.ArrowException, OSError) as error:
        raise _invalid() from error
    if not table.schema.equals(ENRICHED_SCHEMA):
        raise _invalid()
    return table


def _invalid() -> StateInvalid:
    return StateInvalid(
        "events of the lake are damaged or come from another version", fix="scan again into another folder"
    )


def find_days(events: pa.Table) -> npt.NDArray[np.int64]:
    """Return the day of each event, as days since 1970, int64 (n,)."""
    return np.asarray(events["time"].cast(pa.int64()).to_numpy() // DAY, np.int64)


def find_organisations(events: pa.Table) -> tuple[Codes, list[str]]:
    """Return for each event the place of its organisation among the names that follow, as records state it.

    Without an id, the mail domain of the account or the mailbox stands in, as for `Coder`.
    """
    names: dict[str, int] = {}
    filled = np.full(len(events), MISSING, np.int32)
    for column in ("org_uid", *WHO):
        lacking = filled == MISSING
        if not lacking.any():
            break
        codes, texts = _read_codes(events, column)
        meaning = np.full(len(texts) + 1, MISSING, np.int32)
        for code in np.unique(codes[lacking & (codes >= 0)]).tolist():
            name = texts[code] if column == "org_uid" else domain_of(texts[code])
            if name is not None:
                meaning[code] = names.setdefault(name, len(names))
        filled = np.where(lacking, meaning[codes], filled)
    if (filled == MISSING).any():
        filled = np.where(filled == MISSING, names.setdefault(UNKNOWN_ORGANISATION, len(names)), filled)
    return filled.astype(np.int32), list(names)


def list_homes(events: pa.Table, seen: set[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield (domain, organisation id, column and name) of each name under an id that is not yet in `seen`, and add it."""
    organisations, owners = _read_codes(events, "org_uid")
    for column in WHO:
        codes, texts = _read_codes(events, column)
        both = (organisations >= 0) & (codes >= 0)
        for key in np.unique(pair_keys(organisations[both], codes[both])).tolist():
            owner, name = owners[key >> 32], texts[key & 0xFFFFFFFF]
            domain = domain_of(name)
            if domain is not None and domain != owner:
                found = domain, owner, f"{column} {name}"
                if found not in seen:
                    seen.add(found)
                    yield found


def cut_by_shelf(
    events: pa.Table, places: Codes, names: list[str], shelves: list[int]
) -> Iterator[tuple[int, tuple[str, ...], pa.Table]]:
    """Yield (shelf, organisations, events) for each shelf. `shelves` are those of the names, by place."""
    shelf = np.array(shelves, np.int32)[places]
    if len(set(shelves)) == 1:
        yield shelves[0], tuple(names), events
        return
    order = np.argsort(shelf, kind="stable")
    ordered = shelf[order]
    bounds = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1], True])
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = order[begin:end]
        held = [names[place] for place in np.unique(places[rows]).tolist()]
        yield int(ordered[begin]), tuple(held), take_events(events, rows)


def take_events(events: pa.Table, rows: npt.NDArray[Any]) -> pa.Table:
    """Return some rows, with dictionaries that hold only what these rows use."""
    taken = events.take(pa.array(rows)).combine_chunks()
    columns = []
    for column in taken.columns:
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if pa.types.is_dictionary(whole.type):
            whole = whole.dictionary_decode().dictionary_encode()
        columns.append(whole)
    return pa.table(columns, schema=events.schema)


def _read_codes(events: pa.Table, column: str) -> tuple[Codes, list[str]]:
    """Return the codes of a name column over one dictionary, MISSING for null, and its texts."""
    whole = events[column].unify_dictionaries().combine_chunks()
    chunk = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    if isinstance(whole, pa.ChunkedArray) and whole.num_chunks == 0:
        return np.zeros(0, np.int32), []
    codes = chunk.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
    texts = chunk.dictionary.to_pylist()
    if None in texts:
        codes = np.where(np.array([text is None for text in [*texts, None]])[codes], MISSING, codes)
    return codes, texts

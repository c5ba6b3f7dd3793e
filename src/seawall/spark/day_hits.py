"""Turn the hits of Sigma rules of a day into bytes and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.incidents.rule_results import DayOfHits
from seawall.events.array_state import StateInvalid


def pack_hits(hits: DayOfHits) -> bytes:
    """Return the hits of a day as bytes."""
    return msgspec.msgpack.encode(
        (
            dict(hits.counts),
            b"" if hits.accounts is None else _pack_table(hits.accounts),
            _pack_table(hits.records),
        )
    )


def unpack_hits(content: bytes) -> DayOfHits:
    """Return the hits that `pack_hits` packed. Raises `StateInvalid` for any other bytes."""
    try:
        counts, accounts, records = msgspec.msgpack.decode(content, type=tuple[dict[int, int], bytes, bytes])
        return DayOfHits(counts, _unpack_table(accounts) if accounts else None, _unpack_table(records))
    except (msgspec.MsgspecError, pa.ArrowException, OSError) as error:
        raise StateInvalid("kept hits of rules are damaged", fix="scan again into another folder") from error


def join_hits(parts: Iterable[DayOfHits]) -> Iterable[DayOfHits]:
    """Yield the hits of the same day on several shelves as those of one day would come: records in order of time."""
    found = list(parts)
    yield from (DayOfHits(one.counts, one.accounts, one.records.slice(0, 0)) for one in found)
    records = pa.concat_tables([one.records for one in found])
    order = pc.sort_indices(records, [("rule", "ascending"), ("time", "ascending"), ("hash", "ascending")])
    yield DayOfHits(_NOTHING, None, records.take(order))


_NOTHING: Mapping[int, int] = {}


def _pack_table(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _unpack_table(content: bytes) -> pa.Table:
    with pa.ipc.open_stream(content) as reader:
        return reader.read_all()

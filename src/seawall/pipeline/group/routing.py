"""Send each event to the slot of its organisation: most stay, the others are handed over through the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.readers import EventBatch
from seawall.pipeline.group.slot_lake import slot_of_nameless
from seawall.storage.database import SlotDatabase
from seawall.storage.database.progress import HANDED


@dataclass(slots=True)
class EventRouter:
    """The routing of one slot. An organisation belongs to the slot in whose partition its first event lay, for good.

    Events that state no organisation stay. Used by one thread.
    """

    database: SlotDatabase
    _homes: dict[str, int] = field(default_factory=dict)

    def route(self, batches: Sequence[EventBatch], name: str) -> tuple[list[EventBatch], dict[str, Any]]:
        """Return the batches without the events of other slots, and the checkpoints that hand those over.

        `name` says where the records lay; the same records have the same name again. Raises errors of the database.
        """
        self._claim(batches)
        kept: list[EventBatch] = []
        handed: dict[str, Any] = {}
        for place, batch in enumerate(batches):
            slots = self._slots_of(batch.events)
            is_own = slots == self.database.slot
            if is_own.all():
                kept.append(batch)
                continue
            for slot in np.unique(slots[~is_own]).tolist():
                rows = batch.events.filter(pa.array(slots == slot))
                handed[f"{HANDED}{name}/{place}/{slot}"] = {"slot": slot, "content": pack_events(rows)}
            own = batch.events.filter(pa.array(is_own))
            foreign = len(batch.events) - len(own)
            kept.append(replace(batch, events=own, records=batch.records - foreign))
        return kept, handed

    def _claim(self, batches: Sequence[EventBatch]) -> None:
        names = {name for batch in batches for name in pc.unique(batch.events["org_uid"]).to_pylist()}
        fresh = {name for name in names if name is not None} - self._homes.keys()
        # a record may state the name under which the events of a partition lie that state none
        stated = {name: slot for name in fresh if (slot := slot_of_nameless(name)) is not None}
        self._homes |= stated
        fresh -= stated.keys()
        if fresh:
            with self.database.writing() as work:
                found = work.homes.claim(self.database.slot, fresh)
            self._homes |= found

    def _slots_of(self, events: pa.Table) -> np.ndarray:
        """Return the slot of each event."""
        column = events["org_uid"].unify_dictionaries().combine_chunks().cast(pa.string()).dictionary_encode()
        own = self.database.slot
        slots = [self._homes[name] for name in column.dictionary.to_pylist()]
        table = np.array([*slots, own], np.int64)
        return np.asarray(table[column.indices.fill_null(len(slots)).to_numpy(zero_copy_only=False)])


def pack_events(events: pa.Table) -> bytes:
    """Return events as bytes."""
    sink = pa.BufferOutputStream()
    whole = events.unify_dictionaries().combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(whole)
    return bytes(sink.getvalue())


def unpack_events(content: bytes) -> EventBatch:
    """Return the batch of which `pack_events` made bytes."""
    with pa.ipc.open_stream(content) as reader:
        events = reader.read_all()
    return EventBatch(events, (), len(events), 0)
